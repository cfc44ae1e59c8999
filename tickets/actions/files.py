"""Attach files: to a draft, to a diary entry; sweep those that nothing names."""

import mimetypes
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import text
from tickets.models import Attachment, DiaryEntry, Draft

MOST_FILES = 20
ORPHAN_AGE = timedelta(days=2)
DRAFT_AGE = timedelta(days=60)


class FileRefused(SupportError):
    """The file is too large, or there are too many."""


@transaction.atomic
def add_to_draft(*, draft_id: UUID, upload: UploadedFile, by: User, at: datetime) -> Attachment:
    """Attach a file to a draft; the draft is made if it is not there yet.

    :raises FileRefused: if it is too large, there are too many, or the draft is somebody else's
    """
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
    name = text.clean_line(upload.name or "")[-255:] or "file"
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


def _stored_files(folder: str) -> Iterable[str]:
    if not default_storage.exists(folder):
        return
    folders, names = default_storage.listdir(folder)
    for name in names:
        yield f"{folder}/{name}"
    for inner in folders:
        yield from _stored_files(f"{folder}/{inner}")
