"""A VO's dedicated user support: ask for it, accept or refuse it, until its unit works.

Rows here are a state; a task of ``tickets`` files the one ticket about it (domain: section 8).
"""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import card_notices, policies, readiness
from supportunits.actions import cards
from supportunits.actions.deciding import AlreadyDecided, needed
from supportunits.actions.rights import NotAllowed, check_admin
from supportunits.actions.trace import traced
from supportunits.actions.units import open_unit
from supportunits.models import (
    LIVING,
    VO,
    SupportRequest,
    SupportState,
    SupportUnit,
    UnitKind,
    UnitState,
    VersionSource,
)

BEFORE_ACTIVE: Final = (SupportState.REQUESTED, SupportState.ACCEPTED)


class NotItsUnit(SupportError):
    """The unit is not one of the VO."""


@traced
def ask_support(*, vo: VO, by: User, at: datetime) -> SupportRequest:
    """Tick "GGUS dedicated user support" on the card: one living request for each VO.

    Ticking what is ticked gives the request that is there.

    :raises NotAllowed: for those who may not change the card
    """
    _check_may_change(vo, by)
    _tick(vo, True, by, at)
    request = SupportRequest.objects.filter(vo=vo, state__in=LIVING).first()
    if request is None:
        request = SupportRequest.objects.create(vo=vo, asked_by=by, asked_at=at)
    return request


@traced
def withdraw_support(*, vo: VO, by: User, at: datetime) -> SupportRequest:
    """Untick it, before it is active or after its unit was closed.

    :raises NotAllowed: for those who may not change the card
    :raises AlreadyDecided: it is active, or there is nothing to withdraw
    """
    _check_may_change(vo, by)
    card = cards.locked(vo)
    request = SupportRequest.objects.filter(vo=vo, state__in=LIVING).select_related("unit").first()
    if request is None or not may_be_withdrawn(request):
        raise (
            AlreadyDecided(
                _("The support is active: a unit works for the VO."),
                _("Ask an admin to close the unit."),
            )
            if request
            else AlreadyDecided(_("There is no request to withdraw (any more)."))
        )
    request.state = SupportState.WITHDRAWN
    request.decided_by, request.decided_at = by, at
    request.save()
    _tick(card.vo, False, by, at)
    return request


def may_be_withdrawn(request: SupportRequest) -> bool:
    """Return whether no unit works for the VO: it is not active yet, or its unit is closed."""
    if request.state == SupportState.ACTIVE:
        return request.unit is None or request.unit.state == UnitState.CLOSED
    return request.state in BEFORE_ACTIVE


@traced
def accept_support(
    *,
    request: SupportRequest,
    by: User,
    at: datetime,
    unit: SupportUnit | None = None,
    unit_name: str = "",
) -> SupportRequest:
    """Accept a request, with a unit of the VO that is there, or with a new one.

    A new unit gets the card's user support list. The support is active at once where the unit
    works already.

    :raises NotAllowed: unless an admin does it
    :raises AlreadyDecided: it does not wait any more
    :raises NotItsUnit: the unit belongs to somebody else
    :raises NameTaken, UnitMissesSomething, NotAnAddress: of the new unit
    """
    check_admin(by)
    card = cards.locked(request.vo)
    request = _waiting(request)
    if unit is None:
        unit = open_unit(
            name=unit_name,
            kind=UnitKind.VO,
            vo=card.vo,
            title=_("User support of %(vo)s") % {"vo": card.vo.name},
            mailing_list=card.user_support_list,
            by=by,
            at=at,
        )
    elif unit.vo_id != card.vo_id:
        raise NotItsUnit(
            _("%(unit)s is not a unit of %(vo)s.") % {"unit": unit.name, "vo": card.vo.name}
        )
    request.unit, request.state = unit, SupportState.ACCEPTED
    request.decided_by, request.decided_at = by, at
    request.save()
    card_notices.tell_support_decided(request=request, at=at)
    _activate_if_ready(request, at)
    return request


@traced
def refuse_support(
    *, request: SupportRequest, reason: str, by: User, at: datetime
) -> SupportRequest:
    """Refuse a request with a reason; the tick goes off the card.

    :raises NotAllowed: unless an admin does it
    :raises AlreadyDecided: it does not wait any more
    :raises WordsMissing: without a reason
    """
    check_admin(by)
    card = cards.locked(request.vo)
    request = _waiting(request)
    request.reason = needed(reason, _("Say why: the VO's manager reads it."))
    request.state = SupportState.REFUSED
    request.decided_by, request.decided_at = by, at
    request.save()
    _tick(card.vo, False, by, at)
    card_notices.tell_support_decided(request=request, at=at)
    return request


def activate_ready(*, at: datetime) -> int:
    """Make accepted support active whose unit has a proven list and a supporter; returns how many.

    By the clock; as often as one likes.
    """
    accepted = SupportRequest.objects.filter(state=SupportState.ACCEPTED).select_related("vo")
    return sum(_activate(request=request, at=at) for request in accepted.order_by("pk"))


@traced
def _activate(*, request: SupportRequest, at: datetime) -> bool:
    cards.locked(request.vo)
    row = SupportRequest.objects.select_related("unit", "vo").get(pk=request.pk)
    return row.state == SupportState.ACCEPTED and _activate_if_ready(row, at)


def _activate_if_ready(request: SupportRequest, at: datetime) -> bool:
    if request.unit is None or not readiness.unit_is_ready(request.unit):
        return False
    request.state, request.active_at = SupportState.ACTIVE, at
    request.save()
    card_notices.tell_support_decided(request=request, at=at)
    return True


def _waiting(request: SupportRequest) -> SupportRequest:
    request = SupportRequest.objects.select_related("vo", "asked_by").get(pk=request.pk)
    if request.state != SupportState.REQUESTED:
        raise AlreadyDecided(
            _("This request is %(state)s already.") % {"state": request.get_state_display()}
        )
    return request


def _tick(vo: VO, value: bool, by: User, at: datetime) -> None:
    cards.store(
        card=cards.locked(vo),
        fields={"needs_dedicated_support": value},
        source=VersionSource.SUPPORT,
        by=by,
        at=at,
    )


def _check_may_change(vo: VO, by: User) -> None:
    if not policies.may_change_card(by, vo):
        raise NotAllowed(
            _("Only the managers of %(vo)s, their deputies and admins ask for it.")
            % {"vo": vo.name}
        )
