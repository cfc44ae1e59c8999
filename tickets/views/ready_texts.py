"""The pages of ready texts and of the check-list, and a text filled in for a ticket."""

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if, checked_inside
from juno_support.accounts.audit_lines import trace
from juno_support.errors import SupportError
from juno_support.lib import clock, markdown
from juno_support.lib.text import whole_number
from supportunits import policies as unit_policies
from tickets import policies, queries
from tickets.actions import ready_texts
from tickets.desk import ready
from tickets.desk.changes import parts_of_check_list, parts_of_texts
from tickets.forms.desk import CheckItemForm, ReadyTextForm
from tickets.models import CheckItem, ReadyText, Ticket
from tickets.views.shared import person

_TAG_OR_FIELD = re.compile(r"<[^>]*>|(\{[a-z_]+\}|⟦[a-z_]+⟧)")


@require_safe
@allowed_if(policies.sees_queue)
def texts(request: HttpRequest) -> HttpResponse:
    """Show all ready texts, and who changed what."""
    rows = ReadyText.objects.select_related("vo").order_by("title", "pk")
    context = {
        "texts": [{"row": row, "html": _marked(row.text)} for row in rows],
        "may_write": policies.may_write_ready_texts(request.user),
        "trace": trace(request, parts_of_texts(), sees_addresses=False),
    }
    return render(request, "tickets/ready_texts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.may_write_ready_texts)
def edit_text(request: HttpRequest, key: int | None = None) -> HttpResponse:
    """Write a new ready text, or change one."""
    row = get_object_or_404(ReadyText, pk=key) if key is not None else None
    initial = {"title": row.title, "text": row.text, "vo": row.vo_id} if row else {}
    form = ReadyTextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            ready_texts.save_text(
                key=given["key"],
                row=row,
                title=given["title"],
                text=given["text"],
                vo=given["vo"],
                by=person(request),
                at=clock.now(),
            )
        except ready_texts.CannotKeep as error:
            form.add_error(error.field, str(error))
        else:
            return redirect("ready-texts")
    context = {"form": form, "row": row, "fields": ready.FIELDS}
    status = 422 if request.method == "POST" else 200
    return render(request, "tickets/ready_text.html", context, status=status)


@require_POST
@allowed_if(policies.may_write_ready_texts)
def delete_text(request: HttpRequest, key: int) -> HttpResponse:
    """Throw a ready text away."""
    row = get_object_or_404(ReadyText, pk=key)
    ready_texts.delete_text(row=row, by=person(request), at=clock.now())
    return redirect("ready-texts")


@require_POST
@allowed_if(policies.may_write_ready_texts)
def preview_text(request: HttpRequest) -> HttpResponse:
    """Show what a text becomes: filled in for the ticket of that number, or with marked fields."""
    text = request.POST.get("text", "")[: ready_texts.LONGEST]
    unknown = ready.unknown_fields(text)
    number = whole_number(request.POST.get("ticket"))
    ticket = queries.tickets_like(request.user, str(number))[:1] if number is not None else []
    if ticket:
        text = ready.fill(text, ticket=ticket[0], me=request.user, at=clock.now())
    context = {
        "html": _marked(text),
        "unknown": ", ".join(f"{{{name}}}" for name in unknown),
        "ticket": ticket[0] if ticket else None,
        "number": number,
    }
    return render(request, "tickets/_ready_preview.html", context)


@require_safe
@checked_inside
def offers(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ready texts for a ticket: as chips to htmx, else each filled in on a page."""
    ticket = _ticket(request, number)
    rows = ready.texts_for(ticket)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "tickets/_ready_offers.html", {"ticket": ticket, "texts": rows})
    at = clock.now()
    filled = [
        {"row": row, "html": _marked(ready.fill(row.text, ticket=ticket, me=request.user, at=at))}
        for row in rows
    ]
    return render(request, "tickets/ready_offers.html", {"ticket": ticket, "texts": filled})


@require_safe
@checked_inside
def filled(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """Return a ready text filled in for a ticket, as plain text: a script puts it in its place."""
    ticket = _ticket(request, number)
    row = get_object_or_404(ready.texts_for(ticket), pk=key)
    words = ready.fill(row.text, ticket=ticket, me=request.user, at=clock.now())
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.sees_desk_settings)
def check_list(request: HttpRequest) -> HttpResponse:
    """Show the check-list for first-line answers; an admin adds and changes its lines."""
    rows = list(CheckItem.objects.filter(is_retired=False).order_by("position", "pk"))
    chosen = whole_number(request.POST.get("row"))
    forms = {
        row.pk: CheckItemForm(initial=_values(row), auto_id=f"item{row.pk}_%s") for row in rows
    }
    last = rows[-1].position + 1 if rows else 1
    new = CheckItemForm(initial={"position": last}, auto_id="new_%s")
    status = 200
    if request.method == "POST":
        bound = CheckItemForm(request.POST, auto_id=f"item{chosen}_%s" if chosen else "new_%s")
        if _save_item(request, bound, next((row for row in rows if row.pk == chosen), None)):
            return redirect("check-list")
        status = 422
        if chosen in forms:
            forms[chosen] = bound
        else:
            new = bound
    context = {
        "items": [{"row": row, "form": forms[row.pk]} for row in rows],
        "new": new,
        "refused": " ".join(str(error) for error in new.non_field_errors()),
        "may_change": unit_policies.is_admin(request.user),
        "trace": trace(request, parts_of_check_list(), sees_addresses=False),
    }
    return render(request, "tickets/check_list.html", context, status=status)


def _save_item(request: HttpRequest, form: CheckItemForm, row: CheckItem | None) -> bool:
    """Do what was sent; return whether that is done. What is wrong is said in the form."""
    who: dict[str, Any] = {"by": person(request), "at": clock.now()}
    try:
        if row is not None and "retire" in request.POST:
            ready_texts.retire_item(row=row, **who)
            return True
        if form.is_valid():
            ready_texts.save_item(row=row, **form.cleaned_data, **who)
            return True
    except ready_texts.CannotKeep as error:
        form.add_error(error.field, str(error))
    except SupportError as error:
        form.add_error(None, str(error))
    return False


def _values(row: CheckItem) -> dict[str, Any]:
    return {"words": row.words, "how": row.how, "url": row.url, "position": row.position}


def _ticket(request: HttpRequest, number: int) -> Ticket:
    ticket = policies.find_ticket(request.user, number)
    if not policies.may_change(ticket, request.user):
        raise PermissionDenied
    return ticket


def _marked(text: str) -> SafeString:
    """Return a text as it will look, with what is to be filled in marked."""

    def mark(match: re.Match[str]) -> str:
        is_field = match[1] is not None and match[1].strip("{}⟦⟧") in ready.FIELDS
        return f'<mark class="unfilled">{match[1]}</mark>' if is_field else match[0]

    # Tags are passed over: no mark gets into an address.
    html = _TAG_OR_FIELD.sub(mark, markdown.render(text))
    return SafeString(html)  # sanitised by the renderer, and marks of ours
