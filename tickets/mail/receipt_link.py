"""The signed link in the mails of an alarm: whoever holds the mail confirms the receipt with it.

It names the run of the clock and whose mail it was in, nothing else; the mail's address is not in
it, because addresses of pages stand in logs.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from tickets.mail.recipients import Why
from tickets.models import WallClock

_SALT = "tickets.alarm-receipt"


@dataclass(frozen=True)
class Link:
    """What a link says.

    :ivar why: what the mail's reader is to the alarm
    :ivar user_id: whose account the mail was written to, if it was a person's
    """

    clock_id: int
    why: Why
    user_id: int | None


def address_of(clock: WallClock, *, why: Why, user_id: int | None) -> str:
    """Return the address of the page with the button, for one reader's mail."""
    token = signing.Signer(salt=_SALT).sign_object([clock.pk, why.value, user_id])
    return f"{settings.JUNO_BASE_URL}{reverse('alarm-receipt', args=[token])}"


def read(token: str) -> Link | None:
    """Return what a link says; None where it is not one of ours."""
    try:
        clock_id, why, user_id = signing.Signer(salt=_SALT).unsign_object(token)
        return Link(int(clock_id), Why(why), int(user_id) if user_id is not None else None)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def through(link: Link, clock: WallClock) -> str:
    """Return in words whose mail held the link; at most one query."""
    site = clock.ticket.notified_site
    match link.why:
        case Why.EMERGENCY:
            return _("the mail to the emergency address of %(site)s") % {"site": site or ""}
        case Why.OPERATIONS:
            return _("the mail to the operations centre")
    person = User.objects.filter(pk=link.user_id).first() if link.user_id else None
    if person is None:
        return _("the mail to a list")
    if link.why is Why.ON_CALL:
        return _("the mail to %(person)s, on call") % {"person": person.name}
    return _("the mail to %(person)s") % {"person": person.name}
