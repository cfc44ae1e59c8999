"""A network link in words and strips: each direction by what was measured."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.feeds.queries import Freshness
from juno_support.lib import display
from juno_support.lib.strips import Span, Timeline, share_words
from juno_support.lib.text import show_bidi
from juno_support.pages import history
from monitoring.conditions import EntityStatus
from monitoring.observations import EntityKind
from monitoring.states import Series
from monitoring.statuses import SEVERITY, Status
from monitoring.words import metric_word, numbers, source_name, status_word
from topology.models import NetworkLink, Service

_FAULTS = frozenset({Status.WARNING, Status.CRITICAL, Status.DOWN})


@dataclass(frozen=True)
class Measured:
    """One metric of one direction now: shape and word, and its figures."""

    what: str
    state: SafeString
    figures: str
    note: str
    url: str


@dataclass(frozen=True)
class DirectionLine:
    """One direction of a link: how it is by metric, and its last seven days.

    ``name`` are its two sites, or the hosts (and then ``hosts`` is empty) where we do not know
    at which site they are.
    """

    name: str
    hosts: str
    measured: tuple[Measured, ...]
    strip: SafeString
    shares: str


@dataclass(frozen=True)
class LinkLine:
    """A link, ready to be shown; ``ends`` are its sites with the state of each."""

    name: str
    url: str
    kind: str
    is_backup: bool
    provider: str
    note: str
    ends: tuple[tuple[str, SafeString], ...]
    worst: int
    state: SafeString
    directions: tuple[DirectionLine, ...]


def within(series: Sequence[Series], axis: Timeline) -> list[Series]:
    """Return what of the series falls on the axis."""
    found = []
    for one in series:
        kept = tuple(
            state for state in one.states if state.until is None or state.until > axis.starts_at
        )
        if kept:
            found.append(Series(one.entity, one.kind, one.source, one.metric, one.vo, kept))
    return found


def link_line(
    link: NetworkLink,
    series: Sequence[Series],
    axis: Timeline,
    ages: Mapping[str, Freshness],
    badges: Mapping[int, SafeString],
    hosts: Mapping[str, str],
) -> LinkLine:
    """Put a link into words and strips.

    :param badges: the declared state of each site, by primary key
    :param hosts: what ``sites_of_hosts`` returned for its sites
    """
    by_direction: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        by_direction[_direction_of(one.entity, link, hosts)].append(one)
    counted = [
        state.status
        for one in series
        if (state := history.present(one, axis.now))
        and not ages[one.source].stale
        and not ages[one.source].doubt
    ]
    worst = max(counted, key=SEVERITY.__getitem__, default=Status.UNKNOWN.value)
    return LinkLine(
        name=link.name,
        url=reverse("links:link", args=[link.name]),
        kind=link.get_kind_display(),
        is_backup=link.is_backup,
        provider=show_bidi(link.provider),
        note=show_bidi(link.note),
        ends=tuple((site.name, badges[site.pk]) for site in (link.site_a, link.site_b)),
        worst=SEVERITY[worst],
        state=display.state(worst, status_word(worst)),
        directions=tuple(
            _direction(name, found, axis, ages) for name, found in sorted(by_direction.items())
        ),
    )


def sites_of_hosts(site_ids: Collection[int]) -> dict[str, str]:
    """Return the site of each host, by small letters, of those that GOCDB has at these sites."""
    return {
        host.lower(): site
        for host, site in Service.objects.filter(site__in=site_ids, gone_at=None).values_list(
            "hostname", "site__name"
        )
    }


def _direction_of(entity: str, link: NetworkLink, hosts: Mapping[str, str]) -> str:
    """Return the two sites of a direction, whichever hosts measured; else the hosts."""
    ends = [hosts.get(host.lower(), "") for host in entity.split()]
    if set(ends) == {link.site_a.name, link.site_b.name} and len(ends) == 2:
        return f"{ends[0]} → {ends[1]}"
    return history.thing_words(EntityKind.LINK, entity)


def _direction(
    name: str, series: Sequence[Series], axis: Timeline, ages: Mapping[str, Freshness]
) -> DirectionLine:
    spans: list[Span] = []
    measured = []
    for one in series:
        age = ages[one.source]
        spans += history.spans_of(one, age)
        if state := history.present(one, axis.now):
            measured.append(_measured(one, state, age, axis.now))
    drawn = worst_of_each_moment(spans, axis)
    said = share_words(axis.shares(drawn), {one: status_word(one) for one in SEVERITY})
    return DirectionLine(
        name=name,
        hosts=", ".join(
            words
            for words in dict.fromkeys(
                history.thing_words(EntityKind.LINK, one.entity) for one in series
            )
            if words != name
        ),
        measured=tuple(measured),
        strip=axis.states(drawn, f"{name}: {said}"),
        shares=said,
    )


def worst_of_each_moment(spans: Iterable[Span], axis: Timeline) -> list[Span]:
    """Return what was worst at each moment of the axis, as spans that do not overlap."""
    events: list[tuple[datetime, int, str]] = []
    for span in spans:
        begins = max(span.starts_at, axis.starts_at)
        ends = min(span.ends_at or axis.now, axis.now)
        if begins < ends:
            events += [(begins, 1, span.tone), (ends, -1, span.tone)]
    events.sort(key=lambda event: event[0])
    alive: Counter[str] = Counter()
    found: list[Span] = []
    for (moment, step, tone), after in pairwise([*events, (axis.now, 0, "")]):
        alive[tone] += step
        worst = max((one for one, count in alive.items() if count), key=_rank, default="")
        if not worst or moment == after[0]:
            continue
        if found and found[-1].tone == worst and found[-1].ends_at == moment:
            found[-1] = Span(found[-1].starts_at, after[0], worst)
        else:
            found.append(Span(moment, after[0], worst))
    return found


def _rank(tone: str) -> int:
    return SEVERITY[tone]


def _measured(one: Series, state: EntityStatus, age: Freshness, now: datetime) -> Measured:
    shown = Status.UNKNOWN.value if age.stale else state.status
    note = ""
    if age.stale:
        note = _("was %(state)s when it was last read") % {"state": status_word(state.status)}
    elif age.doubt:
        note = _("in doubt")
    elif state.status in _FAULTS:
        note = display.duration_text(now - state.since)
    metric = metric_word(one.metric)
    return Measured(
        what=" ".join(part for part in (source_name(one.source), metric) if part),
        state=display.state(shown, status_word(shown)),
        figures=", ".join(numbers(state.details)),
        note=note,
        url=state.evidence_url,
    )
