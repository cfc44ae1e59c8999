"""What follows, on tickets, from changes below: people who left, units and sites that closed.

``supportunits`` and ``topology`` store a state and know no tickets; these run by the clock, look at
the state and act on it. Each may run as often as it likes.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from supportunits import queries as unit_queries
from supportunits.models import UnitKind, UnitMembership, UnitState, VOSite
from tickets import history
from tickets.actions import assign
from tickets.actions.row import apart, locked, store
from tickets.models import Kind, Ticket, TicketPerson
from topology.models import CertificationStatus

AT_ONCE = 200


def release_leavers(*, at: datetime) -> int:
    """Take people off open tickets who left, or are in no active unit any more; returns how many.

    The ticket stays with its support unit, whose members see it (domain: section 1).
    """
    helps = UnitMembership.objects.filter(user=OuterRef("user"), unit__state=UnitState.ACTIVE)
    left = TicketPerson.objects.filter(ticket__is_open=True).filter(
        Q(user__is_active=False) | ~Exists(helps)
    )
    released = 0
    for row in list(left.select_related("ticket", "user").order_by("pk")[:AT_ONCE]):
        with apart(row.ticket_id):
            ticket = locked(row.ticket)
            gone, _rows = TicketPerson.objects.filter(pk=row.pk).delete()
            if gone:
                history.record(
                    ticket=ticket,
                    kind=Kind.PERSON_REMOVED,
                    by=None,
                    at=at,
                    is_public=False,
                    consumers=(),
                    person=row.user_id,
                    part=row.part,
                )
                store(ticket)
                released += 1
    return released


def leave_closed_units(*, at: datetime) -> int:
    """Give the open tickets of closed units and sites to the next unit in the chain.

    A suspended site keeps its tickets; a site that is closed, or was missing in three complete
    polls, hands them over: operations centre, else TPM, unless a VO has it in commissioning
    (domain: section 6). Returns how many.
    """
    commissioned = VOSite.objects.filter(site=OuterRef("unit__site"), is_in_commissioning=True)
    site_is_closed = (
        Q(unit__kind=UnitKind.SITE)
        & (
            Q(unit__site__certification_status=CertificationStatus.CLOSED)
            | Q(unit__site__gone_at__isnull=False)
        )
        & ~Exists(commissioned)
    )
    stranded = (
        Ticket.objects.filter(is_open=True)
        .filter(Q(unit__state=UnitState.CLOSED) | site_is_closed)
        .select_related("unit__site")
        .order_by("pk")
    )
    moved = 0
    for ticket in list(stranded[:AT_ONCE]):
        heir = unit_queries.heir_of(ticket.unit)
        if heir is None:
            continue
        with apart(ticket.pk):
            assign.assign_to_unit(
                ticket=ticket,
                unit=heir,
                by=None,
                at=at,
                reason=_("%(unit)s is closed.") % {"unit": ticket.unit.name},
            )
            moved += 1
    return moved
