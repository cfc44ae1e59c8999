"""Which changes belong on the pages of units, people, VOs and sites; ``audit`` tells them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.audit import Part
from juno_support.accounts.models import User
from juno_support.lib.calendars import time_words
from supportunits.models import (
    VO,
    CardRequest,
    FallbackPerson,
    IssueType,
    OnCallContact,
    SupporterRequest,
    SupportRequest,
    SupportUnit,
    UnitFAQ,
    UnitMembership,
    UnitRequest,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)
from supportunits.shift_changes import parts_of_wishes
from topology.models import Site, SiteAlias


def parts_of_unit(unit: SupportUnit) -> tuple[Part, ...]:
    """Return what is told on a unit's page: itself, its members, requests and FAQ."""
    return (
        Part(
            SupportUnit,
            {"pgh_obj_id": unit.pk},
            noun=_("unit"),
            is_whole=True,
            words={
                "name": _("name"),
                "title": _("title"),
                "state": _("state"),
                "description": _("description"),
                "mailing_list": _("contact"),
                "list_is_closed": _("list read by supporters only"),
                "list_state": _("mailing list"),
                "list_proven_at": _("list proven"),
                "quality": _("quality of support"),
                "time_zone": _("time zone"),
                "opens_at": _("opens at"),
                "closes_at": _("closes at"),
                "weekdays": _("working days"),
                "holiday_country": _("holidays of"),
                "extra_days_off": _("own free days"),
                "extra_working_days": _("extra working days"),
                "site": _("site"),
                "operations_centre": _("operations centre"),
                "vo": _("VO"),
            },
            addresses={"mailing_list"},
            # what the mail server says again and again; the list's state tells what follows from it
            quiet={"kind", "list_bounces"},
            shown={"weekdays": _weekdays, "opens_at": time_words, "closes_at": time_words},
        ),
        _unit_members({"unit_id": unit.pk}, _("member %(user)s")),
        Part(
            SupporterRequest,
            {"unit_id": unit.pk},
            noun=_("request of %(user)s"),
            words={"state": _("state")},
            # what people write to each other is for those who decide
            quiet={"unit", "user", "words", "requested_at", "answer", "decided_at", "decided_by"},
        ),
        Part(
            UnitFAQ,
            {"unit_id": unit.pk},
            noun=_("FAQ"),
            words={"text": _("text")},
            quiet={"unit", "changed_at", "changed_by"},
        ),
    )


def parts_of_person(user: User) -> tuple[Part, ...]:
    """Return what is told on a person's page: the account, memberships and roles."""
    events: Any = VOContact
    return (
        Part(
            User,
            {"pgh_obj_id": user.pk},
            noun=_("account"),
            is_whole=True,
            words={
                "name": _("name"),
                "username": _("user name"),
                "email": _("e-mail address"),
                "is_staff": _("admin"),
                "is_active": _("account is active"),
            },
            addresses={"email"},
        ),
        _unit_members({"user_id": user.pk}, _("member of %(unit)s")),
        _vo_members({"user_id": user.pk}, _("member of VO %(vo)s")),
        Part(
            VOContact,
            # also what became of a contact after it was the person's
            {
                "pgh_obj_id__in": events.pgh_event_model.objects.filter(account_id=user.pk).values(
                    "pgh_obj_id"
                )
            },
            noun=_("contact %(name)s of a VO ID card"),
            words={"account": _("account"), "role": _("role")},
            quiet={"card", "name", "email", "dn", "phone"},
        ),
        Part(
            OnCallContact,
            {"user_id": user.pk},
            noun=_("how to reach on call"),
            words={
                "phone": _("phone"),
                "im_address": _("IM address"),
                "wakes_at": _("wakes at"),
                "sleeps_at": _("sleeps at"),
            },
            quiet={"user"},
        ),
        Part(
            FallbackPerson,
            {"user_id": user.pk},
            noun=_("stands behind TPM"),
            words={},
            quiet={"user", "added_at"},
        ),
        *parts_of_wishes(user.pk),
    )


def parts_of_vo(vo: VO) -> tuple[Part, ...]:
    """Return what is told on a VO's page: itself, sites, members, linked contacts, issue types."""
    card = VOIDCard.objects.filter(vo=vo).values_list("pk", flat=True).first()
    own_types = Part(
        IssueType,
        {"vo_id": vo.pk},
        noun=_("type of issue %(name)s"),
        words={
            "name": _("name"),
            "ggus_value": _("GGUS's value"),
            "is_security": _("security"),
            "is_active": _("in use"),
            "position": _("position"),
        },
        quiet={"vo"},
    )
    return (
        Part(
            VO,
            {"pgh_obj_id": vo.pk},
            noun=_("VO"),
            is_whole=True,
            words={
                "name": _("name"),
                "is_served": _("support runs here"),
                "has_team_tickets": _("TEAM tickets"),
                "mou_areas": _("MoU areas"),
                "propose_after_minutes": _("propose a ticket after so many minutes"),
            },
            quiet={"created_at"},
        ),
        Part(
            VOSite,
            {"vo_id": vo.pk},
            noun=_("site %(site)s"),
            words={
                "tier": _("tier"),
                "is_in_commissioning": _("in commissioning"),
                "contact_email": _("contact"),
            },
            addresses={"contact_email"},
            quiet={"vo", "site"},
        ),
        _vo_members({"vo_id": vo.pk}, _("member %(user)s")),
        Part(
            VOContact,
            {"card_id": card},
            noun=_("contact %(name)s"),
            words={"account": _("account"), "role": _("role"), "email": _("e-mail address")},
            addresses={"email"},
            quiet={"card", "name", "dn", "phone"},
        ),
        own_types,
        # the default list serves every VO without an own one
        replace(own_types, where={"vo_id": None}, noun=_("default type of issue %(name)s")),
        card_part({"vo_id": vo.pk}),
        Part(
            CardRequest,
            {"card_id": card},
            noun=_("change request %(id)s"),
            words={"state": _("state")},
            # the card's own page tells what was asked for, and why
            quiet={
                "key",
                "card",
                "asked_by",
                "asked_at",
                "note",
                "old",
                "new",
                "decided_by",
                "decided_at",
                "reason",
                "approved_fields",
            },
        ),
        Part(
            SupportRequest,
            {"vo_id": vo.pk},
            noun=_("dedicated user support"),
            words={"state": _("state"), "unit": _("unit"), "reason": _("reason")},
            quiet={"vo", "asked_by", "asked_at", "decided_by", "decided_at", "active_at"},
        ),
    )


def _unit_members(where: dict[str, object], noun: Any) -> Part:
    return Part(
        UnitMembership,
        where,
        noun=noun,
        words={"is_manager": _("manager")},
        quiet={"unit", "user", "added_at"},
    )


def _vo_members(where: dict[str, object], noun: Any) -> Part:
    return Part(
        VOMembership,
        where,
        noun=noun,
        words={"is_shifter": _("shifter"), "is_alarmer": _("alarmer")},
        quiet={"vo", "user"},
    )


def card_part(where: dict[str, object]) -> Part:
    """Return what is told of a VO ID card: every field by the name that it has in the Portal."""
    quiet = {"vo", "changed_at"}
    lists = {field.name for field in VOIDCard._meta.concrete_fields if field.name.endswith("_list")}
    return Part(
        VOIDCard,
        where,
        noun=_("card"),
        words={
            field.name: field.verbose_name
            for field in VOIDCard._meta.concrete_fields
            if field.name not in quiet | {"id"}
        },
        addresses=lists,
        quiet=quiet,
    )


def parts_of_site(site: Site) -> tuple[Part, ...]:
    """Return what is told on a site's page: what admins overrode, and the source's big changes."""
    return (
        Part(
            Site,
            {"pgh_obj_id": site.pk},
            noun=_("site"),
            is_whole=True,
            words={
                "name": _("name"),
                "contact_email_override": _("contact by an admin"),
                "emergency_email_override": _("emergency address by an admin"),
                "time_zone_override": _("time zone by an admin"),
                "note": _("note"),
                "certification_status": _("certification status"),
                "gone_at": _("not told by the source since"),
            },
            addresses={"contact_email_override", "emergency_email_override"},
        ),
        Part(
            SiteAlias,
            {"site_id": site.pk},
            noun=_("alias %(name)s"),
            words={"name": _("name"), "site": _("site"), "namespace": _("names of")},
        ),
    )


def parts_of_unit_requests() -> tuple[Part, ...]:
    """Return what is told on the page of requests for new units."""
    return (
        Part(
            UnitRequest,
            {},
            noun=_("request for %(name)s"),
            words={"state": _("state"), "unit": _("unit")},
            quiet={
                "key",
                "name",
                "title",
                "kind",
                "vo",
                "mailing_list",
                "words",
                "wants_to_manage",
                "requested_by",
                "requested_at",
                "answer",
                "decided_at",
                "decided_by",
            },
        ),
    )


def parts_of_fallback() -> tuple[Part, ...]:
    """Return what is told on the page of the people behind TPM."""
    return (Part(FallbackPerson, {}, noun="%(user)s", words={}, quiet={"user", "added_at"}),)


def _weekdays(days: Iterable[int]) -> str:
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in sorted(set(days) & set(range(7))))
