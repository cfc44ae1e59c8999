"""ALARM tickets: raise one, confirm its receipt by the link in a mail or by the button."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import allowed_if, open_to_everyone
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import clean_line
from supportunits import policies as unit_policies
from tickets.actions import wall_clock
from tickets.actions.alarm import submit_alarm_ticket
from tickets.forms.alarm import AlarmForm
from tickets.mail import receipt_link
from tickets.mail.words import is_test_alarm
from tickets.models import Ticket, TicketType, WallClock
from tickets.views.alarm_head import alarm_head
from tickets.views.shared import person
from tickets.views.submit import Entry, keep_typed, link_proposal, serve
from tickets.views.team import prefilled_site
from tickets.views.ticket import button


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(unit_policies.is_alarmer)
def new_alarm_ticket(request: HttpRequest) -> HttpResponse:
    """Show the form, keep a draft, or raise the alarm and go to its ticket."""
    return serve(request, ALARM_ENTRY)


@require_POST
@allowed_if(unit_policies.is_alarmer)
def save_alarm_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is typed, and answer with what is known about it; htmx calls this while typing."""
    return keep_typed(request, ALARM_ENTRY)


@button
def confirm_receipt(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Confirm the receipt by the button on the ticket."""
    wall_clock.confirm_receipt(ticket=found, by=user, at=at)
    return _("The receipt is confirmed. Nobody further is called.")


@require_http_methods(["GET", "HEAD", "POST"])
@open_to_everyone
@never_cache
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page with the button to whoever holds the mail; a GET changes nothing.

    Programs that look at mails follow links: only the button confirms (domain: section 11).
    """
    link = receipt_link.read(token)
    run = (
        WallClock.objects.select_related(
            "ticket__vo", "ticket__notified_site", "ticket__unit", "received_by"
        )
        .filter(pk=link.clock_id)
        .first()
        if link
        else None
    )
    if link is None or run is None:
        raise Http404
    user = person(request) if request.user.is_authenticated else None
    at, problem, name = clock.now(), "", clean_line(request.POST.get("name", ""))[:150]
    if request.method == "POST":
        try:
            wall_clock.confirm_by_link(
                clock=run,
                name=name,
                through=receipt_link.through(link, run),
                by=user,
                at=at,
                reader=link.user_id,
            )
        except SupportError as error:
            problem = str(error)
        else:
            messages.success(request, _("Thank you. Nobody further is called."))
            return redirect("alarm-receipt", token)
        run = WallClock.objects.select_related(
            "ticket__vo", "ticket__notified_site", "ticket__unit", "received_by"
        ).get(pk=run.pk)
        if not run.is_running and not wall_clock.is_running(run.ticket):
            problem = ""  # somebody was quicker: the page says who
    context = {
        "ticket": run.ticket,
        "alarm": alarm_head(run, at=at),
        "is_test": is_test_alarm(run.ticket),
        "name": name or (user.name if user else ""),
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "tickets/alarm_receipt.html", context, status=status)


ALARM_ENTRY = Entry(
    ticket_type=TicketType.ALARM,
    form=AlarmForm,
    address="new-alarm-ticket",
    saves="save-alarm-draft",
    template="tickets/new_alarm.html",
    file=submit_alarm_ticket,
    prefilled=prefilled_site,
    filed=link_proposal,
)
