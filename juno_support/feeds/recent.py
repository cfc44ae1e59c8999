"""How old the sources' data are, remembered for a few seconds: what every page shows."""

from datetime import datetime, timedelta

from juno_support.feeds.queries import Freshness, freshness

REMEMBERED: timedelta = timedelta(seconds=10)
_known: tuple[datetime, dict[str, Freshness]] | None = None


def recent_freshness(at: datetime) -> dict[str, Freshness]:
    """Return what ``freshness`` says of all sources, as this process heard it within 10 s."""
    global _known
    known = _known
    if known is None or not timedelta(0) <= at - known[0] < REMEMBERED:
        _known = known = (at, freshness(at))
    return known[1]


def forget() -> None:
    """Ask afresh next time (a test ended)."""
    global _known
    _known = None
