"""Let a ticket catch up with what happened to those it hangs on, or that hang on it.

Each ticket in a transaction of its own, in the order in which things happened: what is done and
the mark that it is done are one, so that a worker that dies costs nothing and doubles nothing.
"""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from juno_support.lib import markdown, text
from tickets import history
from tickets.actions import files, hanging, passing, redact, work
from tickets.actions.row import locked, store
from tickets.models import (
    LED,
    DiaryEntry,
    HistoryEntry,
    Kind,
    Passing,
    RelationKind,
    Ticket,
    TicketRelation,
)
from tickets.search import index
from tickets.workflow import ANSWERED, FINAL, OPEN, ResolutionCode, Status

logger = logging.getLogger(__name__)

AT_ONCE = 500
LONGEST_PAUSE = timedelta(hours=1)
DOUBLINGS = 9


def pass_on(*, entry_id: int, at: datetime) -> int:
    """Let the tickets that an entry concerns catch up with it; returns how many did."""
    return _each(Passing.objects.filter(entry=entry_id), at)


def sweep(*, at: datetime) -> int:
    """Let all tickets catch up that are due: what a crash or a broker that was away has left."""
    return _each(Passing.objects.all(), at)


def _each(rows: QuerySet[Passing], at: datetime) -> int:
    due = rows.filter(done_at=None, not_before__lte=at).order_by("not_before", "pk")
    numbers = dict.fromkeys(due.values_list("ticket_id", flat=True)[:AT_ONCE])
    return sum(catch_up(number=number, at=at) for number in numbers)


def catch_up(*, number: int, at: datetime) -> bool:
    """Do with one ticket all that is due, oldest first.

    What goes wrong is noted and tried again after growing pauses; it costs other tickets nothing.
    """
    try:
        with transaction.atomic():
            ticket = locked(Ticket(pk=number))
            due = _due(number, at).select_related("entry__diary_entry", "entry__ticket")
            rows = list(due.order_by("entry_id"))
            for row in rows:
                _apply(ticket, row.entry, at)
                ticket = locked(ticket)
            Passing.objects.filter(pk__in=[row.pk for row in rows]).update(done_at=at, error="")
    except Exception as error:
        logger.exception("ticket %s could not catch up", number)
        _postpone(number, repr(error), at)
        return False
    return True


def _due(number: int, at: datetime) -> QuerySet[Passing]:
    return Passing.objects.filter(ticket=number, done_at=None, not_before__lte=at)


def _postpone(number: int, error: str, at: datetime) -> None:
    attempts = max(_due(number, at).values_list("attempts", flat=True), default=0)
    pause = min(timedelta(seconds=10 * 2 ** min(attempts, DOUBLINGS)), LONGEST_PAUSE)
    _due(number, at).update(attempts=F("attempts") + 1, error=error[:2000], not_before=at + pause)


def _apply(ticket: Ticket, entry: HistoryEntry, at: datetime) -> None:
    if entry.kind == Kind.REDACTED:
        redact.redact_passed(ticket=ticket, told=entry, at=at)
        return
    if ticket.status in FINAL:
        return
    if _is_child(entry.ticket_id, of=ticket):
        _hear_of_child(ticket, entry, at)
    relation = hanging.in_force(ticket, *LED)
    if relation is None or relation.other_id != entry.ticket_id:
        return
    if entry.kind == Kind.PUBLIC_ENTRY and entry.diary_entry is not None:
        _repeat(ticket, entry, entry.diary_entry, at)
    elif passing.is_answer(entry):
        _answer(ticket, relation, entry, at)
    elif entry.kind == Kind.DISCARDED or (
        entry.kind == Kind.INCIDENT_ENDED and relation.kind == RelationKind.JOINED
    ):
        _let_go(ticket, relation, entry, at)


def _origin(source: HistoryEntry) -> int:
    """Return the entry that began it, where a duplicate has duplicates of its own."""
    return int(source.facts.get("passed") or source.pk)


def _is_child(number: int, *, of: Ticket) -> bool:
    return TicketRelation.objects.filter(
        ticket=number, other=of, kind=RelationKind.CHILD, ended_at=None
    ).exists()


def _repeat(ticket: Ticket, source: HistoryEntry, words: DiaryEntry, at: datetime) -> None:
    """Write what was said in public on the other ticket into this one's public diary, once, with
    its files.
    """
    if words.redacted_at is not None:
        return
    entry, is_new = DiaryEntry.objects.get_or_create(
        submission_key=uuid.uuid5(words.submission_key, str(ticket.pk)),
        defaults={
            "ticket": ticket,
            "author": words.author,
            "is_public": True,
            "passed_from": words,
            "text": words.text,
            "html": words.html,
            "renderer_version": words.renderer_version,
            "written_at": at,
        },
    )
    if not is_new:
        return
    files.repeat(source=words, entry=entry)
    told = history.record(
        ticket=ticket,
        kind=Kind.PUBLIC_ENTRY,
        by=words.author,
        at=at,
        is_public=True,
        diary_entry=entry,
        passed=_origin(source),
        lead=source.ticket_id,
    )
    ticket.last_line = text.shorten(markdown.plain(entry.html), 160)
    ticket.public_word_at, ticket.attention_since = at, None
    store(ticket, "last_line", "public_word_at", "attention_since")
    index.add_entry(entry)
    passing.pass_on(told, at=at, to_followers=True)


def _answer(ticket: Ticket, relation: TicketRelation, source: HistoryEntry, at: datetime) -> None:
    """Solve the ticket together with the one it follows, or leave it unsolved with it."""
    if ticket.status not in OPEN:
        return
    lead = source.ticket
    if source.facts.get("code") == ResolutionCode.WITHDRAWN:
        # Its submitter needs no answer any more; who wrote this one does.
        _let_go(ticket, relation, source, at)
    elif lead.status in (*ANSWERED, *FINAL) and not passing.open_children(ticket, 1):
        # Else it was reopened meanwhile; or this ticket's last child brings the solution.
        work.take_step(
            ticket=ticket,
            step=source.facts["step"],
            by=None,
            at=at,
            solution=lead.solution,
            code=lead.resolution_code,
            lead=lead.pk,
            passed=_origin(source),
        )


def _let_go(ticket: Ticket, relation: TicketRelation, source: HistoryEntry, at: datetime) -> None:
    hanging.end(ticket, relation, by=None, at=at, passed=_origin(source), lead=source.ticket_id)
    store(ticket, *hanging.HOLD_FIELDS)


def _hear_of_child(parent: Ticket, source: HistoryEntry, at: datetime) -> None:
    """Note on the parent that a child was answered or reopened; after the last, go on."""
    child = source.ticket
    history.record(
        ticket=parent,
        kind=Kind.RELATED,
        by=source.actor,
        at=at,
        is_public=True,
        consumers=(),
        relation=RelationKind.CHILD,
        role="parent",
        other=child.pk,
        status=source.facts["status"],
    )
    if passing.is_reopening(source) and parent.status in OPEN and child.status in OPEN:
        hanging.hold(parent, by=None, at=at)
    elif passing.is_answer(source) or source.kind == Kind.DISCARDED:
        hanging.wake(parent, by=None, at=at, because=RelationKind.CHILD)
    store(parent, *hanging.HOLD_FIELDS)
    _catch_answer(parent, at)


def _catch_answer(ticket: Ticket, at: datetime) -> None:
    """Solve a ticket whose master was solved while it waited for its own children."""
    relation = hanging.in_force(ticket, *LED)
    if relation is None or ticket.status != Status.ON_HOLD or passing.open_children(ticket, 1):
        return
    answer = hanging.last_answer(relation.other)
    if answer is not None:
        _answer(ticket, relation, answer, at)
