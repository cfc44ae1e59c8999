"""Name the people who stand in for TPM while nobody is there (domain: section 6)."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import policies
from supportunits.actions.trace import traced
from supportunits.models import FallbackPerson


class CannotStandIn(SupportError):
    """The person cannot stand in for TPM."""


@traced
def add_fallback(*, user: User, by: User, at: datetime) -> FallbackPerson:
    """Name somebody who stands in for TPM; naming the same person twice changes nothing.

    :raises CannotStandIn: if the person could not read or route a ticket
    """
    if not user.is_active:
        raise CannotStandIn(_("%(name)s has no active account.") % {"name": user.name})
    if not (policies.is_supporter(user) or policies.is_admin(user)):
        raise CannotStandIn(
            _("%(name)s is neither a supporter nor an admin, and could not route a ticket.")
            % {"name": user.name},
            _("Make the person a supporter first, or name somebody else."),
        )
    row, _is_new = FallbackPerson.objects.get_or_create(user=user, defaults={"added_at": at})
    return row


@traced
def remove_fallback(*, user: User, by: User, at: datetime) -> None:
    """Take somebody off; who was not named stays so."""
    FallbackPerson.objects.filter(user=user).delete()
