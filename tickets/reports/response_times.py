"""How long units took to respond, in their working time, with and without outages of the service.

Domain: sections 7 and 12. The figures come from the stored response periods.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.outages import Window, outages_of_services
from supportunits.models import SupportUnit
from supportunits.quality import working_time_of
from tickets import queries, response
from tickets.models import ResponsePeriod, Ticket


@dataclass(frozen=True)
class ResponseTime:
    """How long a unit took, or has taken so far, to respond; in its working time.

    :ivar outage: how much of it lay in an OUTAGE that covers a service which the ticket names
    """

    period: ResponsePeriod
    spent: timedelta
    outage: timedelta

    @property
    def without_outage(self) -> timedelta:
        """Return the figure that reports add: without the hours of an outage."""
        return self.spent - self.outage


def response_times(
    ticket: Ticket, *, at: datetime, names_services: bool = True
) -> list[ResponseTime]:
    """Return the response time of every unit that ever had the ticket, oldest first; two queries.

    :param names_services: False where the caller knows that the ticket names no service
    """
    periods = list(
        ResponsePeriod.objects.filter(ticket=ticket).select_related("unit").order_by("pk")
    )
    if not periods:
        return []
    windows: list[Window] = []
    if names_services:
        windows = outages_of_services(
            ticket.affected_services.all(), starts_at=periods[0].starts_at, ends_at=at
        )
    found = []
    for period in periods:
        starts_at, ends_at = period.starts_at, period.ends_at or at
        outages = (
            working_time_of(period.unit, max(begin, starts_at), min(end, ends_at))
            for begin, end in windows
            if begin < ends_at and end > starts_at
        )
        spent = working_time_of(period.unit, starts_at, ends_at)
        found.append(ResponseTime(period, spent, sum(outages, timedelta(0))))
    return found


def response_counts(user: Any, unit: SupportUnit, *, at: datetime) -> dict[str, int]:
    """Return how many tickets of a unit are late, amber and silent, up to a hundred; one query."""
    here = queries.open_tickets(user).filter(unit=unit)
    lists = {
        "late": here.filter(due_at__lte=at),
        "amber": here.filter(amber_at__lte=at, due_at__gt=at),
        "silent": here.filter(response.silent(at)),
    }
    return dict(zip(lists, queries.count_up_to_limit(list(lists.values())), strict=True))
