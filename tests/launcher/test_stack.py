"""The whole portal: it starts, survives kill -9 of its parts, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from juno_support.launcher import paths, state
from tests.launcher.running import (
    CHECKOUT,
    LAUNCHER,
    Stack,
    alive,
    descendants,
    environment,
    free_port,
    short_folder,
    start,
    started,
    until,
)

pytestmark = pytest.mark.timeout(480)

# How long the imports of `_slowness` last on two idle cores.
_USUAL_SECONDS = 0.3
_PARTS = {
    "web": "gunicorn",
    "worker": "celery -A juno_support worker",
    "beat": "celery -A juno_support beat",
    "valkey": "valkey-server",
    "postgres": "bin/postgres -D",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with started(folder / "data") as stack:
        yield stack


@pytest.fixture(scope="module")
def made(folder: Path) -> Path:
    """Return the folder of a stack that ran once and stopped; each user leaves it stopped."""
    with started(folder / "made"):
        pass
    return folder / "made"


def _manage(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=CHECKOUT,
        env=environment(stack.data),
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_where_it_runs_and_how_to_get_in(stack: Stack) -> None:
    assert f"http://localhost:{stack.port}/" in stack.said
    assert "/accounts/admin-link/" in stack.said
    assert stack.status("/") == 200


def test_manage_finds_the_running_stack(stack: Stack) -> None:
    done = _manage(stack, "migrate", "--check")
    assert done.returncode == 0, done.stderr


def test_what_it_keeps_is_closed_to_others(stack: Stack) -> None:
    for name in ("secret-key", "run.json"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0, name
    for name in ("postgres", "valkey", "log"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0, name


def test_no_server_listens_on_a_port(stack: Stack) -> None:
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening.add((fields[9], int(fields[1].rpartition(":")[2], 16)))
    ours = set()
    for pid in descendants(stack.launcher()):
        # Some come and go, as PostgreSQL's workers do.
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    aim = os.readlink(link)
                    ours |= {port for inode, port in listening if aim == f"socket:[{inode}]"}
    assert ours == {stack.port}


def test_a_second_one_on_the_same_folder_is_refused_in_words(stack: Stack) -> None:
    second = start(stack.data)
    assert second.process.wait(60) == 1
    until(lambda: "already runs" in second.said)
    assert str(stack.process.pid) in second.said
    assert "PORT=" in second.said
    assert stack.status("/") == 200


def test_a_taken_port_is_said_before_anything_starts(folder: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused = start(folder / "other", port=port)
        assert refused.process.wait(60) == 1
    until(lambda: f"Port {port} is taken" in refused.said)
    assert "make run PORT=" in refused.said
    assert not (folder / "other" / "postgres").exists()


def test_a_secret_file_that_is_not_there_is_said(folder: Path) -> None:
    refused = start(folder / "other", DATABASE_URL_FILE="/nowhere/url")
    assert refused.process.wait(60) == 1
    until(lambda: "DATABASE_URL_FILE names /nowhere/url" in refused.said)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mine", [False, True], ids=["the folder", "a file in it"])
def test_a_folder_of_somebody_else_is_said(folder: Path, mine: bool) -> None:
    data = folder / f"theirs-{mine}"
    data.mkdir()
    (data / "log").mkdir()
    (data / "lock").touch(mode=0o000)
    data.chmod(0o700 if mine else 0o500)
    refused = start(data)
    assert refused.process.wait(60) == 1
    until(lambda: "make run JUNO_DATA=" in refused.said)
    assert "Traceback" not in refused.said
    data.chmod(0o700)


@pytest.mark.parametrize("part", _PARTS)
def test_a_killed_part_comes_back(stack: Stack, part: str) -> None:
    pid = stack.child(_PARTS[part])
    below = descendants(pid)
    told = stack.said.count(f"{part} runs again")

    os.kill(pid, signal.SIGKILL)

    until(lambda: stack.said.count(f"{part} runs again") > told, 60, f"{part}'s return")
    assert f"{part} was killed by signal 9" in stack.said
    assert stack.child(_PARTS[part]) != pid
    assert not any(alive(child) for child in below), "its children outlived it"
    until(lambda: stack.status("/") == 200, 60, "the first page")


def test_the_worker_works_after_valkey_was_killed(stack: Stack) -> None:
    told = stack.said.count("valkey runs again")
    os.kill(stack.child(_PARTS["valkey"]), signal.SIGKILL)
    until(lambda: stack.said.count("valkey runs again") > told, 60)

    log = stack.data / "log" / "worker.log"
    size = log.stat().st_size
    until(
        lambda: b"poll_due" in log.read_bytes()[size:] and b"succeeded" in log.read_bytes()[size:],
        90,
        "a task after the return",
    )


def test_a_second_stack_runs_beside_it(stack: Stack, folder: Path) -> None:
    with started(folder / "beside") as other:
        assert other.port != stack.port
        assert other.status("/") == 200
        assert stack.status("/") == 200
        assert state.load(other.data)["DATABASE_URL"] != state.load(stack.data)["DATABASE_URL"]
    assert stack.status("/") == 200


def _ignore_all() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


def _slowness() -> float:
    """Return how much longer a second is for us, on a slow machine or where others share it."""
    crowd = os.getloadavg()[0] / (os.cpu_count() or 1)
    began = time.monotonic()
    # What each process of a start does first.
    words = "import celery.app, django.core.management, gunicorn.app.wsgiapp, rest_framework"
    subprocess.run([sys.executable, "-c", words], check=True)
    return max(1.0, crowd, (time.monotonic() - began) / _USUAL_SECONDS)


@pytest.mark.parametrize(
    ("number", "before"), [(signal.SIGINT, None), (signal.SIGTERM, _ignore_all)]
)
def test_a_second_start_is_quick_and_a_stop_leaves_nothing(
    made: Path, number: signal.Signals, before: Callable[[], None] | None
) -> None:
    slow = _slowness()
    began = time.monotonic()
    stack = start(made, before=before).wait_up()
    took = time.monotonic() - began
    assert took < 10 * max(slow, _slowness())
    processes = descendants(stack.process.pid)
    assert len(processes) > 8

    assert stack.stop(number) == 0

    assert stack.lines[-1].endswith("stopped")
    assert [pid for pid in processes if alive(pid)] == []
    assert state.load(made) == {}


def test_a_killed_launcher_takes_everything_along_and_can_start_again(made: Path) -> None:
    with started(made) as stack:
        processes = descendants(stack.process.pid)
        stack.process.kill()
        stack.process.wait()
        # Again at once, on the locks and the port that are still being left.
        with started(made, port=stack.port) as next_one:
            assert next_one.status("/") == 200
        until(lambda: not any(alive(pid) for pid in processes), 30, "the end of all")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_stops_all(folder: Path, made: Path, number: signal.Signals) -> None:
    # The recipe of `make run`, without its packages, which a test must not fetch.
    recipe = folder / "Makefile"
    recipe.write_text(f"run:\n\t@exec {' '.join(LAUNCHER)} --with-parent\n")
    stack = start(made, command=["make", "-f", os.fspath(recipe), "-C", os.fspath(CHECKOUT), "run"])
    stack.wait_up()
    processes = descendants(stack.process.pid)

    stack.process.send_signal(number)

    stack.process.wait(60)
    until(lambda: not any(alive(pid) for pid in processes), 60, "the end of all")


def test_servers_of_the_environment_are_used_and_none_is_started(folder: Path) -> None:
    given = os.environ["DATABASE_URL"]
    name = f"given_{os.getpid()}"
    connection = psycopg2.connect(given)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    before, _, query = given.partition("?")
    url = f"{before.rpartition('/')[0]}/{name}?{query}"
    try:
        with started(
            folder / "given", DATABASE_URL=url, REDIS_URL=os.environ["REDIS_URL"]
        ) as stack:
            assert stack.status("/") == 200
            assert not (stack.data / "postgres").exists()
            assert not (stack.data / "valkey").exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root cannot run PostgreSQL in its own folders")
def test_root_in_a_closed_folder_keeps_the_database_elsewhere() -> None:
    with short_folder() as folder:
        folder.chmod(0o700)
        data = folder / "data"
        base = paths.ELSEWHERE / paths.short_name(data)
        try:
            with started(data) as stack:
                assert stack.status("/") == 200
                assert f"the database is in {base}" in stack.said
                assert not (data / "postgres" / "data").exists()
            with started(data) as stack:
                assert "making the database folder" not in stack.said
            shutil.rmtree(data)
            with started(data) as stack:
                assert "/accounts/admin-link/" in stack.said, (
                    "a new start began with an old database"
                )
        finally:
            shutil.rmtree(base, ignore_errors=True)


def test_a_free_port_is_free() -> None:
    port = free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
