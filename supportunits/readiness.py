"""What a support unit still lacks to serve a VO (domain: section 8, dedicated user support)."""

from django.utils.translation import gettext as _

from supportunits.models import ListState, SupportUnit, UnitMembership, UnitState


def unit_is_ready(unit: SupportUnit) -> bool:
    """Return whether the unit's list is proven and at least one supporter is registered.

    At most one query.
    """
    return unit.list_state == ListState.PROVEN and has_supporter(unit)


def has_supporter(unit: SupportUnit) -> bool:
    """Return whether the unit is not closed and has a member whose account is active."""
    return (
        unit.state != UnitState.CLOSED
        and UnitMembership.objects.filter(unit=unit, user__is_active=True).exists()
    )


def what_is_missing(unit: SupportUnit) -> list[str]:
    """Return what the unit lacks to be ready, each a short phrase; empty when it is ready."""
    missing = []
    if unit.state == UnitState.CLOSED:
        missing.append(_("the unit is closed"))
    if not unit.mailing_list:
        missing.append(_("it has no mailing list"))
    elif unit.list_state == ListState.FAILING:
        missing.append(_("mail to its list comes back"))
    elif unit.list_state == ListState.LAPSED:
        missing.append(_("the proof of its list has lapsed"))
    elif unit.list_state != ListState.PROVEN:
        missing.append(_("its list is not proven"))
    if unit.state != UnitState.CLOSED and not has_supporter(unit):
        missing.append(_("it has no supporter"))
    return missing
