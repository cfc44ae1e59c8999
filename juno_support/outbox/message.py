"""From a row of the outbox to the message that leaves."""

import re
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from juno_support.outbox import smime
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
    helpdesks from answering. What wants a signature is signed; where the portal's certificate is
    broken or past its end, the mail says so in its first line and leaves without.

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
    parts: dict[str, Any] = {
        "subject": delivery.subject,
        "body": delivery.body,
        "from_email": sender(),
        "to": [delivery.to_address],
        "headers": headers,
    }
    if delivery.wants_signature:
        standing = smime.standing(delivery.last_attempt_at or delivery.created_at)
        if standing.signer is not None:
            return smime.SignedMessage(**parts, signer=standing.signer)
        if standing.is_set:
            return UnsignedMessage(**parts, why=standing.problem)
    return EmailMessage(**parts)


class UnsignedMessage(EmailMessage):
    """A mail that should be signed and is not; its reader is told."""

    def __init__(self, *, why: str, body: str, **kwargs: Any) -> None:
        warning = _("[This mail is not signed: %(why)s]") % {"why": why}
        super().__init__(body=f"{warning}\n\n{body}", **kwargs)
        self.why = why


def left_out(mail: EmailMessage) -> str:
    """Return what the outbox remembers of a mail that left as it should not; mostly nothing."""
    if isinstance(mail, UnsignedMessage):
        return _("It left without a signature. %(why)s") % {"why": mail.why}
    return ""
