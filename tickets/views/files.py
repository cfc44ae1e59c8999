"""Attachments: upload to a draft, take away, download after asking whether the reader may."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.lib import clock
from tickets import policies
from tickets.actions import files
from tickets.models import Attachment
from tickets.views.shared import key_or_none, person

# What a browser shows without running anything; everything else is a download.
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@require_safe
@checked_inside
def attachment(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Send a file to whoever may read it: of a draft its owner; of a ticket who reads that side.

    A redacted file answers 410 with words.
    """
    found = Attachment.objects.select_related("ticket", "entry", "draft").filter(pk=key).first()
    if found is None or not _may_read(found, request.user):
        raise Http404
    if found.ticket is not None:
        policies.note_reading(found.ticket, request.user)
    if found.redacted_at is not None or not found.file:
        return render(request, "tickets/file_gone.html", {"file": found}, status=410)
    try:
        handle = found.file.open("rb")
    except FileNotFoundError:
        return render(request, "tickets/file_gone.html", {"file": found}, status=410)
    inline = found.content_type in SHOWN_INLINE
    response = FileResponse(
        handle,
        content_type=found.content_type if inline else "application/octet-stream",
    )
    response["Content-Disposition"] = content_disposition_header(not inline, found.name) or ""
    response["Content-Length"] = str(found.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response


@require_POST
@checked_inside
def upload(request: HttpRequest) -> HttpResponse:
    """Keep files with a draft at once, so that nothing is lost; answers with the list of files."""
    user = person(request)
    draft_id = key_or_none(request.POST.get("draft")) or uuid4()
    refused: files.FileRefused | None = None
    for each in request.FILES.getlist("files"):
        try:
            files.add_to_draft(draft_id=draft_id, upload=each, by=user, at=clock.now())
        except files.FileRefused as error:
            refused = error
    return _list(request, draft_id, user, refused)


@require_POST
@checked_inside
def remove_upload(request: HttpRequest) -> HttpResponse:
    """Take a file off a draft of one's own; answers with the list of files."""
    user = person(request)
    draft_id = key_or_none(request.POST.get("draft"))
    key = key_or_none(request.POST.get("remove"))
    if draft_id is None or key is None:
        raise Http404
    found = Attachment.objects.filter(pk=key, draft=draft_id, uploader=user).first()
    if found is not None:
        files.remove_from_draft(attachment=found, by=user)
    return _list(request, draft_id, user, None)


def _list(
    request: HttpRequest, draft_id: UUID, user: User, refused: files.FileRefused | None
) -> HttpResponse:
    attached = Attachment.objects.filter(draft=draft_id, uploader=user).order_by("uploaded_at")
    return render(
        request,
        "tickets/_new_files.html",
        {
            "attached": attached,
            "refused": str(refused) if refused else "",
            "most_bytes": settings.JUNO_ATTACHMENT_MAX_BYTES,
        },
        status=422 if refused else 200,
    )


def _may_read(found: Attachment, user: Any) -> bool:
    if found.ticket is None:
        return found.uploader_id == user.pk
    reading = policies.reads(found.ticket, user)
    is_public = found.is_public and (found.entry is None or found.entry.is_public)
    return reading >= (policies.Reading.PUBLIC if is_public else policies.Reading.ALL)
