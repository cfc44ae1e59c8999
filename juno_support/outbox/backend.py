"""The e-mail backend of the whole project: what Django or allauth send goes into the outbox."""

from collections.abc import Sequence
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from juno_support.lib import clock
from juno_support.outbox.actions import Mail, enqueue_all

KIND = "account"
# Set by Django on every message, and written by us when it is sent.
_OURS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to"})


class OutboxBackend(BaseEmailBackend):
    """Write each message as Delivery rows, one an address, in the current transaction.

    Only the plain text leaves; whoever wants a file to leave by mail has to decide that here first.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; returns how many.

        :raises ValueError: if a message has attachments
        """
        for message in email_messages:
            if message.attachments:
                raise ValueError("Mails carry no attachments; give a link instead.")
            headers = {
                name: value
                for name, value in message.extra_headers.items()
                if name.lower() not in _OURS
            }
            if message.reply_to:
                headers["Reply-To"] = ", ".join(message.reply_to)
            group = uuid4().hex
            enqueue_all(
                [
                    Mail(
                        key=f"django:{group}:{number}",
                        kind=KIND,
                        to_address=address,
                        subject=str(message.subject),
                        body=str(message.body),
                        headers=headers,
                    )
                    for number, address in enumerate(message.recipients())
                ],
                at=clock.now(),
            )
        return len(email_messages)
