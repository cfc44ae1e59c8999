"""Keep processes running, notice when one dies, and stop them all in order."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from juno_support.errors import SupportError
from juno_support.launcher import process
from juno_support.launcher.process import Process, Program

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_SETTLED_SECONDS = 3.0
# Who lived that long is not in a loop of crashes, even where nobody saw it answer.
_STEADY_SECONDS = 30.0


class Stopped(BaseException):
    """Somebody asked us to stop (INT, TERM, or the end of the process that started us)."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number


@dataclass
class _Kept:
    program: Program
    process: Process | None = None
    due: float | None = None
    pause: float = _FIRST_PAUSE
    deaths: int = 0
    announced: bool = True
    last_words: str = ""

    def answers(self) -> bool:
        """Tell whether it is ready; who cannot be asked is taken at its word."""
        return self.program.ready is None or self.program.ready()

    def is_back(self) -> bool:
        """Tell whether a restart went well; who cannot be asked must have lived a little."""
        if self.process is None or (
            self.program.ready is None and self.process.lived() < _SETTLED_SECONDS
        ):
            return False
        return self.answers()


@dataclass
class Supervisor:
    """One loop for signals, deaths, restarts and readiness; use it as a context manager.

    :ivar say: called with one line per event.
    :ivar watch_parent: called about once a second; True means that we should stop.
    """

    say: Callable[[str], None]
    watch_parent: Callable[[], bool] | None = None
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _ended: dict[int, int] = field(default_factory=dict)
    _once: set[int] = field(default_factory=set)
    _asked: list[signal.Signals] = field(default_factory=list)
    _stopping: bool = False
    _wake: tuple[int, int] = (-1, -1)

    def __enter__(self) -> Self:
        """Take over signals, whatever was inherited, and adopt orphans."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._wake = (read, write)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        handled = [*_STOP_SIGNALS, signal.SIGCHLD]
        # nohup ignores HUP on purpose; INT and TERM that a shell ignored for us still count.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            handled.append(signal.SIGHUP)
        for number in handled:
            signal.signal(number, self._take_note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        process.adopt_orphans()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, whatever happened."""
        self.stop()
        signal.set_wakeup_fd(-1)
        for end in self._wake:
            os.close(end)

    def start(self, *programs: Program, within: float = 60, insist: float = 0) -> None:
        """Start programs and wait until each is ready; from then on they are kept running.

        :param within: seconds until they must be ready.
        :param insist: seconds during which an early death is tried again (a server that finds
            the locks of its killed predecessor).
        :raises SupportError: one ended, or was not ready in time.
        """
        for program in programs:
            kept = _Kept(program)
            self._kept[program.name] = kept
            self._launch(kept)
        begun = time.monotonic()
        waiting = [program.name for program in programs]
        while waiting:
            for name in list(waiting):
                kept = self._kept[name]
                if kept.deaths and time.monotonic() - begun > insist:
                    raise SupportError(
                        f"{name} {kept.last_words} while starting.",
                        _last_lines(kept.program),
                    )
                if kept.process and (kept.program.ready is None or kept.program.ready()):
                    waiting.remove(name)
                    kept.deaths = 0
            if waiting and time.monotonic() - begun > within:
                raise SupportError(
                    f"{waiting[0]} was not ready within {within:.0f} seconds.",
                    _last_lines(self._kept[waiting[0]].program),
                )
            if waiting:
                self.turn(0.05)

    def run(self, program: Program, *, foreground: bool = False) -> int:
        """Run a program to its end while the others are kept; return its exit code.

        A foreground command that is asked to stop (it shares our terminal) is waited for.
        """
        started = process.start(program, foreground=foreground)
        self._once.add(started.pid)
        try:
            while started.pid not in self._ended:
                self.turn(1.0)
        except Stopped as stopped:
            # INT from a terminal has reached a foreground command already; TERM has not.
            if not foreground or stopped.number is not signal.SIGINT:
                process.kill(started, program.stop_signal)
            self._wait_for(started.pid, program.stop_seconds)
            raise
        finally:
            if started.pid not in self._ended:
                process.kill_group(started)
            self._once.discard(started.pid)
        return os.waitstatus_to_exitcode(self._ended.pop(started.pid))

    def watch(self) -> None:
        """Keep everything running until somebody asks us to stop.

        :raises Stopped: always.
        """
        while True:
            self.turn(1.0)

    def turn(self, seconds: float) -> None:
        """Do what is due, then wait for the next event, at most so long.

        :raises Stopped: somebody asked us to stop.
        """
        self._reap()
        if not self._stopping:
            if self.watch_parent and self.watch_parent():
                self._asked.append(signal.SIGINT)
            if self._asked:
                raise Stopped(self._asked[0])
            self._restart_due()
        dues = [kept.due - time.monotonic() for kept in self._kept.values() if kept.due]
        wait = max(0.0, min([seconds, *dues]))
        with contextlib.suppress(InterruptedError):
            select.select([self._wake[0]], [], [], wait)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake[0], 4096)

    def pids(self) -> dict[str, int]:
        """Return the process ids of what is kept running, by name."""
        return {name: kept.process.pid for name, kept in self._kept.items() if kept.process}

    def stop(self) -> None:
        """Stop all programs in their order and leave no process; a second signal hurries."""
        self._stopping = True
        patience = len(self._asked)
        for place in sorted({kept.program.stops_in for kept in self._kept.values()}):
            group = [kept for kept in self._kept.values() if kept.program.stops_in == place]
            for kept in group:
                kept.due = None
                if kept.process:
                    process.kill(kept.process, kept.program.stop_signal)
            begun = time.monotonic()
            while any(kept.process for kept in group):
                for kept in group:
                    limit = kept.program.stop_seconds
                    if len(self._asked) > max(patience, 1):
                        limit = min(limit, 3.0)
                    if kept.process and time.monotonic() - begun > limit:
                        self.say(f"{kept.program.name} does not stop; killing it")
                        process.kill_group(kept.process)
                        self._wait_for(kept.process.pid, 5)
                        kept.process = None
                self.turn(0.1)
        self._kept.clear()
        self._kill_adopted()

    def _take_note(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._asked.append(signal.Signals(number))

    def _launch(self, kept: _Kept) -> None:
        kept.due = None
        kept.process = process.start(kept.program)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended[pid] = status
            for kept in self._kept.values():
                if kept.process and kept.process.pid == pid:
                    self._ended.pop(pid)
                    self._mourn(kept, kept.process, status)
            if pid not in self._once:
                self._ended.pop(pid, None)

    def _mourn(self, kept: _Kept, dead: Process, status: int) -> None:
        """Clear up after a death and plan the restart."""
        lived = dead.lived()
        # Its own children must go too: a new PostgreSQL waits for the old one's backends, and an
        # orphaned Celery child would take tasks beside the new one.
        process.kill_group(dead)
        kept.process = None
        if self._stopping:
            return
        self._kill_adopted()
        # Who was well before it died is in no loop of crashes: somebody killed it.
        was_well = kept.announced and lived > _SETTLED_SECONDS
        kept.deaths += 1
        kept.announced = False
        kept.last_words = process.describe_end(status)
        kept.pause = _FIRST_PAUSE if was_well or lived > _STEADY_SECONDS else kept.pause
        kept.due = time.monotonic() + kept.pause
        # Who was killed has written nothing about it; who gave up by itself has.
        log = "" if os.WIFSIGNALED(status) or not kept.program.log else f" (see {kept.program.log})"
        self.say(
            f"{kept.program.name} {kept.last_words} after {lived:.0f} s{log}; "
            f"starting it again in {kept.pause:.1f} s"
        )
        kept.pause = min(kept.pause * 2, _LONGEST_PAUSE)

    def _restart_due(self) -> None:
        for kept in self._kept.values():
            if kept.due is not None and kept.due <= time.monotonic():
                self._launch(kept)
            if kept.process and not kept.announced and kept.is_back():
                kept.announced = True
                self.say(f"{kept.program.name} runs again (pid {kept.process.pid})")

    def _wait_for(self, pid: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while pid not in self._ended and time.monotonic() < until:
            if pid not in process.children():
                return
            self._reap()
            time.sleep(0.05)

    def _kill_adopted(self) -> None:
        """Kill descendants that lost their parent to us."""
        known = {kept.process.pid for kept in self._kept.values() if kept.process} | self._once
        for _ in range(100):
            strangers = process.children() - known
            for pid in strangers:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)
            # Killing a parent hands us its children.
            if not strangers:
                return


def _last_lines(program: Program) -> str:
    if not program.log or not program.log.exists():
        return ""
    lines = program.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
    return f"The end of {program.log}:\n  " + "\n  ".join(lines)
