"""Take back what was done at the desk, within ten seconds and before anybody was told.

One mechanism for every action: around it the ticket's columns and people are compared, and what
it records is held back. What an action changes elsewhere than on the ticket is named here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import markdown
from juno_support.outbox import actions as outbox
from tickets import history, response
from tickets.actions import hanging, passing, spam
from tickets.actions.row import locked, store
from tickets.models import (
    DiaryEntry,
    HistoryEntry,
    Kind,
    Ticket,
    TicketPerson,
    TicketType,
    UndoWindow,
)
from tickets.search import index

UNDO_SECONDS = 10
KEPT = timedelta(days=1)
TAKEN_BACK = "*[taken back]*"
# What writing history sets, and what never changes.
_OWN_WAYS = frozenset({"id", "submission_key", "last_entry_id", "updated_at"})


class TooLateToUndo(SupportError):
    """The window has passed, or something else happened since."""


@transaction.atomic
def with_undo(
    *,
    ticket: Ticket,
    action: UndoWindow.Action,
    do: Callable[[Ticket], object],
    by: User,
    at: datetime,
    among: Sequence[Ticket] = (),
) -> UndoWindow | None:
    """Do something to the ticket so that it can be undone for ten seconds; its mail waits so long.

    An ALARM ticket's mail never waits (domain: section 11): then there is nothing to undo.

    :param do: calls one action with the ticket; what it raises is raised
    :param among: further tickets that it changes, or hangs this one on
    """
    if among:
        # As makers of relations lock: so nobody waits for another in a circle.
        passing.alone()
        hanging.locked_all([ticket.pk, *(each.pk for each in among)])
    ticket = locked(ticket)
    if ticket.type == TicketType.ALARM:
        do(ticket)
        return None
    before, people = _columns(ticket), _people(ticket)
    until = at + timedelta(seconds=UNDO_SECONDS)
    with history.holding_back(until) as entries:
        do(ticket)
    after = _columns(Ticket.objects.get(pk=ticket.pk))
    UndoWindow.objects.filter(by=by, ends_at__lt=at - KEPT).delete()
    return UndoWindow.objects.create(
        ticket=ticket,
        by=by,
        action=action,
        ends_at=until,
        before={name: value for name, value in before.items() if value != after[name]},
        people=people if people != _people(ticket) else None,
        entries=[entry.pk for entry in entries],
    )


@transaction.atomic
def undo(*, window: UndoWindow, by: User, at: datetime) -> tuple[Ticket, str]:
    """Take back what was done, and return the ticket and the words that were written with it.

    A second press of the button changes nothing.

    :raises TooLateToUndo: if the window has passed or the ticket changed since
    """
    passing.alone()
    ticket = locked(window.ticket)
    window = UndoWindow.objects.select_for_update().get(pk=window.pk)
    if window.undone_at is not None and window.by_id == by.pk:
        return ticket, ""
    entries = list(HistoryEntry.objects.filter(pk__in=window.entries).order_by("pk"))
    if (
        window.by_id != by.pk
        or at >= window.ends_at
        or _something_happened_since(window)
        or not all(history.cancel_dispatches(entry, at) for entry in entries)
    ):
        raise TooLateToUndo(
            _("This can no longer be undone."), _("Open the ticket and change it again.")
        )
    old_unit = ticket.unit_id
    passing.take_back(entries)
    _take_calls_back(entries)
    fields = _put_back(ticket, window)
    words = _take_words_back(entries, at)
    if {"unit_id", "status", "priority"} & set(fields):
        response.take_back(ticket, entries[0].happened_at)
        history.turn_interval(ticket, at)
    moved: dict[str, Any] = {}
    if "unit_id" in fields:
        moved["unit"] = [old_unit, ticket.unit_id]
    history.record(
        ticket=ticket,
        kind=Kind.UNDONE,
        by=by,
        at=at,
        # As public as what it takes back: the page showed it meanwhile.
        is_public=any(entry.is_public for entry in entries),
        consumers=(),
        entry=window.entries[-1],
        action=window.action,
        **moved,
    )
    store(ticket, *fields)
    if words or "solution" in fields:
        index.reindex(ticket)
    UndoWindow.objects.filter(pk=window.pk).update(undone_at=at)
    return ticket, words


def _something_happened_since(window: UndoWindow) -> bool:
    """Return whether somebody changed the ticket since; what the portal notes is none."""
    later = HistoryEntry.objects.filter(ticket=window.ticket_id, pk__gt=max(window.entries))
    return later.exclude(kind__in=history.NO_WORK).exists()


def _put_back(ticket: Ticket, window: UndoWindow) -> list[str]:
    """Set the ticket's columns and people as they were; return the names of the columns."""
    fields = {field.attname: field for field in _fields()}
    for name, value in window.before.items():
        setattr(ticket, name, fields[name].to_python(value))
    if window.people is not None:
        TicketPerson.objects.filter(ticket=ticket).delete()
        TicketPerson.objects.bulk_create(
            TicketPerson(ticket=ticket, user_id=user, part=part) for user, part in window.people
        )
    return list(window.before)


def _take_calls_back(entries: list[HistoryEntry]) -> None:
    """Let the calls ring again that went with what is no spam after all, and none of what is."""
    for entry in entries:
        if entry.kind == Kind.DISCARDED:
            spam.bring_calls_back(entry)
        elif entry.kind == Kind.RECOVERED:
            outbox.withdraw_calls_about(ticket=entry.ticket_id)


def _take_words_back(entries: list[HistoryEntry], at: datetime) -> str:
    """Blank the diary entries that were written with it, and return their text."""
    written = [entry.diary_entry_id for entry in entries if entry.diary_entry_id]
    diary = list(DiaryEntry.objects.filter(pk__in=written))
    words = "\n\n".join(entry.text for entry in diary)
    DiaryEntry.objects.filter(pk__in=written).update(
        text=TAKEN_BACK, html=markdown.render(TAKEN_BACK), redacted_at=at
    )
    return words


def _fields() -> list[models.Field]:
    return [
        field
        for field in Ticket._meta.concrete_fields
        if not field.generated and field.name not in _OWN_WAYS
    ]


def _columns(ticket: Ticket) -> dict[str, Any]:
    return {field.attname: _plain(getattr(ticket, field.attname)) for field in _fields()}


def _people(ticket: Ticket) -> list[list[Any]]:
    rows = TicketPerson.objects.filter(ticket=ticket).order_by("user_id", "part")
    return [list(row) for row in rows.values_list("user_id", "part")]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
