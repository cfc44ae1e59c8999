"""Ask for a new support unit; accept, refuse, withdraw.

VO managers ask for units of their VOs, TPM for units of services and VOs. Units of sites and of
operations centres need no request: TPM and admins open them from what GOCDB says.
"""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib.text import clean_line
from supportunits import policies, request_notices
from supportunits.actions.addresses import checked_address
from supportunits.actions.deciding import decide, locked_open, needed
from supportunits.actions.members import add_member
from supportunits.actions.rights import NotAllowed, check_admin
from supportunits.actions.trace import traced
from supportunits.actions.units import NameTaken, UnitMissesSomething, open_unit
from supportunits.models import VO, RequestState, SupportUnit, UnitKind, UnitRequest


@traced
def request_unit(
    *,
    key: UUID,
    name: str,
    words: str,
    by: User,
    at: datetime,
    vo: VO | None = None,
    title: str = "",
    mailing_list: str = "",
    wants_to_manage: bool = False,
) -> UnitRequest:
    """Ask for a new unit of a VO, or of a service; the admins are mailed.

    :param key: the form's; the same key twice asks once
    :param vo: whose unit it is; None for a service
    :raises NotAllowed: for those who may not ask for it
    :raises UnitMissesSomething: an empty name, or one with a slash
    :raises NameTaken: a unit of this name is there, or was asked for
    :raises NotAnAddress: the mailing list is no address
    :raises WordsMissing: it is not said what the unit is for
    """
    there = UnitRequest.objects.filter(key=key, requested_by=by).first()
    if there is not None:
        return there
    if not policies.may_request_unit(by, vo):
        raise NotAllowed(
            _("VO managers ask for units of their VO, TPM for those of services and VOs.")
        )
    name = clean_line(name)
    if not name or "/" in name:
        raise UnitMissesSomething(
            _("A unit needs a name without a slash: the name is part of its address.")
        )
    _refuse_taken(name)
    request = UnitRequest.objects.create(
        key=key,
        name=name,
        title=clean_line(title),
        kind=UnitKind.VO if vo else UnitKind.SERVICE,
        vo=vo,
        mailing_list=checked_address(mailing_list),
        words=needed(words, _("Say what the unit is for.")),
        wants_to_manage=wants_to_manage,
        requested_by=by,
        requested_at=at,
    )
    request_notices.tell_unit_requested(request=request, at=at)
    return request


@traced
def accept_unit(*, request: UnitRequest, by: User, at: datetime, answer: str = "") -> UnitRequest:
    """Open the unit that was asked for, and tell the person.

    :raises NotAllowed: unless an admin does it
    :raises AlreadyDecided: it is not open any more
    :raises NameTaken: a unit of this name was opened meanwhile
    """
    row = locked_open(request)
    check_admin(by)
    unit = open_unit(
        name=row.name,
        kind=UnitKind(row.kind),
        vo=row.vo,
        title=row.title,
        description=row.words,
        mailing_list=row.mailing_list,
        by=by,
        at=at,
    )
    if row.wants_to_manage:
        add_member(unit=unit, user=row.requested_by, is_manager=True, by=by, at=at)
    row.unit = unit
    row = decide(row, RequestState.ACCEPTED, answer=answer, by=by, at=at)
    request_notices.tell_unit_decided(request=row, at=at)
    return row


@traced
def refuse_unit(*, request: UnitRequest, by: User, at: datetime, answer: str) -> UnitRequest:
    """Refuse a request with a reason, and tell the person.

    :raises NotAllowed: unless an admin does it
    :raises AlreadyDecided: it is not open any more
    :raises WordsMissing: without a reason
    """
    row = locked_open(request)
    check_admin(by)
    answer = needed(answer, _("Say why, so that the person understands it."))
    row = decide(row, RequestState.REFUSED, answer=answer, by=by, at=at)
    request_notices.tell_unit_decided(request=row, at=at)
    return row


@traced
def withdraw_unit(*, request: UnitRequest, by: User, at: datetime) -> UnitRequest:
    """Take an own request back.

    :raises NotAllowed: it is somebody else's
    :raises AlreadyDecided: it is not open any more
    """
    row = locked_open(request)
    if row.requested_by_id != by.pk:
        raise NotAllowed(_("Only the person who asked takes the request back."))
    return decide(row, RequestState.WITHDRAWN, answer="", by=by, at=at)


def _refuse_taken(name: str) -> None:
    if SupportUnit.objects.filter(name__iexact=name).exists():
        raise NameTaken(
            _("There is a unit named %(name)s already.") % {"name": name},
            _("Choose another name, or ask to become a supporter of that unit."),
        )
    if UnitRequest.objects.filter(name__iexact=name, state=RequestState.OPEN).exists():
        raise NameTaken(
            _("Somebody has asked for a unit named %(name)s already.") % {"name": name},
            _("Wait for the decision, or choose another name."),
        )
