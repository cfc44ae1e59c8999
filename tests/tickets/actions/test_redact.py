"""What must not stay goes: text, search, files, mail; the trace stays."""

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from tests.make import AT
from tests.tickets.make import make_ticket, write
from tickets import queries, tasks
from tickets.actions import assign, redact, work
from tickets.actions.row import NotAllowed
from tickets.models import Attachment, HistoryEntry, SearchDocument

SECRET = "hunter2swordfish"


def _everywhere(word):
    """Return the tables and columns in which a word stands, over the whole database."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'tsvector')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" WHERE "{column}"::text LIKE %s', [f"%{word}%"]
            )
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


@pytest.fixture
def leaking(cast, clock_at):
    """A ticket with the secret in every place where a person can put it."""
    clock_at(AT)
    ticket = make_ticket(
        by=cast.ada, description=f"my password is {SECRET}", subject=f"is {SECRET} ok"
    )
    work.change_field(ticket=ticket, field="subject", value=f"{SECRET} fails", by=cast.boris, at=AT)
    entry = write(ticket=ticket, by=cast.ada, words=f"password: {SECRET}")
    write(
        ticket=ticket,
        by=cast.boris,
        words="done",
        step="solve",
        solution=f"change {SECRET}",
        code="FIXED",
        uploads=[SimpleUploadedFile("proxy.pem", SECRET.encode())],
    )
    tasks.sweep_dispatches()
    return ticket, entry


def test_nothing_of_it_stays_in_the_database(cast, leaking, django_capture_on_commit_callbacks):
    ticket, entry = leaking
    assert len(_everywhere(SECRET)) >= 6

    redact.redact_entry(entry=entry, by=cast.boris, at=AT, why="a password")
    redact.redact_description(ticket=ticket, by=cast.boris, at=AT, why="a password")
    redact.redact_subject(ticket=ticket, by=cast.boris, at=AT, why="a password")
    redact.redact_solution(ticket=ticket, by=cast.boris, at=AT, why="a password")

    assert _everywhere(SECRET) == []
    traces = HistoryEntry.objects.filter(ticket=ticket, kind="ticket.redacted")
    assert traces.count() == 4
    assert "done" in SearchDocument.objects.get(ticket=ticket).public


def test_the_file_goes_and_its_row_says_so(cast, leaking, django_capture_on_commit_callbacks):
    file = Attachment.objects.get()
    name = file.file.name
    assert default_storage.exists(name)

    with django_capture_on_commit_callbacks(execute=True):
        redact.redact_attachment(attachment=file, by=cast.boris, at=AT, why="a proxy")

    file.refresh_from_db()
    assert not default_storage.exists(name)
    assert (file.file.name, file.redacted_at) == ("", AT)


@pytest.mark.parametrize("who", ["ada", "eve"])
def test_not_everybody_redacts(cast, leaking, who):
    with pytest.raises(NotAllowed):
        redact.redact_entry(entry=leaking[1], by=getattr(cast, who), at=AT, why="")


@pytest.mark.parametrize("part", ["entry", "solution"])
def test_the_words_that_solved_a_ticket_go_in_both_places(cast, part):
    ticket = make_ticket(by=cast.ada)
    entry = write(
        ticket=ticket,
        by=cast.boris,
        words=f"use {SECRET}",
        step="solve",
        solution=f"use {SECRET}",
        code="FIXED",
    )

    if part == "entry":
        redact.redact_entry(entry=entry, by=cast.boris, at=AT, why="a password")
    else:
        redact.redact_solution(ticket=ticket, by=cast.boris, at=AT, why="a password")

    assert _everywhere(SECRET) == []
    entry.refresh_from_db()
    assert entry.redacted_at == AT


def test_what_was_taken_out_of_the_internal_side_is_told_there_only(cast):
    ticket = make_ticket(by=cast.ada)
    note = write(
        ticket=ticket,
        by=cast.boris,
        words=SECRET,
        is_public=False,
        uploads=[SimpleUploadedFile("a.pem", b"x")],
    )

    redact.redact_entry(entry=note, by=cast.boris, at=AT, why="our own key")
    redact.redact_attachment(attachment=Attachment.objects.get(), by=cast.boris, at=AT, why="same")

    traces = HistoryEntry.objects.filter(ticket=ticket, kind="ticket.redacted")
    assert [trace.is_public for trace in traces] == [False, False]
    assert not queries.timeline(ticket, cast.ada).filter(kind="ticket.redacted").exists()
    assert queries.timeline(ticket, cast.boris).filter(kind="ticket.redacted").count() == 2


def test_what_was_written_with_a_change_goes_too(cast, clock_at):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)
    assign.return_to_tpm(ticket=ticket, reason=f"use {SECRET}", by=cast.boris, at=AT)
    moved = HistoryEntry.objects.latest("pk")
    work.set_next_step(
        ticket=ticket, what=f"try {SECRET}", person=None, due_at=None, by=cast.boris, at=AT
    )
    promised = HistoryEntry.objects.latest("pk")
    tasks.sweep_dispatches()
    assert len(_everywhere(SECRET)) >= 3

    redact.redact_words(entry=moved, by=cast.boris, at=AT, why="a password")
    redact.redact_words(entry=promised, by=cast.boris, at=AT, why="a password")

    assert _everywhere(SECRET) == []
    assert HistoryEntry.objects.get(pk=moved.pk).words == redact.BLANK_SUBJECT
    with pytest.raises(NotAllowed):
        redact.redact_words(entry=moved, by=cast.ada, at=AT, why="")


def test_a_redaction_that_is_rolled_back_leaves_no_note(cast, clock_at, own_folders):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada)
    notes = set(_notes())

    with pytest.raises(RuntimeError), transaction.atomic():
        redact.redact_description(ticket=ticket, by=cast.boris, at=AT, why="x")
        raise RuntimeError

    assert set(_notes()) == notes


def _notes():
    if not default_storage.exists(redact.NOTES):
        return []
    return default_storage.listdir(redact.NOTES)[1]
