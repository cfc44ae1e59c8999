"""Make rows for tests: plain keyword-only functions with defaults that mean something."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

from django.db import connection

from juno_support.accounts.models import User
from monitoring.models import Downtime
from supportunits.models import (
    VO,
    IssueType,
    OnCallContact,
    Shift,
    ShiftType,
    SupportUnit,
    Tier,
    UnitKind,
    UnitMembership,
    UnitState,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)
from topology.models import OperationsCentre, Service, Site
from topology.models.site import CertificationStatus

# A Monday inside working hours in Beijing, Lyon, Rome and Moscow.
AT = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)

_number = count(1)


def database_url() -> str:
    """Return the address of the tests' own database, for a process beside them."""
    own = connection.settings_dict
    host = f"?host={quote(own['HOST'])}" if own["HOST"] else ""
    port = f"&port={own['PORT']}" if own["PORT"] else ""
    who = quote(own["USER"]) + (f":{quote(own['PASSWORD'])}" if own["PASSWORD"] else "")
    return f"postgresql://{who}@/{own['NAME']}{host}{port}"


def make_user(
    *,
    username: str = "",
    name: str = "",
    time_zone: str = "UTC",
    password: str = "",
    **fields: Any,
) -> User:
    """Make an account; without a password nobody can sign in by one (tests use ``client_of``)."""
    username = username or f"person{next(_number)}"
    user = User(
        username=username,
        name=name or username.title(),
        email=fields.pop("email", f"{username}@example.org"),
        time_zone=time_zone,
        **fields,
    )
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save()
    return user


def make_operations_centre(*, name: str = "NGI_FRANCE", **fields: Any) -> OperationsCentre:
    """Make an operations centre as GOCDB would have told it."""
    fields.setdefault("email", f"{name.lower()}@example.org")
    return OperationsCentre.objects.create(
        source=fields.pop("source", "gocdb"),
        key=fields.pop("key", name),
        name=name,
        **fields,
    )


def make_site(
    *,
    name: str = "",
    operations_centre: OperationsCentre | None = None,
    certification_status: str = CertificationStatus.CERTIFIED,
    **fields: Any,
) -> Site:
    """Make a site as GOCDB would have told it: certified, with contact and emergency address."""
    name = name or f"SITE-{next(_number)}"
    host = name.lower()
    fields.setdefault("contact_email", f"contact@{host}.example.org")
    fields.setdefault("emergency_email", f"emergency@{host}.example.org")
    return Site.objects.create(
        source=fields.pop("source", "gocdb"),
        key=fields.pop("key", f"{next(_number)}G0"),
        name=name,
        operations_centre=operations_centre,
        certification_status=certification_status,
        **fields,
    )


def make_service(
    *, site: Site, hostname: str = "", service_type: str = "SRM", **fields: Any
) -> Service:
    """Make a service endpoint of the site, in production and monitored."""
    number = next(_number)
    return Service.objects.create(
        source=fields.pop("source", "gocdb"),
        key=fields.pop("key", f"{number}G0"),
        site=site,
        hostname=hostname or f"host{number}.example.org",
        service_type=service_type,
        **fields,
    )


def make_unit(
    *,
    name: str = "",
    kind: str = UnitKind.SERVICE,
    members: tuple[User, ...] = (),
    managers: tuple[User, ...] = (),
    mailing_list: str | None = None,
    state: str | None = None,
    **fields: Any,
) -> SupportUnit:
    """Make a unit with members; of TPM and the security unit there is one, which is changed.

    Its state follows from members and mailing list, unless it is given.
    """
    if mailing_list is None:
        mailing_list = f"{(name or kind).lower()}-list@example.org"
    if state is None:
        state = UnitState.NEEDS_CONTACT
        if members or managers:
            state = UnitState.ACTIVE
        elif mailing_list:
            state = UnitState.MAIL_ONLY
    fields |= {"mailing_list": mailing_list, "state": state}
    if kind in (UnitKind.TPM, UnitKind.SECURITY):
        unit, _ = SupportUnit.objects.update_or_create(
            kind=kind, defaults=fields | ({"name": name} if name else {})
        )
    else:
        unit = SupportUnit.objects.create(name=name or f"Unit {next(_number)}", kind=kind, **fields)
    for user in (*members, *managers):
        UnitMembership.objects.create(
            unit=unit, user=user, is_manager=user in managers, added_at=AT
        )
    return unit


def make_site_unit(*, site: Site, **fields: Any) -> SupportUnit:
    """Make the unit of a site, named as the site."""
    return make_unit(name=fields.pop("name", site.name), kind=UnitKind.SITE, site=site, **fields)


def make_vo(*, name: str = "juno", is_served: bool = True, **fields: Any) -> VO:
    """Make a VO."""
    return VO.objects.create(
        name=name,
        is_served=is_served,
        created_at=fields.pop("created_at", AT),
        **fields,
    )


def make_card(*, vo: VO, **fields: Any) -> VOIDCard:
    """Make the ID card of a VO."""
    fields.setdefault("scope", "Global")
    return VOIDCard.objects.create(vo=vo, **fields)


def make_contact(
    *,
    card: VOIDCard,
    role: str,
    account: User | None = None,
    name: str = "",
    **fields: Any,
) -> VOContact:
    """Make a contact of a card, linked to an account or not."""
    return VOContact.objects.create(
        card=card,
        role=role,
        account=account,
        name=name or (account.name if account else "Somebody"),
        **fields,
    )


def join_vo(
    *, vo: VO, user: User, is_shifter: bool = False, is_alarmer: bool = False
) -> VOMembership:
    """Make somebody a member of a VO."""
    return VOMembership.objects.create(
        vo=vo, user=user, is_shifter=is_shifter, is_alarmer=is_alarmer
    )


def make_vo_site(*, vo: VO, site: Site, tier: int = Tier.TIER_2, **fields: Any) -> VOSite:
    """List a site among those of a VO."""
    return VOSite.objects.create(vo=vo, site=site, tier=tier, **fields)


def make_issue_type(
    *,
    vo: VO | None = None,
    name: str = "Jobs",
    ggus_value: str = "Other",
    **fields: Any,
) -> IssueType:
    """Make a type of issue of a VO, or of the default list."""
    return IssueType.objects.create(vo=vo, name=name, ggus_value=ggus_value, **fields)


def make_shift_type(*, vo: VO, name: str = "On call", **fields: Any) -> ShiftType:
    """Make a type of shift: a week from Monday 08:00 UTC, round the clock."""
    return ShiftType.objects.create(vo=vo, name=name, **fields)


def make_shift(
    *,
    type: ShiftType,
    person: User | None,
    starts_at: datetime = AT,
    length: timedelta = timedelta(hours=8),
) -> Shift:
    """Put somebody on shift (None: a gap), as a rule for eight hours."""
    return Shift.objects.create(
        type=type, person=person, starts_at=starts_at, ends_at=starts_at + length
    )


def make_on_call_contact(
    *, user: User, phone: str = "+86 10 5550100", im_address: str = "", **fields: Any
) -> OnCallContact:
    """Say how somebody is reached while on call."""
    return OnCallContact.objects.create(user=user, phone=phone, im_address=im_address, **fields)


def make_downtime(
    *, site: Site, starts_at: datetime, ends_at: datetime, severity: str = "OUTAGE", **fields: Any
) -> Downtime:
    """Declare a downtime of a site, as GOCDB would have told it."""
    return Downtime.objects.create(
        source="gocdb",
        key=fields.pop("key", f"D{next(_number)}"),
        site=site,
        severity=severity,
        classification=fields.pop("classification", "SCHEDULED"),
        declared_at=fields.pop("declared_at", starts_at),
        starts_at=starts_at,
        ends_at=ends_at,
        first_seen_at=starts_at,
        changed_at=starts_at,
        **fields,
    )
