"""What happens when a person leaves: told before it is done (domain: section 1)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from juno_support.accounts.models import AdminLink, User
from supportunits.models import (
    CalendarLink,
    FallbackPerson,
    RequestState,
    Shift,
    SupporterRequest,
    SupportUnit,
    UnitMembership,
    UnitRequest,
    UnitState,
    VOContact,
    VOMembership,
)


@dataclass(frozen=True, slots=True)
class UnitEffect:
    """What a unit becomes without the person.

    :ivar state: the state afterwards
    :ivar loses_last: nobody works there any more, and TPM is told
    :ivar loses_manager: supporters stay, nobody manages them, and the admins are told
    """

    unit: SupportUnit
    state: UnitState
    loses_last: bool
    loses_manager: bool


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that ends here with a person's account; tickets are not this app's to count.

    :ivar requests: the names of units that the person asked about
    :ivar links: how many private links work no more
    """

    units: list[UnitEffect]
    memberships: list[VOMembership]
    contacts: list[VOContact]
    shifts: list[Shift]
    requests: list[str]
    links: int
    is_fallback: bool
    is_admin: bool
    is_last_admin: bool


def effects_of(user: User, *, at: datetime) -> Effects:
    """Return what ends when the person leaves at this moment. Ten queries."""
    others = User.objects.filter(is_staff=True, is_active=True).exclude(pk=user.pk)
    return Effects(
        units=_units(user),
        memberships=list(
            VOMembership.objects.filter(user=user).select_related("vo").order_by("vo__name")
        ),
        contacts=list(
            VOContact.objects.filter(account=user)
            .select_related("card__vo")
            .order_by("card__vo__name", "name")
        ),
        shifts=list(
            Shift.objects.filter(person=user, ends_at__gt=at)
            .select_related("type__vo")
            .order_by("starts_at", "pk")
        ),
        requests=[
            *(request.unit.name for request in open_supporter_requests(user)),
            *(request.name for request in open_unit_requests(user)),
        ],
        links=CalendarLink.objects.filter(owner=user, expires_at__gt=at).count()
        + AdminLink.objects.filter(user=user, used_at=None, expires_at__gt=at).count(),
        is_fallback=FallbackPerson.objects.filter(user=user).exists(),
        is_admin=user.is_staff,
        is_last_admin=user.is_staff and not others.exists(),
    )


def open_supporter_requests(user: User) -> QuerySet[SupporterRequest]:
    """Return the units that the person asked to support, where nobody has decided."""
    return SupporterRequest.objects.filter(user=user, state=RequestState.OPEN).select_related(
        "unit"
    )


def open_unit_requests(user: User) -> QuerySet[UnitRequest]:
    """Return the new units that the person asked for, where nobody has decided."""
    return UnitRequest.objects.filter(requested_by=user, state=RequestState.OPEN)


def _units(user: User) -> list[UnitEffect]:
    is_other = Q(unit__memberships__user__is_active=True) & ~Q(unit__memberships__user=user)
    memberships = (
        UnitMembership.objects.filter(user=user)
        .select_related("unit")
        .annotate(
            others=Count("unit__memberships", filter=is_other),
            managers=Count(
                "unit__memberships", filter=is_other & Q(unit__memberships__is_manager=True)
            ),
        )
        .order_by("unit__name")
    )
    return [_effect(membership) for membership in memberships]


def _effect(membership: UnitMembership) -> UnitEffect:
    unit, others = membership.unit, membership.others  # type: ignore[attr-defined]
    state = UnitState(unit.state)
    if not others and state != UnitState.CLOSED:
        state = UnitState.MAIL_ONLY if unit.working_list else UnitState.NEEDS_CONTACT
    return UnitEffect(
        unit=unit,
        state=state,
        loses_last=not others and unit.state == UnitState.ACTIVE,
        loses_manager=bool(
            others and membership.is_manager and not membership.managers  # type: ignore[attr-defined]
        ),
    )
