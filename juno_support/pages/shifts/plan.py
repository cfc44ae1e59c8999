"""A proposed plan: asked for, shown as a draft with its figures, changed, accepted in one step."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from juno_support.pages.shifts.find import managed_vo, person
from juno_support.pages.shifts.forms import PlanForm, active_types
from juno_support.pages.shifts.words import when
from supportunits import planning, policies
from supportunits.actions import plans
from supportunits.models import PlanState, ShiftPlan
from supportunits.planning import Planner, figures_of
from supportunits.rota import Period, monday_of
from supportunits.shift_notices import shifters_of
from supportunits.shift_words import moment_words, period_words

MOST_NOTES = 8


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A slot of the draft, ready to be written."""

    position: int
    when: SafeString
    name: str
    local: str
    is_empty: bool
    why: str


@dataclass(frozen=True, slots=True)
class SlotWeek:
    """The slots of a week."""

    words: str
    slots: list[SlotLine]
    empty: int


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody has in the draft."""

    name: str
    zone: str
    shifts: int
    hours: int
    weekends: int
    nights: int
    against_wish: int
    width: int


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def propose(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for which weeks and people, and propose a plan."""
    vo = managed_vo(request.user, name)
    kinds = list(active_types(vo))
    now = clock.now()
    first = {
        "first_day": monday_of(now.date()) + timedelta(days=7),
        "kind": kinds[0] if kinds else None,
    }
    form = PlanForm(vo, request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        given["people"] = list(given["people"])
        try:
            plan = plans.propose_plan(by=person(request), at=now, **given)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            return redirect("shifts:plan", plan.pk)
    return render(
        request,
        "shifts/propose.html",
        {"vo": vo, "form": form, "has_types": bool(kinds), "has_people": bool(shifters_of(vo))},
        status=422 if request.method == "POST" else 200,
    )


@require_safe
@checked_inside
def plan_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show a draft: its slots by week, what is empty and why, and how the load lies."""
    plan = _find(request.user, number)
    people = User.objects.in_bulk({*plan.people, *(slot["person"] for slot in plan.slots)} - {None})
    periods = [Period(*plans.slot_times(slot)) for slot in plan.slots]
    planners = plans.planners_of(people.values(), Period(periods[0].starts_at, periods[-1].ends_at))
    is_draft = plan.state == PlanState.DRAFT
    return render(
        request,
        "shifts/plan.html",
        {
            "plan": plan,
            "vo": plan.type.vo,
            "is_draft": is_draft,
            "state": plan.get_state_display(),
            "made": display.when(plan.made_at, clock.now()),
            "weeks": _weeks(plan, periods, people),
            "empty": _empty_words(plan, periods),
            "number_empty": sum(slot["person"] is None for slot in plan.slots),
            "advice": _advice(plan, periods, planners) if is_draft else "",
            "shares": _shares(plan, periods, planners, people),
            "shifters": [
                {"key": shifter.pk, "name": str(shifter)} for shifter in shifters_of(plan.type.vo)
            ],
        },
    )


@require_POST
@checked_inside
def change_plan(request: HttpRequest, number: int) -> HttpResponse:
    """Give one slot to somebody else, accept the draft, or discard it."""
    plan = _find(request.user, number)
    who: dict[str, Any] = {"plan": plan, "by": person(request), "at": clock.now()}
    step = request.POST.get("step", "")
    try:
        if step == "accept":
            return _accept(request, who)
        if step == "discard":
            plans.discard_plan(**who)
            messages.success(request, _("The draft is put aside. The rota is as it was."))
            return redirect("shifts:rota", plan.type.vo.name)
        position = whole_number(request.POST.get("slot"))
        key = whole_number(request.POST.get("person"))
        plans.change_slot(
            position=-1 if position is None else position,
            person=None if key is None else get_object_or_404(User, pk=key),
            **who,
        )
    except SupportError as error:
        messages.error(request, str(error))
        return redirect("shifts:plan", plan.pk)
    return redirect(f"{reverse('shifts:plan', args=[plan.pk])}#slot-{position}")


def _accept(request: HttpRequest, who: dict[str, Any]) -> HttpResponse:
    plan, notes = plans.accept_plan(**who)
    number = len(plan.slots)
    words = ngettext("%(n)d shift is on the rota.", "%(n)d shifts are on the rota.", number)
    messages.success(request, words % {"n": number - len(notes)})
    for note in notes[:MOST_NOTES]:
        messages.warning(request, note)
    if len(notes) > MOST_NOTES:
        messages.warning(
            request, _("And %(n)d more of that kind.") % {"n": len(notes) - MOST_NOTES}
        )
    rota = reverse("shifts:rota", args=[plan.type.vo.name])
    return redirect(f"{rota}?from={plan.first_day.isoformat()}")


def _find(user: Any, number: int) -> ShiftPlan:
    plan = get_object_or_404(ShiftPlan.objects.select_related("type__vo"), pk=number)
    if not policies.may_change_rota(user, plan.type.vo):
        raise PermissionDenied
    return plan


def _weeks(plan: ShiftPlan, periods: list[Period], people: dict[int, User]) -> list[SlotWeek]:
    weeks: dict[date, list[SlotLine]] = {}
    for position, (slot, period) in enumerate(zip(plan.slots, periods, strict=True)):
        holder = people.get(slot["person"])
        zone = zone_of(holder.time_zone) if holder else None
        line = SlotLine(
            position=position,
            when=when(period.starts_at, period.ends_at),
            name=str(holder) if holder else _("nobody"),
            local=f"{period.starts_at.astimezone(zone):%H:%M}–{period.ends_at.astimezone(zone):%H:%M}"
            f" {zone.key.rpartition('/')[2].replace('_', ' ')}"
            if zone
            else "",
            is_empty=holder is None,
            why=why_words(slot["why"]) if holder is None else "",
        )
        monday = monday_of(timezone.localtime(period.starts_at).date())
        weeks.setdefault(monday, []).append(line)
    return [
        SlotWeek(monday.isoformat(), lines, sum(line.is_empty for line in lines))
        for monday, lines in weeks.items()
    ]


def why_words(why: dict[str, int]) -> str:
    """Return in words why nobody has a slot: how many people each constraint keeps away."""
    words = {
        "asleep": _("%(n)d asleep then"),
        "absent": _("%(n)d absent"),
        "on_shift": _("%(n)d on another shift"),
        "no_rest": _("%(n)d with less than eleven hours of rest"),
        "too_many_days": _("%(n)d with seven days in a row"),
    }
    return ", ".join(words[name] % {"n": why[name]} for name in words if why.get(name))


def _empty_words(plan: ShiftPlan, periods: list[Period]) -> list[str]:
    """Return the empty slots in words; equal ones of the same hours are said once."""
    groups: dict[tuple[str, str], list[Period]] = {}
    for slot, period in zip(plan.slots, periods, strict=True):
        if slot["person"] is None:
            hours = f"{period.starts_at:%H:%M}–{period.ends_at:%H:%M} UTC"
            groups.setdefault((hours, why_words(slot["why"])), []).append(period)
    lines = []
    for (hours, why), found in groups.items():
        if len(found) == 1:
            words = period_words(found[0].starts_at, found[0].ends_at)
        else:
            words = _("%(n)d times %(hours)s, from %(when)s on") % {
                "n": len(found),
                "hours": hours,
                "when": moment_words(found[0].starts_at),
            }
        lines.append(f"{words}: {why}" if why else words)
    return lines


def _advice(plan: ShiftPlan, periods: list[Period], planners: list[Planner]) -> str:
    """Return what would help where slots are in everybody's night."""
    everybody = [
        slot
        for slot in plan.slots
        if slot["person"] is None and slot["why"].get("asleep", 0) == len(plan.people)
    ]
    if not everybody:
        return ""
    hours = planning.hours_to_move(periods, planners)
    if hours is None:
        return _(
            "For some slots nobody is awake, and moving the hand-overs does not help: somebody"
            " in another part of the world is needed, or longer waking hours."
        )
    moved = sorted(
        (period.starts_at + timedelta(hours=hours)).strftime("%H:%M")
        for period in {period.starts_at.time(): period for period in periods}.values()
    )
    return _(
        "For some slots nobody is awake. With hand-overs at %(times)s UTC somebody would be."
    ) % {"times": ", ".join(moved)}


def _shares(
    plan: ShiftPlan, periods: list[Period], planners: list[Planner], people: dict[int, User]
) -> list[Share]:
    held: dict[int, list[Period]] = {planner.key: [] for planner in planners}
    for slot, period in zip(plan.slots, periods, strict=True):
        if slot["person"] is not None:
            held[slot["person"]].append(period)
    most = max((sum(one.hours for one in theirs) for theirs in held.values()), default=0) or 1
    shares = []
    for planner in planners:
        figures = figures_of(planner, held[planner.key])
        shares.append(
            Share(
                name=str(people[planner.key]),
                zone=planner.zone.key,
                shifts=figures.shifts,
                hours=round(figures.hours),
                weekends=figures.weekends,
                nights=figures.nights,
                against_wish=figures.against_wish,
                width=round(100 * figures.hours / most),
            )
        )
    return sorted(shares, key=lambda share: (share.zone, share.name))
