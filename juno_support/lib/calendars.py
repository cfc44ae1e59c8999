"""Calendars as people write them, and the calendar of this instance.

A written calendar is one line: weekdays, hours, time zone and country, in this order, each but the
weekdays optional; several groups of weekdays are parted by commas:

    Mon-Fri
    Mon-Fri 09:00-17:00 Europe/Rome IT
    Mon-Thu 08:00-12:00+13:00-17:00, Fri 08:00-14:00 Asia/Shanghai CN
    Mon-Sun 00:00-24:00 UTC

Without hours 09:00-17:00 holds, without a zone UTC, without a country there are no holidays.
"""

from __future__ import annotations

import re
from datetime import time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from juno_support.lib.working_time import END_OF_DAY, Calendar, Opening

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NINE_TO_FIVE: Final[tuple[Opening, ...]] = ((time(9), time(17)),)

_DAYS = re.compile(r"^([A-Za-z]{3})(?:-([A-Za-z]{3}))?$")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")
_COUNTRY = re.compile(r"^([A-Z]{2})(?:-([A-Za-z0-9]{1,6}))?$")


def read_calendar(line: str) -> Calendar:
    """Understand a written calendar. Raises ValueError with words for the person who wrote it."""
    opening: list[tuple[Opening, ...]] = [()] * 7
    zone, country, subdivision = "UTC", "", ""
    groups = [group.split() for group in line.split(",")]
    for group in groups:
        if not group:
            raise ValueError("A calendar starts with weekdays, such as Mon-Fri.")
        days, *rest = group
        hours = NINE_TO_FIVE
        if rest and rest[0][0].isdigit():
            hours = _hours(rest.pop(0))
        for day in _weekdays(days):
            opening[day] = hours
        if rest and group is not groups[-1]:
            raise ValueError("Time zone and country come once, at the end of the line.")
        if rest and (match := _COUNTRY.match(rest[-1])) and rest[-1] != "UTC":
            country, subdivision = match[1], match[2] or ""
            rest.pop()
        if rest:
            zone = _zone(rest.pop(0))
        if rest:
            raise ValueError(f"“{rest[0]}” is not understood: weekdays, hours, zone, country.")
    return Calendar(
        time_zone=zone, opening=tuple(opening), country=country, subdivision=subdivision
    )


def write_calendar(calendar: Calendar) -> str:
    """The line that `read_calendar` understands as this calendar (extra days are not in it)."""
    groups: list[tuple[int, int, tuple[Opening, ...]]] = []
    for day, openings in enumerate(calendar.opening):
        if not openings:
            continue
        if groups and groups[-1][1] == day - 1 and groups[-1][2] == openings:
            groups[-1] = (groups[-1][0], day, openings)
        else:
            groups.append((day, day, openings))
    parts = []
    for first, last, openings in groups:
        days = WEEKDAYS[first] if first == last else f"{WEEKDAYS[first]}-{WEEKDAYS[last]}"
        parts.append(f"{days} {'+'.join(_written(*opening) for opening in openings)}")
    place = f" {calendar.time_zone}"
    if calendar.country:
        place += f" {calendar.country}"
        place += f"-{calendar.subdivision}" if calendar.subdivision else ""
    return ", ".join(parts) + place


def instance_calendar() -> Calendar:
    """The calendar in which the instance counts working days: the setting JUNO_CALENDAR.

    Closing, reminders and "silent for 5 working days" count in it (domain.md, section 4).
    """
    return _read_once(getattr(settings, "JUNO_CALENDAR", "") or "Mon-Fri")


@lru_cache(maxsize=8)
def _read_once(line: str) -> Calendar:
    return read_calendar(line)


def _weekdays(text: str) -> list[int]:
    match = _DAYS.match(text)
    names = {name: number for number, name in enumerate(WEEKDAYS)}
    if not match or match[1].title() not in names:
        raise ValueError(f"“{text}” is not a weekday. Write Mon-Fri, or Sat.")
    first = names[match[1].title()]
    if not match[2]:
        return [first]
    if match[2].title() not in names:
        raise ValueError(f"“{match[2]}” is not a weekday. Write Mon, Tue, Wed, Thu, Fri, Sat, Sun.")
    last = names[match[2].title()]
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _hours(text: str) -> tuple[Opening, ...]:
    openings = []
    for part in text.split("+"):
        match = _HOURS.match(part)
        if not match:
            raise ValueError(f"“{part}” are no opening hours. Write 09:00-17:00.")
        start_hour, start_minute, end_hour, end_minute = (int(digits) for digits in match.groups())
        try:
            end = END_OF_DAY if (end_hour, end_minute) == (24, 0) else time(end_hour, end_minute)
            openings.append((time(start_hour, start_minute), end))
        except ValueError:
            raise ValueError(f"“{part}” are no opening hours. Write 09:00-17:00.") from None
    return tuple(openings)


def time_words(time_of_day: time) -> str:
    """Return a time of day as people write it; the end of the day is 24:00."""
    return "24:00" if time_of_day == END_OF_DAY else f"{time_of_day:%H:%M}"


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, KeyError, OSError):
        raise ValueError(f"“{text}” is not a time zone. Write Europe/Rome, or UTC.") from None
    return text


def _written(start: time, end: time) -> str:
    return f"{start:%H:%M}-{time_words(end)}"
