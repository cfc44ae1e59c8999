"""The wall clock of ALARM tickets, and the drills that test it (domain: sections 2 and 7)."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models import VO
from tickets.models.ticket import Ticket


class Call(models.IntegerChoices):
    """Who is called, step by step, until a person confirms the receipt."""

    AT_ONCE = 0, _("emergency address and person on call, by mail")
    PHONE = 1, _("person on call, by phone and messages")
    EVERYBODY = 2, _("person on call, TPM and operations centre, by mail")


CALL_AFTER = {
    Call.AT_ONCE: timedelta(0),
    Call.PHONE: timedelta(minutes=15),
    Call.EVERYBODY: timedelta(minutes=60),
}
"""How long after the alarm each call is made: 24/7, never paused."""

RECEIPT_WITHIN = timedelta(minutes=60)


class ReceiptHow(models.TextChoices):
    """How a person confirmed the receipt."""

    LINK = "LINK", _("by the link in a mail")
    BUTTON = "BUTTON", _("by the button on the ticket")
    WORK = "WORK", _("by working on the ticket")


class AlarmDrill(models.Model):
    """A quarterly test: one test ALARM for each centre that was chosen, started with one step."""

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    vo = models.ForeignKey(VO, models.PROTECT, related_name="alarm_drills")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    class Meta:
        indexes = [
            # the table of drills of a VO, newest first
            models.Index(fields=["vo", "-started_at"], name="alarmdrill_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.vo_id}: {self.started_at:%Y-%m-%d}"


class WallClock(models.Model):
    """One run of the clock of an ALARM ticket: from the alarm until a person confirms it.

    A reopened ticket starts another run. ``next_call_at`` is the stored deadline that the sweep
    asks for; it is empty once the climbing has stopped, whatever stopped it.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="wall_clocks")
    drill = models.ForeignKey(
        AlarmDrill, models.PROTECT, null=True, blank=True, related_name="clocks"
    )
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="who filed it as an alarm, made it one, or reopened it",
    )
    starts_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="until when a person should have confirmed")
    next_call = models.PositiveSmallIntegerField(choices=Call, null=True, blank=True)
    next_call_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    received_name = models.CharField(
        max_length=150, blank=True, help_text="whoever followed the link says who it is"
    )
    received_how = models.CharField(max_length=10, choices=ReceiptHow, blank=True)
    received_through = models.CharField(
        max_length=200, blank=True, help_text="whose mail held the link"
    )
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="withdrawn or closed without a receipt"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(received_at=None, ended_at=None),
                name="wallclock_one_running",
            ),
            models.CheckConstraint(
                condition=models.Q(next_call_at=None)
                | models.Q(received_at=None, ended_at=None, next_call__isnull=False),
                name="wallclock_climbs_only_while_running",
            ),
            models.CheckConstraint(
                condition=models.Q(received_at=None) | ~models.Q(received_how=""),
                name="wallclock_receipt_says_how",
            ),
        ]
        indexes = [
            # the sweep: which calls are due
            models.Index(
                fields=["next_call_at"],
                name="wallclock_due",
                condition=models.Q(next_call_at__isnull=False),
            ),
            # the head of a ticket: its newest run
            models.Index(fields=["ticket", "-starts_at"], name="wallclock_of_ticket"),
        ]

    def __str__(self) -> str:
        return f"clock of #{self.ticket_id}"

    @property
    def is_running(self) -> bool:
        """Return whether it still waits for a person."""
        return self.received_at is None and self.ended_at is None

    def is_raised_by(self, user_id: int | None) -> bool:
        """Return whether the account of this key raised it, and so cannot confirm it."""
        return user_id is not None and self.raised_by_id == user_id

    @property
    def key_prefix(self) -> str:
        """Return how the keys of all mails and calls of this run begin in the outbox."""
        return f"alarm:{self.pk}:"

    @property
    def minutes(self) -> int | None:
        """Return the whole minutes from the alarm to the receipt; None without one."""
        if self.received_at is None:
            return None
        return int((self.received_at - self.starts_at).total_seconds() // 60)
