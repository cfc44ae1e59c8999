"""How things were, on one axis of time: a strip for each series, and the same as a table.

A series is one thing in one metric of one source. Shared by the page of a site and of a link.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from juno_support.feeds.queries import Freshness
from juno_support.lib import display
from juno_support.lib.strips import Cell, Span, Timeline, share_words
from juno_support.lib.text import shorten, show_bidi
from juno_support.pages import downtime_lines
from monitoring.conditions import EntityStatus
from monitoring.models import Downtime
from monitoring.observations import EntityKind
from monitoring.states import Series
from monitoring.statuses import SEVERITY, Status
from monitoring.words import metric_word, numbers, source_name, status_word

# What of a long list stays in sight; the rest is folded.
MOST_IN_SIGHT = 12
MOST_IN_TABLE = 300
SUMMARY_LENGTH = 160

SPANS = {
    "24h": (timedelta(hours=24), gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("7 days")),
    "30d": (timedelta(days=30), gettext_lazy("30 days")),
}
USUAL_SPAN = "7d"

_HEADINGS = {
    EntityKind.SITE.value: gettext_lazy("Site"),
    EntityKind.STORAGE.value: gettext_lazy("Storage elements"),
    EntityKind.SERVICE.value: gettext_lazy("Services"),
    EntityKind.LINK.value: gettext_lazy("Links"),
    EntityKind.SYSTEM.value: gettext_lazy("Whole systems"),
}


@dataclass(frozen=True)
class SourceAge:
    """How old a source's data are; ``tone`` is warn where that matters."""

    title: str
    words: str
    tone: str


@dataclass(frozen=True)
class Row:
    """One series: what it is of, how it went, how it is now, who says so and since when."""

    anchor: str
    name: str
    note: str
    strip: SafeString
    state: SafeString
    raw: str
    age: SafeString
    summary: str
    figures: str
    warning: str
    url: str


@dataclass(frozen=True)
class Group:
    """The series of one kind of thing; ``folded`` are in order and behind ``fold_words``."""

    heading: str
    rows: tuple[Row, ...]
    folded: tuple[Row, ...]
    fold_words: str


@dataclass(frozen=True)
class TableLine:
    """One stretch of time in the table that says the same as the strips."""

    since: SafeString
    until: SafeString | str
    what: str
    source: str
    state: SafeString
    raw: str
    summary: str
    url: str


@dataclass(frozen=True)
class History:
    """All of it, ready to be shown."""

    span: str
    choices: tuple[tuple[str, str], ...]
    axis: tuple[Cell, ...]
    ages: tuple[SourceAge, ...]
    downtimes: SafeString
    downtime_words: str
    groups: tuple[Group, ...]
    table: tuple[TableLine, ...]
    left_out: int


def span_of(request: HttpRequest) -> str:
    """Return the length of time that is asked for, as a key of ``SPANS``."""
    span = request.GET.get("span", "")
    return span if span in SPANS else USUAL_SPAN


def timeline_of(span: str, now: datetime) -> Timeline:
    """Return the axis: hours for a day, else whole days in the reader's zone."""
    if span == "24h":
        return Timeline.last_hours(now)
    if span == "30d":
        return Timeline.around(now, days_back=29, days_ahead=1, days_a_cell=5)
    return Timeline.around(now, days_back=6, days_ahead=1)


def history_of(
    series: Sequence[Series],
    timeline: Timeline,
    *,
    span: str,
    ages: Mapping[str, Freshness],
    downtimes: Iterable[Downtime] = (),
    heading: str = "",
) -> History:
    """Put series into words and strips.

    :param ages: those of the sources of states; only these are shown
    :param heading: instead of the heading of its kind, where all are of one kind
    """
    now = timeline.now
    declared = [
        one
        for one in downtimes
        if one.withdrawn_at is None
        and one.ends_at > timeline.starts_at
        and one.starts_at < timeline.ends_at
    ]
    words = _downtime_words(len(declared))
    seen_sources: set[str] = set()
    groups = []
    for kind, its_heading in _HEADINGS.items():
        of_kind = sorted(
            (one for one in series if one.kind == kind),
            key=lambda one: _order(one, ages, now),
        )
        if of_kind:
            groups.append(
                _group(heading or str(its_heading), of_kind, timeline, ages, seen_sources)
            )
    lines, left_out = _table_lines(series, now)
    return History(
        span=span,
        choices=tuple((key, str(label)) for key, (_length, label) in SPANS.items()),
        axis=tuple(timeline.cells()),
        ages=tuple(age_of(name, age, now) for name, age in ages.items()),
        downtimes=timeline.strip([downtime_lines.span_of(one) for one in declared], words),
        downtime_words=words,
        groups=tuple(groups),
        table=tuple(lines),
        left_out=left_out,
    )


def _downtime_words(count: int) -> str:
    if not count:
        return _("no downtime declared")
    return ngettext("%(n)d downtime", "%(n)d downtimes", count) % {"n": count}


def age_of(name: str, age: Freshness, now: datetime) -> SourceAge:
    """Put a source's age into words, with what is to be doubted about its data."""
    title = source_name(name)
    if age.last_success is None:
        return SourceAge(title, _("never read"), "warn")
    words = downtime_lines.age_words(age, now)
    if age.stale:
        words = _("%(age)s, too old to say what is going on now") % {"age": words}
    elif age.doubt:
        words = _("%(age)s; it says that it cannot be trusted: %(why)s") % {
            "age": words,
            "why": shorten(show_bidi(age.doubt), SUMMARY_LENGTH),
        }
    return SourceAge(title, words, "warn" if age.stale or age.doubt else "")


def present(one: Series, now: datetime) -> EntityStatus | None:
    """Return the state that holds, if any does."""
    last = one.states[-1]
    return last if last.until is None or last.until > now else None


def _severity(one: Series, ages: Mapping[str, Freshness], now: datetime) -> int:
    """Return how bad it is now; what is too old to be known is unknown."""
    state = present(one, now)
    if state is None or ages[one.source].stale:
        return SEVERITY[Status.UNKNOWN]
    return SEVERITY[state.status]


def _order(one: Series, ages: Mapping[str, Freshness], now: datetime) -> tuple[Any, ...]:
    if one.kind == EntityKind.SITE:
        # Always the same order, so that the eye finds a source where it was.
        return list(ages).index(one.source), one.entity, one.metric, one.vo
    return -_severity(one, ages, now), one.entity, one.metric, one.source, one.vo


def _group(
    heading: str,
    series: Sequence[Series],
    timeline: Timeline,
    ages: Mapping[str, Freshness],
    seen_sources: set[str],
) -> Group:
    rows: list[Row] = []
    folded: list[Row] = []
    has_many = len(series) > MOST_IN_SIGHT and series[0].kind != EntityKind.SITE
    for one in series:
        is_in_order = _severity(one, ages, timeline.now) == SEVERITY[Status.OK]
        anchor = "" if one.source in seen_sources else f"source-{one.source}"
        seen_sources.add(one.source)
        row = _row(one, timeline, ages[one.source], anchor)
        (folded if has_many and is_in_order else rows).append(row)
    if len(rows) > 2 * MOST_IN_SIGHT:
        folded = rows[2 * MOST_IN_SIGHT :] + folded
        rows = rows[: 2 * MOST_IN_SIGHT]
        words = ngettext("%(n)d more", "%(n)d more", len(folded))
    else:
        words = ngettext("%(n)d in order", "%(n)d in order", len(folded))
    return Group(
        heading=heading,
        rows=tuple(rows),
        folded=tuple(folded),
        fold_words=words % {"n": len(folded)},
    )


def _row(one: Series, timeline: Timeline, age: Freshness, anchor: str) -> Row:
    now = timeline.now
    spans = spans_of(one, age)
    source, metric = source_name(one.source), metric_word(one.metric)
    what = " ".join(part for part in (source, metric) if part)
    if one.vo:
        what = _("%(what)s for %(vo)s") % {"what": what, "vo": one.vo}
    is_site = one.kind == EntityKind.SITE
    entity = thing_words(one.kind, one.entity)
    shares = share_words(timeline.shares(spans), {one: status_word(one) for one in SEVERITY})
    state, since, shown = present(one, now), SafeString(""), Status.UNKNOWN.value
    warning = ""
    if state is not None:
        if age.stale:
            warning = _("was %(state)s when it was last read") % {
                "state": status_word(state.status)
            }
        else:
            since, shown = display.age(state.since, now), state.status
            warning = _("in doubt") if age.doubt else ""
    else:
        warning = _("not reported any more")
    return Row(
        anchor=anchor,
        name=what if is_site else entity,
        note=entity if is_site else what,
        strip=timeline.states(spans, f"{entity}, {what}: {shares}"),
        state=display.state(shown, status_word(shown)),
        raw=show_bidi(state.raw_status) if state else "",
        age=since,
        summary=shorten(show_bidi(state.summary), SUMMARY_LENGTH) if state else "",
        # A summary says its figures itself.
        figures=", ".join(numbers(state.details)) if state and not state.summary else "",
        warning=warning,
        url=state.evidence_url if state else "",
    )


def thing_words(kind: str, name: str) -> str:
    """Return a thing's name as people read it; a direction of a link with an arrow."""
    shown = show_bidi(name)
    if kind == EntityKind.LINK and shown.count(" ") == 1:
        return shown.replace(" ", " → ")
    return shown


def spans_of(one: Series, age: Freshness) -> list[Span]:
    """Return what is to be drawn; of an old source nothing after it was last read."""
    until = age.last_success if age.stale else None
    spans = []
    for state in one.states:
        ends = state.until or until
        if ends is None or ends > state.since:
            spans.append(Span(state.since, ends, state.status))
    return spans


def _table_lines(series: Iterable[Series], now: datetime) -> tuple[list[TableLine], int]:
    """Return the newest stretches of time, and how many older ones are left out."""
    states = [(state, one) for one in series for state in one.states]
    states.sort(key=lambda pair: pair[0].since, reverse=True)
    shown = states[:MOST_IN_TABLE]
    lines = [
        TableLine(
            since=display.when(state.since, now),
            until=display.when(state.until, now) if state.until else _("still"),
            what=thing_words(one.kind, one.entity),
            source=" ".join(
                part for part in (source_name(one.source), metric_word(one.metric), one.vo) if part
            ),
            state=display.state(state.status, status_word(state.status)),
            raw=show_bidi(state.raw_status),
            summary=shorten(show_bidi(state.summary), SUMMARY_LENGTH),
            url=state.evidence_url,
        )
        for state, one in shown
    ]
    return lines, len(states) - len(shown)
