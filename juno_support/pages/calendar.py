"""The calendar of declared downtimes: running, coming and past, by week or month, and as a feed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from juno_support.access import open_to_everyone
from juno_support.feeds.queries import freshness
from juno_support.lib import clock
from juno_support.lib.strips import Timeline
from juno_support.lib.text import clean_line, shorten, show_bidi
from juno_support.pages import calendar_feed, downtime_lines
from juno_support.pages.board_lines import site_url
from juno_support.pages.public_board import public_with_board
from monitoring.models import Downtime, Severity
from monitoring.queries import DOWNTIMES, SOURCES
from supportunits.models import VO
from topology.models import OperationsCentre, Site
from topology.queries import SiteNotFound, find_site

VIEWS = {
    "now": gettext_lazy("Now"),
    "week": gettext_lazy("Week"),
    "month": gettext_lazy("Month"),
}
PAST = timedelta(days=7)
MOST_SHOWN = 400
DESCRIPTION_LENGTH = 200
# As far as the feed looks; calendars ask every hour or so, and keep what they had.
FEED_BACK = timedelta(days=30)
MOST_IN_FEED = 2000


@dataclass(frozen=True)
class Line:
    """A downtime, ready to be shown."""

    site: str
    url: str
    state: SafeString
    kind: str
    period: SafeString
    left: str
    description: str
    services: str
    strip: SafeString


@dataclass(frozen=True)
class Group:
    """Downtimes under one heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Filter:
    """Which downtimes the reader wants to see; empty means all. ``site`` is a site's name."""

    site: str
    centre: str
    vo: str
    severity: str
    is_unknown_site: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address; a site may be named by an alias."""
        given = request.GET
        site = clean_line(given.get("site", ""))[:200]
        is_unknown = False
        if site:
            try:
                site = find_site(site).name
            except SiteNotFound:
                is_unknown = True
        severity = given.get("severity", "")
        return cls(
            site=site,
            centre=clean_line(given.get("ngi", ""))[:100],
            vo=clean_line(given.get("vo", ""))[:100],
            severity=severity if severity in Severity.values else "",
            is_unknown_site=is_unknown,
        )

    @property
    def is_set(self) -> bool:
        """Say whether anything is left out."""
        return any((self.site, self.centre, self.vo, self.severity))

    @property
    def query(self) -> dict[str, str]:
        """Return it as parameters of an address."""
        given = {"site": self.site, "ngi": self.centre, "vo": self.vo, "severity": self.severity}
        return {name: value for name, value in given.items() if value}

    def downtimes(self) -> QuerySet[Downtime]:
        """Return the downtimes that fit."""
        found = Downtime.objects.select_related("site")
        if self.site:
            found = found.filter(site__name=self.site)
        if self.centre:
            found = found.filter(site__operations_centre__name=self.centre)
        if self.vo:
            found = found.filter(
                site__in=Site.objects.filter(vo_sites__vo__name=self.vo).values("pk")
            )
        if self.severity:
            found = found.filter(severity=self.severity)
        return found


@require_safe
@open_to_everyone
@public_with_board
def calendar(request: HttpRequest) -> HttpResponse:
    """Show the downtimes; public where the board is."""
    now = clock.now()
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "now"
    wanted = Filter.of(request)
    age = freshness(now, SOURCES)[DOWNTIMES]
    day = _day(request, now)
    axis, title, earlier, later = _page(view, day, now)
    groups = (_now_groups if view == "now" else _day_groups)(wanted, axis, now)
    feed = reverse("calendar-downtimes")
    query = {name: value for name, value in wanted.query.items() if name != "severity"}
    return render(
        request,
        "monitoring/calendar.html",
        {
            "title": title,
            "view": view,
            "views": [
                {"label": label, "url": _address(wanted, view=key), "is_current": key == view}
                for key, label in VIEWS.items()
            ],
            "earlier": _address(wanted, view=view, day=earlier) if earlier else "",
            "later": _address(wanted, view=view, day=later) if later else "",
            "axis": axis.cells(),
            "groups": groups,
            "is_cut": sum(len(group.lines) for group in groups) >= MOST_SHOWN,
            "filter": wanted,
            "day": day.isoformat() if view != "now" and "day" in request.GET else "",
            "centres": OperationsCentre.objects.filter(gone_at=None)
            .order_by("name")
            .values_list("name", flat=True),
            "vos": VO.objects.filter(vo_sites__isnull=False)
            .distinct()
            .order_by("name")
            .values_list("name", flat=True),
            "severities": Severity.choices,
            "age": downtime_lines.age_words(age, now),
            "is_stale": age.stale,
            "feed": f"{feed}?{urlencode(query)}" if query else feed,
            "feed_url": f"{settings.JUNO_BASE_URL}{feed}{'?' if query else ''}{urlencode(query)}",
        },
    )


@require_safe
@open_to_everyone
@public_with_board
def feed(request: HttpRequest) -> HttpResponse:
    """Answer with the downtimes as an iCalendar document; public where the board is.

    An unknown site is 404, so that a calendar does not quietly stay empty.
    """
    now = clock.now()
    wanted = Filter.of(request)
    if wanted.is_unknown_site:
        raise Http404
    downtimes = (
        wanted.downtimes()
        .filter(ends_at__gt=now - FEED_BACK)
        .annotate(edits=Count("changes"))
        .order_by("starts_at", "pk")[:MOST_IN_FEED]
    )
    answer = HttpResponse(
        calendar_feed.document(downtimes, title=_feed_title(wanted)),
        content_type="text/calendar; charset=utf-8",
    )
    answer["Content-Disposition"] = 'inline; filename="downtimes.ics"'
    answer["Cache-Control"] = "max-age=300"
    return answer


def _feed_title(wanted: Filter) -> str:
    places = [part for part in (wanted.site, wanted.centre, wanted.vo) if part]
    if not places:
        return _("Downtimes")
    return _("Downtimes: %(places)s") % {"places": ", ".join(places)}


def _day(request: HttpRequest, now: datetime) -> date:
    """Return the day that is asked for, today where it is none or too far away."""
    today = now.astimezone(timezone.get_current_timezone()).date()
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return day if abs(day - today) < timedelta(days=3660) else today


def _page(view: str, day: date, now: datetime) -> tuple[Timeline, str, date | None, date | None]:
    """Return the axis of a view, its title, and the days that lead back and on."""
    if view == "week":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=7)
        title = _("%(first)s to %(last)s") % {
            "first": _date_words(first),
            "last": _date_words(last - timedelta(days=1)),
        }
        return _axis(first, last, 1, now), title, first - timedelta(days=7), last
    if view == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        title = f"{str(MONTHS[first.month]).capitalize()} {first.year}"
        # Whole weeks, as on a wall calendar; the cells of the axis are equally long.
        begins = first - timedelta(days=first.weekday())
        ends = after + timedelta(days=-after.weekday() % 7)
        return _axis(begins, ends, 7, now), title, first - timedelta(days=1), after
    return Timeline.around(now, days_back=7, days_ahead=14, days_a_cell=3), "", None, None


def _axis(first: date, last: date, days_a_cell: int, now: datetime) -> Timeline:
    zone = timezone.get_current_timezone()
    begins, ends = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, last))
    return Timeline(begins, ends, now, days_a_cell=days_a_cell)


def _now_groups(wanted: Filter, axis: Timeline, now: datetime) -> list[Group]:
    """Return what runs (the next to end first), what comes, and the past week (newest first)."""
    in_force = wanted.downtimes().filter(withdrawn_at=None)
    running = in_force.filter(starts_at__lte=now, ends_at__gt=now).order_by("ends_at", "pk")
    coming = in_force.filter(starts_at__gt=now).order_by("starts_at", "pk")
    past = wanted.downtimes().filter(
        Q(ends_at__lte=now) | Q(withdrawn_at__isnull=False), ends_at__gt=now - PAST
    )
    groups = []
    left = MOST_SHOWN
    for heading, downtimes in (
        (_("Running"), running),
        (_("Coming"), coming),
        (_("Past week"), past.order_by("-ends_at", "-pk")),
    ):
        lines = _lines(downtimes[:left], axis, now)
        left -= len(lines)
        if lines:
            groups.append(Group(heading, lines))
        if not left:
            break
    return groups


def _day_groups(wanted: Filter, axis: Timeline, now: datetime) -> list[Group]:
    """Return the downtimes of a week or month by the day on which they begin."""
    found = (
        wanted.downtimes()
        .filter(withdrawn_at=None, ends_at__gt=axis.starts_at, starts_at__lt=axis.ends_at)
        .order_by("starts_at", "pk")[:MOST_SHOWN]
    )
    zone = timezone.get_current_timezone()
    by_day: dict[str, list[Downtime]] = {}
    for one in found:
        if one.starts_at < axis.starts_at:
            heading = _("Running already")
        else:
            day = one.starts_at.astimezone(zone).date()
            heading = f"{str(WEEKDAYS[day.weekday()]).capitalize()}, {_date_words(day)}"
        by_day.setdefault(heading, []).append(one)
    return [Group(heading, _lines(its, axis, now)) for heading, its in by_day.items()]


def _lines(downtimes: Iterable[Downtime], axis: Timeline, now: datetime) -> tuple[Line, ...]:
    return tuple(_line(one, axis, now) for one in downtimes)


def _line(one: Downtime, axis: Timeline, now: datetime) -> Line:
    kind = downtime_lines.severity_words(one.severity, one.classification)
    count = len(one.affected)
    return Line(
        site=one.site.name,
        url=f"{site_url(one.site.name)}#downtime-{one.pk}",
        state=downtime_lines.phase_pill(one, now),
        kind=kind,
        period=downtime_lines.period(one, now),
        left=downtime_lines.left_words(one, now),
        description=shorten(show_bidi(one.description), DESCRIPTION_LENGTH),
        services=ngettext("%(n)d service", "%(n)d services", count) % {"n": count},
        strip=axis.strip([downtime_lines.span_of(one)], f"{one.site.name}: {kind}"),
    )


def _date_words(day: date) -> str:
    return f"{day.day} {str(MONTHS[day.month]).capitalize()} {day.year}"


def _address(wanted: Filter, *, view: str, day: date | None = None) -> str:
    query: dict[str, Any] = dict(wanted.query)
    if view != "now":
        query["view"] = view
    if day is not None:
        query["day"] = day.isoformat()
    here = reverse("downtimes:calendar")
    return f"{here}?{urlencode(query)}" if query else here
