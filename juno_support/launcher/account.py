"""The account that PostgreSQL runs as: it refuses root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from juno_support.errors import SupportError

# A dedicated account comes first where the machine has one.
_CANDIDATES = ("juno-support", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def own() -> Account:
    """Return the account that we run as."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Account(name, uid, os.getegid())


def for_postgres(data: Path) -> Account:
    """Return the account for PostgreSQL: ours, or for root the data's owner or “nobody”.

    :param data: the database folder; it may not exist yet.
    """
    if os.geteuid() != 0:
        return own()
    if data.exists() and (owner := data.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise SupportError(
        "PostgreSQL does not run as root, and this machine has no account “nobody”.",
        "Add an account “juno-support”, or run as an ordinary user.",
    )


def can_execute(account: Account, path: Path) -> bool:
    """Tell whether this account reaches the path and may execute (or enter) it."""
    if account.uid == os.geteuid():
        return os.access(path, os.X_OK)
    done = subprocess.run(
        ["test", "-x", os.fspath(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0
