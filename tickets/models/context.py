"""What monitoring said about a ticket's sites, kept with the ticket."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket
from topology.models import Site


class ContextSnapshot(models.Model):
    """The conditions at the affected sites at a moment, as they were known when it was taken."""

    class Reason(models.TextChoices):
        """Why it was taken."""

        SUBMISSION = "SUBMISSION", _("at submission")
        CHANGE = "CHANGE", _("the conditions changed")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="contexts")
    reason = models.CharField(max_length=12, choices=Reason)
    moment = models.DateTimeField(help_text="the moment that the conditions are about")
    taken_at = models.DateTimeField()
    data = models.JSONField()
    fingerprint = models.CharField(max_length=64, help_text="of what matters; equal = nothing new")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(reason="SUBMISSION"),
                name="contextsnapshot_one_of_submission",
            )
        ]
        indexes = [models.Index(fields=["ticket", "-id"], name="contextsnapshot_newest")]

    def __str__(self) -> str:
        return f"#{self.pk} of #{self.ticket_id}"


class WatchedSite(models.Model):
    """The conditions at a site as the open tickets have been told them; equal = nothing to tell."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="+")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="of its downtimes")
    states = models.CharField(max_length=64, blank=True, help_text="digest of its states")
    told_down_to = models.BigIntegerField(
        null=True, help_text="open tickets below this number are still to be told; null: none"
    )
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.site_id}"


class TicketWatch(models.Model):
    """What an open ticket has been told of the states at its sites, services and links.

    A series is written as kind, name, source, metric and VO with tabs between them.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="watch")
    told = models.JSONField(default=dict, help_text="series -> last state told, unless it is ok")
    told_at = models.JSONField(default=dict, help_text="series -> moments it was told of, newest 2")
    held = models.JSONField(
        default=dict, help_text="series -> since when its flapping is held back"
    )
    trouble = models.JSONField(default=list, help_text="series and outages that were bad")
    trouble_since = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True, help_text="when a recovery was last told")
    look_again_at = models.DateTimeField(null=True, help_text="without news; null: not needed")

    class Meta:
        indexes = [
            # tickets that are to be looked at again by the clock
            models.Index(
                fields=["look_again_at"],
                name="ticketwatch_again",
                condition=models.Q(look_again_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"of #{self.ticket_id}"


class ContextRound(models.Model):
    """Up to when news of monitoring were looked for; one row, so that a pause loses none."""

    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.looked_at}"
