"""Ask to become a supporter of a unit; approve, refuse, withdraw."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import request_notices
from supportunits.actions.deciding import decide, locked_open, needed
from supportunits.actions.members import add_member, refuse_inactive
from supportunits.actions.rights import NotAllowed, check_may_change
from supportunits.actions.trace import traced
from supportunits.actions.units import UnitIsClosed, locked
from supportunits.models import (
    RequestState,
    SupporterRequest,
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitState,
)


class AlreadyThere(SupportError):
    """The person is a supporter of the unit, or has asked already."""


class NotByAsking(SupportError):
    """Nobody registers for this unit by themselves."""


@traced
def ask_to_support(
    *, unit: SupportUnit, user: User, words: str, by: User | None, at: datetime
) -> SupporterRequest:
    """Ask to become a supporter of the unit; its managers are mailed, else the admins.

    :param words: why, for those who decide
    :raises UnitIsClosed: the unit is closed
    :raises NotByAsking: the security unit chooses its people itself
    :raises AccountIsInactive: the person left
    :raises AlreadyThere: the person is a supporter of it, or has asked already
    :raises WordsMissing: no reason is given
    """
    unit = locked(unit)
    if unit.state == UnitState.CLOSED:
        raise UnitIsClosed(_("%(unit)s is closed.") % {"unit": unit.name})
    if unit.kind == UnitKind.SECURITY:
        raise NotByAsking(
            _("An admin names the people of the security unit."),
            _("Write to the unit if you should be one of them."),
        )
    refuse_inactive(user)
    if UnitMembership.objects.filter(unit=unit, user=user).exists():
        raise AlreadyThere(_("You are a supporter of %(unit)s already.") % {"unit": unit.name})
    if open_request(unit, user) is not None:
        raise AlreadyThere(
            _("You have asked already; nobody has decided yet."),
            _("You can withdraw the request and ask again."),
        )
    request = SupporterRequest.objects.create(
        unit=unit,
        user=user,
        words=needed(words, _("Say in a few words why.")),
        requested_at=at,
    )
    request_notices.tell_supporter_asked(request=request, at=at)
    return request


def open_request(unit: SupportUnit, user: User) -> SupporterRequest | None:
    """Return the person's open request for a place in the unit, or None."""
    return SupporterRequest.objects.filter(unit=unit, user=user, state=RequestState.OPEN).first()


@traced
def approve(
    *, request: SupporterRequest, by: User, at: datetime, answer: str = ""
) -> SupporterRequest:
    """Make the person a supporter of the unit, and tell both.

    :raises NotAllowed: unless a manager of the unit or an admin does it
    :raises AlreadyDecided: it is not open any more
    :raises UnitIsClosed: the unit was closed meanwhile
    :raises AccountIsInactive: the person left meanwhile
    """
    unit = locked(request.unit)
    row = locked_open(request)
    check_may_change(unit, by)
    add_member(unit=unit, user=row.user, by=by, at=at)
    row = decide(row, RequestState.ACCEPTED, answer=answer, by=by, at=at)
    request_notices.tell_supporter_decided(request=row, at=at)
    return row


@traced
def refuse(*, request: SupporterRequest, by: User, at: datetime, answer: str) -> SupporterRequest:
    """Refuse a request with a reason, and tell both.

    :raises NotAllowed: unless a manager of the unit or an admin does it
    :raises AlreadyDecided: it is not open any more
    :raises WordsMissing: without a reason
    """
    row = locked_open(request)
    check_may_change(row.unit, by)
    answer = needed(answer, _("Say why, so that the person understands it."))
    row = decide(row, RequestState.REFUSED, answer=answer, by=by, at=at)
    request_notices.tell_supporter_decided(request=row, at=at)
    return row


@traced
def withdraw(*, request: SupporterRequest, by: User, at: datetime) -> SupporterRequest:
    """Take an own request back.

    :raises NotAllowed: it is somebody else's
    :raises AlreadyDecided: it is not open any more
    """
    row = locked_open(request)
    if row.user_id != by.pk:
        raise NotAllowed(_("Only the person who asked takes the request back."))
    return decide(row, RequestState.WITHDRAWN, answer="", by=by, at=at)
