"""File a TEAM ticket: the same page as for everybody, with what shifters say besides."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from supportunits import policies as unit_policies
from tickets.actions.several import submit_team_for_sites
from tickets.forms.team import TeamForm
from tickets.models import TicketType
from tickets.views.submit import Entry, keep_typed, link_proposal, prefilled, serve


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(unit_policies.is_shifter)
def new_team_ticket(request: HttpRequest) -> HttpResponse:
    """Show the form, keep a draft, or file the TEAM ticket and go to it."""
    return serve(request, TEAM_ENTRY)


@require_POST
@allowed_if(unit_policies.is_shifter)
def save_team_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is typed, and answer with what is known about it; htmx calls this while typing."""
    return keep_typed(request, TEAM_ENTRY)


def prefilled_site(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what the address asks to be filled in; the first of the sites is the notified one."""
    found = prefilled(request, user)
    sites = str(found.get("sites", ""))
    if sites and "notified_site" not in found:
        found["notified_site"], _comma, rest = sites.partition(",")
        found["sites"] = rest.strip()
    return found


TEAM_ENTRY = Entry(
    ticket_type=TicketType.TEAM,
    form=TeamForm,
    address="new-team-ticket",
    saves="save-team-draft",
    template="tickets/new_team.html",
    file=submit_team_for_sites,
    prefilled=prefilled_site,
    filed=link_proposal,
)
