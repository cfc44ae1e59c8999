"""What is, or was, going on at sites; answers are plain values that can be kept as evidence.

Missing data is *unknown*, never *fine*: where the source of downtimes is stale, was never polled,
or did not cover the moment, a site without a known downtime is unknown.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet

from juno_support.feeds.queries import Freshness, freshness
from monitoring import states
from monitoring.badges import DOWNTIMES, current_conditions_for_sites
from monitoring.conditions import (
    AffectedService,
    Conditions,
    DeclaredDowntime,
    Phase,
    SiteBadge,
    SiteConditions,
    SiteState,
    SourceAge,
    state_word,
)
from monitoring.models import Downtime, DowntimeChange, Severity
from monitoring.status_rows import sources_of_states
from topology.models import Service, Site

__all__ = [
    "DOWNTIMES",
    "SOURCES",
    "Conditions",
    "SiteBadge",
    "SiteConditions",
    "SiteState",
    "conditions_at",
    "conditions_between",
    "current_conditions_for_sites",
    "downtimes_of_site",
    "running_and_coming",
    "state_word",
]

SOURCES = (DOWNTIMES, "gocdb-topology")
COMING_WITHIN = timedelta(days=7)
RECENT_WITHIN = timedelta(hours=24)
MOST_LISTED = 50


def conditions_at(
    *,
    sites: Sequence[Site],
    services: Iterable[Service] = (),
    moment: datetime,
    asked_at: datetime | None = None,
    known_at: datetime | None = None,
    vo: str | None = None,
    everything: bool = False,
) -> Conditions:
    """Return what is known to have been going on at sites at a moment, and the day before.

    :param services: if given, only downtimes that name one of them make a site's state
    :param asked_at: the present, where ``moment`` may lie ahead of it
    :param known_at: answer with what was known at that moment, before later edits were seen
    :param vo: leave out what a source says for other VOs
    :param everything: list services in order too, instead of counting them
    """
    services = list(services)
    seen_from = min(moment, asked_at or moment)
    all_ages = freshness(seen_from)
    ages = {name: all_ages[name] for name in SOURCES}
    state_ages = sources_of_states(all_ages)
    site_states = states.states_of_sites(
        [site.pk for site in sites],
        starts_at=moment - RECENT_WITHIN,
        moment=moment,
        ages=state_ages,
        services=services,
        vo=vo,
        everything=everything,
    )
    downtimes = _downtimes(
        sites,
        starts_before=moment + COMING_WITHIN,
        ends_after=moment - RECENT_WITHIN,
        known_at=known_at,
    )
    wanted = _Wanted(services)
    found = []
    for site in sites:
        facts = [_fact(row, moment, wanted) for row in downtimes.get(site.pk, ())]
        running = tuple(fact for fact in facts if fact.starts_at <= moment < fact.ends_at)
        running = tuple(
            fact for fact in running if not (fact.withdrawn_at and fact.withdrawn_at <= moment)
        )
        alive = [fact for fact in facts if fact.withdrawn_at is None]
        found.append(
            SiteConditions(
                site=site.name,
                at=moment,
                until=None,
                state=_state(site, running, ages[DOWNTIMES], moment),
                downtimes=running[:MOST_LISTED],
                coming=tuple(fact for fact in alive if fact.starts_at > moment)[:MOST_LISTED],
                recent=tuple(fact for fact in alive if fact.ends_at <= moment)[:MOST_LISTED],
                sources=_ages({**ages, **state_ages}),
                **vars(site_states[site.pk]),
            )
        )
    return Conditions(at=moment, until=None, sites=tuple(found))


def conditions_between(
    *,
    sites: Sequence[Site],
    services: Iterable[Service] = (),
    starts_at: datetime,
    ends_at: datetime,
    asked_at: datetime | None = None,
    vo: str | None = None,
    everything: bool = False,
) -> Conditions:
    """Return every downtime and state that overlaps a period; the site's state is the worst of it.

    States that ended within the period are ``earlier``, the others ``statuses``.
    """
    services = list(services)
    seen_from = min(ends_at, asked_at or ends_at)
    all_ages = freshness(seen_from)
    ages = {name: all_ages[name] for name in SOURCES}
    state_ages = sources_of_states(all_ages)
    site_states = states.states_of_sites(
        [site.pk for site in sites],
        starts_at=starts_at,
        moment=ends_at,
        ages=state_ages,
        services=services,
        vo=vo,
        everything=everything,
    )
    downtimes = _downtimes(sites, starts_before=ends_at, ends_after=starts_at, known_at=None)
    wanted = _Wanted(services)
    found = []
    for site in sites:
        facts = tuple(
            fact
            for row in downtimes.get(site.pk, ())
            if (fact := _fact(row, ends_at, wanted)).starts_at < ends_at
            and fact.ends_at > starts_at
        )
        in_force = tuple(fact for fact in facts if fact.withdrawn_at is None)
        found.append(
            SiteConditions(
                site=site.name,
                at=starts_at,
                until=ends_at,
                state=_state(site, in_force, ages[DOWNTIMES], starts_at),
                downtimes=facts[:MOST_LISTED],
                coming=(),
                recent=(),
                sources=_ages({**ages, **state_ages}),
                **vars(site_states[site.pk]),
            )
        )
    return Conditions(at=starts_at, until=ends_at, sites=tuple(found))


def running_and_coming(*, at: datetime, within: timedelta) -> QuerySet[Downtime]:
    """Return downtimes everywhere that run or begin within a while, the next to end first."""
    return (
        Downtime.objects.filter(withdrawn_at=None, ends_at__gt=at, starts_at__lte=at + within)
        .select_related("site")
        .order_by("ends_at", "pk")
    )


def running_downtimes(sites: Iterable[Site], *, at: datetime) -> QuerySet[Downtime]:
    """Return the declared downtimes that run at these sites, the next to end first."""
    return running_and_coming(at=at, within=timedelta(0)).filter(site__in=list(sites))


def downtimes_of_site(site: Site, *, limit: int = 100) -> list[Downtime]:
    """Return a site's downtimes, newest first, each with the changes that we saw."""
    return list(
        Downtime.objects.filter(site=site)
        .select_related("extends")
        .prefetch_related(
            Prefetch("changes", DowntimeChange.objects.order_by("noticed_at"), to_attr="history")
        )
        .order_by("-starts_at", "-pk")[:limit]
    )


# Putting it together


def _downtimes(
    sites: Sequence[Site],
    *,
    starts_before: datetime,
    ends_after: datetime,
    known_at: datetime | None,
) -> dict[int, list[Downtime]]:
    """Return the downtimes that touch a period, by site, in the order of their starts."""
    touching = Q(starts_at__lte=starts_before, ends_at__gt=ends_after)
    if known_at is not None:
        touching |= Q(changes__noticed_at__gt=known_at)
    rows = (
        Downtime.objects.filter(touching, site__in=sites)
        .annotate(extended_key=F("extends__key"))
        .prefetch_related("extensions")
        .order_by("starts_at", "pk")
    )
    if known_at is not None:
        newest_first = DowntimeChange.objects.order_by("-noticed_at")
        changes = Prefetch("changes", newest_first, to_attr="history")
        rows = rows.distinct().prefetch_related(changes)
    by_key = {site.pk: site for site in sites}
    found: dict[int, list[Downtime]] = {}
    for row in rows:
        if known_at is not None:
            if row.first_seen_at > known_at:
                continue
            _undo_changes(row, known_at)
            if not (row.starts_at <= starts_before and row.ends_at > ends_after):
                continue
        row.site = by_key[row.site_id]
        found.setdefault(row.site_id, []).append(row)
    return found


def _undo_changes(row: Downtime, known_at: datetime) -> None:
    """Take back, newest first, what was seen to change after a moment."""
    for change in row.history:  # type: ignore[attr-defined]
        if change.noticed_at <= known_at:
            break
        for name, (old, _new) in change.changes.items():
            is_moment = name.endswith("_at") and isinstance(old, str)
            setattr(row, name, datetime.fromisoformat(old) if is_moment else old)


class _Wanted:
    """The services that were asked about; a downtime may name them by key or by host."""

    def __init__(self, services: Iterable[Service]) -> None:
        chosen = list(services)
        self._any = not chosen
        self._keys = {service.key for service in chosen}
        self._names = {(service.hostname, service.service_type.lower()) for service in chosen}

    def covered_by(self, affected: Iterable[dict[str, Any]]) -> bool:
        """Say whether one of the services is among those of a downtime."""
        return self._any or any(
            service["key"] in self._keys
            or (service["hostname"], service["service_type"].lower()) in self._names
            for service in affected
        )


def _fact(row: Downtime, moment: datetime, wanted: _Wanted) -> DeclaredDowntime:
    if row.withdrawn_at is not None:
        phase = Phase.WITHDRAWN
    elif row.ends_at <= moment:
        phase = Phase.OVER
    elif row.starts_at > moment:
        phase = Phase.COMING
    else:
        phase = Phase.RUNNING
    return DeclaredDowntime(
        id=row.pk,
        source=row.source,
        key=row.key,
        site=row.site.name,
        severity=row.severity,
        classification=row.classification,
        description=row.description,
        declared_at=row.declared_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        phase=phase.value,
        covers_asked=wanted.covered_by(row.affected),
        services=tuple(
            AffectedService(
                key=service["key"],
                hostname=service["hostname"],
                service_type=service["service_type"],
                endpoints=tuple(service["endpoints"]),
            )
            for service in row.affected
        ),
        extends=row.extended_key,  # type: ignore[attr-defined]
        extended_until=max(
            (later.ends_at for later in row.extensions.all() if later.withdrawn_at is None),
            default=None,
        ),
        first_seen_at=row.first_seen_at,
        changed_at=row.changed_at,
        withdrawn_at=row.withdrawn_at,
        portal_url=row.portal_url,
    )


def _state(
    site: Site, downtimes: Iterable[DeclaredDowntime], age: Freshness, moment: datetime
) -> str:
    covering = [fact for fact in downtimes if fact.covers_asked]
    if any(fact.severity == Severity.OUTAGE for fact in covering):
        return SiteState.OUTAGE.value
    if covering:
        return SiteState.AT_RISK.value
    is_known = (
        not age.stale
        and site.source != "local"
        and site.gone_at is None
        and age.known_from is not None
        and age.known_from <= moment
    )
    return (SiteState.NONE if is_known else SiteState.UNKNOWN).value


def _ages(ages: dict[str, Freshness]) -> dict[str, SourceAge]:
    return {
        name: SourceAge(last_success=age.last_success, stale=age.stale, doubt=age.doubt)
        for name, age in ages.items()
    }
