"""How old the sources' data are, remembered for a few seconds: what every page shows."""

from datetime import datetime, timedelta
from typing import Final

from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib.remembered import Remembered

_known: Final = Remembered(freshness, timedelta(seconds=10))
forget: Final = _known.forget


def recent_freshness(at: datetime) -> dict[str, Freshness]:
    """Return what ``freshness`` says of all sources, as this process heard it within 10 s."""
    return _known.at(at)
