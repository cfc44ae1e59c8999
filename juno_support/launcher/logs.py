"""The log files of the children."""

from pathlib import Path

_KEPT = 5


def fresh(folder: Path, name: str) -> Path:
    """Return the path of a new log; earlier ones become NAME.log.1, NAME.log.2 and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / f"{name}.log"
    for number in range(_KEPT - 1, 0, -1):
        older = folder / f"{name}.log.{number}"
        if older.exists():
            older.replace(folder / f"{name}.log.{number + 1}")
    if current.exists() and current.stat().st_size:
        current.replace(folder / f"{name}.log.1")
    current.touch(mode=0o600)
    return current
