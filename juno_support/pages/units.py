"""The pages of support units: all of them, one of them, and opening new ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib import clock, display, markdown
from juno_support.lib.text import clean_line, show_bidi
from juno_support.lib.working_time import WORKING_DAY
from supportunits import changes, hours, policies, queries
from supportunits import forms as unit_forms
from supportunits.actions import members as member_actions
from supportunits.actions import units as unit_actions
from supportunits.models import Quality, SupportUnit, UnitKind, UnitMembership, UnitState
from supportunits.quality import RESPONSE_TIMES
from tickets import policies as ticket_policies
from tickets.models import Priority
from topology.models import OperationsCentre, Site

PAGE = 100
_MOST_COUNTED = 100

_KIND_ORDER = (
    UnitKind.TPM,
    UnitKind.SECURITY,
    UnitKind.VO,
    UnitKind.SERVICE,
    UnitKind.OPERATIONS_CENTRE,
    UnitKind.SITE,
)
_STATE_TONES = {
    UnitState.ACTIVE: "good",
    UnitState.MAIL_ONLY: "info",
    UnitState.NEEDS_CONTACT: "warn",
    UnitState.CLOSED: "neutral",
}
# Sites and operations centres may stay mail-only; the others should have a supporter.
_MAY_STAY_MAIL_ONLY = (UnitKind.SITE, UnitKind.OPERATIONS_CENTRE)


def kind_heading(kind: str) -> str:
    """Return the heading of a list of units of this kind."""
    return {
        UnitKind.TPM: _("First line"),
        UnitKind.SECURITY: _("Security"),
        UnitKind.VO: _("Units of VOs"),
        UnitKind.SERVICE: _("Services"),
        UnitKind.OPERATIONS_CENTRE: _("Operations centres"),
        UnitKind.SITE: _("Sites"),
    }[UnitKind(kind)]


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit in the list, ready to be written."""

    name: str
    url: str
    title: str
    state: SafeString
    missing: str
    contact: str
    members: int
    open_tickets: str
    open_url: str
    time: str
    hours: SafeString


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """The units of one kind."""

    heading: str
    lines: list[UnitLine]


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice above a list."""

    label: str
    url: str
    current: bool
    count: str


# --- The list --------------------------------------------------------------------------------


@require_safe
@allowed_if(is_signed_in)
def unit_list(request: HttpRequest) -> HttpResponse:
    """Show the units by kind, with state, contact, members and open tickets."""
    user, now = request.user, clock.now()
    search = clean_line(request.GET.get("q", ""))[:100]
    kind = request.GET.get("kind", "")
    if kind not in (*UnitKind.values, "closed"):
        kind = ""
    units = _listed(search, kind)
    sees_tickets = ticket_policies.sees_queue(user)
    if sees_tickets:
        units = units.annotate(
            open_numbers=ArraySubquery(
                ticket_policies.visible_tickets(user)
                .filter(unit=OuterRef("pk"), is_open=True)
                .order_by("-pk")
                .values("pk")[:_MOST_COUNTED]
            )
        )
    rows: list[Any] = list(_after(units, clean_line(request.GET.get("after", "")))[: PAGE + 1])
    sees_contact = policies.may_see_addresses(user)
    lines = [
        (unit.kind, _line(unit, now, sees_tickets=sees_tickets, sees_contact=sees_contact))
        for unit in rows[:PAGE]
    ]
    here = reverse("units:list")
    question = ({"q": search} if search else {}) | ({"kind": kind} if kind else {})
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = f"{here}?{urlencode(question | {'after': f'{last.rank}:{last.name}'})}"
    return render(
        request,
        "pages/units.html",
        {
            "groups": _groups(lines),
            "choices": _choices(here, search, kind),
            "search": search,
            "kind": kind,
            "more": more,
            "sees_tickets": sees_tickets,
            "sees_contact": sees_contact,
            "columns": 4 + sees_tickets + sees_contact,
            "may_open": policies.may_open_units(user),
            "is_admin": policies.is_admin(user),
        },
    )


def _listed(search: str, kind: str) -> QuerySet[SupportUnit]:
    units = SupportUnit.objects.all()
    if kind == "closed":
        units = units.filter(state=UnitState.CLOSED)
    else:
        units = units.exclude(state=UnitState.CLOSED)
        if kind:
            units = units.filter(kind=kind)
    if search:
        units = units.filter(Q(name__icontains=search) | Q(title__icontains=search))
    return units.annotate(
        rank=Case(*(When(kind=value, then=Value(rank)) for rank, value in enumerate(_KIND_ORDER))),
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True)),
    ).order_by("rank", "name")


def _after(units: QuerySet[SupportUnit], place: str) -> QuerySet[SupportUnit]:
    rank, colon, name = place.partition(":")
    if not colon or not (rank.isascii() and rank.isdigit() and len(rank) == 1):
        return units
    return units.filter(Q(rank__gt=int(rank)) | Q(rank=int(rank), name__gt=name[:100]))


def _choices(here: str, search: str, current: str) -> list[Choice]:
    counts = SupportUnit.objects.aggregate(
        all=Count("pk", filter=~Q(state=UnitState.CLOSED)),
        closed=Count("pk", filter=Q(state=UnitState.CLOSED)),
        **{
            f"of_{kind}": Count("pk", filter=Q(kind=kind) & ~Q(state=UnitState.CLOSED))
            for kind in _KIND_ORDER
        },
    )
    choices = [("", _("All"), counts["all"])]
    choices += [
        (kind, kind_heading(kind), counts[f"of_{kind}"])
        for kind in _KIND_ORDER
        if kind not in (UnitKind.TPM, UnitKind.SECURITY)
    ]
    choices.append(("closed", _("Closed"), counts["closed"]))
    found = []
    for value, label, count in choices:
        if not count and value != current:
            continue
        question = ({"q": search} if search else {}) | ({"kind": value} if value else {})
        url = f"{here}?{urlencode(question)}" if question else here
        found.append(Choice(label, url, value == current, str(count)))
    return found


def _line(unit: Any, now: datetime, *, sees_tickets: bool, sees_contact: bool) -> UnitLine:
    numbers = unit.open_numbers if sees_tickets else []
    time, working = presence_words(unit, now)
    return UnitLine(
        name=unit.name,
        url=reverse("units:unit", args=[unit.name]),
        title=show_bidi(unit.title),
        state=state_pill(unit),
        missing=missing(unit),
        contact=unit.mailing_list if sees_contact else "",
        members=unit.member_count,
        open_tickets=_count_word(len(numbers)),
        open_url=queue_of(unit),
        time=time,
        hours=working,
    )


def _groups(lines: Iterable[tuple[str, UnitLine]]) -> list[UnitGroup]:
    groups: dict[str, list[UnitLine]] = {}
    for kind, line in lines:
        groups.setdefault(kind, []).append(line)
    return [UnitGroup(kind_heading(kind), found) for kind, found in groups.items()]


def state_pill(unit: SupportUnit) -> SafeString:
    """Return the unit's state as a dot and a word."""
    return display.pill(unit.get_state_display(), _STATE_TONES[UnitState(unit.state)])


def missing(unit: SupportUnit) -> str:
    """Return what a unit lacks, in a few words, or empty."""
    if unit.state == UnitState.NEEDS_CONTACT:
        return _("not reachable")
    if unit.state == UnitState.MAIL_ONLY and unit.kind not in _MAY_STAY_MAIL_ONLY:
        return _("needs a supporter")
    return ""


def queue_of(unit: SupportUnit) -> str:
    """Return the address of the unit's open tickets in the queue."""
    name = f'"{unit.name}"' if " " in unit.name else unit.name
    return f"/tickets/?{urlencode({'q': f'unit:{name} status:open'})}"


def presence_words(unit: SupportUnit, now: datetime) -> tuple[str, SafeString]:
    """Return the unit's local time, and whether it is at work or when it will be."""
    here = hours.presence(unit, now)
    time = f"{here.local:%H:%M}"
    if here.is_working:
        return time, display.pill(_("at work"), "good")
    if here.next_at is None:
        return time, display.pill(_("no working hours"), "unknown")
    day = WEEKDAYS_ABBR[here.next_at.weekday()]
    if here.next_at.date() == here.local.date():
        words = _("from %(time)s") % {"time": f"{here.next_at:%H:%M}"}
    else:
        words = _("from %(day)s %(time)s") % {"day": day, "time": f"{here.next_at:%H:%M}"}
    if here.holiday:
        words = _("%(holiday)s, %(words)s") % {"holiday": here.holiday, "words": words}
    return time, display.pill(words, "neutral")


def _count_word(count: int) -> str:
    return f"{_MOST_COUNTED - 1}+" if count >= _MOST_COUNTED else str(count)


# --- One unit --------------------------------------------------------------------------------

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
    unit = _find(name)
    return _show(request, unit)


@require_POST
@checked_inside
def change_unit(request: HttpRequest, name: str) -> HttpResponse:
    """Change one part of a unit: what it is for, contact, hours, or quality of support."""
    unit = _find_to_change(request, name)
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
    return _show(request, unit, wrong={part: form})


@require_POST
@checked_inside
def change_members(request: HttpRequest, name: str) -> HttpResponse:
    """Add or remove a member, or change who manages the unit."""
    unit = _find_to_change(request, name)
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


@require_POST
@allowed_if(policies.is_admin)
def close_unit(request: HttpRequest, name: str) -> HttpResponse:
    """Close a unit, or open a closed one again."""
    unit = _find(name)
    step = unit_actions.reopen_unit if unit.state == UnitState.CLOSED else unit_actions.close_unit
    try:
        unit = step(unit=unit, by=cast(User, request.user), at=clock.now())
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("%(unit)s: %(state)s.") % {"unit": unit.name, "state": unit.get_state_display()},
        )
    return redirect("units:unit", name=unit.name)


def _find(name: str) -> SupportUnit:
    units = SupportUnit.objects.select_related("site__operations_centre", "operations_centre", "vo")
    return get_object_or_404(units, name__iexact=name)


def _find_to_change(request: HttpRequest, name: str) -> SupportUnit:
    unit = _find(name)
    if not policies.may_change_unit(request.user, unit):
        raise PermissionDenied
    return unit


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


def _show(
    request: HttpRequest, unit: SupportUnit, wrong: dict[str, forms.Form] | None = None
) -> HttpResponse:
    user, now = request.user, clock.now()
    wrong = wrong or {}
    may_change = policies.may_change_unit(user, unit)
    sees_contact = policies.may_see_addresses(user)
    members = _members(unit, now, sees_contact=sees_contact)
    sees_tickets = ticket_policies.sees_queue(user)
    open_count = ""
    if sees_tickets:
        open_count = _count_word(
            len(
                ticket_policies.visible_tickets(user)
                .filter(unit=unit, is_open=True)
                .order_by("-pk")
                .values_list("pk")[:_MOST_COUNTED]
            )
        )
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
            "notice": _notice(unit),
            # nh3 has sanitised it
            "description": mark_safe(markdown.render(unit.description)),  # noqa: S308
            "members": members,
            "sees_contact": sees_contact,
            "sees_tickets": sees_tickets,
            "open_count": open_count,
            "open_url": queue_of(unit),
            "time": time,
            "working": working,
            "weekdays": _weekday_words(unit.weekdays),
            "response_times": _response_times(unit.quality),
            "quality": unit.get_quality_display(),
            "days_off": ", ".join(day.isoformat() for day in sorted(unit.extra_days_off)),
            "days_on": ", ".join(day.isoformat() for day in sorted(unit.extra_working_days)),
            "may_change": may_change,
            "forms": _forms(unit, wrong) if may_change else {},
            "search": search,
            "found": _found(unit, search, members) if search else [],
            "changes": change_lines(changes.changes_of_unit(unit), now) if may_change else [],
            "may_close": policies.is_admin(user)
            and unit.kind not in (UnitKind.TPM, UnitKind.SECURITY),
            "is_closed": unit.state == UnitState.CLOSED,
        },
        status=422 if wrong else 200,
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


def zone_words(zone: str) -> str:
    """Return a zone's place for people: Europe/Paris is Paris."""
    return zone.rpartition("/")[2].replace("_", " ")


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


def _notice(unit: SupportUnit) -> dict[str, str]:
    if unit.state == UnitState.CLOSED:
        return {"tone": "info", "text": _("This unit is closed. No ticket is given to it.")}
    if unit.state == UnitState.NEEDS_CONTACT:
        return {
            "tone": "warn",
            "text": _("No ticket can be given to this unit: it has neither contact nor supporter."),
        }
    if unit.state == UnitState.MAIL_ONLY:
        if unit.kind in _MAY_STAY_MAIL_ONLY:
            return {
                "tone": "info",
                "text": _("Tickets reach this unit by mail only: nobody of it works here."),
            }
        return {
            "tone": "warn",
            "text": _("Tickets reach this unit by mail only: it needs a supporter to be active."),
        }
    return {}


def _weekday_words(days: Iterable[int]) -> str:
    days = sorted(set(days) & set(range(7)))
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS_ABBR[days[0]]}–{WEEKDAYS_ABBR[days[-1]]}"
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in days)


def _response_times(quality: str) -> list[tuple[str, str]]:
    lines = []
    for priority, time in RESPONSE_TIMES[Quality(quality)].items():
        if time % WORKING_DAY:
            count = int(time.total_seconds() // 3600)
            words = ngettext("%(n)d working hour", "%(n)d working hours", count)
        else:
            count = time // WORKING_DAY
            words = ngettext("%(n)d working day", "%(n)d working days", count)
        lines.append((str(Priority(priority).label), words % {"n": count}))
    return lines


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of a setting, ready to be written."""

    when: SafeString
    who: str
    what: str
    old: str
    new: str


def change_lines(found: Iterable[changes.Change], now: datetime) -> list[ChangeLine]:
    """Return changes as lines of a page."""
    return [
        ChangeLine(
            when=display.when(change.at, now),
            who=change.who,
            what=change.what,
            old=show_bidi(change.old),
            new=show_bidi(change.new),
        )
        for change in found
    ]


# --- Opening ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A site or an operations centre, with its unit or a button that opens one."""

    name: str
    note: str
    kind: str
    unit_name: str
    unit_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.may_open_units)
def open_unit(request: HttpRequest) -> HttpResponse:
    """Find a site or operations centre to open its unit; admins open services and units of VOs."""
    may_make = policies.is_admin(request.user)
    form = unit_forms.OpenUnitForm(request.POST or None)
    if request.method == "POST":
        if not may_make:
            raise PermissionDenied
        if form.is_valid():
            try:
                unit = unit_actions.open_unit(
                    name=form.cleaned_data["name"],
                    kind=form.kind,
                    vo=form.cleaned_data["vo"],
                    title=form.cleaned_data["title"],
                    mailing_list=form.cleaned_data["mailing_list"],
                    by=cast(User, request.user),
                    at=clock.now(),
                )
            except SupportError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("%(unit)s is open.") % {"unit": unit.name})
                return redirect("units:unit", name=unit.name)
    search = clean_line(request.GET.get("q", ""))[:100]
    return render(
        request,
        "pages/unit_open.html",
        {
            "form": form if may_make else None,
            "search": search,
            "places": _places(search) if search else [],
        },
        status=422 if form.errors else 200,
    )


def _places(search: str) -> list[Place]:
    centres = list(
        OperationsCentre.objects.filter(gone_at=None, name__icontains=search).order_by("name")[:10]
    )
    sites = list(
        Site.objects.filter(gone_at=None)
        .filter(
            Q(name__icontains=search)
            | Q(official_name__icontains=search)
            | Q(operations_centre__name__icontains=search)
        )
        .order_by("name")[:40]
    )
    units = {
        (unit.kind, unit.operations_centre_id or unit.site_id): unit
        for unit in SupportUnit.objects.filter(
            Q(kind=UnitKind.OPERATIONS_CENTRE, operations_centre__in=centres)
            | Q(kind=UnitKind.SITE, site__in=sites)
        )
    }

    def place(row: Site | OperationsCentre, kind: UnitKind, note: str) -> Place:
        unit = units.get((kind, row.pk))
        return Place(
            name=row.name,
            note=show_bidi(note),
            kind=kind.value,
            unit_name=f"{unit.name}, {unit.get_state_display()}" if unit else "",
            unit_url=reverse("units:unit", args=[unit.name]) if unit else "",
        )

    return [
        *(place(row, UnitKind.OPERATIONS_CENTRE, _("operations centre")) for row in centres),
        *(place(row, UnitKind.SITE, row.official_name or _("site")) for row in sites),
    ]


@require_POST
@allowed_if(policies.may_open_units)
def open_unit_of_place(request: HttpRequest) -> HttpResponse:
    """Open the unit of a site (``site``) or of an operations centre (``centre``), by its name."""
    facts: dict[str, Any] = {"by": request.user, "at": clock.now()}
    if "site" in request.POST:
        site = get_object_or_404(Site, name=request.POST["site"])
        unit = unit_actions.open_site_unit(site=site, **facts)
    else:
        centre = get_object_or_404(OperationsCentre, name=request.POST.get("centre", ""))
        unit = unit_actions.open_operations_centre_unit(centre=centre, **facts)
    messages.success(
        request,
        _("%(unit)s is open: %(state)s.") % {"unit": unit.name, "state": unit.get_state_display()},
    )
    return redirect("units:unit", name=unit.name)
