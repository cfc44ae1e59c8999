"""Make what sources of states have told: things by their names, and in which state they are."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun, Outcome, Source
from juno_support.feeds.registry import SOURCES, find_kind
from monitoring.models import Entity, StatusInterval
from monitoring.observations import EntityKind
from monitoring.statuses import SEVERITY
from topology.models import NetworkLink, Site

STATE_SOURCES = ("argo", "dirac-https", "diracx", "perfsonar", "maddash")
NAMESPACES = {"dirac-https": "dirac", "diracx": "dirac", "maddash": "perfsonar"}

_number = count(1)


def read(name: str, at: datetime, *, doubt: str = "", ago: timedelta = timedelta(0)) -> Source:
    """Put a source in use and record that it was read well a while ago."""
    source = ensure_source(find_kind(name))
    Source.objects.filter(pk=source.pk).update(url="https://source.example.org")
    FeedRun.objects.create(
        source=source,
        started_at=at - ago,
        finished_at=at - ago,
        outcome=Outcome.OK,
        doubt=doubt,
        window_starts_at=at - timedelta(days=30),
    )
    return source


def read_gocdb(at: datetime) -> None:
    """Record that both sources of GOCDB were read just now."""
    for kind in SOURCES:
        if kind.name.startswith("gocdb"):
            read(kind.name, at)


def make_entity(source: str, kind: str = EntityKind.SITE, name: str = "", **fields: Any) -> Entity:
    """Make a thing by the name that a source has for it."""
    return Entity.objects.create(
        namespace=NAMESPACES.get(source, source),
        kind=kind,
        name=name or f"thing-{next(_number)}",
        first_seen_at=fields.pop("first_seen_at", datetime(2026, 1, 1).astimezone()),
        **fields,
    )


def make_state(
    entity: Entity,
    source: str,
    status: str,
    *,
    since: datetime,
    until: datetime | None = None,
    metric: str = "status",
    **fields: Any,
) -> StatusInterval:
    """Make an interval; open unless ``until`` is given."""
    return StatusInterval.objects.create(
        entity=entity,
        site=entity.site,
        source=Source.objects.get(name=source),
        metric=metric,
        status=status,
        severity=SEVERITY[status],
        raw_status=fields.pop("raw_status", status.upper()),
        since=since,
        until=until,
        noticed_at=since,
        **fields,
    )


def say(site: Site, source: str, status: str, *, since: datetime, **fields: Any) -> StatusInterval:
    """Make a source say of a site in which state it is."""
    entity = Entity.objects.filter(
        namespace=NAMESPACES.get(source, source), kind=EntityKind.SITE, site=site
    ).first() or make_entity(source, name=f"{source}.{site.name}", site=site)
    return make_state(entity, source, status, since=since, **fields)


def make_link(one: Site, other: Site, name: str = "", **fields: Any) -> NetworkLink:
    """Make a link between two sites."""
    return NetworkLink.objects.create(
        name=name or f"{one.name}-{other.name}-001",
        kind=fields.pop("kind", "LHCONE"),
        site_a=one,
        site_b=other,
        **fields,
    )
