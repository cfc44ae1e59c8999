"""Counts that cannot be true: what was there at the last poll does not vanish between two."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from juno_support.feeds.registry import Question

# Fewer jobs than half within this time are a fault of the answer, not of the sites.
SHORT_GAP = timedelta(hours=3)
SHRUNK_TO = 0.5
WORTH_COMPARING = 100


def shrunk_counts(names: Collection[str], seen: Mapping[str, int], question: Question) -> str:
    """Say which count over the last day halved since a poll of a short while ago; else empty.

    :param names: keys of ``seen``; one that is missing there was not counted this time
    """
    last = question.last_success_at
    if question.trust or last is None or question.at - last > SHORT_GAP:
        return ""
    for name in names:
        before, now = question.last_seen.get(name, 0), seen.get(name, 0)
        if name in seen and before >= WORTH_COMPARING and now < before * SHRUNK_TO:
            return f"Only {now:,} {name} of the last day, after {before:,}; nothing was taken over."
    return ""


def emptied_tables(names: Collection[str], seen: Mapping[str, int], question: Question) -> str:
    """Say which table that held something at the last good poll came without a row; else empty."""
    for name in names:
        before = question.last_seen.get(name, 0)
        if not question.trust and before and seen.get(name) == 0:
            return f"The table of {name} is empty, after {before:,}; nothing was taken over."
    return ""
