"""DIRAC's web portal: jobs and pilots by site, and how sites are; jobs and pilots of all VOs.

Where DIRAC's services are not to be had over HTTPS, this is all that there is. Each of its
questions may fail without costing the others; the poll fails where none is answered.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, FetchFault
from juno_support.lib.text import shorten
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients.dirac_webapp import DiracWebClient
from monitoring.job_health import WORDS, Health, judge_pilots
from monitoring.observations import EntityKind, Name, Observation, Report
from monitoring.parsers.dirac_counts import is_site
from monitoring.parsers.dirac_web import (
    Pilots,
    SiteJobs,
    parse_web_jobs,
    parse_web_pilots,
    parse_web_sites,
)
from monitoring.sources.dirac_report import Part
from monitoring.sources.dirac_states import (
    JOBS,
    JOBS_WINDOW,
    MASK,
    RSS,
    Evidence,
    job_words,
    mask_observation,
    rss_observation,
    vo_of,
)
from monitoring.statuses import Status

PILOTS = "pilots"
# In the place of a computing element where a site has several; they are asked for by site.
SEVERAL = "multiple"
MOST_EXPANDED = 60
_NO_CE = frozenset({SEVERAL, "unknown", "none", ""})

Record = TypeVar("Record")


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll.

    :param expanded: pilots by computing element, of sites that have several
    :param is_whole: whether all of those sites were asked for
    """

    jobs: Part
    pilots: Part
    sites: Part
    expanded: tuple[Part, ...] = ()
    is_whole: bool = True


class DiracWebapp:
    """The source named ``dirac-webapp``."""

    namespace = "dirac"

    def fetch(self, question: Question) -> Raw:
        """Ask three questions, and one for each site with several computing elements; see
        ``StatusSource.fetch``.
        """
        client = _client_for(question)
        faults: list[FetchFault] = []

        def ask(what: str, call: Callable[[], bytes]) -> Part:
            try:
                return Part(what, call())
            except FetchFault as fault:
                faults.append(fault)
                return Part(what, fault=fault.reason)

        jobs = ask("Jobs", client.get_jobs)
        pilots = ask("Pilots", client.get_pilots)
        sites = ask("Sites", client.get_sites)
        if jobs.body is None and pilots.body is None and sites.body is None:
            # A refused credential stops the polls until it changes; another fault may pass.
            raise min(faults, key=lambda fault: not isinstance(fault, CredentialRefused))
        several = _sites_with_several(pilots)
        expanded: list[Part] = []
        for site in several[:MOST_EXPANDED]:
            part = ask(f"Pilots of {site}", lambda site=site: client.get_pilots(site))  # type: ignore[misc]
            expanded.append(part)
            if part.body is None:
                break
        return Raw(
            documents=Documents(
                jobs=jobs,
                pilots=pilots,
                sites=sites,
                expanded=tuple(expanded),
                is_whole=len(expanded) == len(several) and all(part.body for part in expanded),
            ),
            traffic=Traffic.of(client.traffic),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand them; see ``StatusSource.normalise``."""
        making = _Making(raw.documents, question)
        read = [making.add_sites(), making.add_jobs(), making.add_pilots()]
        if not any(read):
            raise AnswerNotUnderstood(" ".join(making.notes) or "The portal told nothing.")
        return making.report()


POLLER = StatusPoller(DiracWebapp())


def _client_for(question: Question) -> DiracWebClient:
    configuration = question.configuration
    return DiracWebClient(
        configuration.url,
        setup=str(configuration.option("setup")),
        group=str(configuration.option("group")),
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
    )


def _sites_with_several(pilots: Part) -> list[str]:
    """Return the sites whose computing elements the portal put together."""
    try:
        rows = parse_web_pilots(pilots.body).rows if pilots.body is not None else ()
    except AnswerNotUnderstood:
        # Said when the answer is normalised.
        return []
    return [row.site for row in rows if row.ce.lower() == SEVERAL and is_site(row.site)]


@dataclass
class _Making:
    """Collects the report of one poll."""

    documents: Documents
    question: Question
    notes: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    complete: set[tuple[str, str]] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: dict[str, int] = field(default_factory=dict)
    is_partial: bool = False

    def __post_init__(self) -> None:
        configuration = self.question.configuration
        self.vo = str(configuration.option("vo"))
        self.url = configuration.url
        self.evidence = Evidence(configuration.url)

    def add_sites(self) -> bool:
        """Take over how sites are; says whether that could be read."""
        statuses = self._understood(self.documents.sites, parse_web_sites)
        if statuses is None:
            return False
        self.refused += statuses.refused
        for row in statuses.rows:
            if row.kind == "all" and vo_of(row.vo) in ("", self.vo):
                self.observations.append(
                    rss_observation(
                        Name(EntityKind.SITE, row.name),
                        RSS,
                        row,
                        at=self.question.at,
                        evidence_url=self.evidence.page("SiteSummary"),
                    )
                )
        self.complete |= {(RSS, ""), (RSS, self.vo)}
        self.seen["sites"] = len({row.name for row in statuses.rows})
        return True

    def add_jobs(self) -> bool:
        """Take over DIRAC's own judgement of sites by their jobs, and the mask."""
        jobs = self._understood(self.documents.jobs, parse_web_jobs)
        if jobs is None:
            return False
        self.refused += jobs.refused
        for row in jobs.rows:
            if is_site(row.site):
                self.observations.append(self._jobs(row))
                if row.mask:
                    self.observations.append(
                        mask_observation(
                            row.site, row.mask, evidence_url=self.evidence.page("JobSummary")
                        )
                    )
        if jobs.total > len(jobs.rows) + len(jobs.refused):
            self.notes.append(
                f"The portal hands out the jobs of {len(jobs.rows)} of {jobs.total} sites only."
            )
        else:
            self.complete |= {(JOBS, ""), (MASK, "")}
        self.seen["jobs"] = sum(sum(row.counts.values()) for row in jobs.rows)
        return True

    def add_pilots(self) -> bool:
        """Judge sites and computing elements by their pilots."""
        pilots = self._understood(self.documents.pilots, parse_web_pilots)
        if pilots is None:
            return False
        self.refused += pilots.refused
        by_site: dict[str, list[Pilots]] = defaultdict(list)
        by_ce: dict[str, Pilots] = {}
        rows = list(pilots.rows)
        for part in self.documents.expanded:
            expanded = self._understood(part, parse_web_pilots)
            if expanded is not None:
                self.refused += expanded.refused
                rows += [row for row in expanded.rows if row.ce.lower() != SEVERAL]
        for row in rows:
            if not is_site(row.site):
                continue
            by_site[row.site].append(row)
            if row.ce.lower() not in _NO_CE:
                by_ce[row.ce.lower()] = row
                self.members[row.site].add(row.ce.lower())
        for site, its_rows in by_site.items():
            self._add_pilots(Name(EntityKind.SITE, site), _whole_site(its_rows))
        for ce, row in by_ce.items():
            self._add_pilots(Name(EntityKind.SERVICE, ce, site=row.site, hosts=(ce,)), row)
        if pilots.total > len(pilots.rows) + len(pilots.refused):
            self.notes.append(
                f"The portal hands out {len(pilots.rows)} of {pilots.total} rows of pilots only."
            )
        elif self.documents.is_whole:
            self.complete.add((PILOTS, ""))
        self.seen["pilots"] = sum(sum(row.counts.values()) for row in pilots.rows)
        return True

    def report(self) -> Report:
        """Hand everything over."""
        return Report(
            observations=tuple(self.observations),
            complete=frozenset(self.complete),
            members={site: tuple(sorted(hosts)) for site, hosts in self.members.items()},
            refused=tuple(self.refused),
            notes=tuple(self.notes),
            seen=self.seen,
            is_partial=self.is_partial,
        )

    def _understood(self, part: Part, understand: Callable[[bytes], Record]) -> Record | None:
        fault = part.fault
        if part.body is not None:
            try:
                return understand(part.body)
            except AnswerNotUnderstood as not_understood:
                fault = not_understood.reason
        self.is_partial = True
        self.notes.append(f"{part.what}: {fault}")
        return None

    def _jobs(self, row: SiteJobs) -> Observation:
        finished = sum(
            row.counts.get(status, 0) for status in ("Done", "Completed", "Failed", "Killed")
        )
        health = Health(row.word, row.percent if finished else None, finished)
        return Observation(
            thing=Name(EntityKind.SITE, row.site),
            metric=JOBS,
            status=WORDS.get(row.word, Status.UNKNOWN),
            raw_status=row.word,
            summary=job_words(row.counts, health),
            details={
                "counts": dict(sorted(row.counts.items())),
                "finished": finished,
                "percent": health.percent,
                "hours": JOBS_WINDOW.total_seconds() / 3600,
                "request": f"GET {self.url} JobSummary/getData",
            },
            evidence_url=self.evidence.page("JobSummary"),
        )

    def _add_pilots(self, thing: Name, row: Pilots) -> None:
        total = sum(row.counts.values())
        words = f"{row.counts.get('Aborted', 0):,} of {total:,} pilots aborted"
        if row.aborted_in_hour:
            words += f", {row.aborted_in_hour:,} of them in the last hour"
        if row.counts.get("Running"):
            words += f", {row.counts['Running']:,} running"
        details: dict[str, Any] = {
            "counts": dict(sorted(row.counts.items())),
            "total": total,
            "percent": row.percent,
            "aborted_in_hour": row.aborted_in_hour,
            "empty": row.empty,
            "hours": JOBS_WINDOW.total_seconds() / 3600,
            "request": f"GET {self.url} PilotSummary/getPilotSummaryData",
        }
        if row.is_in_mask is not None:
            details["in_mask"] = row.is_in_mask
        self.observations.append(
            Observation(
                thing=thing,
                metric=PILOTS,
                status=WORDS.get(row.word, Status.UNKNOWN),
                raw_status=row.word,
                summary=shorten(f"{words} (24 h)", 200),
                details=details,
                evidence_url=self.evidence.page("PilotSummary"),
            )
        )


def _whole_site(rows: list[Pilots]) -> Pilots:
    """Return a site's pilots: the portal's own sum where it has one, else that of its elements."""
    sums = [row for row in rows if row.ce.lower() == SEVERAL]
    if sums or len(rows) == 1:
        return (sums or rows)[0]
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        for status, count in row.counts.items():
            counts[status] += count
    health = judge_pilots(counts)
    return Pilots(
        site=rows[0].site,
        ce="",
        counts=dict(counts),
        percent=health.percent,
        word=health.word,
        is_in_mask=rows[0].is_in_mask,
        aborted_in_hour=sum(row.aborted_in_hour for row in rows),
        empty=sum(row.empty for row in rows),
    )
