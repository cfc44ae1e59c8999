"""Make rows and servers for the tests of the outbox."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings

from juno_support.outbox.actions import Mail, enqueue
from juno_support.outbox.models import Delivery
from tests.make import AT

_number = count(1)
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def make_delivery(**fields: Any) -> Delivery:
    """Write a mail into the outbox, to one address, about ticket 123 unless told otherwise."""
    at = fields.pop("at", AT)
    number = next(_number)
    values: dict[str, Any] = {
        "key": f"test:{number}",
        "kind": "ticket.submitted",
        "to_address": f"reader{number}@example.org",
        "subject": "[JUNO #123] Transfers fail",
        "body": "Status: new\n",
        "about_ticket": 123,
    } | fields
    return enqueue(Mail(**values), at=at)


@dataclass
class Mailbox:
    """An SMTP server that answers as a test wants.

    :ivar refuse_rcpt: address to the whole answer line, such as ``"550 no such person"``
    :ivar answer_data: the answer to the message itself; empty accepts it
    :ivar pause: seconds before that answer
    :ivar begun: how many messages have come, answered or not
    """

    refuse_rcpt: dict[str, str] = field(default_factory=dict)
    answer_data: str = ""
    pause: float = 0
    begun: int = 0
    accepted: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd names it)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept or refuse an address."""
        if address in self.refuse_rcpt:
            return self.refuse_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Accept or refuse a message."""
        self.begun += 1
        # A test may end the pause.
        until = time.monotonic() + self.pause
        while self.pause and time.monotonic() < until:
            time.sleep(0.02)
        if self.answer_data:
            return self.answer_data
        raw = envelope.content
        assert isinstance(raw, bytes)
        self.sessions.add(id(session))
        self.raw.append(raw)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        parsed = message_from_bytes(raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.accepted.append(parsed)
        return "250 OK"


def free_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def smtp_server(**answers: Any) -> Iterator[Mailbox]:
    """Run a real SMTP server on loopback and send through it meanwhile."""
    mailbox = Mailbox(**answers)
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with smtp_settings(controller.port):
            yield mailbox
    finally:
        controller.stop()


@contextmanager
def smtp_settings(port: int, *, timeout: float = 5) -> Iterator[None]:
    """Send by SMTP to a port of loopback."""
    with override_settings(
        JUNO_MAIL_BACKEND=SMTP_BACKEND,
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_HOST_USER="",
        EMAIL_HOST_PASSWORD="",
        EMAIL_USE_TLS=False,
        EMAIL_USE_SSL=False,
        EMAIL_TIMEOUT=timeout,
    ):
        yield
