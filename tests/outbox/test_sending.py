"""Sending through a real SMTP server on loopback: what is accepted, refused, slow or away."""

import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import override_settings

from juno_support.outbox import sending
from juno_support.outbox.models import CaughtMail, Delivery, DeliveryState
from juno_support.outbox.sending import Line, Outcome
from tests.make import AT
from tests.outbox.make import free_port, make_delivery, smtp_server, smtp_settings

pytestmark = pytest.mark.django_db


def _same(moment: datetime) -> datetime:
    return moment


def send(*rows: Delivery) -> dict[Outcome, int]:
    return sending.send_all([row.pk for row in rows], now=lambda: AT)


def test_a_mail_arrives_as_it_was_written() -> None:
    row = make_delivery(
        to_address="ada@example.org",
        subject="[JUNO #123] Übertragung 传输失败",
        body="Status: new\n\nПередача не идёт, 传输失败 & <b>\n" + "long " * 400 + "\n",
        headers={"X-JUNO-Ticket": "123", "References": "<ticket-123@localhost>"},
    )
    with smtp_server() as mailbox:
        assert send(row) == {Outcome.SENT: 1}
    row.refresh_from_db()
    assert (row.state, row.attempts, row.sent_at) == (DeliveryState.SENT, 1, AT)
    [mail] = mailbox.accepted
    assert mailbox.envelopes[0][1] == ["ada@example.org"]
    assert mail["Subject"] == "[JUNO #123] Übertragung 传输失败"
    assert mail["To"] == "ada@example.org"
    assert mail["Message-ID"] == row.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "bulk"
    assert (mail["X-JUNO-Ticket"], mail["References"]) == ("123", "<ticket-123@localhost>")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n").strip() == row.body.strip()
    assert max(len(line) for line in mailbox.raw[0].splitlines()) <= 998


def test_several_mails_share_one_connection() -> None:
    rows = [make_delivery() for _ in range(3)]
    with smtp_server() as mailbox:
        assert send(*rows) == {Outcome.SENT: 3}
    assert len(mailbox.sessions) == 1


def test_a_repeat_after_a_crash_is_the_same_message() -> None:
    row = make_delivery()
    with smtp_server() as mailbox:
        send(row)
        # As if the process had died between the server's answer and our commit.
        Delivery.objects.update(state=DeliveryState.WAITING, sent_at=None)
        send(row)
    first, second = mailbox.accepted
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_the_catcher_folds_a_repeat() -> None:
    row = make_delivery()
    send(row)
    Delivery.objects.update(state=DeliveryState.WAITING)
    send(row)
    caught = CaughtMail.objects.get()
    assert (caught.message_id, caught.times_caught) == (row.message_id, 2)
    assert (caught.to_address, caught.subject, caught.body) == (
        row.to_address,
        row.subject,
        row.body,
    )


def test_a_refused_address_is_given_up_at_once_and_the_next_mail_goes() -> None:
    gone, next_one = make_delivery(to_address="gone@example.org"), make_delivery()
    with smtp_server(refuse_rcpt={"gone@example.org": "550 5.1.1 no such person"}) as mailbox:
        assert send(gone, next_one) == {Outcome.GIVEN_UP: 1, Outcome.SENT: 1}
    gone.refresh_from_db()
    assert gone.state == DeliveryState.FAILED
    assert gone.error == "550 5.1.1 no such person"
    assert gone.refused_at is not None
    assert len(mailbox.accepted) == 1


def test_a_refused_message_is_given_up_at_once() -> None:
    row = make_delivery()
    with smtp_server(answer_data="554 5.7.1 looks like spam"):
        assert send(row) == {Outcome.GIVEN_UP: 1}
    row.refresh_from_db()
    assert row.error == "554 5.7.1 looks like spam"
    assert row.refused_at is None, "that is about the text, not the address"


@pytest.mark.parametrize(
    "answers",
    [
        {"refuse_rcpt": {"grey@example.org": "451 4.7.1 greylisted"}},
        {"answer_data": "452 4.2.2 mailbox full"},
    ],
)
def test_a_passing_refusal_is_tried_again_later(answers: dict[str, object]) -> None:
    row, next_one = make_delivery(to_address="grey@example.org"), make_delivery()
    with smtp_server(**answers) as mailbox:
        outcomes = send(row, next_one)
    assert outcomes.get(Outcome.RETRY)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.WAITING, 1)
    assert row.error.startswith("45")
    assert timedelta(seconds=12) <= row.next_attempt_at - AT <= timedelta(seconds=18)
    assert send(row) == {Outcome.NOT_OURS: 1}, "its moment has not come"
    assert len(mailbox.accepted) == ("refuse_rcpt" in answers)


def test_after_the_last_attempt_it_is_given_up_visibly() -> None:
    row = make_delivery()
    moment = AT
    with smtp_server(answer_data="451 try later"):
        for attempt in range(1, sending.MOST_ATTEMPTS + 1):
            [outcome] = sending.send_all([row.pk], now=partial(_same, moment))
            row.refresh_from_db()
            moment = row.next_attempt_at + timedelta(seconds=1)
            assert row.attempts == attempt
    assert outcome is Outcome.GIVEN_UP
    assert (row.state, row.error) == (DeliveryState.FAILED, "451 try later")
    assert row.refused_at is None, "it never said that this is for good"
    # A server that is away from Friday evening to Monday morning costs nothing.
    assert row.last_attempt_at is not None
    assert row.last_attempt_at - AT > timedelta(hours=60)


def test_a_server_that_is_away_costs_one_attempt_a_sweep_not_one_a_mail() -> None:
    rows = [make_delivery() for _ in range(3)]
    with smtp_settings(free_port()):
        assert send(*rows) == {Outcome.NO_LINE: 1}
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    row = Delivery.objects.get(attempts=1)
    assert row.state == DeliveryState.WAITING
    assert "refused" in row.error


def test_a_slow_server_does_not_hold_the_worker_up() -> None:
    rows = [make_delivery(), make_delivery()]
    with smtp_server(pause=1.5), override_settings(EMAIL_TIMEOUT=0.3):
        assert send(*rows) == {Outcome.NO_LINE: 1}
    row = Delivery.objects.get(attempts=1)
    assert row.state == DeliveryState.WAITING
    assert "timed out" in row.error


def test_a_sign_in_that_is_refused_is_our_settings_fault_not_the_mails() -> None:
    row = make_delivery()
    with smtp_server(), override_settings(EMAIL_HOST_USER="juno", EMAIL_HOST_PASSWORD="no"):
        assert send(row) == {Outcome.NO_LINE: 1}
    row.refresh_from_db()
    assert row.state == DeliveryState.WAITING


def test_a_header_that_would_break_out_is_given_up_and_the_others_go() -> None:
    evil, good = make_delivery(), make_delivery()
    Delivery.objects.filter(pk=evil.pk).update(headers={"X-A": "1\nBcc: all@example.org"})
    with smtp_server() as mailbox:
        assert send(evil, good) == {Outcome.GIVEN_UP: 1, Outcome.SENT: 1}
    assert len(mailbox.accepted) == 1
    for name in ("Bcc", "subject", "X\nBcc", "To"):
        again = make_delivery()
        Delivery.objects.filter(pk=again.pk).update(headers={name: "x"})
        assert send(again) == {Outcome.GIVEN_UP: 1}
        again.refresh_from_db()
        assert again.refused_at is None, "that is our mistake, not the address's"


def test_a_mail_that_kills_its_worker_does_not_do_so_for_ever() -> None:
    row = make_delivery()
    Delivery.objects.update(attempts=sending.MOST_ATTEMPTS)
    assert send(row) == {Outcome.NOT_OURS: 1}
    row.refresh_from_db()
    assert row.state == DeliveryState.FAILED
    assert row.error


def test_what_is_due_comes_longest_waiting_first() -> None:
    late = make_delivery(at=AT - timedelta(hours=1))
    later = make_delivery(at=AT + timedelta(seconds=1))
    now = make_delivery(at=AT)
    assert sending.due(AT) == [late.pk, now.pk]
    assert sending.due(AT + timedelta(seconds=1)) == [late.pk, now.pk, later.pk]


def test_pauses_grow_and_are_never_exact() -> None:
    assert list(sending.PAUSES) == sorted(sending.PAUSES)
    assert sending.pause_after(1, chance=lambda: 0.0) == timedelta(seconds=12)
    assert sending.pause_after(1, chance=lambda: 1.0) == timedelta(seconds=18)
    assert sending.pause_after(99, chance=lambda: 0.5) == timedelta(hours=24)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_a_mail_once() -> None:
    row = make_delivery(key="two workers")
    Delivery.objects.update(state=DeliveryState.WAITING, attempts=0, next_attempt_at=AT)
    CaughtMail.objects.all().delete()
    outcomes: list[dict[Outcome, int]] = []

    def work() -> None:
        try:
            outcomes.append(send(row))
        finally:
            connection.close()

    with smtp_server(pause=0.2) as mailbox:
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(mailbox.accepted) == 1
    assert sum(outcome.get(Outcome.SENT, 0) for outcome in outcomes) == 1


@pytest.mark.django_db(transaction=True)
def test_while_it_is_sent_nobody_else_takes_it() -> None:
    row = make_delivery()
    Delivery.objects.update(state=DeliveryState.WAITING, attempts=0, next_attempt_at=AT)
    seen: list[Outcome] = []

    def other_worker() -> None:
        try:
            with Line() as line:
                seen.append(sending.send_one(row.pk, line=line, at=AT))
        finally:
            connection.close()

    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=row.pk)
        other = threading.Thread(target=other_worker)
        other.start()
        other.join()
    assert seen == [Outcome.NOT_OURS]
