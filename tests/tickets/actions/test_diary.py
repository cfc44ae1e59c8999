"""Writing into the diaries, with the step that goes along."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.make import AT, make_issue_type, make_unit
from tests.tickets.make import make_ticket, write
from tickets.actions import work
from tickets.actions.diary import EmptyEntry
from tickets.actions.files import FileRefused
from tickets.actions.row import ChangedMeanwhile, NotAllowed
from tickets.actions.work import NeedsMore
from tickets.models import Attachment, DiaryEntry, HistoryEntry, Ticket
from tickets.workflow import Status


def _set(ticket, **values):
    Ticket.objects.filter(pk=ticket.pk).update(**values)
    ticket.refresh_from_db()


@pytest.mark.parametrize("status", ["NEW", "ASSIGNED", "REOPENED"])
def test_a_supporters_public_answer_takes_the_ticket(cast, status):
    ticket = make_ticket(by=cast.ada)
    _set(ticket, status=status)

    write(ticket=ticket, by=cast.boris)

    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS
    assert ticket.people.get().user == cast.boris


@pytest.mark.parametrize("status", ["IN_PROGRESS", "WAITING_FOR_REPLY", "ON_HOLD", "SOLVED"])
def test_elsewhere_it_changes_nothing(cast, status):
    ticket = make_ticket(by=cast.ada)
    _set(ticket, status=status, close_after=AT)

    write(ticket=ticket, by=cast.boris)

    ticket.refresh_from_db()
    assert ticket.status == status


def test_an_internal_word_does_not_take_it(cast):
    ticket = make_ticket(by=cast.ada)

    write(ticket=ticket, by=cast.boris, is_public=False, words="Between us.")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.last_line) == (Status.NEW, "All pilots end with exit code 1.")
    assert not HistoryEntry.objects.latest("pk").is_public


def test_the_submitters_answer_wakes_what_waits_for_it(cast):
    ticket = make_ticket(by=cast.ada)
    work.take_step(ticket=ticket, step="ask", by=cast.boris, at=AT, comment="Which job?")

    write(ticket=ticket, by=cast.ada, words="Job 123.")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_since) == (Status.IN_PROGRESS, None)


def test_a_colleagues_word_does_not_wake_it(cast):
    ticket = make_ticket(by=cast.ada)
    work.take_step(ticket=ticket, step="ask", by=cast.boris, at=AT, comment="Which job?")

    write(ticket=ticket, by=cast.carla)

    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING_FOR_REPLY


def test_the_same_form_twice_writes_once(cast):
    ticket = make_ticket(by=cast.ada)
    key = uuid.uuid4()

    first = write(ticket=ticket, by=cast.ada, submission_key=key)
    second = write(ticket=ticket, by=cast.ada, submission_key=key)

    assert first == second
    assert DiaryEntry.objects.count() == 1
    with pytest.raises(NotAllowed):
        write(ticket=ticket, by=cast.boris, submission_key=key)


def test_words_and_step_go_together_or_not_at_all(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NeedsMore):
        write(ticket=ticket, by=cast.boris, step="solve", solution="", code="FIXED")
    assert not DiaryEntry.objects.exists()

    write(ticket=ticket, by=cast.boris, step="solve", solution="Restarted.", code="FIXED")
    ticket.refresh_from_db()
    assert ticket.status == Status.SOLVED


def test_with_a_conflict_nothing_is_written(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    work.take_step(
        ticket=ticket, step="solve", by=cast.carla, at=AT, solution="Done.", code="FIXED"
    )

    with pytest.raises(ChangedMeanwhile):
        write(ticket=ticket, by=cast.boris, step="ask", seen=seen, words="Which CE?")

    assert not DiaryEntry.objects.exists()


def test_a_word_on_a_final_ticket_is_a_late_comment(cast):
    ticket = make_ticket(by=cast.ada)
    _set(ticket, status=Status.CLOSED)

    entry = write(ticket=ticket, by=cast.ada, words="It is back!")

    ticket.refresh_from_db()
    assert entry.is_late
    assert ticket.status == Status.CLOSED


@pytest.mark.parametrize("who", ["eve", "dmitri"])
def test_strangers_do_not_write(cast, who):
    with pytest.raises(NotAllowed):
        write(ticket=make_ticket(by=cast.ada), by=getattr(cast, who))


def test_the_submitter_does_not_write_internally(cast):
    with pytest.raises(NotAllowed):
        write(ticket=make_ticket(by=cast.ada), by=cast.ada, is_public=False)


def test_supporters_do_not_write_into_security_tickets_of_others(cast):
    security = make_issue_type(name="Break-in", is_security=True)

    with pytest.raises(NotAllowed):
        write(ticket=make_ticket(by=cast.ada, issue_type=security), by=cast.boris)


def test_nothing_is_not_written_and_too_much_neither(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(EmptyEntry):
        write(ticket=ticket, by=cast.ada, words=" \x00 ")
    with pytest.raises(EmptyEntry, match="256 kB"):
        write(ticket=ticket, by=cast.ada, words="x" * 262_145)


def test_files_are_as_public_as_their_entry(cast, settings):
    ticket = make_ticket(by=cast.ada)
    log = SimpleUploadedFile("../../etc/pass\u202ewd.log", b"x")

    write(ticket=ticket, by=cast.boris, is_public=False, words="", uploads=[log])

    file = Attachment.objects.get()
    assert (file.is_public, file.size) == (False, 1)
    assert file.name not in file.file.name
    settings.JUNO_ATTACHMENT_MAX_BYTES = 1
    with pytest.raises(FileRefused, match="larger"):
        write(ticket=ticket, by=cast.ada, uploads=[SimpleUploadedFile("big", b"xx")])


def test_a_public_word_moves_the_clock_of_silence(cast):
    ticket = make_ticket(by=cast.ada)
    later = AT + timedelta(days=2)

    write(ticket=ticket, by=cast.boris, is_public=False, at=later)
    ticket.refresh_from_db()
    assert ticket.public_word_at == AT
    write(ticket=ticket, by=cast.ada, at=later, words="Any news?")
    ticket.refresh_from_db()
    assert (ticket.public_word_at, ticket.last_line) == (later, "Any news?")


def test_a_direct_answer_of_a_unit(cast):
    unit = make_unit(name="Data", members=(cast.carla,))
    ticket = make_ticket(by=cast.ada, unit=unit)

    write(ticket=ticket, by=cast.carla)

    ticket.refresh_from_db()
    assert (ticket.unit, ticket.status) == (unit, Status.IN_PROGRESS)
