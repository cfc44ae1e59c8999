"""Admins, and people who leave and come back."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.actions import end_admin_links
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import leaving, policies
from supportunits.actions.deciding import decide
from supportunits.actions.members import refuse_inactive, remove_member
from supportunits.actions.rota import free_shifts_of
from supportunits.actions.trace import traced
from supportunits.models import (
    CalendarLink,
    FallbackPerson,
    RequestState,
    SupportUnit,
    VOContact,
    VOMembership,
)


class LastAdmin(SupportError):
    """Somebody must be able to administer the portal."""


@traced
def leave(*, user: User, by: User | None, at: datetime) -> User:
    """End everything that the person is here, and close the account.

    Memberships of units and VOs end, contacts of cards are unlinked, staff no more. Shifts become
    gaps. Requests are withdrawn; links of calendars and links that make an admin die, and with the
    account every sign-in. The account and what the person wrote stay. Tickets assigned to the
    person go back to their units; the tickets see to that themselves. ``supportunits.leaving``
    tells all this beforehand.

    :raises LastAdmin: the person is the only admin
    """
    user = _locked(user)
    if user.is_staff:
        _refuse_last_admin(user)
    for unit in SupportUnit.objects.filter(memberships__user=user).order_by("pk"):
        remove_member(unit=unit, user=user, by=by, at=at)
    free_shifts_of(user=user, by=by, at=at)
    VOMembership.objects.filter(user=user).delete()
    VOContact.objects.filter(account=user).update(account=None)
    FallbackPerson.objects.filter(user=user).delete()
    CalendarLink.objects.filter(owner=user).delete()
    end_admin_links(user=user, at=at)
    for asked in leaving.open_supporter_requests(user):
        decide(asked, RequestState.WITHDRAWN, answer="", by=by, at=at)
    for wanted in leaving.open_unit_requests(user):
        decide(wanted, RequestState.WITHDRAWN, answer="", by=by, at=at)
    user.is_active = user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_active", "is_staff", "is_superuser"])
    policies.forget(user)
    return user


@traced
def come_back(*, user: User, by: User | None, at: datetime) -> User:
    """Make the account active again, as one that is nothing yet."""
    user = _locked(user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user


@traced
def set_admin(*, user: User, is_admin: bool, by: User | None, at: datetime) -> User:
    """Make somebody an admin, or an admin no more.

    :raises AccountIsInactive: the person left
    :raises LastAdmin: the person is the only admin
    """
    user = _locked(user)
    if is_admin:
        refuse_inactive(user)
    elif user.is_staff:
        _refuse_last_admin(user)
    user.is_staff = user.is_superuser = is_admin
    user.save(update_fields=["is_staff", "is_superuser"])
    return user


def _locked(user: User) -> User:
    # All admins' rows are locked in one order, so that the last two cannot remove each other.
    list(
        User.objects.select_for_update(no_key=True)
        .filter(is_staff=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _refuse_last_admin(user: User) -> None:
    if not User.objects.filter(is_staff=True, is_active=True).exclude(pk=user.pk).exists():
        raise LastAdmin(
            _("%(name)s is the only admin.") % {"name": user.get_full_name()},
            _("Make somebody else an admin first."),
        )
