"""Quality of support: within which working time a unit has to respond (domain: section 7)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from juno_support.lib import calendars, working_time
from juno_support.lib.working_time import WORKING_DAY, Calendar
from supportunits.hours import calendar_of
from supportunits.models import Quality, SupportUnit

_FIVE_DAYS = 5 * WORKING_DAY

# By priority 1 (less urgent) to 4 (top priority), in working time of the unit.
RESPONSE_TIMES: dict[str, dict[int, timedelta]] = {
    Quality.BASE: {1: _FIVE_DAYS, 2: _FIVE_DAYS, 3: _FIVE_DAYS, 4: _FIVE_DAYS},
    Quality.MEDIUM: {1: _FIVE_DAYS, 2: _FIVE_DAYS, 3: WORKING_DAY, 4: WORKING_DAY},
    Quality.ADVANCED: {
        1: _FIVE_DAYS,
        2: WORKING_DAY,
        3: WORKING_DAY,
        4: timedelta(hours=4),
    },
}
# A new ticket is looked at by TPM within this, whatever its priority (domain: section 6).
FIRST_LOOK = timedelta(hours=1)
YELLOW, AMBER = 0.50, 0.75
# Another version may know other public holidays.
_HOLIDAYS = version("holidays")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When half, three quarters and all of a response time have passed; aware, in UTC."""

    yellow_at: datetime
    amber_at: datetime
    due_at: datetime


def deadlines(
    unit: SupportUnit, *, starts_at: datetime, priority: int, is_new: bool = False
) -> Deadlines:
    """Return when a ticket at the unit turns yellow, amber and red, in the unit's working time.

    :param is_new: nobody has routed it yet: TPM's one working hour counts
    """
    target = FIRST_LOOK if is_new else RESPONSE_TIMES[unit.quality][priority]
    return _count(starts_at, target, _calendar(unit, starts_at))


def working_time_of(unit: SupportUnit, starts_at: datetime, ends_at: datetime) -> timedelta:
    """Return how much of the unit's working time lies between two moments.

    Counted as :func:`deadlines` does, also where the unit's own hours cannot be or never come.
    """
    return working_time.working_time_between(starts_at, ends_at, _calendar(unit, starts_at))


def counted_with(unit: SupportUnit) -> str:
    """Return a digest of all that the unit's deadlines depend on, holidays included.

    Deadlines that were counted with another one are counted anew.
    """
    facts = (
        unit.quality,
        unit.time_zone,
        unit.opens_at.isoformat(),
        unit.closes_at.isoformat(),
        sorted(unit.weekdays),
        unit.holiday_country,
        sorted(day.isoformat() for day in unit.extra_days_off),
        sorted(day.isoformat() for day in unit.extra_working_days),
        _HOLIDAYS if unit.holiday_country else "",
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _calendar(unit: SupportUnit, at: datetime) -> Calendar:
    # Hours that cannot be, or never come, must not stop tickets.
    try:
        calendar = calendar_of(unit)
        working_time.next_working_moment(at, calendar)
    except ValueError:
        return calendars.instance_calendar()
    return calendar


def _count(starts_at: datetime, target: timedelta, calendar: Calendar) -> Deadlines:
    return Deadlines(
        yellow_at=working_time.add_working_time(starts_at, target * YELLOW, calendar),
        amber_at=working_time.add_working_time(starts_at, target * AMBER, calendar),
        due_at=working_time.add_working_time(starts_at, target, calendar),
    )
