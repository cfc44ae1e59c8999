"""What holds the mails of a ticket together: subject, message ids, reply address."""

from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _

from juno_support.lib import text
from tickets.models import TicketType

# In the subject, so that filters of shifters and pagers find them (GGUS's words; not translated).
_TYPE_WORDS = {TicketType.TEAM: "TEAM Ticket", TicketType.ALARM: "ALARM Ticket"}


def subject(
    *, number: int, type: str, words: str, is_restricted: bool, is_test: bool = False
) -> str:
    """Return the subject of every mail about a ticket: ``[JUNO #123] TEAM Ticket: words``.

    A test alarm says so before everything else: nobody is to start up in the night for nothing.

    It stays the same as long as the ticket's subject does, so that threads hold together. Type
    Security says nothing but that.
    """
    tag = f"[{settings.JUNO_MAIL_TAG} #{number}]"
    if is_restricted:
        return f"{tag} {_('Security ticket')}"
    kind = _TYPE_WORDS.get(TicketType(type))
    if is_test and kind == _TYPE_WORDS[TicketType.ALARM]:
        kind = f"TEST {kind}"
    words = text.clean_line(text.show_bidi(words))
    return f"{tag} {kind}: {words}" if kind else f"{tag} {words}"


def root(number: int) -> str:
    """Return the message id that all mails of a ticket refer to; no mail carries it as its own."""
    return f"<ticket-{number}@{settings.JUNO_MAIL_DOMAIN}>"


def reply_to() -> str:
    """Return the address for answers."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def headers(*, number: int, status: str, is_first: bool) -> dict[str, str]:
    """Return the headers of a mail about a ticket.

    :param status: the stored value, such as ``"IN_PROGRESS"``
    :param is_first: whether it tells that the ticket was filed; it answers nothing
    """
    thread = {"References": root(number)}
    if not is_first:
        thread["In-Reply-To"] = root(number)
    return {
        **thread,
        "Reply-To": reply_to(),
        "X-JUNO-Ticket": str(number),
        "X-JUNO-Status": status,
    }
