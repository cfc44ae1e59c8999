"""The report of a week or a shift, made from what is stored: figures, pictures, the log."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from juno_support.access import checked_inside
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from juno_support.pages.board_lines import site_url
from juno_support.pages.shifts.find import person, reported_vo, shift_of
from juno_support.pages.shifts.log import EntryLine, entry_lines, loaded
from juno_support.pages.shifts.words import when
from monitoring.models import Downtime
from supportunits import policies
from supportunits.models import VO, HandOver, Shift, ShiftLogEntry
from supportunits.rota import Period, monday_of
from tickets import policies as ticket_policies
from tickets.models import Proposal, Ticket, TicketType
from tickets.queries import count_text, count_up_to_limit

MOST_ROWS = 40
LONGEST = timedelta(days=35)
HEIGHT = 60
BAR = 26


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the report and the list that it counts.

    :ivar stops: of what is now; it stops at a hundred, as live counts do
    """

    label: str
    number: int
    url: str = ""
    stops: bool = False

    @property
    def text(self) -> str:
        """Return the number as people read it."""
        return count_text(self.number) if self.stops else str(self.number)


@require_safe
@checked_inside
def report_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the report of a week (``?week=2026-01-12``, else this one) or a shift (``?shift=7``)."""
    vo = reported_vo(request.user, name)
    now = clock.now()
    period, shift = _period(request, vo, now)
    return render(
        request,
        "shifts/report.html",
        report(vo, person(request), period, now)
        | {
            "shift": shift,
            "shift_url": reverse("shifts:shift", args=[shift.pk]) if shift else "",
            "earlier": _week_url(vo, period.starts_at, -7),
            "later": _week_url(vo, period.starts_at, 7),
            "now": display.when(now),
        },
    )


def report(vo: VO, user: Any, period: Period, now: datetime) -> dict[str, Any]:
    """Return what happened to a VO in a period: for the report and the meeting's page.

    Tickets are counted as far as the reader may know of them. The log's entries are left out for
    those who do not read it.
    """
    tickets = ticket_policies.outlined_tickets(user).filter(vo=vo)
    entries = ShiftLogEntry.objects.filter(
        vo=vo, written_at__gte=period.starts_at, written_at__lt=period.ends_at
    )
    return {
        "vo": vo,
        "reads_log": policies.may_read_shift_log(user, vo),
        "period": when(period.starts_at, period.ends_at),
        "figures": _figures(vo, tickets, period, now),
        "chart": _chart(tickets, period),
        "sites": _sites(tickets, period),
        "shifts": _shifts(vo, period, now),
        "downtimes": _downtimes(vo, period, now),
        "entries": _entries(entries, user, now) if policies.may_read_shift_log(user, vo) else None,
    }


def _entries(entries: Any, user: Any, now: datetime) -> list[EntryLine]:
    found = list(loaded(entries).order_by("written_at", "pk")[:MOST_ROWS])
    return entry_lines(found, user, now)


def week_of(text: str, now: datetime) -> date:
    """Return the Monday of the week that is asked for, else of this one (reader's zone)."""
    today = timezone.localtime(now).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    return monday_of(day if abs(day - today) < timedelta(days=3660) else today)


def week_period(monday: date) -> Period:
    """Return the week from its Monday's midnight on, in the reader's zone."""
    zone = timezone.get_current_timezone()
    return Period(
        datetime.combine(monday, time(0), tzinfo=zone),
        datetime.combine(monday + timedelta(days=7), time(0), tzinfo=zone),
    )


def _period(request: HttpRequest, vo: VO, now: datetime) -> tuple[Period, Shift | None]:
    key = whole_number(request.GET.get("shift"))
    if key is not None:
        shift = shift_of(key)
        if shift.type.vo_id == vo.pk:
            return Period(shift.starts_at, shift.ends_at), shift
    return week_period(week_of(request.GET.get("week", ""), now)), None


def _week_url(vo: VO, moment: datetime, days: int) -> str:
    monday = monday_of(timezone.localtime(moment).date()) + timedelta(days=days)
    return f"{reverse('shifts:report', args=[vo.name])}?week={monday.isoformat()}"


def _figures(vo: VO, tickets: Any, period: Period, now: datetime) -> list[Figure]:
    begins, ends = period.starts_at, period.ends_at
    opened = Q(submitted_at__gte=begins, submitted_at__lt=ends)
    solved = Q(solved_at__gte=begins, solved_at__lt=ends)
    numbers = tickets.filter(opened | solved).aggregate(
        opened=Count("pk", filter=opened),
        team=Count("pk", filter=opened & Q(type=TicketType.TEAM)),
        alarm=Count("pk", filter=opened & Q(type=TicketType.ALARM)),
        solved=Count("pk", filter=solved),
    )
    still = tickets.filter(is_open=True)
    open_now, overdue = count_up_to_limit([still, still.filter(next_step_at__lt=now)])
    proposals = Proposal.objects.filter(vo=vo, opened_at__gte=begins, opened_at__lt=ends).count()
    scope = f"vo:{vo.name}"
    return [
        Figure(_("opened"), numbers["opened"]),
        Figure(_("of these TEAM"), numbers["team"], f"/tickets/?q={scope}+type:team"),
        Figure(_("of these ALARM"), numbers["alarm"], f"/tickets/?q={scope}+type:alarm"),
        Figure(_("solved"), numbers["solved"]),
        Figure(_("open now"), open_now, f"/tickets/?q={scope}+status:open", stops=True),
        Figure(_("promises overdue now"), overdue, "/tickets/?q=is:overdue", stops=True),
        Figure(_("sites proposed for a ticket"), proposals, "/proposals/"),
    ]


def _chart(tickets: Any, period: Period) -> SafeString:
    """Return tickets opened and solved a day as a picture; the same is in a table below it."""
    days = _days(period)
    opened = _counts(tickets, "submitted_at", period, days)
    solved = _counts(tickets, "solved_at", period, days)
    most = max([1, *opened, *solved])
    bars = []
    for place, (_day, one, other) in enumerate(zip(days, opened, solved, strict=True)):
        for offset, number, tone in ((0, one, "opened"), (BAR // 2 - 1, other, "solved")):
            height = round(HEIGHT * number / most)
            bars.append((place * BAR + offset, HEIGHT - height, BAR // 2 - 2, height, tone))
    table = format_html_join(
        "",
        "<tr><th scope='row'>{}</th><td class='num'>{}</td><td class='num'>{}</td></tr>",
        (
            (f"{WEEKDAYS_ABBR[day.weekday()]} {day.day}", one, other)
            for day, one, other in zip(days, opened, solved, strict=True)
        ),
    )
    return format_html(
        '<svg class="shift-chart" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMax" role="img"'
        ' aria-label="{}">{}</svg>'
        '<table class="shift-chart-table"><thead><tr><th scope="col">{}</th>'
        '<th scope="col" class="num key-opened">{}</th>'
        '<th scope="col" class="num key-solved">{}</th></tr></thead>'
        "<tbody>{}</tbody></table>",
        len(days) * BAR,
        HEIGHT,
        _("Tickets opened and solved, day by day"),
        format_html_join(
            "", '<rect x="{}" y="{}" width="{}" height="{}" class="bar-{}"></rect>', bars
        ),
        _("Day"),
        _("Opened"),
        _("Solved"),
        table,
    )


def _days(period: Period) -> list[date]:
    first = timezone.localtime(period.starts_at).date()
    last = timezone.localtime(period.ends_at - timedelta(seconds=1)).date()
    return [first + timedelta(days=n) for n in range(min((last - first).days, 34) + 1)]


def _counts(tickets: Any, field: str, period: Period, days: list[date]) -> list[int]:
    moments = tickets.filter(
        **{f"{field}__gte": period.starts_at, f"{field}__lt": period.ends_at}
    ).values_list(field, flat=True)
    found = dict.fromkeys(days, 0)
    for moment in moments[:20_000]:
        day = timezone.localtime(moment).date()
        if day in found:
            found[day] += 1
    return list(found.values())


def _sites(tickets: Any, period: Period) -> list[dict[str, Any]]:
    """Return which sites the tickets of the period were about, the most named first."""
    found = (
        Ticket.objects.filter(pk__in=tickets.values("pk"))
        .filter(
            submitted_at__gte=period.starts_at,
            submitted_at__lt=period.ends_at,
            affectedsite__site__isnull=False,
        )
        .values("affectedsite__site__name")
        .annotate(number=Count("pk"))
        .order_by("-number", "affectedsite__site__name")[:8]
    )
    return [
        {
            "name": row["affectedsite__site__name"],
            "url": site_url(row["affectedsite__site__name"]),
            "number": row["number"],
        }
        for row in found
    ]


def _shifts(vo: VO, period: Period, now: datetime) -> list[dict[str, Any]]:
    shifts = (
        Shift.objects.filter(
            type__vo=vo, starts_at__lt=period.ends_at, ends_at__gt=period.starts_at
        )
        .select_related("type", "person")
        .order_by("starts_at", "type__name")[:MOST_ROWS]
    )
    notes = set(
        HandOver.objects.filter(shift__in=[shift.pk for shift in shifts]).values_list(
            "shift_id", flat=True
        )
    )
    return [
        {
            "url": reverse("shifts:shift", args=[shift.pk]),
            "when": when(shift.starts_at, shift.ends_at),
            "type": shift.type.name,
            "name": str(shift.person) if shift.person else _("nobody"),
            "is_gap": shift.is_gap,
            "note": _("handed over")
            if shift.pk in notes
            else (_("no note") if shift.ends_at <= now and not shift.is_gap else ""),
        }
        for shift in shifts
    ]


def _downtimes(vo: VO, period: Period, now: datetime) -> list[dict[str, Any]]:
    found = (
        Downtime.objects.filter(
            site__vo_sites__vo=vo,
            withdrawn_at=None,
            starts_at__lt=period.ends_at,
            ends_at__gt=period.starts_at,
        )
        .select_related("site")
        .order_by("starts_at")[:MOST_ROWS]
    )
    return [
        {
            "site": downtime.site.name,
            "url": site_url(downtime.site.name),
            "severity": downtime.get_severity_display(),
            "when": when(downtime.starts_at, downtime.ends_at),
        }
        for downtime in found
    ]
