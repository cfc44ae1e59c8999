"""Working time: the vectors of domain.md section 7, both changes of the clocks, and its laws."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juno_support.lib.working_time import (
    END_OF_DAY,
    MONDAY_TO_FRIDAY,
    Calendar,
    NeverOpen,
    add_working_days,
    add_working_time,
    holiday_name,
    is_working,
    is_working_day,
    next_working_moment,
    working_days_ago,
    working_time_between,
)

SEVEN_TO_THREE = Calendar(opening=(((time(7), time(15)),),) * 5 + ((),) * 2)
AROUND_THE_CLOCK = (((time(0), END_OF_DAY),),) * 7


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("start", "working_hours", "due"),
    [
        (utc(2026, 1, 2, 14), 4, utc(2026, 1, 5, 10)),
        (utc(2026, 1, 2, 14), 8, utc(2026, 1, 5, 14)),
        (utc(2026, 1, 3, 12), 2, utc(2026, 1, 5, 9)),
        (utc(2026, 1, 5, 6, 30), 40, utc(2026, 1, 9, 15)),
        (utc(2026, 1, 5, 14, 59), 30, utc(2026, 1, 9, 12, 59)),
    ],
)
def test_the_vectors_of_the_domain(start: datetime, working_hours: int, due: datetime) -> None:
    assert add_working_time(start, hours(working_hours), SEVEN_TO_THREE) == due
    assert working_time_between(start, due, SEVEN_TO_THREE) == hours(working_hours)


def test_a_working_day_is_eight_working_hours() -> None:
    assert add_working_days(utc(2026, 1, 2, 14), 1, SEVEN_TO_THREE) == utc(2026, 1, 5, 14)
    assert add_working_days(utc(2026, 1, 5, 7), 10, SEVEN_TO_THREE) == utc(2026, 1, 16, 15)


def test_a_deadline_that_fits_ends_with_the_day_and_not_with_the_next_one() -> None:
    assert add_working_time(utc(2026, 1, 2, 14), hours(1), SEVEN_TO_THREE) == utc(2026, 1, 2, 15)


def test_nothing_added_is_nothing_moved() -> None:
    saturday = utc(2026, 1, 3, 12)
    assert add_working_time(saturday, hours(0), SEVEN_TO_THREE) == saturday


# The clocks change in the night before these Sundays: an opening over the night is an hour shorter
# in spring and longer in autumn, whichever side of the equator spring is.
@pytest.mark.parametrize(
    ("zone", "sunday", "length"),
    [
        ("Europe/Rome", date(2026, 3, 29), 23),
        ("Europe/Rome", date(2026, 10, 25), 25),
        ("America/Chicago", date(2026, 3, 8), 23),
        ("America/Chicago", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("Asia/Shanghai", date(2026, 10, 25), 24),
    ],
)
def test_a_sunday_on_which_the_clocks_change(zone: str, sunday: date, length: float) -> None:
    calendar = Calendar(time_zone=zone, opening=AROUND_THE_CLOCK)
    start = datetime.combine(sunday, time(0), ZoneInfo(zone))
    end = datetime.combine(sunday + timedelta(days=1), time(0), ZoneInfo(zone))
    assert working_time_between(start, end, calendar) == hours(length)
    assert add_working_time(start, hours(length), calendar) == end


@pytest.mark.parametrize(
    ("friday", "due"),
    [
        # Rome: 16:00 on Friday, four working hours, the clocks change on the Sunday between.
        (utc(2026, 3, 27, 15), utc(2026, 3, 30, 10)),  # 16:00 CET  -> Monday 12:00 CEST
        (
            utc(2026, 10, 23, 14),
            utc(2026, 10, 26, 11),
        ),  # 16:00 CEST -> Monday 12:00 CET
    ],
)
def test_office_hours_keep_to_the_wall_clock(friday: datetime, due: datetime) -> None:
    rome = Calendar(time_zone="Europe/Rome")
    assert add_working_time(friday, hours(4), rome) == due
    assert due.astimezone(ZoneInfo("Europe/Rome")).hour == 12


def test_openings_that_begin_and_end_inside_the_skipped_hour_do_not_overlap() -> None:
    nights = Calendar(
        time_zone="Europe/Rome",
        opening=(((time(0), time(2, 30)), (time(2, 45), time(3)), (time(3), time(6))),) * 7,
    )
    start = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Rome"))
    end = datetime(2026, 3, 29, 6, tzinfo=ZoneInfo("Europe/Rome"))
    assert working_time_between(start, end, nights) <= hours(5)


def test_the_day_that_samoa_skipped_has_no_hours() -> None:
    apia = Calendar(time_zone="Pacific/Apia")
    before = datetime(2011, 12, 29, 17, tzinfo=ZoneInfo("Pacific/Apia"))  # Thursday
    after = datetime(2011, 12, 31, 0, tzinfo=ZoneInfo("Pacific/Apia"))  # Saturday
    assert working_time_between(before, after, apia) == hours(0)


def test_public_holidays_of_the_country() -> None:
    italy = Calendar(time_zone="Europe/Rome", country="IT")
    assert not is_working_day(italy, date(2026, 6, 2))
    assert holiday_name(italy, date(2026, 6, 2)) == "Republic Day"
    assert is_working_day(italy, date(2026, 6, 3))
    assert holiday_name(italy, date(2026, 6, 3)) == ""


def test_a_country_that_works_on_a_certain_saturday() -> None:
    china = Calendar(time_zone="Asia/Shanghai", country="CN")
    spring_festival, saturday, plain = (
        date(2026, 2, 17),
        date(2026, 2, 14),
        date(2026, 3, 7),
    )
    assert not is_working_day(china, spring_festival)
    assert is_working_day(china, saturday)
    assert not is_working_day(china, plain)
    nine = datetime(2026, 2, 14, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert working_time_between(nine, nine + hours(24), china) == hours(8)


def test_a_unit_that_is_open_on_saturdays_is_closed_on_a_holiday_saturday() -> None:
    week = Calendar(country="IT", opening=(*MONDAY_TO_FRIDAY[:5], ((time(9), time(12)),), ()))
    assert is_working_day(week, date(2026, 5, 16))
    assert not is_working_day(week, date(2026, 8, 15))  # Ferragosto, a Saturday


def test_a_unit_that_is_closed_on_wednesdays_stays_closed_although_the_country_works() -> None:
    week = Calendar(country="IT", opening=(*MONDAY_TO_FRIDAY[:2], (), *MONDAY_TO_FRIDAY[3:]))
    assert not is_working_day(week, date(2026, 6, 3))


def test_own_days_win_over_the_country() -> None:
    italy = Calendar(
        country="IT",
        extra_days_off=frozenset({date(2026, 6, 3)}),
        extra_working_days=frozenset({date(2026, 6, 2), date(2026, 6, 6)}),
    )
    assert not is_working_day(italy, date(2026, 6, 3))
    assert is_working_day(italy, date(2026, 6, 2))
    assert is_working_day(italy, date(2026, 6, 6))


def test_next_working_moment() -> None:
    assert next_working_moment(utc(2026, 1, 2, 14), SEVEN_TO_THREE) == utc(2026, 1, 2, 14)
    assert next_working_moment(utc(2026, 1, 2, 15), SEVEN_TO_THREE) == utc(2026, 1, 5, 7)
    assert next_working_moment(utc(2026, 1, 5, 3), SEVEN_TO_THREE) == utc(2026, 1, 5, 7)


def test_is_working() -> None:
    assert is_working(SEVEN_TO_THREE, utc(2026, 1, 2, 7))
    assert not is_working(SEVEN_TO_THREE, utc(2026, 1, 2, 15))


def test_a_calendar_without_hours_says_so_instead_of_searching_for_ever() -> None:
    closed = Calendar(opening=((),) * 7)
    with pytest.raises(NeverOpen):
        add_working_time(utc(2026, 1, 2), hours(1), closed)
    with pytest.raises(NeverOpen):
        next_working_moment(utc(2026, 1, 2), closed)
    assert working_time_between(utc(2026, 1, 2), utc(2026, 2, 2), closed) == hours(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"opening": MONDAY_TO_FRIDAY[:6]},
        {"opening": (((time(17), time(9)),),) * 7},
        {"opening": (((time(9), time(12)), (time(11), time(17))),) * 7},
        {"country": "XX"},
        {"country": "DE", "subdivision": "QQ"},
    ],
)
def test_impossible_calendars_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        Calendar(**wrong)


def test_naive_moments_and_negative_durations_are_refused() -> None:
    with pytest.raises(ValueError):
        add_working_time(utc(2026, 1, 2).replace(tzinfo=None), hours(1), SEVEN_TO_THREE)
    with pytest.raises(ValueError):
        add_working_time(utc(2026, 1, 2), hours(-1), SEVEN_TO_THREE)


calendars = st.sampled_from(
    [
        SEVEN_TO_THREE,
        Calendar(time_zone="Europe/Rome", country="IT"),
        Calendar(time_zone="Asia/Shanghai", country="CN"),
        Calendar(time_zone="America/Chicago", country="US", opening=AROUND_THE_CLOCK),
        Calendar(time_zone="Australia/Lord_Howe", opening=AROUND_THE_CLOCK),
        Calendar(time_zone="Europe/Paris", opening=(((time(1), time(2, 30)),),) * 7),
        Calendar(
            time_zone="Europe/Moscow",
            opening=(((time(8), time(12)), (time(13), time(17))),) * 5 + ((),) * 2,
        ),
    ]
)
moments = st.integers(0, 427 * 24 * 60).map(
    lambda minutes: utc(2025, 12, 1) + timedelta(minutes=minutes)
)
durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=120))


@settings(max_examples=200, deadline=None)
@given(calendars, moments, durations)
def test_between_is_the_inverse_of_adding(
    calendar: Calendar, start: datetime, duration: timedelta
) -> None:
    due = add_working_time(start, duration, calendar)
    assert working_time_between(start, due, calendar) == duration
    assert working_time_between(due, start, calendar) == -duration


@settings(max_examples=200, deadline=None)
@given(calendars, moments, durations, durations)
def test_adding_is_additive(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    at_once = add_working_time(start, first + second, calendar)
    in_steps = add_working_time(add_working_time(start, first, calendar), second, calendar)
    assert at_once == in_steps


@settings(max_examples=200, deadline=None)
@given(calendars, moments, moments, durations)
def test_adding_is_monotone(
    calendar: Calendar, one: datetime, other: datetime, duration: timedelta
) -> None:
    early, late = sorted((one, other))
    if duration:
        assert add_working_time(early, duration, calendar) <= add_working_time(
            late, duration, calendar
        )
    assert add_working_time(early, duration, calendar) >= early


@settings(max_examples=200, deadline=None)
@given(calendars, st.lists(moments, min_size=3, max_size=3))
def test_time_between_adds_up(calendar: Calendar, three: list[datetime]) -> None:
    first, middle, last = sorted(three)
    whole = working_time_between(first, last, calendar)
    parts = working_time_between(first, middle, calendar) + working_time_between(
        middle, last, calendar
    )
    assert whole == parts
    assert timedelta(0) <= whole <= last - first


@settings(max_examples=200, deadline=None)
@given(calendars, moments)
def test_the_next_working_moment_is_one(calendar: Calendar, moment: datetime) -> None:
    following = next_working_moment(moment, calendar)
    assert following >= moment
    assert is_working(calendar, following)
    assert working_time_between(moment, following, calendar) == timedelta(0)


@pytest.mark.parametrize(
    ("end", "days", "expected"),
    [
        # Monday 12 January 2026: one working day before is Friday, five are the Monday before.
        ("2026-01-12T08:30Z", 1, "2026-01-09T08:30Z"),
        ("2026-01-12T08:30Z", 5, "2026-01-05T08:30Z"),
        ("2026-01-11T12:00Z", 1, "2026-01-09T12:00Z"),
        ("2026-01-12T08:30Z", 0, "2026-01-12T08:30Z"),
    ],
)
def test_working_days_ago(end: str, days: int, expected: str) -> None:
    moment = datetime.fromisoformat(end)

    assert working_days_ago(moment, days, Calendar()) == datetime.fromisoformat(expected)


def test_working_days_ago_where_nobody_ever_works() -> None:
    with pytest.raises(NeverOpen):
        working_days_ago(utc(2026, 1, 12), 1, Calendar(opening=((),) * 7))
