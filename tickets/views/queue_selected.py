"""Join several tickets of the queue to a running incident: each on its own, each result told."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from juno_support.access import allowed_if
from juno_support.errors import SupportError
from juno_support.lib import clock
from tickets import policies
from tickets.actions.incident import join_incident
from tickets.forms.desk import JoinForm
from tickets.models import Ticket
from tickets.views.desk_actions import ACTIONS
from tickets.views.desk_selected import chosen
from tickets.views.shared import person


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.sees_queue)
def join_selected(request: HttpRequest) -> HttpResponse:
    """Ask to which incident the selected tickets belong, or join them to it.

    As on the page of a ticket nothing is held back for an undo: each can be taken loose there.
    """
    given = request.POST or request.GET
    tickets = chosen(request, given)
    back = _queue_url(given)
    if not tickets:
        return redirect(back)
    context = {
        "action": ACTIONS["join"],
        "tickets": tickets,
        "line": given.get("q", ""),
        "after": given.get("after", ""),
        "back": back,
    }
    if request.method != "POST":
        context["form"] = JoinForm(user=request.user)
        return render(request, "tickets/queue_selected.html", context)
    form = JoinForm(request.POST, user=request.user)
    if not form.is_valid():
        context["form"] = form
        return render(request, "tickets/queue_selected.html", context, status=422)
    lead = form.cleaned_data["incident"]
    results = [_join(request, ticket, lead) for ticket in tickets]
    if all(result["is_done"] for result in results):
        words = ngettext(
            "%(tickets)d ticket is part of the incident #%(number)d now.",
            "%(tickets)d tickets are part of the incident #%(number)d now.",
            len(results),
        )
        messages.success(request, words % {"tickets": len(results), "number": lead.pk})
        return redirect(back)
    context["results"] = results
    return render(request, "tickets/queue_results.html", context)


def _join(request: HttpRequest, ticket: Ticket, lead: Ticket) -> dict[str, Any]:
    """Join one ticket; return what became of it, in words."""
    try:
        join_incident(ticket=ticket, incident=lead, by=person(request), at=clock.now())
    except SupportError as error:
        return {"ticket": ticket, "words": str(error), "is_done": False}
    words = _("It is part of the incident #%(number)d now.") % {"number": lead.pk}
    return {"ticket": ticket, "words": words, "is_done": True}


def _queue_url(given: Any) -> str:
    place = {name: given[name][:500] for name in ("q", "after") if given.get(name)}
    return f"{reverse('queue')}?{urlencode(place | {'pick': 1})}"
