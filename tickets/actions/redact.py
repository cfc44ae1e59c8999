"""Take out what must not stay, such as a pasted password; the trace says that it was there."""

import json
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib import markdown
from juno_support.outbox import actions as outbox
from tickets import history, policies
from tickets.actions import passing
from tickets.actions.row import NotAllowed, locked, store
from tickets.models import (
    LED,
    Attachment,
    DiaryEntry,
    HistoryEntry,
    HistoryWords,
    JobEvidence,
    Kind,
    Ticket,
    TicketRelation,
)
from tickets.search import index

BLANK = "*[redacted]*"
BLANK_SUBJECT = "[redacted]"
# A note of each redaction among the stored files: a restored backup does it again.
NOTES = "redactions"


@transaction.atomic
def redact_entry(
    *, entry: DiaryEntry, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Blank a diary entry and its traces: search, waiting and sent mail texts.

    What was done to the internal side is told on the internal side only.

    :raises NotAllowed: if the person may not
    """
    ticket = _start(entry.ticket, by, is_again)
    if entry.text:
        # It may have been the solution, which followers keep without a link to this entry.
        _blank_among_followers(ticket, entry.text, at)
    if entry.text and entry.text == ticket.solution:
        # The words that solved the ticket stand in both places.
        _blank_solution(ticket)
    _blank_entry(entry, at)
    if entry.is_public:
        ticket.last_line = ""
    _blank_repeated(entry, at)
    return _finish(ticket, by, at, why, is_public=entry.is_public, entry=entry.pk)


@transaction.atomic
def redact_description(
    *, ticket: Ticket, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Blank the description and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by, is_again)
    ticket.description, ticket.description_html = BLANK, markdown.render(BLANK)
    ticket.last_line = ""
    store(ticket, "description", "description_html")
    return _finish(ticket, by, at, why, part="description")


@transaction.atomic
def redact_solution(
    *, ticket: Ticket, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Blank the solution and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by, is_again)
    if ticket.solution:
        _blank_among_followers(ticket, ticket.solution, at)
        for entry in DiaryEntry.objects.filter(ticket=ticket, text=ticket.solution):
            _blank_entry(entry, at)
            _blank_repeated(entry, at)
            ticket.last_line = ""
    _blank_solution(ticket)
    return _finish(ticket, by, at, why, part="solution")


@transaction.atomic
def redact_subject(
    *, ticket: Ticket, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Blank the subject and its traces. Raises as :func:`redact_entry`."""
    ticket = _start(ticket, by, is_again)
    ticket.subject = BLANK_SUBJECT
    store(ticket, "subject")
    return _finish(ticket, by, at, why, part="subject")


@transaction.atomic
def redact_attachment(
    *, attachment: Attachment, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Remove an attachment's file for good, also where it passed on to; its row says that it was
    there. A file that only passed on to this ticket stays where it came from, as words do.

    :raises NotAllowed: if the person may not, or the file belongs to no ticket yet
    """
    if attachment.ticket is None:
        raise NotAllowed(_("This file belongs to no ticket."))
    ticket = _start(attachment.ticket, by, is_again)
    file, storage = attachment.file.name, attachment.file.storage
    _blank_files(str(attachment.pk), at)
    if file:
        transaction.on_commit(lambda: _delete_unless_named(storage, file), robust=True)
    return _finish(
        ticket, by, at, why, is_public=attachment.is_public, attachment=str(attachment.pk)
    )


@transaction.atomic
def redact_words(
    *, entry: HistoryEntry, by: User, at: datetime, why: str, is_again: bool = False
) -> Ticket:
    """Blank what was written with an entry of the history: a reason, or a next step.

    :raises NotAllowed: if the person may not
    """
    ticket = _start(entry.ticket, by, is_again)
    said = entry.words
    HistoryWords.objects.filter(entry=entry).update(text=BLANK_SUBJECT)
    if said and said == ticket.next_step:
        ticket.next_step = BLANK_SUBJECT
        store(ticket, "next_step")
    return _finish(ticket, by, at, why, is_public=entry.is_public, said=entry.pk)


@transaction.atomic
def redact_job(
    *,
    job: JobEvidence,
    ticket: Ticket,
    by: User,
    at: datetime,
    why: str,
    is_again: bool = False,
) -> Ticket:
    """Remove for good what was kept of a looked-up job with this ticket.

    :raises NotAllowed: if the person may not
    """
    ticket = _start(ticket, by, is_again)
    key = job.pk
    job.delete()
    return _finish(ticket, by, at, why, is_public=False, job=key)


@transaction.atomic
def redact_passed(*, ticket: Ticket, told: HistoryEntry, at: datetime) -> None:
    """Take the traces of what was redacted on another ticket out of one that followed it.

    The words themselves are gone already. A file may have passed on at the same moment.

    :param told: the entry of that redaction
    """
    ticket = locked(ticket)
    if "attachment" in told.facts:
        _blank_files(told.facts["attachment"], at)
    history.record(
        ticket=ticket,
        kind=Kind.REDACTED,
        by=told.actor,
        at=at,
        is_public=told.is_public,
        consumers=(),
        words=told.words,
        lead=told.ticket_id,
        **{name: told.facts[name] for name in ("part", "attachment") if name in told.facts},
    )
    store(ticket)
    index.reindex(ticket)
    # A mail about several tickets holds subjects, and these are each ticket's own.
    outbox.redact_about(ticket=ticket.pk, also_gathered=False)


def redo(note: dict[str, Any], *, at: datetime) -> bool:
    """Do a noted redaction again, where a restored backup brought back what it took out.

    :returns: whether there was something to do
    """
    person = User.objects.filter(pk=note["by"]).first()
    ticket = Ticket.objects.filter(pk=note["ticket"]).first()
    if person is None or ticket is None:
        return False
    entry = DiaryEntry.objects.filter(pk=note.get("entry") or 0, redacted_at=None).first()
    attachment = Attachment.objects.filter(
        pk__in=[note["attachment"]] if "attachment" in note else [], redacted_at=None
    ).first()
    said = (
        HistoryEntry.objects.filter(pk=note.get("said") or 0, words_row__isnull=False)
        .exclude(words_row__text=BLANK_SUBJECT)
        .first()
    )
    job = JobEvidence.objects.filter(pk=note.get("job") or 0).first()
    words = {"by": person, "at": at, "why": note["why"], "is_again": True}
    if entry is not None:
        redact_entry(entry=entry, **words)
    elif attachment is not None:
        redact_attachment(attachment=attachment, **words)
    elif job is not None:
        redact_job(job=job, ticket=ticket, **words)
    elif said is not None:
        redact_words(entry=said, **words)
    elif note.get("part") in _PARTS and not _is_blank(ticket, note["part"]):
        _PARTS[note["part"]](ticket=ticket, **words)
    else:
        return False
    return True


def _is_blank(ticket: Ticket, part: str) -> bool:
    return bool(getattr(ticket, part) in ("", BLANK, BLANK_SUBJECT))


def _blank_entry(entry: DiaryEntry, at: datetime) -> None:
    entry.text, entry.html, entry.redacted_at = BLANK, markdown.render(BLANK), at
    entry.save(update_fields=["text", "html", "redacted_at"])


def _blank_repeated(entry: DiaryEntry, at: datetime) -> None:
    """Blank at once what repeats the entry on tickets that follow this one."""
    html = markdown.render(BLANK)
    copies = DiaryEntry.objects.filter(passed_from=entry, redacted_at=None)
    while copies.exists():
        numbers = list(copies.values_list("pk", flat=True))
        DiaryEntry.objects.filter(pk__in=numbers).update(text=BLANK, html=html, redacted_at=at)
        Ticket.objects.filter(diary__in=numbers).update(last_line="")
        copies = DiaryEntry.objects.filter(passed_from__in=numbers, redacted_at=None)


def _blank_files(key: str, at: datetime) -> None:
    """Blank the row of an attachment, and all that repeat it on tickets that follow this one."""
    keys: list[Any] = [key]
    while keys:
        Attachment.objects.filter(pk__in=keys, redacted_at=None).update(
            name=_("redacted"), file="", redacted_at=at
        )
        keys = list(Attachment.objects.filter(passed_from__in=keys).values_list("pk", flat=True))


def _delete_unless_named(storage: Storage, file: str) -> None:
    """Remove a stored file, unless another ticket still shows it."""
    if not Attachment.objects.filter(file=file).exists():
        storage.delete(file)


def _blank_among_followers(ticket: Ticket, said: str, at: datetime) -> None:
    """Blank at once the same words on all that ever followed: their solution, or what is kept of it
    in the diary of one that was reopened.
    """
    html = markdown.render(BLANK)
    seen, leads = {ticket.pk}, {ticket.pk}
    while leads:
        followers = TicketRelation.objects.filter(other__in=leads, kind__in=LED)
        leads = set(followers.values_list("ticket_id", flat=True)) - seen
        seen |= leads
        Ticket.objects.filter(pk__in=leads, solution=said).update(
            solution=BLANK, solution_html=html
        )
        for kept in DiaryEntry.objects.filter(
            ticket__in=leads, text=said, is_public=True, redacted_at=None
        ):
            _blank_entry(kept, at)
            Ticket.objects.filter(pk=kept.ticket_id).update(last_line="")


def _blank_solution(ticket: Ticket) -> None:
    ticket.solution, ticket.solution_html = BLANK, markdown.render(BLANK)
    store(ticket, "solution", "solution_html")


def _start(ticket: Ticket, by: User, is_again: bool) -> Ticket:
    # Who did it then may have left since; what was decided stays decided.
    if not is_again and not policies.may_redact(ticket, by):
        raise NotAllowed(_("Only supporters and admins redact."), _("Ask a supporter to do it."))
    return locked(ticket)


def _finish(
    ticket: Ticket, by: User, at: datetime, why: str, *, is_public: bool = True, **what: Any
) -> Ticket:
    told = history.record(
        ticket=ticket,
        kind=Kind.REDACTED,
        by=by,
        at=at,
        is_public=is_public,
        consumers=(),
        words=why,
        **what,
    )
    passing.pass_redaction(told, at=at)
    store(ticket, "last_line")
    index.reindex(ticket)
    outbox.redact_about(ticket=ticket.pk)
    note = {
        "ticket": ticket.pk,
        "by": by.pk,
        "at": at.isoformat(),
        "why": why.strip()[:200],
        **what,
    }
    name, content = f"{NOTES}/{ticket.last_entry_id}.json", json.dumps(note)
    # After the commit: a note of what was rolled back would be obeyed by a restore.
    transaction.on_commit(
        lambda: default_storage.save(name, ContentFile(content)) and None, robust=True
    )
    return ticket


_PARTS = {
    "description": redact_description,
    "solution": redact_solution,
    "subject": redact_subject,
}
