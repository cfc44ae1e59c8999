"""Who belongs to a support unit. The unit's state follows."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import notices, policies
from supportunits.actions.trace import traced
from supportunits.actions.units import UnitIsClosed, locked, restate
from supportunits.models import SupportUnit, UnitMembership, UnitState


class AccountIsInactive(SupportError):
    """Somebody who left cannot be given a role."""


class NotAMember(SupportError):
    """The person is not a member of the unit."""


@traced
def add_member(
    *,
    unit: SupportUnit,
    user: User,
    by: User | None,
    at: datetime,
    is_manager: bool = False,
) -> UnitMembership:
    """Make somebody a supporter of the unit; a member stays one (and may become manager).

    :raises UnitIsClosed: the unit is closed
    :raises AccountIsInactive: the person left
    """
    unit = locked(unit)
    if unit.state == UnitState.CLOSED:
        raise UnitIsClosed(
            _("%(unit)s is closed.") % {"unit": unit.name}, _("Open it again first.")
        )
    refuse_inactive(user)
    membership, is_new = UnitMembership.objects.get_or_create(
        unit=unit, user=user, defaults={"is_manager": is_manager, "added_at": at}
    )
    if not is_new and is_manager and not membership.is_manager:
        membership.is_manager = True
        membership.save(update_fields=["is_manager"])
    restate(unit)
    policies.forget(user)
    return membership


@traced
def remove_member(*, unit: SupportUnit, user: User, by: User | None, at: datetime) -> SupportUnit:
    """End a membership; without members the unit is mail-only, or needs a contact; TPM is told.

    Where the last manager goes and supporters stay, the admins are told.

    What the person was assigned to goes back to the unit; the tickets see to that themselves.

    :raises NotAMember: the person is none
    """
    unit = locked(unit)
    membership = UnitMembership.objects.filter(unit=unit, user=user).first()
    if membership is None:
        raise _not_a_member(unit, user)
    membership.delete()
    policies.forget(user)
    was_active = unit.state == UnitState.ACTIVE
    unit = restate(unit)
    if was_active and unit.state != UnitState.ACTIVE:
        notices.tell_nobody_left(unit=unit, person=user, at=at)
    elif membership.is_manager:
        _tell_if_nobody_manages(unit=unit, person=user, at=at)
    return unit


@traced
def set_manager(
    *,
    unit: SupportUnit,
    user: User,
    is_manager: bool,
    by: User | None,
    at: datetime,
) -> UnitMembership:
    """Make a member manager of the unit, or manager no more; of the last one the admins are told.

    :raises NotAMember: the person is none
    """
    unit = locked(unit)
    membership = UnitMembership.objects.filter(unit=unit, user=user).first()
    if membership is None:
        raise _not_a_member(unit, user)
    was_manager, membership.is_manager = membership.is_manager, is_manager
    membership.save(update_fields=["is_manager"])
    policies.forget(user)
    if was_manager and not is_manager:
        _tell_if_nobody_manages(unit=unit, person=user, at=at)
    return membership


def refuse_inactive(user: User) -> None:
    """Refuse roles for people who left.

    :raises AccountIsInactive: for an inactive account
    """
    if not user.is_active:
        raise AccountIsInactive(
            _("The account of %(name)s is inactive.") % {"name": user.get_full_name()},
            _("An admin can make it active again, on the page of people."),
        )


def _tell_if_nobody_manages(*, unit: SupportUnit, person: User, at: datetime) -> None:
    if unit.state == UnitState.ACTIVE and not notices.managers_of(unit):
        notices.tell_nobody_manages(unit=unit, person=person, at=at)


def _not_a_member(unit: SupportUnit, user: User) -> NotAMember:
    return NotAMember(
        _("%(name)s is not a member of %(unit)s (any more).")
        % {"name": user.get_full_name(), "unit": unit.name}
    )
