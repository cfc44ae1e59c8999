"""The note that a running stack leaves in ``JUNO_DATA``, so that `manage.py` finds it.

``run.json`` is ``{"pid": 123, "started": "…", "environment": {"DATABASE_URL": "…", …}}``, readable
by its owner only. It counts only while that very process lives.
"""

import contextlib
import json
import os
from pathlib import Path

NAME = "run.json"
# What preparation leaves for the launcher to print when everything answers.
WELCOME = "welcome.txt"


def load(data_dir: Path) -> dict[str, str]:
    """Return the environment of the stack that runs from this folder, or {} when none does.

    The values are defaults: what the environment itself says wins.
    """
    note = _read(data_dir)
    environment = note.get("environment")
    return environment if _lives(note) and isinstance(environment, dict) else {}


def running_pid(data_dir: Path) -> int | None:
    """Return the process id of the launcher that runs from this folder, if there is one."""
    note = _read(data_dir)
    pid = note.get("pid")
    return pid if _lives(note) and isinstance(pid, int) else None


def left_behind(data_dir: Path) -> bool:
    """Tell whether a launcher ended here without tidying up (kill -9, power cut)."""
    note = _read(data_dir)
    return bool(note) and not _lives(note)


def save(data_dir: Path, environment: dict[str, str]) -> None:
    """Write the note for the calling process."""
    note = {
        "pid": os.getpid(),
        "started": _start_of(os.getpid()),
        "environment": environment,
    }
    path = data_dir / NAME
    draft = data_dir / f"{NAME}.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        json.dump(note, stream, indent=1)
    draft.replace(path)


def remove(data_dir: Path) -> None:
    """Take the note away."""
    with contextlib.suppress(OSError):
        (data_dir / NAME).unlink()


def _read(data_dir: Path) -> dict[str, object]:
    try:
        note = json.loads((data_dir / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _lives(note: dict[str, object]) -> bool:
    pid = note.get("pid")
    return (
        isinstance(pid, int)
        and _start_of(pid) is not None
        and _start_of(pid) == note.get("started")
    )


def _start_of(pid: int) -> str | None:
    """Return what tells this process from an earlier or later one of the same number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    # The name in parentheses may hold spaces; the fields after it do not. Field 22 is the start.
    fields = stat.rpartition(")")[2].split()
    if fields[0] == "Z":
        return None
    return f"{boot}:{fields[19]}"
