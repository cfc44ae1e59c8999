"""The wall clock of an alarm: each call once, at its minute, until a person has confirmed."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.accounts.models import User
from juno_support.lib import clock
from supportunits.models import VOMembership
from tests.make import AT, join_vo, make_shift, make_shift_type, make_user
from tests.tickets.actions.test_team import file_team
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import write
from tickets import policies
from tickets.actions import spam, wall_clock, work
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
    run = clock_of(running_work)
    assert policies.may_confirm_receipt(running_work, yuri, run=run), "on shift: TPM operator"

    for who in (zoya, yuri):
        write(ticket=running_work, by=who, words="Hurry!", at=after(3))

    assert clock_of(running_work).received_at is None


def _on_shift(cast, person):
    kind = make_shift_type(vo=cast.juno, name=f"Shift of {person.username}")
    make_shift(type=kind, person=person, starts_at=clock.now())
    return User.objects.get(pk=person.pk)


@pytest.fixture
def made_an_alarm(cast, zoya):
    """A shifter's TEAM ticket that another made an alarm; both are on shift, as TPM operators."""
    quentin = make_user(username="quentin")
    join_vo(vo=cast.juno, user=quentin, is_shifter=True)
    for person in (quentin, zoya):
        _on_shift(cast, person)
    VOMembership.objects.filter(user=zoya).update(is_shifter=True)
    return convert_to_alarm(ticket=file_team(cast, quentin), by=zoya, at=AT)


def _confirm(ticket, person, how):
    match how:
        case "button":
            wall_clock.confirm_receipt(ticket=ticket, by=person, at=after(2))
        case "link":
            wall_clock.confirm_by_link(
                clock=clock_of(ticket), name="I", through="", by=person, at=after(2)
            )
        case "mail":
            wall_clock.confirm_by_link(
                clock=clock_of(ticket),
                name="I",
                through="",
                by=None,
                at=after(2),
                reader=person.pk,
            )
        case "take":
            work.take(ticket=ticket, by=person, at=after(2))


@pytest.mark.parametrize("how", ["button", "link", "mail", "take"])
def test_who_made_it_an_alarm_does_not_confirm_it(cast, zoya, made_an_alarm, how):
    if how == "take":
        _confirm(made_an_alarm, zoya, how)
    else:
        with pytest.raises((NotAllowed, ReceiptNotPossible)):
            _confirm(made_an_alarm, zoya, how)

    assert clock_of(made_an_alarm).is_running


@pytest.mark.parametrize("how", ["button", "link", "mail", "take"])
def test_who_filed_what_another_made_an_alarm_confirms_it(made_an_alarm, how):
    _confirm(made_an_alarm, made_an_alarm.submitter, how)

    assert clock_of(made_an_alarm).received_at == after(2)


def test_the_answer_of_the_side_that_asked_is_no_receipt(cast, zoya, running_work):
    run = clock_of(running_work)
    zoya = _on_shift(cast, zoya)
    work.take_step(ticket=running_work, step="ask", by=zoya, comment="Now?", at=after(1))
    yuri = _on_shift(cast, make_alarmer(cast, "yuri"))

    work.take_step(ticket=running_work, step="answered", by=yuri, at=after(2))

    run.refresh_from_db()
    assert run.is_running


@pytest.mark.parametrize("how", ["button", "link", "take"])
def test_who_reopened_it_does_not_confirm_the_new_run_but_who_filed_it_does(cast, zoya, how):
    ticket = raise_alarm(cast, zoya)
    zoya = _on_shift(cast, zoya)
    solution = {"step": "solve", "solution": "Restarted.", "code": "FIXED"}
    work.take_step(ticket=ticket, by=cast.boris, at=AT, **solution)
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=cast.carla, at=after(1))

    if how == "take":
        _confirm(ticket, cast.carla, how)
        assert clock_of(ticket).is_running
        return
    with pytest.raises((NotAllowed, ReceiptNotPossible)):
        _confirm(ticket, cast.carla, how)
    _confirm(ticket, zoya, how)

    assert clock_of(ticket).received_by == zoya


def test_who_brings_an_alarm_back_has_not_raised_it(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    spam.discard(ticket=ticket, by=cast.carla, at=after(1))

    spam.recover(ticket=ticket, by=cast.carla, at=after(2))

    assert clock_of(ticket).raised_by == zoya


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
