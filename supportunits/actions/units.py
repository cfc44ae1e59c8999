"""Open, change and close support units. Their state follows from what they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean, clean_line
from supportunits import hours
from supportunits.actions.addresses import checked_address, first_address
from supportunits.actions.trace import traced
from supportunits.models import VO, ListState, SupportUnit, UnitKind, UnitMembership, UnitState
from topology.models import OperationsCentre, Site

CHANGEABLE = (
    "title",
    "description",
    "mailing_list",
    "list_is_closed",
    "quality",
    "time_zone",
    "opens_at",
    "closes_at",
    "weekdays",
    "holiday_country",
    "extra_days_off",
    "extra_working_days",
)
# There is one of each for the whole portal; the end of every chain cannot be closed.
NEVER_CLOSED = (UnitKind.TPM, UnitKind.SECURITY)


class NameTaken(SupportError):
    """Another unit has that name."""


class UnitMissesSomething(SupportError):
    """A unit of this kind needs more to be opened."""


class UnitIsNeeded(SupportError):
    """TPM and the security unit cannot be closed."""


class UnitIsClosed(SupportError):
    """The unit is closed."""


class HoursImpossible(SupportError):
    """Zone, hours or country cannot be."""


@dataclass(frozen=True, slots=True)
class OpenedUnits:
    """The units of a VO's sites: those just opened, and those that were there."""

    opened: list[SupportUnit]
    there: list[SupportUnit]

    @property
    def without_contact(self) -> list[SupportUnit]:
        """Return those to which no ticket can be given yet."""
        return [
            unit for unit in (*self.opened, *self.there) if unit.state == UnitState.NEEDS_CONTACT
        ]


@traced
def open_unit(
    *,
    name: str,
    kind: UnitKind,
    by: User | None,
    at: datetime,
    vo: VO | None = None,
    **fields: Any,
) -> SupportUnit:
    """Open a service unit or a unit of a VO.

    :param fields: any of ``CHANGEABLE``
    :raises UnitMissesSomething: a VO's unit without VO, or an empty name
    :raises NameTaken: a unit of this name is there
    :raises NotAnAddress: the mailing list is no address
    :raises HoursImpossible: zone, hours or country cannot be
    """
    name = clean_line(name)
    if kind not in (UnitKind.SERVICE, UnitKind.VO):
        raise UnitMissesSomething(
            _("Units of this kind belong to a site or an operations centre."),
            _("Open it on the page of the site or of the operations centre."),
        )
    if not name or "/" in name:
        raise UnitMissesSomething(
            _("A unit needs a name without a slash: the name is part of its address.")
        )
    if (kind == UnitKind.VO) != (vo is not None):
        raise UnitMissesSomething(_("A VO's unit needs its VO, other units have none."))
    if SupportUnit.objects.filter(name__iexact=name).exists():
        raise NameTaken(
            _("There is a unit named %(name)s already.") % {"name": name},
            _("Choose another name, or open that unit again if it is closed."),
        )
    unit = SupportUnit(name=name, kind=kind, vo=vo)
    _set(unit, fields)
    unit.save()
    return unit


@traced
def open_site_unit(*, site: Site, by: User | None, at: datetime) -> SupportUnit:
    """Open the unit of a site, or return the one that is there (open again if it was closed).

    The contact is the site's, the hours are in the site's zone.
    """
    return _open_for_place(
        kind=UnitKind.SITE,
        place=site,
        name=site.name,
        title=site.official_name,
        contact=first_address(site.contact),
        time_zone=site.zone,
        country=site.country_code,
    )[0]


@traced
def open_operations_centre_unit(
    *, centre: OperationsCentre, by: User | None, at: datetime
) -> SupportUnit:
    """Open the unit of an operations centre, or return the one that is there.

    The contact is the centre's helpdesk, else its general address.
    """
    return _open_for_place(
        kind=UnitKind.OPERATIONS_CENTRE,
        place=centre,
        name=centre.name,
        title=_("Operations centre %(name)s") % {"name": centre.name},
        contact=first_address(centre.helpdesk_email, centre.email),
        time_zone="UTC",
        country="",
    )[0]


@traced
def open_units_for_vo(*, vo: VO, by: User | None, at: datetime) -> OpenedUnits:
    """Open the units of all sites of the VO and of their operations centres; TPM is there always.

    Doing it again opens only what lacks. Closed units stay closed: somebody closed them.
    """
    sites = list(
        Site.objects.filter(vo_sites__vo=vo, gone_at=None)
        .select_related("operations_centre")
        .order_by("name")
    )
    centres = {site.operations_centre for site in sites if site.operations_centre}
    opened: list[SupportUnit] = []
    there = list(SupportUnit.objects.filter(kind=UnitKind.TPM))
    places: list[Site | OperationsCentre] = [
        *sorted(centres, key=lambda centre: centre.name),
        *sites,
    ]
    for place in places:
        unit = _unit_of(place)
        if unit is not None:
            there.append(unit)
        elif isinstance(place, Site):
            opened.append(open_site_unit(site=place, by=by, at=at))
        else:
            opened.append(open_operations_centre_unit(centre=place, by=by, at=at))
    return OpenedUnits(opened=opened, there=there)


@traced
def change_unit(
    *, unit: SupportUnit, changes: Mapping[str, Any], by: User | None, at: datetime
) -> SupportUnit:
    """Change what a unit says about itself: contact, title, hours, quality of support.

    Another mailing list is not proven, whatever the last one was.

    :param changes: new values of fields named in ``CHANGEABLE``
    :raises NotAnAddress: the mailing list is no address
    :raises HoursImpossible: zone, hours or country cannot be
    """
    unit = locked(unit)
    _set(unit, changes)
    unit.save()
    return unit


@traced
def close_unit(*, unit: SupportUnit, by: User | None, at: datetime) -> SupportUnit:
    """Close a unit. Its members keep their place for the day it opens again, but not their rights.

    :raises UnitIsNeeded: for TPM and the security unit
    """
    unit = locked(unit)
    if unit.kind in NEVER_CLOSED:
        raise UnitIsNeeded(
            _("%(unit)s cannot be closed: tickets end there when nobody else is responsible.")
            % {"unit": unit.name}
        )
    unit.state = UnitState.CLOSED
    unit.save(update_fields=["state"])
    return unit


@traced
def reopen_unit(*, unit: SupportUnit, by: User | None, at: datetime) -> SupportUnit:
    """Open a closed unit again; its state follows from what it has."""
    unit = locked(unit)
    unit.state = UnitState.NEEDS_CONTACT
    unit.state = state_of(unit)
    unit.save(update_fields=["state"])
    return unit


def locked(unit: SupportUnit) -> SupportUnit:
    """Return the unit's row, locked: two people may change members at the same moment."""
    return SupportUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)


def state_of(unit: SupportUnit) -> UnitState:
    """Return the state that follows from members and contact (domain: section 6).

    A closed unit stays closed until somebody opens it. A unit with members is active, also one
    without a list: its members are mailed one by one. Members whose account is inactive do not
    count, and neither does a list from which mail comes back.
    """
    if unit.state == UnitState.CLOSED:
        return UnitState.CLOSED
    if unit.pk and UnitMembership.objects.filter(unit=unit, user__is_active=True).exists():
        return UnitState.ACTIVE
    return UnitState.MAIL_ONLY if unit.working_list else UnitState.NEEDS_CONTACT


def restate(unit: SupportUnit) -> SupportUnit:
    """Store the state that follows from what the unit has now."""
    state = state_of(unit)
    if state != unit.state:
        unit.state = state
        unit.save(update_fields=["state"])
    return unit


def forget_proof(unit: SupportUnit) -> None:
    """Make the list one that nobody has proven; the caller saves the unit."""
    unit.list_state = ListState.UNPROVEN
    unit.list_proven_at = None
    unit.list_bounces = 0


def _set(unit: SupportUnit, changes: Mapping[str, Any]) -> None:
    for field, value in changes.items():
        if field not in CHANGEABLE:
            raise TypeError(f"{field} is not among what can be changed on a unit.")
        if field == "mailing_list":
            value = checked_address(value)
            if value.casefold() != unit.mailing_list.casefold():
                forget_proof(unit)
        elif field == "title":
            value = clean_line(value)
        elif field == "description":
            value = clean(value).strip()
        setattr(unit, field, value)
    try:
        if not set(unit.weekdays) & set(range(7)):
            raise ValueError(_("a week needs a working day"))
        hours.calendar_of(unit)
    except ValueError as error:
        raise HoursImpossible(
            _("These working hours cannot be: %(reason)s.") % {"reason": error},
            _("Look at the time zone, the hours and the country."),
        ) from error
    unit.state = state_of(unit)


def _unit_of(place: Site | OperationsCentre) -> SupportUnit | None:
    of_place = (
        Q(kind=UnitKind.SITE, site=place)
        if isinstance(place, Site)
        else Q(kind=UnitKind.OPERATIONS_CENTRE, operations_centre=place)
    )
    return SupportUnit.objects.filter(of_place).first()


def _open_for_place(
    *,
    kind: UnitKind,
    place: Site | OperationsCentre,
    name: str,
    title: str,
    contact: str,
    time_zone: str,
    country: str,
) -> tuple[SupportUnit, bool]:
    is_site = isinstance(place, Site)
    unit, is_new = SupportUnit.objects.select_for_update(no_key=True).get_or_create(
        kind=kind,
        **{"site" if is_site else "operations_centre": place},
        defaults={
            "name": _free_name(name.replace("/", "-"), kind),
            "title": clean_line(title),
            "mailing_list": contact,
            "time_zone": time_zone,
            "holiday_country": country,
            "state": UnitState.MAIL_ONLY if contact else UnitState.NEEDS_CONTACT,
        },
    )
    if is_new:
        _make_hours_possible(unit)
    elif unit.state == UnitState.CLOSED:
        unit.state = UnitState.NEEDS_CONTACT
        unit.state = state_of(unit)
        unit.save(update_fields=["state"])
    return unit, is_new


def _make_hours_possible(unit: SupportUnit) -> None:
    # A feed's zone or country may be one that we do not know; then the plain ones serve.
    for field, plain in (("holiday_country", ""), ("time_zone", "UTC")):
        try:
            hours.calendar_of(unit)
        except ValueError:
            setattr(unit, field, plain)
            unit.save(update_fields=[field])


def _free_name(name: str, kind: UnitKind) -> str:
    if not SupportUnit.objects.filter(name__iexact=name).exists():
        return name
    return f"{name} ({kind.label})"
