"""Slots and gaps of a rota, by hand-written tables."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from supportunits.models import Shift, ShiftType
from supportunits.rota import Period, doubles, gaps, monday_of, slots


def at(text: str) -> datetime:
    """Return a moment of January 2026 (UTC), written as "12 08:30"."""
    return datetime.strptime(f"2026-01-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def period(begins: str, ends: str) -> Period:
    """Return a period of January 2026."""
    return Period(at(begins), at(ends))


WEEK = ShiftType(days=7, weekday=0, hand_overs=[time(8)])
THREE_A_DAY = ShiftType(days=1, hand_overs=[time(6), time(14), time(22)])
TWO_IN_FOURTEEN_HOURS = ShiftType(days=1, hand_overs=[time(7), time(14)], day_ends_at=time(21))
UNTIL_AFTER_MIDNIGHT = ShiftType(days=1, hand_overs=[time(16)], day_ends_at=time(2))


@pytest.mark.parametrize(
    ("kind", "first", "days", "expected"),
    [
        (WEEK, 12, 14, [("12 08:00", "19 08:00"), ("19 08:00", "26 08:00")]),
        # From a Wednesday on, the first shift begins on the next Monday.
        (WEEK, 14, 7, [("19 08:00", "26 08:00")]),
        (WEEK, 14, 5, []),
        (
            THREE_A_DAY,
            12,
            2,
            [
                ("12 06:00", "12 14:00"),
                ("12 14:00", "12 22:00"),
                ("12 22:00", "13 06:00"),
                ("13 06:00", "13 14:00"),
                ("13 14:00", "13 22:00"),
                ("13 22:00", "14 06:00"),
            ],
        ),
        (
            TWO_IN_FOURTEEN_HOURS,
            12,
            1,
            [("12 07:00", "12 14:00"), ("12 14:00", "12 21:00")],
        ),
        (UNTIL_AFTER_MIDNIGHT, 12, 1, [("12 16:00", "13 02:00")]),
    ],
)
def test_slots_follow_the_pattern(
    kind: ShiftType, first: int, days: int, expected: list[tuple[str, str]]
) -> None:
    assert slots(kind, date(2026, 1, first), days) == [period(*one) for one in expected]


def shift(begins: str, ends: str, person: int | None = 1) -> Shift:
    """Return a shift that is not stored."""
    return Shift(person_id=person, starts_at=at(begins), ends_at=at(ends))


@pytest.mark.parametrize(
    ("kind", "shifts", "expected"),
    [
        (WEEK, [], [("12 00:00", "14 00:00")]),
        (WEEK, [shift("11 00:00", "15 00:00")], []),
        # Touching leaves no gap; a shift of nobody covers nothing.
        (WEEK, [shift("12 00:00", "13 00:00"), shift("13 00:00", "14 00:00")], []),
        (
            WEEK,
            [shift("12 00:00", "13 00:00"), shift("13 00:00", "14 00:00", None)],
            [("13 00:00", "14 00:00")],
        ),
        (
            WEEK,
            [shift("13 12:00", "13 18:00"), shift("12 06:00", "12 08:00")],
            [("12 00:00", "12 06:00"), ("12 08:00", "13 12:00"), ("13 18:00", "14 00:00")],
        ),
        # Nobody is wanted at night here.
        (
            TWO_IN_FOURTEEN_HOURS,
            [shift("12 07:00", "12 14:00"), shift("13 07:00", "13 20:00")],
            [("12 14:00", "12 21:00"), ("13 20:00", "13 21:00")],
        ),
        (
            UNTIL_AFTER_MIDNIGHT,
            [],
            [("12 00:00", "12 02:00"), ("12 16:00", "13 02:00"), ("13 16:00", "14 00:00")],
        ),
    ],
)
def test_gaps_are_when_somebody_is_wanted_and_nobody_is_there(
    kind: ShiftType, shifts: list[Shift], expected: list[tuple[str, str]]
) -> None:
    found = gaps(kind, shifts, period("12 00:00", "14 00:00"))
    assert found == [period(*one) for one in expected]


def test_one_person_on_two_shifts_at_once_is_found_and_touching_is_not() -> None:
    first, second = shift("12 06:00", "12 14:00"), shift("12 13:00", "12 20:00")
    third, other = shift("12 20:00", "12 22:00"), shift("12 13:00", "12 20:00", 2)
    assert doubles([third, second, other, first]) == [(first, second)]


def test_a_week_begins_on_monday() -> None:
    assert [monday_of(date(2026, 1, 12) + timedelta(days=n)) for n in (0, 6, 7)] == [
        date(2026, 1, 12),
        date(2026, 1, 12),
        date(2026, 1, 19),
    ]
