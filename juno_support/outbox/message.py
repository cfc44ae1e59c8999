"""From a row of the outbox to the message that leaves."""

import re
from email.utils import format_datetime, formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from juno_support.outbox.models import Delivery

_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
# These are ours to say; no caller overrides them.
_OWN = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id"})


def sender() -> str:
    """Return the From header: the instance's name and address."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or settings.JUNO_INSTANCE_NAME, address))


def build(delivery: Delivery) -> EmailMessage:
    """Return the message of a row: plain text, UTF-8, marked as written by a machine.

    Auto-Submitted (RFC 3834), Precedence and X-Auto-Response-Suppress keep absence notes and other
    helpdesks from answering.

    :raises ValueError: if a header's name or value would break out of its line
    """
    headers = {
        "Message-ID": delivery.message_id,
        # The moment it was written, not of this attempt: a repeat is the same message.
        "Date": format_datetime(delivery.created_at),
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "All",
    }
    for name, value in delivery.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN:
            raise ValueError(f"{name!r} cannot be set as a header")
        headers[name] = value
    # EmailMessage itself refuses line breaks in every header (BadHeaderError, a ValueError).
    return EmailMessage(
        subject=delivery.subject,
        body=delivery.body,
        from_email=sender(),
        to=[delivery.to_address],
        headers=headers,
    )
