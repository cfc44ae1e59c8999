"""The raw answers of classic DIRAC's services, understood. Pure: no network, no database."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from juno_support.feeds.registry import Question
from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.clients.dirac_https import JOB_MONITORING, REQUEST_MANAGER
from monitoring.job_health import ACTIVE, FINISHED, Thresholds
from monitoring.observations import EntityKind, Name, Observation, Period, Report
from monitoring.parsers.dirac_configuration import parse_configuration
from monitoring.parsers.dirac_counts import (
    JobCounts,
    parse_counters,
    parse_elements,
    parse_mask,
    parse_requests,
)
from monitoring.parsers.dirac_rss import (
    EVERY_VO,
    ResourceChange,
    ResourceStatus,
    Statuses,
    parse_history,
    parse_statuses,
)
from monitoring.parsers.dirac_space import parse_spaces
from monitoring.sources.dirac_names import Names
from monitoring.sources.dirac_states import (
    ACCESS_METRICS,
    JOBS,
    MASK,
    NO_MASK,
    REQUESTS,
    RSS,
    SPACE,
    Evidence,
    jobs_observation,
    mask_observation,
    metric_of,
    requests_observation,
    rss_observation,
    rss_periods,
    space_observation,
    vo_of,
)
from monitoring.sources.shrunk import emptied_tables, shrunk_counts

MINOR_STATUS = "MinorStatus"
# DIRAC's agents look at a site every few minutes where they run at all.
LAST_LOOK = timedelta(hours=24)

Record = TypeVar("Record")
Key = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """The answer to one optional question, or why there is none; ``is_offered`` is false where
    this DIRAC never answers it.
    """

    what: str
    body: bytes | None = None
    fault: str = ""
    is_offered: bool = True


@dataclass(frozen=True)
class HistoryPart:
    """The history of one thing (``name``) or of many (empty)."""

    table: str
    name: str
    part: Part


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll.

    :param errors: failed jobs by site and minor status
    :param elements: the hosts at each site; like the configuration None where it was not asked
        for this time
    :param histories: of the tables SiteHistory and ResourceHistory
    :param history_from: since when the history was asked for; None where it was not
    :param jobs_vo: the VO whose jobs the counters count; empty where they count everybody's
    """

    sites: bytes
    resources: Part
    finished: Part
    active: Part
    errors: Part
    mask: Part
    requests: Part
    spaces: Part | None = None
    elements: Part | None = None
    configuration: Part | None = None
    histories: tuple[HistoryPart, ...] = ()
    history_from: datetime | None = None
    jobs_vo: str = ""
    notes: tuple[str, ...] = ()


def report_of(documents: Documents, question: Question) -> Report:
    """Put together what one poll told.

    :raises AnswerNotUnderstood: when the table of sites cannot be read
    """
    making = _Making(documents, question)
    making.add_resources()
    making.add_jobs()
    making.add_mask()
    making.add_requests()
    making.add_spaces()
    return making.report()


@dataclass
class _Making:
    """Collects the report of one poll."""

    documents: Documents
    question: Question
    notes: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    complete: set[tuple[str, str]] = field(default_factory=set)
    seen: dict[str, int] = field(default_factory=dict)
    is_partial: bool = False

    def __post_init__(self) -> None:
        configuration = self.question.configuration
        self.vo = str(configuration.option("vo"))
        self.evidence = Evidence(str(configuration.option("web_url")))
        self.notes += self.documents.notes
        self.sites = parse_statuses(self.documents.sites)
        self.refused += self.sites.refused
        self.names = self._names()

    def add_resources(self) -> None:
        """Take over the tables of sites and resources, with their history where it was asked."""
        site_history = self._changes("SiteHistory")
        self._add_statuses(self.sites.rows, site_history, self._site)
        self.seen["sites"] = len({row.name for row in self.sites.rows})
        resources = self._understood(self.documents.resources, parse_statuses)
        self._note_old_looks(self.sites)
        if resources is None:
            return
        self.refused += resources.refused
        self._add_statuses(resources.rows, self._changes("ResourceHistory"), self._resource)
        self.seen["resources"] = len({row.name for row in resources.rows})
        # Sites and computing elements share a metric, so that both tables make it complete.
        for metric in (RSS, *ACCESS_METRICS.values()):
            self.complete |= {(metric, ""), (metric, self.vo)}

    def add_jobs(self) -> None:
        """Judge sites by their jobs; a site of DIRAC that had none is idle."""
        finished = self._understood(self.documents.finished, parse_counters)
        active = (
            self._understood(self.documents.active, parse_counters)
            if finished is not None
            else None
        )
        if finished is None or active is None:
            return
        counts: dict[str, dict[str, int]] = {row.name: {} for row in self.sites.rows}
        # An old DIRAC may count more than it was asked for.
        for counted, statuses in ((finished, FINISHED), (active, ACTIVE)):
            self.refused += counted.refused
            for site, by_status in counted.by_site.items():
                counts.setdefault(site, {}).update(_only(by_status, statuses))
        errors = self._errors()
        thresholds = self._thresholds()
        for site, by_status in counts.items():
            self.observations.append(
                jobs_observation(
                    site,
                    by_status,
                    errors=errors.get(site, {}),
                    vo=self.documents.jobs_vo,
                    thresholds=thresholds,
                    request=f"{JOB_MONITORING} getCounters",
                    evidence_url=self.evidence.page("JobSummary"),
                )
            )
        self.complete.add((JOBS, self.documents.jobs_vo))
        self.seen["jobs"] = sum(sum(by_status.values()) for by_status in counts.values())
        self._note_jobs_elsewhere(active)

    def add_mask(self) -> None:
        """Take over where jobs may run; a site that the mask does not know is unknown there."""
        mask = self._understood(self.documents.mask, parse_mask)
        if mask is None:
            return
        self.refused += mask.refused
        unmentioned = {row.name: NO_MASK for row in self.sites.rows}
        for site, word in {**unmentioned, **mask.by_site}.items():
            self.observations.append(
                mask_observation(site, word, evidence_url=self.evidence.page("SiteSummary"))
            )
        self.complete.add((MASK, ""))

    def add_requests(self) -> None:
        """Take over the counts of data management."""
        counts = self._understood(self.documents.requests, parse_requests)
        if counts is None:
            return
        self.refused += counts.refused
        self.observations.append(
            requests_observation(
                counts,
                worth_a_warning=int(self.question.configuration.option("failed_requests")),
                request=f"{REQUEST_MANAGER} getDBSummary",
                evidence_url=self.evidence.page("RequestMonitor"),
            )
        )
        self.complete.add((REQUESTS, ""))
        self.seen["requests"] = sum(counts.requests.values())

    def add_spaces(self) -> None:
        """Take over how full storage elements are."""
        spaces = self._understood(self.documents.spaces, parse_spaces)
        if spaces is None:
            return
        self.refused += spaces.refused
        for space in spaces.rows:
            self.observations.append(
                space_observation(
                    self.names.storage(space.name),
                    space,
                    at=self.question.at,
                    evidence_url=self.evidence.page("SpaceOccupancy"),
                )
            )
        self.complete.add((SPACE, ""))
        self.seen["spaces"] = len(spaces.rows)

    def report(self) -> Report:
        """Hand everything over."""
        return Report(
            observations=tuple(self.observations),
            periods=tuple(self.periods),
            complete=frozenset(self.complete),
            members=self.names.members,
            refused=tuple(self.refused),
            notes=tuple(self.notes),
            seen=self.seen,
            stale=emptied_tables(("sites", "resources"), self.seen, self.question)
            or shrunk_counts(("jobs",), self.seen, self.question),
            # Without the table of resources most things are missing, and nothing is wrong.
            is_partial=self.is_partial,
        )

    def _understood(
        self, part: Part | None, understand: Callable[[bytes], Record]
    ) -> Record | None:
        """Return an optional answer; None, with a note, where there is none that can be read."""
        if part is None:
            return None
        fault = part.fault
        if part.body is not None:
            try:
                return understand(part.body)
            except AnswerNotUnderstood as not_understood:
                fault = not_understood.reason
        self.is_partial |= part.is_offered
        self.notes.append(f"{part.what}: {fault}")
        return None

    def _names(self) -> Names:
        elements = self._understood(self.documents.elements, parse_elements)
        if elements is not None:
            self.refused += elements.refused
        return Names(
            elements.by_site if elements is not None else {},
            self._understood(self.documents.configuration, parse_configuration),
        )

    def _changes(self, table: str) -> dict[Key, list[ResourceChange]]:
        """Return the history by (name, metric)."""
        found: dict[Key, list[ResourceChange]] = defaultdict(list)
        for asked in self.documents.histories:
            if asked.table != table:
                continue
            changes = self._understood(asked.part, partial(parse_history, name=asked.name))
            if changes is None:
                continue
            self.refused += changes.refused
            for change in changes.rows:
                metric = metric_of(change)
                if metric is not None and change.vo == EVERY_VO:
                    found[change.name, metric].append(change)
        return found

    def _add_statuses(
        self,
        rows: Iterable[ResourceStatus],
        history: Mapping[Key, list[ResourceChange]],
        thing_for: Callable[[ResourceStatus], Name | None],
    ) -> None:
        strange: set[str] = set()
        rows = list(rows)
        own_words = {(row.name, row.kind) for row in rows if row.vo != EVERY_VO}
        for row in rows:
            thing, metric = thing_for(row), metric_of(row)
            if metric is None:
                strange.add(f"the kind of status {row.kind}")
            if thing is None or metric is None or vo_of(row.vo) not in ("", self.vo):
                continue
            now = rss_observation(
                thing,
                metric,
                row,
                at=self.question.at,
                evidence_url=self.evidence.page(
                    "SiteSummary" if thing.kind == EntityKind.SITE else "ResourceSummary"
                ),
            )
            changes = history.get((row.name, metric), [])
            starts_at = self.documents.history_from
            # DIRAC writes the changes of a single VO into the history of all.
            is_usable = row.vo == EVERY_VO and (row.name, row.kind) not in own_words
            since = now.since
            if not (changes and is_usable and starts_at and since and since > starts_at):
                self.observations.append(now)
            elif any(change.at >= since and change.status != row.status for change in changes):
                self.observations.append(now)
                self.notes.append(
                    f"The history of {row.name} ({metric}) says another state than the table of "
                    "the present; it was left out."
                )
            else:
                self.periods += rss_periods(changes, now, starts_at=starts_at)
        if strange:
            self.notes.append(f"DIRAC tells {', '.join(sorted(strange))}, which we do not know.")

    def _site(self, row: ResourceStatus) -> Name:
        return self.names.site(row.name)

    def _resource(self, row: ResourceStatus) -> Name | None:
        return self.names.resource(row.element, row.name)

    def _note_old_looks(self, statuses: Statuses) -> None:
        looks = [row.checked_at for row in statuses.rows if row.checked_at]
        if looks and self.question.at - max(looks) > LAST_LOOK:
            self.notes.append(
                f"DIRAC itself last looked at a site at {max(looks):%Y-%m-%d %H:%M} UTC; "
                "its Resource Status System may not be running."
            )

    def _note_jobs_elsewhere(self, active: JobCounts) -> None:
        waiting = active.elsewhere.get("Waiting", 0)
        if waiting:
            self.seen["jobs_waiting_for_any_site"] = waiting

    def _errors(self) -> Mapping[str, Mapping[str, int]]:
        """Return why jobs failed, by site; it only adds to the counts, so that a DIRAC that does
        not tell it is not spoken of.
        """
        try:
            return parse_counters(self.documents.errors.body or b"", MINOR_STATUS).by_site
        except AnswerNotUnderstood:
            return {}

    def _thresholds(self) -> Thresholds:
        configuration = self.question.configuration
        return Thresholds(
            good=float(configuration.option("good_percent")),
            fair=float(configuration.option("fair_percent")),
            poor=float(configuration.option("poor_percent")),
            least_jobs=int(configuration.option("least_jobs")),
        )


def _only(counts: Mapping[str, Any], statuses: Iterable[str]) -> dict[str, int]:
    return {status: counts[status] for status in statuses if status in counts}
