"""The red banner while nobody is at TPM, for those who can do something about it."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from supportunits import fallback

REMEMBERED = timedelta(seconds=15)
"""The banner stands on every page; each process asks again after that."""

_known: tuple[datetime, str] | None = None


def forget() -> None:
    """Ask afresh at the next page (a test ended, or somebody was just named)."""
    global _known
    _known = None


def nobody_at_tpm(*, at: datetime) -> str:
    """Return what the banner says; empty while somebody is there. Three queries at most."""
    global _known
    known = _known
    if known is None or not timedelta(0) <= at - known[0] < REMEMBERED:
        _known = known = (at, _ask(at))
    return known[1]


def _ask(at: datetime) -> str:
    if fallback.is_anybody_at_tpm(at=at):
        return ""
    names = [person.name for person in fallback.people()]
    said = _("Nobody is at TPM: it has no supporter, and nobody is on shift.")
    if not names:
        return f"{said} {_('Nobody is named to stand in: its mail goes to the admins.')}"
    return said + " " + _("Its mail goes to %(names)s.") % {"names": ", ".join(names)}
