"""Running incidents while a ticket is filed: those of the chosen sites are offered to be joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import whole_number
from tickets import policies
from tickets.actions import incident
from tickets.models import Incident, RelationKind, Ticket
from tickets.queries import COUNT_LIMIT, count_text
from topology.models import Site

MOST_SHOWN = 5


@dataclass(frozen=True)
class Running:
    """A running incident at one of the chosen sites; its subject only for who may read it."""

    number: int
    subject: str
    sites: str
    since: datetime
    joined: str


def running_incidents(user: User, sites: Sequence[Site]) -> list[Running]:
    """Return the incidents that run at one of the sites, the newest first. Three queries."""
    if not sites:
        return []
    rows = (
        Incident.objects.filter(
            ended_at=None,
            ticket__in=policies.outlined_tickets(user).filter(
                affectedsite__site__in=list(sites), is_restricted=False
            ),
        )
        .select_related("ticket")
        .prefetch_related("ticket__affected_sites")
        .annotate(
            joined=Count(
                "ticket__related",
                filter=Q(ticket__related__kind=RelationKind.JOINED, ticket__related__ended_at=None),
            )
        )
        .order_by("-declared_at")[:MOST_SHOWN]
    )
    return [
        Running(
            number=row.pk,
            subject=row.ticket.subject
            if policies.reads(row.ticket, user) >= policies.Reading.PUBLIC
            else "",
            sites=", ".join(site.name for site in row.ticket.affected_sites.all()),
            since=row.declared_at,
            joined=count_text(min(row.joined, COUNT_LIMIT)),
        )
        for row in rows
    ]


def join_filed(request: HttpRequest, ticket: Ticket, user: User, at: datetime) -> None:
    """Join a ticket that was just filed to the incident that its submitter ticked."""
    number = whole_number(request.POST.get("join"))
    if number is None:
        return
    try:
        lead = policies.find_outline(user, number)
        incident.join_incident(ticket=ticket, incident=lead, by=user, at=at)
    except (SupportError, Http404):
        messages.warning(
            request,
            _("It could not be joined to the incident #%(number)s; it is filed by itself.")
            % {"number": number},
        )
    else:
        messages.success(
            request,
            _("It is part of the incident #%(number)s: its news and its solution reach you here.")
            % {"number": number},
        )
