"""Kill -9 the processes of a running stack, each kind as often as the others."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.crash_clients import Traffic

# The words of a command line that tell the launcher's children apart.
CHILDREN: Final = {
    "web": ("-m gunicorn",),
    "worker": ("-m celery", " worker "),
    "beat": ("-m celery", " beat "),
    "valkey": ("-server ", ".sock"),
    "postgres": ("bin/postgres -D",),
}
GRANDCHILDREN: Final = {
    "web-child": "web",
    "worker-child": "worker",
    "postgres-child": "postgres",
}
KINDS: Final = (*CHILDREN, *GRANDCHILDREN)
LAUNCHER: Final = "launcher"
"""Everything dies with it; somebody has to start the portal again."""

INTERRUPTING: Final = ("web", "web-child", "postgres", "postgres-child")
"""Without these no form is accepted. A machine that is always down shows nothing: some forms must
get through between two such deaths, however slowly it starts again."""
GET_THROUGH: Final = 4
GET_THROUGH_S: Final = 30.0

AT_FORM: Final = 0.6
"""How often a death waits for a form that is on its way; the others come at any moment."""


@dataclass(frozen=True)
class Found:
    """A process of the machine."""

    pid: int
    parent: int
    command: str


def processes() -> list[Found]:
    """Return all processes that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if fields[0] != "Z":
            found.append(Found(int(entry.name), int(fields[1]), command))
    return found


def of_kind(kind: str, launcher: int) -> list[Found]:
    """Return the processes of one kind below this launcher; none while it is being restarted."""
    everything = processes()
    own = [
        each
        for each in everything
        if each.parent == launcher
        and all(words in each.command for words in CHILDREN[GRANDCHILDREN.get(kind, kind)])
    ]
    if kind in CHILDREN:
        return own
    parents = {each.pid for each in own}
    children = [each for each in everything if each.parent in parents]
    # Those who serve us are more interesting than the server's own helpers.
    backends = [each for each in children if each.command.startswith("postgres: juno ")]
    return backends * 3 + children


class Killer(threading.Thread):
    """Kills until it is told to stop; ``kills`` counts what it killed."""

    def __init__(
        self,
        launcher: Callable[[], int],
        traffic: Traffic,
        dice: random.Random,
        pauses: tuple[float, float],
    ) -> None:
        super().__init__(daemon=True)
        self._launcher, self._traffic, self._dice = launcher, traffic, dice
        self._pauses = pauses
        self._stopped = threading.Event()
        self._peace = threading.Lock()
        self.kills = dict.fromkeys((*KINDS, LAUNCHER), 0)

    def run(self) -> None:
        """Kill one after the other, with pauses."""
        accepted = 0
        for kind in self._in_turn():
            if kind in INTERRUPTING:
                self._let_through(accepted + GET_THROUGH)
                accepted = self._traffic.accepted
            if self._stopped.wait(self._dice.uniform(*self._pauses)):
                return
            if self._dice.random() < AT_FORM:
                self._traffic.wait_for_form(2)
                self._stopped.wait(self._dice.uniform(0, 0.15))
            with self._peace:
                self._kill(kind)

    @contextmanager
    def no_other_death(self) -> Iterator[None]:
        """Kill nothing for as long as the block lasts: who starts the portal watches it."""
        with self._peace:
            yield

    def stop(self) -> None:
        """Kill no more."""
        self._stopped.set()
        self.join()

    def _let_through(self, forms: int) -> None:
        until = time.monotonic() + GET_THROUGH_S
        while self._traffic.accepted < forms and time.monotonic() < until:
            if self._stopped.wait(0.05):
                return

    def _in_turn(self) -> Iterator[str]:
        while True:
            yield from self._dice.sample(KINDS, len(KINDS))

    def _kill(self, kind: str) -> None:
        found = of_kind(kind, self._launcher())
        if not found:
            return
        one = self._dice.choice(found)
        try:
            os.kill(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills[kind] += 1
