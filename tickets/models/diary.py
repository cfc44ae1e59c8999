"""Diary entries and attachments: the words and files of a ticket."""

import uuid

from django.conf import settings
from django.db import models

from tickets.models.ticket import Draft, Ticket


class DiaryEntry(models.Model):
    """One entry of the public or of the internal diary; rendered once.

    Redaction blanks the text and keeps the row; the history says who did it.
    """

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="diary")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    is_public = models.BooleanField()
    passed_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="passed_on",
        help_text="the entry of a master or an incident that this one repeats",
    )
    is_late = models.BooleanField(default=False, help_text="written after the ticket was final")
    text = models.TextField()
    html = models.TextField()
    renderer_version = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField()
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # the timeline of a ticket
            models.Index(fields=["ticket", "id"], name="diaryentry_timeline"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} of #{self.ticket_id}"


def _path(attachment: "Attachment", filename: str) -> str:
    # Never the name that people gave: it goes into the database only.
    return f"attachments/{attachment.id.hex[:2]}/{attachment.id.hex}"


class Attachment(models.Model):
    """A file of a draft, of a ticket's description, or of a diary entry. Its id is random."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    draft = models.ForeignKey(
        Draft, models.SET_NULL, null=True, blank=True, related_name="attachments"
    )
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    entry = models.ForeignKey(
        DiaryEntry, models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    is_public = models.BooleanField(default=True)
    passed_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="passed_on",
        help_text="the file of a master or an incident that this one repeats; both are stored once",
    )
    file = models.FileField(upload_to=_path, blank=True)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    uploaded_at = models.DateTimeField()
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "uploaded_at"], name="attachment_of_ticket")]

    def __str__(self) -> str:
        return self.name
