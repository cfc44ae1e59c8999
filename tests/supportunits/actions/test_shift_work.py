"""Shifts at work: check-list, hand-over, log, meeting, card, and what the clock does."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest

from juno_support.errors import SupportError
from juno_support.outbox.models import Delivery
from supportunits.actions import rota, shift_clock, shift_log, shift_meeting, shift_people
from supportunits.models import (
    HandOver,
    OnCallCard,
    Shift,
    ShiftLogEntry,
    ShiftMeeting,
    ShiftType,
    ShiftWish,
    WishKind,
)
from tests import make
from tests.cast import Cast
from tests.make import AT
from topology.models import SiteAlias

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def kind(cast: Cast) -> ShiftType:
    """Return a type of shift of juno; Ada and Boris are shifters."""
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    cast.juno.memberships.update(is_shifter=True)
    return make.make_shift_type(vo=cast.juno)


@pytest.fixture
def shift(cast: Cast, kind: ShiftType) -> Shift:
    """Return Ada's shift, eight hours from now on."""
    return make.make_shift(type=kind, person=cast.ada)


def error_of(act: Callable[[], object]) -> SupportError:
    """Return the error that the action raises."""
    with pytest.raises(SupportError) as caught:
        act()
    return caught.value


def kinds() -> list[tuple[str, str]]:
    """Return kind and address of every mail, in order."""
    return list(Delivery.objects.order_by("pk").values_list("kind", "to_address"))


def test_the_check_list_is_ticked_by_its_shifter_only(cast: Cast, shift: Shift) -> None:
    lines = shift.type.checks
    shift_log.set_ticks(shift=shift, ticked=[*lines[:2], "not there"], by=cast.ada, at=AT)
    assert set(shift.ticks.values_list("check_text", flat=True)) == set(lines[:2])
    shift_log.set_ticks(shift=shift, ticked=lines[1:3], by=cast.ada, at=AT + HOUR)
    kept = dict(shift.ticks.values_list("check_text", "ticked_at"))
    assert kept == {lines[1]: AT, lines[2]: AT + HOUR}
    refused = error_of(lambda: shift_log.set_ticks(shift=shift, ticked=[], by=cast.boris, at=AT))
    assert "not your shift" in refused.message


def test_a_hand_over_needs_a_note_and_reaches_the_next_shifter(
    cast: Cast, kind: ShiftType, shift: Shift
) -> None:
    following = make.make_shift(type=kind, person=cast.boris, starts_at=AT + 8 * HOUR)
    give = {"shift": shift, "by": cast.ada, "at": AT + 7 * HOUR}
    assert "nothing written" in error_of(lambda: shift_log.hand_over(note=" \n", **give)).message
    other = give | {"by": cast.boris}
    assert "not your" in error_of(lambda: shift_log.hand_over(note="x", **other)).message

    note = shift_log.hand_over(note="CNAF's tape is **slow**, see #12", **give)

    assert "<strong>slow</strong>" in note.note_html
    mail = Delivery.objects.get(kind="shift.hand-over")
    assert mail.to_address == cast.boris.email and "tape is **slow**" in mail.body
    wrong = error_of(lambda: shift_log.take_over(hand_over=note, by=cast.ada, at=AT))
    assert "following shift" in wrong.message
    taken = shift_log.take_over(hand_over=note, by=cast.boris, at=AT + 8 * HOUR)
    assert (taken.taken_by, taken.taken_at) == (cast.boris, AT + 8 * HOUR)
    assert shift_log.shift_before(following) == shift


def test_a_hand_over_passes_gaps_over(cast: Cast, kind: ShiftType, shift: Shift) -> None:
    gap = make.make_shift(type=kind, person=None, starts_at=AT + 8 * HOUR)
    later = make.make_shift(type=kind, person=cast.boris, starts_at=AT + 16 * HOUR)

    note = shift_log.hand_over(shift=shift, note="tape is slow", by=cast.ada, at=AT + 7 * HOUR)

    assert Delivery.objects.get(kind="shift.hand-over").to_address == cast.boris.email
    assert shift_log.shift_before(later) == shift
    # Who takes the gap has the following shift, and the note.
    rota.take_gap(shift=gap, by=cast.boris, at=AT + 7 * HOUR)
    assert shift_log.next_shift(shift) == gap
    assert shift_log.take_over(hand_over=note, by=cast.boris, at=AT + 8 * HOUR).taken_at


def test_a_hand_over_that_nobody_follows_is_kept(cast: Cast, kind: ShiftType, shift: Shift) -> None:
    make.make_shift(type=kind, person=None, starts_at=AT + 8 * HOUR)
    shift_log.hand_over(shift=shift, note="tape is slow", by=cast.ada, at=AT + 7 * HOUR)
    assert shift_log.next_shift(shift) is None
    assert HandOver.objects.get().shift == shift
    assert kinds() == []


def test_a_note_written_again_replaces_the_first_and_wants_to_be_read_again(
    cast: Cast, kind: ShiftType, shift: Shift
) -> None:
    make.make_shift(type=kind, person=cast.boris, starts_at=AT + 8 * HOUR)
    note = shift_log.hand_over(shift=shift, note="first", by=cast.ada, at=AT + HOUR)
    shift_log.take_over(hand_over=note, by=cast.boris, at=AT + 2 * HOUR)
    shift_log.hand_over(shift=shift, note="second", by=cast.ada, at=AT + 3 * HOUR)
    kept = HandOver.objects.get()
    assert (kept.note, kept.taken_at) == ("second", None)
    assert Delivery.objects.filter(kind="shift.hand-over").count() == 2


def test_a_week_is_not_handed_over_before_its_last_day(cast: Cast, kind: ShiftType) -> None:
    week = make.make_shift(type=kind, person=cast.ada, length=7 * DAY)
    early = error_of(lambda: shift_log.hand_over(shift=week, note="x", by=cast.ada, at=AT + DAY))
    assert "goes on" in early.message
    shift_log.hand_over(shift=week, note="x", by=cast.ada, at=AT + 6 * DAY + HOUR)


def test_a_log_entry_knows_its_shift_tickets_and_sites(cast: Cast, shift: Shift) -> None:
    SiteAlias.objects.create(site=cast.in2p3, namespace="people", name="Lyon")
    key = uuid4()
    text = "Called Lyon about #41 and #7; BEIJING-LCG2-like names are none. x#3"
    wrote = {"vo": cast.juno, "text": text, "by": cast.ada, "at": AT, "key": key}
    entry = shift_log.write_log(tickets=shift_log.tickets_named(text), **wrote)
    assert shift_log.write_log(**wrote) == entry
    assert entry.shift == shift
    assert entry.tickets == [7, 41]
    assert list(entry.sites.all()) == [cast.in2p3]
    assert "/tickets/41/" in entry.html


def test_only_shifters_of_the_vo_and_tpm_write_the_log(cast: Cast, kind: ShiftType) -> None:
    for person in (cast.eve, cast.dmitri):
        refused = error_of(
            lambda person=person: shift_log.write_log(
                vo=cast.juno, text="x", by=person, at=AT, key=uuid4()
            )
        )
        assert "Shifters of juno" in refused.message
    shift_log.write_log(vo=cast.juno, text="x", by=cast.carla, at=AT, key=uuid4())


def test_what_must_not_stay_in_the_log_goes_with_a_trace(cast: Cast, shift: Shift) -> None:
    entry = shift_log.write_log(
        vo=cast.juno, text="password: hunter2, IN2P3-CC", by=cast.ada, at=AT, key=uuid4()
    )
    assert error_of(lambda: shift_log.redact_log(entry=entry, by=cast.eve, at=AT))
    shift_log.redact_log(entry=entry, by=cast.boris, at=AT + HOUR)
    kept = ShiftLogEntry.objects.get()
    assert (kept.text, kept.html, kept.sites.count()) == ("", "", 0)
    assert (kept.redacted_by, kept.redacted_at) == (cast.boris, AT + HOUR)


def test_minutes_are_replaced_and_actions_are_ticked_off(cast: Cast, kind: ShiftType) -> None:
    week = date(2026, 1, 5)
    shift_meeting.write_minutes(vo=cast.juno, week=week, minutes="a", by=cast.ada, at=AT)
    shift_meeting.write_minutes(vo=cast.juno, week=week, minutes="**b**", by=cast.ada, at=AT)
    assert "<strong>b</strong>" in ShiftMeeting.objects.get().minutes_html
    key = uuid4()
    facts = {"vo": cast.juno, "week": week, "person": cast.ada, "due_on": None}
    facts |= {"by": cast.ada, "at": AT, "key": key}
    assert error_of(lambda: shift_meeting.add_action(what=" ", **facts))
    action = shift_meeting.add_action(what="Ask CNAF about tape", **facts)
    assert shift_meeting.add_action(what="again", **facts) == action
    done = shift_meeting.set_done(action=action, is_done=True, by=cast.ada, at=AT + DAY)
    assert done.done_at == AT + DAY
    assert shift_meeting.set_done(action=action, is_done=False, by=None, at=AT).done_at is None


def test_the_card_of_the_night_holds_all_that_is_needed_without_the_portal(
    cast: Cast, kind: ShiftType, shift: Shift
) -> None:
    make.make_on_call_contact(user=cast.ada, phone="+86 10 1", im_address="matrix:@ada:x.org")
    make.make_shift(type=kind, person=None, starts_at=AT + 8 * HOUR)
    assert shift_clock.make_cards_of_day(at=AT) == 1
    assert shift_clock.make_cards_of_day(at=AT + HOUR) == 0
    content = OnCallCard.objects.get().content
    assert [one["person"] for one in content["shifts"]] == ["Ada Liang", ""]
    assert content["shifters"][0] == {
        "name": "Ada Liang",
        "zone": "Asia/Shanghai",
        "email": cast.ada.email,
        "phone": "+86 10 1",
        "im_address": "matrix:@ada:x.org",
    }
    assert [one["name"] for one in content["sites"]] == ["BEIJING-LCG2", "IN2P3-CC"]
    assert content["sites"][0]["emergency"] == "emergency@beijing-lcg2.example.org"
    for day in range(1, 20):
        shift_clock.make_cards_of_day(at=AT + day * DAY)
    assert OnCallCard.objects.count() == shift_meeting.CARDS_KEPT


def test_the_card_of_the_night_is_mailed_to_the_people_of_the_coming_shifts(
    cast: Cast, kind: ShiftType, shift: Shift
) -> None:
    make.make_on_call_contact(user=cast.ada, phone="+86 10 1", im_address="matrix:@ada:x.org")
    make.make_shift(type=kind, person=None, starts_at=AT + 8 * HOUR)
    make.make_shift(type=kind, person=cast.ada, starts_at=AT + 20 * HOUR)
    make.make_shift(type=kind, person=cast.boris, starts_at=AT + 49 * HOUR)
    off = make.make_shift_type(vo=cast.juno, name="Old", is_active=False)
    make.make_shift(type=off, person=cast.carla)

    shift_clock.make_cards_of_day(at=AT)
    shift_clock.make_cards_of_day(at=AT + HOUR)

    mail = Delivery.objects.get(kind="shift.card")
    assert mail.to_address == cast.ada.email
    for words in (
        "Mon 12 Jan, 08:30 – 16:30: Ada Liang (On call)",
        "Mon 12 Jan, 16:30 – Tue 13 Jan, 00:30: nobody (On call)",
        "Ada Liang: +86 10 1, matrix:@ada:x.org, Asia/Shanghai",
        "BEIJING-LCG2: emergency@beijing-lcg2.example.org",
        "/shifts/juno/card/",
    ):
        assert words in mail.body
    assert cast.boris.email not in mail.body

    shift_clock.make_cards_of_day(at=AT + DAY)
    newest = Delivery.objects.filter(kind="shift.card").order_by("-pk")
    assert {mail.to_user for mail in newest[:2]} == {cast.ada, cast.boris}


def test_shifters_are_reminded_and_told_once_each(cast: Cast, kind: ShiftType) -> None:
    shift = make.make_shift(type=kind, person=cast.ada, starts_at=AT + 30 * HOUR)
    make.make_shift(type=kind, person=None, starts_at=AT + 20 * HOUR)

    def tell(after: timedelta) -> list[tuple[str, str]]:
        before = len(kinds())
        shift_clock.tell_shifters(at=AT + after)
        shift_clock.tell_shifters(at=AT + after + timedelta(minutes=5))
        return kinds()[before:]

    ada, boris = cast.ada.email, cast.boris.email
    assert tell(HOUR) == []
    assert tell(6 * HOUR) == [("shift.reminder", ada)]
    # Somebody takes it over: this person hears of it, too.
    Shift.objects.filter(pk=shift.pk).update(person=cast.boris)
    assert tell(7 * HOUR) == [("shift.reminder", boris)]
    assert tell(30 * HOUR) == [("shift.on-call-now", boris)]
    assert tell(33 * HOUR) == []
    assert tell(39 * HOUR) == [("shift.note-missing", boris)]


def test_who_handed_over_is_not_asked_for_a_note(cast: Cast, shift: Shift) -> None:
    shift_log.hand_over(shift=shift, note="calm", by=cast.ada, at=AT + 7 * HOUR)
    shift_clock.tell_shifters(at=AT + 9 * HOUR)
    assert [kind for kind, _address in kinds()] == []


def test_days_of_a_wish_that_cannot_be_are_refused(cast: Cast) -> None:
    wish = {"user": cast.ada, "kind": WishKind.ABSENT, "by": cast.ada, "at": AT}
    day = date(2026, 2, 1)
    table = [((day, day - DAY), "before the first"), ((day, day + 400 * DAY), "366 days")]
    for (first, last), words in table:
        error = error_of(
            lambda first=first, last=last: shift_people.add_wish(
                first_day=first, last_day=last, **wish
            )
        )
        assert words in error.message
    one = shift_people.add_wish(first_day=day, last_day=day, **wish)
    assert shift_people.add_wish(first_day=day, last_day=day, **wish) == one
    shift_people.remove_wish(wish=one, by=cast.ada, at=AT)
    assert not ShiftWish.objects.exists()


def test_a_calendar_link_ends_with_its_year_and_its_owner(cast: Cast) -> None:
    link, token = shift_people.make_calendar_link(
        owner=cast.ada, vo=cast.juno, kind=None, by=cast.ada, at=AT
    )
    assert token not in link.token_hash
    assert shift_people.find_link(token, at=AT + DAY) == link
    assert shift_people.find_link("x", at=AT) is None
    assert shift_people.find_link(token, at=AT + 367 * DAY) is None
    for _ in range(9):
        shift_people.make_calendar_link(owner=cast.ada, vo=None, kind=None, by=cast.ada, at=AT)
    more = error_of(
        lambda: shift_people.make_calendar_link(
            owner=cast.ada, vo=None, kind=None, by=cast.ada, at=AT
        )
    )
    assert "10 calendar addresses" in more.message
    shift_people.end_calendar_link(link=link, by=cast.ada, at=AT)
    assert shift_people.find_link(token, at=AT) is None
