"""The last days of some sites as plain stretches, few enough to be drawn on strips.

Of a site its own states, those of its storage elements and of the links that touch it; of its
services only those that were asked about, because a site may have hundreds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, Q
from django.db.models.lookups import In

from monitoring.models import Downtime, Entity, StatusInterval
from monitoring.models.interval import Period, eight_bytes
from monitoring.observations import EntityKind
from topology.models import NetworkLink, Service

MOST_STRETCHES = 4000
_COLUMNS = (
    "site_id",
    "entity__link_id",
    "entity__kind",
    "entity__name",
    "source__name",
    "metric",
    "status",
    "since",
    "until",
)


class Stretch(NamedTuple):
    """A thing was in one state from ``since`` to ``until`` (None: still); ``kind`` as in
    ``EntityKind``.
    """

    kind: str
    entity: str
    source: str
    metric: str
    status: str
    since: datetime
    until: datetime | None


class Declared(NamedTuple):
    """A downtime that holds, or held."""

    severity: str
    starts_at: datetime
    ends_at: datetime


def recent_states(
    site_ids: Collection[int],
    *,
    starts_at: datetime,
    ends_at: datetime,
    sources: Collection[str],
    services: Iterable[Service] = (),
    vo: str | None = None,
) -> dict[int, list[Stretch]]:
    """Return the stretches of sites over a period, the newest first; three queries.

    Of very many (``MOST_STRETCHES``) the oldest are left out.

    :param sources: the names of those that count
    :param vo: stretches for other VOs are left out
    """
    ids = set(site_ids)
    if not ids:
        return {}
    links: dict[int, set[int]] = {}
    for link, one, other in NetworkLink.objects.filter(
        Q(site_a__in=ids) | Q(site_b__in=ids)
    ).values_list("pk", "site_a_id", "site_b_id"):
        links[link] = {one, other} & ids
    own = Q(entity__kind__in=(EntityKind.SITE, EntityKind.STORAGE))
    named = [service.pk for service in services]
    if named:
        own |= Q(entity__service__in=named)
    touching = StatusInterval.objects.annotate(period=Period()).filter(
        period__overlap=DateTimeTZRange(starts_at, ends_at, "[]"), source__name__in=sources
    )
    if vo is not None:
        touching = touching.filter(vo__in=("", vo))
    of_links = Entity.objects.filter(link__in=links)
    rows: list[tuple[Any, ...]] = []
    for some in (
        touching.filter(own, In(F("site"), eight_bytes(ids)), entity__site__in=ids),
        touching.filter(entity__in=of_links),
    ):
        rows += some.order_by("-since").values_list(*_COLUMNS)[:MOST_STRETCHES]
    found: dict[int, list[Stretch]] = defaultdict(list)
    for site, link, *values in rows:
        for at_site in (site,) if link is None else links.get(link, ()):
            found[at_site].append(Stretch(*values))
    return dict(found)


def recent_downtimes(
    site_ids: Collection[int], *, starts_at: datetime, ends_at: datetime
) -> dict[int, list[Declared]]:
    """Return the downtimes of sites that touch a period and hold; one query."""
    found: dict[int, list[Declared]] = defaultdict(list)
    for site, severity, begin, end in Downtime.objects.filter(
        site__in=site_ids, withdrawn_at=None, starts_at__lt=ends_at, ends_at__gt=starts_at
    ).values_list("site_id", "severity", "starts_at", "ends_at"):
        found[site].append(Declared(severity, begin, end))
    return dict(found)
