"""Working time: when a unit works, and how much of its time lies between two moments.

Pure functions over a `Calendar`. Moments go in and come out as aware datetimes; what comes out
is in UTC. Durations are real elapsed time, so a night shift across a change of the clocks is an
hour shorter or longer, as it is for the people who work it. Rules: domain.md, section 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

import holidays
from holidays.holiday_base import HolidayBase

WORKING_DAY: Final = timedelta(hours=8)
"""What "one working day" means in every target, whatever a unit's own opening hours are."""

END_OF_DAY: Final = time.max
"""Written as 24:00; as the end of an opening it means midnight, the start of the next day."""

LONGEST_CLOSURE: Final = 400
"""Days that we look ahead for the next opening before we call a calendar closed for good."""

Opening = tuple[time, time]
Window = tuple[datetime, datetime]

_NINE_TO_FIVE: Final[tuple[Opening, ...]] = ((time(9), time(17)),)
_CLOSED: Final[tuple[Opening, ...]] = ()
MONDAY_TO_FRIDAY: Final = (_NINE_TO_FIVE,) * 5 + (_CLOSED,) * 2


class NeverOpen(ValueError):
    """The calendar has no opening within reach, so no deadline can be counted in it."""


@dataclass(frozen=True)
class Calendar:
    """When somebody works.

    `opening` holds the openings of Monday to Sunday in local time, sorted, without overlaps.
    `country` is an ISO 3166 code (empty: no public holidays), `subdivision` a state or canton.
    `extra_days_off` are the unit's own free days; `extra_working_days` are days on which it works
    although the weekday or a holiday says otherwise. Raises ValueError for what cannot be.
    """

    time_zone: str = "UTC"
    opening: tuple[tuple[Opening, ...], ...] = MONDAY_TO_FRIDAY
    country: str = ""
    subdivision: str = ""
    extra_days_off: frozenset[date] = field(default_factory=frozenset)
    extra_working_days: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if len(self.opening) != 7:
            raise ValueError("a calendar needs the opening hours of seven weekdays")
        for openings in self.opening:
            last = None
            for start, end in openings:
                if start >= end or (last is not None and start < last):
                    raise ValueError("opening hours must be sorted and must not overlap")
                last = end
        ZoneInfo(self.time_zone)  # raises a ValueError or a KeyError where there is no such zone
        if self.country:
            _holidays_around(self.country, self.subdivision, 2026)

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the opening hours are written in."""
        return ZoneInfo(self.time_zone)


def opening_on(calendar: Calendar, day: date) -> tuple[Opening, ...]:
    """The openings on one local day; empty where nobody works.

    A weekend day on which the country works (China moves Saturdays and Sundays around its long
    holidays) has the hours of the first weekday that has any.
    """
    own = calendar.opening[day.weekday()]
    if day in calendar.extra_days_off:
        return _CLOSED
    if day in calendar.extra_working_days:
        return own or _usual(calendar)
    if not calendar.country:
        return own
    official = _holidays_around(calendar.country, calendar.subdivision, day.year)
    if official.is_working_day(day):
        is_weekend = day.weekday() in official.weekend
        return own or (_usual(calendar) if is_weekend else _CLOSED)
    # A day off is a public holiday, or a plain weekend that this unit may well have hours on.
    return _CLOSED if day in official else own


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether the unit works at all on this local day."""
    return bool(opening_on(calendar, day))


def holiday_name(calendar: Calendar, day: date) -> str:
    """The public holiday on this day in the calendar's country, or an empty string."""
    if not calendar.country:
        return ""
    name = _holidays_around(calendar.country, calendar.subdivision, day.year).get(day)
    return str(name) if name else ""


def is_working(calendar: Calendar, moment: datetime) -> bool:
    """Whether the unit is at work at this moment."""
    moment = _utc(moment)
    return any(
        start <= moment < end for start, end in _windows_of(calendar, _day(calendar, moment))
    )


def next_working_moment(moment: datetime, calendar: Calendar) -> datetime:
    """`moment` itself while the unit works, else the start of its next opening.

    Raises NeverOpen.
    """
    moment = _utc(moment)
    start, _ = next(_windows_from(calendar, moment))
    return max(moment, start)


def add_working_time(start: datetime, duration: timedelta, calendar: Calendar) -> datetime:
    """The earliest moment at which `duration` of working time has passed since `start`.

    A duration of zero gives `start`. Raises ValueError for a negative duration, NeverOpen where
    the calendar is closed for good.
    """
    if duration < timedelta(0):
        raise ValueError("working time cannot be taken away")
    start = _utc(start)
    if not duration:
        return start
    left = duration
    for opens, closes in _windows_from(calendar, start):
        opens = max(opens, start)
        here = closes - opens
        if left <= here:
            return opens + left
        left -= here
    raise NeverOpen(_NEVER)


def add_working_days(start: datetime, days: float, calendar: Calendar) -> datetime:
    """`add_working_time` with working days of eight working hours."""
    return add_working_time(start, days * WORKING_DAY, calendar)


def working_days_ago(end: datetime, days: int, calendar: Calendar) -> datetime:
    """The same time of day so many working days before; what is older has been left that long."""
    moment = end
    while days > 0:
        moment -= timedelta(days=1)
        if is_working_day(calendar, _day(calendar, moment)):
            days -= 1
        if end - moment > timedelta(days=366):
            raise NeverOpen(_NEVER)
    return moment


def working_time_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much working time lies between two moments; negative where `end` is the earlier one."""
    start, end = _utc(start), _utc(end)
    if end < start:
        return -working_time_between(end, start, calendar)
    total = timedelta(0)
    day, last = _day(calendar, start), _day(calendar, end)
    while day <= last:
        for opens, closes in _windows_of(calendar, day):
            total += max(min(closes, end) - max(opens, start), timedelta(0))
        day += timedelta(days=1)
    return total


_NEVER: Final = "The calendar has no working hours. Give it opening hours on at least one weekday."


def _usual(calendar: Calendar) -> tuple[Opening, ...]:
    return next((openings for openings in calendar.opening if openings), _CLOSED)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("working time needs a moment with a time zone")
    return moment.astimezone(UTC)


def _day(calendar: Calendar, moment: datetime) -> date:
    return moment.astimezone(calendar.zone).date()


def _windows_from(calendar: Calendar, moment: datetime) -> Iterator[Window]:
    """The openings that end after `moment`, for ever; raises NeverOpen instead of searching on."""
    first = _day(calendar, moment)
    last_open = first
    for offset in count():
        day = first + timedelta(days=offset)
        for window in _windows_of(calendar, day):
            if window[1] > moment:
                last_open = day
                yield window
        if (day - last_open).days > LONGEST_CLOSURE:
            raise NeverOpen(_NEVER)


@lru_cache(maxsize=20_000)
def _windows_of(calendar: Calendar, day: date) -> tuple[Window, ...]:
    """The openings of one local day, in UTC.

    A time that the clocks skip counts as the moment of the change plus what it is past it, and a
    time that comes twice as the first one; clipping to the day and to the opening before keeps the
    openings apart where a boundary falls into the skipped hour (or, on Samoa, the skipped day).
    """
    openings = opening_on(calendar, day)
    if not openings:
        return ()
    zone = calendar.zone
    earliest = _moment(day, time.min, zone)
    midnight = _moment(day + timedelta(days=1), time.min, zone)
    windows = []
    for start, end in openings:
        opens = max(_moment(day, start, zone), earliest)
        closes = midnight if end == END_OF_DAY else min(_moment(day, end, zone), midnight)
        if opens < closes:
            windows.append((opens, closes))
            earliest = closes
    return tuple(windows)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=1_000)
def _holidays_around(country: str, subdivision: str, year: int) -> HolidayBase:
    """The official days off of a country in one year.

    Made once a year and never grown: the library fills its years on demand, and a thread that
    looks while another fills sees a year without holidays. The neighbours are included because a
    holiday may be observed on the other side of New Year. Raises ValueError for a country or
    subdivision that the library does not know.
    """
    try:
        return holidays.country_holidays(
            country,
            subdiv=subdivision or None,
            years=[y for y in (year - 1, year, year + 1) if 1 <= y <= 9999],
            expand=False,
            language="en_US",
        )
    except NotImplementedError as unknown:
        raise ValueError(str(unknown)) from unknown


def known_countries() -> list[str]:
    """The country codes for which public holidays are known, sorted."""
    codes = holidays.list_supported_countries(include_aliases=False)
    return sorted(codes)
