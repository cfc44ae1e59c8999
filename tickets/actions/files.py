"""Attach files: to a draft, to a diary entry; sweep those that nothing names."""

import mimetypes
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import form_key, text
from tickets.models import Attachment, DiaryEntry, Draft, Ticket

MOST_FILES = 20
ORPHAN_AGE = timedelta(days=2)
DRAFT_AGE = timedelta(days=60)
_PART = 64 * 1024


class FileRefused(SupportError):
    """The file is too large, or there are too many."""


@transaction.atomic
def add_to_draft(*, draft_id: UUID, upload: UploadedFile, by: User, at: datetime) -> Attachment:
    """Attach a file to a draft; the draft is made if it is not there yet.

    The same file twice is there once: the form was sent again after an answer got lost.

    :raises FileRefused: if it is too large, there are too many, or the draft is somebody else's or
        was submitted
    """
    form_key.wait_for(draft_id)
    before = _sent_before(draft_id, upload, by)
    if before is not None:
        return before
    if Ticket.objects.filter(submission_key=draft_id).exists():
        raise FileRefused(
            _("This ticket is filed already."), _("Attach the file to an answer in the ticket.")
        )
    draft, _new = Draft.objects.get_or_create(
        id=draft_id, defaults={"owner": by, "created_at": at, "updated_at": at}
    )
    if draft.owner_id != by.pk:
        raise FileRefused(_("This draft belongs to somebody else."))
    if draft.attachments.count() >= MOST_FILES:
        raise FileRefused(_("A ticket starts with up to %(most)s files.") % {"most": MOST_FILES})
    return _keep(upload, by=by, at=at, draft=draft)


@transaction.atomic
def remove_from_draft(*, attachment: Attachment, by: User) -> None:
    """Take a file off a draft of one's own."""
    if attachment.draft is not None and attachment.uploader_id == by.pk:
        attachment.delete()


def add_to_entry(
    *, entry: DiaryEntry, uploads: Iterable[UploadedFile], by: User, at: datetime
) -> list[Attachment]:
    """Attach files to a diary entry, as public as the entry is.

    The caller's transaction holds the entry; a file whose row is rolled back is swept later.

    :raises FileRefused: if one is too large, or there are too many
    """
    uploads = list(uploads)
    if len(uploads) > MOST_FILES:
        raise FileRefused(_("One entry takes up to %(most)s files.") % {"most": MOST_FILES})
    return [
        _keep(upload, by=by, at=at, ticket=entry.ticket, entry=entry, is_public=entry.is_public)
        for upload in uploads
    ]


def repeat(*, source: DiaryEntry, entry: DiaryEntry) -> None:
    """Attach the public files of an entry also to one that repeats it on another ticket.

    Each has a row of its own there, so that whoever reads that ticket may open it, and nobody needs
    to read the other one. The stored file is the same.
    """
    Attachment.objects.bulk_create(
        Attachment(
            ticket=entry.ticket,
            entry=entry,
            uploader_id=file.uploader_id,
            is_public=True,
            passed_from=file,
            file=file.file.name,
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            uploaded_at=file.uploaded_at,
        )
        for file in Attachment.objects.filter(entry=source, is_public=True, redacted_at=None)
    )


def sweep_orphans(*, at: datetime) -> int:
    """Remove old drafts, and stored files that no row names; returns how many files."""
    Draft.objects.filter(updated_at__lt=at - DRAFT_AGE).delete()
    Attachment.objects.filter(
        ticket__isnull=True, draft__isnull=True, uploaded_at__lt=at - ORPHAN_AGE
    ).delete()
    removed = 0
    for name in _stored_files("attachments"):
        is_old = default_storage.get_modified_time(name) < at - ORPHAN_AGE
        if is_old and not Attachment.objects.filter(file=name).exists():
            default_storage.delete(name)
            removed += 1
    return removed


def _keep(upload: UploadedFile, *, by: User, at: datetime, **owner: object) -> Attachment:
    size = upload.size or 0
    if size > settings.JUNO_ATTACHMENT_MAX_BYTES:
        raise FileRefused(
            _("%(name)s is larger than %(most)s MB.")
            % {"name": upload.name, "most": settings.JUNO_ATTACHMENT_MAX_BYTES // 1024**2},
            _("Compress it, or put it on a shared disk and give the path."),
        )
    name = _name(upload)
    attachment = Attachment(
        uploader=by,
        name=name,
        content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        size=size,
        uploaded_at=at,
        **owner,
    )
    attachment.file.save(name, upload, save=False)
    attachment.save(force_insert=True)
    return attachment


def _sent_before(draft_id: UUID, upload: UploadedFile, by: User) -> Attachment | None:
    """Return the file that this draft, or the ticket that it became, has already."""
    same = Attachment.objects.filter(
        Q(draft=draft_id) | Q(ticket__submission_key=draft_id),
        entry=None,
        uploader=by,
        name=_name(upload),
        size=upload.size or 0,
        redacted_at=None,
    )
    return next((each for each in same if _is_same(each, upload)), None)


def _is_same(attachment: Attachment, upload: UploadedFile) -> bool:
    upload.seek(0)
    try:
        with attachment.file.open("rb") as stored:
            while (part := upload.read(_PART)) == stored.read(_PART):
                if not part:
                    return True
    except FileNotFoundError:
        pass
    finally:
        upload.seek(0)
    return False


def _name(upload: UploadedFile) -> str:
    return text.clean_line(upload.name or "")[-255:] or "file"


def _stored_files(folder: str) -> Iterable[str]:
    if not default_storage.exists(folder):
        return
    folders, names = default_storage.listdir(folder)
    for name in names:
        yield f"{folder}/{name}"
    for inner in folders:
        yield from _stored_files(f"{folder}/{inner}")
