"""Where the embedded stack keeps things, and which paths a Unix socket can have."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ELSEWHERE = Path("/var/lib/juno-support")

# sun_path holds 108 bytes with its closing zero; two are left as a margin.
_LONGEST_SOCKET = 105
# Beyond these, one of the many readers of the address (libpq, redis-py, kombu) needs quoting.
_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")


def data_folder() -> Path:
    """Return ``JUNO_DATA``, or ``var/`` in the checkout, as an absolute path."""
    return Path(os.environ.get("JUNO_DATA") or CHECKOUT / "var").resolve()


def short_name(path: Path) -> str:
    """Return twelve letters that stand for this path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def make_private(folder: Path, *, uid: int | None = None, gid: int | None = None) -> Path:
    """Make a folder that only its owner enters, with its parents; hand it to an account."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if uid is not None and gid is not None:
        os.chown(folder, uid, gid)
    return folder


def socket_folder(preferred: Path, name: str, *, uid: int, gid: int) -> Path:
    """Return a 0700 folder of that account in which a socket of this name can be bound.

    It is the preferred one unless its path is too long for a socket or needs quoting; then a
    short one in /tmp that belongs to nobody else.
    """
    whole = os.fspath(preferred / name)
    if len(os.fsencode(whole)) <= _LONGEST_SOCKET and _PLAIN.fullmatch(whole):
        return make_private(preferred, uid=uid, gid=gid)
    # Safe in the public folder: see below; TMPDIR may be as long as what we flee from.
    short = Path("/tmp") / f"juno-support-{uid}-{short_name(preferred)}"  # noqa: S108
    try:
        short.mkdir(mode=0o700)
    except FileExistsError:
        found = short.lstat()
        # Somebody may have made it before us in the public folder.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
            short = Path(tempfile.mkdtemp(prefix="juno-support-", dir=short.parent))
    return make_private(short, uid=uid, gid=gid)
