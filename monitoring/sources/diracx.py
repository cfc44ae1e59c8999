"""DiracX: what it lets the VO use, and how its jobs and pilots do.

DiracX tells how things are, never since when: the portal keeps that itself. It shows the jobs of
every VO to everybody, so the VO's filter goes with every question; and it has no rule for good and
bad sites, so classic DIRAC's is applied to its counts of the last day.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache

from juno_support.feeds.configuration import Configuration
from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.http import Limits
from juno_support.lib.text import shorten
from monitoring.actions import diracx_login
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients.diracx import DiracxClient, NotOffered
from monitoring.job_health import Health, Thresholds, judge_jobs, judge_pilots
from monitoring.observations import EntityKind, Name, Observation, Report
from monitoring.parsers import diracx as parser
from monitoring.sources.shrunk import shrunk_counts
from monitoring.statuses import Status

WINDOW = timedelta(hours=24)
PILOT_COLUMNS = ("DestinationSite", "GridSite", "Status")
JOB_COLUMNS = ("Site", "Status")
RESOURCES = {
    "site": EntityKind.SITE,
    "storage": EntityKind.STORAGE,
    "compute": EntityKind.SERVICE,
    "fts": EntityKind.SERVICE,
}
ACCESSES = ("all", "read", "write", "check", "remove")
# What DIRAC writes where a job or pilot is at no site (yet).
NO_SITE = frozenset({"", "any", "unknown", "multiple", "notassigned", "none", "all"})
# An entity tag is the newest change and the number of rows: now and then a change hides behind it,
# so that the whole list is asked for at least this often.
TAG_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll; None where this DiracX does not offer them."""

    jobs: bytes
    pilots: bytes | None
    resources: Mapping[str, bytes | None]


class Diracx:
    """The source named ``diracx``."""

    namespace = "dirac"

    def fetch(self, question: Question) -> Raw:
        """Ask for six small documents, signed in; see ``StatusSource.fetch``."""
        configuration = question.configuration
        client = client_for(configuration, at=question.at)
        search = search_of(str(configuration.option("vo")), question)
        notes: list[str] = []
        jobs = client.summarise_jobs(grouping=JOB_COLUMNS, search=search)
        pilots: bytes | None = None
        try:
            pilots = client.summarise_pilots(grouping=PILOT_COLUMNS, search=search)
        except NotOffered as fault:
            notes.append(f"No pilots: {fault.reason}")
        resources: dict[str, bytes | None] = {}
        for kind in RESOURCES:
            try:
                resources[kind] = _states(client, question, kind)
            except NotOffered as fault:
                resources[kind] = None
                notes.append(f"No states of {kind}: {fault.reason}")
        return Raw(
            documents=Documents(jobs, pilots, resources),
            traffic=Traffic.of(client.traffic),
            notes=tuple(notes),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand them; see ``StatusSource.normalise``."""
        documents: Documents = raw.documents
        configuration = question.configuration
        made = _Making(
            vo=str(configuration.option("vo")),
            url=configuration.url,
            ce_field=str(configuration.option("ce_field")),
            thresholds=Thresholds(
                good=float(configuration.option("good_percent")),
                fair=float(configuration.option("fair_percent")),
                poor=float(configuration.option("poor_percent")),
                least_jobs=int(configuration.option("least_jobs")),
            ),
        )
        if documents.pilots is not None:
            made.add_pilots(parser.parse_summary(documents.pilots, PILOT_COLUMNS))
        for kind, body in documents.resources.items():
            if body is not None:
                made.add_resources(kind, parser.parse_states(body))
        made.add_jobs(parser.parse_summary(documents.jobs, JOB_COLUMNS))
        return replace(made.report(), stale=shrunk_counts(("jobs", "pilots"), made.seen, question))


POLLER = StatusPoller(Diracx())


def client_for(
    configuration: Configuration, *, at: datetime, limits: Limits | None = None
) -> DiracxClient:
    """Return a client that is signed in with the portal's login."""

    def bearer(*, rejected: str = "") -> str:
        return diracx_login.access_token(configuration, at=at, rejected=rejected)

    return DiracxClient(
        configuration.url,
        bearer=bearer,
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
        limits=limits,
    )


def search_of(vo: str, question: Question) -> list[dict[str, Any]]:
    """Return the filter of every summary: this VO, what moved in the last day."""
    since = (question.at.astimezone(UTC) - WINDOW).strftime("%Y-%m-%dT%H:%M:%S")
    return [
        {"parameter": "VO", "operator": "eq", "value": vo},
        {"parameter": "LastUpdateTime", "operator": "gt", "value": since},
    ]


def _states(client: DiracxClient, question: Question, kind: str) -> bytes:
    """Ask for a list of resources; what did not change since the last time is not sent again.

    The list is kept beside its tag, in the cache: where that was emptied, it is asked for anew.
    """
    configuration = question.configuration
    place = "|".join(
        (configuration.url, str(configuration.option("vo")), str(configuration.option("group")))
    )
    key = f"diracx:{hashlib.sha256(place.encode()).hexdigest()}:{kind}"
    kept: tuple[datetime, str, bytes] | None = cache.get(key)
    if kept is not None and not timedelta(0) <= question.at - kept[0] < TAG_KEPT:
        kept = None
    answer = client.resource_states(kind, etag=kept[1] if kept else "")
    if answer.body is None and kept is not None:
        return kept[2]
    body = answer.body or b""
    if answer.etag:
        cache.set(key, (question.at, answer.etag, body), TAG_KEPT.total_seconds())
    return body


@dataclass
class _Making:
    """Collects the observations of one poll."""

    vo: str
    url: str
    ce_field: str
    thresholds: Thresholds
    observations: list[Observation] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)
    site_of_ce: dict[str, str] = field(default_factory=dict)

    def add_pilots(self, summary: parser.Summary) -> None:
        """Judge sites and computing elements by their pilots."""
        self._refuse("pilots", summary.refused)
        by_site: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        by_ce: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        swapped = self._ce_is_second(summary.rows)
        for row in summary.rows:
            first, second, status = row.values
            site, ce = (first, second) if swapped else (second, first)
            if site.lower() not in NO_SITE:
                by_site[site][status] += row.count
            if parser.is_host(ce):
                by_ce[ce.lower()][status] += row.count
                if site.lower() not in NO_SITE:
                    self.site_of_ce[ce.lower()] = site
        self.seen["pilots"] = sum(row.count for row in summary.rows)
        if not summary.is_whole:
            return
        doubtful = {name.lower() for name in summary.doubtful}
        for site, counts in by_site.items():
            if site.lower() not in doubtful:
                self._add_pilots(Name(EntityKind.SITE, site), counts)
        for ce, counts in by_ce.items():
            if ce in doubtful:
                continue
            thing = Name(EntityKind.SERVICE, ce, site=self.site_of_ce.get(ce, ""), hosts=(ce,))
            self._add_pilots(thing, counts)

    def add_resources(self, kind: str, states: parser.ResourceStates) -> None:
        """Take over what the VO may use."""
        self._refuse(kind, states.refused)
        for state in states.rows:
            thing = self._resource(kind, state.name)
            if kind == "site":
                self.sites.add(state.name)
            if not state.is_allowed:
                status, word = Status.DOWN, "banned"
            elif state.words:
                status, word = Status.WARNING, "allowed with warnings"
            else:
                status, word = Status.OK, "allowed"
            self.observations.append(
                Observation(
                    thing=thing,
                    metric=metric_of(state.access),
                    status=status,
                    raw_status=word,
                    vo=self.vo,
                    summary=shorten(state.words, 200),
                    details={
                        "words": state.words,
                        "request": f"GET {self.url}/api/rss/{kind}",
                    },
                    evidence_url=self.url,
                )
            )
        self.seen[f"rss_{kind}"] = len({state.name for state in states.rows})

    def add_jobs(self, summary: parser.Summary) -> None:
        """Judge sites by their jobs; those that DiracX lists and that had none are idle."""
        self._refuse("jobs", summary.refused)
        self.seen["jobs"] = sum(row.count for row in summary.rows)
        # Of an answer that is empty or damaged, silence tells nothing.
        if not (summary.rows and summary.is_whole):
            return
        by_site: dict[str, dict[str, int]] = {site: {} for site in self.sites}
        for row in summary.rows:
            site, status = row.values
            if site.lower() not in NO_SITE:
                counts = by_site.setdefault(site, {})
                counts[status] = counts.get(status, 0) + row.count
        for site, counts in by_site.items():
            if site in summary.doubtful:
                continue
            health = judge_jobs(counts, self.thresholds)
            self.observations.append(
                Observation(
                    thing=Name(EntityKind.SITE, site),
                    metric="jobs",
                    status=health.status,
                    raw_status=health.word,
                    vo=self.vo,
                    summary=_job_words(counts, health),
                    details={
                        "counts": dict(sorted(counts.items())),
                        "finished": health.total,
                        "percent": health.percent,
                        "hours": WINDOW.total_seconds() / 3600,
                        "request": f"POST {self.url}/api/jobs/summary",
                    },
                    evidence_url=self.url,
                )
            )

    def report(self) -> Report:
        """Hand everything over. What a DiracX no longer offers becomes unknown, too."""
        metrics = {"jobs", "pilots", *(metric_of(access) for access in ACCESSES)}
        members: dict[str, list[str]] = defaultdict(list)
        for ce, site in self.site_of_ce.items():
            members[site].append(ce)
        return Report(
            observations=tuple(self.observations),
            complete=frozenset((metric, self.vo) for metric in metrics),
            members={site: tuple(sorted(hosts)) for site, hosts in members.items()},
            refused=tuple(self.refused),
            seen=self.seen,
        )

    def _resource(self, kind: str, name: str) -> Name:
        if kind == "compute":
            host = name.lower()
            return Name(EntityKind.SERVICE, host, site=self.site_of_ce.get(host, ""), hosts=(host,))
        if kind == "fts":
            return Name(EntityKind.SERVICE, name.lower(), hosts=(name.lower(),))
        return Name(RESOURCES[kind], name)

    def _add_pilots(self, thing: Name, counts: Mapping[str, int]) -> None:
        health = judge_pilots(counts)
        self.observations.append(
            Observation(
                thing=thing,
                metric="pilots",
                status=health.status,
                raw_status=health.word,
                vo=self.vo,
                summary=_pilot_words(counts, health),
                details={
                    "counts": dict(sorted(counts.items())),
                    "total": health.total,
                    "percent": health.percent,
                    "hours": WINDOW.total_seconds() / 3600,
                    "request": f"POST {self.url}/api/pilots/summary",
                },
                evidence_url=self.url,
            )
        )

    def _ce_is_second(self, rows: Iterable[parser.CountRow]) -> bool:
        """Say whether ``GridSite`` names the computing element, not ``DestinationSite``.

        Classic DIRAC fills them one way, some fill them the other: most rows decide.
        """
        if self.ce_field != "auto":
            return self.ce_field == PILOT_COLUMNS[1]
        balance = 0
        for row in rows:
            first, second, _status = row.values
            balance += int(parser.is_host(second) or parser.is_dirac_site(first))
            balance -= int(parser.is_host(first) or parser.is_dirac_site(second))
        return balance > 0

    def _refuse(self, part: str, refused: Iterable[tuple[str, str]]) -> None:
        self.refused += [(f"{part}: {row}", reason) for row, reason in refused]


def metric_of(access: str) -> str:
    """Return the name of the metric, as for classic DIRAC: ``rss``, of storage ``read`` etc."""
    return "rss" if access == "all" else access


def _job_words(counts: Mapping[str, int], health: Health) -> str:
    parts = []
    if health.percent is not None:
        parts.append(f"{health.percent:g} % of {health.total:,} finished jobs good")
    else:
        parts.append("no finished jobs")
    for status in ("Running", "Waiting", "Stalled"):
        if counts.get(status):
            parts.append(f"{counts[status]:,} {status.lower()}")
    return shorten(", ".join(parts) + " (24 h)", 200)


def _pilot_words(counts: Mapping[str, int], health: Health) -> str:
    words = f"{counts.get('Aborted', 0):,} of {health.total:,} pilots aborted"
    if counts.get("Running"):
        words += f", {counts['Running']:,} running"
    return f"{words} (24 h)"
