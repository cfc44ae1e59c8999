"""Downtimes declared in GOCDB, and how each changed while we watched."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from topology.models import Service, Site


class Severity(models.TextChoices):
    """GOCDB's SEVERITY. A WARNING is "at risk" and masks nothing."""

    OUTAGE = "OUTAGE", _("outage")
    WARNING = "WARNING", _("at risk")


class Classification(models.TextChoices):
    """GOCDB's CLASSIFICATION: scheduled if declared more than 24 h ahead."""

    SCHEDULED = "SCHEDULED", _("scheduled")
    UNSCHEDULED = "UNSCHEDULED", _("unscheduled")


class Downtime(models.Model):
    """A downtime of one site and some of its services; they may overlap, and are never folded."""

    source = models.CharField(max_length=50)
    key = models.CharField(max_length=100)
    site = models.ForeignKey(Site, models.PROTECT, related_name="downtimes")
    severity = models.CharField(max_length=10, choices=Severity)
    classification = models.CharField(max_length=12, choices=Classification)
    description = models.TextField(blank=True)
    declared_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    portal_url = models.CharField(max_length=500, blank=True)
    services = models.ManyToManyField(Service, related_name="downtimes", blank=True)
    # What the source said of the services, also of those that we do not know.
    affected = models.JSONField(default=list)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    missed_polls = models.PositiveSmallIntegerField(default=0)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    extends = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="extensions"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="downtime_key_once")]
        indexes = [
            # what was going on at a site at a moment
            models.Index(fields=["site", "ends_at", "starts_at"], name="downtime_site_period"),
            # running and coming downtimes everywhere
            models.Index(fields=["ends_at", "starts_at"], name="downtime_period"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.key}"


class DowntimeChange(models.Model):
    """What one poll saw changed in a downtime, {field: [old, new]}, so that *then* stays true."""

    downtime = models.ForeignKey(Downtime, models.CASCADE, related_name="changes")
    noticed_at = models.DateTimeField()
    changes = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["downtime", "noticed_at"], name="downtimechange_of")]

    def __str__(self) -> str:
        return f"#{self.pk} of {self.downtime_id}"
