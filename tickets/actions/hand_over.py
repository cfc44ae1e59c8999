"""What follows, on tickets, from changes below: people who left, units and sites that closed.

``supportunits`` and ``topology`` store a state and know no tickets; these run by the clock, look at
the state and act on it. Each may run as often as it likes.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from supportunits import queries as unit_queries
from supportunits.models import Shift, SupportUnit, UnitMembership, UnitState
from tickets import history
from tickets.actions import assign
from tickets.actions.row import apart, locked, store
from tickets.models import Kind, Ticket, TicketPerson

AT_ONCE = 200


def release_leavers(*, at: datetime) -> int:
    """Take people off open tickets who left, or are in no active unit any more; returns how many.

    Who is on shift helps without a unit, too. The ticket stays with its support unit, whose members
    see it (domain: section 1).
    """
    helps = UnitMembership.objects.filter(user=OuterRef("pk"), unit__state=UnitState.ACTIVE)
    on_shift = Shift.objects.filter(
        person=OuterRef("pk"), starts_at__lte=at, ends_at__gt=at, type__is_active=True
    )
    parts = TicketPerson.objects.filter(user=OuterRef("pk"), ticket__is_open=True)
    # From the few people who left to their tickets: open tickets may be many.
    left = list(
        User.objects.filter(Q(is_active=False) | ~(Exists(helps) | Exists(on_shift)))
        .alias(part=Subquery(parts.values("pk")[:1]))
        .filter(part__isnull=False)
        .values_list("pk", flat=True)
    )
    rows = TicketPerson.objects.filter(user__in=left, ticket__is_open=True)
    released = 0
    for row in list(rows.select_related("ticket", "user").order_by("pk")[:AT_ONCE]):
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
    tickets = Ticket.objects.filter(unit=OuterRef("pk"), is_open=True)
    # From the few units that are closed to their tickets: open tickets may be many.
    closed = list(
        SupportUnit.objects.filter(Q(state=UnitState.CLOSED) | unit_queries.of_sites_that_left())
        .alias(ticket=Subquery(tickets.values("pk")[:1]))
        .filter(ticket__isnull=False)
        .values_list("pk", flat=True)
    )
    stranded = (
        Ticket.objects.filter(is_open=True, unit__in=closed)
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
