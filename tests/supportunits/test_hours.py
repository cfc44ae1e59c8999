"""Whether a unit is at work."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from supportunits import hours
from supportunits.models import SupportUnit


def _unit(**fields: Any) -> SupportUnit:
    return SupportUnit(time_zone=fields.pop("time_zone", "Europe/Paris"), **fields)


@pytest.mark.parametrize(
    ("moment", "is_working", "next_at"),
    [
        ("2026-01-12T08:30", True, None),
        ("2026-01-12T07:59", False, "2026-01-12T09:00+01:00"),
        ("2026-01-12T16:00", False, "2026-01-13T09:00+01:00"),
        ("2026-01-16T16:00", False, "2026-01-19T09:00+01:00"),
        # the night of the change to summer time
        ("2026-03-29T00:30", False, "2026-03-30T09:00+02:00"),
    ],
)
def test_presence(moment: str, is_working: bool, next_at: str | None) -> None:
    here = hours.presence(_unit(), datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert here.is_working is is_working
    assert here.next_at == (datetime.fromisoformat(next_at) if next_at else None)


def test_the_local_time_is_the_units(at: datetime) -> None:
    assert hours.presence(_unit(time_zone="Asia/Shanghai"), at).local.hour == 16


def test_holidays_and_own_free_days() -> None:
    new_year = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
    here = hours.presence(_unit(holiday_country="FR"), new_year)
    assert not here.is_working
    assert here.holiday
    assert hours.presence(_unit(), new_year).is_working
    assert not hours.presence(_unit(extra_days_off=[date(2026, 1, 1)]), new_year).is_working


def test_extra_working_days_win_over_the_weekend() -> None:
    saturday = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
    assert not hours.presence(_unit(), saturday).is_working
    assert hours.presence(_unit(extra_working_days=[date(2026, 1, 10)]), saturday).is_working


@pytest.mark.parametrize(
    "fields",
    [
        {"time_zone": "Mars/Olympus"},
        {"weekdays": []},
        {"opens_at": time(17), "closes_at": time(9)},
        {"holiday_country": "QQ"},
    ],
)
def test_hours_that_cannot_be_are_never_at_work(fields: dict[str, Any], at: datetime) -> None:
    here = hours.presence(_unit(**fields), at)
    assert (here.is_working, here.next_at) == (False, None)
