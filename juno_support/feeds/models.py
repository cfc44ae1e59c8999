"""Sources that we poll, and how each poll went."""

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """How a poll ended. Only OK and UNCHANGED make the data fresh."""

    OK = "ok", _("ok")
    UNCHANGED = "unchanged", _("unchanged")
    SUSPICIOUS = "suspicious", _("suspicious")
    FAILED = "failed", _("failed")


@pghistory.track()
class Source(models.Model):
    """One upstream that we poll, as an admin configures it.

    What comes from the environment wins over these columns and is not copied into them.
    """

    name = models.SlugField(unique=True, help_text="as in `manage.py poll NAME`")
    url = models.CharField(max_length=500, blank=True)
    is_enabled = models.BooleanField(default=True)
    interval = models.DurationField()
    config = models.JSONField(
        default=dict, blank=True, help_text="the options of its kind that differ from their default"
    )

    def __str__(self) -> str:
        return self.name


class SourceSecret(models.Model):
    """A key, token or password for a source, encrypted; see ``feeds.vault``. Never in a trace."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="secrets")
    name = models.SlugField()
    encrypted = models.BinaryField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="sourcesecret_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.source_id}"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["digest"],
)
class PushToken(models.Model):
    """The token by which a source pushes; only its digest is kept. See ``feeds.pushed``."""

    source = models.OneToOneField(Source, models.CASCADE, related_name="push_token")
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"token of {self.source_id}"


class FeedRun(models.Model):
    """One poll of one source.

    Where the polling of a source stands (when it is due, how often it failed in a row, when it
    last succeeded) is read from these rows: an unchanged poll writes nothing else.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.TextField(blank=True)
    url = models.CharField(max_length=1000, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    size = models.BigIntegerField(default=0, help_text="bytes read")
    sha256 = models.CharField(max_length=64, blank=True)
    seen = models.JSONField(default=dict)
    changed = models.JSONField(default=dict)
    refused = models.JSONField(default=list)
    clock_skew = models.DurationField(null=True, blank=True)
    raw_head = models.TextField(
        blank=True, help_text="the first characters of an answer that failed"
    )
    notes = models.JSONField(default=list, help_text="oddities that did not make the poll fail")
    doubt = models.TextField(
        blank=True, help_text="why the source itself says that it cannot be trusted just now"
    )
    window_starts_at = models.DateTimeField(
        null=True, help_text="from when on the question surely covered what there is"
    )
    credential = models.CharField(
        max_length=64,
        blank=True,
        help_text="fingerprint of a credential that was refused",
    )

    class Meta:
        indexes = [
            # the newest runs of a source: sources page, freshness
            models.Index(fields=["source", "-started_at"], name="feedrun_source_newest"),
            # how fresh a source's data is: every page that shows them
            models.Index(
                fields=["source", "-started_at"],
                name="feedrun_source_success",
                condition=models.Q(outcome__in=["ok", "unchanged"]),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.outcome}"
