"""Changes as lines of a page, for pages that show only the newest ones."""

from collections.abc import Iterable
from datetime import datetime

from juno_support.accounts.audit import Change
from juno_support.accounts.audit_lines import ChangeLine, lines


def change_lines(found: Iterable[Change], now: datetime) -> list[ChangeLine]:
    """Return changes as lines of ``pages/_changes.html``."""
    return lines(list(found), now)
