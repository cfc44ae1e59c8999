"""How things are and were: questions about the intervals that the sources' reports made."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, F, Min, Q
from django.db.models.lookups import In

from juno_support.feeds.queries import Freshness
from monitoring.conditions import EntityStatus
from monitoring.models import Entity, StatusInterval
from monitoring.models.interval import Period, eight_bytes
from monitoring.observations import EntityKind
from monitoring.status_rows import COLUMNS, status_of, worst_first
from monitoring.statuses import BAD, SEVERITY, Status
from topology.models import NetworkLink, Service

A_DAY = timedelta(hours=24)
MOST_EARLIER = 200


@dataclass(frozen=True)
class SiteStates:
    """The states at one site around a moment; see ``SiteConditions`` for the words."""

    statuses: tuple[EntityStatus, ...] = ()
    earlier: tuple[EntityStatus, ...] = ()
    links: tuple[EntityStatus, ...] = ()
    systems: tuple[EntityStatus, ...] = ()
    in_order: Mapping[str, int] = field(default_factory=dict)


def states_of_sites(
    site_ids: Collection[int],
    *,
    starts_at: datetime,
    moment: datetime,
    ages: Mapping[str, Freshness],
    services: Iterable[Service] = (),
    vo: str | None = None,
    everything: bool = False,
) -> dict[int, SiteStates]:
    """Return the states at some sites that held at ``moment``, and those since ``starts_at``.

    Two queries. Unless ``everything`` is wanted, services in order that are not among ``services``
    are counted only.

    :param vo: states for other VOs are left out, and one for this VO stands for the general one
    """
    ids = set(site_ids)
    if not ids:
        return {}
    period = DateTimeTZRange(starts_at, moment, "[]")
    touching = StatusInterval.objects.annotate(period=Period()).filter(period__overlap=period)
    links: dict[int, set[int]] = defaultdict(set)
    for link, one, other in NetworkLink.objects.filter(
        Q(site_a__in=ids) | Q(site_b__in=ids)
    ).values_list("pk", "site_a_id", "site_b_id"):
        links[link] = {one, other} & ids
    rows: list[tuple[Any, ...]] = list(
        touching.filter(In(F("site"), eight_bytes(ids)), entity__site__in=ids)
        .order_by("since")
        .values_list(*COLUMNS)
    )
    elsewhere = Entity.objects.filter(Q(link__in=links) | Q(kind=EntityKind.SYSTEM))
    rows += touching.filter(entity__in=elsewhere).order_by("since").values_list(*COLUMNS)
    named = {service.pk for service in services}
    found: dict[int, _Collected] = {site: _Collected(everything, named) for site in ids}
    overridden = _overridden(rows, vo, moment)
    for row in rows:
        site_id, entity_id, kind, _name, link_id, _service, source, metric, row_vo = row[:9]
        if source not in ages:
            continue
        if vo is not None and row_vo not in ("", vo):
            continue
        if row_vo == "" and (entity_id, source, metric) in overridden:
            continue
        status = status_of(row, ages[source])
        if kind == EntityKind.SYSTEM:
            at_sites: Iterable[int] = ids
        elif link_id is not None:
            at_sites = links.get(link_id, ())
        else:
            at_sites = (site_id,)
        for site in at_sites:
            found[site].add(status, row, moment)
    return {site: collected.states() for site, collected in found.items()}


def _overridden(
    rows: Iterable[tuple[Any, ...]], vo: str | None, moment: datetime
) -> set[tuple[int, str, str]]:
    """Return the series for which the VO has a word of its own at the moment."""
    if not vo:
        return set()
    return {
        (row[1], row[6], row[7])
        for row in rows
        if row[8] == vo and (row[12] is None or row[12] > moment)
    }


class _Collected:
    """What was found for one site."""

    def __init__(self, everything: bool, named: set[int]) -> None:
        self._everything, self._named = everything, named
        self._statuses: list[EntityStatus] = []
        self._earlier: list[EntityStatus] = []
        self._links: list[EntityStatus] = []
        self._systems: list[EntityStatus] = []
        self._in_order: dict[str, int] = defaultdict(int)

    def add(self, status: EntityStatus, row: tuple[Any, ...], moment: datetime) -> None:
        is_over = status.until is not None and status.until <= moment
        if status.kind == EntityKind.SYSTEM:
            if not is_over:
                self._systems.append(status)
        elif status.kind == EntityKind.LINK:
            (self._earlier if is_over else self._links).append(status)
        elif is_over:
            if self._everything or self._matters(status, row):
                self._earlier.append(status)
        elif self._everything or status.status != Status.OK or self._matters(status, row):
            self._statuses.append(status)
        else:
            self._in_order[status.source] += 1

    def _matters(self, status: EntityStatus, row: tuple[Any, ...]) -> bool:
        return status.kind != EntityKind.SERVICE or row[5] in self._named or row[9] in BAD

    def states(self) -> SiteStates:
        earlier = self._earlier if self._everything else self._earlier[-MOST_EARLIER:]
        return SiteStates(
            statuses=tuple(sorted(self._statuses, key=worst_first)),
            earlier=tuple(earlier),
            links=tuple(sorted(self._links, key=worst_first)),
            systems=tuple(self._systems),
            in_order=dict(self._in_order),
        )


# Boards


class BoardState(NamedTuple):
    """The state of a site (or link) in one source's eyes, for a board.

    ``status`` is the site's own where the source has one, else the worst of its things; where
    several are as bad, ``since`` is the oldest of these. ``bad`` counts its services and storage
    elements that are critical or down.
    """

    status: str
    since: datetime
    bad: int


_BY_SEVERITY = {number: status for status, number in SEVERITY.items()}


_BAD_FROM = min(SEVERITY[status] for status in BAD)


def board_states(site_ids: Collection[int] | None = None) -> dict[int, dict[str, BoardState]]:
    """Return the present states of sites by source name; one query for any number of sites.

    :param site_ids: None for all, which is quicker than a list of nearly all
    """
    here = Q(site__isnull=False) if site_ids is None else Q(site__in=site_ids)
    # Not by a join: sites are few among the things.
    sites = Entity.objects.filter(kind=EntityKind.SITE).values("pk")
    rows = (
        StatusInterval.objects.filter(here, until=None)
        .annotate(is_own=In(F("entity"), sites))
        .values("site_id", "source__name", "is_own", "severity")
        .annotate(first=Min("since"), count=Count("*"))
        .values_list("site_id", "source__name", "is_own", "severity", "first", "count")
    )
    # (site, source) -> whether it is the site's own, severity and since when; then how many are bad
    found: dict[tuple[int, str], tuple[bool, int, datetime]] = {}
    bad: dict[tuple[int, str], int] = {}
    for site, source, is_own, severity, since, count in rows:
        key = site, source
        if not is_own and severity >= _BAD_FROM:
            bad[key] = bad.get(key, 0) + count
        known = found.get(key)
        if (
            known is None
            or (is_own, severity) > known[:2]
            or ((is_own, severity) == known[:2] and since < known[2])
        ):
            found[key] = is_own, severity, since
    states: dict[int, dict[str, BoardState]] = defaultdict(dict)
    for key, (_is_own, severity, since) in found.items():
        states[key[0]][key[1]] = BoardState(_BY_SEVERITY[severity], since, bad.get(key, 0))
    return dict(states)


def system_states(*, ages: Mapping[str, Freshness]) -> list[EntityStatus]:
    """Return the present states of whole systems, the worst first; one query."""
    rows = StatusInterval.objects.filter(
        until=None, entity__kind=EntityKind.SYSTEM, source__name__in=ages
    ).values_list(*COLUMNS)
    return sorted((status_of(row, ages[row[6]]) for row in rows), key=worst_first)


def link_states(link_ids: Collection[int]) -> dict[int, dict[str, BoardState]]:
    """Return the present states of links by source name: the worst in any direction and metric.

    ``bad`` counts what is critical or down. One query.
    """
    rows = (
        StatusInterval.objects.filter(until=None, entity__link__in=link_ids)
        .values("entity__link", "source__name", "severity")
        .annotate(first=Min("since"), count=Count("*"))
        .order_by("-severity")
        .values_list("entity__link", "source__name", "severity", "first", "count")
    )
    found: dict[int, dict[str, BoardState]] = defaultdict(dict)
    for link, source, severity, since, count in rows:
        bad = count if severity >= _BAD_FROM else 0
        worst = found[link].get(source)
        if worst is None:
            found[link][source] = BoardState(_BY_SEVERITY[severity], since, bad)
        elif bad:
            found[link][source] = worst._replace(bad=worst.bad + bad)
    return dict(found)


# Histories


@dataclass(frozen=True)
class Series:
    """A thing's states in one metric of one source, in the order of time."""

    entity: str
    kind: str
    source: str
    metric: str
    vo: str
    states: tuple[EntityStatus, ...]


def history_of_site(
    site_id: int, *, starts_at: datetime, ends_at: datetime, ages: Mapping[str, Freshness]
) -> list[Series]:
    """Return every series of a site, and of the links that touch it, over a period; two queries."""
    states = states_of_sites(
        [site_id], starts_at=starts_at, moment=ends_at, ages=ages, everything=True
    )[site_id]
    by_series: dict[tuple[str, ...], list[EntityStatus]] = defaultdict(list)
    for state in (*states.earlier, *states.statuses, *states.links, *states.systems):
        key = (state.kind, state.source, state.metric, state.vo, state.entity)
        by_series[key].append(state)
    return [
        Series(
            entity=key[4],
            kind=key[0],
            source=key[1],
            metric=key[2],
            vo=key[3],
            states=tuple(sorted(found, key=lambda state: state.since)),
        )
        for key, found in sorted(by_series.items())
    ]


def history_of_links(
    link_ids: Collection[int],
    *,
    starts_at: datetime,
    ends_at: datetime,
    ages: Mapping[str, Freshness],
) -> dict[int, list[Series]]:
    """Return the series of links over a period; one query."""
    rows = (
        StatusInterval.objects.annotate(period=Period())
        .filter(
            entity__link__in=link_ids, period__overlap=DateTimeTZRange(starts_at, ends_at, "[]")
        )
        .order_by("since")
        .values_list(*COLUMNS)
    )
    by_series: dict[tuple[Any, ...], list[EntityStatus]] = defaultdict(list)
    for row in rows:
        if row[6] in ages:
            key = (row[4], row[3], row[2], row[6], row[7], row[8])
            by_series[key].append(status_of(row, ages[row[6]]))
    found: dict[int, list[Series]] = defaultdict(list)
    for (link, entity, kind, source, metric, vo), states in sorted(by_series.items()):
        found[link].append(Series(entity, kind, source, metric, vo, tuple(states)))
    return dict(found)
