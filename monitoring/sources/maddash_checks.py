"""From MaDDash's checks to the states of links; pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from monitoring.observations import EntityKind, Name, Observation, Period
from monitoring.parsers.maddash import Check, Grid, History, Result
from monitoring.statuses import SEVERITY, Status

# A grid runs some of its checks every few minutes; one that did nothing for so long is not alive.
GRID_STALE_AFTER = timedelta(hours=6)
# Single checks may run once a day.
CHECK_STALE_AFTER = timedelta(hours=30)
# Where MaDDash does not say how often a check runs.
USUAL_INTERVAL = timedelta(hours=4)
RUNS_MISSED = 3

_REVERSE = re.compile(r"\s*\breverse\b\s*", re.IGNORECASE)
_WORD = re.compile(r"[^a-z0-9]+")
_STATUSES = {
    0: (Status.OK, "OK"),
    1: (Status.WARNING, "WARNING"),
    2: (Status.CRITICAL, "CRITICAL"),
    3: (Status.UNKNOWN, "UNKNOWN"),
    4: (Status.UNKNOWN, "NOT RUN"),
    5: (Status.MAINTENANCE, "SCHEDULED DOWN"),
}
NOT_RUN = 4
FIRST_CUSTOM = 6


@dataclass(frozen=True)
class Seen:
    """A check, and the grid that it was seen in."""

    grid: str
    labels: dict[int, str]
    updated_at: datetime | None
    check: Check

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Return the names that make its address: grid, row, column, check."""
        return self.grid, self.check.row, self.check.column, self.check.name


@dataclass(frozen=True)
class Known:
    """What we had of a series: its raw state, and the page that showed it."""

    raw_status: str
    evidence_url: str


@dataclass(frozen=True)
class Verdict:
    """What a check says; not ``is_told`` where it is too old to say anything."""

    status: Status
    raw_status: str
    is_told: bool = True
    summary: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class Told:
    """What is reported of one series: how it is now, or how it came to be so."""

    observation: Observation | None = None
    periods: tuple[Period, ...] = ()


def series_of(grids: Iterable[Grid]) -> dict[tuple[str, str], list[Seen]]:
    """Sort checks by (direction, metric); several grids may check the same.

    A check named "… Reverse" measures from the column's host to the row's.
    """
    found: dict[tuple[str, str], list[Seen]] = {}
    for grid in grids:
        for check in grid.checks:
            name = _REVERSE.sub(" ", check.name)
            ends = (check.row, check.column)
            if name != check.name:
                ends = (check.column, check.row)
            metric = _WORD.sub("-", name.lower()).strip("-")[:40] or "check"
            seen = Seen(grid.name, grid.labels, grid.updated_at, check)
            found.setdefault((" ".join(ends), metric), []).append(seen)
    return found


def is_stale(grid: Grid | Seen, at: datetime) -> bool:
    """Say whether a grid has not been updated for so long that it tells nothing of now."""
    return grid.updated_at is None or at - grid.updated_at > GRID_STALE_AFTER


def judge(seen: Seen, at: datetime) -> Verdict:
    """Return what a check says of now."""
    check = seen.check
    if is_stale(seen, at):
        return Verdict(
            Status.UNKNOWN,
            "stale",
            is_told=False,
            summary=f"MaDDash has not updated this grid since {_when(seen.updated_at)}.",
            since=seen.updated_at + GRID_STALE_AFTER if seen.updated_at else None,
        )
    if check.checked_at is None or check.status == NOT_RUN:
        return Verdict(Status.UNKNOWN, "NOT RUN", summary="The check has not run yet.")
    if at - check.checked_at > CHECK_STALE_AFTER:
        return Verdict(
            Status.UNKNOWN,
            "stale",
            is_told=False,
            summary=f"Not checked since {_when(check.checked_at)}.",
            since=check.checked_at + CHECK_STALE_AFTER,
        )
    status, raw = state_of(check.status, seen.labels)
    summary = check.message or seen.labels.get(check.status, "")
    return Verdict(status, raw, summary=summary, since=check.checked_at)


def state_of(number: int, labels: dict[int, str]) -> tuple[Status, str]:
    """Return our status and the raw word; how bad a grid's own state is nobody tells us."""
    if number < FIRST_CUSTOM:
        return _STATUSES[number]
    return Status.UNKNOWN, labels.get(number, f"state {number}")


def tell(
    series: tuple[str, str],
    checks: Sequence[Seen],
    *,
    histories: Sequence[tuple[Seen, History]],
    known: Known | None,
    starts_at: datetime,
    at: datetime,
    page_url: Callable[[str, str, str, str], str],
) -> Told:
    """Return what is reported of one series: (direction, metric).

    Where several checks measure the same, the worst is told. Histories tell since when; their
    newest results may be older than the grid, which then has the last word.
    """
    verdict, seen = max(
        ((judge(each, at), each) for each in checks),
        key=lambda each: SEVERITY[each[0].status.value],
    )
    direction, metric = series
    thing = Name(EntityKind.LINK.value, direction, hosts=tuple(direction.split()))
    if histories and verdict.is_told:
        telling = _Telling(thing, metric, starts_at=starts_at, at=at, page_url=page_url)
        periods = telling.periods(checks, histories)
        if periods and periods[-1].status == verdict.status:
            return Told(periods=tuple(periods))
    is_known = known is not None and known.raw_status == verdict.raw_status
    return Told(
        Observation(
            thing=thing,
            metric=metric,
            status=verdict.status,
            raw_status=verdict.raw_status,
            since=verdict.since,
            summary=verdict.summary,
            details=_details(seen, seen.check.checked_at),
            evidence_url=known.evidence_url if known and is_known else page_url(*seen.place),
        )
    )


class _Telling:
    """Puts the results of checks that measure the same together into periods."""

    def __init__(
        self,
        thing: Name,
        metric: str,
        *,
        starts_at: datetime,
        at: datetime,
        page_url: Callable[[str, str, str, str], str],
    ) -> None:
        self._thing, self._metric = thing, metric
        self._starts_at, self._at = starts_at, at
        self._page_url = page_url
        self._periods: list[Period] = []

    def periods(
        self, checks: Sequence[Seen], histories: Sequence[tuple[Seen, History]]
    ) -> list[Period]:
        """Coalesce results; what missed several runs in a row was unknown meanwhile."""
        interval = max(
            (page.interval for _, page in histories if page.interval), default=USUAL_INTERVAL
        )
        longest_gap = RUNS_MISSED * interval
        said = self._worst(self._by_check(checks, histories), longest_gap)
        for (seen, result), following in zip_longest(said, said[1:]):
            next_at = following[1].at if following else None
            silent_from = result.at + longest_gap
            if (next_at or self._at) <= silent_from:
                self._add(seen, result, result.at, next_at)
            else:
                self._add(seen, result, result.at, silent_from)
                self._add(seen, None, silent_from, next_at)
        return [
            replace(period, since=max(period.since, self._starts_at))
            for period in self._periods
            if period.until is None or period.until > self._starts_at
        ]

    def _by_check(
        self, checks: Sequence[Seen], histories: Sequence[tuple[Seen, History]]
    ) -> list[tuple[Seen, Result]]:
        """Return all results in the order of time, the one that the grid shows among them."""
        found: dict[tuple[tuple[str, ...], datetime], tuple[Seen, Result]] = {}
        for seen, page in histories:
            for result in page.results:
                found[seen.place, result.at] = seen, result
        for seen in checks:
            now = seen.check.checked_at
            if now is not None and seen.check.status != NOT_RUN:
                shown = Result(now, seen.check.status, seen.check.message)
                found.setdefault((seen.place, now), (seen, shown))
        told = [each for each in found.values() if each[1].at <= self._at]
        return sorted(told, key=lambda each: each[1].at)

    def _worst(
        self, told: Sequence[tuple[Seen, Result]], longest_gap: timedelta
    ) -> list[tuple[Seen, Result]]:
        """Return at each moment the worst of what the checks said last."""
        last: dict[tuple[str, ...], tuple[Seen, Result]] = {}
        found: list[tuple[Seen, Result]] = []
        for seen, result in told:
            last[seen.place] = seen, result
            alive = [each for each in last.values() if result.at - each[1].at <= longest_gap]
            worst_seen, worst = max(
                alive,
                key=lambda each: (
                    SEVERITY[state_of(each[1].status, each[0].labels)[0].value],
                    each[1].at,
                ),
            )
            found.append((worst_seen, replace(worst, at=result.at)))
        return found

    def _add(
        self, seen: Seen, result: Result | None, since: datetime, until: datetime | None
    ) -> None:
        status, raw = Status.UNKNOWN, "NOT RUN"
        if result:
            status, raw = state_of(result.status, seen.labels)
        before = self._periods[-1] if self._periods else None
        if before and (before.status, before.raw_status) == (status, raw):
            since = before.since
            self._periods.pop()
        self._periods.append(
            Period(
                thing=self._thing,
                metric=self._metric,
                status=status,
                raw_status=raw,
                since=since,
                until=until,
                summary=result.message if result else "The check did not run.",
                details=_details(seen, result.at if result else None),
                evidence_url=(result.graph_url if result else "") or self._page_url(*seen.place),
            )
        )


def _details(seen: Seen, checked_at: datetime | None) -> dict[str, Any]:
    details: dict[str, Any] = {"grid": seen.grid, "check": seen.check.name}
    if checked_at is not None:
        details["checked_at"] = _when(checked_at)
    return details


def _when(moment: datetime | None) -> str:
    if moment is None:
        return "ever"
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
