"""The trace of settings, ready to be written into a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from juno_support.lib import display
from juno_support.lib.text import show_bidi
from supportunits import changes


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of a setting, ready to be written."""

    when: SafeString
    who: str
    what: str
    old: str
    new: str


def change_lines(found: Iterable[changes.Change], now: datetime) -> list[ChangeLine]:
    """Return changes as lines of a page."""
    return [
        ChangeLine(
            when=display.when(change.at, now),
            who=change.who,
            what=change.what,
            old=show_bidi(change.old),
            new=show_bidi(change.new),
        )
        for change in found
    ]
