"""The rota changes hands: shifts, gaps, copies, plans, swaps; wrong input is said in words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.outbox.models import Delivery
from supportunits import policies
from supportunits.actions import people, plans, rota, shift_people, swaps, vos
from supportunits.models import (
    ContactRole,
    PlanState,
    Shift,
    ShiftPlan,
    ShiftSwap,
    ShiftType,
    SwapState,
    WishKind,
)
from supportunits.shift_words import period_words
from tests import make
from tests.beside import beside
from tests.cast import Cast
from tests.make import AT

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# Of the week after the tests' moment.
NEXT = date(2026, 1, 19)


@pytest.fixture
def kind(cast: Cast) -> ShiftType:
    """Return a type of shift of juno, three a day; Ada, Boris and Carla are shifters."""
    for person in (cast.boris, cast.carla):
        make.join_vo(vo=cast.juno, user=person, is_shifter=True)
    cast.juno.memberships.update(is_shifter=True)
    card = make.make_card(vo=cast.juno)
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.dmitri)
    return make.make_shift_type(
        vo=cast.juno, days=1, hand_overs=[time(6), time(14), time(22)], name="Shift"
    )


def mails(kind: str) -> list[tuple[str, str]]:
    """Return to whom mails of a kind go, with their texts."""
    rows = Delivery.objects.filter(kind=kind).order_by("to_address")
    return list(rows.values_list("to_address", "body"))


def error_of(act: Callable[[], object]) -> SupportError:
    """Return the error that the action raises."""
    with pytest.raises(SupportError) as caught:
        act()
    return caught.value


# --- Types -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "shift"}, "already"),
        ({"hand_overs": []}, "hand-over times"),
        ({"days": 0}, "1 to 28 days"),
        ({"days": 7, "hand_overs": [time(6), time(14)]}, "one hand-over time"),
        ({"days": 7, "day_ends_at": time(20)}, "round the clock"),
        ({"checks": ["x"] * 3 + [f"line {n}" for n in range(20)]}, "lines at the most"),
    ],
)
def test_an_impossible_type_of_shift_is_refused_in_words(
    wrong: dict, words: str, cast: Cast, kind: ShiftType
) -> None:
    given = {"name": "Expert", "days": 1, "weekday": 0, "hand_overs": [time(8)]}
    given |= {"day_ends_at": None} | wrong
    error = error_of(lambda: rota.make_type(vo=cast.juno, by=cast.dmitri, at=AT, **given))
    assert words in error.message


def test_a_type_keeps_its_times_in_order_and_each_once(cast: Cast, kind: ShiftType) -> None:
    made = rota.make_type(
        vo=cast.juno,
        name="  Expert ",
        days=1,
        weekday=0,
        hand_overs=[time(22), time(6), time(22)],
        day_ends_at=None,
        by=cast.dmitri,
        at=AT,
    )
    assert (made.name, made.hand_overs, len(made.checks)) == ("Expert", [time(6), time(22)], 4)


# --- Single shifts -----------------------------------------------------------------------------


def add(
    kind: ShiftType, person: User | None, starts_at: datetime = AT + DAY, hours: int = 8
) -> Shift:
    """Put a shift on the rota as Dmitri does."""
    return rota.add_shift(
        kind=kind,
        person=person,
        starts_at=starts_at,
        ends_at=starts_at + hours * HOUR,
        by=None,
        at=AT,
    )


def test_what_cannot_be_on_the_rota_is_refused_with_what_to_do(cast: Cast, kind: ShiftType) -> None:
    other = make.make_shift_type(vo=cast.juno, name="Expert")
    add(kind, cast.ada)
    table = [
        (lambda: add(kind, cast.boris, AT + DAY + 7 * HOUR), "overlaps the shift of Ada Liang"),
        (lambda: add(kind, cast.boris, AT + 2 * DAY, hours=0), "ends before it begins"),
        (lambda: add(kind, cast.boris, AT + 2 * DAY, hours=-3), "ends before it begins"),
        (lambda: add(kind, cast.boris, AT + 2 * DAY, hours=24 * 36), "five weeks"),
        (lambda: add(kind, cast.eve, AT + 2 * DAY), "Eve Nobody is no shifter of juno"),
        (lambda: add(other, cast.ada, AT + DAY + HOUR), "Ada Liang has another shift then"),
    ]
    for act, words in table:
        assert words in error_of(act).message
    cast.boris.is_active = False
    cast.boris.save()
    assert "inactive" in error_of(lambda: add(kind, cast.boris, AT + 2 * DAY)).message
    assert Shift.objects.count() == 1


def test_a_shift_is_given_to_somebody_else_and_moved_but_not_when_it_is_over(
    cast: Cast, kind: ShiftType
) -> None:
    shift = add(kind, cast.ada)
    swaps.ask_swap(shift=shift, asked_of=None, in_exchange=None, message="", by=cast.ada, at=AT)
    moved = rota.change_shift(
        shift=shift,
        person=cast.boris,
        starts_at=AT + 2 * DAY,
        ends_at=AT + 2 * DAY + HOUR,
        by=None,
        at=AT,
    )
    assert (moved.person, moved.starts_at) == (cast.boris, AT + 2 * DAY)
    assert ShiftSwap.objects.get().state == SwapState.WITHDRAWN
    later = AT + 3 * DAY
    change = {"person": cast.ada, "starts_at": later, "ends_at": later + HOUR}
    assert (
        "ended"
        in error_of(lambda: rota.change_shift(shift=shift, by=None, at=later, **change)).message
    )
    assert (
        "stays on the rota"
        in error_of(lambda: rota.remove_shift(shift=shift, by=None, at=later)).message
    )
    rota.remove_shift(shift=shift, by=None, at=AT)
    assert not Shift.objects.exists()
    gone = error_of(lambda: rota.remove_shift(shift=moved, by=None, at=AT))
    assert "taken off the rota" in gone.message


def test_a_gap_is_taken_once(cast: Cast, kind: ShiftType) -> None:
    gap = add(kind, None)
    assert rota.take_gap(shift=gap, by=cast.ada, at=AT).person == cast.ada
    assert (
        "Ada Liang has this shift"
        in error_of(lambda: rota.take_gap(shift=gap, by=cast.boris, at=AT)).message
    )


def test_every_change_of_the_rota_leaves_its_trace(cast: Cast, kind: ShiftType) -> None:
    shift = rota.add_shift(
        kind=kind, person=cast.ada, starts_at=AT, ends_at=AT + HOUR, by=cast.dmitri, at=AT
    )
    rota.change_shift(
        shift=shift, person=None, starts_at=AT, ends_at=AT + HOUR, by=cast.dmitri, at=AT
    )
    events = Shift.pgh_event_model.objects.filter(pgh_obj_id=shift.pk).order_by("pgh_id")
    assert [(one.pgh_label, one.person_id) for one in events] == [
        ("insert", cast.ada.pk),
        ("update", None),
    ]
    assert {one.pgh_context.metadata["user"] for one in events} == {cast.dmitri.pk}


# --- Copy the pattern --------------------------------------------------------------------------


def test_the_pattern_is_copied_with_what_stands_in_its_way_in_words(
    cast: Cast, kind: ShiftType
) -> None:
    first = datetime.combine(NEXT, time(0), tzinfo=UTC)
    for day, person in enumerate((cast.ada, cast.boris, cast.carla, cast.ada, None, cast.boris)):
        add(kind, person, first - WEEK + day * DAY)
    add(kind, cast.carla, first + HOUR)  # in the way of Ada's
    gap = add(kind, None, first + DAY)  # to be filled by Boris
    shift_people.add_wish(
        user=cast.carla,
        kind=WishKind.ABSENT,
        first_day=NEXT + 2 * DAY,
        last_day=NEXT + 2 * DAY,
        by=None,
        at=AT,
    )
    vos.set_vo_member(vo=cast.juno, user=cast.ada, is_shifter=False, by=None, at=AT + 5 * DAY)

    done = rota.copy_pattern(kind=kind, first_day=NEXT, weeks=1, by=None, at=AT)

    week = Shift.objects.filter(starts_at__gte=first).order_by("starts_at")
    assert [(one.starts_at - first, one.person) for one in week] == [
        (HOUR, cast.carla),
        (DAY, cast.boris),
        (2 * DAY, None),
        (3 * DAY, None),
        (4 * DAY, None),
        (5 * DAY, cast.boris),
    ]
    gap.refresh_from_db()
    assert gap.person == cast.boris
    assert done.made == 5
    said = ["there already", "Carla Rossi is absent", "Ada Liang is no shifter"]
    assert [words in note for words, note in zip(said, done.notes, strict=True)] == [True] * 3


def test_gaps_of_other_lengths_give_room_to_copied_shifts(cast: Cast, kind: ShiftType) -> None:
    first = datetime.combine(NEXT, time(0), tzinfo=UTC)
    old = add(kind, cast.ada, first - WEEK + DAY)
    length = old.ends_at - old.starts_at
    starts_at = old.starts_at + WEEK
    Shift.objects.create(
        type=kind, starts_at=starts_at - HOUR, ends_at=starts_at + length + 2 * HOUR
    )

    done = rota.copy_pattern(kind=kind, first_day=NEXT, weeks=1, by=None, at=AT)

    assert (done.made, done.notes) == (1, [])
    week = Shift.objects.filter(starts_at__gte=first).order_by("starts_at")
    assert [(one.starts_at, one.ends_at, one.person) for one in week] == [
        (starts_at - HOUR, starts_at, None),
        (starts_at, starts_at + length, cast.ada),
        (starts_at + length, starts_at + length + 2 * HOUR, None),
    ]


def test_gaps_of_other_lengths_give_room_to_a_plan(cast: Cast, kind: ShiftType) -> None:
    plan = propose(kind, [cast.ada, cast.boris, cast.carla], weeks=1)
    first = datetime.fromisoformat(plan.slots[0]["starts_at"])
    Shift.objects.create(type=kind, starts_at=first, ends_at=first + 3 * DAY)

    _plan, notes = plans.accept_plan(plan=plan, by=None, at=AT)

    assert notes == []
    rows = {one.starts_at: one.person_id for one in Shift.objects.all()}
    assert rows == {
        datetime.fromisoformat(slot["starts_at"]): slot["person"] for slot in plan.slots
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["given away", "taken off"])
def test_who_leaves_does_not_touch_what_was_changed_meanwhile(
    cast: Cast, kind: ShiftType, how: str
) -> None:
    shift = add(kind, cast.ada, AT + DAY)

    def leave() -> None:
        rota.free_shifts_of(user=cast.ada, by=None, at=AT)
        done.append(True)

    done: list[bool] = []
    with transaction.atomic():
        rota.lock_type(kind)
        thread = beside(leave)
        if how == "given away":
            Shift.objects.filter(pk=shift.pk).update(person=cast.boris)
        else:
            Shift.objects.filter(pk=shift.pk).delete()
    thread.join(60)

    assert done
    assert list(Shift.objects.values_list("person", flat=True)) == (
        [cast.boris.pk] if how == "given away" else []
    )


def test_a_copied_shift_keeps_its_utc_across_daylight_saving(cast: Cast, kind: ShiftType) -> None:
    before = datetime(2026, 3, 26, 14, tzinfo=UTC)  # Europe's clocks change on the 29th
    add(kind, cast.carla, before)
    rota.copy_pattern(kind=kind, first_day=date(2026, 3, 30), weeks=1, by=None, at=AT)
    assert Shift.objects.latest("starts_at").starts_at == before + WEEK


# --- People who leave ---------------------------------------------------------------------------


def test_who_leaves_leaves_gaps_and_the_managers_hear_of_them(cast: Cast, kind: ShiftType) -> None:
    past = add(kind, cast.ada, AT - DAY)
    running = add(kind, cast.ada, AT - HOUR)
    coming = add(kind, cast.ada, AT + DAY)
    others = add(kind, cast.boris, AT + 2 * DAY)
    _link, token = shift_people.make_calendar_link(
        owner=cast.ada, vo=None, kind=None, by=None, at=AT
    )

    people.leave(user=cast.ada, by=cast.dmitri, at=AT)

    rows = [
        (one.starts_at, one.ends_at, one.person)
        for one in Shift.objects.select_related("person").order_by("starts_at")
    ]
    assert rows == [
        (past.starts_at, past.ends_at, cast.ada),
        (running.starts_at, AT, cast.ada),
        (AT, running.ends_at, None),
        (coming.starts_at, coming.ends_at, None),
        (others.starts_at, others.ends_at, cast.boris),
    ]
    [(address, body)] = mails("shift.gaps")
    assert address == cast.dmitri.email
    assert body.count("Shift, ") == 2
    assert shift_people.find_link(token, at=AT) is None


def test_who_is_a_shifter_no_more_loses_shifts_and_role_at_once(
    cast: Cast, kind: ShiftType, clock_at: Callable[[datetime], None]
) -> None:
    add(kind, cast.ada, AT - HOUR)
    clock_at(AT)
    assert policies.is_tpm_operator(cast.ada)
    vos.set_vo_member(vo=cast.juno, user=cast.ada, is_shifter=False, by=cast.dmitri, at=AT)
    assert not policies.is_tpm_operator(User.objects.get(pk=cast.ada.pk))
    assert len(mails("shift.gaps")) == 1


# --- Plans -------------------------------------------------------------------------------------


def propose(kind: ShiftType, who: list[User], weeks: int = 2, key: object = None) -> ShiftPlan:
    """Propose a plan from the next Monday on."""
    return plans.propose_plan(
        kind=kind,
        first_day=NEXT,
        weeks=weeks,
        people=who,
        by=None,
        at=AT,
        key=key or uuid4(),  # type: ignore[arg-type]
    )


def test_a_plan_is_a_draft_until_it_is_accepted_in_one_step(cast: Cast, kind: ShiftType) -> None:
    key = uuid4()
    plan = propose(kind, [cast.ada, cast.boris, cast.carla], weeks=1, key=key)
    assert propose(kind, [cast.ada], key=key) == plan
    assert len(plan.slots) == 21
    assert not Shift.objects.exists()
    empty = [slot for slot in plan.slots if slot["person"] is None]
    # Ada alone is awake from 22 to 06 UTC, and rests.
    assert all(slot["why"] for slot in empty)

    plans.change_slot(plan=plan, position=0, person=cast.carla, by=None, at=AT)
    accepted, notes = plans.accept_plan(plan=plan, by=cast.dmitri, at=AT)

    assert notes == []
    assert accepted.state == PlanState.ACCEPTED
    assert Shift.objects.count() == 21
    assert Shift.objects.order_by("starts_at")[0].person == cast.carla
    assert Shift.objects.filter(person=None).count() == len(
        [slot for slot in ShiftPlan.objects.get().slots if slot["person"] is None]
    )
    for act in (
        lambda: plans.accept_plan(plan=plan, by=None, at=AT),
        lambda: plans.discard_plan(plan=plan, by=None, at=AT),
        lambda: plans.change_slot(plan=plan, position=0, person=None, by=None, at=AT),
    ):
        assert "accepted already" in error_of(act).message


def test_accepting_keeps_what_is_on_the_rota_meanwhile_and_says_so(
    cast: Cast, kind: ShiftType
) -> None:
    plan = propose(kind, [cast.ada, cast.boris, cast.carla], weeks=1)
    first = datetime.fromisoformat(plan.slots[0]["starts_at"])
    taken = add(kind, cast.boris, first)
    gap = add(kind, None, first + 8 * HOUR)
    _plan, notes = plans.accept_plan(plan=plan, by=None, at=AT)
    taken.refresh_from_db()
    gap.refresh_from_db()
    assert taken.person == cast.boris
    assert gap.person_id == plan.slots[1]["person"]
    assert len(notes) == 1 and "Boris" in notes[0]
    assert Shift.objects.count() == 21


def absent(person: User, day: date) -> None:
    """Let the person be absent on a day."""
    shift_people.add_wish(
        user=person, kind=WishKind.ABSENT, first_day=day, last_day=day, by=None, at=AT
    )


@pytest.mark.parametrize("is_gap_there", [False, True])
def test_who_named_an_absence_since_the_proposal_leaves_a_gap_that_is_said(
    cast: Cast, kind: ShiftType, is_gap_there: bool
) -> None:
    plan = propose(kind, [cast.boris], weeks=1)
    position, slot = next(
        (number, slot) for number, slot in enumerate(plan.slots) if slot["person"]
    )
    first = datetime.fromisoformat(slot["starts_at"])
    if is_gap_there:
        add(kind, None, first)
    absent(cast.boris, first.date())

    _plan, notes = plans.accept_plan(plan=plan, by=None, at=AT)

    shifts = list(Shift.objects.order_by("starts_at"))
    assert len(shifts) == 21
    assert shifts[position].is_gap
    assert f"{cast.boris.get_full_name()} is absent." in notes[0]
    assert period_words(first, shifts[position].ends_at) in notes[0]


def test_a_slot_that_is_given_to_somebody_who_is_absent_stays_so(
    cast: Cast, kind: ShiftType
) -> None:
    plan = propose(kind, [cast.boris], weeks=1)
    first = datetime.fromisoformat(plan.slots[0]["starts_at"])
    absent(cast.ada, first.date())
    plan = plans.change_slot(plan=plan, position=0, person=cast.ada, by=None, at=AT)
    plans.accept_plan(plan=plan, by=None, at=AT)
    assert Shift.objects.order_by("starts_at")[0].person == cast.ada


def test_a_plan_needs_people_weeks_and_free_slots(cast: Cast, kind: ShiftType) -> None:
    assert "nobody to plan with" in error_of(lambda: propose(kind, [])).message
    assert "weeks" in error_of(lambda: propose(kind, [cast.ada], weeks=27)).message
    assert "no shifter" in error_of(lambda: propose(kind, [cast.eve])).message
    week = make.make_shift_type(vo=cast.juno, name="Week")
    add(week, cast.ada, datetime(2026, 1, 19, 8, tzinfo=UTC), hours=7 * 24)
    assert "already" in error_of(lambda: propose(week, [cast.boris], weeks=1)).message


def test_absences_and_waking_hours_of_people_reach_the_plan(cast: Cast, kind: ShiftType) -> None:
    shift_people.add_wish(
        user=cast.ada,
        kind=WishKind.ABSENT,
        first_day=NEXT,
        last_day=NEXT + 6 * DAY,
        by=None,
        at=AT,
    )
    shift_people.set_contact(
        user=cast.carla,
        phone="",
        im_address="",
        wakes_at=time(9),
        sleeps_at=time(18),
        by=None,
        at=AT,
    )
    plan = propose(kind, [cast.ada, cast.boris, cast.carla], weeks=1)
    assert {slot["person"] for slot in plan.slots} <= {None, cast.boris.pk, cast.ada.pk}
    of_night = [slot for slot in plan.slots[:-1] if "T22:00" in slot["starts_at"]]
    assert [slot["why"] for slot in of_night] == [{"asleep": 2, "absent": 1}] * 6


# --- Who hears of it ---------------------------------------------------------------------------


def told() -> dict[str, str]:
    """Return the mails about changes of the rota, and forget them."""
    found = dict(mails("shift.rota-changed"))
    Delivery.objects.all().delete()
    return found


def test_who_gets_a_shift_and_who_had_it_are_mailed(cast: Cast, kind: ShiftType) -> None:
    shift = add(kind, cast.ada, AT + DAY)
    assert "You have these shifts now" in told()[cast.ada.email]
    times = {"starts_at": shift.starts_at, "ends_at": shift.ends_at}
    facts = {"shift": shift, "by": cast.dmitri, "at": AT + HOUR}

    rota.change_shift(person=cast.boris, **times, **facts)
    found = told()
    assert set(found) == {cast.ada.email, cast.boris.email}
    assert "not yours any more" in found[cast.ada.email]
    assert "You have these shifts now" not in found[cast.ada.email]
    assert "Dmitri Orlov changed the rota of juno." in found[cast.boris.email]

    later = {"starts_at": shift.starts_at, "ends_at": shift.ends_at + HOUR}
    rota.change_shift(person=cast.boris, **later, **facts)
    (mail,) = told().values()
    assert "You have these shifts now" in mail and "not yours any more" in mail

    rota.change_shift(person=cast.boris, **later, **facts)
    assert told() == {}
    rota.remove_shift(**facts)
    assert "not yours any more" in told()[cast.boris.email]


def test_who_changes_the_own_shift_gets_no_mail(cast: Cast, kind: ShiftType) -> None:
    shift = rota.add_shift(
        kind=kind,
        person=cast.ada,
        starts_at=AT + DAY,
        ends_at=AT + DAY + HOUR,
        by=cast.ada,
        at=AT,
    )
    rota.remove_shift(shift=shift, by=cast.ada, at=AT)
    assert told() == {}


def test_a_plan_and_a_copy_are_told_in_one_mail_a_person(cast: Cast, kind: ShiftType) -> None:
    plan = propose(kind, [cast.ada, cast.boris], weeks=1)
    plans.accept_plan(plan=plan, by=cast.dmitri, at=AT)
    shares = {cast.ada.email: cast.ada.pk, cast.boris.email: cast.boris.pk}
    found = told()
    assert set(found) == set(shares)
    for address, person in shares.items():
        of_person = [slot for slot in plan.slots if slot["person"] == person]
        assert found[address].count("\n- ") == len(of_person)

    rota.copy_pattern(kind=kind, first_day=NEXT + WEEK, weeks=1, by=cast.dmitri, at=AT)
    assert set(told()) == set(shares)


# --- Swaps -------------------------------------------------------------------------------------


def test_a_colleague_takes_the_shift_and_the_one_in_exchange_goes_back(
    cast: Cast, kind: ShiftType
) -> None:
    mine, theirs = add(kind, cast.ada), add(kind, cast.boris, AT + 2 * DAY)
    swap = swaps.ask_swap(
        shift=mine,
        asked_of=cast.boris,
        in_exchange=theirs,
        message="My daughter's birthday",
        by=cast.ada,
        at=AT,
    )
    [(address, body)] = mails("shift.swap-asked")
    assert address == cast.boris.email
    assert "birthday" in body and f"/shifts/-/swaps/{swap.pk}/" in body
    # In the reader's zone, with UTC beside it.
    assert "Tue 13 Jan, 09:30 – 17:30 (Europe/Paris) = Tue 13 Jan, 08:30 – 16:30 UTC" in body

    swaps.accept_swap(swap=swap, by=cast.boris, at=AT)

    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.person, theirs.person) == (cast.boris, cast.ada)
    [(address, body)] = mails("shift.swap-answered")
    assert address == cast.ada.email and "takes your shift" in body
    again = error_of(lambda: swaps.accept_swap(swap=swap, by=cast.boris, at=AT))
    assert "accepted already" in again.message


def test_two_shifts_that_follow_one_another_can_be_swapped(cast: Cast, kind: ShiftType) -> None:
    expert = make.make_shift_type(vo=cast.juno, name="Expert")
    mine, theirs = add(kind, cast.ada), add(expert, cast.boris)
    swap = swaps.ask_swap(
        shift=mine, asked_of=cast.boris, in_exchange=theirs, message="", by=cast.ada, at=AT
    )
    swaps.accept_swap(swap=swap, by=cast.boris, at=AT)
    mine.refresh_from_db()
    assert mine.person == cast.boris


def test_refused_and_withdrawn_swaps_leave_the_rota_as_it_is(cast: Cast, kind: ShiftType) -> None:
    shift = add(kind, cast.ada)
    ask = {"shift": shift, "in_exchange": None, "message": "", "by": cast.ada, "at": AT}
    swap = swaps.ask_swap(asked_of=cast.boris, **ask)
    assert "offered already" in error_of(lambda: swaps.ask_swap(asked_of=None, **ask)).message
    assert "Not you" in error_of(lambda: swaps.refuse_swap(swap=swap, by=cast.carla, at=AT)).message
    assert "Not you" in error_of(lambda: swaps.accept_swap(swap=swap, by=cast.carla, at=AT)).message
    swaps.refuse_swap(swap=swap, by=cast.boris, at=AT)
    [(_address, body)] = mails("shift.swap-answered")
    assert "It stays yours" in body

    to_all = swaps.ask_swap(asked_of=None, **ask)
    assert [address for address, _body in mails("shift.swap-asked")] == [
        cast.boris.email,
        cast.boris.email,
        cast.carla.email,
    ]
    assert (
        "own shift" in error_of(lambda: swaps.accept_swap(swap=to_all, by=cast.ada, at=AT)).message
    )
    swaps.withdraw_swap(swap=to_all, by=cast.ada, at=AT)
    shift.refresh_from_db()
    assert shift.person == cast.ada


def test_what_cannot_be_swapped_is_said(cast: Cast, kind: ShiftType) -> None:
    shift, theirs = add(kind, cast.ada), add(kind, cast.carla, AT + 2 * DAY)
    ask = {"shift": shift, "message": "", "by": cast.ada, "at": AT}
    table = [
        ({"asked_of": cast.eve, "in_exchange": None}, "no shifter"),
        ({"asked_of": cast.ada, "in_exchange": None}, "ask yourself"),
        ({"asked_of": cast.boris, "in_exchange": theirs}, "not a shift of the one you ask"),
        ({"asked_of": None, "in_exchange": theirs}, "not a shift of the one you ask"),
        ({"asked_of": None, "in_exchange": None, "by": cast.boris}, "not your shift"),
        ({"asked_of": None, "in_exchange": None, "at": AT + 5 * DAY}, "ended"),
    ]
    for wrong, words in table:
        assert words in error_of(lambda wrong=wrong: swaps.ask_swap(**(ask | wrong))).message


def test_nobody_gets_two_shifts_at_once_by_a_swap(cast: Cast, kind: ShiftType) -> None:
    expert = make.make_shift_type(vo=cast.juno, name="Expert")
    shift = add(kind, cast.ada)
    add(expert, cast.boris)
    swap = swaps.ask_swap(
        shift=shift, asked_of=None, in_exchange=None, message="", by=cast.ada, at=AT
    )
    error = error_of(lambda: swaps.accept_swap(swap=swap, by=cast.boris, at=AT))
    assert "has another shift then" in error.message
    shift.refresh_from_db()
    assert shift.person == cast.ada
    swaps.accept_swap(swap=swap, by=cast.carla, at=AT)
    shift.refresh_from_db()
    assert shift.person == cast.carla
