"""Calendars as people write them."""

from datetime import time

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.calendars import (
    NINE_TO_FIVE,
    instance_calendar,
    read_calendar,
    write_calendar,
)
from juno_support.lib.working_time import END_OF_DAY, MONDAY_TO_FRIDAY, Calendar


@pytest.mark.parametrize(
    ("line", "calendar"),
    [
        ("Mon-Fri", Calendar()),
        ("mon-fri", Calendar()),
        (
            "Mon-Fri 09:00-17:00 Europe/Rome IT",
            Calendar(time_zone="Europe/Rome", country="IT"),
        ),
        (
            "Mon-Fri Europe/Berlin DE-BY",
            Calendar("Europe/Berlin", MONDAY_TO_FRIDAY, "DE", "BY"),
        ),
        ("Mon-Fri CN", Calendar(country="CN")),
        ("Mon-Sun 00:00-24:00 UTC", Calendar(opening=(((time(0), END_OF_DAY),),) * 7)),
        ("Sun-Thu", Calendar(opening=(NINE_TO_FIVE,) * 4 + ((), (), NINE_TO_FIVE))),
        (
            "Mon-Thu 08:00-12:00+13:00-17:00, Fri 08:00-14:00 Asia/Shanghai CN",
            Calendar(
                time_zone="Asia/Shanghai",
                country="CN",
                opening=(((time(8), time(12)), (time(13), time(17))),) * 4
                + (((time(8), time(14)),), (), ()),
            ),
        ),
    ],
)
def test_what_people_write(line: str, calendar: Calendar) -> None:
    assert read_calendar(line) == calendar
    assert read_calendar(write_calendar(calendar)) == calendar


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("", "weekdays"),
        ("Mon-Fri,", "weekdays"),
        ("Mon-Fro", "Fro"),
        ("Workdays", "Workdays"),
        ("Mon-Fri 9-17", "9-17"),
        ("Mon-Fri 09:00-25:00", "25:00"),
        ("Mon-Fri 17:00-09:00", "sorted"),
        ("Mon-Fri Europe/Roma", "Europe/Roma"),
        ("Mon-Fri UTC XX", "XX"),
        ("Mon-Fri Europe/Rome, Sat", "once"),
        ("Mon-Fri UTC IT IT", "IT"),
    ],
)
def test_what_is_wrong_is_named(line: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_calendar(line)


@given(st.text(alphabet="MonFri-,: 0927UTCIT+/", max_size=40))
def test_any_line_gives_a_calendar_or_a_value_error(line: str) -> None:
    try:
        calendar = read_calendar(line)
    except ValueError:
        return
    assert read_calendar(write_calendar(calendar)) == calendar


def test_the_instance_calendar_comes_from_the_setting() -> None:
    with override_settings(JUNO_CALENDAR="Sun-Thu 08:00-16:00 Asia/Riyadh SA"):
        assert instance_calendar() == read_calendar("Sun-Thu 08:00-16:00 Asia/Riyadh SA")
    with override_settings(JUNO_CALENDAR=""):
        assert instance_calendar() == Calendar()
