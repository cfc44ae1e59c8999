"""A worker is killed while it talks to the mail server; nothing is lost and a repeat is known."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from juno_support.outbox import sending
from juno_support.outbox.models import Delivery, DeliveryState
from tests.make import AT, database_url
from tests.outbox.make import SMTP_BACKEND, make_delivery, smtp_server

_WORKER = """
import django, sys
django.setup()
from juno_support.outbox import sending
from tests.make import AT
sending.send_all([int(sys.argv[1])], now=lambda: AT)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_mail_whose_worker_is_killed_is_sent_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_delivery()
    Delivery.objects.update(state=DeliveryState.WAITING, attempts=0, next_attempt_at=AT)
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings_smtp",
    }
    with smtp_server(pause=150) as mailbox:
        environment["TEST_SMTP_PORT"] = str(settings.EMAIL_PORT)
        assert settings.JUNO_MAIL_BACKEND == SMTP_BACKEND
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(row.pk)],
            env=environment,
            cwd=settings.BASE_DIR,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while not mailbox.begun and time.monotonic() < deadline:
            time.sleep(0.05)
        assert mailbox.begun, "the worker never reached the server"
        assert sending.due(AT) == [row.pk], "it stays due"
        worker.kill()
        worker.wait()
        # The server may or may not have kept the first copy; the row knows of none.
        row.refresh_from_db()
        assert (row.state, row.attempts) == (DeliveryState.WAITING, 1)
        mailbox.pause = 0
        _wait_until_free(row.pk)
        outcomes = sending.send_all([row.pk], now=lambda: AT)
    assert outcomes == {sending.Outcome.SENT: 1}
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.SENT, 2)
    assert {mail["Message-ID"] for mail in mailbox.accepted} == {row.message_id}


def _wait_until_free(delivery_id: int) -> None:
    """Wait until PostgreSQL has noticed that the killed worker is gone, as a sweep would."""
    deadline = time.monotonic() + 120
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT id FROM outbox_delivery WHERE id = %s FOR UPDATE SKIP LOCKED",
                [delivery_id],
            )
            if cursor.fetchone():
                return
            time.sleep(0.1)
    raise AssertionError("the row stays locked")
