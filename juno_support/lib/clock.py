"""The portal's one clock.

In tests and in the demo the clock can be moved: an offset in the database, which every process
reads once a second. In production there is no offset and no query. SQL's now() is never used.
"""

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

_SECONDS_TO_TRUST_AN_OFFSET = 1.0
_cached: tuple[float, timedelta] | None = None


def now() -> datetime:
    """Return the present moment, aware, in UTC, moved by the offset where clocks may be moved."""
    return datetime.now(UTC) + _offset()


def advance(by: timedelta) -> timedelta:
    """Move the clock; returns the whole offset. Other processes follow within a second.

    :raises RuntimeError: where the clock may not be moved (anything but tests and the demo)
    """
    if not settings.JUNO_CLOCK_MOVABLE:
        raise RuntimeError("The clock can be moved in tests and in the demo only.")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO juno_clock (id, seconds) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET seconds = juno_clock.seconds + excluded.seconds"
            " RETURNING seconds",
            [by.total_seconds()],
        )
        total = timedelta(seconds=float(cursor.fetchone()[0]))
    forget()
    return total


def wait_for_others() -> None:
    """Return when every process that asks for the moment has heard of the last move."""
    time.sleep(_SECONDS_TO_TRUST_AN_OFFSET)


def forget() -> None:
    """Read the offset afresh at the next question (this process moved it, or a test ended)."""
    global _cached
    _cached = None


def _offset() -> timedelta:
    global _cached
    if not settings.JUNO_CLOCK_MOVABLE:
        return timedelta(0)
    at = time.monotonic()
    # Another thread may forget it at any moment.
    known = _cached
    if known is None or at - known[0] > _SECONDS_TO_TRUST_AN_OFFSET:
        with connection.cursor() as cursor:
            cursor.execute("SELECT seconds FROM juno_clock WHERE id = 1")
            row = cursor.fetchone()
        known = _cached = (at, timedelta(seconds=float(row[0]) if row else 0))
    return known[1]
