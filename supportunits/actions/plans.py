"""Propose a rota, change the draft, accept or discard it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib import form_key
from supportunits import planning, shift_notices
from supportunits.actions.rota import (
    check_shift,
    cut_gaps,
    is_absent,
    lock_type,
    refuse_no_shifter,
)
from supportunits.actions.trace import traced
from supportunits.models import (
    OnCallContact,
    PlanState,
    Shift,
    ShiftPlan,
    ShiftType,
    ShiftWish,
    WishKind,
)
from supportunits.planning import Planner
from supportunits.rota import Period, period_of, slots
from supportunits.shift_words import period_words

MOST_WEEKS = 26
# So far around the planned weeks other shifts of the people are looked at.
_AROUND = timedelta(days=8)


class PlanImpossible(SupportError):
    """There is nothing to plan, or nobody to plan with."""


class PlanIsDecided(SupportError):
    """The plan was accepted or discarded already."""


@traced
def propose_plan(
    *,
    kind: ShiftType,
    first_day: date,
    weeks: int,
    people: Sequence[User],
    by: User | None,
    at: datetime,
    key: UUID,
) -> ShiftPlan:
    """Make a draft of a rota for some weeks: of the slots that nobody has yet.

    Takes up to four seconds. Shifts that somebody has stay as they are and count in the load.

    :param first_day: UTC; usually a Monday
    :raises PlanImpossible: no week, no person, or every slot is taken
    """
    form_key.wait_for(key)
    known = ShiftPlan.objects.filter(submission_key=key).first()
    if known is not None:
        return known
    if not 1 <= weeks <= MOST_WEEKS:
        raise PlanImpossible(_("Plan 1 to %(most)d weeks.") % {"most": MOST_WEEKS})
    if not people:
        raise PlanImpossible(
            _("There is nobody to plan with."), _("Choose shifters, or make people shifters.")
        )
    for person in people:
        refuse_no_shifter(kind.vo, person)
    wanted = free_slots(kind, first_day, weeks, at=at)
    if not wanted:
        raise PlanImpossible(
            _("Every slot of these weeks has somebody already."), _("Choose later weeks.")
        )
    planners = planners_of(people, Period(wanted[0].starts_at, wanted[-1].ends_at))
    plan = planning.propose(wanted, planners)
    return ShiftPlan.objects.create(
        type=kind,
        first_day=first_day,
        weeks=weeks,
        people=[person.pk for person in people],
        slots=[
            {
                "starts_at": slot.starts_at.isoformat(),
                "ends_at": slot.ends_at.isoformat(),
                "person": plan.people[position],
                "why": plan.reasons.get(position, {}),
            }
            for position, slot in enumerate(wanted)
        ],
        made_by=by,
        made_at=at,
        submission_key=key,
    )


def free_slots(kind: ShiftType, first_day: date, weeks: int, *, at: datetime) -> list[Period]:
    """Return the slots of the weeks that lie ahead and that nobody has, in order."""
    begins = datetime.combine(first_day, time(0), tzinfo=UTC)
    taken = [
        period_of(shift)
        for shift in Shift.objects.filter(
            type=kind,
            person__isnull=False,
            starts_at__lt=begins + timedelta(weeks=weeks) + timedelta(days=28),
            ends_at__gt=begins,
        )
    ]
    return [
        slot
        for slot in slots(kind, first_day, weeks * 7)
        if slot.starts_at >= at and not any(slot.overlaps(one) for one in taken)
    ]


def planners_of(people: Iterable[User], within: Period) -> list[Planner]:
    """Return what the planner needs to know of the people: three queries."""
    people = list(people)
    contacts = {one.user_id: one for one in OnCallContact.objects.filter(user__in=people)}
    wishes: dict[tuple[int, str], list[tuple[date, date]]] = {}
    for wish in ShiftWish.objects.filter(
        user__in=people, last_day__gte=(within.starts_at - _AROUND).date()
    ):
        wishes.setdefault((wish.user_id, wish.kind), []).append((wish.first_day, wish.last_day))
    taken: dict[int, list[Period]] = {}
    for shift in Shift.objects.filter(
        person__in=people,
        ends_at__gt=within.starts_at - _AROUND,
        starts_at__lt=within.ends_at + _AROUND,
    ):
        taken.setdefault(shift.person_id or 0, []).append(period_of(shift))
    found = []
    for person in people:
        contact = contacts.get(person.pk)
        found.append(
            Planner(
                key=person.pk,
                zone=zone_of(person.time_zone),
                wakes_at=contact.wakes_at if contact else time(6),
                sleeps_at=contact.sleeps_at if contact else time(0),
                absent=tuple(wishes.get((person.pk, WishKind.ABSENT), ())),
                wanted=tuple(wishes.get((person.pk, WishKind.WANTED), ())),
                unwanted=tuple(wishes.get((person.pk, WishKind.UNWANTED), ())),
                taken=tuple(taken.get(person.pk, ())),
            )
        )
    return found


@traced
def change_slot(
    *, plan: ShiftPlan, position: int, person: User | None, by: User | None, at: datetime
) -> ShiftPlan:
    """Give one slot of a draft to somebody else, or to nobody; a person's word beats the rules.

    :raises PlanIsDecided: it is no draft any more
    :raises PlanImpossible: the plan has no such slot
    :raises NotAShifter: the person is no shifter of the VO
    """
    plan = _locked(plan)
    if not 0 <= position < len(plan.slots):
        raise PlanImpossible(_("The plan has no such slot."))
    if person is not None:
        refuse_no_shifter(plan.type.vo, person)
    slot = plan.slots[position]
    slot |= {"person": person.pk if person else None, "why": {}}
    slot["absence_known"] = person is not None and is_absent(person, Period(*slot_times(slot)))
    plan.save(update_fields=["slots"])
    return plan


@traced
def accept_plan(*, plan: ShiftPlan, by: User | None, at: datetime) -> tuple[ShiftPlan, list[str]]:
    """Put the whole draft on the rota; empty slots become gaps.

    A slot that is taken meanwhile stays with whom it is, and so is said. Somebody who cannot take
    a slot any more, or named an absence since, leaves a gap, and this is said, too.
    Each person is mailed the new shifts.

    :returns: the plan, and in words what was left out
    :raises PlanIsDecided: it is no draft any more
    """
    plan = _locked(plan)
    kind = lock_type(plan.type)
    people = User.objects.in_bulk({slot["person"] for slot in plan.slots} - {None})
    notes: list[str] = []
    given = []
    for slot in plan.slots:
        starts_at, ends_at = slot_times(slot)
        there = list(
            Shift.objects.filter(
                type=kind, starts_at__lt=ends_at, ends_at__gt=starts_at
            ).select_related("type")
        )
        slot_period = Period(starts_at, ends_at)
        gap = next((one for one in there if one.is_gap and period_of(one) == slot_period), None)
        if gap is None and all(one.is_gap for one in there):
            cut_gaps(there, slot_period)
        shift = gap or Shift(type=kind, starts_at=starts_at, ends_at=ends_at)
        shift.type, shift.person = kind, people.get(slot["person"])
        note = _store_slot(shift, absence_known=slot.get("absence_known", False))
        if note:
            notes.append(f"{period_words(starts_at, ends_at)}: {note}")
        else:
            given.append(shift)
    shift_notices.tell_rota_changed(vo=kind.vo, given=given, key=f"plan:{plan.pk}", by=by, at=at)
    return _decide(plan, PlanState.ACCEPTED, by, at), notes


def _store_slot(shift: Shift, *, absence_known: bool) -> str:
    """Store one slot; return what was wrong with it, in words."""
    try:
        check_shift(shift)
        if shift.person and not absence_known and is_absent(shift.person, period_of(shift)):
            raise PlanImpossible(_("%(name)s is absent.") % {"name": shift.person})
    except SupportError as error:
        words = error.message
        if shift.person is None or shift.pk is not None:
            return words
        shift.person = None
        try:
            check_shift(shift)
        except SupportError:
            return words
        shift.save()
        return words
    shift.save()
    return ""


@traced
def discard_plan(*, plan: ShiftPlan, by: User | None, at: datetime) -> ShiftPlan:
    """Put a draft aside.

    :raises PlanIsDecided: it is no draft any more
    """
    return _decide(_locked(plan), PlanState.DISCARDED, by, at)


def slot_times(slot: dict[str, Any]) -> tuple[datetime, datetime]:
    """Return when a slot of a stored plan begins and ends."""
    return datetime.fromisoformat(slot["starts_at"]), datetime.fromisoformat(slot["ends_at"])


def _locked(plan: ShiftPlan) -> ShiftPlan:
    plan = (
        ShiftPlan.objects.select_for_update(of=("self",)).select_related("type__vo").get(pk=plan.pk)
    )
    if plan.state != PlanState.DRAFT:
        raise PlanIsDecided(
            _("This plan is %(state)s already.") % {"state": plan.get_state_display()},
            _("Change the rota itself, or propose another plan."),
        )
    return plan


def _decide(plan: ShiftPlan, state: PlanState, by: User | None, at: datetime) -> ShiftPlan:
    plan.state, plan.decided_by, plan.decided_at = state, by, at
    plan.save(update_fields=["state", "decided_by", "decided_at"])
    return plan
