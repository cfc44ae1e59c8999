"""The times of a rota: the slots of a type of shift, and what is not covered. No database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from supportunits.models import Shift, ShiftType

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Some time, its end exclusive."""

    starts_at: datetime
    ends_at: datetime

    @property
    def hours(self) -> float:
        """Return how long it is, in hours."""
        return (self.ends_at - self.starts_at) / timedelta(hours=1)

    def overlaps(self, other: "Period") -> bool:
        """Return whether the two have some time in common; touching is none."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def monday_of(day: date) -> date:
    """Return the Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def period_of(shift: Shift) -> Period:
    """Return the time of a shift."""
    return Period(shift.starts_at, shift.ends_at)


def slots(kind: ShiftType, first_day: date, days: int) -> list[Period]:
    """Return the shifts that the type's pattern makes within so many days (UTC), in order.

    A shift belongs to the day on which it begins. Shifts of several days begin on the type's
    weekday, on or after the first day.
    """
    if kind.days > 1:
        first = first_day + timedelta(days=(kind.weekday - first_day.weekday()) % 7)
        starts = range(0, max(days - (first - first_day).days, 0), kind.days)
        return [
            Period(
                _at(first + timedelta(days=n), kind.hand_overs[0]),
                _at(first + timedelta(days=n + kind.days), kind.hand_overs[0]),
            )
            for n in starts
        ]
    found = []
    for n in range(days):
        day = first_day + timedelta(days=n)
        moments = [_at(day, moment) for moment in sorted(kind.hand_overs)]
        last = _at(day, kind.day_ends_at) if kind.day_ends_at else moments[0] + DAY
        if last <= moments[-1]:
            last += DAY
        found += [
            Period(begins, ends) for begins, ends in zip(moments, [*moments[1:], last], strict=True)
        ]
    return found


def gaps(kind: ShiftType, shifts: Iterable[Shift], within: Period) -> list[Period]:
    """Return when somebody should be on shift and nobody is, in order.

    :param shifts: of the type, in whatever order; those without a person cover nothing
    """
    covered = sorted(period_of(shift) for shift in shifts if shift.person_id is not None)
    return [gap for wanted in _wanted(kind, within) for gap in _without(wanted, covered)]


def _wanted(kind: ShiftType, within: Period) -> list[Period]:
    if kind.day_ends_at is None:
        return [within]
    first = within.starts_at.date() - DAY
    pieces = slots(kind, first, (within.ends_at.date() - first).days + 1)
    cut = [
        Period(max(one.starts_at, within.starts_at), min(one.ends_at, within.ends_at))
        for one in pieces
    ]
    return _joined([one for one in cut if one.starts_at < one.ends_at])


def _joined(periods: Sequence[Period]) -> list[Period]:
    joined: list[Period] = []
    for one in periods:
        if joined and joined[-1].ends_at == one.starts_at:
            joined[-1] = Period(joined[-1].starts_at, one.ends_at)
        else:
            joined.append(one)
    return joined


def _without(wanted: Period, covered: Sequence[Period]) -> list[Period]:
    found = []
    at = wanted.starts_at
    for one in covered:
        if one.starts_at >= wanted.ends_at:
            break
        if one.starts_at > at:
            found.append(Period(at, one.starts_at))
        at = max(at, one.ends_at)
    if at < wanted.ends_at:
        found.append(Period(at, wanted.ends_at))
    return found


def doubles(shifts: Iterable[Shift]) -> list[tuple[Shift, Shift]]:
    """Return the pairs of shifts that one person would have at the same time (of two types)."""
    by_person: dict[int, list[Shift]] = {}
    for shift in shifts:
        if shift.person_id is not None:
            by_person.setdefault(shift.person_id, []).append(shift)
    found = []
    for theirs in by_person.values():
        theirs.sort(key=lambda shift: shift.starts_at)
        for position, one in enumerate(theirs):
            for other in theirs[position + 1 :]:
                if other.starts_at >= one.ends_at:
                    break
                found.append((one, other))
    return found


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, tzinfo=UTC)
