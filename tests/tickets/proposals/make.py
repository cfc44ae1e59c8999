"""Make states of things as the sources' polls leave them behind."""

from datetime import datetime, timedelta
from typing import Any

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun
from juno_support.feeds.registry import find_kind
from monitoring.models import (
    Classification,
    Downtime,
    Entity,
    Severity,
    StatusInterval,
)
from monitoring.observations import EntityKind
from monitoring.statuses import SEVERITY
from tests.make import AT
from topology.models import Service, Site

MINUTE = timedelta(minutes=1)


def polled(name: str, *, at: datetime = AT, doubt: str = "") -> None:
    """Let a source have answered well at a moment."""
    FeedRun.objects.create(
        source=ensure_source(find_kind(name)),
        started_at=at,
        finished_at=at,
        outcome="ok",
        doubt=doubt,
    )


def state(
    site: Site,
    status: str = "critical",
    *,
    since: datetime,
    until: datetime | None = None,
    source: str = "argo",
    thing: str = "",
    service: Service | None = None,
    metric: str = "status",
    vo: str = "",
    **fields: Any,
) -> StatusInterval:
    """Let a source say how a thing at a site was; the site itself unless a thing is named."""
    row = ensure_source(find_kind(source))
    kind = EntityKind.SERVICE if thing else EntityKind.SITE
    entity, _new = Entity.objects.get_or_create(
        namespace="argo" if source == "argo" else "dirac",
        kind=kind,
        name=thing or site.name,
        defaults={"site": site, "service": service, "first_seen_at": since},
    )
    return StatusInterval.objects.create(
        entity=entity,
        site=site,
        source=row,
        metric=metric,
        vo=vo,
        status=status,
        severity=SEVERITY[status],
        raw_status=fields.pop("raw_status", status.upper()),
        since=since,
        until=until,
        noticed_at=until or since,
        **fields,
    )


def turn(interval: StatusInterval, status: str, at: datetime) -> StatusInterval:
    """Let a thing go over into another state."""
    StatusInterval.objects.filter(pk=interval.pk).update(until=at, noticed_at=at)
    interval.pk = None
    interval.status, interval.severity = status, SEVERITY[status]
    interval.raw_status = status.upper()
    interval.since, interval.until, interval.noticed_at = at, None, at
    interval.save(force_insert=True)
    return interval


def outage(
    site: Site,
    *,
    starts_at: datetime,
    ends_at: datetime,
    severity: str = Severity.OUTAGE,
    services: tuple[Service, ...] = (),
) -> Downtime:
    """Let a downtime be declared; without services it is one of the whole site."""
    row = Downtime.objects.create(
        source="gocdb",
        key=f"{site.pk}-{starts_at:%d%H%M}-{severity}",
        site=site,
        severity=severity,
        classification=Classification.UNSCHEDULED,
        description="Power",
        declared_at=starts_at,
        starts_at=starts_at,
        ends_at=ends_at,
        first_seen_at=starts_at,
        changed_at=starts_at,
    )
    row.services.add(*services)
    return row
