"""The pages of shifts: who sees what, bad input said at the place, a bounded number of queries."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import icalendar
import pytest
from django.test import Client

from juno_support.lib import clock
from supportunits.actions import plans, shift_clock, shift_log, shift_people, swaps
from supportunits.models import (
    CalendarLink,
    ContactRole,
    MeetingAction,
    OnCallContact,
    Shift,
    ShiftLogEntry,
    ShiftPlan,
    ShiftSwap,
    ShiftType,
    ShiftWish,
)
from tests import make
from tests.cast import Cast
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets.actions import work

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ClientOf = Callable[..., Client]


@pytest.fixture
def kind(cast: Cast, clock_at: Callable[[datetime], None]) -> ShiftType:
    """Return a type of shift of juno. Ada and Boris are shifters, Eve manages the VO."""
    clock_at(AT)
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    cast.juno.memberships.update(is_shifter=True)
    card = make.make_card(vo=cast.juno)
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.eve)
    make.make_on_call_contact(user=cast.ada, phone="+86 10 5550100", im_address="matrix:@ada")
    return make.make_shift_type(
        vo=cast.juno, days=1, hand_overs=[time(6), time(14), time(22)], name="Round"
    )


@pytest.fixture
def shift(cast: Cast, kind: ShiftType) -> Shift:
    """Return Ada's shift, which runs."""
    return make.make_shift(type=kind, person=cast.ada, starts_at=AT - HOUR)


def text_of(answer: Any) -> str:
    """Return the page as text."""
    return answer.content.decode()


# --- On call, home, people ---------------------------------------------------------------------


def test_the_phone_of_who_is_on_call_is_for_supporters_and_shifters(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    nobody = make.make_user(username="nobody")
    for person, sees in (
        (cast.boris, True),
        (cast.carla, True),
        (cast.eve, False),
        (nobody, False),
    ):
        for address in ("/shifts/", "/shifts/juno/", "/shifts/juno/people/"):
            page = text_of(client_of(person).get(address))
            assert "Ada Liang" in page
            assert ("5550100" in page) is sees, (person, address)
            assert ("matrix:@ada" in page) is sees
        page = text_of(client_of(person).get(f"/shifts/-/shift/{shift.pk}/"))
        assert ("5550100" in page) is sees


def test_local_time_is_shown_beside_who_is_on_call(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    page = text_of(client_of(cast.boris).get("/shifts/"))
    assert "16:30 local time in Asia/Shanghai" in page


def test_addresses_of_shifters_are_for_those_who_see_addresses(
    cast: Cast, shift: Shift, client_of: ClientOf, clock_at: Callable[[datetime], None]
) -> None:
    quentin = make.make_user(username="quentin")
    make.join_vo(vo=cast.juno, user=quentin, is_shifter=True)
    assert cast.ada.email not in text_of(client_of(quentin).get("/shifts/juno/people/"))
    assert cast.ada.email in text_of(client_of(cast.boris).get("/shifts/juno/people/"))
    make.make_shift(
        type=make.make_shift_type(vo=cast.juno, name="Other"), person=quentin, starts_at=AT
    )
    assert cast.ada.email in text_of(client_of(quentin).get("/shifts/juno/people/"))


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/shifts/", 17),
        ("/shifts/juno/", 12),
        ("/shifts/juno/people/", 10),
        ("/shifts/-/me/", 14),
        ("/shifts/juno/log/", 12),
        ("/shifts/juno/since/", 15),
        ("/shifts/juno/report/", 18),
        ("/shifts/juno/meeting/", 26),
        ("/shifts/juno/card/", 9),
    ],
)
def test_each_page_asks_a_bounded_number_of_questions(
    address: str,
    queries: int,
    cast: Cast,
    kind: ShiftType,
    client_of: ClientOf,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(60):
        starts_at = AT - 3 * DAY + 8 * number * HOUR
        person = (cast.ada, cast.boris, None)[number % 3]
        make.make_shift(type=kind, person=person, starts_at=starts_at)
    for number in range(20):
        ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
        shift_log.write_log(
            vo=cast.juno,
            text=f"entry {number} about #{ticket.pk} at IN2P3-CC",
            by=cast.ada,
            at=AT - HOUR,
            key=uuid4(),
            tickets=[ticket.pk],
        )
    shift_clock.make_cards_of_day(at=AT)
    client = client_of(cast.boris)
    client.get(address)
    with django_assert_max_num_queries(queries):
        assert client.get(address).status_code == 200


# --- Rota --------------------------------------------------------------------------------------


def test_the_rota_shows_gaps_in_words_and_local_times_with_utc(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    begins = datetime(2026, 1, 12, 6, tzinfo=UTC)
    make.make_shift(type=kind, person=cast.ada, starts_at=begins)
    make.make_shift(type=kind, person=None, starts_at=begins + 8 * HOUR)
    make.make_shift(type=kind, person=cast.boris, starts_at=begins + 24 * HOUR)
    page = text_of(client_of(cast.boris).get("/shifts/juno/"))
    # Boris lives in Lyon.
    assert 'title="Mon 12 Jan, 06:00 – 14:00 UTC"' in page
    assert "07:00–15:00" in page
    assert page.count("Round: nobody for 8 h") == 2
    assert "Round: nothing is planned from Tue 13 Jan, 15:00 on." in page
    assert "Change the rota" not in page
    page = text_of(client_of(cast.boris).get("/shifts/juno/?from=2026-02-09"))
    assert "Week of 9 Feb 2026" in page
    assert client_of(cast.boris).get("/shifts/juno/?from=x").status_code == 200
    assert client_of(cast.boris).get("/shifts/nosuchvo/").status_code == 404


def test_one_person_on_two_shifts_is_said(cast: Cast, kind: ShiftType, client_of: ClientOf) -> None:
    make.make_shift(type=kind, person=cast.ada)
    make.make_shift(type=make.make_shift_type(vo=cast.juno, name="Expert"), person=cast.ada)
    page = text_of(client_of(cast.eve).get("/shifts/juno/"))
    assert "Ada Liang has two shifts at once: Expert and Round." in page


def test_only_who_manages_the_vo_changes_its_rota(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    body = {"kind": shift.type_id, "starts_at": "2026-01-20T08:00", "ends_at": "2026-01-20T16:00"}
    for person, code in ((cast.ada, 403), (cast.carla, 403), (cast.eve, 302), (cast.dmitri, 422)):
        answer = client_of(person).post("/shifts/juno/add/", body)
        assert answer.status_code == code, person
        for address in ("/shifts/juno/plan/", f"/shifts/-/shift/{shift.pk}/change/"):
            method = "post" if "change" in address else "get"
            refused = getattr(client_of(person), method)(address).status_code == 403
            assert refused is (code == 403)
    assert Shift.objects.count() == 2


def test_a_shift_that_cannot_be_is_said_at_the_form_and_keeps_what_was_typed(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    client = client_of(cast.eve)
    body = {"kind": shift.type_id, "person": cast.boris.pk}
    table = [
        ({"starts_at": "2026-01-12T09:00", "ends_at": "2026-01-12T12:00"}, "It overlaps the shift"),
        ({"starts_at": "2026-01-13T09:00", "ends_at": "2026-01-12T12:00"}, "ends before it begins"),
        ({"starts_at": "x", "ends_at": "2026-01-12T12:00"}, "Enter a valid date/time"),
        (
            {"starts_at": "2026-01-13T09:00", "ends_at": "2026-01-13T12:00", "person": cast.eve.pk},
            "Select a valid choice",
        ),
    ]
    for wrong, words in table:
        answer = client.post("/shifts/juno/add/", body | wrong)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert wrong["ends_at"] in text_of(answer)
    change = {"person": cast.ada.pk, "starts_at": "2026-01-12T08:00", "ends_at": "2026-01-12T07:00"}
    answer = client.post(f"/shifts/-/shift/{shift.pk}/change/", change)
    assert answer.status_code == 422 and "ends before it begins" in text_of(answer)


def test_a_moment_that_daylight_saving_leaves_out_is_said(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    cast.eve.time_zone = "Europe/Rome"
    cast.eve.save()
    body = {"kind": kind.pk, "starts_at": "2026-03-29T02:30", "ends_at": "2026-03-29T08:00"}
    answer = client_of(cast.eve).post("/shifts/juno/add/", body)
    assert answer.status_code == 422
    assert "be interpreted in time zone" in text_of(answer)


def test_a_type_of_shift_is_made_changed_and_put_out_of_use(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    client = client_of(cast.eve)
    new = {"new-name": "Expert", "new-days": 7, "new-weekday": 0, "new-hand_overs": "08:00"}
    assert client.post("/shifts/juno/types/", new).status_code == 302
    wrong = client.post("/shifts/juno/types/", new | {"new-hand_overs": "8 o'clock"})
    assert wrong.status_code == 422 and "is not a time of the day" in text_of(wrong)
    again = client.post("/shifts/juno/types/", new)
    assert again.status_code == 422 and "already" in text_of(again)
    made = ShiftType.objects.get(name="Expert")
    prefix = f"type{made.pk}"
    change = {f"{prefix}-{name[4:]}": value for name, value in new.items()}
    client.post(
        "/shifts/juno/types/",
        change | {"type": made.pk, f"{prefix}-checks": "one\ntwo", "off": "1"},
    )
    made.refresh_from_db()
    assert (made.checks, made.is_active) == (["one", "two"], False)
    assert "shift type Expert" in text_of(client.get("/shifts/juno/"))


def test_copying_says_what_it_left_out(cast: Cast, kind: ShiftType, client_of: ClientOf) -> None:
    first = datetime(2026, 1, 12, 6, tzinfo=UTC)
    make.make_shift(type=kind, person=cast.ada, starts_at=first)
    make.make_shift(type=kind, person=cast.boris, starts_at=first + 7 * DAY)
    body = {"kind": kind.pk, "weeks": 1, "first_day": "2026-01-19"}
    answer = client_of(cast.eve).post("/shifts/juno/copy/", body, follow=True)
    assert "0 shifts were copied." in text_of(answer)
    assert "a shift is there already" in text_of(answer)


# --- Plan --------------------------------------------------------------------------------------


def test_a_plan_is_proposed_changed_and_accepted(
    cast: Cast, kind: ShiftType, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    client = client_of(cast.eve)
    form = client.get("/shifts/juno/plan/")
    assert "Ada Liang (Asia/Shanghai)" in text_of(form)
    body = {"kind": kind.pk, "first_day": "2026-01-19", "weeks": 2, "key": str(uuid4())}
    nobody = client.post("/shifts/juno/plan/", body)
    assert nobody.status_code == 422
    body["people"] = [cast.ada.pk, cast.boris.pk]
    answer = client.post("/shifts/juno/plan/", body)
    plan = ShiftPlan.objects.get()
    assert answer.url == f"/shifts/-/plans/{plan.pk}/"
    with django_assert_max_num_queries(16):
        page = text_of(client.get(answer.url))
    assert "How the load lies" in page and "Why some slots have nobody" in page
    change = f"/shifts/-/plans/{plan.pk}/change/"
    client.post(change, {"slot": "0", "person": cast.boris.pk})
    assert ShiftPlan.objects.get().slots[0]["person"] == cast.boris.pk
    for wrong in ({"slot": "999"}, {"slot": "x"}, {}):
        said = text_of(client.post(change, wrong, follow=True))
        assert "The plan has no such slot." in said
    client.post(change, {"step": "accept"})
    assert Shift.objects.count() == 42
    twice = client.post(change, {"step": "accept"}, follow=True)
    assert "accepted already" in text_of(twice)
    assert client_of(cast.ada).get(f"/shifts/-/plans/{plan.pk}/").status_code == 403


def test_the_plans_page_says_which_hand_overs_would_help(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    office = make.make_shift_type(
        vo=cast.juno, name="Office", days=1, hand_overs=[time(0), time(8), time(16)]
    )
    plan = plans.propose_plan(
        kind=office,
        first_day=date(2026, 1, 19),
        weeks=1,
        people=[cast.ada, cast.boris],
        by=cast.eve,
        at=AT,
        key=uuid4(),
    )
    page = text_of(client_of(cast.eve).get(f"/shifts/-/plans/{plan.pk}/"))
    assert "With hand-overs at 07:00, 15:00, 23:00 UTC somebody would be." in page
    assert "2 asleep then" in page


# --- One shift: check-list, hand-over, swap ----------------------------------------------------


def test_a_shift_is_worked_by_its_shifter_only(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    here = f"/shifts/-/shift/{shift.pk}/"
    checks = shift.type.checks
    for step, body in (
        ("checks", {"check": checks[:2]}),
        ("hand-over", {"note": "Calm."}),
        ("swap", {}),
    ):
        assert client_of(cast.boris).post(f"{here}{step}/", body).status_code == 403
        assert client_of(cast.ada).post(f"{here}{step}/", body).status_code == 302
    assert shift.ticks.count() == 2
    assert ShiftSwap.objects.get().asked_by == cast.ada
    empty = client_of(cast.ada).post(f"{here}hand-over/", {"note": " "})
    assert empty.status_code == 422 and "This field is required" in text_of(empty)
    assert client_of(cast.ada).get("/shifts/-/shift/99999/").status_code == 404


def test_the_note_is_read_by_the_next_shifter_and_by_nobody_outside(
    cast: Cast, kind: ShiftType, shift: Shift, client_of: ClientOf
) -> None:
    following = make.make_shift(type=kind, person=cast.boris, starts_at=shift.ends_at)
    shift_log.hand_over(shift=shift, note="CNAF is **slow**", by=cast.ada, at=AT)
    here = f"/shifts/-/shift/{following.pk}/"
    page = text_of(client_of(cast.boris).get(here))
    assert "CNAF is <strong>slow</strong>" in page
    assert "CNAF" not in text_of(client_of(cast.eve).get(here))
    take = f"/shifts/-/shift/{shift.pk}/take-over/"
    assert client_of(cast.ada).post(take).status_code == 403
    assert client_of(cast.boris).post(take).url == here
    assert "Taken over by Boris Lefèvre" in text_of(client_of(cast.boris).get(here))


def test_the_page_says_who_gets_the_note_and_when_nobody_does(
    cast: Cast, kind: ShiftType, shift: Shift, client_of: ClientOf
) -> None:
    make.make_shift(type=kind, person=None, starts_at=shift.ends_at)
    here = f"/shifts/-/shift/{shift.pk}/"
    assert "Nobody has a shift after this one yet." in text_of(client_of(cast.ada).get(here))
    left = client_of(cast.ada).post(f"{here}hand-over/", {"note": "calm"}, follow=True)
    assert "nobody has a shift after yours" in text_of(left)
    assert "by mail" not in text_of(left)

    make.make_shift(type=kind, person=cast.boris, starts_at=shift.ends_at + 8 * HOUR)
    page = text_of(client_of(cast.ada).get(here))
    assert "The note goes to Boris Lefèvre" in page and "Nobody is on shift between" in page
    left = client_of(cast.ada).post(f"{here}hand-over/", {"note": "calm"}, follow=True)
    assert "Boris Lefèvre has your note by mail" in text_of(left)


def test_a_shift_of_a_type_out_of_use_is_said_to_call_nobody(
    cast: Cast, kind: ShiftType, shift: Shift, client_of: ClientOf
) -> None:
    here = f"/shifts/-/shift/{shift.pk}/"
    assert "You are on call" in text_of(client_of(cast.ada).get(here))
    ShiftType.objects.filter(pk=kind.pk).update(is_active=False)
    page = text_of(client_of(cast.ada).get(here))
    assert "You are on call" not in page and "out of use" in page
    assert f"/shift/{shift.pk}/" not in text_of(client_of(cast.ada).get("/shifts/"))


def test_a_swap_is_answered_on_its_page_and_a_get_changes_nothing(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    swap = swaps.ask_swap(
        shift=shift, asked_of=cast.boris, in_exchange=None, message="please", by=cast.ada, at=AT
    )
    here = f"/shifts/-/swaps/{swap.pk}/"
    assert client_of(cast.carla).get(here).status_code == 403
    assert "I take it" in text_of(client_of(cast.boris).get(here))
    assert "I take it" not in text_of(client_of(cast.ada).get(here))
    assert "Withdraw" in text_of(client_of(cast.ada).get(here))
    shift.refresh_from_db()
    assert shift.person == cast.ada
    assert "asks" in text_of(client_of(cast.boris).get("/shifts/"))
    wrong = client_of(cast.ada).post(here, {"step": "accept"})
    assert wrong.status_code == 409 and "Not you were asked." in text_of(wrong)
    assert client_of(cast.boris).post(here, {"step": "x"}).status_code == 404
    client_of(cast.boris).post(here, {"step": "accept"})
    shift.refresh_from_db()
    assert shift.person == cast.boris
    late = client_of(cast.boris).post(here, {"step": "accept"})
    assert late.status_code == 409 and "accepted already" in text_of(late)


def test_a_gap_is_offered_to_shifters_and_taken_by_a_button(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    gap = make.make_shift(type=kind, person=None, starts_at=AT + DAY)
    assert "Somebody is wanted" in text_of(client_of(cast.ada).get("/shifts/"))
    take = f"/shifts/-/shift/{gap.pk}/take/"
    assert client_of(cast.eve).post(take).status_code == 403
    client_of(cast.ada).post(take)
    said = client_of(cast.boris).post(take, follow=True)
    assert "Ada Liang has this shift meanwhile." in text_of(said)


# --- My page -----------------------------------------------------------------------------------


def test_contact_wishes_and_calendars_are_kept_or_refused_at_the_place(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    client = client_of(cast.boris)
    contact = {"phone": "+33 4 72 69 42 00", "im_address": "x", "wakes_at": "07:00"}
    assert client.post("/shifts/-/me/contact/", contact | {"sleeps_at": "23:00"}).status_code == 302
    assert OnCallContact.objects.get(user=cast.boris).wakes_at == time(7)
    wrong = client.post("/shifts/-/me/contact/", contact | {"phone": "call me", "sleeps_at": "1"})
    assert wrong.status_code == 422 and "Write digits" in text_of(wrong)
    for at_home in ("04 72 69 42 00", "(0)4 72 69 42 00", "+33", "+33 (04) 72 69 42 00"):
        wrong = client.post(
            "/shifts/-/me/contact/", contact | {"phone": at_home, "sleeps_at": "23:00"}
        )
        assert wrong.status_code == 422 and "a plus and the country&#x27;s code" in text_of(wrong)
        assert "without a 0 that is dialled within the country only" in text_of(wrong)
    abroad = contact | {"phone": "0033 (0)4 72 69 42 01", "sleeps_at": "23:00"}
    assert client.post("/shifts/-/me/contact/", abroad).status_code == 302
    assert OnCallContact.objects.get(user=cast.boris).phone == "+33 4 72 69 42 01"
    wish = {"kind": "ABSENT", "first_day": "2026-02-01", "last_day": "2026-01-01"}
    wrong = client.post("/shifts/-/me/wishes/", wish)
    assert wrong.status_code == 422 and "before the first" in text_of(wrong)
    client.post("/shifts/-/me/wishes/", wish | {"last_day": "2026-02-03"})
    mine = ShiftWish.objects.get()
    assert client_of(cast.ada).post("/shifts/-/me/wishes/", {"remove": mine.pk}).status_code == 404
    client.post("/shifts/-/me/wishes/", {"remove": mine.pk})
    assert not ShiftWish.objects.exists()
    made = client.post("/shifts/-/me/calendars/", {"what": "mine"})
    assert "/calendar/shifts.ics?token=" in text_of(made)
    assert "token=" not in text_of(client.get("/shifts/-/me/"))
    link = CalendarLink.objects.get()
    assert client_of(cast.ada).post("/shifts/-/me/calendars/", {"end": link.pk}).status_code == 404
    client.post("/shifts/-/me/calendars/", {"end": link.pk})
    assert not CalendarLink.objects.exists()
    assert client.post("/shifts/-/me/calendars/", {"what": "x"}).status_code == 422


# --- Log, since, report, meeting, card ---------------------------------------------------------


def test_the_log_is_for_shifters_tpm_and_supporters(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    ticket = make_ticket(by=cast.ada, vo=cast.juno)
    text = f"Asked IN2P3-CC about #{ticket.pk} and #99999"
    key = str(uuid4())
    for _again in range(2):
        client_of(cast.ada).post("/shifts/juno/log/", {"text": text, "key": key})
    entry = ShiftLogEntry.objects.get()
    assert entry.tickets == [ticket.pk] and entry.shift == shift
    for person, reads in ((cast.boris, True), (cast.carla, True), (cast.eve, False)):
        for page in ("log", "since", "card"):
            answer = client_of(person).get(f"/shifts/juno/{page}/")
            assert (answer.status_code == 200) is reads, (person, page)
    assert "Asked" in text_of(client_of(cast.boris).get("/shifts/juno/log/?site=in2p3-cc"))
    assert "Asked" in text_of(client_of(cast.boris).get(f"/shifts/juno/log/?ticket={ticket.pk}"))
    assert "Asked" not in text_of(client_of(cast.boris).get("/shifts/juno/log/?ticket=1234567"))
    # Dmitri (admin) reads and does not write; Eve (VO manager) reads the report without the log.
    refused = client_of(cast.dmitri).post("/shifts/juno/log/", {"text": "x", "key": str(uuid4())})
    assert refused.status_code == 403
    for page in ("report", "meeting"):
        answer = client_of(cast.eve).get(f"/shifts/juno/{page}/")
        assert answer.status_code == 200 and "Asked" not in text_of(answer)
        assert "Asked" in text_of(client_of(cast.boris).get(f"/shifts/juno/{page}/"))
    empty = client_of(cast.ada).post("/shifts/juno/log/", {"text": "", "key": key})
    assert empty.status_code == 422
    client_of(cast.boris).post(f"/shifts/juno/log/{entry.pk}/take-out/")
    page = text_of(client_of(cast.boris).get("/shifts/juno/log/"))
    assert "Asked" not in page and "Taken out by Boris" in page


def test_older_entries_are_of_the_same_site_and_ticket(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    for number in range(51):
        shift_log.write_log(
            vo=cast.juno,
            text=f"Entry {number} about IN2P3-CC and #7",
            by=cast.boris,
            at=AT,
            key=uuid4(),
            tickets=[7],
        )
    first = ShiftLogEntry.objects.order_by("pk")[1].pk
    page = text_of(client_of(cast.boris).get("/shifts/juno/log/?site=IN2P3-CC&ticket=7"))
    assert f'href="?site=IN2P3-CC&amp;ticket=7&amp;before={first}"' in page


def test_since_my_last_shift_tells_what_changed_is_promised_and_is_overdue(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    make.make_shift(type=kind, person=cast.ada, starts_at=AT - 2 * DAY)
    before = AT - 2 * DAY + 7 * HOUR
    old = make_ticket(by=cast.ada, vo=cast.juno, subject="Old news", at=before)
    new = make_ticket(by=cast.ada, vo=cast.juno, subject="Fresh news", at=AT - HOUR)
    for ticket, what, due in ((old, "call CNAF", AT - HOUR), (new, "ask IHEP", AT + HOUR)):
        work.set_next_step(
            ticket=ticket,
            what=what,
            person=cast.boris,
            due_at=due,
            by=cast.carla,
            at=ticket.submitted_at,
        )
    page = text_of(client_of(cast.ada).get("/shifts/juno/since/"))
    overdue, _sep, rest = page.partition("Promised today")
    today, _sep, changed = rest.partition("Tickets that changed")
    assert "call CNAF" in overdue and "ask IHEP" not in overdue
    assert "ask IHEP" in today and "call CNAF" not in today
    assert "Fresh news" in changed and "Old news" not in changed


def test_the_report_counts_a_week_or_a_shift(cast: Cast, shift: Shift, client_of: ClientOf) -> None:
    make_ticket(by=cast.ada, vo=cast.juno, at=AT - HOUR, affected_sites=[cast.in2p3])
    make_ticket(by=cast.ada, vo=cast.juno, at=AT - 9 * DAY)
    client = client_of(cast.boris)
    week = client.get("/shifts/juno/report/?week=2026-01-12")
    assert [one.number for one in week.context["figures"]] == [1, 0, 0, 0, 2, 0, 0]
    assert [one["name"] for one in week.context["sites"]] == ["IN2P3-CC"]
    assert [one["name"] for one in week.context["shifts"]] == ["Ada Liang"]
    before = client.get("/shifts/juno/report/?week=2026-01-05")
    assert before.context["figures"][0].number == 0
    of_shift = client.get(f"/shifts/juno/report/?shift={shift.pk}")
    assert of_shift.context["figures"][0].number == 1
    assert client.get("/shifts/juno/report/?shift=x&week=x").status_code == 200


def test_what_is_open_now_is_counted_to_a_hundred_and_what_happened_exactly(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    one = make_ticket(by=cast.ada, vo=cast.juno, at=AT - HOUR)
    one.next_step, one.next_step_at = "call CNAF", AT - HOUR
    for _number in range(104):
        one.pk, one.submission_key = None, uuid4()
        one.save()
    page = client_of(cast.boris).get("/shifts/juno/report/?week=2026-01-12")
    figures = {figure.label: figure.text for figure in page.context["figures"]}
    assert figures["opened"] == "105"
    assert (figures["open now"], figures["promises overdue now"]) == ("99+", "99+")
    assert '<span class="tile-number">99+</span>' in text_of(page)


def test_a_meeting_keeps_minutes_and_actions(cast: Cast, shift: Shift, client_of: ClientOf) -> None:
    client, here = client_of(cast.ada), "/shifts/juno/meeting/?week=2026-01-12"
    client.post(here, {"minutes": "All **well**."})
    action = {"what": "Ask CNAF", "person": cast.boris.pk, "due_on": "2026-01-10"}
    key = str(uuid4())
    for _again in range(2):
        client.post(here, action | {"key": key})
    page = text_of(client_of(cast.eve).get(here))
    assert "All <strong>well</strong>." in page
    assert "Ask CNAF" in page and "by 2026-01-10" in page and "late" in page
    wrong = client.post(here, {"what": "", "key": str(uuid4())})
    assert wrong.status_code == 422
    [one] = MeetingAction.objects.all()
    client.post(here, {"action": one.pk, "done": "1"})
    assert MeetingAction.objects.get().done_at == AT
    supporter = make.make_user(username="supporter")
    make.make_unit(name="Data", members=(supporter,))
    assert client_of(supporter).get(here).status_code == 200
    assert client_of(supporter).post(here, {"minutes": "x"}).status_code == 403


def test_the_card_is_shown_and_downloaded_with_the_time_it_was_made(
    cast: Cast, shift: Shift, client_of: ClientOf
) -> None:
    client = client_of(cast.boris)
    assert "There is no card yet." in text_of(client.get("/shifts/juno/card/"))
    shift_clock.make_cards_of_day(at=AT)
    for address in ("/shifts/juno/card/", "/shifts/juno/card/?download=1"):
        page = text_of(client.get(address))
        for words in ("2026-01-12 08:30 UTC", "Ada Liang", "+86 10 5550100", "emergency@in2p3-cc"):
            assert words in page
    file = client.get("/shifts/juno/card/?download=1")
    assert file["Content-Disposition"] == 'attachment; filename="on-call-juno-2026-01-12.html"'
    assert "<link" not in text_of(file) and "src=" not in text_of(file)


@pytest.mark.parametrize("address", ["/shifts/juno/card/", "/shifts/juno/card/?download=1"])
def test_the_card_gives_addresses_to_those_who_see_addresses(
    cast: Cast, kind: ShiftType, client_of: ClientOf, address: str
) -> None:
    shift_clock.make_cards_of_day(at=AT)
    for person, other, sees in (
        (cast.ada, cast.boris, False),
        (cast.boris, cast.ada, True),
        (cast.carla, cast.ada, True),
    ):
        page = text_of(client_of(person).get(address))
        assert "+86 10 5550100" in page
        assert (other.email in page) is sees, person


@pytest.mark.parametrize("sign", ["²", "٣", "9" * 5000])
def test_a_number_of_another_script_or_without_end_is_no_number(
    cast: Cast, shift: Shift, client_of: ClientOf, sign: str
) -> None:
    ada, eve = client_of(cast.ada), client_of(cast.eve)
    plan = plans.propose_plan(
        kind=shift.type,
        first_day=date(2026, 1, 19),
        weeks=1,
        people=[cast.ada],
        by=cast.eve,
        at=AT,
        key=uuid4(),
    )
    for address, facts, status in (
        ("/shifts/juno/log/", {"ticket": sign}, 200),
        ("/shifts/juno/log/", {"before": sign}, 200),
        ("/shifts/juno/report/", {"shift": sign}, 200),
    ):
        assert ada.get(address, facts).status_code == status, (address, facts)
    for client, address, facts, status in (
        (ada, "/shifts/juno/meeting/", {"action": sign}, 404),
        (ada, "/shifts/-/me/wishes/", {"remove": sign}, 404),
        (ada, "/shifts/-/me/calendars/", {"end": sign}, 404),
        (eve, "/shifts/juno/types/", {"type": sign}, 422),
        (eve, f"/shifts/-/plans/{plan.pk}/change/", {"slot": sign}, 302),
        (eve, f"/shifts/-/plans/{plan.pk}/change/", {"slot": "0", "person": sign}, 302),
        (eve, "/alarm-drills/juno/start/", {"sites": sign}, 422),
    ):
        answer = client.post(address, facts)
        assert answer.status_code == status, (address, facts, answer.status_code)


# --- Calendar ----------------------------------------------------------------------------------


def events_of(client: Client, token: str) -> dict[str, tuple[str, str, int]]:
    """Return state, summary and sequence of each event of a calendar, by its identifier."""
    answer = client.get("/calendar/shifts.ics", {"token": token})
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return {
        str(event["uid"]).partition("@")[0]: (
            str(event["status"]),
            str(event["summary"]),
            int(event["sequence"]),
        )
        for event in icalendar.Calendar.from_ical(answer.content).walk("vevent")
    }


def test_calendars_follow_changes_and_cancellations(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    def link(owner: Any, **what: Any) -> str:
        facts = {"vo": None, "kind": None, "by": owner, "at": AT} | what
        return shift_people.make_calendar_link(owner=owner, **facts)[1]

    nobody = client_of(None)
    mine, of_vo, of_type = link(cast.ada), link(cast.ada, vo=cast.juno), link(cast.boris, kind=kind)
    shift = make.make_shift(type=kind, person=cast.ada, starts_at=AT + DAY)
    key = f"shift-{shift.pk}"
    assert events_of(nobody, mine) == {key: ("CONFIRMED", "juno: Round", 0)}
    assert events_of(nobody, of_type) == {key: ("CONFIRMED", "juno: Round, Ada Liang", 0)}

    Shift.objects.filter(pk=shift.pk).update(person=cast.boris)
    assert events_of(nobody, mine) == {key: ("CANCELLED", "Cancelled: shift", 1)}
    assert events_of(nobody, of_vo) == {key: ("CONFIRMED", "juno: Round, Boris Lefèvre", 1)}

    Shift.objects.filter(pk=shift.pk).delete()
    for token in (of_vo, of_type):
        assert events_of(nobody, token) == {key: ("CANCELLED", "Cancelled: shift", 2)}
    assert events_of(nobody, mine)[key][0] == "CANCELLED"


def test_a_calendar_cancels_what_is_to_come_of_a_type_that_is_out_of_use(
    cast: Cast, kind: ShiftType, client_of: ClientOf
) -> None:
    nobody = client_of(None)
    _link, token = shift_people.make_calendar_link(
        owner=cast.ada, vo=None, kind=None, by=cast.ada, at=AT
    )
    been = make.make_shift(type=kind, person=cast.ada, starts_at=AT - DAY)
    coming = make.make_shift(type=kind, person=cast.ada, starts_at=clock.now() + DAY)
    held, to_come = f"shift-{been.pk}", f"shift-{coming.pk}"

    ShiftType.objects.filter(pk=kind.pk).update(is_active=False)
    shown = events_of(nobody, token)
    assert shown[held][:2] == ("CONFIRMED", "juno: Round")
    assert shown[to_come] == ("CANCELLED", "Cancelled: shift", 1)

    ShiftType.objects.filter(pk=kind.pk).update(is_active=True)
    assert events_of(nobody, token)[to_come] == ("CONFIRMED", "juno: Round", 2)
    coming.delete()
    assert events_of(nobody, token)[to_come] == ("CANCELLED", "Cancelled: shift", 3)


def test_a_calendar_of_a_wrong_or_ended_token_is_not_there(
    cast: Cast, kind: ShiftType, client_of: ClientOf, clock_at: Callable[[datetime], None]
) -> None:
    client = client_of(cast.ada)
    assert client.get("/calendar/shifts.ics").status_code == 404
    assert client.get("/calendar/shifts.ics", {"token": "x" * 5000}).status_code == 404
    _link, token = shift_people.make_calendar_link(
        owner=cast.ada, vo=None, kind=None, by=cast.ada, at=AT
    )
    assert client.get("/calendar/shifts.ics", {"token": token}).status_code == 200
    clock_at(clock.now() + timedelta(days=400))
    assert client.get("/calendar/shifts.ics", {"token": token}).status_code == 404
