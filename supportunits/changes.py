"""What people changed on units, VOs and roles: who, when, old and new, from pghistory's events.

Event rows outlive what they speak of, so names are looked up by primary key and may be missing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pghistory.models import Context

from juno_support.accounts.models import User
from supportunits.models import (
    VO,
    SupportUnit,
    UnitMembership,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)
from topology.models import Site

_UNIT_WORDS = {
    "name": gettext_lazy("name"),
    "title": gettext_lazy("title"),
    "state": gettext_lazy("state"),
    "description": gettext_lazy("description"),
    "mailing_list": gettext_lazy("contact"),
    "list_is_closed": gettext_lazy("list read by supporters only"),
    "quality": gettext_lazy("quality of support"),
    "time_zone": gettext_lazy("time zone"),
    "opens_at": gettext_lazy("opens at"),
    "closes_at": gettext_lazy("closes at"),
    "weekdays": gettext_lazy("working days"),
    "holiday_country": gettext_lazy("holidays of"),
    "extra_days_off": gettext_lazy("own free days"),
    "extra_working_days": gettext_lazy("extra working days"),
}
_PERSON_WORDS = {
    "name": gettext_lazy("name"),
    "username": gettext_lazy("user name"),
    "email": gettext_lazy("e-mail address"),
    "is_staff": gettext_lazy("admin"),
    "is_active": gettext_lazy("account is active"),
}
_VO_WORDS = {
    "has_team_tickets": gettext_lazy("TEAM tickets"),
    "mou_areas": gettext_lazy("MoU areas"),
    "propose_after_minutes": gettext_lazy("propose a ticket after so many minutes"),
}
_VO_SITE_WORDS = {
    "tier": gettext_lazy("tier"),
    "is_in_commissioning": gettext_lazy("in commissioning"),
    "contact_email": gettext_lazy("contact"),
}
_SITE_WORDS = {
    "name": gettext_lazy("name"),
    "contact_email_override": gettext_lazy("contact by an admin"),
    "emergency_email_override": gettext_lazy("emergency address by an admin"),
    "time_zone_override": gettext_lazy("time zone by an admin"),
    "note": gettext_lazy("note"),
    "certification_status": gettext_lazy("certification status"),
}
_CONTACT_WORDS = {"account_id": gettext_lazy("account")}
_VO_MEMBER_WORDS = {
    "is_shifter": gettext_lazy("shifter"),
    "is_alarmer": gettext_lazy("alarmer"),
}
_MANAGER_WORDS = {"is_manager": gettext_lazy("manager")}


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in words; ``old`` and ``new`` are empty where a row came or went."""

    at: datetime
    who: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Step:
    """An event, and the one before it of the same row (None: the first, or too long ago)."""

    event: Any
    before: Any


Subject = Callable[[Any, "_Names"], str]


def changes_of_unit(unit: SupportUnit, *, limit: int = 20) -> list[Change]:
    """Return the latest changes of a unit and of its members, newest first. Five queries."""
    return _told(
        [
            (_steps(SupportUnit, {"pgh_obj_id": unit.pk}, limit), _unit, _UNIT_WORDS),
            (
                _steps(UnitMembership, {"unit_id": unit.pk}, limit),
                lambda event, names: _("member %(name)s") % {"name": names.user(event.user_id)},
                _MANAGER_WORDS,
            ),
        ],
        limit,
    )


def changes_of_person(user: User, *, limit: int = 30) -> list[Change]:
    """Return the latest changes of a person's roles, newest first. Nine queries."""
    return _told(
        [
            (_steps(User, {"pgh_obj_id": user.pk}, limit), _account, _PERSON_WORDS),
            (
                _steps(UnitMembership, {"user_id": user.pk}, limit),
                lambda event, names: _("member of %(unit)s") % {"unit": names.unit(event.unit_id)},
                _MANAGER_WORDS,
            ),
            (
                _steps(VOMembership, {"user_id": user.pk}, limit),
                lambda event, names: _("member of VO %(vo)s") % {"vo": names.vo(event.vo_id)},
                _VO_MEMBER_WORDS,
            ),
        ],
        limit,
    )


def changes_of_vo(vo: VO, *, limit: int = 20) -> list[Change]:
    """Return the latest changes of a VO, its sites, members and linked contacts, newest first."""
    card = VOIDCard.objects.filter(vo=vo).values_list("pk", flat=True).first()
    return _told(
        [
            (_steps(VO, {"pgh_obj_id": vo.pk}, limit), _vo, _VO_WORDS),
            (
                _steps(VOSite, {"vo_id": vo.pk}, limit),
                lambda event, names: _("site %(name)s") % {"name": names.site(event.site_id)},
                _VO_SITE_WORDS,
            ),
            (
                _steps(VOMembership, {"vo_id": vo.pk}, limit),
                lambda event, names: _("member %(name)s") % {"name": names.user(event.user_id)},
                _VO_MEMBER_WORDS,
            ),
            (
                _steps(VOContact, {"card_id": card}, limit),
                lambda event, names: _("contact %(name)s") % {"name": event.name},
                _CONTACT_WORDS,
            ),
        ],
        limit,
    )


def changes_of_site(site: Site, *, limit: int = 20) -> list[Change]:
    """Return the latest changes of a site, by admins and by its source, newest first."""
    return _told([(_steps(Site, {"pgh_obj_id": site.pk}, limit), _site, _SITE_WORDS)], limit)


class _Names:
    """Names of rows by primary key, each kind with one query for all events."""

    def __init__(self, events: Iterable[Any], more_users: Iterable[int]) -> None:
        wanted: dict[str, set[int]] = {"user": set(more_users)}
        for event in events:
            for field in ("user", "unit", "vo", "site", "account"):
                key = getattr(event, f"{field}_id", None)
                if key is not None:
                    wanted.setdefault(field, set()).add(key)
        users = wanted["user"] | wanted.get("account", set())
        self._users = self._load(User, users)
        self._units = self._load(SupportUnit, wanted.get("unit", set()))
        self._vos = self._load(VO, wanted.get("vo", set()))
        self._sites = self._load(Site, wanted.get("site", set()))

    @staticmethod
    def _load(model: type[models.Model], keys: set[int]) -> dict[int, Any]:
        return model._default_manager.in_bulk(keys) if keys else {}

    def user(self, key: int | None) -> str:
        return self._word(self._users, key)

    def unit(self, key: int) -> str:
        return self._word(self._units, key)

    def vo(self, key: int) -> str:
        return self._word(self._vos, key)

    def site(self, key: int) -> str:
        return self._word(self._sites, key)

    @staticmethod
    def _word(rows: Mapping[int, Any], key: int | None) -> str:
        if key is None:
            return ""
        return str(rows[key]) if key in rows else _("somebody or something deleted")


def _steps(model: Any, where: dict[str, Any], limit: int) -> list[_Step]:
    # One more than the limit for each row's "before"; what is older is not told.
    events = list(
        model.pgh_event_model.objects.filter(**where).order_by("-pgh_id")[: 2 * limit + 1]
    )
    steps = []
    for position, event in enumerate(events):
        before = next(
            (older for older in events[position + 1 :] if older.pgh_obj_id == event.pgh_obj_id),
            None,
        )
        steps.append(_Step(event, before))
    return steps


def _told(groups: list[tuple[list[_Step], Subject, Mapping[str, Any]]], limit: int) -> list[Change]:
    events = [step.event for steps, _subject, _words in groups for step in steps]
    contexts = Context.objects.in_bulk(
        {event.pgh_context_id for event in events if event.pgh_context_id}
    )
    facts = {key: context.metadata or {} for key, context in contexts.items()}
    names = _Names(events, {fact["user"] for fact in facts.values() if fact.get("user")})
    changes: list[tuple[datetime, Change]] = []
    for steps, subject, words in groups:
        for step in steps:
            fact = facts.get(step.event.pgh_context_id, {})
            who = names.user(fact.get("user")) or _("the portal")
            at = datetime.fromisoformat(fact["at"]) if "at" in fact else step.event.pgh_created_at
            changes += [
                (step.event.pgh_created_at, Change(at, who, what, old, new))
                for what, old, new in _differences(step, subject, words, names)
            ]
    # Of one moment, what the database saw last comes first.
    changes.sort(key=lambda told: (told[1].at, told[0]), reverse=True)
    return [change for _created_at, change in changes[:limit]]


def _differences(
    step: _Step, subject: Subject, words: Mapping[str, Any], names: _Names
) -> list[tuple[str, str, str]]:
    about = subject(step.event, names)
    if step.event.pgh_label == "insert":
        return [(_("%(what)s: added") % {"what": about}, "", "")]
    if step.event.pgh_label == "delete":
        return [(_("%(what)s: removed") % {"what": about}, "", "")]
    if step.before is None:
        return []
    return [
        (
            f"{about}: {word}" if about else str(word),
            _text(step.before, field, names),
            _text(step.event, field, names),
        )
        for field, word in words.items()
        if getattr(step.event, field) != getattr(step.before, field)
    ]


def _text(event: Any, field: str, names: _Names) -> str:
    value = getattr(event, field)
    if field == "account_id":
        return names.user(value) or "-"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "-"
    display = getattr(event, f"get_{field}_display", None)
    return str(display() if display else value) or "-"


def _unit(event: Any, names: _Names) -> str:
    return _("unit") if event.pgh_label == "insert" else ""


def _site(event: Any, names: _Names) -> str:
    return _("site") if event.pgh_label == "insert" else ""


def _vo(event: Any, names: _Names) -> str:
    return _("VO") if event.pgh_label == "insert" else ""


def _account(event: Any, names: _Names) -> str:
    return _("account") if event.pgh_label == "insert" else ""
