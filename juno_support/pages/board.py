"""The sites board: who is in a downtime, who comes next, and all the others at a glance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from juno_support.access import open_to_everyone
from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib import clock, display
from juno_support.lib.strips import Timeline
from juno_support.lib.text import shorten, show_bidi
from juno_support.pages import downtime_lines
from monitoring.models import Downtime, Severity
from monitoring.queries import (
    DOWNTIMES,
    SOURCES,
    SiteBadge,
    SiteState,
    current_conditions_for_sites,
)
from supportunits.models import VO, VOSite
from tickets.queries import open_numbers_of_sites
from topology.models import OperationsCentre, Service, Site
from topology.models.site import CertificationStatus

DAYS_BACK = 2
DAYS_AHEAD = 7
COMING = "coming"
GONE = "gone"
DESCRIPTION_LENGTH = 90

# Worth a word beside a site's name; certified and unknown are the rule.
STATUS_TONES = {
    CertificationStatus.SUSPENDED: "bad",
    CertificationStatus.CLOSED: "bad",
    CertificationStatus.UNCERTIFIED: "warn",
    CertificationStatus.CANDIDATE: "warn",
}


@dataclass(frozen=True)
class Line:
    """A site with a downtime that runs or comes, ready to be shown."""

    name: str
    url: str
    badge: SafeString
    note: str
    tags: SafeString
    what: str
    services: str
    more: str
    until: SafeString
    left: str
    strip: SafeString
    tickets: SafeString


@dataclass(frozen=True)
class Cell:
    """A site without a downtime, in the grid."""

    html: SafeString


@dataclass(frozen=True)
class Group:
    """Sites in one state, with the state's word as its heading."""

    state: str
    heading: str
    note: str
    lines: tuple[Line, ...]
    cells: tuple[Cell, ...]

    @property
    def count(self) -> int:
        """Return how many sites there are."""
        return len(self.lines) + len(self.cells)


@dataclass(frozen=True)
class Filter:
    """What the reader wants to see; empty means everything."""

    words: str
    centre: str
    vo: str
    state: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address."""
        given = request.GET
        state = given.get("state", "")
        known = {*SiteState.values, COMING, GONE}
        return cls(
            words=given.get("q", "").strip()[:100],
            centre=given.get("centre", "")[:100],
            vo=given.get("vo", "")[:100],
            state=state if state in known else "",
        )

    def sites(self) -> QuerySet[Site]:
        """Return the sites that fit, by name; gone ones only when asked for."""
        sites = Site.objects.filter(gone_at__isnull=self.state != GONE)
        if self.words:
            sites = sites.filter(
                Q(name__icontains=self.words)
                | Q(official_name__icontains=self.words)
                | Q(country__icontains=self.words)
                | Q(operations_centre__name__icontains=self.words)
                | Q(pk__in=Site.objects.filter(aliases__name__icontains=self.words).values("pk"))
            )
        if self.centre:
            sites = sites.filter(operations_centre__name=self.centre)
        if self.vo:
            sites = sites.filter(vo_sites__vo__name=self.vo)
        return sites.select_related("operations_centre").order_by("name")

    def shows(self, state: str) -> bool:
        """Say whether sites in this state, or ``coming``, are wanted."""
        return self.state in ("", GONE, state)


@require_safe
@open_to_everyone
def site_board(request: HttpRequest) -> HttpResponse:
    """Show all sites, those in a downtime first; public where the instance says so."""
    if not (settings.JUNO_PUBLIC_BOARD or request.user.is_authenticated):
        return redirect_to_login(request.get_full_path())
    now = clock.now()
    wanted = Filter.of(request)
    sites = list(wanted.sites())
    ages = freshness(now, SOURCES)
    groups = _groups(sites, wanted, ages, request.user, now)
    timeline = _timeline(now)
    return render(
        request,
        "monitoring/board.html",
        {
            "groups": groups,
            "axis": timeline.cells(),
            "filter": wanted,
            "centres": OperationsCentre.objects.filter(gone_at=None)
            .order_by("name")
            .values_list("name", flat=True),
            "vos": VO.objects.filter(vo_sites__isnull=False)
            .distinct()
            .order_by("name")
            .values_list("name", flat=True),
            "states": _state_choices(),
            "count": ngettext("%(n)d site", "%(n)d sites", len(sites)) % {"n": len(sites)},
            "age": downtime_lines.age_words(ages[DOWNTIMES], now),
            "is_stale": ages[DOWNTIMES].stale,
            "is_filtered": any((wanted.words, wanted.centre, wanted.vo, wanted.state)),
        },
    )


def _timeline(now: datetime) -> Timeline:
    return Timeline.around(now, days_back=DAYS_BACK, days_ahead=DAYS_AHEAD)


def _state_choices() -> list[tuple[str, str]]:
    return [
        (SiteState.OUTAGE.value, str(SiteState.OUTAGE.label)),
        (SiteState.AT_RISK.value, str(SiteState.AT_RISK.label)),
        (COMING, _("coming")),
        (SiteState.UNKNOWN.value, str(SiteState.UNKNOWN.label)),
        (SiteState.NONE.value, str(SiteState.NONE.label)),
        (GONE, _("no longer in GOCDB")),
    ]


def _groups(
    sites: list[Site], wanted: Filter, ages: dict[str, Freshness], user: Any, now: datetime
) -> list[Group]:
    ids = [site.pk for site in sites]
    timeline = _timeline(now)
    badges = current_conditions_for_sites(ids, at=now, ages=ages)
    downtimes = _downtimes(ids, timeline)
    tiers = _tiers(ids)
    service_counts = _service_counts(downtimes)
    numbers = open_numbers_of_sites(user, ids) if user.is_authenticated else {}
    lines: dict[str, list[tuple[datetime, Line]]] = {}
    cells: dict[str, list[Cell]] = {}
    for site in sites:
        badge, theirs = badges[site.pk], downtimes.get(site.pk, [])
        shown = _most_pressing(theirs, now)
        state = badge.state
        if shown and shown.starts_at > now:
            state = COMING
        if not wanted.shows(state):
            continue
        tags = _tags(site, tiers.get(site.pk, []))
        tickets = _tickets(site, numbers.get(site.pk, []))
        if shown is None:
            cells.setdefault(state, []).append(_cell(site, badge, tags, tickets))
            continue
        services = service_counts.get(site.pk, 0)
        line = _line(site, badge, shown, theirs, timeline, services, tags, tickets)
        key = shown.starts_at if state == COMING else shown.ends_at
        lines.setdefault(state, []).append((key, line))
    headings = dict(_state_choices())
    notes = {
        SiteState.UNKNOWN.value: _("Missing data is unknown, not fine."),
        COMING: _("Declared to begin within a week."),
    }
    if wanted.state == GONE:
        headings[SiteState.UNKNOWN.value] = headings[GONE]
    return [
        Group(
            state=state,
            heading=headings[state],
            note=notes.get(state, ""),
            lines=tuple(line for _key, line in sorted(lines.get(state, []), key=lambda p: p[0])),
            cells=tuple(cells.get(state, ())),
        )
        for state, _label in _state_choices()
        if lines.get(state) or cells.get(state)
    ]


def _downtimes(site_ids: Iterable[int], timeline: Timeline) -> dict[int, list[Downtime]]:
    """Return the downtimes that touch the timeline, by site; one query."""
    found: dict[int, list[Downtime]] = {}
    for downtime in Downtime.objects.filter(
        site__in=site_ids,
        withdrawn_at=None,
        ends_at__gt=timeline.starts_at,
        starts_at__lt=timeline.ends_at,
    ).order_by("starts_at", "pk"):
        found.setdefault(downtime.site_id, []).append(downtime)
    return found


def _service_counts(site_ids: Iterable[int]) -> dict[int, int]:
    """Return how many services each site has; one query."""
    return dict(
        Service.objects.filter(site__in=list(site_ids), gone_at=None)
        .values("site")
        .annotate(count=Count("pk"))
        .values_list("site", "count")
    )


def _services_words(affected: int, all_services: int) -> str:
    """Say how much of a site a downtime covers: "3 of 37 services"."""
    if affected > all_services:
        return ngettext("%(n)d service", "%(n)d services", affected) % {"n": affected}
    return ngettext("%(n)d of %(all)d service", "%(n)d of %(all)d services", all_services) % {
        "n": affected,
        "all": all_services,
    }


def _most_pressing(downtimes: list[Downtime], now: datetime) -> Downtime | None:
    """Return the downtime to name: a running outage, else what runs, else what comes next."""
    running = [one for one in downtimes if one.starts_at <= now < one.ends_at]
    if running:
        return max(running, key=lambda one: (one.severity == Severity.OUTAGE, one.ends_at))
    coming = [one for one in downtimes if one.starts_at > now]
    return min(coming, key=lambda one: one.starts_at, default=None)


def _tiers(site_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return for each site the VOs that use it and its tier there; one query."""
    found: dict[int, list[tuple[str, str]]] = {}
    for listed in VOSite.objects.filter(site__in=site_ids).select_related("vo").order_by("pk"):
        words = f"{listed.vo.name} {listed.get_tier_display()}"
        found.setdefault(listed.site_id, []).append((listed.vo.name, words))
    return found


def _tags(site: Site, tiers: list[tuple[str, str]]) -> SafeString:
    tags = [format_html('<span class="tag tag-accent">{}</span>', words) for _vo, words in tiers]
    status = CertificationStatus(site.certification_status)
    if status in STATUS_TONES:
        tags.append(
            format_html('<span class="tag tag-{}">{}</span>', STATUS_TONES[status], status.label)
        )
    return SafeString(" ".join(tags))


def _tickets(site: Site, numbers: list[int]) -> SafeString:
    if not numbers:
        return SafeString("")
    count = "99+" if len(numbers) > 99 else str(len(numbers))
    words = ngettext("%(n)s open ticket", "%(n)s open tickets", len(numbers)) % {"n": count}
    return format_html(
        '<a class="count" href="{}#tickets" title="{}">{}<span class="visually-hidden"> {}</span>'
        "</a>",
        _url(site),
        words,
        count,
        words,
    )


def _url(site: Site) -> str:
    return reverse("sites:site", args=[site.name])


def _cell(site: Site, badge: SiteBadge, tags: SafeString, tickets: SafeString) -> Cell:
    return Cell(
        format_html(
            '<li class="board-cell"><a href="{}" title="{}"><span class="badge-site"'
            ' data-state="{}">{}</span></a><span class="visually-hidden">{}</span> {} {}</li>',
            _url(site),
            _place(site),
            badge.state,
            site.name,
            badge.word,
            tags,
            tickets,
        )
    )


def _place(site: Site) -> str:
    centre = site.operations_centre.name if site.operations_centre else ""
    return " · ".join(show_bidi(part) for part in (centre, site.country) if part)


def _line(
    site: Site,
    badge: SiteBadge,
    shown: Downtime,
    downtimes: list[Downtime],
    timeline: Timeline,
    services: int,
    tags: SafeString,
    tickets: SafeString,
) -> Line:
    now = timeline.now
    words = downtime_lines.severity_words(shown.severity, shown.classification)
    text = shorten(show_bidi(shown.description), DESCRIPTION_LENGTH)
    others = sum(1 for one in downtimes if one.ends_at > now) - 1
    return Line(
        name=site.name,
        url=_url(site),
        badge=downtime_lines.badge(badge.state),
        note=_place(site),
        tags=tags,
        what=f"{words}: {text}" if text else words,
        services=_services_words(len(shown.affected), services),
        more=ngettext("and %(n)d more", "and %(n)d more", others) % {"n": others} if others else "",
        until=display.when(shown.starts_at if shown.starts_at > now else shown.ends_at, now),
        left=downtime_lines.left_words(shown, now),
        strip=timeline.strip(
            [downtime_lines.span_of(one) for one in downtimes],
            ngettext("%(n)d downtime", "%(n)d downtimes", len(downtimes)) % {"n": len(downtimes)},
        ),
        tickets=tickets,
    )
