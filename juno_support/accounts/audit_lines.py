"""The trace of settings, ready for ``pages/_trace.html``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.safestring import SafeString

from juno_support.accounts import audit
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi

_ASKED = "changes"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of a setting, ready to be written."""

    when: SafeString
    who: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One page of changes, ready to be written.

    :ivar older_url: where the next page is, or empty
    :ivar is_open: the reader asked for an older page, so it is not folded away
    """

    lines: list[ChangeLine]
    older_url: str
    is_open: bool


def trace(request: HttpRequest, parts: Sequence[audit.Part], *, sees_addresses: bool) -> Trace:
    """Return the changes that the page shows, with the way to older ones; see ``audit``.

    The place in the list is the parameter ``changes``; all others of the page stay in its links.
    """
    before = request.GET.get(_ASKED, "")
    page = audit.page_of(parts, sees_addresses=sees_addresses, before=before)
    older_url = ""
    if page.older:
        kept = [(name, value) for name, value in request.GET.items() if name != _ASKED]
        older_url = f"{request.path}?{urlencode([*kept, (_ASKED, page.older)])}#trace"
    return Trace(lines(page.changes, clock.now()), older_url, bool(before))


def lines(changes: Sequence[audit.Change], now: datetime) -> list[ChangeLine]:
    """Return changes as lines of ``pages/_changes.html``."""
    return [
        ChangeLine(
            when=display.when(change.at, now),
            who=change.who,
            what=show_bidi(change.what),
            old=show_bidi(change.old),
            new=show_bidi(change.new),
        )
        for change in changes
    ]
