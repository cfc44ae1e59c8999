"""Start one process so that it dies with us and inherits none of our signal settings."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from juno_support.launcher.account import Account

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run and how to treat it.

    ``stops_in`` is its place when everything stops (lowest first); ``ready`` tells without
    waiting long whether it answers.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None
    folder: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    death_signal: signal.Signals = signal.SIGTERM
    stops_in: int = 0
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Process:
    """A started program; its process group has the same number unless it shares ours."""

    pid: int
    started: float
    own_group: bool

    def lived(self) -> float:
        """Return how long it has lived, in seconds."""
        return time.monotonic() - self.started


def start(program: Program, *, foreground: bool = False) -> Process:
    """Start a program in a process group of its own, its output going to its log.

    :param foreground: stay in our group with our terminal, for a command that a person watches.
    :raises OSError: the program cannot be executed.
    """
    parent = os.getpid()
    account = program.account if program.account and program.account.uid != os.geteuid() else None

    def prepare() -> None:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if account:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        # After the change of user, which would clear it.
        if _LIBC:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(program.death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    with contextlib.ExitStack() as open_files:
        output = open_files.enter_context(program.log.open("ab")) if program.log else None
        popen = subprocess.Popen(
            list(program.command),
            env=dict(program.environment),
            cwd=program.folder,
            stdin=None if foreground else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            process_group=None if foreground else 0,
            # The launcher has one thread, so that this is safe.
            preexec_fn=prepare,
        )
    # We reap by ourselves (everything, adopted orphans too); Popen must not wait for it again.
    popen.returncode = 0
    return Process(popen.pid, time.monotonic(), own_group=not foreground)


def die_with_parent() -> None:
    """Ask the kernel for a TERM when the process that started us dies."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none escapes."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Return the process ids whose parent we are, adopted ones included."""
    own = str(os.getpid())
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            # pid (name) state ppid …; the name may hold anything.
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[1] == own:
                found.add(int(entry.name))
    return found


def kill(process: Process, number: signal.Signals) -> None:
    """Send a signal to one process; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)


def kill_group(process: Process) -> None:
    """Kill what is left of a process and of those it started in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.own_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)


def describe_end(status: int) -> str:
    """Return in words how a process ended, from its wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"was killed by signal {number} ({signal.strsignal(number)})"
    return f"ended with exit code {os.waitstatus_to_exitcode(status)}"
