"""A support unit's working time: from its row to the calendar that counts."""

from dataclasses import dataclass
from datetime import datetime

from juno_support.lib import working_time
from juno_support.lib.working_time import Calendar, Opening
from supportunits.models import SupportUnit

FIELDS = (
    "time_zone",
    "opens_at",
    "closes_at",
    "weekdays",
    "holiday_country",
    "extra_days_off",
    "extra_working_days",
)
"""What a unit's working time depends on."""


def calendar_of(unit: SupportUnit) -> Calendar:
    """Return the unit's calendar: its weekdays and hours in its zone, holidays, extra days.

    :raises ValueError: for a zone, a country or hours that cannot be; `change_unit` refuses them,
        so it takes a row written by other means
    """
    hours: tuple[Opening, ...] = ((unit.opens_at, unit.closes_at),)
    try:
        return Calendar(
            time_zone=unit.time_zone,
            opening=tuple(hours if day in unit.weekdays else () for day in range(7)),
            country=unit.holiday_country,
            extra_days_off=frozenset(unit.extra_days_off),
            extra_working_days=frozenset(unit.extra_working_days),
        )
    except KeyError as error:  # ZoneInfo's word for a zone that it does not know
        raise ValueError(f"there is no time zone {unit.time_zone}") from error


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a unit works at a moment.

    :ivar local: the moment in the unit's zone
    :ivar is_working: it is at work
    :ivar holiday: the name of today's holiday there, or empty
    :ivar next_at: when it works next, aware; None while it works, or if it never does
    """

    local: datetime
    is_working: bool
    holiday: str
    next_at: datetime | None


def presence(unit: SupportUnit, at: datetime) -> Presence:
    """Return whether the unit works at the moment, and else when it works next."""
    try:
        calendar = calendar_of(unit)
        local = at.astimezone(calendar.zone)
        is_working = working_time.is_working(calendar, at)
        next_at = None if is_working else working_time.next_working_moment(at, calendar)
        return Presence(
            local=local,
            is_working=is_working,
            holiday=working_time.holiday_name(calendar, local.date()),
            next_at=next_at.astimezone(calendar.zone) if next_at else None,
        )
    except ValueError:  # hours that cannot be, or that never come
        return Presence(local=at, is_working=False, holiday="", next_at=None)
