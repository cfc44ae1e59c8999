"""Relate tickets and take them apart; declare, join and end an incident. Buttons, not forms."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import whole_number
from tickets import policies
from tickets.actions import follow_up as follow_ups
from tickets.actions import incident, relations
from tickets.actions.hanging import in_force
from tickets.models import LED, RelationKind, Ticket
from tickets.views.page import show_ticket
from tickets.views.shared import key_or_none, person
from tickets.views.ticket import button


@button
def declare_incident(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Declare the ticket the incident."""
    incident.declare_incident(ticket=found, by=user, at=at)
    return _("This ticket is the incident now. Others can join it with one key.")


@button
def end_incident(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """End the incident; what joined it goes on alone."""
    incident.end_incident(ticket=found, by=user, at=at)
    return _("The incident has ended. What joined it is worked on by itself again.")


@button
def join_incident(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Join the ticket to a running incident."""
    number = whole_number(request.POST.get("incident"))
    lead = policies.find_outline(user, number or 0)
    incident.join_incident(ticket=found, incident=lead, by=user, at=at)
    return _("Joined to the incident #%(number)s.") % {"number": lead.pk}


@button
def take_loose(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """End that the ticket follows a master or an incident."""
    relation = in_force(found, *LED)
    kind = RelationKind(relation.kind) if relation is not None else RelationKind.DUPLICATE
    relations.take_loose(ticket=found, kind=kind, by=user, at=at)
    return _("The ticket is worked on by itself again.")


@button
def free_child(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """End that the ticket is the child of another."""
    relations.free_child(ticket=found, by=user, at=at)
    return _("The ticket has no parent any more.")


@require_POST
@checked_inside
def follow_up(request: HttpRequest, number: int) -> HttpResponse:
    """File a follow-up of a final ticket, and go to it."""
    user, at = person(request), clock.now()
    found = policies.find_ticket(user, number)
    key = key_or_none(request.POST.get("key"))
    if key is None:
        raise Http404
    try:
        new = follow_ups.follow_up(ticket=found, by=user, at=at, submission_key=key)
    except SupportError as error:
        status = 403 if error.is_refusal else 422
        return show_ticket(request, found, problem=str(error), status=status)
    messages.success(
        request,
        _("#%(number)s follows #%(old)s. Look over what it says; it is with %(unit)s now.")
        % {"number": new.pk, "old": found.pk, "unit": new.unit.name},
    )
    return redirect("ticket", new.pk)
