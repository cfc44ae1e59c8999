"""The embedded PostgreSQL: found, made, started, and what it says when it cannot be."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from juno_support.errors import SupportError
from juno_support.launcher import postgres, process
from juno_support.launcher.postgres import Server
from tests.launcher.running import alive, short_folder, until

_FAMILIES = ["wheel", "debian"]


class _EndedAtOnceError(Exception):
    """The server did not start; its log."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def _installation(prefer: str) -> postgres.Installation:
    try:
        return postgres.find(prefer)
    except SupportError:
        pytest.skip(f"no PostgreSQL of {prefer} here")


def _prepared(folder: Path, installation: postgres.Installation | None = None) -> Server:
    folder.mkdir(exist_ok=True)
    return postgres.prepare(installation or postgres.find(), folder, lambda _: None, throwaway=True)


@pytest.fixture(scope="module", params=_FAMILIES)
def server(request: pytest.FixtureRequest, folder: Path) -> Server:
    installation = _installation(request.param)
    return _prepared(folder / request.param, installation)


@contextlib.contextmanager
def _running(server: Server, *, end: signal.Signals = signal.SIGINT) -> Iterator[None]:
    log = server.data.parent.parent / "log"
    started = process.start(server.program(log))
    until(lambda: server.ready() or not alive(started.pid), 60, "the start")
    if not alive(started.pid):
        os.waitpid(started.pid, 0)
        raise _EndedAtOnceError(log.read_text())
    try:
        yield
    finally:
        process.kill(started, end)
        os.waitpid(started.pid, 0)


def test_the_wheel_comes_first() -> None:
    if postgres.find("wheel"):
        assert postgres.find().from_wheel


@pytest.mark.parametrize(
    ("wheel", "debian"), [(None, True), (None, None)], ids=["only Debian's", "none"]
)
def test_what_is_taken_where_there_is_no_wheel(
    monkeypatch: pytest.MonkeyPatch, wheel: None, debian: bool | None
) -> None:
    found = postgres.Installation(Path("/there"), "there", 15, from_wheel=False)
    monkeypatch.setattr(postgres, "_from_wheel", lambda: wheel)
    monkeypatch.setattr(postgres, "_from_debian", lambda: found if debian else None)
    if debian:
        assert postgres.find() is found
        return
    with pytest.raises(SupportError, match="No PostgreSQL was found") as caught:
        postgres.find()
    assert "apt-get install postgresql" in caught.value.next_step
    assert "DATABASE_URL" in caught.value.next_step


def test_the_database_is_made_as_everywhere_and_only_once(server: Server) -> None:
    with _running(server):
        server.make_database()
        server.make_database()
        with contextlib.closing(psycopg2.connect(server.url())) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database "
                "WHERE datname = current_database()"
            )
            assert cursor.fetchone() == ("UTF8", "C.UTF-8", "C.UTF-8")
            cursor.execute(
                "SELECT current_setting('listen_addresses'), current_setting('TimeZone')"
            )
            assert cursor.fetchone() == ("", "UTC")
            for extension in ("pg_trgm", "unaccent", "btree_gin", "btree_gist", "citext"):
                cursor.execute(f"CREATE EXTENSION {extension}")


def test_what_was_committed_survives_kill_9(server: Server) -> None:
    with _running(server, end=signal.SIGKILL):
        server.make_database()
        with contextlib.closing(psycopg2.connect(server.url())) as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 1 AS one")
            connection.commit()
    # Its lock file is still there, and its last processes are just leaving: the start is tried
    # again, as the launcher does.
    assert (server.data / "postmaster.pid").exists()
    limit = time.monotonic() + 30
    while True:
        try:
            with (
                _running(server),
                contextlib.closing(psycopg2.connect(server.url())) as connection,
            ):
                cursor = connection.cursor()
                cursor.execute("SELECT one FROM kept")
                assert cursor.fetchone() == (1,)
            return
        except _EndedAtOnceError:
            assert time.monotonic() < limit
            time.sleep(0.2)


def test_another_version_is_told_with_a_way_to_move(server: Server, folder: Path) -> None:
    note = server.data / "PG_VERSION"
    true = note.read_text()
    note.write_text("12\n")
    try:
        with pytest.raises(SupportError, match="was made by PostgreSQL 12") as caught:
            postgres.prepare(server.installation, server.data.parent.parent, lambda _: None)
    finally:
        note.write_text(true)
    assert "manage.py backup" in caught.value.next_step
    assert "manage.py restore" in caught.value.next_step


def test_half_a_folder_is_made_anew(folder: Path) -> None:
    home = folder / "half" / "postgres"
    (home / "data.part").mkdir(parents=True)
    (home / "data.part" / "junk").touch()
    server = _prepared(folder / "half")
    with _running(server):
        pass
    assert not (home / "data.part").exists()


def test_variables_of_other_servers_do_not_reach_it(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    program = _prepared(folder / "plain").program(folder / "log")
    assert not [name for name in program.environment if name.startswith("PG")]


def test_the_address_of_an_odd_folder_is_quoted(server: Server) -> None:
    odd = Server(server.installation, server.account, server.data, Path("/a b/ü"))
    assert odd.url() == "postgresql://juno@/juno?host=/a%20b/%C3%BC"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_under_root_it_runs_as_nobody_and_others_cannot_look(server: Server) -> None:
    assert server.account.uid != 0
    assert server.data.stat().st_uid == server.account.uid
    done = subprocess.run(
        ["test", "-r", server.data.parent / "data"],
        user=65533,
        group=65533,
        extra_groups=[],
        check=False,
    )
    assert done.returncode != 0
