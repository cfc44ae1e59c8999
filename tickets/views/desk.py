"""The TPM desk: a list, a preview with suggestions, routing in one step, undo within 10 s."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.errors import SupportError
from juno_support.lib import calendars, clock, working_time
from juno_support.lib.text import whole_number
from monitoring import queries as monitoring
from supportunits import queries as unit_queries
from supportunits.models import SupportUnit
from tickets import policies, queries
from tickets.actions import undo as undoing
from tickets.models import Ticket, UndoWindow
from tickets.routing import decisions
from tickets.routing.suggest import suggest_units
from tickets.views import rows
from tickets.views.shared import person

PAGE = 50
LISTS = {
    "new": gettext_lazy("New"),
    "bounced": gettext_lazy("Bounced"),
    "escalated": gettext_lazy("Escalated"),
    "silent": gettext_lazy("Silent"),
    "waiting": gettext_lazy("Waiting too long"),
    "problems": gettext_lazy("Routing problems"),
}
MEANINGS = {
    "new": gettext_lazy("At TPM and open, oldest first. Target: one working hour."),
    "bounced": gettext_lazy("Went to a second support unit or further."),
    "escalated": gettext_lazy("Their submitters asked for attention."),
    "silent": gettext_lazy("No public word for ten working days."),
    "waiting": gettext_lazy("Waiting for the submitter for fifteen working days."),
    "problems": gettext_lazy("With a support unit that cannot receive tickets."),
}
SILENT_DAYS = 10
WAITING_DAYS = 15


@require_safe
@allowed_if(policies.sees_desk)
def desk(request: HttpRequest) -> HttpResponse:
    """Show one list of the desk and the preview of one ticket; htmx asks for the preview alone."""
    at = clock.now()
    name = request.GET.get("list", "new")
    if name not in LISTS:
        name = "new"
    number = whole_number(request.GET.get("ticket"))
    if request.htmx and number is not None:  # type: ignore[attr-defined]
        return render(request, "tickets/_desk_preview.html", _preview(request, number, name))
    lists = {each: _list(request.user, each, at) for each in LISTS}
    numbers = queries.count_up_to_limit(list(lists.values()))
    found = list(
        rows.for_list(_after(lists[name], request.GET.get("after", "")), request.user)[: PAGE + 1]
    )
    shown = found[:PAGE]
    selected = shown[0]["id"] if number is None and shown else number
    older = ""
    if len(found) > PAGE:
        last = shown[-1]
        cursor = f"{last['submitted_at'].isoformat()},{last['id']}"
        older = f"?{urlencode({'list': name, 'after': cursor})}"
    context = {
        "tabs": [
            {
                "url": f"?list={each}",
                "label": label,
                "current": each == name,
                "count": number and queries.count_text(number),
            }
            for (each, label), number in zip(LISTS.items(), numbers, strict=True)
        ],
        "meaning": MEANINGS[name],
        "list": name,
        "rows": rows.rows(shown, at=at, selected=selected),
        "selected": selected,
        "older": older,
        "undo": _undoable(request, at),
    }
    if selected is not None:
        context |= _preview(request, selected, name)
    return render(request, "tickets/desk.html", context)


@require_safe
@allowed_if(policies.sees_queue)
def find_units(request: HttpRequest) -> HttpResponse:
    """Offer units for what was typed so far; forgives typing errors."""
    matches = unit_queries.find_units(request.GET.get("unit_name", ""))
    return render(request, "tickets/_unit_offers.html", {"matches": matches})


@require_POST
@allowed_if(policies.sees_desk)
def assign_from_desk(request: HttpRequest, number: int) -> HttpResponse:
    """Give the ticket to the chosen unit in one step and show the next one."""
    ticket = policies.find_ticket(request.user, number)
    name = request.POST.get("list", "new")
    try:
        unit = _chosen_unit(request)
        user, at = person(request), clock.now()
        window = undoing.with_undo(
            ticket=ticket,
            action=UndoWindow.Action.ASSIGN,
            do=lambda found: decisions.route(
                ticket=found,
                unit=unit,
                reason=request.POST.get("reason", ""),
                by=user,
                at=at,
                seen=whole_number(request.POST.get("seen")),
            ),
            by=user,
            at=at,
        )
    except SupportError as error:
        context = _preview(request, number, name) | {
            "error": error,
            "unit_name": request.POST.get("unit_name", ""),
            "reason": request.POST.get("reason", ""),
        }
        return render(request, "tickets/desk_failed.html", context, status=422)
    query = urlencode({"list": name, "done": str(window.pk if window else "")})
    return redirect(f"{reverse('tpm-desk')}?{query}")


@require_POST
@allowed_if(policies.sees_desk)
def undo(request: HttpRequest, key: int) -> HttpResponse:
    """Take an action of the desk back within its window."""
    window = get_object_or_404(UndoWindow.objects.select_related("ticket"), pk=key)
    policies.find_ticket(request.user, window.ticket_id)
    try:
        undoing.undo(window=window, by=person(request), at=clock.now())
    except SupportError as error:
        context = _preview(request, window.ticket_id, "new") | {"error": error}
        return render(request, "tickets/desk_failed.html", context, status=422)
    query = urlencode({"list": request.POST.get("list", "new"), "ticket": str(window.ticket_id)})
    return redirect(f"{reverse('tpm-desk')}?{query}")


def _list(user: Any, name: str, at: datetime) -> Any:
    calendar = calendars.instance_calendar()
    return queries.desk(
        user,
        name,
        at=at,
        silent_since=working_time.working_days_ago(at, SILENT_DAYS, calendar),
        waiting_since=working_time.working_days_ago(at, WAITING_DAYS, calendar),
    )


def _after(tickets: Any, cursor: str) -> Any:
    moment, _comma, key = cursor.partition(",")
    number = whole_number(key)
    try:
        at = parse_datetime(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or number is None:
        return tickets
    return tickets.filter(
        Q(submitted_at__gt=at) | Q(submitted_at=at, pk__gt=number), submitted_at__gte=at
    )


def _preview(request: HttpRequest, number: int, name: str) -> dict[str, Any]:
    ticket: Ticket = policies.find_ticket(request.user, number)
    sites = list(ticket.affected_sites.order_by("name"))
    states = monitoring.current_conditions_for_sites({site.pk for site in sites}, at=clock.now())
    return {
        "ticket": ticket,
        "list": name,
        "sites": [(site.name, states[site.pk]) for site in sites],
        "suggestions": suggest_units(ticket, request.user),
        "may_assign": policies.may_change(ticket, request.user),
        "needs_reason": ticket.status != "NEW",
        "last_words": list(
            queries.timeline(ticket, request.user)
            .filter(diary_entry__isnull=False)
            .order_by("-pk")[:3]
        ),
    }


def _chosen_unit(request: HttpRequest) -> SupportUnit:
    key = whole_number(request.POST.get("unit"))
    if key is not None:
        return get_object_or_404(SupportUnit, pk=key)
    typed = request.POST.get("unit_name", "").strip()
    if not typed:
        raise SupportError(
            _("No support unit was chosen."), _("Pick a suggestion, or type a unit or a site.")
        )
    matches = unit_queries.find_units(typed)
    exact = [match for match in matches if match.label.casefold() == typed.casefold()]
    if exact or len(matches) == 1:
        return (exact or matches)[0].unit
    if not matches:
        raise SupportError(
            _("No support unit or site is called “%(name)s”.") % {"name": typed},
            _("Check the spelling, or look at the list of units."),
        )
    raise SupportError(
        _("“%(name)s” can mean several: %(names)s.")
        % {"name": typed, "names": ", ".join(match.label for match in matches[:5])},
        _("Type the whole name."),
    )


def _undoable(request: HttpRequest, at: datetime) -> UndoWindow | None:
    key = whole_number(request.GET.get("done"))
    if key is None:
        return None
    windows = UndoWindow.objects.select_related("ticket", "ticket__unit")
    return windows.filter(pk=key, by=person(request), ends_at__gt=at, undone_at=None).first()
