"""From the points of a timeline to periods without a gap, and the evidence for the bad ones."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from juno_support.feeds.registry import Question
from monitoring.parsers.argo import Point, Timeline
from monitoring.parsers.argo_results import ProbeResult
from monitoring.statuses import SEVERITY, Status

# The states of EGI's operations profile; a tenant may have others.
STATES: Final = {
    "OK": Status.OK,
    "WARNING": Status.WARNING,
    "CRITICAL": Status.CRITICAL,
    "UNKNOWN": Status.UNKNOWN,
    "MISSING": Status.UNKNOWN,
    "DOWNTIME": Status.MAINTENANCE,
}
WORTH_EVIDENCE: Final = (Status.WARNING, Status.CRITICAL)
MOST_PROBES: Final = 5
MOST_ENDPOINTS: Final = 20
LONGEST_WINDOW: Final = timedelta(days=7)
_ID: Final = re.compile(r"^([^_\s]+\.[^_\s]+)_\S+$")


@dataclass(frozen=True)
class Span:
    """A state from ``since`` to ``until`` (None: still); ``value`` is None without results."""

    value: str | None
    since: datetime
    until: datetime | None

    @property
    def status(self) -> Status:
        """Return the state; a word that we do not know is unknown."""
        return STATES.get(self.value or "", Status.UNKNOWN)

    def holds(self, moment: datetime) -> bool:
        """Say whether the moment lies in it."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def overlaps(self, other: "Span") -> bool:
        """Say whether both have a moment in common."""
        return (self.until is None or other.since < self.until) and (
            other.until is None or self.since < other.until
        )


def midnight(moment: datetime) -> datetime:
    """Return the beginning of the moment's day in UTC, which is ARGO's day."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def window_start(question: Question) -> datetime:
    """Return from which midnight on to ask: today's, or that of the last good poll.

    In the first hours of a day also yesterday's, whose states go on until there are new ones;
    never more than a week back, which is also what the first poll asks for.
    """
    today = midnight(question.at)
    earliest = today - LONGEST_WINDOW
    if question.last_success_at is None:
        return earliest
    starts_at = min(today, midnight(question.last_success_at))
    if question.at - today <= grace_of(question):
        starts_at = min(starts_at, today - timedelta(days=1))
    return max(starts_at, earliest)


def grace_of(question: Question) -> timedelta:
    """Return for how long after midnight results may still be missing."""
    return timedelta(hours=min(max(float(question.configuration.option("grace_hours")), 0), 23))


def spans(
    points: Sequence[Point], *, starts_at: datetime, at: datetime, grace: timedelta
) -> list[Span]:
    """Return the periods that points mean, from ``starts_at`` on, without a gap.

    ARGO begins every day anew: a day without any point had no results. For ``grace`` after
    midnight the state of the evening before goes on, because the first results take a while.

    :param points: in the order of time, at least one
    """
    found: list[tuple[str | None, datetime]] = []

    def add(value: str | None, since: datetime) -> None:
        if not found or found[-1][0] != value:
            found.append((value, since))

    if points[0].at - starts_at > grace:
        add(None, starts_at)
    for point, following in zip(points, (*points[1:], None), strict=True):
        add(point.value, point.at)
        next_day = midnight(point.at) + timedelta(days=1)
        goes_on_until = following.at if following else at
        if goes_on_until > next_day + grace:
            add(None, next_day)
    ends = [since for _value, since in found[1:]]
    return [
        Span(value, since, until)
        for (value, since), until in zip(found, (*ends, None), strict=True)
    ]


def bare_host(hostname: str) -> str:
    """Return the host of ``host_PRIMARYKEY``, as ARGO calls endpoints where it goes by ids."""
    found = _ID.match(hostname)
    return found[1] if found else hostname


class Evidence:
    """The output of probes, found by endpoint and period."""

    def __init__(self, results: Iterable[ProbeResult]) -> None:
        self._results: dict[tuple[str, str], list[ProbeResult]] = defaultdict(list)
        for result in results:
            if STATES.get(result.value) in WORTH_EVIDENCE:
                self._results[_place(result.hostname, result.service)].append(result)

    def of(self, timeline: Timeline, span: Span) -> tuple[str, list[dict[str, str]]]:
        """Return the worst in one line, and the last output of each probe that failed then.

        Without moments: the same failure a quarter of an hour later is no news.
        """
        newest: dict[str, ProbeResult] = {}
        for result in self._results.get(_place(timeline.hostname, timeline.service), ()):
            known = newest.get(result.metric)
            if span.holds(result.at) and (known is None or known.at < result.at):
                newest[result.metric] = result
        failed = sorted(
            newest.values(), key=lambda result: (-SEVERITY[STATES[result.value]], result.metric)
        )[:MOST_PROBES]
        if not failed:
            return "", []
        worst = failed[0]
        line = f"{worst.metric}: {worst.summary or worst.value}"
        return line, [
            {
                "metric": result.metric,
                "status": result.value,
                "summary": result.summary,
                "message": result.message,
            }
            for result in failed
        ]


def bad_endpoints(
    span: Span, endpoints: Iterable[tuple[Timeline, Sequence[Span]]]
) -> tuple[str, dict[str, Any]]:
    """Return which endpoints of a group were bad while it was, in one line and as details."""
    bad: list[tuple[int, str, str]] = []
    count = 0
    for timeline, states in endpoints:
        count += 1
        values = [
            state.value
            for state in states
            if state.status in WORTH_EVIDENCE and state.value and state.overlaps(span)
        ]
        if values:
            value = max(values, key=lambda value: SEVERITY[STATES[value]])
            name = f"{bare_host(timeline.hostname)} {timeline.service}"
            bad.append((-SEVERITY[STATES[value]], name, value))
    if not bad:
        return "", {}
    bad.sort()
    line = ", ".join(f"{name} {value}" for _rank, name, value in bad[:3])
    if len(bad) > 3:
        line += f" and {len(bad) - 3} more"
    return line, {
        "endpoints": [f"{name}: {value}" for _rank, name, value in bad[:MOST_ENDPOINTS]],
        "bad_endpoints": len(bad),
        "all_endpoints": count,
    }


def _place(hostname: str, service: str) -> tuple[str, str]:
    """Return what states and probes of an endpoint share; SRM is also called SRMv2."""
    return hostname, service.lower().removesuffix("v2")


def unknown_words(timelines: Iterable[Timeline]) -> Mapping[str, int]:
    """Return the states that we do not know, with how many points have them."""
    counts: dict[str, int] = defaultdict(int)
    for timeline in timelines:
        for point in timeline.points:
            if point.value not in STATES:
                counts[point.value] += 1
    return counts
