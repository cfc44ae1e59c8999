"""Whether anybody is at TPM, and who stands in where nobody is (domain: section 6).

TPM is the end of every chain. Whoever is on shift is TPM; people whom an admin named stand in while
TPM has no supporter and nobody is on shift.
"""

from datetime import datetime

from juno_support.accounts.models import User
from supportunits.models import Shift, UnitKind, UnitMembership, UnitState


def has_members() -> bool:
    """Return whether TPM has a supporter whose account is active. One query."""
    return UnitMembership.objects.filter(
        unit__kind=UnitKind.TPM, unit__state=UnitState.ACTIVE, user__is_active=True
    ).exists()


def on_shift(*, at: datetime) -> list[User]:
    """Return who is on shift, for whatever VO, each person once. One query.

    Shifts of a type that is out of use make nobody TPM.
    """
    shifts = Shift.objects.filter(
        starts_at__lte=at, ends_at__gt=at, person__is_active=True, type__is_active=True
    )
    found = {shift.person_id: shift.person for shift in shifts.select_related("person")}
    return [person for person in found.values() if person is not None]


def is_anybody_at_tpm(*, at: datetime) -> bool:
    """Return whether somebody reads what comes to TPM. Two queries at most."""
    return has_members() or bool(on_shift(at=at))


def people() -> list[User]:
    """Return who stands in for TPM, by name; people whose account is inactive do not."""
    named = User.objects.filter(tpm_fallback__isnull=False, is_active=True)
    return list(named.order_by("name", "pk"))
