"""What happened to tickets, who is still to be told, and how long each status lasted."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models import SupportUnit
from tickets.models.diary import DiaryEntry
from tickets.models.ticket import Priority, Ticket
from tickets.workflow import Status


class Kind(models.TextChoices):
    """What an entry of the history says. Codes are never translated; labels are for people."""

    SUBMITTED = "ticket.submitted", _("submitted")
    STATUS_CHANGED = "ticket.status-changed", _("status")
    ASSIGNED_TO_UNIT = "ticket.unit-changed", _("support unit")
    PERSON_ADDED = "ticket.person-added", _("person added")
    PERSON_REMOVED = "ticket.person-removed", _("person removed")
    PUBLIC_ENTRY = "diary.public-written", _("public diary")
    INTERNAL_ENTRY = "diary.internal-written", _("internal diary")
    PRIORITY_CHANGED = "ticket.priority-changed", _("priority")
    FIELD_CHANGED = "ticket.field-changed", _("field")
    NEXT_STEP = "ticket.next-step-set", _("next step")
    ESCALATED = "ticket.escalated", _("escalated")
    RESPONSE_DUE = "ticket.response-due", _("response time")
    REMINDED = "ticket.reminded", _("reminder")
    REFERENCE_ADDED = "ticket.reference-added", _("cross reference")
    RELATED = "ticket.related", _("relation")
    RELATION_ENDED = "ticket.relation-ended", _("relation ended")
    INCIDENT_DECLARED = "ticket.incident-declared", _("incident declared")
    INCIDENT_ENDED = "ticket.incident-ended", _("incident ended")
    CC_ADDED = "ticket.cc-added", _("CC")
    CC_REMOVED = "ticket.cc-removed", _("CC")
    ME_TOO = "ticket.me-too", _("me too")
    REDACTED = "ticket.redacted", _("redacted")
    CONTEXT = "ticket.context-changed", _("monitoring")
    JOBS_KEPT = "ticket.jobs-kept", _("jobs")
    UNDONE = "ticket.step-undone", _("undone")
    DISCARDED = "ticket.discarded", _("discarded as spam")
    RECOVERED = "ticket.recovered", _("recovered")
    CHECKED = "ticket.checked", _("check-list")
    ALARM_CALLED = "alarm.called", _("alarm")
    ALARM_RECEIVED = "alarm.received", _("receipt of the alarm")


class HistoryEntry(models.Model):
    """One thing that happened to a ticket: ids and facts, no names, no bodies.

    Append-only: the database itself refuses an update or a delete.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="history")
    kind = models.CharField(max_length=40, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    happened_at = models.DateTimeField()
    is_public = models.BooleanField(help_text="whether everybody who may read the ticket sees it")
    diary_entry = models.ForeignKey(
        DiaryEntry, models.PROTECT, null=True, blank=True, related_name="+"
    )
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # the timeline of a ticket, and "rows since entry N" for open pages
            models.Index(fields=["ticket", "id"], name="historyentry_timeline"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind} of #{self.ticket_id}"

    @property
    def words(self) -> str:
        """Return what the person wrote with it (a reason, a next step), or nothing.

        Costs a query unless ``words_row`` was selected along.
        """
        try:
            return self.words_row.text
        except HistoryWords.DoesNotExist:
            return ""


class HistoryWords(models.Model):
    """What a person wrote with an entry, kept beside it so that it can be redacted."""

    entry = models.OneToOneField(
        HistoryEntry, models.PROTECT, primary_key=True, related_name="words_row"
    )
    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"words of #{self.entry_id}"


class Consumer(models.TextChoices):
    """Who acts on history entries after the commit."""

    MAIL = "mail", _("mail")
    CONTEXT = "context", _("monitoring context")
    ROUTING = "routing", _("routing rules")
    ALARM = "alarm", _("calls of an alarm")


class Dispatch(models.Model):
    """One consumer is to act on one history entry, not before a moment (undo window)."""

    entry = models.ForeignKey(HistoryEntry, models.PROTECT, related_name="dispatches")
    consumer = models.CharField(max_length=20, choices=Consumer)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "consumer"], name="dispatch_once"),
        ]
        indexes = [
            # the sweep: what is due
            models.Index(
                fields=["not_before"],
                name="dispatch_due",
                condition=models.Q(done_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.consumer} of entry {self.entry_id}"


class StatusInterval(models.Model):
    """How long a ticket was in a status at a unit: every figure is one query over these."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="intervals")
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=Status)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(ends_at__isnull=True),
                name="statusinterval_one_open",
            )
        ]
        indexes = [models.Index(fields=["ticket", "starts_at"], name="statusinterval_of")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.status}"
