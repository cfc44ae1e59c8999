"""Backup and restore, for real: PostgreSQL's own programs, files, redactions."""

import json
import subprocess
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from tests.make import AT, make_unit, make_user
from tests.tickets.make import make_ticket, write
from tickets.actions import redact
from tickets.models import Attachment, DiaryEntry, HistoryEntry, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def _run(name, *arguments):
    out = StringIO()
    call_command(name, *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "stored"
    supporter = make_user(username="sue")
    make_unit(kind="TPM", members=(supporter,))
    ticket = make_ticket(by=make_user(username="sam"), subject="Kept ticket")
    entry = write(ticket=ticket, by=supporter, words="password: swordfish")
    write(
        ticket=ticket,
        by=supporter,
        words="log",
        uploads=[SimpleUploadedFile("pilot.log", b"exit 1")],
    )
    return supporter, ticket, entry


def test_everything_comes_back_but_what_was_redacted_since(world, tmp_path):
    supporter, ticket, entry = world
    kept = _run("backup", tmp_path / "b")
    redact.redact_entry(entry=entry, by=supporter, at=AT, why="a password")
    make_ticket(by=supporter, subject="After the backup")
    file = Attachment.objects.get()
    default_storage.delete(file.file.name)

    back = _run("restore", tmp_path / "b", "--replace")

    assert (kept["tickets"], kept["files"]) == (1, 1)
    assert (back["tickets"], back["redactions_replayed"]) == (1, 1)
    assert Ticket.objects.get().subject == "Kept ticket"
    assert DiaryEntry.objects.get(pk=entry.pk).text == redact.BLANK
    with Attachment.objects.get().file.open() as stream:
        assert stream.read() == b"exit 1"
    assert HistoryEntry.objects.filter(kind="ticket.redacted").count() == 1
    # The portal goes on working: the history still refuses to change, numbers go on.
    assert make_ticket(by=supporter).pk > ticket.pk


def test_a_database_in_use_is_not_overwritten_by_mistake(world, tmp_path):
    _run("backup", tmp_path / "b")

    with pytest.raises(CommandError, match="--replace"):
        _run("restore", tmp_path / "b")


def test_a_folder_in_use_is_not_written_into(tmp_path):
    (tmp_path / "something").touch()

    with pytest.raises(CommandError, match="not empty"):
        _run("backup", tmp_path)


@pytest.mark.parametrize("damage", ["label", "dump", "file", "missing file", "format"])
def test_a_damaged_backup_is_refused_before_anything_changes(world, tmp_path, damage):
    folder = tmp_path / "b"
    _run("backup", folder)
    label = folder / "backup.json"
    stored = next(path for path in (folder / "files").rglob("*") if path.is_file())
    match damage:
        case "label":
            label.unlink()
        case "dump":
            with (folder / "database.dump").open("ab") as stream:
                stream.write(b"x")
        case "file":
            stored.write_bytes(b"other")
        case "missing file":
            stored.unlink()
        case "format":
            label.write_text(json.dumps(json.loads(label.read_text()) | {"format": 99}))

    with pytest.raises(CommandError):
        _run("restore", folder, "--replace")

    assert Ticket.objects.count() == 1


def test_nobody_else_reads_a_backup(world, tmp_path):
    _run("backup", tmp_path / "b")

    mode = subprocess.run(
        ["stat", "-c", "%a", tmp_path / "b"], capture_output=True, text=True, check=True
    )
    assert mode.stdout.strip() == "700"
