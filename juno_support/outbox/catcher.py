"""The demo's catcher: takes what would leave by SMTP or ring a phone, and keeps it for the demo's
people.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import make_msgid

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F

from juno_support.lib import clock
from juno_support.outbox import hooks
from juno_support.outbox.models import CaughtMail, Channel, Gateway


class CatcherBackend(BaseEmailBackend):
    """Keep messages as CaughtMail rows; the same Message-ID again is counted, not kept twice."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the messages; returns how many were taken."""
        for message in email_messages:
            headers = {
                name: str(value)
                for name, value in message.message().items()
                if name.lower() not in ("content-type", "content-transfer-encoding")
            }
            # As people read them, not as they travel.
            headers |= {"Subject": str(message.subject), "From": message.from_email}
            _row, is_new = CaughtMail.objects.get_or_create(
                message_id=headers.get("Message-ID") or make_msgid(),
                defaults={
                    "to_address": ", ".join(message.recipients())[:320],
                    "subject": str(message.subject)[:998],
                    "headers": headers,
                    "body": str(message.body),
                    "caught_at": clock.now(),
                },
            )
            if not is_new:
                CaughtMail.objects.filter(pk=_row.pk).update(times_caught=F("times_caught") + 1)
        return len(email_messages)


def catch_call(body: bytes, headers: Mapping[str, str], *, at: datetime) -> str:
    """Keep a call as the gateway to phones that the demo plays; returns what it says to it.

    It checks the signature as a real one should. The same call again is counted, not kept twice.

    :raises ValueError: for a body that is no call, or a signature that is not right
    """
    try:
        told = json.loads(body)
        phone, words = str(told["phone"] or told.get("im", "")), str(told["text"])
        delivery = headers["X-JUNO-Delivery"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("This is no call of the portal.") from error
    signed = headers.get("X-JUNO-Signature", "")
    if not _is_ours(body, headers.get("X-JUNO-Timestamp", ""), signed):
        raise ValueError("The signature is not right.")
    row, is_new = CaughtMail.objects.get_or_create(
        message_id=f"<call.{delivery}>"[:255],
        defaults={
            "to_address": phone[:320],
            "subject": f"☎ {words}"[:998],
            "headers": {
                "X-JUNO-Ticket": str(told.get("ticket", "")),
                "X-JUNO-Signature": signed,
            },
            "body": "\n".join(f"{name}: {value}" for name, value in told.items()),
            "caught_at": at,
        },
    )
    if not is_new:
        CaughtMail.objects.filter(pk=row.pk).update(times_caught=F("times_caught") + 1)
    return "ringing" if is_new else "rang already"


def _is_ours(body: bytes, moment: str, signed: str) -> bool:
    secrets = [
        hooks.secret_of(gateway) for gateway in Gateway.objects.filter(channel=Channel.WEBHOOK)
    ]
    if not any(secrets):
        return True  # nobody has set one yet
    return any(
        hmac.compare_digest(hooks.signature(secret, moment, body), signed)
        for secret in secrets
        if secret
    )
