"""The secret key of an embedded stack, made once and kept in ``JUNO_DATA``."""

import os
import secrets
from pathlib import Path


def key(data_dir: Path) -> str:
    """Return the key that signs sessions and links, readable by its owner only."""
    path = data_dir / "secret-key"
    try:
        found = path.read_text(encoding="utf-8").strip()
        if found:
            return found
    except FileNotFoundError:
        pass
    made = secrets.token_urlsafe(48)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(f"{made}\n")
    return made
