"""The spine: the one way to write a ticket's history.

Every change of a ticket is one action in one transaction. It writes a HistoryEntry and one
Dispatch row for each consumer that is to act on it. After the commit a worker takes the dispatch
rows; the sweep repairs what a crash or a broker that was away has missed. Nothing is sent inside a
transaction.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from celery import signature
from django.db import transaction
from django.db.models import F
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from juno_support.accounts.models import User
from juno_support.lib.text import clean
from tickets import response
from tickets.models import (
    Consumer,
    DiaryEntry,
    Dispatch,
    HistoryEntry,
    HistoryWords,
    Kind,
    ResponsePeriod,
    StatusInterval,
    Ticket,
)

logger = logging.getLogger(__name__)

# The handler lives above this module; it is named, not imported.
HANDLER = "tickets.tasks.handle_entry"

BROKER_IS_AWAY = (BrokerError, RedisError, OSError)
MAIL_ONLY = (Consumer.MAIL,)
# What monitoring and the clock note is no work on the ticket: lists show its age without it.
NO_WORK = (Kind.CONTEXT, Kind.RESPONSE_DUE, Kind.REMINDED)

_is_past: ContextVar[bool] = ContextVar("_is_past", default=False)
_held_back: ContextVar["tuple[datetime, list[HistoryEntry]] | None"] = ContextVar(
    "_held_back", default=None
)


@contextmanager
def telling_the_past() -> Iterator[None]:
    """Within the block what is recorded counts as acted upon: nobody is told of an old story."""
    token = _is_past.set(True)
    try:
        yield
    finally:
        _is_past.reset(token)


@contextmanager
def holding_back(until: datetime) -> Iterator[list[HistoryEntry]]:
    """Within the block nobody is told before the moment; gives the list of what is recorded."""
    entries: list[HistoryEntry] = []
    token = _held_back.set((until, entries))
    try:
        yield entries
    finally:
        _held_back.reset(token)


def is_telling_the_past() -> bool:
    """Return whether what is recorded now is an old story."""
    return _is_past.get()


def earliest(at: datetime) -> datetime:
    """Return when what is done at a moment may take effect elsewhere: then, or after the undo."""
    held_back = _held_back.get()
    return at if held_back is None else max(at, held_back[0])


def record(
    *,
    ticket: Ticket,
    kind: Kind,
    by: User | None,
    at: datetime,
    is_public: bool,
    diary_entry: DiaryEntry | None = None,
    consumers: tuple[Consumer, ...] = MAIL_ONLY,
    not_before: datetime | None = None,
    words: str = "",
    **facts: object,
) -> HistoryEntry:
    """Add an entry to the ticket's history and have it acted upon after the commit.

    The caller holds the ticket's row lock and saves the ticket afterwards: this sets its
    ``last_entry_id`` and ``updated_at``.

    :param words: what the person wrote with it, 500 characters; kept where it can be redacted
    :param facts: ids and plain values, never names or bodies
    """
    held_back = _held_back.get()
    if held_back is not None:
        until = held_back[0]
        not_before = max(not_before or at, until)
        facts["undo_until"] = until.isoformat()
    entry = HistoryEntry.objects.create(
        ticket=ticket,
        kind=kind,
        actor=by,
        happened_at=at,
        is_public=is_public,
        diary_entry=diary_entry,
        facts=facts,
    )
    if held_back is not None:
        held_back[1].append(entry)
    if words.strip():
        HistoryWords.objects.create(entry=entry, text=clean(words).strip()[:500])
    ticket.last_entry_id = entry.pk
    if kind not in NO_WORK:
        ticket.updated_at = at
    if consumers:
        is_past = _is_past.get()
        Dispatch.objects.bulk_create(
            Dispatch(
                entry=entry,
                consumer=consumer,
                not_before=not_before or at,
                done_at=at if is_past else None,
            )
            for consumer in consumers
        )
        if is_past:
            return entry
        wait = (not_before - at).total_seconds() if not_before else 0
        # A lambda, not a partial: Django names a robust callback by its __qualname__ if it fails.
        transaction.on_commit(lambda: _hand_on(entry.pk, wait), robust=True)
    return entry


def turn_interval(ticket: Ticket, at: datetime) -> None:
    """Close the ticket's open status interval and begin one with its present status and unit.

    The clock of the response goes along; the caller stores the ticket's ``response.FIELDS``.
    """
    StatusInterval.objects.filter(ticket=ticket, ends_at__isnull=True).update(ends_at=at)
    _add_interval(ticket, at)
    response.turn(ticket, at)


def begin_interval(ticket: Ticket, clock: ResponsePeriod | None, at: datetime) -> None:
    """Begin the first status interval of a ticket, and the clock made for it."""
    _add_interval(ticket, at)
    if clock is not None:
        clock.save(force_insert=True)


def _add_interval(ticket: Ticket, at: datetime) -> None:
    StatusInterval.objects.create(
        ticket=ticket,
        unit=ticket.unit,
        status=ticket.status,
        priority=ticket.priority,
        starts_at=at,
    )


def cancel_dispatches(entry: HistoryEntry, at: datetime) -> bool:
    """Cancel what waits for the entry; returns False if something has been acted upon already."""
    waiting = Dispatch.objects.select_for_update().filter(entry=entry)
    rows = list(waiting)
    if any(row.done_at is not None for row in rows):
        return False
    Dispatch.objects.filter(pk__in=[row.pk for row in rows]).update(cancelled_at=at)
    return True


def mark_failed(dispatch_id: int, error: str, retry_at: datetime) -> None:
    """Note that acting on an entry failed, and when to try again."""
    Dispatch.objects.filter(pk=dispatch_id).update(
        attempts=F("attempts") + 1, error=error[:2000], not_before=retry_at
    )


def _hand_on(entry_id: int, wait: float) -> None:
    # A broker that is away must not make a request fail: the sweep finds the rows.
    task = signature(HANDLER, kwargs={"entry_id": entry_id})
    try:
        task.apply_async(countdown=wait, retry=False)
    except BROKER_IS_AWAY as error:
        logger.warning("entry %s waits for the sweep: %s", entry_id, error)
