"""When a ticket at a unit turns yellow, amber and red (domain: section 7)."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from supportunits import quality
from supportunits.models import Quality, SupportUnit


def _unit(time_zone: str, **fields: Any) -> SupportUnit:
    return SupportUnit(time_zone=time_zone, **fields)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _advanced_top(unit: SupportUnit, starts: str) -> list[str]:
    """The colours of four working hours: after two, three and four of them."""
    unit.quality = Quality.ADVANCED
    found = quality.deadlines(unit, starts_at=_utc(starts), priority=4)
    return [f"{at:%m-%d %H:%M}" for at in (found.yellow_at, found.amber_at, found.due_at)]


@pytest.mark.parametrize(
    ("level", "days"),
    [
        (Quality.BASE, (5, 5, 5, 5)),
        (Quality.MEDIUM, (5, 5, 1, 1)),
        (Quality.ADVANCED, (5, 1, 1, 0.5)),
    ],
)
def test_the_table_of_section_7(level: str, days: tuple[float, ...]) -> None:
    # Open day and night, so that working time is time.
    unit = _unit("UTC", opens_at=time(0), closes_at=time.max, weekdays=list(range(7)))
    unit.quality = level
    starts = _utc("2026-01-05T00:00")

    for priority, expected in enumerate(days, start=1):
        due = quality.deadlines(unit, starts_at=starts, priority=priority).due_at
        assert (due - starts).total_seconds() == expected * 8 * 3600


@pytest.mark.parametrize(
    ("starts", "priority", "level", "due"),
    [
        # the test vectors of section 7 that the table can give: hours 07-15 UTC
        ("2026-01-02T14:00", 4, Quality.ADVANCED, "2026-01-05T10:00"),
        ("2026-01-02T14:00", 3, Quality.ADVANCED, "2026-01-05T14:00"),
        ("2026-01-05T06:30", 1, Quality.ADVANCED, "2026-01-09T15:00"),
    ],
)
def test_the_vectors_of_section_7(starts: str, priority: int, level: str, due: str) -> None:
    unit = _unit("UTC", opens_at=time(7), closes_at=time(15), quality=level)
    found = quality.deadlines(unit, starts_at=_utc(starts), priority=priority)
    assert found.due_at == _utc(due)


@pytest.mark.parametrize(
    ("zone", "starts", "colours"),
    [
        # Fridays, one working hour before the end of the day: the weekend does not count.
        ("Asia/Shanghai", "2026-01-16T08:00", ["01-19 02:00", "01-19 03:00", "01-19 04:00"]),
        ("Europe/Rome", "2026-01-16T15:00", ["01-19 09:00", "01-19 10:00", "01-19 11:00"]),
        ("Europe/Moscow", "2026-01-16T13:00", ["01-19 07:00", "01-19 08:00", "01-19 09:00"]),
        ("America/Chicago", "2026-01-16T22:00", ["01-19 16:00", "01-19 17:00", "01-19 18:00"]),
        # Over the Sunday of summer time: Monday begins an hour earlier, where clocks change.
        ("Europe/Rome", "2026-03-27T15:00", ["03-30 08:00", "03-30 09:00", "03-30 10:00"]),
        ("Europe/Moscow", "2026-03-27T13:00", ["03-30 07:00", "03-30 08:00", "03-30 09:00"]),
        ("Asia/Shanghai", "2026-03-27T08:00", ["03-30 02:00", "03-30 03:00", "03-30 04:00"]),
        ("America/Chicago", "2026-03-06T22:00", ["03-09 15:00", "03-09 16:00", "03-09 17:00"]),
        # Over the Sunday of winter time: an hour later.
        ("Europe/Rome", "2026-10-23T14:00", ["10-26 09:00", "10-26 10:00", "10-26 11:00"]),
        ("Europe/Moscow", "2026-10-23T13:00", ["10-26 07:00", "10-26 08:00", "10-26 09:00"]),
        ("Asia/Shanghai", "2026-10-23T08:00", ["10-26 02:00", "10-26 03:00", "10-26 04:00"]),
        ("America/Chicago", "2026-10-30T21:00", ["11-02 16:00", "11-02 17:00", "11-02 18:00"]),
    ],
)
def test_over_weekends_and_changes_of_the_clocks(
    zone: str, starts: str, colours: list[str]
) -> None:
    assert _advanced_top(_unit(zone), starts) == colours


@pytest.mark.parametrize(
    ("hours", "starts", "colours"),
    [
        # A night shift from Saturday 22:00 on: the skipped hour is no working hour ...
        (range(7), "2026-03-28T23:00", ["03-29 01:00", "03-29 02:00", "03-29 03:00"]),
        # ... and the hour that comes twice is two.
        (range(7), "2026-10-24T22:00", ["10-25 00:00", "10-25 01:00", "10-25 02:00"]),
    ],
)
def test_who_works_through_the_night_of_the_change_works_real_hours(
    hours: range, starts: str, colours: list[str]
) -> None:
    unit = _unit("Europe/Rome", opens_at=time(0), closes_at=time.max, weekdays=list(hours))
    assert _advanced_top(unit, starts) == colours


def test_a_country_that_works_on_certain_saturdays() -> None:
    # China works on Saturday 2026-02-14 and is off from the 15th to the 23rd (Spring Festival).
    unit = _unit("Asia/Shanghai", holiday_country="CN")
    friday_evening = "2026-02-13T08:00"

    assert _advanced_top(unit, friday_evening) == ["02-14 02:00", "02-14 03:00", "02-14 04:00"]
    # From Saturday afternoon it is the day after the festival.
    assert _advanced_top(unit, "2026-02-14T09:00")[-1] == "02-24 05:00"


def test_own_free_days_and_extra_days() -> None:
    unit = _unit("Europe/Rome", extra_days_off=[date(2026, 1, 19)])
    assert _advanced_top(unit, "2026-01-16T15:00")[-1] == "01-20 11:00"
    unit = _unit("Europe/Rome", extra_working_days=[date(2026, 1, 17)])
    assert _advanced_top(unit, "2026-01-16T15:00")[-1] == "01-17 11:00"


def test_a_new_ticket_is_looked_at_within_one_working_hour_whatever_its_priority() -> None:
    unit = _unit("Europe/Rome")
    for priority in (1, 2, 3, 4):
        found = quality.deadlines(
            unit, starts_at=_utc("2026-01-16T15:30"), priority=priority, is_new=True
        )
        assert found.due_at == _utc("2026-01-19T08:30")
        assert found.yellow_at == _utc("2026-01-16T16:00")


@pytest.mark.parametrize(
    "broken",
    [{"time_zone": "Mars/Olympus"}, {"weekdays": []}, {"opens_at": time(17)}],
)
def test_hours_that_cannot_be_stop_no_ticket(broken: dict[str, Any]) -> None:
    unit = _unit(**({"time_zone": "UTC"} | broken))
    found = quality.deadlines(unit, starts_at=_utc("2026-01-05T09:00"), priority=1)
    assert found.due_at == _utc("2026-01-09T17:00")


@pytest.mark.parametrize(
    "change",
    [
        {"quality": Quality.MEDIUM},
        {"time_zone": "Asia/Shanghai"},
        {"opens_at": time(8)},
        {"closes_at": time(18)},
        {"weekdays": [0, 1, 2, 3]},
        {"holiday_country": "IT"},
        {"extra_days_off": [date(2026, 1, 19)]},
        {"extra_working_days": [date(2026, 1, 17)]},
    ],
)
def test_the_digest_tells_every_change_that_moves_a_deadline(change: dict[str, Any]) -> None:
    before = quality.counted_with(_unit("Europe/Rome"))
    assert quality.counted_with(_unit("Europe/Rome", title="x", mailing_list="y@z.org")) == before
    assert quality.counted_with(_unit(**({"time_zone": "Europe/Rome"} | change))) != before


def test_working_time_of_a_unit() -> None:
    spent = quality.working_time_of(
        _unit("Europe/Rome"), _utc("2026-01-16T15:00"), _utc("2026-01-19T10:00")
    )
    assert spent.total_seconds() == 3 * 3600
