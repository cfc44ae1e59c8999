"""Where a list goes on, in an address: behind a moment and a number (keyset paging)."""

from datetime import datetime

from django.utils.dateparse import parse_datetime

from juno_support.lib.text import whole_number


def written(moment: datetime, number: int) -> str:
    """Return the cursor that stands behind a row."""
    return f"{moment.isoformat()},{number}"


def read(cursor: str) -> tuple[datetime, int] | None:
    """Return what :func:`written` wrote, the moment aware; None for anything else."""
    words, _comma, key = cursor.partition(",")
    number = whole_number(key)
    try:
        moment = parse_datetime(words)
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or number is None:
        return None
    return moment, number
