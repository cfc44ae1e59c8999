"""Virtual organisations: their cards, members, contacts and sites."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from supportunits import card_content, policies
from supportunits.actions import cards
from supportunits.actions.addresses import checked_address
from supportunits.actions.members import refuse_inactive
from supportunits.actions.rota import free_shifts_of
from supportunits.actions.trace import traced
from supportunits.models import (
    VO,
    IssueType,
    VersionSource,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)
from topology.models import Site
from topology.models.site import CertificationStatus

MOST_AREAS = 50


class VONameImpossible(SupportError):
    """A VO's name is missing, taken, or not like a DNS name."""


class SiteNeedsCommissioning(SupportError):
    """A site that is not certified can be listed only as in commissioning."""


class ContactMissing(SupportError):
    """A site in commissioning needs a contact."""


class SiteIsClosed(SupportError):
    """A closed site cannot be listed."""


class TooManyAreas(SupportError):
    """A VO's list of MoU areas is too long, or one of its names is."""


class NotServedHere(SupportError):
    """The VO's support does not run in this portal."""


class NotInVO(SupportError):
    """The person or site does not belong to the VO."""


@traced
def make_vo(
    *,
    name: str,
    by: User | None,
    at: datetime,
    is_served: bool = False,
    has_team_tickets: bool = True,
) -> VO:
    """Make a VO with an empty ID card.

    :param is_served: its support runs in this portal
    :param has_team_tickets: its shifters may file TEAM tickets
    :raises VONameImpossible: empty, taken (in whatever case), or with a slash
    """
    name = clean_line(name)
    if not name or "/" in name:
        raise VONameImpossible(_("A VO needs a name without a slash."))
    if VO.objects.filter(name__iexact=name).exists():
        raise VONameImpossible(_("There is a VO named %(name)s already.") % {"name": name})
    vo = VO.objects.create(
        name=name,
        is_served=is_served,
        has_team_tickets=has_team_tickets,
        created_at=at,
    )
    VOIDCard.objects.create(vo=vo)
    return vo


@traced
def set_served(*, vo: VO, is_served: bool, by: User | None, at: datetime) -> VO:
    """Say whether the VO's support runs in this portal.

    From then on its card is a full one that imports leave alone; a VO that is served no more
    becomes a mirror again at the next import. Contacts of a mirror give nobody a right.
    """
    vo = VO.objects.select_for_update().get(pk=vo.pk)
    vo.is_served = is_served
    vo.save(update_fields=["is_served"])
    VOIDCard.objects.get_or_create(vo=vo)
    return vo


@traced
def write_card(
    *,
    vo: VO,
    by: User | None,
    at: datetime,
    contacts: Iterable[Mapping[str, Any]] | None = None,
    **fields: Any,
) -> VOIDCard:
    """Write fields of a VO's ID card, and its contacts if they are given, as its newest version.

    Contacts are matched by name and role, or by role and address where the name is new, so that an
    account that an admin linked stays linked; nothing but ``link_contact`` ever links one.

    :param contacts: each with name and role, and email, dn, phone if known; the whole list
    """
    card = cards.locked(vo)
    for field in fields:
        if field not in card_content.LABELS or field == "contacts":
            raise TypeError(f"{field} is not a field of a VO ID card.")
    fields.setdefault("changed_at", at)
    if contacts is not None:
        fields["contacts"] = [dict(contact) for contact in contacts]
    cards.store(card=card, fields=fields, source=VersionSource.WRITTEN, by=by, at=at)
    return card


@traced
def set_vo_member(
    *,
    vo: VO,
    user: User,
    by: User | None,
    at: datetime,
    is_shifter: bool = False,
    is_alarmer: bool = False,
) -> VOMembership:
    """Make somebody a member of the VO with just these roles, or change a member's roles.

    The shifts of who is a shifter no more become gaps.

    :raises AccountIsInactive: the person left
    """
    refuse_inactive(user)
    membership, _is_new = VOMembership.objects.update_or_create(
        vo=vo, user=user, defaults={"is_shifter": is_shifter, "is_alarmer": is_alarmer}
    )
    if not is_shifter:
        free_shifts_of(user=user, vo=vo, by=by, at=at)
    policies.forget(user)
    return membership


@traced
def remove_vo_member(*, vo: VO, user: User, by: User | None, at: datetime) -> None:
    """End somebody's membership of the VO; the person's shifts become gaps.

    :raises NotInVO: the person is no member
    """
    removed, _rows = VOMembership.objects.filter(vo=vo, user=user).delete()
    free_shifts_of(user=user, vo=vo, by=by, at=at)
    policies.forget(user)
    if not removed:
        raise NotInVO(
            _("%(name)s is not a member of %(vo)s (any more).")
            % {"name": user.get_full_name(), "vo": vo.name}
        )


@traced
def link_contact(
    *, contact: VOContact, account: User | None, by: User | None, at: datetime
) -> VOContact:
    """Say which account a contact of a card is (None: nobody's). An admin's word, never a guess.

    :raises AccountIsInactive: the person left
    :raises NotServedHere: the card is a mirror, whose contacts give nobody a right
    """
    if account is not None:
        refuse_inactive(account)
        if not contact.card.vo.is_served:
            raise NotServedHere(
                _("%(vo)s is not supported here: its contacts have no rights in this portal.")
                % {"vo": contact.card.vo.name}
            )
    contact = VOContact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    before = contact.account
    contact.account = account
    contact.save(update_fields=["account"])
    for user in (before, account):
        if user is not None:
            policies.forget(user)
    return contact


@traced
def set_vo_site(
    *,
    vo: VO,
    site: Site,
    tier: int,
    by: User | None,
    at: datetime,
    is_in_commissioning: bool = False,
    contact_email: str = "",
) -> VOSite:
    """List a site among those of the VO, or change how it is listed.

    A site whose certification is not known is listed as any other: missing data bars nobody.

    :raises SiteIsClosed: the site is closed or gone
    :raises SiteNeedsCommissioning: it is not certified and not said to be in commissioning
    :raises ContactMissing: it is in commissioning and no contact is given
    :raises NotAnAddress: the contact is no address
    """
    contact_email = checked_address(contact_email)
    status = site.certification_status
    if status == CertificationStatus.CLOSED or site.gone_at is not None:
        raise SiteIsClosed(_("%(site)s is closed or gone from its source.") % {"site": site.name})
    if (
        status in (CertificationStatus.CANDIDATE, CertificationStatus.UNCERTIFIED)
        and not is_in_commissioning
    ):
        raise SiteNeedsCommissioning(
            _("%(site)s is not certified.") % {"site": site.name},
            _("List it as in commissioning, with a contact."),
        )
    if is_in_commissioning and not contact_email:
        raise ContactMissing(
            _("A site in commissioning needs a contact."),
            _("Write the address of those who set the site up."),
        )
    vo_site, _is_new = VOSite.objects.update_or_create(
        vo=vo,
        site=site,
        defaults={
            "tier": tier,
            "is_in_commissioning": is_in_commissioning,
            "contact_email": contact_email,
        },
    )
    return vo_site


@traced
def remove_vo_site(*, vo: VO, site: Site, by: User | None, at: datetime) -> None:
    """Take a site off the VO's list.

    :raises NotInVO: it is not on it
    """
    removed, _rows = VOSite.objects.filter(vo=vo, site=site).delete()
    if not removed:
        raise NotInVO(
            _("%(site)s is not among the sites of %(vo)s (any more).")
            % {"site": site.name, "vo": vo.name}
        )


@traced
def set_issue_types(
    *, vo: VO, types: Iterable[tuple[str, str]], by: User | None, at: datetime
) -> list[IssueType]:
    """Give a VO its own list of types of issue, in this order.

    Types that are no longer listed become inactive; tickets keep them.

    :param types: pairs of the VO's name and GGUS's value; GGUS's *Security* is restricted
    """
    kept = []
    for position, (name, value) in enumerate(types, start=1):
        row, _is_new = IssueType.objects.update_or_create(
            vo=vo,
            name=clean_line(name),
            defaults={
                "ggus_value": value,
                "is_security": value == "Security",
                "is_active": True,
                "position": position,
            },
        )
        kept.append(row)
    IssueType.objects.filter(vo=vo).exclude(pk__in=[row.pk for row in kept]).update(is_active=False)
    return kept


@traced
def set_team_tickets(
    *,
    vo: VO,
    has_team_tickets: bool,
    mou_areas: Iterable[str],
    propose_after_minutes: int | None,
    by: User | None,
    at: datetime,
) -> VO:
    """Say whether the VO's shifters file TEAM tickets, and what these need.

    :param mou_areas: the VO's MoU areas in their order; empty: TEAM tickets need none
    :param propose_after_minutes: how long a site must be bad before it is proposed for a ticket;
        None: what the instance says
    :raises TooManyAreas: more than ``MOST_AREAS``, or a name that is longer than 200 characters
    """
    areas = list(dict.fromkeys(name for each in mou_areas if (name := clean_line(each))))
    if len(areas) > MOST_AREAS or any(len(name) > 200 for name in areas):
        raise TooManyAreas(
            _("A VO can keep %(most)s MoU areas, each of 200 characters.") % {"most": MOST_AREAS}
        )
    vo = VO.objects.select_for_update().get(pk=vo.pk)
    vo.has_team_tickets = has_team_tickets
    vo.mou_areas = areas
    vo.propose_after_minutes = propose_after_minutes
    vo.save(update_fields=["has_team_tickets", "mou_areas", "propose_after_minutes"])
    return vo
