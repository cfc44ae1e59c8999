"""What happens to a ticket and concerns those that hang on it: noted at once, done by a worker.

The action that changes a ticket writes one row for each ticket that is to follow, in its own
transaction and in one statement however many they are. ``actions.catch_up`` does the rest, one
ticket a transaction.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from celery import signature
from django.db import connection, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from tickets import history
from tickets.models import (
    LED,
    HistoryEntry,
    Incident,
    Kind,
    Passing,
    RelationKind,
    Ticket,
    TicketRelation,
)
from tickets.workflow import ANSWERED, FINAL, OPEN, StepNotAllowed

logger = logging.getLogger(__name__)

# The handler lives above this module; it is named, not imported.
HANDLER = "tickets.tasks.pass_on"
_FEW = 5

_NOTE = """
    INSERT INTO tickets_passing (entry_id, ticket_id, not_before, attempts, error)
    SELECT %(entry)s, found.id, %(at)s, 0, '' FROM (
        SELECT r.ticket_id AS id FROM tickets_ticketrelation r
         WHERE %(down)s AND r.other_id = %(ticket)s AND r.kind = ANY(%(led)s)
           AND r.ended_at IS NULL
        UNION
        SELECT r.other_id FROM tickets_ticketrelation r
         WHERE %(up)s AND r.ticket_id = %(ticket)s AND r.kind = 'CHILD' AND r.ended_at IS NULL
    ) found JOIN tickets_ticket t ON t.id = found.id WHERE t.status <> ALL(%(final)s)
    ON CONFLICT DO NOTHING
"""


def pass_on(
    entry: HistoryEntry, *, at: datetime, to_followers: bool = False, to_parent: bool = False
) -> int:
    """Have what the entry tells take effect on the tickets that hang on its ticket.

    The caller holds the lock of the entry's ticket.

    :param to_followers: its duplicates, and what joined it as the incident
    :param to_parent: the ticket that waits for it as for its child
    :returns: how many tickets are to catch up
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "entry": entry.pk,
                "ticket": entry.ticket_id,
                "at": history.earliest(at),
                "down": to_followers,
                "up": to_parent,
                "led": [kind.value for kind in LED],
                "final": [status.value for status in FINAL],
            },
        )
        number = int(cursor.rowcount)
    if number:
        hand_on(entry.pk, at)
    return number


_NOTE_REDACTION = """
    INSERT INTO tickets_passing (entry_id, ticket_id, not_before, attempts, error)
    WITH RECURSIVE followed(id) AS (
        SELECT %(ticket)s::bigint
        UNION
        SELECT r.ticket_id FROM tickets_ticketrelation r JOIN followed ON r.other_id = followed.id
         WHERE r.kind = ANY(%(led)s)
    )
    SELECT %(entry)s, id, %(at)s, 0, '' FROM followed WHERE id <> %(ticket)s
    ON CONFLICT DO NOTHING
"""


def pass_redaction(told: HistoryEntry, *, at: datetime) -> None:
    """Have the traces of what was redacted taken out of all that followed the ticket, ever."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE_REDACTION,
            {
                "entry": told.pk,
                "ticket": told.ticket_id,
                "at": at,
                "led": [kind.value for kind in LED],
            },
        )
        number = cursor.rowcount
    if number:
        hand_on(told.pk, at)


def hand_on(entry_id: int, at: datetime) -> None:
    """Tell a worker, after the commit, that tickets are to catch up with the entry."""
    if history.is_telling_the_past():
        return  # who tells an old story lets the tickets catch up in it
    wait = (history.earliest(at) - at).total_seconds()
    transaction.on_commit(lambda: _tell_a_worker(entry_id, wait), robust=True)


def alone() -> None:
    """Let one maker of relations at a time go on, until the end of its transaction.

    The trigger of ``TicketRelation`` takes the same lock; taken before the rows, nobody waits for
    it while holding what its holder needs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tickets_ticketrelation'))")


def let_loose(ticket: Ticket, *, by: User | None, at: datetime) -> None:
    """End that the ticket follows another: somebody works on it itself, or answered it alone.

    The caller holds the ticket's lock and stores it.
    """
    relation = TicketRelation.objects.filter(ticket=ticket, kind__in=LED, ended_at=None).first()
    if relation is not None:
        end_relation(relation, ticket, by=by, at=at)


def end_relation(
    relation: TicketRelation, ticket: Ticket, *, by: User | None, at: datetime
) -> None:
    """End a relation of a locked ticket and note that; the caller stores the ticket."""
    TicketRelation.objects.filter(pk=relation.pk).update(ended_at=at)
    history.record(
        ticket=ticket,
        kind=Kind.RELATION_ENDED,
        by=by,
        at=at,
        is_public=True,
        consumers=(),
        relation=relation.kind,
        other=relation.other_id,
        key=relation.pk,
    )


def end_incident(ticket: Ticket, *, by: User | None, at: datetime) -> HistoryEntry | None:
    """End the incident that a locked ticket is, if it is one; the caller stores the ticket."""
    if not Incident.objects.filter(ticket=ticket, ended_at=None).update(ended_at=at):
        return None
    return history.record(
        ticket=ticket, kind=Kind.INCIDENT_ENDED, by=by, at=at, is_public=True, consumers=()
    )


def take_back(entries: Sequence[HistoryEntry]) -> None:
    """Undo what entries of a ticket say of its relations, and what they would have passed on.

    The caller went through :func:`alone` before it locked the ticket, and is within the window in
    which nothing has been acted upon.
    """
    Passing.objects.filter(entry__in=entries, done_at=None).delete()
    for entry in entries:
        key = entry.facts.get("key")
        if entry.kind == Kind.INCIDENT_ENDED:
            Incident.objects.filter(ticket=entry.ticket_id).update(ended_at=None)
        if entry.kind == Kind.RELATED and key:
            TicketRelation.objects.filter(pk=key).delete()
            # The answer of a master that was solved already.
            Passing.objects.filter(
                ticket=entry.ticket_id, entry__ticket=entry.facts["other"], done_at=None
            ).delete()
        elif entry.kind == Kind.RELATION_ENDED and key:
            TicketRelation.objects.filter(pk=key).update(ended_at=None)


def open_children(ticket: Ticket, most: int = _FEW + 1) -> list[int]:
    """Return the numbers of the ticket's open children, so many at the most."""
    children = TicketRelation.objects.filter(
        other=ticket, kind=RelationKind.CHILD, ended_at=None, ticket__is_open=True
    )
    return list(children.order_by("ticket_id").values_list("ticket_id", flat=True)[:most])


def refuse_open_children(ticket: Ticket) -> None:
    """Make sure that no child of the ticket is open (domain: section 5).

    :raises StepNotAllowed: with their numbers
    """
    numbers = open_children(ticket)
    if numbers:
        raise StepNotAllowed(
            _("This ticket waits for its children, and not all are solved: %(numbers)s.")
            % {"numbers": numbers_text(numbers)},
            _("Solve them first, or take them loose."),
        )


def numbers_text(numbers: Sequence[int]) -> str:
    """Return numbers of tickets as people read them, a few of them."""
    words = ", ".join(f"#{number}" for number in numbers[:_FEW])
    return f"{words}, …" if len(numbers) > _FEW else words


def is_answer(entry: HistoryEntry) -> bool:
    """Return whether the entry tells that its ticket was solved or left unsolved."""
    return entry.kind == Kind.STATUS_CHANGED and entry.facts["status"][1] in ANSWERED


def is_reopening(entry: HistoryEntry) -> bool:
    """Return whether the entry tells that its ticket was answered and is open again."""
    if entry.kind != Kind.STATUS_CHANGED:
        return False
    old, new = entry.facts["status"]
    return old in ANSWERED and new in OPEN


def _tell_a_worker(entry_id: int, wait: float) -> None:
    # A broker that is away must not make a request fail: the sweep finds the rows.
    try:
        signature(HANDLER, kwargs={"entry_id": entry_id}).apply_async(countdown=wait, retry=False)
    except history.BROKER_IS_AWAY as error:
        logger.warning("what hangs on entry %s waits for the sweep: %s", entry_id, error)
