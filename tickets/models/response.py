"""How long each support unit that ever had a ticket took to respond, and until when it should."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models import Quality, SupportUnit
from tickets.models.ticket import Priority, Ticket
from tickets.workflow import Status


class Outcome(models.TextChoices):
    """How a unit's time to respond ended."""

    ANSWERED = "ANSWERED", _("answered")
    MOVED = "MOVED", _("given to another support unit")
    ENDED = "ENDED", _("ended without an answer")
    HELD = "HELD", _("left to another ticket")


class ResponsePeriod(models.Model):
    """The time that one support unit has, or had, to respond to a ticket (domain: section 7).

    It runs while the ticket is new, assigned or reopened and never pauses. It begins anew when
    another unit gets the ticket and when the ticket is reopened. The moments are counted in the
    unit's working time and stored, with a digest of what they were counted with.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="responses")
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="+")
    status = models.CharField(max_length=20, choices=Status, help_text="that began it")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    quality = models.CharField(max_length=10, choices=Quality)
    counted_with = models.CharField(max_length=16, help_text="digest of the unit's hours")
    starts_at = models.DateTimeField()
    yellow_at = models.DateTimeField()
    amber_at = models.DateTimeField()
    due_at = models.DateTimeField()
    amber_told_at = models.DateTimeField(null=True, blank=True)
    due_told_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(ends_at__isnull=True),
                name="responseperiod_one_runs",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    starts_at__lte=models.F("yellow_at"),
                    yellow_at__lte=models.F("amber_at"),
                    amber_at__lte=models.F("due_at"),
                ),
                name="responseperiod_colours_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True, outcome="")
                | models.Q(ends_at__isnull=False, outcome__in=Outcome.values),
                name="responseperiod_ends_with_outcome",
            ),
        ]
        indexes = [
            # a ticket's page
            models.Index(fields=["ticket", "starts_at"], name="responseperiod_of"),
            # what is to be counted anew after a unit changed its hours
            models.Index(
                fields=["unit", "counted_with"],
                name="responseperiod_running",
                condition=models.Q(ends_at__isnull=True),
            ),
            # reports: response times of a unit, by the time
            models.Index(fields=["unit", "starts_at"], name="responseperiod_of_unit"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} at {self.unit_id}"

    @property
    def is_late(self) -> bool:
        """Return whether it ended after it was due; of a running one, ask with the present."""
        return self.ends_at is not None and self.ends_at > self.due_at
