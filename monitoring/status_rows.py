"""Rows of intervals as plain values, the same for every question about states."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from juno_support.feeds.queries import Freshness, freshness
from juno_support.feeds.registry import find_kind
from monitoring.conditions import EntityStatus
from monitoring.observations import EntityKind
from monitoring.statuses import SEVERITY

COLUMNS = (
    "site_id",
    "entity_id",
    "entity__kind",
    "entity__name",
    "entity__link_id",
    "entity__service_id",
    "source__name",
    "metric",
    "vo",
    "status",
    "raw_status",
    "since",
    "until",
    "summary",
    "details",
    "evidence_url",
)


_KIND_ORDER = {EntityKind.SITE.value: 0, EntityKind.STORAGE.value: 1, EntityKind.SERVICE.value: 2}


def ages_at(at: datetime) -> dict[str, Freshness]:
    """Return the ages of the sources of states that are in use, or were when they last answered."""
    return sources_of_states(freshness(at))


def sources_of_states(ages: Mapping[str, Freshness]) -> dict[str, Freshness]:
    """Return, of the ages of all sources, those that ``ages_at`` would."""
    return {
        name: age
        for name, age in ages.items()
        if find_kind(name).tells_states and (age.is_in_use or age.last_success is not None)
    }


def status_of(row: tuple[Any, ...], age: Freshness) -> EntityStatus:
    """Return a row with ``COLUMNS`` as a state, and how far its source can be trusted."""
    return EntityStatus(
        source=row[6],
        metric=row[7],
        entity=row[3],
        status=row[9],
        since=row[11],
        until=row[12],
        stale=age.stale,
        kind=row[2],
        raw_status=row[10],
        vo=row[8],
        summary=row[13],
        details=row[14],
        evidence_url=row[15],
        doubt=age.doubt,
    )


def worst_first(status: EntityStatus) -> tuple[Any, ...]:
    """Order states: sites, storage, services, others; in each the worst first."""
    return (
        _KIND_ORDER.get(status.kind, 3),
        -SEVERITY[status.status],
        status.source,
        status.entity,
        status.metric,
    )
