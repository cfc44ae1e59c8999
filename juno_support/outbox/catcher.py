"""The demo's mail catcher: takes what would leave by SMTP and keeps it for the demo's people."""

from collections.abc import Sequence
from email.utils import make_msgid

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F

from juno_support.lib import clock
from juno_support.outbox.models import CaughtMail


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
