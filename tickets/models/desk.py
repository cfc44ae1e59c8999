"""What the TPM desk keeps: undo windows, ready texts, the check-list for first-line answers."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportunits.models import VO
from tickets.models.ticket import Ticket


class BounceReason(models.TextChoices):
    """Why a support unit gives a ticket back to TPM."""

    NOT_OURS = "NOT_OURS", _("not ours: somebody else runs this service")
    WRONG_SITE = "WRONG_SITE", _("the problem is at another site")
    USER_SIDE = "USER_SIDE", _("the problem is on the submitter's side")
    TOO_LITTLE = "TOO_LITTLE", _("there is too little in the ticket to go on")
    NOBODY_HERE = "NOBODY_HERE", _("nobody of the unit can work on it")
    OTHER = "OTHER", _("another reason")


class UndoWindow(models.Model):
    """What somebody did at the desk and can take back for some seconds, before mail leaves.

    ``before`` holds the ticket's columns as they were, as far as they changed; ``people`` those who
    were assigned or involved, each as user and part, or null where nothing changed. Gone a day
    after it ended.
    """

    class Action(models.TextChoices):
        """What was done."""

        ASSIGN = "ASSIGN", _("assigned")
        DUPLICATE = "DUPLICATE", _("marked as a duplicate")
        ASK = "ASK", _("asked the submitter")
        HOLD = "HOLD", _("put on hold")
        SPAM = "SPAM", _("discarded as spam")
        RECOVER = "RECOVER", _("recovered")
        ESCALATE = "ESCALATE", _("escalated")
        UNSOLVED = "UNSOLVED", _("left unsolved")
        JOIN = "JOIN", _("joined to an incident")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    action = models.CharField(max_length=10, choices=Action)
    ends_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    before = models.JSONField(default=dict)
    people = models.JSONField(null=True)
    entries = ArrayField(models.BigIntegerField(), help_text="the history entries it wrote")

    def __str__(self) -> str:
        return f"{self.action} of #{self.ticket_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ReadyText(models.Model):
    """A text that TPM keeps for answers, of the whole portal or of one VO. Markdown with fields."""

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="ready_texts")
    title = models.CharField(max_length=100)
    text = models.TextField(max_length=10_000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("title"), "vo", name="readytext_title_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.title


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CheckItem(models.Model):
    """One line of the check-list for first-line answers. What is retired is not offered any more,
    and stays with the tickets on which it was ticked.
    """

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    words = models.CharField(max_length=120)
    how = models.CharField(max_length=300, blank=True, help_text="how one looks, in one line")
    url = models.URLField(max_length=500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_retired = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("words"),
                name="checkitem_words_once",
                condition=models.Q(is_retired=False),
            )
        ]

    def __str__(self) -> str:
        return self.words


class CheckTick(models.Model):
    """Somebody looked after one line of the check-list for one ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="check_ticks")
    item = models.ForeignKey(CheckItem, models.PROTECT, related_name="ticks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ticked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "item"], name="checktick_once")]

    def __str__(self) -> str:
        return f"{self.item_id} of #{self.ticket_id}"
