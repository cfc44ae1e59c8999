"""The wall clock of an alarm: each call once, at its minute, until a person has confirmed."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.lib import clock
from supportunits.models import VOMembership
from tests.make import AT, make_shift, make_shift_type
from tests.tickets.actions.test_team import file_team
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import write
from tickets import policies
from tickets.actions import wall_clock, work
from tickets.actions.alarm import convert_to_alarm
from tickets.actions.row import NotAllowed
from tickets.actions.wall_clock import ReceiptNotPossible
from tickets.models import Call, HistoryEntry, Kind, ReceiptHow, WallClock


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def calls(ticket) -> list[int]:
    entries = HistoryEntry.objects.filter(ticket=ticket, kind=Kind.ALARM_CALLED).order_by("pk")
    return [entry.facts["call"] for entry in entries]


@pytest.fixture
def zoya(cast):
    return make_alarmer(cast)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, [0]),
        (14.9, [0]),
        (15, [0, 1]),
        (59.9, [0, 1]),
        (60, [0, 1, 2]),
        (60 * 24 * 9, [0, 1, 2]),
    ],
)
def test_who_is_called_by_when(cast, zoya, minutes, expected):
    ticket = raise_alarm(cast, zoya)

    # Saturday night or Monday morning: it never pauses.
    wall_clock.climb(at=after(minutes))
    wall_clock.climb(at=after(minutes))

    assert calls(ticket) == expected


def test_step_by_step_each_call_is_made_once(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    made = [wall_clock.climb(at=after(minute)) for minute in range(0, 90)]

    assert [minute for minute, number in enumerate(made) if number] == [15, 60]
    assert calls(ticket) == [Call.AT_ONCE, Call.PHONE, Call.EVERYBODY]
    assert clock_of(ticket).next_call_at is None
    assert clock_of(ticket).is_running, "it still waits for a person"


@pytest.mark.parametrize("how", ["button", "link", "take", "answer"])
def test_a_receipt_stops_the_climbing(cast, zoya, how):
    ticket = raise_alarm(cast, zoya)
    wall_clock.climb(at=after(15))

    match how:
        case "button":
            wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=after(20))
        case "link":
            wall_clock.confirm_by_link(
                clock=clock_of(ticket), name="Night desk", through="the mail", by=None, at=after(20)
            )
        case "take":
            work.take(ticket=ticket, by=cast.boris, at=after(20))
        case "answer":
            write(ticket=ticket, by=cast.boris, words="I look.", at=after(20))

    wall_clock.climb(at=after(200))
    run = clock_of(ticket)
    assert calls(ticket) == [0, 1]
    assert (run.minutes, run.received_at) == (20, after(20))
    expected = {"button": ReceiptHow.BUTTON, "link": ReceiptHow.LINK}.get(how, ReceiptHow.WORK)
    assert run.received_how == expected
    if how == "link":
        assert (run.received_by, run.received_name) == (None, "Night desk")
    else:
        assert run.received_by == cast.boris


def test_a_receipt_is_confirmed_once(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=after(3))

    with pytest.raises(ReceiptNotPossible):
        wall_clock.confirm_receipt(ticket=ticket, by=cast.carla, at=after(4))
    with pytest.raises(ReceiptNotPossible):
        wall_clock.confirm_by_link(
            clock=clock_of(ticket), name="x", through="", by=None, at=after(5)
        )

    assert clock_of(ticket).received_by == cast.boris
    assert HistoryEntry.objects.filter(kind=Kind.ALARM_RECEIVED).count() == 1


def test_a_link_asks_who_it_is(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    with pytest.raises(ReceiptNotPossible, match="Say who you are"):
        wall_clock.confirm_by_link(
            clock=clock_of(ticket), name=" \n", through="", by=None, at=after(1)
        )

    assert clock_of(ticket).is_running


@pytest.mark.parametrize("who", ["ada", "eve", "zoya"])
def test_the_button_is_for_supporters_but_not_for_who_raised_it(cast, zoya, who):
    person = zoya if who == "zoya" else getattr(cast, who)
    ticket = raise_alarm(cast, zoya)

    with pytest.raises(NotAllowed):
        wall_clock.confirm_receipt(ticket=ticket, by=person, at=after(1))


def test_a_supporter_who_raised_it_does_not_receive_it_by_working(cast):
    boris = cast.boris
    from tests.make import join_vo

    join_vo(vo=cast.juno, user=boris, is_alarmer=True)
    ticket = raise_alarm(cast, boris)

    work.take(ticket=ticket, by=boris, at=after(1))

    assert clock_of(ticket).is_running


def test_the_alarmers_own_words_are_no_receipt(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    write(ticket=ticket, by=zoya, words="It gets worse.", at=after(1))

    assert clock_of(ticket).is_running


@pytest.fixture
def running_work(cast, zoya):
    """A ticket on which a unit worked already when it was made an alarm."""
    VOMembership.objects.filter(user=zoya).update(is_shifter=True)
    ticket = file_team(cast, zoya)
    work.take_step(ticket=ticket, step="take", by=cast.boris, at=AT)
    return convert_to_alarm(ticket=ticket, by=zoya, at=AT)


def test_a_public_answer_on_what_is_in_progress_is_a_receipt(cast, running_work):
    write(ticket=running_work, by=cast.boris, words="Internal.", is_public=False, at=after(2))
    assert clock_of(running_work).received_at is None

    write(ticket=running_work, by=cast.boris, words="We see it.", at=after(3))

    run = clock_of(running_work)
    assert (run.received_by, run.received_how, run.minutes) == (cast.boris, ReceiptHow.WORK, 3)
    assert wall_clock.climb(at=after(60)) == 0


def test_the_words_of_the_alarmers_side_are_none_even_on_shift(cast, zoya, running_work):
    yuri = make_alarmer(cast, "yuri")
    make_shift(type=make_shift_type(vo=cast.juno), person=yuri, starts_at=clock.now())
    assert policies.may_confirm_receipt(running_work, yuri), "who is on shift is TPM operator"

    for who in (zoya, yuri):
        write(ticket=running_work, by=who, words="Hurry!", at=after(3))

    assert clock_of(running_work).received_at is None


def test_what_is_withdrawn_calls_nobody_any_more(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    work.take_step(ticket=ticket, step="withdraw", by=zoya, at=after(5))

    wall_clock.climb(at=after(100))

    assert calls(ticket) == [0]
    assert clock_of(ticket).ended_at == after(5)
    assert clock_of(ticket).minutes is None


def test_a_reopened_alarm_runs_again(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    solution = {"step": "solve", "solution": "Restarted.", "code": "FIXED"}
    work.take_step(ticket=ticket, by=cast.boris, at=after(10), **solution)
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=zoya, at=after(120))

    wall_clock.climb(at=after(135))

    assert calls(ticket) == [0, 0, 1]
    assert WallClock.objects.filter(ticket=ticket).count() == 2
    assert clock_of(ticket).due_at == after(180)


def test_a_sweep_with_nothing_due_is_one_query(cast, zoya):
    raise_alarm(cast, zoya)

    with CaptureQueriesContext(connection) as queries:
        assert wall_clock.climb(at=after(1)) == 0

    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_each_call_once(transactional_db):
    from tests.cast import make_cast

    cast = make_cast()
    ticket = raise_alarm(cast, make_alarmer(cast))

    def sweep() -> None:
        try:
            wall_clock.climb(at=after(61))
        finally:
            connection.close()

    workers = [threading.Thread(target=sweep) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert calls(ticket) == [0, 1, 2]


def test_a_worker_that_dies_half_way_leaves_the_call_to_the_next(cast, zoya, monkeypatch):
    ticket = raise_alarm(cast, zoya)

    def dies(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the worker died")

    with monkeypatch.context() as patched:
        patched.setattr(wall_clock, "store", dies)
        assert wall_clock.climb(at=after(16)) == 0
    assert calls(ticket) == [0]

    wall_clock.climb(at=after(17))
    assert calls(ticket) == [0, 1]


def test_the_link_of_an_earlier_alarm_confirms_no_later_one(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    earlier = clock_of(ticket)
    solution = {"step": "solve", "solution": "Restarted.", "code": "FIXED"}
    work.take_step(ticket=ticket, by=cast.boris, at=after(10), **solution)
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=zoya, at=after(120))

    with pytest.raises(ReceiptNotPossible, match="earlier alarm"):
        wall_clock.confirm_by_link(
            clock=earlier, name="Night desk", through="", by=None, at=after(121)
        )

    assert clock_of(ticket).is_running
