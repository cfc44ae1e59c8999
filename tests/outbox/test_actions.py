"""Writing into the outbox, and what admins decide."""

import pytest
from celery.app.task import Task
from django.conf import settings
from django.db import transaction
from django.test import override_settings

from juno_support.outbox import actions
from juno_support.outbox.models import CaughtMail, Decision, Delivery, DeliveryState
from tests.make import AT, make_user
from tests.outbox.make import make_delivery


@pytest.mark.django_db
def test_the_same_key_twice_is_one_mail() -> None:
    first = make_delivery(key="entry 7:ada", subject="first")
    again = make_delivery(key="entry 7:ada", subject="second", to_address="other@example.org")
    assert again.pk == first.pk
    assert Delivery.objects.get().subject == "first"


@pytest.mark.django_db
def test_message_ids_are_the_keys_alone() -> None:
    one, two = make_delivery(key="a"), make_delivery(key="b")
    assert one.message_id == actions.message_id("a", 123) != two.message_id
    assert one.message_id.startswith("<ticket-123.")
    with override_settings(JUNO_MAIL_DOMAIN="juno.example"):
        assert actions.message_id("a").endswith("@juno.example>")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@example.org, b@example.org", "a\nBcc: x@example.org"]
)
def test_what_is_no_address_is_given_up_at_once_and_costs_the_others_nothing(address: str) -> None:
    mails = [
        actions.Mail(key="bad", kind="k", to_address=address, subject="s", body="b"),
        actions.Mail(key="good", kind="k", to_address="a@example.org", subject="s", body="b"),
    ]
    bad, good = actions.enqueue_all(mails, at=AT)
    assert (bad.state, bad.error) == (DeliveryState.FAILED, "This is no e-mail address.")
    assert good.state == DeliveryState.WAITING


@pytest.mark.django_db
def test_lines_and_controls_do_not_enter_headers() -> None:
    row = make_delivery(
        subject="Broken\r\nBcc: everybody@example.org\x00 " + "x" * 600,
        body="a\x00b\r\nc\ud800",
        headers={"X-JUNO-Status": "new\nX-Evil: 1"},
    )
    row.refresh_from_db()
    assert "\n" not in row.subject and "\x00" not in row.subject
    assert len(row.subject) <= actions.SUBJECT_LENGTH
    assert row.body == "ab\nc"
    assert row.headers == {"X-JUNO-Status": "new X-Evil: 1"}


@pytest.mark.django_db(transaction=True)
def test_a_mail_exists_only_if_what_it_tells_of_does() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        make_delivery()
        raise RuntimeError
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_told_after_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[list[int], bool]] = []

    def publish(self: Task, args: list[list[int]], retry: bool) -> None:
        told.append((args[0], retry))

    monkeypatch.setattr(Task, "apply_async", publish)
    with transaction.atomic():
        row = make_delivery()
        assert told == []
    assert told == [([row.pk], False)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_the_request_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def publish(*args: object, **kwargs: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(Task, "apply_async", publish)
    row = make_delivery()
    assert Delivery.objects.get(pk=row.pk).state == DeliveryState.WAITING


@pytest.mark.django_db
def test_try_again_begins_anew_and_leaves_a_trace() -> None:
    admin = make_user(is_staff=True)
    row = make_delivery(to_address="nobody")
    Delivery.objects.update(attempts=12)
    actions.try_again(delivery_id=row.pk, by=admin, at=AT)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.next_attempt_at) == (DeliveryState.WAITING, 0, AT)
    decision = Decision.objects.get()
    assert (decision.by, decision.decided_at) == (admin, AT)
    assert (decision.old_state, decision.new_state) == ("FAILED", "WAITING")


@pytest.mark.django_db
def test_all_that_was_given_up_is_tried_again() -> None:
    admin = make_user(is_staff=True)
    make_delivery(to_address="nobody")
    make_delivery(to_address="nobody either")
    sent = make_delivery()
    Delivery.objects.filter(pk=sent.pk).update(state=DeliveryState.SENT)
    assert actions.try_all_again(by=admin, at=AT) == 2
    assert Delivery.objects.filter(state=DeliveryState.WAITING).count() == 2
    assert Decision.objects.count() == 2


@pytest.mark.django_db
def test_what_was_sent_can_be_neither_cancelled_nor_tried_again() -> None:
    admin = make_user(is_staff=True)
    row = make_delivery()
    Delivery.objects.update(state=DeliveryState.SENT)
    for decide in (actions.cancel, actions.try_again):
        with pytest.raises(actions.CannotDecide):
            decide(delivery_id=row.pk, by=admin, at=AT)
    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_redaction_takes_subject_and_text_out_of_every_mail_about_the_ticket() -> None:
    words = {"subject": "secret subject", "body": "secret text"}
    mine, other = make_delivery(**words), make_delivery(**words, about_ticket=4)
    caught = CaughtMail.objects.create(
        message_id="<a>",
        headers={"X-JUNO-Ticket": "123", "Subject": "secret subject"},
        caught_at=AT,
        **words,
    )
    assert actions.redact_about(ticket=123) == 1
    for row in (mine, other, caught):
        row.refresh_from_db()
    for redacted in (mine, caught):
        assert "secret" not in f"{redacted.subject} {redacted.body} {redacted.headers}"
        assert "123" in redacted.subject
    assert other.body == "secret text"


@pytest.mark.django_db
def test_redaction_reaches_gathered_mails_that_name_the_ticket_and_no_others() -> None:
    page = f"secret: {settings.JUNO_BASE_URL}/tickets/123/"
    gathered = make_delivery(body=page, about_ticket=None, names_tickets=(5, 123))
    caught = CaughtMail.objects.create(
        message_id=gathered.message_id, subject="2 tickets", body=page, caught_at=AT
    )
    announced = make_delivery(body=page, about_ticket=None, kind="announcement")
    apart = make_delivery(body=page, about_ticket=None, names_tickets=(5,))

    assert actions.redact_about(ticket=123, also_gathered=False) == 0
    assert actions.redact_about(ticket=123) == 1

    for row in (gathered, caught, announced, apart):
        row.refresh_from_db()
    assert "secret" not in gathered.body + caught.body
    assert announced.body == apart.body == page
