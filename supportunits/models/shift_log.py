"""What is written during a shift and about it: check-list, hand-over, log, meetings, card."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from supportunits.models.shift import Shift, ShiftType
from supportunits.models.vo import VO
from topology.models import Site


class ShiftTick(models.Model):
    """A line of the check-list that a shifter ticked for a shift."""

    shift = models.ForeignKey(Shift, models.CASCADE, related_name="ticks")
    check_text = models.CharField(max_length=200)
    ticked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ticked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shift", "check_text"], name="shifttick_once")
        ]

    def __str__(self) -> str:
        return self.check_text


class HandOver(models.Model):
    """What a shifter leaves to the next one. A shift without it is not handed over."""

    shift = models.OneToOneField(Shift, models.CASCADE, related_name="hand_over")
    note = models.TextField()
    note_html = models.TextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"of shift #{self.shift_id}"


class ShiftLogEntry(models.Model):
    """An entry of a VO's shift log, with the tickets and sites that it speaks of.

    For shifters of the VO, TPM and supporters; it is an internal text.
    """

    # Found by the index below.
    vo = models.ForeignKey(VO, models.PROTECT, related_name="shift_log", db_index=False)
    shift = models.ForeignKey(
        Shift, models.SET_NULL, null=True, blank=True, related_name="log_entries"
    )
    text = models.TextField()
    html = models.TextField()
    tickets = ArrayField(
        models.BigIntegerField(), default=list, help_text="numbers; this app knows no tickets"
    )
    sites = models.ManyToManyField(Site, related_name="shift_log_entries", blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    redacted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    redacted_at = models.DateTimeField(null=True, blank=True)
    submission_key = models.UUIDField(unique=True, help_text="the same form sent twice is one")

    class Meta:
        indexes = [
            # the log's page, newest first; reports and "since my last shift"
            models.Index(fields=["vo", "-written_at", "-id"], name="shiftlog_of_vo")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


@pghistory.track()
class ShiftMeeting(models.Model):
    """The minutes of a VO's weekly meeting about its operations."""

    vo = models.ForeignKey(VO, models.CASCADE, related_name="shift_meetings")
    week = models.DateField(help_text="the Monday of the week that is looked back on")
    minutes = models.TextField(blank=True)
    minutes_html = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vo", "week"], name="shiftmeeting_once")]

    def __str__(self) -> str:
        return f"{self.vo} {self.week}"


@pghistory.track()
class MeetingAction(models.Model):
    """Something that a weekly meeting agreed on: who does it, by when, and whether it is done."""

    vo = models.ForeignKey(VO, models.CASCADE, related_name="meeting_actions")
    week = models.DateField(help_text="of the meeting that agreed on it")
    what = models.CharField(max_length=300)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    submission_key = models.UUIDField(unique=True, help_text="the same form sent twice is one")

    class Meta:
        indexes = [
            # the meeting's page: what is not done yet, whatever the week
            models.Index(
                fields=["vo", "due_on"],
                name="meetingaction_open",
                condition=models.Q(done_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.what


class OnCallCard(models.Model):
    """The printable card of a VO for a day on which the portal is down, made every night.

    It is kept as it was made: a mapping with ``shifts``, ``shifters`` and ``sites``.
    """

    # Found by the index below.
    vo = models.ForeignKey(VO, models.CASCADE, related_name="on_call_cards", db_index=False)
    made_at = models.DateTimeField()
    content = models.JSONField()

    class Meta:
        indexes = [
            # the newest card of a VO
            models.Index(fields=["vo", "-made_at"], name="oncallcard_newest")
        ]

    def __str__(self) -> str:
        return f"{self.vo} {self.made_at:%Y-%m-%d}"


class CalendarLink(models.Model):
    """A private address of a calendar of shifts. Only the hash of its token is kept.

    Without VO and type it holds the owner's own shifts.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_links"
    )
    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="+")
    type = models.ForeignKey(ShiftType, models.CASCADE, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"#{self.pk} of {self.owner}"
