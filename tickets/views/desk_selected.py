"""The same action for several tickets of the desk: each on its own, each result told."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from juno_support.access import allowed_if
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import whole_number
from tickets import policies
from tickets.forms.desk import DeskForm
from tickets.models import Ticket, UndoWindow
from tickets.views.desk import desk_url, get_action, place
from tickets.views.desk_actions import DeskAction, said
from tickets.views.shared import person

MOST = 50


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.sees_desk)
def selected(request: HttpRequest) -> HttpResponse:
    """Show what is to be done with the selected tickets, or do it."""
    given = request.POST or request.GET
    action = get_action(given.get("what", ""))
    if not action.for_many:
        raise Http404
    tickets = chosen(request, given)
    name, after = place(given)
    if not tickets:
        return redirect(desk_url(name, after))
    if request.method != "POST":
        return _page(request, action, action.form(user=request.user), tickets)
    form = action.form(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, action, form, tickets, status=422)
    results = [_do(request, action, form, ticket) for ticket in tickets]
    done = [each["window"] for each in results if each["window"]]
    if all(each["window"] for each in results):
        return redirect(desk_url(name, after, done=",".join(str(each.pk) for each in done)))
    context = {
        "action": action,
        "results": results,
        "done": done,
        "list": name,
        "after": after,
        "back": desk_url(name, after),
    }
    return render(request, "tickets/desk_results.html", context)


def _do(request: HttpRequest, action: DeskAction, form: DeskForm, ticket: Ticket) -> dict[str, Any]:
    """Do it to one ticket; return what became of it, in words."""
    # Nobody's page of each single ticket was open: what it shows now is what was meant.
    given = {**form.cleaned_data, "seen": None}
    try:
        window = action.run(ticket, given, person(request), clock.now())
    except SupportError as error:
        return {"ticket": ticket, "window": None, "words": str(error), "is_done": False}
    if window is None:
        words = _("#%(number)d: done. Mail left at once.") % {"number": ticket.pk}
        return {"ticket": ticket, "window": None, "words": words, "is_done": True}
    window = UndoWindow.objects.select_related("ticket__unit").get(pk=window.pk)
    return {"ticket": ticket, "window": window, "words": said(window), "is_done": True}


def chosen(request: HttpRequest, given: Any) -> list[Ticket]:
    """Return the selected tickets, fifty at the most.

    :raises Http404: where one may not be read
    """
    keys = [whole_number(key) for key in given.getlist("ticket")]
    numbers = list(dict.fromkeys(key for key in keys if key is not None))[:MOST]
    return [policies.find_ticket(request.user, number) for number in numbers]


def _page(
    request: HttpRequest,
    action: DeskAction,
    form: DeskForm,
    tickets: list[Ticket],
    *,
    status: int = 200,
) -> HttpResponse:
    name, after = place(request.POST or request.GET)
    context = {
        "action": action,
        "form": form,
        "tickets": tickets,
        "list": name,
        "after": after,
        "back": desk_url(name, after),
    }
    return render(request, "tickets/desk_selected.html", context, status=status)
