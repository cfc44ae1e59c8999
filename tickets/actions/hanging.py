"""What the actions of relations share: lock a pair, hang one on the other, hold, wake, let go.

Whoever makes a relation takes one lock first (``passing.alone``), then the rows in the order of
their numbers: two people who do it at once can neither make a circle nor wait for one another.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from tickets import history, policies
from tickets.actions import passing, wall_clock
from tickets.actions.row import store
from tickets.models import (
    LED,
    HistoryEntry,
    Incident,
    Kind,
    RelationKind,
    Ticket,
    TicketRelation,
    TicketType,
)
from tickets.workflow import ANSWERED, FINAL, Status, Who, find_step

HOLD_FIELDS = ("status", "waiting_since", "hold_until", "public_word_at")
_SYSTEM = frozenset({Who.SYSTEM})


class CannotRelate(SupportError):
    """The two tickets cannot be related in this way."""


def check_may_wait(ticket: Ticket) -> None:
    """Make sure that a ticket can be put on hold by a relation.

    :raises StepNotAllowed: if it is not open
    """
    find_step("wait", status=ticket.status, roles=_SYSTEM)


def locked_pair(first: Ticket, second: Ticket) -> tuple[Ticket, Ticket]:
    """Return the two tickets afresh and locked, always in the order of their numbers.

    :raises CannotRelate: if they are one
    """
    if first.pk == second.pk:
        raise CannotRelate(_("A ticket cannot hang on itself."), _("Name another ticket."))
    found = {each.pk: each for each in locked_all([first.pk, second.pk])}
    return found[first.pk], found[second.pk]


def check_reads(other: Ticket, by: User) -> None:
    """Make sure that the person may read the ticket that another is to hang on.

    :raises CannotRelate: if not, as if there were none
    """
    if policies.reads(other, by) < policies.Reading.PUBLIC:
        raise CannotRelate(
            _("There is no ticket #%(number)s that you may read.") % {"number": other.pk}
        )


def locked_all(numbers: Iterable[int]) -> list[Ticket]:
    """Return the tickets of these numbers afresh and locked, in the order of their numbers."""
    return list(
        Ticket.objects.select_for_update(of=("self",))
        .select_related("submitter", "unit", "vo")
        .filter(pk__in=list(numbers))
        .order_by("pk")
    )


def in_force(ticket: Ticket, *kinds: RelationKind) -> TicketRelation | None:
    """Return the ticket's relation of one of these kinds, if it has one."""
    found = TicketRelation.objects.filter(ticket=ticket, kind__in=kinds, ended_at=None)
    return found.select_related("other").first()


def make_follower(
    ticket: Ticket,
    lead: Ticket,
    kind: RelationKind,
    *,
    by: User,
    at: datetime,
) -> HistoryEntry:
    """Hang a locked ticket on a locked master or incident: it waits on hold, and follows it.

    Raises as :func:`mark_duplicate`, except for the person's right.
    """
    check_pair(ticket, lead)
    check_may_wait(ticket)
    if Incident.objects.filter(ticket=ticket, ended_at=None).exists():
        raise CannotRelate(
            _("This ticket is the incident that others joined."), _("End the incident first.")
        )
    followed = in_force(ticket, *LED)
    if followed is not None:
        raise CannotRelate(
            _("This ticket follows #%(number)s already.") % {"number": followed.other_id},
            _("Take it loose first."),
        )
    relation = relate(ticket, lead, kind, by, at)
    hold(ticket, by=by, at=at)
    entry = history.record(
        ticket=ticket,
        kind=Kind.RELATED,
        by=by,
        at=at,
        is_public=True,
        relation=kind,
        other=lead.pk,
        key=relation.pk,
    )
    if ticket.type == TicketType.ALARM:
        # A supporter who sees what it belongs to has received it.
        wall_clock.after_step(ticket, step="hold", by=by, at=at)
    store(ticket, *HOLD_FIELDS)
    return entry


def end(
    ticket: Ticket, relation: TicketRelation, *, by: User | None, at: datetime, **facts: Any
) -> None:
    """End a relation of a locked ticket and put it back to work; the caller stores it."""
    passing.end_relation(relation, ticket, by=by, at=at)
    wake(ticket, by=by, at=at, because=RelationKind(relation.kind), **facts)


def hold(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """Put a locked, open ticket on hold without a date: a relation wakes it. Nobody is mailed."""
    ticket.waiting_since = ticket.hold_until = None
    ticket.public_word_at = at
    if ticket.status == Status.ON_HOLD:
        return
    old, ticket.status = ticket.status, Status.ON_HOLD
    history.turn_interval(ticket, at)
    history.record(
        ticket=ticket,
        kind=Kind.STATUS_CHANGED,
        by=by,
        at=at,
        is_public=True,
        consumers=(),
        status=[old, Status.ON_HOLD],
        step="wait",
    )


def last_answer(ticket: Ticket) -> HistoryEntry | None:
    """Return the entry that tells how an answered ticket was answered."""
    if ticket.status not in (*ANSWERED, *FINAL):
        return None
    answers = HistoryEntry.objects.filter(
        ticket=ticket, kind=Kind.STATUS_CHANGED, facts__status__1__in=list(ANSWERED)
    )
    return answers.select_related("ticket", "actor").order_by("-pk").first()


def wake(
    ticket: Ticket, *, by: User | None, at: datetime, because: RelationKind, **facts: Any
) -> bool:
    """Put a locked ticket that a relation held back to work, unless it waits for another still.

    The caller stores it.

    :returns: whether it goes on
    """
    # A date is of somebody who put it on hold; then that decides.
    if ticket.status != Status.ON_HOLD or ticket.hold_until is not None or waits(ticket):
        return False
    ticket.status = Status.IN_PROGRESS
    ticket.public_word_at = at
    history.turn_interval(ticket, at)
    history.record(
        ticket=ticket,
        kind=Kind.STATUS_CHANGED,
        by=by,
        at=at,
        is_public=True,
        status=[Status.ON_HOLD, Status.IN_PROGRESS],
        step="resume",
        because=because,
        **facts,
    )
    return True


def waits(ticket: Ticket) -> bool:
    """Return whether the ticket follows another, or has an open child."""
    return in_force(ticket, *LED) is not None or bool(passing.open_children(ticket, 1))


def check_pair(ticket: Ticket, other: Ticket) -> None:
    """Make sure that a ticket can hang on the other at all.

    :raises CannotRelate: if one is a Security ticket, or the other is final
    """
    if ticket.is_restricted or other.is_restricted:
        raise CannotRelate(_("Security tickets stay by themselves."))
    if other.status in FINAL:
        raise CannotRelate(
            _("#%(number)s is %(status)s, which is final.")
            % {"number": other.pk, "status": other.get_status_display()},
            _("Name an open ticket."),
        )


def relate(
    ticket: Ticket, other: Ticket, kind: RelationKind, by: User, at: datetime
) -> TicketRelation:
    """Make a relation.

    :raises CannotRelate: if tickets would wait for one another in a circle
    """
    first, second = (other, ticket) if kind == RelationKind.CHILD else (ticket, other)
    chain = _chain(second.pk, first.pk)
    if chain:
        raise CannotRelate(
            _("The two tickets would wait for one another: %(chain)s.")
            % {"chain": " → ".join(f"#{number}" for number in [first.pk, *chain])},
            _("Take one of them loose first."),
        )
    return TicketRelation.objects.create(
        ticket=ticket, other=other, kind=kind, made_by=by, made_at=at
    )


# The same question as in the trigger of TicketRelation, with the way in the answer.
_CHAIN = """
    WITH RECURSIVE awaited(id, way) AS (
        SELECT %(start)s::bigint, ARRAY[%(start)s::bigint]
        UNION ALL
        SELECT next.id, awaited.way || next.id FROM awaited, LATERAL (
            SELECT other_id AS id FROM tickets_ticketrelation
             WHERE ticket_id = awaited.id AND kind IN ('DUPLICATE', 'JOINED') AND ended_at IS NULL
            UNION ALL
            SELECT ticket_id FROM tickets_ticketrelation
             WHERE other_id = awaited.id AND kind = 'CHILD' AND ended_at IS NULL
        ) next
    )
    SELECT way FROM awaited WHERE id = %(wanted)s ORDER BY cardinality(way) LIMIT 1
"""


def _chain(start: int, wanted: int) -> list[int]:
    """Return over which tickets ``start`` waits for ``wanted``; nothing if it does not."""
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, {"start": start, "wanted": wanted})
        row = cursor.fetchone()
    return list(row[0]) if row else []
