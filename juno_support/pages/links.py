"""Network links: how each direction is, how it was, and where admins enter and change them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, open_to_everyone
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib import clock, display
from juno_support.lib.strips import Span, Timeline, share_words
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages import downtime_lines, history
from monitoring import states
from monitoring.conditions import EntityStatus
from monitoring.models import Downtime
from monitoring.observations import EntityKind
from monitoring.queries import current_conditions_for_sites
from monitoring.states import Series
from monitoring.statuses import SEVERITY, Status
from monitoring.words import metric_word, numbers, source_name, status_word
from supportunits import policies
from topology.actions.links import save_link
from topology.forms import LinkForm
from topology.models import LinkKind, NetworkLink, Service, Site

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


@dataclass(frozen=True)
class Filter:
    """Which links the reader wants to see; empty means all."""

    words: str
    kind: str
    only_problems: bool

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address."""
        kind = request.GET.get("kind", "")
        return cls(
            words=clean_line(request.GET.get("q", ""))[:100],
            kind=kind if kind in LinkKind.values else "",
            only_problems="problems" in request.GET,
        )

    @property
    def is_set(self) -> bool:
        """Say whether anything is left out."""
        return any((self.words, self.kind, self.only_problems))

    def links(self) -> QuerySet[NetworkLink]:
        """Return the links that fit, by network and name."""
        links = NetworkLink.objects.select_related("site_a", "site_b").order_by("kind", "name")
        if self.kind:
            links = links.filter(kind=self.kind)
        if self.words:
            links = links.filter(
                Q(name__icontains=self.words)
                | Q(provider__icontains=self.words)
                | Q(site_a__name__icontains=self.words)
                | Q(site_b__name__icontains=self.words)
            )
        return links


@require_safe
@open_to_everyone
def link_list(request: HttpRequest) -> HttpResponse:
    """Show the links with both directions of each; public where the board is."""
    if not (settings.JUNO_PUBLIC_BOARD or request.user.is_authenticated):
        return redirect_to_login(request.get_full_path())
    return _show_list(request)


@require_POST
@allowed_if(policies.is_admin)
def add_link(request: HttpRequest) -> HttpResponse:
    """Enter a link."""
    form = LinkForm(request.POST)
    if form.is_valid() and (link := _save(request, form, None)):
        messages.success(
            request,
            _("%(name)s is entered. What the sources tell of it appears with their next polls.")
            % {"name": link.name},
        )
        return redirect("links:link", name=link.name)
    return _show_list(request, form=form, status=422)


@require_safe
@open_to_everyone
def link_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one link with its history; public where the board is."""
    if not (settings.JUNO_PUBLIC_BOARD or request.user.is_authenticated):
        return redirect_to_login(request.get_full_path())
    return _show(request, _find(name))


@require_POST
@allowed_if(policies.is_admin)
def change_link(request: HttpRequest, name: str) -> HttpResponse:
    """Change a link."""
    link = _find(name)
    form = LinkForm(request.POST)
    if form.is_valid() and (changed := _save(request, form, link)):
        messages.success(request, _("%(name)s is changed.") % {"name": changed.name})
        return redirect("links:link", name=changed.name)
    return _show(request, link, form=form, status=422)


def _find(name: str) -> NetworkLink:
    links = NetworkLink.objects.select_related("site_a", "site_b")
    return get_object_or_404(links, name=name[:100])


def _save(request: HttpRequest, form: LinkForm, link: NetworkLink | None) -> NetworkLink | None:
    try:
        return save_link(
            link=link, by=cast(User, request.user), at=clock.now(), **form.cleaned_data
        )
    except SupportError as error:
        form.add_error(None, str(error))
        return None


def _show_list(
    request: HttpRequest, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    wanted = Filter.of(request)
    links = list(wanted.links())
    all_ages = freshness(now)
    ages = states.sources_of_states(all_ages)
    axis = history.timeline_of("7d", now)
    ids = [link.pk for link in links]
    series = states.history_of_links(ids, starts_at=axis.starts_at, ends_at=now, ages=ages)
    sites = {pk for link in links for pk in (link.site_a_id, link.site_b_id)}
    badges = current_conditions_for_sites(sites, at=now, ages=all_ages)
    words = {pk: downtime_lines.badge(badge.state) for pk, badge in badges.items()}
    hosts = _sites_of_hosts(sites)
    lines = [_line(link, series.get(link.pk, []), axis, ages, words, hosts) for link in links]
    if wanted.only_problems:
        lines = [line for line in lines if line.worst >= SEVERITY[Status.WARNING]]
    lines.sort(key=lambda line: -line.worst)
    is_admin = policies.is_admin(request.user)
    telling = {one.source for found in series.values() for one in found}
    return render(
        request,
        "topology/links.html",
        {
            "links": lines,
            "axis": axis.cells(),
            "filter": wanted,
            "kinds": LinkKind.choices,
            "count": ngettext("%(n)d link", "%(n)d links", len(lines)) % {"n": len(lines)},
            "ages": [history.age_of(name, age, now) for name, age in ages.items()
                     if name in telling],
            "is_admin": is_admin,
            "form": (form or LinkForm()) if is_admin else None,
            "is_wrong": form is not None,
            "sites": _site_names() if is_admin else [],
        },
        status=status,
    )  # fmt: skip


def _show(
    request: HttpRequest, link: NetworkLink, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    span = history.span_of(request)
    axis = history.timeline_of(span, now)
    all_ages = freshness(now)
    ages = states.sources_of_states(all_ages)
    # A week at least, for the picture of both directions.
    week = history.timeline_of("7d", now)
    series = states.history_of_links(
        [link.pk],
        starts_at=min(axis.starts_at, week.starts_at),
        ends_at=now,
        ages=ages,
    ).get(link.pk, [])
    ends = (link.site_a, link.site_b)
    badges = current_conditions_for_sites([site.pk for site in ends], at=now, ages=all_ages)
    words = {pk: downtime_lines.badge(badge.state) for pk, badge in badges.items()}
    telling = {one.source for one in series}
    is_admin = policies.is_admin(request.user)
    return render(
        request,
        "topology/link.html",
        {
            "link": _line(
                link, series, week, ages, words, _sites_of_hosts([site.pk for site in ends])
            ),
            "history": history.history_of(
                _within(series, axis),
                axis,
                span=span,
                ages={name: age for name, age in ages.items() if name in telling},
                downtimes=Downtime.objects.filter(
                    site__in=ends, ends_at__gt=axis.starts_at, starts_at__lt=axis.ends_at
                ),
                heading=_("Both directions"),
            ),
            "is_admin": is_admin,
            "form": (form or LinkForm.of(link)) if is_admin else None,
            "is_wrong": form is not None,
            "sites": _site_names() if is_admin else [],
        },
        status=status,
    )


def _site_names() -> list[str]:
    return list(Site.objects.filter(gone_at=None).order_by("name").values_list("name", flat=True))


def _within(series: Sequence[Series], axis: Timeline) -> list[Series]:
    """Return what of the series falls on the axis."""
    found = []
    for one in series:
        kept = tuple(
            state for state in one.states if state.until is None or state.until > axis.starts_at
        )
        if kept:
            found.append(Series(one.entity, one.kind, one.source, one.metric, one.vo, kept))
    return found


def _line(
    link: NetworkLink,
    series: Sequence[Series],
    axis: Timeline,
    ages: Mapping[str, Freshness],
    badges: Mapping[int, SafeString],
    hosts: Mapping[str, str],
) -> LinkLine:
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


def _sites_of_hosts(site_ids: Collection[int]) -> dict[str, str]:
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
