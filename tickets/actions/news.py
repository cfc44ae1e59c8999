"""What is new about the states at a ticket's sites: worth telling, to be held back, or recovered.

Pure but for the row it keeps its memory in. What cannot be trusted tells nothing by itself: a
source that is stale or in doubt, a state that is unknown, and maintenance that a running downtime
has announced leave what was told before as it is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.conditions import Conditions, EntityStatus, Phase, SiteConditions
from monitoring.models import Severity
from monitoring.observations import EntityKind
from monitoring.queries import DOWNTIMES
from monitoring.statuses import BAD, Status
from tickets.models import TicketWatch
from topology.models import Service

# A series is told of twice an hour; what it does besides is told together when the hour is over.
MOST_TOLD = 2
AN_HOUR = timedelta(hours=1)
# How soon to look again where something is only waiting to become certain.
SOON = timedelta(minutes=10)
MOST_CHANGES = 12
MOST_NAMES = 3
OUTAGE = "outage"


@dataclass(frozen=True)
class Known:
    """The present of one series that can be trusted.

    :ivar is_close: every change matters; of others only whether they are bad
    :ivar steps: the known states of the last day, oldest first, each another than the one before
    """

    site: str
    state: EntityStatus
    is_close: bool
    steps: tuple[tuple[datetime, str], ...] = ()


@dataclass
class Picture:
    """What is known about a ticket's sites now: series that can be trusted, and the states of the
    others.
    """

    known: dict[str, Known] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)

    @property
    def series(self) -> set[str]:
        """Return every series that some source in use tells of."""
        return set(self.known) | set(self.unsure)


@dataclass
class News:
    """What is to be written: changes of states, and what recovered (None: it did not)."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    recovered: dict[str, Any] | None = None


def picture(conditions: Conditions, services: Iterable[Service]) -> Picture:
    """Return what is known of the site, its storage, its links, and its services.

    :param services: if given, other services than those on the same hosts do not count
    """
    hosts = {service.hostname.lower() for service in services}
    found = Picture()
    for site in conditions.sites:
        past = _past(site)
        is_announced = bool(_running(site))
        for state in (*site.statuses, *site.links):
            host = state.entity.split()[0].lower() if state.entity.strip() else ""
            is_service = state.kind == EntityKind.SERVICE
            if is_service and hosts and host not in hosts:
                continue
            series = series_of(state)
            is_unsure = (
                state.stale
                or state.doubt
                or state.status == Status.UNKNOWN
                or (state.status == Status.MAINTENANCE and is_announced)
            )
            if is_unsure:
                found.unsure[series] = state.status
            elif series not in found.known:
                found.known[series] = Known(
                    site=site.site,
                    state=state,
                    is_close=state.kind in (EntityKind.SITE, EntityKind.STORAGE)
                    or (is_service and bool(hosts)),
                    steps=_steps([*past.get(series, ()), (state.since, state.status)]),
                )
    return found


def series_of(state: EntityStatus) -> str:
    """Return the name of a state's series, as it is kept."""
    return "\t".join((state.kind, state.entity, state.source, state.metric, state.vo))


def begin(watch: TicketWatch, now: Picture, conditions: Conditions) -> None:
    """Take the present as what the ticket knows: nothing is told of it."""
    watch.told = {
        series: known.state.status
        for series, known in now.known.items()
        if known.state.status != Status.OK
    }
    _add_trouble(watch, now, conditions)


def look(watch: TicketWatch, now: Picture, conditions: Conditions, *, at: datetime) -> News:
    """Return what is to be told, and remember that it was."""
    again: list[datetime] = []
    told: list[tuple[Known, dict[str, Any]]] = []
    for series, known in now.known.items():
        old = watch.told.get(series, Status.OK.value)
        moments = [datetime.fromisoformat(moment) for moment in watch.told_at.get(series, ())]
        lately = [moment for moment in moments if at - moment < AN_HOUR]
        moved = [since for since, _ in known.steps if moments and since > moments[-1]]
        if not (_matters(old, known) or (series in watch.held and len(moved) > 1)):
            watch.held.pop(series, None)
            continue
        if len(lately) >= MOST_TOLD:
            watch.held.setdefault(series, at.isoformat())
            again.append(lately[-MOST_TOLD] + AN_HOUR)
            continue
        told.append((known, _change(known, old if series in watch.told else "", len(moved))))
        watch.held.pop(series, None)
        watch.told[series] = known.state.status
        watch.told_at[series] = [moment.isoformat() for moment in (*moments[1 - MOST_TOLD :], at)]
    if any(
        watch.told.get(series, Status.OK) not in (status, Status.OK)
        or status not in (Status.OK, Status.UNKNOWN, Status.MAINTENANCE)
        for series, status in now.unsure.items()
    ):
        # It may become certain without anything that counts as news.
        again.append(at + SOON)
    news = News(changes=_folded(told))
    _add_trouble(watch, now, conditions)
    news.recovered = _recovery(watch, now, conditions, at=at, again=again)
    _forget(watch, now, at)
    watch.look_again_at = min(again, default=None)
    return news


# One series


def _past(site: SiteConditions) -> Mapping[str, list[tuple[datetime, str]]]:
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for state in site.earlier:
        found[series_of(state)].append((state.since, state.status))
    return found


def _steps(states: Iterable[tuple[datetime, str]]) -> tuple[tuple[datetime, str], ...]:
    steps: list[tuple[datetime, str]] = []
    for since, status in sorted(states):
        if status != Status.UNKNOWN and (not steps or steps[-1][1] != status):
            steps.append((since, status))
    return tuple(steps)


def _matters(old: str, known: Known) -> bool:
    new = known.state.status
    return old != new if known.is_close else (old in BAD) != (new in BAD)


def _change(known: Known, old: str, moves: int) -> dict[str, Any]:
    """Return the facts of a change; without ``from`` where nobody knew how it was before."""
    state = known.state
    change: dict[str, Any] = {
        "what": "state",
        "site": known.site,
        "kind": state.kind,
        "entity": state.entity,
        "source": state.source,
        "metric": state.metric,
        "vo": state.vo,
        "to": state.status,
        "since": state.since.isoformat(),
    }
    before = old or next((word for _, word in reversed(known.steps[:-1])), "")
    if before:
        change["from"] = before
    if moves > 1:
        change["moves"] = moves
    return change


def _folded(told: Iterable[tuple[Known, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return one change for several things of a sort that did the same, the site's own first."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for known, change in told:
        key = tuple(change[name] for name in ("site", "kind", "source", "metric", "vo", "to"))
        # Only things of which there may be hundreds are counted together.
        own = change["entity"] if known.is_close else ""
        groups[*key, own].append(change)
    order = {EntityKind.SITE: 0, EntityKind.STORAGE: 1, EntityKind.SERVICE: 2}
    folded = []
    for same in sorted(
        groups.values(), key=lambda same: (same[0]["site"], order.get(same[0]["kind"], 3))
    ):
        first = min(same, key=lambda change: str(change["since"]))
        if len(same) > 1:
            names = sorted({change["entity"] for change in same})
            first = {**first, "count": len(same), "names": names[:MOST_NAMES]}
        folded.append(first)
    if len(folded) > MOST_CHANGES:
        folded[MOST_CHANGES - 1 :] = [{"what": "more", "count": len(folded) - MOST_CHANGES + 1}]
    return folded


def _forget(watch: TicketWatch, now: Picture, at: datetime) -> None:
    """Drop what is told by default, what nobody tells of any more, and what is long ago."""
    alive = now.series
    watch.told = {
        series: status
        for series, status in watch.told.items()
        if status != Status.OK and series in alive
    }
    watch.held = {series: since for series, since in watch.held.items() if series in alive}
    watch.told_at = {
        series: moments
        for series, moments in watch.told_at.items()
        if series in watch.held or at - datetime.fromisoformat(moments[-1]) < AN_HOUR
    }


# Recovery


def _running(site: SiteConditions) -> list[Any]:
    return [fact for fact in site.downtimes if fact.phase == Phase.RUNNING]


def _outages(site: SiteConditions) -> bool:
    return any(fact.severity == Severity.OUTAGE and fact.covers_asked for fact in _running(site))


def _goes_on(site: SiteConditions) -> bool:
    """Say whether an outage is over for now only: between it and its extension nothing recovers."""
    over = {fact.key for fact in (*site.recent, *site.downtimes)}
    return any(fact.severity == Severity.OUTAGE and fact.extends in over for fact in site.coming)


def _add_trouble(watch: TicketWatch, now: Picture, conditions: Conditions) -> None:
    since: dict[str, datetime] = {}
    for series, known in now.known.items():
        if known.state.status in BAD:
            since[series] = known.state.since
    for site in conditions.sites:
        if _outages(site):
            since[f"{OUTAGE}\t{site.site}"] = min(
                fact.starts_at for fact in _running(site) if fact.severity == Severity.OUTAGE
            )
    new = [series for series in since if series not in watch.trouble]
    if new:
        first = min(since[series] for series in new)
        watch.trouble_since = min(watch.trouble_since or first, first)
        watch.trouble = sorted([*watch.trouble, *new])


def _recovery(
    watch: TicketWatch,
    now: Picture,
    conditions: Conditions,
    *,
    at: datetime,
    again: list[datetime],
) -> dict[str, Any] | None:
    """Return the facts of a recovery: all that was bad is ok again, and no outage runs or goes on.

    It is told once, not more often than hourly, and not while something flaps.
    """
    # A site that was taken off the ticket, or a source that is not used any more.
    alive = now.series | {f"{OUTAGE}\t{site.site}" for site in conditions.sites}
    watch.trouble = [series for series in watch.trouble if series in alive]
    if not watch.trouble:
        watch.trouble_since = None
        return None
    if any(_outages(site) or _goes_on(site) for site in conditions.sites):
        return None
    bad = [
        series
        for series in watch.trouble
        if series in now.known and now.known[series].state.status != Status.OK
    ]
    if bad:
        return None
    is_blind = any(site.sources[DOWNTIMES].stale for site in conditions.sites)
    if is_blind or any(series in now.unsure for series in watch.trouble):
        again.append(at + SOON)
        return None
    if any(series in watch.held for series in watch.trouble):
        return None
    if watch.recovered_at is not None and at - watch.recovered_at < AN_HOUR:
        again.append(watch.recovered_at + AN_HOUR)
        return None
    facts = {
        "sites": sorted(_places(watch.trouble, now)),
        "since": watch.trouble_since.isoformat() if watch.trouble_since else "",
        "was": [_was(series) for series in watch.trouble[:MOST_CHANGES]],
        "count": len(watch.trouble),
    }
    watch.trouble, watch.trouble_since, watch.recovered_at = [], None, at
    return facts


def _places(trouble: Collection[str], now: Picture) -> set[str]:
    return {
        now.known[series].site if series in now.known else series.partition("\t")[2]
        for series in trouble
    }


def _was(series: str) -> dict[str, str]:
    """Return the facts of what was bad; of an outage its site alone."""
    parts = series.split("\t")
    if parts[0] == OUTAGE:
        return {"site": parts[1]}
    return dict(zip(("kind", "entity", "source", "metric", "vo"), parts, strict=False))
