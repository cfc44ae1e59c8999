"""When services were in a declared OUTAGE: what reports leave out of response times."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from monitoring.models import Downtime, Severity
from topology.models import Service

Window = tuple[datetime, datetime]


def outages_of_services(
    services: QuerySet[Service], *, starts_at: datetime, ends_at: datetime
) -> list[Window]:
    """Return when any of the services was in an OUTAGE within a period, overlaps folded; one query.

    Downtimes that were withdrawn do not count, and an "at risk" (WARNING) covers nothing.
    """
    rows = (
        Downtime.objects.filter(
            services__in=services,
            severity=Severity.OUTAGE,
            withdrawn_at=None,
            starts_at__lt=ends_at,
            ends_at__gt=starts_at,
        )
        .order_by("starts_at", "ends_at")
        .values_list("starts_at", "ends_at")
        .distinct()
    )
    return _folded((max(begin, starts_at), min(end, ends_at)) for begin, end in rows)


def _folded(windows: Iterable[Window]) -> list[Window]:
    found: list[Window] = []
    for begin, end in windows:
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
