"""The switches of the demo's upstreams: a small JSON file, read at every question.

``manage.py demo`` writes it, the simulators read it; each write replaces the file whole.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Switches:
    """What people switched.

    ``base``: the moment (Unix seconds) at which the scripted downtimes are anchored.
    ``failures``: failure kind by source name.
    ``downtimes``: downtimes declared by hand, each with its revisions (see gocdb_downtimes).
    ``incidents``: incidents started by hand (see incidents).
    ``approves_itself``: the simulated DiracX lets every device in without asking a person.
    """

    base: float | None = None
    failures: dict[str, str] = field(default_factory=dict)
    downtimes: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    approves_itself: bool = False


def read(path: Path) -> Switches:
    """Return the switches; all off where the file is not there yet."""
    try:
        return Switches(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Switches()


@contextmanager
def changing(path: Path) -> Iterator[Switches]:
    """Give the switches for a change, and write them in one step; writers wait for one another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        switches = read(path)
        yield switches
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(switches), file, ensure_ascii=False, indent=1)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
