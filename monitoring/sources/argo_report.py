"""From ARGO's timelines to what is handed over: names, periods, their evidence and pages."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from juno_support.feeds.registry import Question
from juno_support.lib.text import shorten
from monitoring.observations import EntityKind, Name, Observation, Period
from monitoring.parsers.argo import Timeline
from monitoring.parsers.argo_results import DayResult
from monitoring.sources.argo_periods import (
    STATES,
    WORTH_EVIDENCE,
    Evidence,
    Span,
    bad_endpoints,
    bare_host,
    grace_of,
    midnight,
    spans,
    window_start,
)
from monitoring.statuses import Status

METRIC: Final = "status"
# A clock may go a little wrong; what lies further ahead has not been.
AHEAD: Final = timedelta(minutes=5)
SUMMARY_LENGTH: Final = 200
NO_RESULTS: Final = "no results"
_WITHOUT_RESULTS: Final = "ARGO has no results of this time."


class Making:
    """Makes periods and observations of timelines."""

    def __init__(
        self, question: Question, results: dict[str, DayResult], evidence: Evidence
    ) -> None:
        self.periods: list[Period] = []
        self.observations: list[Observation] = []
        self.left_alone: list[Name] = []
        self.members: dict[str, list[str]] = defaultdict(list)
        self.notes: list[str] = []
        self.seen: Counter[str] = Counter(sites=0, services=0)
        self._at = question.at
        self._grace = grace_of(question)
        self._starts_at = window_start(question)
        self._results = results
        self._evidence = evidence
        option = question.configuration.option
        self._site_types = {"", "SITE", "SITES", str(option("group_type")).upper()}
        self._pages = f"{str(option('evidence_base')).rstrip('/')}/{_part(str(option('report')))}"
        self._group_type = str(option("group_type"))

    def add(self, timelines: Iterable[Timeline]) -> None:
        """Add all of them: the groups last, because their endpoints explain them."""
        groups: list[tuple[Timeline, list[Span]]] = []
        others: Counter[str] = Counter()
        endpoints: dict[str, list[tuple[Timeline, list[Span]]]] = defaultdict(list)
        too_new = 0
        for timeline in timelines:
            points = tuple(point for point in timeline.points if point.at <= self._at + AHEAD)
            too_new += len(points) < len(timeline.points) and not timeline.is_lone
            if not (timeline.hostname or self._is_site(timeline)):
                others[timeline.group_type] += 1
            elif timeline.is_lone:
                self._add_lone(timeline)
            elif points:
                states = spans(points, starts_at=self._starts_at, at=self._at, grace=self._grace)
                known = (timeline, states)
                if timeline.hostname:
                    endpoints[timeline.group].append(known)
                else:
                    groups.append(known)
        if too_new:
            self.notes.append(f"{too_new} timelines have states of the future; they are left out.")
        for kind, count in others.items():
            self.notes.append(
                f"{count} groups are of type {kind!r}, not {self._group_type!r}: they are no sites."
            )
        for group, members in endpoints.items():
            for timeline, states in members:
                self._add_endpoint(timeline, states)
                self.members[group].append(bare_host(timeline.hostname))
        for timeline, states in groups:
            self._add_group(timeline, states, endpoints.get(timeline.group, []))

    def _add_lone(self, timeline: Timeline) -> None:
        """Add what has only the invented point: how it is, but not since when."""
        thing = self._name(timeline)
        if timeline.told_on < self._at.date():
            if self._at - midnight(self._at) <= self._grace:
                self.left_alone.append(thing)
            return
        value = timeline.points[0].value
        self._count(timeline)
        self.observations.append(
            Observation(
                thing=thing,
                metric=METRIC,
                status=STATES.get(value, Status.UNKNOWN),
                raw_status=value,
                details=_about(timeline),
                evidence_url=self._page(timeline),
            )
        )

    def _add_endpoint(self, timeline: Timeline, states: list[Span]) -> None:
        self._count(timeline)
        thing, about, page = self._name(timeline), _about(timeline), self._page(timeline)
        for span in states:
            summary, details = "", about
            if span.status in WORTH_EVIDENCE:
                summary, probes = self._evidence.of(timeline, span)
                if probes:
                    details = {**about, "probes": probes}
            self.periods.append(_period(thing, span, summary, details, page))

    def _add_group(
        self,
        timeline: Timeline,
        states: list[Span],
        endpoints: list[tuple[Timeline, list[Span]]],
    ) -> None:
        self._count(timeline)
        thing, page = self._name(timeline), self._page(timeline)
        for span in states:
            summary, details = "", dict[str, Any]()
            if span.status in WORTH_EVIDENCE:
                summary, details = bad_endpoints(span, endpoints)
            if span.until is None and (result := self._results.get(timeline.group)):
                details = {**details, **_availability(result)}
            self.periods.append(_period(thing, span, summary, details, page))

    def _count(self, timeline: Timeline) -> None:
        self.seen["services" if timeline.hostname else "sites"] += 1

    def _is_site(self, timeline: Timeline) -> bool:
        return timeline.group_type.upper() in self._site_types

    def _name(self, timeline: Timeline) -> Name:
        if not timeline.hostname:
            return Name(EntityKind.SITE, timeline.group)
        return Name(
            EntityKind.SERVICE,
            f"{timeline.hostname} {timeline.service}",
            site=timeline.group if self._is_site(timeline) else "",
            hosts=(bare_host(timeline.hostname),),
        )

    def _page(self, timeline: Timeline) -> str:
        group_type = timeline.group_type or self._group_type
        return f"{self._pages}/{_part(group_type)}/{_part(timeline.group)}"


def _period(thing: Name, span: Span, summary: str, details: dict[str, Any], page: str) -> Period:
    return Period(
        thing=thing,
        metric=METRIC,
        status=span.status,
        raw_status=span.value or NO_RESULTS,
        since=span.since,
        until=span.until,
        summary=_WITHOUT_RESULTS if span.value is None else shorten(summary, SUMMARY_LENGTH),
        details=details,
        evidence_url=page,
    )


def _about(timeline: Timeline) -> dict[str, Any]:
    return {"url": timeline.url} if timeline.url else {}


def _availability(result: DayResult) -> dict[str, Any]:
    """Return how available the site was on the last day that ARGO has computed."""
    return {
        name: value
        for name, value in (
            ("day", result.day),
            ("availability_percent", result.availability),
            ("reliability_percent", result.reliability),
            ("unknown_part", result.unknown),
            ("downtime_part", result.downtime),
        )
        if value is not None
    }


def _part(name: str) -> str:
    return quote(name, safe="")
