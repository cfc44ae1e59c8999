"""The red banner while nobody is at TPM, for those who can do something about it."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from juno_support.lib.remembered import Remembered
from supportunits import fallback

REMEMBERED = timedelta(seconds=15)
"""The banner stands on every page; each process asks again after that."""


def nobody_at_tpm(*, at: datetime) -> str:
    """Return what the banner says; empty while somebody is there. Three queries at most."""
    names = _known.at(at)
    if names is None:
        return ""
    said = _("Nobody is at TPM: it has no supporter, and nobody is on shift.")
    if not names:
        return f"{said} {_('Nobody is named to stand in: its mail goes to the admins.')}"
    return said + " " + _("Its mail goes to %(names)s.") % {"names": ", ".join(names)}


def _stand_ins(at: datetime) -> list[str] | None:
    """Return the names of those who stand in for TPM; None while somebody is there."""
    if fallback.is_anybody_at_tpm(at=at):
        return None
    return [person.name for person in fallback.people()]


_known: Final = Remembered(_stand_ins, REMEMBERED)
forget: Final = _known.forget
