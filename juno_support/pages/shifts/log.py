"""The shift log of a VO, and what happened since the reader's last shift."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, show_bidi, whole_number
from juno_support.pages.board_lines import site_url
from juno_support.pages.shifts.find import logged_vo, person
from juno_support.pages.shifts.forms import LogForm
from juno_support.pages.shifts.words import local_midnight, shift_url, when
from supportunits import policies
from supportunits.actions import shift_log
from supportunits.models import VO, Shift, ShiftLogEntry
from tickets import policies as ticket_policies
from tickets.views import rows

ENTRIES = 50
TICKETS_SHOWN = 50
# Who never had a shift of the VO sees the last week.
LOOK_BACK = timedelta(days=7)
MOST_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry of the log, ready to be written."""

    number: int
    who: str
    avatar: SafeString
    when: SafeString
    html: SafeString | str
    shift_url: str
    sites: list[tuple[str, str]]
    tickets: list[int]
    gone: str


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def log_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the log, newest first, of a ticket, a site or all; shifters and TPM write into it."""
    vo = logged_vo(request.user, name)
    user, now = person(request), clock.now()
    may_write = policies.may_write_shift_log(user, vo)
    form = LogForm(request.POST or None)
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        if form.is_valid():
            try:
                _write(vo, form, request)
            except SupportError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("It is in the log."))
                return redirect("shifts:log", vo.name)
    wanted = ShiftLogEntry.objects.filter(vo=vo)
    site = clean_line(request.GET.get("site", ""))[:200]
    if site:
        wanted = wanted.filter(sites__name__iexact=site)
    ticket = whole_number(request.GET.get("ticket"))
    if ticket is not None and ticket < 10**9:
        wanted = wanted.filter(tickets__contains=[ticket])
    before = whole_number(request.GET.get("before"))
    if before is not None:
        wanted = wanted.filter(pk__lt=before)
    found = list(loaded(wanted).order_by("-written_at", "-pk")[: ENTRIES + 1])
    older = request.GET.copy()
    older["before"] = str(found[ENTRIES - 1].pk) if len(found) > ENTRIES else ""
    return render(
        request,
        "shifts/log.html",
        {
            "vo": vo,
            "entries": entry_lines(found[:ENTRIES], user, now),
            "more": f"?{older.urlencode()}" if older["before"] else "",
            "form": form if may_write else None,
            "may_redact": may_write or policies.is_admin(user),
            "about": site or (f"#{ticket}" if ticket is not None else ""),
        },
        status=422 if request.method == "POST" else 200,
    )


def _write(vo: VO, form: LogForm, request: HttpRequest) -> None:
    user, text = person(request), form.cleaned_data["text"]
    named = shift_log.tickets_named(text)
    readable = ticket_policies.visible_tickets(user).filter(pk__in=named)
    shift_log.write_log(
        vo=vo,
        text=text,
        by=user,
        at=clock.now(),
        key=form.cleaned_data["key"],
        tickets=list(readable.values_list("pk", flat=True)),
    )


@require_POST
@checked_inside
def redact(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Take out what must not stay of an entry."""
    vo = logged_vo(request.user, name)
    entry = get_object_or_404(ShiftLogEntry, pk=number, vo=vo)
    try:
        shift_log.redact_log(entry=entry, by=person(request), at=clock.now())
    except SupportError as error:
        raise PermissionDenied(str(error)) from error
    messages.success(request, _("Taken out. Who did it, and when, is kept."))
    return redirect("shifts:log", vo.name)


@require_safe
@checked_inside
def since_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show what happened since the reader's last shift: tickets that changed, promises, the log."""
    vo = logged_vo(request.user, name)
    user, now = person(request), clock.now()
    since, shift = since_last_shift(vo, user, now)
    mine = ticket_policies.visible_tickets(user).filter(vo=vo)
    promised = mine.filter(is_open=True, next_step_at__isnull=False)
    tonight = local_midnight(now) + timedelta(days=1)
    entries = ShiftLogEntry.objects.filter(vo=vo, written_at__gt=since)
    return render(
        request,
        "shifts/since.html",
        {
            "vo": vo,
            "since": display.when(since, now),
            "shift": when(shift.starts_at, shift.ends_at) if shift else "",
            "changed": _rows(mine.filter(updated_at__gt=since).order_by("-updated_at"), user, now),
            "overdue": _steps(promised.filter(next_step_at__lt=now), now),
            "today": _steps(promised.filter(next_step_at__gte=now, next_step_at__lt=tonight), now),
            "entries": entry_lines(
                list(loaded(entries).order_by("-written_at", "-pk")[:ENTRIES]), user, now
            ),
        },
    )


def since_last_shift(vo: VO, user: Any, now: datetime) -> tuple[datetime, Shift | None]:
    """Return when the reader's last shift of the VO ended, and it; a week ago where there is none.

    Of somebody who is on shift it is the one before the running.
    """
    last = (
        Shift.objects.filter(
            type__vo=vo, person=user, ends_at__lte=now, ends_at__gt=now - MOST_BACK
        )
        .order_by("-ends_at")
        .first()
    )
    return (last.ends_at, last) if last else (now - LOOK_BACK, None)


def _rows(tickets: Any, user: Any, now: datetime) -> list[rows.Row]:
    return rows.rows(list(rows.for_list(tickets, user)[:TICKETS_SHOWN]), at=now)


def _steps(tickets: Any, now: datetime) -> list[dict[str, Any]]:
    """Return who promised what by when, of open tickets; one query."""
    found = tickets.select_related("next_step_by").order_by("next_step_at")[:TICKETS_SHOWN]
    return [
        {
            "number": ticket.pk,
            "url": reverse("ticket", args=[ticket.pk]),
            "what": show_bidi(ticket.next_step),
            "who": str(ticket.next_step_by or ""),
            "due": display.left(ticket.next_step_at, now),
            "subject": show_bidi(ticket.subject),
        }
        for ticket in found
    ]


def loaded(entries: Any) -> Any:
    """Return the entries with what their lines show: two queries in all."""
    return entries.select_related("written_by", "redacted_by", "shift").prefetch_related("sites")


def entry_lines(entries: list[ShiftLogEntry], user: Any, now: datetime) -> list[EntryLine]:
    """Return entries as lines; tickets are linked that the reader may know of."""
    numbers = {number for entry in entries for number in entry.tickets}
    known = set(
        ticket_policies.visible_tickets(user).filter(pk__in=numbers).values_list("pk", flat=True)
        if numbers
        else []
    )
    return [
        EntryLine(
            number=entry.pk,
            who=entry.written_by.get_full_name(),
            avatar=display.avatar(entry.written_by.get_full_name(), small=True),
            when=display.when(entry.written_at, now),
            html=mark_safe(entry.html),  # noqa: S308 - rendered and sanitised when it was stored
            shift_url=shift_url(entry.shift) if entry.shift else "",
            sites=[(site.name, site_url(site.name)) for site in entry.sites.all()],
            tickets=[number for number in entry.tickets if number in known],
            gone=_("Taken out by %(name)s.") % {"name": entry.redacted_by}
            if entry.redacted_at
            else "",
        )
        for entry in entries
    ]
