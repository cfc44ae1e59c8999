"""DIRAC jobs that somebody looked up, kept with a ticket."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tickets.models.ticket import Ticket


class JobEvidence(models.Model):
    """What DIRAC told of a job when somebody looked it up; for supporters and the VO's shifters.

    Before its ticket is filed it belongs to the draft, by the key that becomes the ticket's.
    """

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, null=True, blank=True, related_name="job_evidence"
    )
    submission_key = models.UUIDField(null=True, blank=True)
    source = models.CharField(max_length=50, help_text="as in `manage.py poll NAME`")
    job_id = models.BigIntegerField()
    vo = models.CharField(max_length=100, blank=True)
    data = models.JSONField(help_text="monitoring.jobs.as_evidence")
    looked_up_at = models.DateTimeField()
    looked_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ticket__isnull=False, submission_key=None)
                | Q(ticket=None, submission_key__isnull=False),
                name="jobevidence_of_ticket_or_draft",
            ),
            models.UniqueConstraint(
                fields=["ticket", "source", "job_id", "looked_up_at"],
                name="jobevidence_once_a_ticket",
            ),
            models.UniqueConstraint(
                fields=["submission_key", "source", "job_id", "looked_up_at"],
                name="jobevidence_once_a_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} job {self.job_id}"
