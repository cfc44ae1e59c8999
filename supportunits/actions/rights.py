"""Refuse what a person may not do."""

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import policies
from supportunits.models import SupportUnit


class NotAllowed(SupportError):
    """The person may not do this."""

    is_refusal = True


def check_may_change(unit: SupportUnit, by: User) -> None:
    """Refuse everybody but the unit's managers and admins.

    :raises NotAllowed: for all others
    """
    if not policies.may_change_unit(by, unit):
        raise NotAllowed(
            _("Only the managers of %(unit)s and admins decide this.") % {"unit": unit.name}
        )


def check_admin(by: User) -> None:
    """Refuse everybody but admins.

    :raises NotAllowed: for all others
    """
    if not policies.is_admin(by):
        raise NotAllowed(_("Only admins decide this."))
