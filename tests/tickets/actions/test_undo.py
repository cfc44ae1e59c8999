"""One undo for every action of the desk: all is as it was, and nobody was told."""

import uuid
from datetime import timedelta

import pytest

from tests.make import AT
from tests.tickets.make import assign_with_undo, make_ticket, write
from tickets.actions import assign, diary, spam, undo, work
from tickets.actions.undo import TooLateToUndo
from tickets.models import (
    Dispatch,
    HistoryEntry,
    StatusInterval,
    Ticket,
    TicketPerson,
    UndoWindow,
)
from tickets.models.search import SearchDocument
from tickets.workflow import Status

SOON = AT + timedelta(seconds=5)
LATE = AT + timedelta(seconds=10)
A = UndoWindow.Action


def _do(cast, ticket, action):
    """Do one of the desk's actions as the desk does it."""
    by, at = cast.carla, AT
    doing = {
        A.ASSIGN: lambda found: assign.assign_to_unit(
            ticket=found, unit=cast.in2p3_unit, by=by, at=at, reason="Theirs."
        ),
        A.ASK: lambda found: diary.add_entry(
            ticket=found,
            words="Which xylophone?",
            is_public=True,
            submission_key=uuid.uuid4(),
            by=by,
            at=at,
            step="ask",
        ),
        A.HOLD: lambda found: work.take_step(
            ticket=found, step="hold", by=by, at=at, reason="x", until=at + timedelta(days=2)
        ),
        A.SPAM: lambda found: spam.discard(ticket=found, by=by, at=at),
        A.ESCALATE: lambda found: work.escalate(ticket=found, by=by, at=at),
        A.UNSOLVED: lambda found: work.take_step(
            ticket=found, step="leave-unsolved", by=by, at=at, solution="No.", code="NO_ANSWER"
        ),
    }
    return undo.with_undo(ticket=ticket, action=action, do=doing[action], by=by, at=at)


def _state(ticket):
    columns = Ticket.objects.filter(pk=ticket.pk).values().get()
    for own in ("last_entry_id", "updated_at"):
        del columns[own]
    return columns, set(TicketPerson.objects.filter(ticket=ticket).values_list("user", "part"))


@pytest.mark.parametrize("action", [A.ASSIGN, A.ASK, A.HOLD, A.SPAM, A.ESCALATE, A.UNSOLVED])
def test_undo_puts_everything_back_and_nobody_is_told(cast, action):
    ticket = make_ticket(by=cast.ada)
    assign.assign_person(ticket=ticket, person=cast.boris, by=cast.carla, at=AT)
    before = _state(ticket)
    window = _do(cast, ticket, action)
    assert _state(ticket) != before
    held = Dispatch.objects.filter(entry__in=window.entries)
    assert not held.filter(not_before__lt=LATE).exists()

    undo.undo(window=window, by=cast.carla, at=SOON)

    assert _state(ticket) == before
    assert not held.filter(cancelled_at=None).exists()
    entry = HistoryEntry.objects.get(kind="ticket.step-undone")
    # Who saw it go also sees that it came back.
    assert entry.is_public == (action != A.SPAM)
    interval = StatusInterval.objects.get(ticket=ticket, ends_at=None)
    assert (interval.status, interval.unit) == (Status.NEW, cast.tpm)


def test_the_words_of_a_question_are_taken_back_and_given_to_who_wrote_them(cast):
    ticket = make_ticket(by=cast.ada)
    window = _do(cast, ticket, A.ASK)

    _ticket, words = undo.undo(window=window, by=cast.carla, at=SOON)

    assert words == "Which xylophone?"
    entry = ticket.diary.get()
    assert "xylophone" not in entry.text + entry.html
    assert "xylophon" not in SearchDocument.objects.get(ticket=ticket).public


def test_a_second_press_changes_nothing(cast):
    ticket = make_ticket(by=cast.ada)
    window = assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    undo.undo(window=window, by=cast.carla, at=SOON)
    entries = HistoryEntry.objects.count()

    undo.undo(window=window, by=cast.carla, at=LATE)

    assert HistoryEntry.objects.count() == entries


@pytest.mark.parametrize("what", ["late", "somebody wrote", "somebody else", "mail is on its way"])
def test_too_late(cast, what):
    ticket = make_ticket(by=cast.ada)
    window = assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    if what == "somebody wrote":
        write(ticket=ticket, by=cast.ada)
    if what == "mail is on its way":
        Dispatch.objects.filter(entry__in=window.entries).update(done_at=SOON)

    with pytest.raises(TooLateToUndo):
        undo.undo(
            window=window,
            by=cast.boris if what == "somebody else" else cast.carla,
            at=LATE if what == "late" else SOON,
        )

    ticket.refresh_from_db()
    assert ticket.unit == cast.in2p3_unit
    if what != "mail is on its way":
        assert not Dispatch.objects.filter(cancelled_at__isnull=False).exists()


def test_what_monitoring_notes_meanwhile_is_no_obstacle(cast):
    ticket = make_ticket(by=cast.ada)
    window = assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    HistoryEntry.objects.create(
        ticket=ticket, kind="ticket.context-changed", happened_at=SOON, is_public=True
    )

    undo.undo(window=window, by=cast.carla, at=SOON)

    ticket.refresh_from_db()
    assert ticket.unit == cast.tpm


def test_the_mail_of_an_alarm_never_waits(cast):
    ticket = make_ticket(by=cast.ada)
    Ticket.objects.filter(pk=ticket.pk).update(type="ALARM")

    assert _do(cast, ticket, A.HOLD) is None

    assert not Dispatch.objects.filter(not_before__gt=AT).exists()


def test_windows_are_gone_a_day_after_they_ended(cast):
    ticket = make_ticket(by=cast.ada)
    assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)

    assign_with_undo(
        ticket=ticket, unit=cast.tpm, by=cast.carla, at=AT + timedelta(days=1, seconds=11)
    )

    assert UndoWindow.objects.count() == 1
