"""The last 24 hours and 7 days of a site as strips: a row for each source and what it measures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib.strips import STATE_HEIGHTS, Span, Timeline, share_words
from monitoring.models import Severity
from monitoring.observations import EntityKind
from monitoring.queries import DOWNTIMES, Conditions
from monitoring.recent import Declared, Stretch, recent_downtimes, recent_states
from monitoring.statuses import SEVERITY, Status
from monitoring.words import metric_word, source_name
from topology.models import Service, Site

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
MOST_ROWS = 10


@dataclass(frozen=True)
class StripRow:
    """A row: whose states, and one drawing for each period."""

    name: str
    strips: tuple[SafeString, ...]


def live_strips(
    sites: Sequence[Site],
    conditions: Conditions,
    *,
    at: datetime,
    services: Iterable[Service] = (),
    vo: str | None = None,
) -> dict[str, list[StripRow]]:
    """Return the rows of sites by their names, over the last day and the last week; four queries.

    :param conditions: the answer about the present, which says what sources are in use
    """
    ids = [site.pk for site in sites]
    sources = {name: age for site in conditions.sites for name, age in site.sources.items()}
    silent = {
        name: age.last_success
        for name, age in sources.items()
        if age.stale and age.last_success is not None
    }
    states = recent_states(
        ids, starts_at=at - WEEK, ends_at=at, sources=sources, services=services, vo=vo
    )
    declared = recent_downtimes(ids, starts_at=at - WEEK, ends_at=at)
    day, week = _timeline(at, DAY, hours=6), _timeline(at, WEEK, hours=24)
    return {
        site.name: _rows(
            _heard(states.get(site.pk, []), silent),
            declared.get(site.pk, []),
            [(day, _("last 24 hours")), (week, _("last 7 days"))],
        )
        for site in sites
    }


def kept_strips(site: Mapping[str, Any]) -> list[StripRow]:
    """Return the rows of a site of a kept answer, over the day before its moment."""
    at = datetime.fromisoformat(site["at"])
    states = [
        Stretch(
            kind=state["kind"],
            entity=state["entity"],
            source=state["source"],
            metric=state["metric"],
            status=state["status"],
            since=datetime.fromisoformat(state["since"]),
            until=datetime.fromisoformat(state["until"]) if state["until"] else None,
        )
        for name in ("statuses", "earlier", "links")
        for state in site.get(name, ())
    ]
    silent = {
        name: datetime.fromisoformat(age["last_success"])
        for name, age in site["sources"].items()
        if age["stale"] and age["last_success"]
    }
    declared = [
        Declared(
            severity=fact["severity"],
            starts_at=datetime.fromisoformat(fact["starts_at"]),
            ends_at=datetime.fromisoformat(fact["ends_at"]),
        )
        for fact in (*site["recent"], *site["downtimes"])
        if fact["phase"] != "withdrawn"
    ]
    if not states:
        # Kept before there were states, or nothing but downtimes: the lines say it all.
        return []
    heard = _heard(states, silent)
    return _rows(heard, declared, [(_timeline(at, DAY, hours=6), _("the 24 hours before"))])


def _heard(states: Iterable[Stretch], silent: Mapping[str, datetime]) -> Iterable[Stretch]:
    """Yield the stretches up to when their sources were last heard of: afterwards nobody knows."""
    for stretch in states:
        last = silent.get(stretch.source)
        if last is None or (stretch.until is not None and stretch.until <= last):
            yield stretch
        elif stretch.since < last:
            yield stretch._replace(until=last)


def _rows(
    states: Iterable[Stretch],
    declared: Sequence[Declared],
    periods: Sequence[tuple[Timeline, str]],
) -> list[StripRow]:
    series: dict[tuple[int, str], list[Span]] = defaultdict(list)
    for stretch in states:
        if stretch.status in STATE_HEIGHTS:
            span = Span(stretch.since, stretch.until, stretch.status)
            series[_row_of(stretch)].append(span)
    if not series and not declared:
        return []
    spans = [
        Span(one.starts_at, one.ends_at, "bad" if one.severity == Severity.OUTAGE else "warn")
        for one in declared
    ]
    rows = [_declared_row(spans, periods)]
    for (_order, name), found in sorted(series.items())[: MOST_ROWS - 1]:
        merged = worst_of(found)
        drawings = []
        for timeline, words in periods:
            said = share_words(timeline.shares(merged), _status_words())
            label = f"{name}, {words}: {said}"
            drawings.append(timeline.states(merged, label))
        rows.append(StripRow(name, tuple(drawings)))
    return rows


def _declared_row(spans: Sequence[Span], periods: Sequence[tuple[Timeline, str]]) -> StripRow:
    name = source_name(DOWNTIMES)
    drawings = []
    for timeline, words in periods:
        touching = [
            span
            for span in spans
            if span.starts_at < timeline.ends_at
            and (span.ends_at or timeline.ends_at) > timeline.starts_at
        ]
        outages = sum(span.tone == "bad" for span in touching)
        said = (
            _("%(outages)d outages, %(others)d periods at risk")
            % {"outages": outages, "others": len(touching) - outages}
            if touching
            else _("no downtime")
        )
        drawings.append(timeline.strip(touching, f"{name}, {words}: {said}"))
    return StripRow(name, tuple(drawings))


def _row_of(stretch: Stretch) -> tuple[int, str]:
    """Return in which row a stretch is drawn: things of one sort share one, the worst shows."""
    source, metric = source_name(stretch.source), metric_word(stretch.metric)
    match stretch.kind:
        case EntityKind.SITE:
            return 0, f"{source} {metric}".strip()
        case EntityKind.STORAGE:
            return 1, _("%(source)s storage") % {"source": source}
        case EntityKind.SERVICE:
            return 2, _("%(source)s services") % {"source": source}
        case _:
            return 3, _("%(source)s links") % {"source": source}


def worst_of(spans: Iterable[Span]) -> list[Span]:
    """Return spans that do not overlap: at each moment the worst of those that do."""
    edges: dict[datetime, list[tuple[str, int]]] = defaultdict(list)
    for span in spans:
        if span.ends_at is not None and span.ends_at <= span.starts_at:
            continue
        edges[span.starts_at].append((span.tone, 1))
        if span.ends_at is not None:
            edges[span.ends_at].append((span.tone, -1))
    found: list[Span] = []
    running: dict[str, int] = defaultdict(int)
    begin: datetime | None = None
    tone = ""
    for moment in sorted(edges):
        for each, change in edges[moment]:
            running[each] += change
        alive = [each for each, number in running.items() if number > 0]
        now = max(alive, key=SEVERITY.__getitem__, default="")
        if now == tone:
            continue
        if tone and begin is not None:
            found.append(Span(begin, moment, tone))
        begin, tone = moment, now
    if tone and begin is not None:
        found.append(Span(begin, None, tone))
    return found


def _status_words() -> dict[str, str]:
    return {status.value: str(status.label) for status in Status}


def _timeline(at: datetime, length: timedelta, *, hours: int) -> Timeline:
    return Timeline(starts_at=at - length, ends_at=at, now=at, days_a_cell=0, hours_a_cell=hours)
