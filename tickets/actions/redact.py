"""Take out what must not stay, such as a pasted password; the trace says that it was there."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib import markdown
from juno_support.outbox import actions as outbox
from tickets import history, policies
from tickets.actions.row import NotAllowed, locked, store
from tickets.models import Attachment, DiaryEntry, Kind, Ticket
from tickets.search import index

BLANK = "*[redacted]*"


@transaction.atomic
def redact_entry(*, entry: DiaryEntry, by: User, at: datetime, why: str) -> Ticket:
    """Blank a diary entry and its traces: search, waiting and sent mail texts.

    :raises NotAllowed: if the person may not
    """
    ticket = _start(entry.ticket, by)
    entry.text, entry.html, entry.redacted_at = BLANK, markdown.render(BLANK), at
    entry.save(update_fields=["text", "html", "redacted_at"])
    if entry.is_public:
        ticket.last_line = ""
    return _finish(ticket, by, at, why, entry=entry.pk)


@transaction.atomic
def redact_description(*, ticket: Ticket, by: User, at: datetime, why: str) -> Ticket:
    """Blank the description and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by)
    ticket.description, ticket.description_html = BLANK, markdown.render(BLANK)
    ticket.last_line = ""
    store(ticket, "description", "description_html")
    return _finish(ticket, by, at, why, part="description")


@transaction.atomic
def redact_solution(*, ticket: Ticket, by: User, at: datetime, why: str) -> Ticket:
    """Blank the solution and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by)
    ticket.solution, ticket.solution_html = BLANK, markdown.render(BLANK)
    store(ticket, "solution", "solution_html")
    return _finish(ticket, by, at, why, part="solution")


@transaction.atomic
def redact_subject(*, ticket: Ticket, by: User, at: datetime, why: str) -> Ticket:
    """Blank the subject and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by)
    ticket.subject = _("(subject redacted)")
    store(ticket, "subject")
    return _finish(ticket, by, at, why, part="subject")


@transaction.atomic
def redact_attachment(*, attachment: Attachment, by: User, at: datetime, why: str) -> Ticket:
    """Remove an attachment's file for good; its row says that it was there.

    :raises NotAllowed: if the person may not, or the file belongs to no ticket yet
    """
    if attachment.ticket is None:
        raise NotAllowed(_("This file belongs to no ticket."))
    ticket = _start(attachment.ticket, by)
    file, storage = attachment.file.name, attachment.file.storage
    attachment.name, attachment.file, attachment.redacted_at = _("redacted"), "", at
    attachment.save(update_fields=["name", "file", "redacted_at"])
    if file:
        transaction.on_commit(lambda: storage.delete(file), robust=True)
    return _finish(ticket, by, at, why, attachment=str(attachment.pk))


def _start(ticket: Ticket, by: User) -> Ticket:
    if not policies.may_redact(ticket, by):
        raise NotAllowed(_("Only supporters and admins redact."), _("Ask a supporter to do it."))
    return locked(ticket)


def _finish(ticket: Ticket, by: User, at: datetime, why: str, **what: object) -> Ticket:
    history.record(
        ticket=ticket,
        kind=Kind.REDACTED,
        by=by,
        at=at,
        is_public=True,
        consumers=(),
        why=why.strip()[:200],
        **what,
    )
    store(ticket, "last_line")
    index.reindex(ticket)
    outbox.redact_about(ticket=ticket.pk)
    return ticket
