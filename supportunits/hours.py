"""A support unit's working time: from its row to the calendar that counts."""

from juno_support.lib.working_time import Calendar, Opening
from supportunits.models import SupportUnit


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
