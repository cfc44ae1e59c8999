"""The page of one support unit, and the changes that its managers make on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.audit_lines import Trace, trace
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib import clock, display, markdown
from juno_support.lib.calendars import time_words
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages.supporter_lines import RequestProblem, open_requests
from juno_support.pages.unit_finding import find_to_change, find_unit
from juno_support.pages.unit_proof import list_words
from juno_support.pages.unit_words import (
    MAY_STAY_MAIL_ONLY,
    MOST_COUNTED,
    count_word,
    queue_of,
    response_times,
    state_pill,
    weekday_words,
    zone_words,
)
from supportunits import changes, policies, queries
from supportunits import forms as unit_forms
from supportunits.actions import members as member_actions
from supportunits.actions import units as unit_actions
from supportunits.actions.supporters import open_request
from supportunits.models import ListState, SupportUnit, UnitFAQ, UnitKind, UnitMembership, UnitState
from supportunits.presence import presence_words
from tickets import policies as ticket_policies
from tickets.queries import count_text
from tickets.reports.response_times import response_counts

_CLOCKS = {
    "late": gettext_lazy("Response late"),
    "amber": gettext_lazy("Response nearly due"),
    "silent": gettext_lazy("No public word for five working days"),
}
_FORMS: dict[str, type[forms.Form]] = {
    "about": unit_forms.AboutForm,
    "contact": unit_forms.ContactForm,
    "hours": unit_forms.HoursForm,
    "quality": unit_forms.QualityForm,
}


@require_safe
@allowed_if(is_signed_in)
def unit_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a unit is for, its state, members, hours and quality of support."""
    unit = find_unit(name)
    return show_unit(request, unit)


@require_POST
@checked_inside
def change_unit(request: HttpRequest, name: str) -> HttpResponse:
    """Change one part of a unit: what it is for, contact, hours, or quality of support."""
    unit = find_to_change(request, name)
    part = request.POST.get("part", "")
    if part not in _FORMS:
        raise Http404
    form = _FORMS[part](request.POST)
    if form.is_valid():
        try:
            unit = unit_actions.change_unit(
                unit=unit, changes=form.cleaned_data, by=cast(User, request.user), at=clock.now()
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Changed: %(part)s.") % {"part": _part_word(part)})
            return redirect("units:unit", name=unit.name)
    return show_unit(request, unit, wrong={part: form})


@require_POST
@checked_inside
def change_members(request: HttpRequest, name: str) -> HttpResponse:
    """Add or remove a member, or change who manages the unit."""
    unit = find_to_change(request, name)
    person = get_object_or_404(User, username=request.POST.get("person", ""))
    facts: dict[str, Any] = {
        "unit": unit,
        "user": person,
        "by": request.user,
        "at": clock.now(),
    }
    words = {"name": person.get_full_name(), "unit": unit.name}
    try:
        match request.POST.get("step"):
            case "add":
                member_actions.add_member(**facts)
                said = _("%(name)s is a supporter of %(unit)s now.") % words
            case "remove":
                state = member_actions.remove_member(**facts).state
                said = _("%(name)s is no supporter of %(unit)s any more.") % words
                if state != UnitState.ACTIVE and unit.state == UnitState.ACTIVE:
                    said += " " + _("It has no supporter left: %(state)s.") % {
                        "state": UnitState(state).label
                    }
            case "manager":
                member_actions.set_manager(**facts, is_manager=True)
                said = _("%(name)s manages %(unit)s now.") % words
            case "no-manager":
                member_actions.set_manager(**facts, is_manager=False)
                said = _("%(name)s does not manage %(unit)s any more.") % words
            case _step:
                raise Http404
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect(reverse("units:unit", args=[unit.name]) + "#members")


def _part_word(part: str) -> str:
    return {
        "about": _("what it is for"),
        "contact": _("contact"),
        "hours": _("working hours"),
        "quality": _("quality of support"),
    }[part]


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member of a unit, ready to be written."""

    name: str
    username: str
    avatar: SafeString
    is_manager: bool
    email: str
    time: str
    zone: str


def show_unit(
    request: HttpRequest,
    unit: SupportUnit,
    *,
    wrong: dict[str, forms.Form] | None = None,
    problem: RequestProblem | None = None,
) -> HttpResponse:
    """Answer with the unit's page.

    :param wrong: forms that were sent and could not be taken, by their part
    :param problem: a decision that could not be taken
    """
    user, now = request.user, clock.now()
    wrong = wrong or {}
    may_change = policies.may_change_unit(user, unit)
    sees_contact = policies.may_see_addresses(user)
    members = _members(unit, now, sees_contact=sees_contact)
    sees_tickets = ticket_policies.sees_queue(user)
    open_count = ""
    if sees_tickets:
        open_count = count_word(
            len(
                ticket_policies.visible_tickets(user)
                .filter(unit=unit, is_open=True)
                .order_by("-pk")
                .values_list("pk")[:MOST_COUNTED]
            )
        )
    counts = response_counts(user, unit, at=now) if sees_tickets else {}
    search = clean_line(request.GET.get("person", "")) if may_change else ""
    time, working = presence_words(unit, now)
    return render(
        request,
        "pages/unit.html",
        {
            "unit": unit,
            "heading": show_bidi(unit.title),
            "kind": unit.get_kind_display(),
            "state": state_pill(unit),
            "notice": _notice(unit, members),
            # nh3 has sanitised it
            "description": mark_safe(markdown.render(unit.description)),  # noqa: S308
            "has_faq": UnitFAQ.objects.filter(unit=unit).exclude(text="").exists(),
            "members": members,
            "sees_contact": sees_contact,
            "sees_tickets": sees_tickets,
            "open_count": open_count,
            "open_url": queue_of(unit),
            "clocks": [
                {
                    "words": words,
                    "number": count_text(counts[name]),
                    "url": queue_of(unit, f"is:{name}"),
                }
                for name, words in _CLOCKS.items()
                if counts.get(name)
            ],
            "time": time,
            "working": working,
            "weekdays": weekday_words(unit.weekdays),
            "hours": f"{time_words(unit.opens_at)}–{time_words(unit.closes_at)}",
            "response_times": response_times(unit.quality),
            "quality": unit.get_quality_display(),
            "days_off": ", ".join(day.isoformat() for day in sorted(unit.extra_days_off)),
            "days_on": ", ".join(day.isoformat() for day in sorted(unit.extra_working_days)),
            "may_change": may_change,
            "forms": _forms(unit, wrong) if may_change else {},
            "list": list_words(unit, now) if sees_contact else None,
            "requests": open_requests(unit, now, problem) if may_change else [],
            **_asking(request, unit, members, wrong),
            "search": search,
            "found": _found(unit, search, members) if search else [],
            "trace": _trace(request, unit) if may_change or sees_contact else None,
            "may_close": policies.is_admin(user) and unit.kind not in unit_actions.NEVER_CLOSED,
            "is_closed": unit.state == UnitState.CLOSED,
        },
        status=422 if wrong or problem else 200,
    )


def _trace(request: HttpRequest, unit: SupportUnit) -> Trace:
    return trace(
        request,
        changes.parts_of_unit(unit),
        sees_addresses=policies.may_see_addresses(request.user),
    )


def _members(unit: SupportUnit, now: datetime, *, sees_contact: bool) -> list[MemberLine]:
    memberships = (
        UnitMembership.objects.filter(unit=unit, user__is_active=True)
        .select_related("user")
        .order_by("-is_manager", "user__name")
    )
    return [
        MemberLine(
            name=membership.user.get_full_name(),
            username=membership.user.username,
            avatar=display.avatar(membership.user.get_full_name()),
            is_manager=membership.is_manager,
            email=membership.user.email if sees_contact else "",
            time=f"{now.astimezone(zone_of(membership.user.time_zone)):%H:%M}",
            zone=zone_words(membership.user.time_zone),
        )
        for membership in memberships
    ]


def _asking(
    request: HttpRequest,
    unit: SupportUnit,
    members: list[MemberLine],
    wrong: dict[str, forms.Form],
) -> dict[str, Any]:
    """Return what the page says to somebody who is a supporter here, asks, or may ask."""
    user = cast(User, request.user)
    is_member = any(member.username == user.username for member in members)
    mine = None if is_member else open_request(unit, user)
    may_ask = not (
        is_member or mine or unit.state == UnitState.CLOSED or unit.kind == UnitKind.SECURITY
    )
    return {
        "is_member": is_member,
        "is_last": is_member and len(members) == 1,
        "mine": mine,
        "ask": (wrong.get("ask") or unit_forms.AskToSupportForm()) if may_ask else None,
    }


@dataclass(frozen=True, slots=True)
class Found:
    """A person who could become a member."""

    name: str
    username: str
    email: str
    is_member: bool


def _found(unit: SupportUnit, search: str, members: list[MemberLine]) -> list[Found]:
    there = {member.username for member in members}
    return [
        Found(person.get_full_name(), person.username, person.email, person.username in there)
        for person in queries.find_people(search)
    ]


def _forms(unit: SupportUnit, wrong: dict[str, forms.Form]) -> dict[str, forms.Form]:
    made = {}
    for part, form in _FORMS.items():
        made[part] = wrong.get(part) or form(
            initial={field: getattr(unit, field) for field in form.base_fields},
            auto_id=f"id_{part}_%s",
        )
    return made


def _notice(unit: SupportUnit, members: list[MemberLine]) -> dict[str, str]:
    if unit.state == UnitState.CLOSED:
        return {"tone": "info", "text": _("This unit is closed. No ticket is given to it.")}
    if unit.state == UnitState.NEEDS_CONTACT and unit.is_routable:
        return {
            "tone": "warn",
            "text": _(
                "The unit has neither contact nor supporter: who is on shift gets its mail, else"
                " who stands in for it, else the admins."
            ),
        }
    if unit.state == UnitState.NEEDS_CONTACT:
        return {
            "tone": "warn",
            "text": _("No ticket can be given to this unit: it has neither contact nor supporter."),
        }
    if unit.state == UnitState.MAIL_ONLY:
        if unit.kind in MAY_STAY_MAIL_ONLY:
            return {
                "tone": "info",
                "text": _("Tickets reach this unit by mail only: nobody of it works here."),
            }
        return {
            "tone": "warn",
            "text": _("Tickets reach this unit by mail only: it needs a supporter to be active."),
        }
    if unit.list_state == ListState.FAILING:
        return {
            "tone": "warn",
            "text": _("Mail to the unit's list comes back: its members are mailed one by one."),
        }
    if not any(member.is_manager for member in members):
        return {"tone": "info", "text": _("Nobody manages this unit; the admins decide for it.")}
    return {}
