"""Processes are kept, restarted, and all stopped; each test runs a real supervisor apart."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_HEAD = """
import os, signal, sys, time
from pathlib import Path
from juno_support.errors import SupportError
from juno_support.launcher.process import Program
from juno_support.launcher.speech import line
from juno_support.launcher.supervisor import Stopped, Supervisor

folder = Path(sys.argv[1])

def program(name, code, **more):
    command = [sys.executable, "-c", code]
    return Program(name, command, os.environ, folder / f"{name}.log", folder, **more)

def sleeper(name, **more):
    return program(name, "import time; time.sleep(600)", **more)
"""


_STARTED: list[subprocess.Popen[str]] = []


def start(folder: Path, body: str, **options: object) -> subprocess.Popen[str]:
    """Run a supervisor script in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAD + textwrap.dedent(body), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    _STARTED.append(process)
    return process


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for something to become true."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    """End what a failed test left, and close what it read from."""
    yield
    for process in _STARTED:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
    _STARTED.clear()


def said(process: subprocess.Popen[str], word: str) -> str:
    """Return the next line of its output that holds the word."""
    assert process.stdout
    for text in process.stdout:
        if word in text:
            return text
    raise AssertionError(f"it never said {word!r}")


_WATCH = """
with Supervisor(line) as supervisor:
    try:
        supervisor.start(sleeper("first", stops_in=2), sleeper("second", stops_in=1))
        line(f"up {supervisor.pids()['first']} {supervisor.pids()['second']}")
        supervisor.watch()
    except Stopped as stopped:
        line(f"asked {stopped.number.name}")
line("end")
"""


def _ignore_all() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


def _block_all() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("inherited", [None, _ignore_all, _block_all])
def test_int_and_term_stop_everything_whatever_was_inherited(
    tmp_path: Path, number: signal.Signals, inherited: Callable[[], None] | None
) -> None:
    launcher = start(tmp_path, _WATCH, preexec_fn=inherited)
    pids = [int(word) for word in said(launcher, "up").split()[1:]]

    launcher.send_signal(number)

    assert f"asked {number.name}" in said(launcher, "asked")
    assert launcher.wait(20) == 0
    assert not any(alive(pid) for pid in pids)


def test_children_do_not_inherit_ignored_or_blocked_signals(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        _WATCH,
        preexec_fn=lambda: (_ignore_all(), _block_all()),  # type: ignore[func-returns-value]
    )
    pid = int(said(launcher, "up").split()[1])
    status = dict(
        text.split(":\t")
        for text in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":\t" in text
    )
    stop_signals = sum(
        1 << (number - 1) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
    )
    assert int(status["SigBlk"], 16) == 0
    assert int(status["SigIgn"], 16) & stop_signals == 0
    launcher.terminate()
    launcher.communicate(timeout=20)


def test_hup_under_nohup_does_not_stop(tmp_path: Path) -> None:
    launcher = start(tmp_path, _WATCH, preexec_fn=_ignore_all)
    said(launcher, "up")
    launcher.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert launcher.poll() is None
    launcher.terminate()
    launcher.communicate(timeout=20)


def test_a_killed_child_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    launcher = start(tmp_path, _WATCH)
    pid = int(said(launcher, "up").split()[1])

    os.kill(pid, signal.SIGKILL)

    assert "first was killed by signal 9 (Killed)" in said(launcher, "killed")
    assert int(said(launcher, "runs again").rpartition("pid ")[2].rstrip(")\n")) != pid
    launcher.terminate()
    launcher.communicate(timeout=20)


def test_a_child_that_keeps_failing_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        with Supervisor(line) as supervisor:
            supervisor.start(program("bad", "import time; time.sleep(.3); raise SystemExit(3)"))
            line("up")
            until = time.monotonic() + 8
            try:
                while time.monotonic() < until:
                    supervisor.turn(1)
            except Stopped:
                pass
        """,
    )
    output, _ = launcher.communicate(timeout=30)
    pauses = [
        float(text.split(" in ")[1].split()[0])
        for text in output.splitlines()
        if "again in" in text
    ]
    assert "bad ended with exit code 3" in output
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert len(pauses) <= 6


def test_a_child_that_was_well_is_started_again_at_once_however_often_it_is_killed(
    tmp_path: Path,
) -> None:
    launcher = start(tmp_path, _WATCH)
    pid = int(said(launcher, "up").split()[1])
    for _kill in range(3):
        time.sleep(3.5)
        os.kill(pid, signal.SIGKILL)
        assert "again in 0.2 s" in said(launcher, "again in")
        pid = int(said(launcher, "runs again").rpartition("pid ")[2].rstrip(")\n"))
    launcher.terminate()
    launcher.communicate(timeout=20)


def test_a_start_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        try:
            with Supervisor(line) as supervisor:
                supervisor.start(program("bad", "print('no such luck'); raise SystemExit(3)",
                                         ready=lambda: False))
        except SupportError as error:
            line(f"told: {error}")
        """,
    )
    output, _ = launcher.communicate(timeout=20)
    assert "told: bad ended with exit code 3" in output
    assert "no such luck" in output


def test_a_start_can_insist(tmp_path: Path) -> None:
    """As a database must that finds the lock of its killed predecessor."""
    launcher = start(
        tmp_path,
        """
        code = '''
        import pathlib, time
        tries = pathlib.Path("tries")
        number = int(tries.read_text()) + 1 if tries.exists() else 1
        tries.write_text(str(number))
        if number < 3: raise SystemExit(1)
        pathlib.Path("good").touch()
        time.sleep(600)
        '''
        import textwrap
        with Supervisor(line) as supervisor:
            late = program("late", textwrap.dedent(code), ready=(folder / "good").exists)
            supervisor.start(late, insist=15)
            line("up")
        """,
    )
    output, _ = launcher.communicate(timeout=20)
    assert "up" in output
    assert (tmp_path / "tries").read_text() == "3"


def test_everything_stops_in_order(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        code = '''
        import pathlib, signal, time
        def stop(*_):
            with open("order", "a") as stream: stream.write("NAME\\\\n")
            raise SystemExit
        signal.signal(signal.SIGTERM, stop)
        pathlib.Path("NAME").touch()
        time.sleep(600)
        '''
        import textwrap
        with Supervisor(line) as supervisor:
            for place, name in enumerate(["web", "worker", "store"]):
                code_of = textwrap.dedent(code).replace("NAME", name)
                up = (folder / name).exists
                supervisor.start(program(name, code_of, stops_in=place, ready=up))
        """,
    )
    output, _ = launcher.communicate(timeout=20)
    assert launcher.returncode == 0, output
    assert (tmp_path / "order").read_text().split() == ["web", "worker", "store"]


def test_a_child_that_refuses_to_stop_is_killed(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        code = (
            "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "pathlib.Path('up').touch(); time.sleep(600)"
        )
        with Supervisor(line) as supervisor:
            supervisor.start(program("deaf", code, stop_seconds=1, ready=(folder / "up").exists))
            line(f"up {supervisor.pids()['deaf']}")
        """,
    )
    pid = int(said(launcher, "up").split()[1])
    assert "deaf does not stop" in said(launcher, "deaf")
    assert launcher.wait(10) == 0
    assert not alive(pid)


_FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
plain = subprocess.Popen(sleep)
own_session = subprocess.Popen(sleep, start_new_session=True)
open("family", "w").write(f"{plain.pid} {own_session.pid}")
time.sleep(600)
"""


def _family(folder: Path) -> list[int]:
    path = folder / "family"
    until(lambda: path.exists() and len(path.read_text().split()) == 2)
    return [int(word) for word in path.read_text().split()]


@pytest.mark.parametrize("end", ["killed child", "stopped launcher"])
def test_grandchildren_go_too(tmp_path: Path, end: str) -> None:
    """As PostgreSQL's backends, which have sessions of their own, and Celery's children must."""
    launcher = start(
        tmp_path,
        f"""
        with Supervisor(line) as supervisor:
            try:
                supervisor.start(program("parent", {_FAMILY!r}))
                line(f"up {{supervisor.pids()['parent']}}")
                supervisor.watch()
            except Stopped:
                pass
        """,
    )
    pid = int(said(launcher, "up").split()[1])
    family = _family(tmp_path)
    if end == "killed child":
        os.kill(pid, signal.SIGKILL)
        said(launcher, "killed")
        until(lambda: not any(alive(child) for child in family))
    launcher.terminate()
    launcher.communicate(timeout=20)
    assert not any(alive(child) for child in family)


def test_children_die_with_a_killed_launcher(tmp_path: Path) -> None:
    launcher = start(tmp_path, _WATCH)
    pids = [int(word) for word in said(launcher, "up").split()[1:]]
    launcher.kill()
    launcher.wait()
    until(lambda: not any(alive(pid) for pid in pids))


def test_a_stop_during_a_step_ends_the_step(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        with Supervisor(line) as supervisor:
            try:
                supervisor.start(sleeper("store"))
                line("up")
                code = (
                    "import os, time; open('pid', 'w').write(str(os.getpid()));"
                    "time.sleep(600)"
                )
                supervisor.run(program("step", code))
            except Stopped:
                line("asked")
        """,
    )
    said(launcher, "up")
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    launcher.terminate()
    assert launcher.wait(20) == 0
    assert not alive(int((tmp_path / "pid").read_text()))


def test_the_exit_code_of_a_step(tmp_path: Path) -> None:
    launcher = start(
        tmp_path,
        """
        with Supervisor(line) as supervisor:
            line(f"codes {supervisor.run(program('a', 'raise SystemExit(7)'))} "
                 f"{supervisor.run(program('b', 'import os; os.kill(os.getpid(), 9)'))}")
        """,
    )
    assert said(launcher, "codes").split()[1:] == ["7", "-9"]
    launcher.wait()


def test_output_that_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    launcher = start(tmp_path, _WATCH)
    pid = int(said(launcher, "up").split()[1])
    assert launcher.stdout
    launcher.stdout.close()
    os.kill(pid, signal.SIGKILL)
    time.sleep(1)
    assert launcher.poll() is None
    launcher.terminate()
    assert launcher.wait(20) == 0
