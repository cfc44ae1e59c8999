"""The TPM desk: a list, the preview of one ticket, and each action in one step, with undo."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import whole_number
from supportunits import hours, on_call
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import SupportUnit
from supportunits.presence import presence_text
from tickets import policies, queries
from tickets.actions import checks
from tickets.actions import undo as undoing
from tickets.actions.row import ChangedMeanwhile
from tickets.desk import figures, lists, ready
from tickets.forms.desk import DeskForm
from tickets.models import Category, CheckItem, Ticket, UndoWindow
from tickets.routing.suggest import suggest_units
from tickets.views import rows
from tickets.views.composer import ready_words
from tickets.views.desk_actions import ACTIONS, DeskAction, said
from tickets.views.shared import person
from tickets.workflow import OPEN, Status

PAGE = 50
MOST_UNDONE = 100
OFFERS_KEPT_SECONDS = 60
FORM = "desk-form"
TAKEN_BACK = "desk-words"
_SPAM = '<span class="tag tag-warn" title="{}">{}</span>'


@dataclass(frozen=True)
class Offer:
    """A suggested unit, and why; what was learnt says how likely it is and names tickets.

    :ivar presence: its local time, and whether it is at work or when next
    """

    unit: int
    name: str
    reason: str
    likelihood: str = ""
    examples: tuple[int, ...] = ()
    presence: str = ""


@require_safe
@allowed_if(policies.sees_desk)
def desk(request: HttpRequest) -> HttpResponse:
    """Show one list of the desk and the preview of one ticket; htmx asks for the preview alone."""
    at = clock.now()
    name, after = place(request.GET)
    number = whole_number(request.GET.get("ticket"))
    if request.htmx and number is not None:  # type: ignore[attr-defined]
        context = preview(request, number, name, after)
        return render(request, "tickets/_desk_preview.html", context)
    units = lists.units_that_matter()
    tickets = lists.tickets_in(name, request.user, at=at, units=units)
    found = list(rows.for_list(lists.behind(name, tickets, after), request.user)[: PAGE + 1])
    shown = found[:PAGE]
    if number is None and shown:
        number = shown[0]["id"]
    older = ""
    if len(found) > PAGE:
        cursor = lists.cursor_of(name, shown[-1]["submitted_at"], shown[-1]["id"])
        older = f"?{urlencode({'list': name, 'after': cursor})}"
    lines = rows.rows(shown, at=at, selected=number)
    flagged = lists.of_known_spammers([row.number for row in lines])
    context = {
        "tabs": _tabs(name, lists.counts(request.user, at=at, units=units)),
        "meaning": lists.LISTS[name].meaning,
        "list": name,
        "after": after,
        # In one string: a template that walks over fifty lines is slower.
        "lines": SafeString(
            "\n".join(_line(row, is_flagged=row.number in flagged) for row in lines)
        ),
        "older": older,
        "undo": _undoable(request, at),
        "first_line": figures.first_line(at=at),
        "shift": _own_shift(request, at),
        "keys": _keys(get_language()),
        "acts_on_many": [action for action in ACTIONS.values() if action.for_many],
    }
    if number is not None:
        row = next((row for row in lines if row.number == number), None)
        context |= preview(request, number, name, after, row=row, flagged=flagged)
    return render(request, "tickets/desk.html", context)


@require_safe
@allowed_if(policies.sees_queue)
def find_units(request: HttpRequest) -> HttpResponse:
    """Offer units for what was typed so far; forgives typing errors."""
    matches = unit_queries.find_units(request.GET.get("unit_name", ""))
    now = clock.now()
    offers = [(match.label, presence_text(match.unit, now)) for match in matches]
    return render(request, "tickets/_desk_offers.html", {"offers": offers})


@require_safe
@allowed_if(policies.sees_queue)
def find_tickets(request: HttpRequest) -> HttpResponse:
    """Offer open tickets for a number, or for words of their subjects."""
    found = queries.tickets_like(request.user, request.GET.get("master", ""))
    offers = [(f"#{ticket.pk} {ticket.subject}", "") for ticket in found]
    return render(request, "tickets/_desk_offers.html", {"offers": offers})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.sees_desk)
def act(request: HttpRequest, number: int, what: str) -> HttpResponse:
    """Show the form of an action, or do it, and go on to the next ticket."""
    action = get_action(what)
    ticket = policies.find_ticket(request.user, number)
    name, after = place(request.POST or request.GET)
    if request.method != "POST":
        # A chosen text comes before what was taken back, which stays until it is sent again.
        kept = request.session.get(f"{TAKEN_BACK}-{number}", "")
        words = ready_words(request, ticket) or kept
        form = action.form(
            user=request.user, initial={"seen": ticket.last_entry_id, "words": words}
        )
        return act_page(request, ticket, action, form, name, after)
    at = clock.now()
    form = action.form(request.POST, user=request.user)
    if not form.is_valid():
        return act_page(request, ticket, action, _again(form, ticket), name, after, status=422)
    try:
        window = action.run(ticket, form.cleaned_data, person(request), at)
    except SupportError as error:
        field = str(getattr(error, "field", ""))
        form.add_error(field if field in form.fields else None, str(error))
        status = 409 if isinstance(error, ChangedMeanwhile) else 422
        return act_page(request, ticket, action, _again(form, ticket), name, after, status=status)
    if action.name == "ask":
        request.session.pop(f"{TAKEN_BACK}-{number}", None)
    following = lists.following(name, request.user, ticket, at=at)
    return redirect(
        desk_url(name, after, ticket=following, done=str(window.pk) if window else None)
    )


@require_POST
@allowed_if(policies.sees_desk)
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was done, each ticket on its own, and show the last of them again."""
    keys = [whole_number(key) for key in request.POST.getlist("key")][:MOST_UNDONE]
    name, after = place(request.POST)
    windows = UndoWindow.objects.select_related("ticket").filter(
        pk__in=[key for key in keys if key is not None]
    )
    problems, number = [], None
    for window in windows.order_by("pk"):
        number = policies.find_ticket(request.user, window.ticket_id).pk
        try:
            _ticket, words = undoing.undo(window=window, by=person(request), at=clock.now())
        except SupportError as error:
            problems.append(f"#{number}: {error}")
            continue
        if words and window.action == UndoWindow.Action.ASK:
            request.session[f"{TAKEN_BACK}-{number}"] = words
    if problems:
        context = {"problems": problems, "back": desk_url(name, after, ticket=number)}
        return render(request, "tickets/desk_too_late.html", context, status=422)
    return redirect(desk_url(name, after, ticket=number, undone="1"))


@require_POST
@allowed_if(policies.sees_desk)
def check(request: HttpRequest, number: int) -> HttpResponse:
    """Tick a line of the check-list, or take the tick away."""
    ticket = policies.find_ticket(request.user, number)
    is_done = "untick" not in request.POST
    key = whole_number(request.POST.get("item" if is_done else "untick"))
    checks.tick(
        ticket=ticket,
        item=get_object_or_404(CheckItem, pk=key or 0),
        is_done=is_done,
        by=person(request),
        at=clock.now(),
    )
    name, after = place(request.POST)
    if request.htmx:  # type: ignore[attr-defined]
        context = {"ticket": ticket, "list": name, "after": after, "checks": _checks(ticket)}
        return render(request, "tickets/_desk_checks.html", context)
    return redirect(desk_url(name, after, ticket=number))


def get_action(what: str) -> DeskAction:
    """Return the action of that name, or say that there is none."""
    if what not in ACTIONS:
        raise Http404
    return ACTIONS[what]


def place(given: Any) -> tuple[str, str]:
    """Return which list somebody looks at, and behind which cursor."""
    name = given.get("list", "new")
    return (name if name in lists.LISTS else "new"), given.get("after", "")[:80]


def desk_url(name: str, after: str, **more: object) -> str:
    """Return the desk's address for a list, with what is given besides."""
    query = {"list": name, "after": after, **more}
    given = {key: str(value) for key, value in query.items() if value}
    return f"{reverse('tpm-desk')}?{urlencode(given)}"


def act_page(
    request: HttpRequest,
    ticket: Ticket,
    action: DeskAction,
    form: DeskForm,
    name: str,
    after: str,
    *,
    status: int = 200,
) -> HttpResponse:
    """Show the form of an action: alone to htmx, which puts it into the preview; else as a page."""
    context = {
        "ticket": ticket,
        "action": action,
        "form": form,
        "list": name,
        "after": after,
        "texts": ready.texts_for(ticket) if action.name == "ask" else (),
        "back": desk_url(name, after, ticket=ticket.pk),
    }
    if request.htmx and request.htmx.target == FORM:  # type: ignore[attr-defined]
        return render(request, "tickets/_desk_act.html", context, status=status)
    return render(request, "tickets/desk_act.html", context, status=status)


def preview(
    request: HttpRequest,
    number: int,
    name: str,
    after: str,
    *,
    row: rows.Row | None = None,
    flagged: Collection[int] | None = None,
) -> dict[str, Any]:
    """Return what the preview of a ticket shows.

    :param row: the ticket's line, where it is in the list beside
    :param flagged: which tickets of the list are of people whose others were discarded
    """
    ticket: Ticket = policies.find_ticket(request.user, number)
    is_open = ticket.status in OPEN
    is_spam = ticket.category == Category.SPAM
    discarded = 0
    if row is None or flagged is None or number in flagged:
        discarded = lists.discarded_of(ticket.submitter_id) - is_spam
    return {
        "ticket": ticket,
        "list": name,
        "after": after,
        "where": urlencode({"list": name, "after": after}),
        "act_url": f"/tpm/{number}/",
        "sites": row.sites if row else rows.sites_of([number], at=clock.now()).get(number, ""),
        "suggestions": _offers(ticket, request.user) if is_open else [],
        "may_assign": is_open and policies.may_change(ticket, request.user),
        "may_recover": is_spam and policies.may_discard(ticket, request.user),
        "is_waiting": ticket.status == Status.WAITING_FOR_REPLY,
        "waited_too_long": lists.waited_too_long(ticket, at=clock.now()),
        "needs_reason": ticket.status != Status.NEW,
        "bounces": ticket.unit_changes,
        "discarded_before": discarded,
        "checks": _checks(ticket),
        "last_words": _last_words(ticket, request.user),
    }


def _last_words(ticket: Ticket, user: Any) -> list[dict[str, Any]]:
    """Return the newest three entries of the diary that the reader may see, as plain values."""
    entries = queries.timeline(ticket, user).select_related(None).prefetch_related(None)
    written = entries.filter(diary_entry__isnull=False).order_by("-pk")
    return [
        {"who": name or username, "at": at, "is_public": is_public, "html": html}
        for name, username, at, is_public, html in written.values_list(
            "actor__name", "actor__username", "happened_at", "is_public", "diary_entry__html"
        )[:3]
    ]


def _offers(ticket: Ticket, user: Any) -> list[Offer]:
    """Return the suggested units; for a minute those of the same ticket need not be found anew.

    A page of the desk is asked for again and again while its first ticket stays where it is. What
    was learnt and the rules change slowly; whether a unit can receive is asked when it is chosen.
    """
    key = f"desk:offers:{ticket.pk}:{ticket.last_entry_id}:{user.pk}:{get_language()}"
    found: list[tuple[Offer, dict[str, Any]]] | None = cache.get(key)
    if found is None:
        made = suggest_units(ticket, user)
        found = [
            (
                Offer(
                    unit=each.unit.pk,
                    name=each.unit.name,
                    reason=str(each.reason),
                    likelihood=str(each.likelihood),
                    examples=each.examples,
                ),
                {field: getattr(each.unit, field) for field in hours.FIELDS},
            )
            for each in made
        ]
        cache.set(key, found, OFFERS_KEPT_SECONDS)
    # Time goes on meanwhile: only the hours are kept, not what they say now.
    now = clock.now()
    return [replace(offer, presence=presence_text(SupportUnit(**its), now)) for offer, its in found]


def _checks(ticket: Ticket) -> list[dict[str, Any]]:
    """Return the lines of the check-list with who ticked them; retired ones if they are ticked."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECKS, [ticket.pk])
        return [
            {"pk": key, "words": words, "how": how, "url": url, "who": who, "at": at}
            for key, words, how, url, who, at in cursor
        ]


# Written out: as a queryset it takes ten times as long, with each ticket that is shown.
_CHECKS = """
SELECT item.id, item.words, item.how, item.url, person.name, tick.ticked_at
  FROM tickets_checkitem item
  LEFT JOIN tickets_checktick tick ON tick.item_id = item.id AND tick.ticket_id = %s
  LEFT JOIN accounts_user person ON person.id = tick.by_id
 WHERE NOT item.is_retired OR tick.id IS NOT NULL
 ORDER BY item.position, item.id
"""


def _tabs(name: str, numbers: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "url": f"?list={each.name}",
            "label": each.label,
            "current": each.name == name,
            "count": number and queries.count_text(number),
        }
        for each, number in zip(lists.LISTS.values(), numbers, strict=True)
    ]


def _line(row: rows.Row, *, is_flagged: bool) -> str:
    """Return a line with a box to select it by, and with a flag for those of known spammers."""
    if is_flagged:
        tag = format_html(_SPAM, _("Tickets of this submitter were discarded as spam."), _("spam?"))
        row = replace(row, last_line=SafeString(f"{tag} {row.last_line}"))
    return rows.with_box(row).line


@lru_cache(maxsize=8)
def _keys(_language: str | None) -> SafeString:
    """Return the overlay with the keys, the same on every page in a language."""
    return SafeString(render_to_string("tickets/_desk_keys.html"))


def _undoable(request: HttpRequest, at: datetime) -> dict[str, Any] | None:
    keys = [whole_number(key) for key in request.GET.get("done", "").split(",")][:MOST_UNDONE]
    wanted = [key for key in keys if key is not None]
    if not wanted:
        return None
    windows = list(
        UndoWindow.objects.select_related("ticket", "ticket__unit")
        .filter(pk__in=wanted, by=person(request), ends_at__gt=at, undone_at=None)
        .order_by("pk")
    )
    if not windows:
        return None
    return {
        "windows": windows,
        "until": min(window.ends_at for window in windows),
        "words": " ".join(said(window) for window in windows[:5]),
        "more": len(windows) - 5,
    }


def _own_shift(request: HttpRequest, at: datetime) -> on_call.OnCall | None:
    """Return the reader's own shift that runs now; no query for whoever is on none."""
    user = person(request)
    if not unit_policies.is_on_shift(user):
        return None
    return next((each for each in on_call.on_call(None, at=at) if each.user == user), None)


def _again(form: DeskForm, ticket: Ticket) -> DeskForm:
    """Make what was typed ready to be sent again: over what changed, and with the unit by name."""
    ticket.refresh_from_db(fields=["last_entry_id"])
    data = dict(form.data.items())
    data["seen"] = str(ticket.last_entry_id)
    unit = form.cleaned_data.get("unit")
    if unit is not None:
        data["unit"], data["unit_name"] = "", unit.name
    form.data = data
    return form
