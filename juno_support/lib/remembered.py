"""What every page shows, asked once in some seconds by each process."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """The answer to a question about a moment, kept in this process for a while."""

    def __init__(self, ask: Callable[[datetime], T], length: timedelta) -> None:
        """Keep what ``ask`` returns for a moment, for questions up to ``length`` later."""
        self._ask = ask
        self._length = length
        self._known: tuple[datetime, T] | None = None

    def at(self, moment: datetime) -> T:
        """Return the answer; it may have been heard up to the length before."""
        known = self._known
        # A clock that was moved back asks afresh, too.
        if known is None or not timedelta(0) <= moment - known[0] < self._length:
            self._known = known = (moment, self._ask(moment))
        return known[1]

    def forget(self) -> None:
        """Ask afresh next time: something was changed here, or a test ended."""
        self._known = None
