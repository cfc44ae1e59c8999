"""A known answer, and where it was of use."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models import VO, IssueType
from tickets.models import Ticket
from topology.models import Site


class Audience(models.TextChoices):
    """Who reads an answer."""

    PUBLIC = "PUBLIC", _("everybody who is signed in")
    SUPPORTERS = "SUPPORTERS", _("supporters only")


# What is derived, and what is counted, leaves no trace; nor does the text: a password that was
# pasted into it must go with the next change (trust: promise 6).
@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    exclude=["text", "words", "html", "renderer_version", "solved", "helped", "review_asked_at"],
)
class KnownAnswer(models.Model):
    """A short Markdown article: what is wrong when this happens, and what helps.

    Without VO, type of issue or sites it fits everywhere. One that is withdrawn is offered no more.
    """

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    renderer_version = models.PositiveSmallIntegerField(default=0)
    audience = models.CharField(max_length=12, choices=Audience, default=Audience.PUBLIC)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="known_answers"
    )
    review_on = models.DateField(help_text="when the owner looks whether it is still true")
    review_asked_at = models.DateTimeField(null=True, blank=True)
    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="+")
    issue_type = models.ForeignKey(
        IssueType, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sites = models.ManyToManyField(Site, blank=True, related_name="+")
    made_from = models.ForeignKey(
        Ticket, models.SET_NULL, null=True, blank=True, related_name="known_answers"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    solved = models.PositiveIntegerField(default=0, help_text="how many tickets it solved")
    helped = models.PositiveIntegerField(default=0, help_text="how many it spared a ticket")
    words = SearchVectorField(default="")

    class Meta:
        indexes = [
            # what fits a text: the list, the form of a new ticket, the composer
            GinIndex(fields=["words"], name="knownanswer_words"),
            # the list without words, newest first
            models.Index(fields=["-updated_at", "-id"], name="knownanswer_newest"),
            # which ones their owners are asked to review
            models.Index(
                fields=["review_on"],
                name="knownanswer_review",
                condition=models.Q(withdrawn_at=None, review_asked_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AnswerUse(models.Model):
    """That an answer was of use: it solved a ticket, or spared somebody from filing one."""

    answer = models.ForeignKey(KnownAnswer, models.CASCADE, related_name="uses")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="answer_uses")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["answer", "ticket"],
                condition=models.Q(ticket__isnull=False),
                name="answeruse_once_a_ticket",
            ),
            models.UniqueConstraint(
                fields=["answer", "by"],
                condition=models.Q(ticket=None),
                name="answeruse_helped_once_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} #{self.ticket_id or '-'}"
