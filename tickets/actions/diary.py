"""Write into a ticket's public or internal diary, with files and with the step that goes along."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import markdown, text
from tickets import history, policies
from tickets.actions import files, passing, wall_clock, work
from tickets.actions.row import NotAllowed, locked, store
from tickets.models import DiaryEntry, Kind, Ticket, TicketType
from tickets.search import index
from tickets.workflow import FINAL, Status, Who

ENTRY_BYTES = 256 * 1024


class EmptyEntry(SupportError):
    """There is nothing to write."""


@transaction.atomic
def add_entry(
    *,
    ticket: Ticket,
    words: str,
    is_public: bool,
    submission_key: UUID,
    by: User,
    at: datetime,
    uploads: Iterable[UploadedFile] = (),
    step: str | None = None,
    seen: int | None = None,
    **step_arguments: Any,
) -> DiaryEntry:
    """Write a diary entry; the same submission key twice gives the same entry once.

    A supporter's public answer takes the ticket, and is the receipt of an alarm; the submitter's
    answer wakes one that waits for it; on a final ticket the entry is a late comment. A supporter's
    public words pass on to the duplicates of the ticket, and to what joined it as the incident.
    ``step`` with its arguments (see ``work.take_step``) is taken in the same transaction.

    :raises EmptyEntry: without text and files
    :raises NotAllowed: if the person may not write there
    :raises StepNotAllowed, NeedsMore, ChangedMeanwhile: from the step; then nothing is written
    """
    ticket = locked(ticket)
    if DiaryEntry.objects.filter(submission_key=submission_key).exists():
        before = DiaryEntry.objects.get(submission_key=submission_key)
        if before.ticket_id != ticket.pk or before.author_id != by.pk:
            raise NotAllowed(_("This form was sent before, elsewhere."), _("Reload the page."))
        return before
    _check_may_write(ticket, by, is_public)
    words = text.clean(words).strip()
    uploads = list(uploads)
    if not words and not uploads:
        raise EmptyEntry(_("Write something, or attach a file."))
    if len(words.encode()) > ENTRY_BYTES:
        raise EmptyEntry(_("The text is larger than 256 kB."), _("Attach long logs as files."))

    entry = DiaryEntry.objects.create(
        submission_key=submission_key,
        ticket=ticket,
        author=by,
        is_public=is_public,
        is_late=ticket.status in FINAL,
        text=words,
        html=markdown.render(words),
        renderer_version=markdown.RENDERER_VERSION,
        written_at=at,
    )
    files.add_to_entry(entry=entry, uploads=uploads, by=by, at=at)
    told = history.record(
        ticket=ticket,
        kind=Kind.PUBLIC_ENTRY if is_public else Kind.INTERNAL_ENTRY,
        by=by,
        at=at,
        is_public=is_public,
        diary_entry=entry,
        late=entry.is_late,
    )
    if is_public:
        ticket.last_line = text.shorten(markdown.plain(entry.html), 160)
        ticket.public_word_at = at
        if policies.speaks_for_support(ticket, by):
            ticket.attention_since = None
    store(ticket, "last_line", "public_word_at", "attention_since")
    index.add_entry(entry)
    if is_public and step != "ask" and policies.may_change(ticket, by):
        # What a supporter says holds for who follows this ticket; a question is its submitter's.
        passing.pass_on(told, at=at, to_followers=True)
    step = step or _step_that_goes_along(ticket, by, is_public)
    if step is not None:
        # The owner's answer wakes the ticket: that step is the system's, not a supporter's.
        who = None if step == "answered" and policies.is_owner(ticket, by) else by
        work.take_step(
            ticket=ticket, step=step, by=who, at=at, comment=words, seen=seen, **step_arguments
        )
    elif is_public and ticket.type == TicketType.ALARM:
        # Somebody works on it already, as on a TEAM ticket that was made an alarm: no step tells.
        wall_clock.after_answer(ticket, by=by, at=at)
    return entry


def _step_that_goes_along(ticket: Ticket, by: User, is_public: bool) -> str | None:
    if not is_public:
        return None
    waits = ticket.status in (Status.NEW, Status.ASSIGNED, Status.REOPENED)
    if waits and policies.works_in_its_unit(ticket, by):
        # Also where the ticket is theirs as a shifter or alarmer of the VO.
        return "take"
    if policies.is_owner(ticket, by):
        return "answered" if ticket.status == Status.WAITING_FOR_REPLY else None
    return "take" if waits else None


def _check_may_write(ticket: Ticket, by: User, is_public: bool) -> None:
    roles = policies.roles_in(ticket, by)
    if not is_public and Who.SUPPORTER not in roles:
        raise NotAllowed(_("Only supporters write into the internal diary."))
    if not roles:
        raise NotAllowed(
            _("Only the submitter and supporters write into this ticket."),
            _("You can say “me too”, or file a ticket of your own."),
        )
