"""What Django and allauth send goes into the outbox."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, mail_admins, send_mail
from django.db import transaction
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.outbox.models import CaughtMail, Delivery, DeliveryState
from tests.make import make_user

OUTBOX = override_settings(EMAIL_BACKEND="juno_support.outbox.backend.OutboxBackend")


@OUTBOX
@pytest.mark.django_db
def test_each_address_gets_a_mail_of_its_own() -> None:
    message = EmailMultiAlternatives(
        "Subject",
        "Text",
        to=["a@example.org"],
        cc=["b@example.org"],
        bcc=["c@example.org"],
        reply_to=["list@example.org"],
        headers={"X-Extra": "1", "Message-ID": "<ours>"},
    )
    message.attach_alternative("<b>Text</b>", "text/html")
    message.send()
    rows = Delivery.objects.order_by("pk")
    assert [row.to_address[0] for row in rows] == ["a", "b", "c"]
    assert {row.body for row in rows} == {"Text"}
    assert {row.kind for row in rows} == {"account"}
    assert rows[0].headers == {"X-Extra": "1", "Reply-To": "list@example.org"}
    assert len({row.message_id for row in rows}) == 3


@OUTBOX
@pytest.mark.django_db(transaction=True)
def test_a_mail_of_a_transaction_that_fails_never_leaves() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        send_mail("Subject", "Text", None, ["a@example.org"])
        raise RuntimeError
    assert not Delivery.objects.exists()


@OUTBOX
@pytest.mark.django_db
def test_files_do_not_leave_by_mail() -> None:
    message = EmailMessage("Subject", "Text", to=["a@example.org"])
    message.attach("a.txt", "secret")
    with pytest.raises(ValueError, match="attachments"):
        message.send()


@OUTBOX
@override_settings(ADMINS=[("Dmitri", "dmitri@example.org")])
@pytest.mark.django_db
def test_djangos_own_mails_are_no_exception() -> None:
    mail_admins("Something broke", "Look at it")
    assert Delivery.objects.get().to_address == "dmitri@example.org"


@OUTBOX
@pytest.mark.django_db(transaction=True)
def test_somebody_resets_a_password_through_the_catcher() -> None:
    person = make_user(username="ada", password="an old password")
    Client().post("/accounts/password/reset/", {"email": person.email})
    assert Delivery.objects.get().state == DeliveryState.SENT
    caught = CaughtMail.objects.get(to_address=person.email)
    assert "/accounts/password/reset/key/" in caught.body
    assert User.objects.count() == 1
