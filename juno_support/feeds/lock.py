"""One poll of a source (or one round of a sweep) at a time, whatever process it runs in."""

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# The first half of our advisory locks' names, so that no other use collides: "feed" in ASCII.
FEEDS = 0x66656564
PAUSE_SECONDS = 0.2


@contextmanager
def only_one(name: str, *, wait_seconds: float = 0) -> Iterator[bool]:
    """Hold the lock of that name, and say whether we got it.

    An advisory lock of PostgreSQL's: it belongs to the database session and ends with it, so a
    poller that is killed leaves nothing behind.
    """
    number = zlib.crc32(name.encode()) - 2**31
    ends = time.monotonic() + wait_seconds
    while not (got := _ask("pg_try_advisory_lock", number)):
        if time.monotonic() >= ends:
            break
        time.sleep(PAUSE_SECONDS)
    try:
        yield got
    finally:
        if got:
            _ask("pg_advisory_unlock", number)


def _ask(function: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [FEEDS, number])
        return bool(cursor.fetchone()[0])
