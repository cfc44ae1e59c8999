"""The clock's rounds: amber and red once each, reminders, whoever runs them and whatever fails."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from juno_support.accounts.models import User
from juno_support.lib import clock
from juno_support.outbox.actions import redact_about
from juno_support.outbox.models import Delivery
from supportunits.models import ListState, Quality, SupportUnit, UnitMembership
from tests.cast import Cast, make_cast
from tests.make import (
    join_vo,
    make_issue_type,
    make_shift,
    make_shift_type,
    make_unit,
    make_user,
)
from tests.tickets.make import make_ticket, write
from tickets import history, tasks
from tickets.actions import assign, clock_round, work
from tickets.models import Dispatch, HistoryEntry, Kind, Priority, ResponsePeriod, Ticket

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def _unit(**fields: Any) -> SupportUnit:
    return make_unit(
        name="CNAF",
        quality=Quality.ADVANCED,
        members=(make_user(username="member"),),
        managers=(make_user(username="chief"),),
        **fields,
    )


def _file(cast: Cast, unit: SupportUnit, **fields: Any) -> Ticket:
    """File a ticket that is due after four working hours."""
    at = fields.pop("at", MONDAY)
    return make_ticket(by=cast.ada, at=at, unit=unit, priority=Priority.TOP, **fields)


def _told(ticket: Ticket) -> list[list[str]]:
    found = HistoryEntry.objects.filter(ticket=ticket, kind=Kind.RESPONSE_DUE).order_by("pk")
    return [entry.facts["colours"] for entry in found]


def _mails(at: datetime, monkeypatch: pytest.MonkeyPatch) -> dict[str, Delivery]:
    """Send what waits; return the mails of the clock that are new, by their readers."""
    monkeypatch.setattr(clock, "now", lambda: at)
    before = set(Delivery.objects.values_list("pk", flat=True))
    tasks.sweep_dispatches()
    kinds = (Kind.RESPONSE_DUE, Kind.REMINDED)
    new = Delivery.objects.filter(kind__in=kinds).exclude(pk__in=before)
    assert len({mail.to_address for mail in new}) == len(new), "one mail an address"
    return {mail.to_address.split("@")[0]: mail for mail in new}


def test_each_colour_is_told_once_and_to_whom_it_concerns(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _file(cast, _unit())
    _mails(MONDAY, monkeypatch)

    for minutes, done in ((119, 0), (179, 0), (180, 1), (200, 0), (239, 0), (240, 1), (900, 0)):
        assert clock_round.look_at_due(at=MONDAY + minutes * MINUTE) == done
        sent = _mails(MONDAY + minutes * MINUTE, monkeypatch)
        expected = {
            180: {"member", "chief", "cnaf-list"},
            240: {"chief", "carla", "tpm-list"},
        }
        assert set(sent) == expected.get(minutes, set())

    assert _told(ticket) == [["amber"], ["red"]]
    ticket.refresh_from_db()
    assert ticket.updated_at == MONDAY  # the clock is no work on the ticket
    assert ticket.next_clock_at is None


def test_a_list_from_which_mail_comes_back_is_not_written_to(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(cast, _unit(list_state=ListState.FAILING))
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)

    assert set(_mails(MONDAY + 3 * HOUR, monkeypatch)) == {"member", "chief"}


def test_the_mail_says_what_is_due_when_in_the_readers_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _file(cast, _unit(), subject="Transfers < 1 MB/s")
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    mail = _mails(MONDAY + 3 * HOUR, monkeypatch)["member"]

    assert mail.subject == f"[JUNO #{ticket.pk}] Transfers < 1 MB/s"
    assert "Three quarters of the time to respond have passed" in mail.body
    assert f"#{ticket.pk} Transfers < 1 MB/s" in mail.body
    assert "CNAF, top priority; due 12 Jan 2026, 13:00 UTC" in mail.body
    assert "has passed:" not in mail.body
    assert f"/tickets/{ticket.pk}/" in mail.body
    assert mail.reason == "you are a member of CNAF"
    assert mail.headers["X-JUNO-Ticket"] == str(ticket.pk)


def test_what_falls_due_at_once_comes_in_one_mail(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    """A unit's weekend: hundreds turn amber on Monday at the same minute."""
    unit = _unit(time_zone="Europe/Rome")
    saturday = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
    with history.telling_the_past():
        tickets = [_file(cast, unit, at=saturday + n * MINUTE) for n in range(120)]
    amber = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)

    assert clock_round.look_at_due(at=amber - MINUTE) == 0
    assert clock_round.look_at_due(at=amber) == 120
    with django_assert_max_num_queries(40):
        sent = _mails(amber, monkeypatch)

    assert set(sent) == {"member", "chief", "cnaf-list"}
    mail = sent["cnaf-list"]
    assert mail.subject == "[JUNO] 120 tickets wait for a response"
    assert mail.body.count("\n#") == 100 and "and 20 more" in mail.body
    assert f"#{tickets[0].pk} " in mail.body
    assert "13:00 CET" in mail.body  # the list's mail is in the unit's time
    assert mail.about_ticket is None


def test_amber_and_red_in_one_where_no_worker_ran(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _file(cast, _unit())

    clock_round.look_at_due(at=MONDAY + 24 * HOUR)
    sent = _mails(MONDAY + 24 * HOUR, monkeypatch)

    assert _told(ticket) == [["amber", "red"]]
    assert set(sent) == {"member", "chief", "cnaf-list", "carla", "tpm-list"}
    assert "The time to respond has passed" in sent["member"].body
    assert "Three quarters" not in sent["member"].body


def test_who_answered_meanwhile_is_not_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = _file(cast, _unit())
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    work.take(ticket=ticket, by=cast.boris, at=MONDAY + 3 * HOUR)

    assert _mails(MONDAY + 3 * HOUR, monkeypatch) == {}
    assert clock_round.look_at_due(at=MONDAY + 30 * HOUR) == 0


def test_another_unit_is_told_of_its_own_colours(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _file(cast, _unit())
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    other = make_unit(name="IHEP", quality=Quality.ADVANCED)
    moved = MONDAY + 3 * HOUR
    assign.assign_to_unit(ticket=ticket, unit=other, by=cast.carla, at=moved, reason="Not ours.")

    assert _mails(moved, monkeypatch) == {}  # CNAF has nothing to do with it any more
    assert clock_round.look_at_due(at=moved + 3 * HOUR) == 1
    assert set(_mails(moved + 3 * HOUR, monkeypatch)) == {"ihep-list"}


def test_a_unit_without_anybody_is_tpms(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = make_unit(name="Empty", mailing_list="", state="ACTIVE", quality=Quality.ADVANCED)
    _file(cast, unit)
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    assert set(_mails(MONDAY + 3 * HOUR, monkeypatch)) == {"carla", "tpm-list"}


@pytest.mark.parametrize("is_there", [False, True])
def test_a_unit_that_no_mail_reaches_is_tpms(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Its list sends mail back, and it has no members, or one without an address."""
    silent = User.objects.create(username="silent", name="No Address", email="")
    unit = make_unit(
        name="Silent",
        quality=Quality.ADVANCED,
        list_state=ListState.FAILING,
        members=(silent,) if is_there else (),
    )
    _file(cast, unit)
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    assert set(_mails(MONDAY + 3 * HOUR, monkeypatch)) == {"carla", "tpm-list"}


def test_where_tpm_is_empty_who_is_on_shift_is_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    UnitMembership.objects.filter(unit=cast.tpm).delete()
    SupportUnit.objects.filter(pk=cast.tpm.pk).update(mailing_list="")
    nora = make_user(username="nora")
    make_shift(type=make_shift_type(vo=cast.juno), person=nora, starts_at=MONDAY)
    _file(cast, _unit())

    clock_round.look_at_due(at=MONDAY + 4 * HOUR)

    assert set(_mails(MONDAY + 4 * HOUR, monkeypatch)) >= {"nora", "chief"}


def test_a_redaction_reaches_mails_about_several_tickets(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = _unit()
    secret, _other = _file(cast, unit, subject="my password is hunter2"), _file(cast, unit)
    clock_round.look_at_due(at=MONDAY + 3 * HOUR)
    mail = _mails(MONDAY + 3 * HOUR, monkeypatch)["member"]
    assert "hunter2" in mail.body

    redact_about(ticket=secret.pk)

    mail.refresh_from_db()
    assert "hunter2" not in mail.body


def test_security_tickets_say_nothing_and_stay_with_csirt(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    csirt = make_unit(
        kind="SECURITY", members=(make_user(username="csirt"),), quality=Quality.ADVANCED
    )
    security = make_issue_type(name="Stolen keys", is_security=True)
    ticket = make_ticket(
        by=cast.ada, at=MONDAY, issue_type=security, priority=Priority.TOP, subject="Stolen key"
    )
    assert ticket.unit == csirt

    clock_round.look_at_due(at=MONDAY + 24 * HOUR)
    sent = _mails(MONDAY + 24 * HOUR, monkeypatch)

    assert set(sent) == {"csirt"}
    assert "Stolen" not in sent["csirt"].body + sent["csirt"].subject


def test_a_round_that_fails_leaves_everything_and_the_others_go_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = _file(cast, _unit()), _file(cast, cast.in2p3_unit)
    due = datetime(2026, 1, 20, 9, 0, tzinfo=UTC)
    record = history.record

    def fails(**fields: Any) -> Any:
        if fields["ticket"].pk == bad.pk and fields["kind"] == Kind.RESPONSE_DUE:
            raise RuntimeError("a crash in the middle")
        return record(**fields)

    with monkeypatch.context() as patch:
        patch.setattr(history, "record", fails)
        assert clock_round.look_at_due(at=due) == 1
    assert _told(good) == [["amber", "red"]]
    assert _told(bad) == []
    assert not ResponsePeriod.objects.get(ticket=bad).amber_told_at

    assert clock_round.look_at_due(at=due) == 1
    assert _told(bad) == [["amber", "red"]]
    assert _told(good) == [["amber", "red"]]


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_once() -> None:
    cast = make_cast()
    unit = _unit()
    tickets = [_file(cast, unit) for _ in range(30)]
    both = threading.Barrier(2)
    done: list[int] = []

    def work_on() -> None:
        both.wait(60)
        try:
            done.append(clock_round.look_at_due(at=MONDAY + 3 * HOUR))
        finally:
            connection.close()

    workers = [threading.Thread(target=work_on) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(done) == 30
    assert [_told(ticket) for ticket in tickets] == [[["amber"]]] * 30
    waiting = Dispatch.objects.filter(entry__kind=Kind.RESPONSE_DUE)
    assert waiting.count() == len([number for number in done if number])


def test_nothing_due_is_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    _file(cast, _unit())
    with django_assert_num_queries(1):
        assert clock_round.look_at_due(at=MONDAY + HOUR) == 0


def test_the_sweep_goes_by_its_index(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM tickets_ticket WHERE next_clock_at <= %s"
            " ORDER BY next_clock_at, id LIMIT 500",
            [MONDAY],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ticket_clock_due" in plan


# --- waiting for reply --------------------------------------------------------------------------


def _asked(cast: Cast, **fields: Any) -> Ticket:
    ticket = make_ticket(by=cast.ada, at=MONDAY, unit=cast.in2p3_unit, **fields)
    write(ticket=ticket, by=cast.boris, words="Which proxy?", at=MONDAY, step="ask")
    ticket.refresh_from_db()
    return ticket


def _days(number: int) -> datetime:
    """So many working days after Monday 09:00, which is the end of the last of them."""
    return MONDAY + timedelta(days=number - 1 + 2 * ((number - 1) // 5), hours=8)


def test_the_submitter_is_reminded_after_five_and_ten_working_days(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _asked(cast, notification_mode="SOLUTION_ONLY")
    _mails(MONDAY, monkeypatch)
    sent = {}

    moment = MONDAY
    while moment < _days(22):
        clock_round.look_at_due(at=moment)
        if found := _mails(moment, monkeypatch):
            sent[moment] = found
        moment += HOUR

    assert {at: set(mails) for at, mails in sent.items()} == {
        _days(5): {"ada"},
        _days(10): {"ada"},
    }
    first, last = sent[_days(5)]["ada"].body, sent[_days(10)]["ada"].body
    assert "waits for your answer since" in first and "Which proxy?" in first
    assert "last reminder" in last and "last reminder" not in first
    entries = HistoryEntry.objects.filter(ticket=ticket, kind=Kind.REMINDED)
    assert [entry.facts for entry in entries.order_by("pk")] == [{"number": 1}, {"number": 2}]
    ticket.refresh_from_db()
    assert ticket.public_word_at == MONDAY


def test_an_answer_ends_the_reminders_and_another_question_begins_anew(cast: Cast) -> None:
    ticket = _asked(cast)
    write(ticket=ticket, by=cast.ada, words="The old one.", at=_days(4))
    assert clock_round.look_at_due(at=_days(5)) == 0
    write(ticket=ticket, by=cast.boris, words="And now?", at=_days(5), step="ask")
    assert clock_round.look_at_due(at=_days(9)) == 0
    assert clock_round.look_at_due(at=_days(10)) == 1


def test_every_shifter_of_a_team_ticket_is_reminded(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    join_vo(vo=cast.juno, user=make_user(username="rosa"), is_shifter=True)
    _asked(cast, type="TEAM", vo=cast.juno)
    clock_round.look_at_due(at=_days(5))
    assert set(_mails(_days(5), monkeypatch)) == {"ada", "rosa"}


# --- tickets of before there was a clock ---------------------------------------------------------


def _forget_clock(ticket: Ticket, next_clock_at: datetime | None) -> None:
    """Leave a ticket as a database of before the clock had it, after the migration."""
    ResponsePeriod.objects.filter(ticket=ticket).delete()
    Ticket.objects.filter(pk=ticket.pk).update(
        yellow_at=None, amber_at=None, due_at=None, next_clock_at=next_clock_at
    )


def test_old_tickets_get_their_clock_and_nobody_is_mailed_of_what_passed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = _unit()
    late, young = _file(cast, unit), _file(cast, unit, at=MONDAY + 7 * HOUR)
    for ticket in (late, young):
        _forget_clock(ticket, ticket.submitted_at)
    now = MONDAY + 8 * HOUR

    assert clock_round.look_at_due(at=now) == 2

    assert _mails(now, monkeypatch) == {}
    late.refresh_from_db()
    young.refresh_from_db()
    assert (late.due_at, late.next_clock_at) == (MONDAY + 4 * HOUR, None)
    assert young.next_clock_at == young.amber_at
    assert clock_round.look_at_due(at=now) == 0


def test_an_old_question_is_reminded_of_from_here_on(cast: Cast) -> None:
    fresh, long_ago = _asked(cast), _asked(cast)
    _forget_clock(fresh, MONDAY)
    _forget_clock(long_ago, MONDAY)
    Ticket.objects.filter(pk=long_ago.pk).update(waiting_since=MONDAY - timedelta(days=100))

    assert clock_round.look_at_due(at=_days(2)) == 2

    assert not HistoryEntry.objects.filter(kind=Kind.REMINDED).exists()
    fresh.refresh_from_db()
    long_ago.refresh_from_db()
    assert (fresh.next_clock_at, long_ago.next_clock_at) == (_days(5), None)


def test_the_task_goes_on_while_there_is_much(
    cast: Cast, clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = _unit()
    monkeypatch.setattr(clock_round, "AT_ONCE", 2)
    tickets = [_file(cast, unit) for _ in range(5)]
    clock_at(MONDAY + 3 * HOUR)

    tasks.look_at_clocks()

    assert [_told(ticket) for ticket in tickets] == [[["amber"]]] * 5
