"""The red banner while nobody is at TPM, for those who can do something about it."""

import time
from datetime import datetime

from django.utils.translation import gettext as _

from supportunits import fallback

# The banner stands on every page; each process asks again after this many seconds.
SECONDS_TO_TRUST = 15.0
_known: tuple[float, str] | None = None


def forget() -> None:
    """Ask afresh at the next page (a test ended, or somebody was just named)."""
    global _known
    _known = None


def nobody_at_tpm(*, at: datetime) -> str:
    """Return what the banner says; empty while somebody is there. Three queries at most."""
    global _known
    asked_at = time.monotonic()
    if _known is None or asked_at - _known[0] > SECONDS_TO_TRUST:
        _known = (asked_at, _ask(at))
    return _known[1]


def _ask(at: datetime) -> str:
    if fallback.is_anybody_at_tpm(at=at):
        return ""
    names = [person.name for person in fallback.people()]
    said = _("Nobody is at TPM: it has no supporter, and nobody is on shift.")
    if not names:
        return f"{said} {_('Nobody is named to stand in: its mail goes to the admins.')}"
    return said + " " + _("Its mail goes to %(names)s.") % {"names": ", ".join(names)}
