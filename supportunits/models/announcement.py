"""What is announced: to everybody, to a VO, or to the users of sites."""

import uuid

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models.vo import VO
from topology.models import Site


class Audience(models.TextChoices):
    """To whom an announcement goes."""

    EVERYBODY = "EVERYBODY", _("everybody")
    VO = "VO", _("a VO")
    SITES = "SITES", _("the users of sites")


class Tone(models.TextChoices):
    """How an announcement looks."""

    INFO = "INFO", _("information")
    WARNING = "WARNING", _("something does not work")


@pghistory.track(exclude=["html", "renderer_version", "mailed_at"])
class Announcement(models.Model):
    """A notice with a beginning and, mostly, an end (exclusive; none: until it is withdrawn).

    The users of a site are the members of the VOs that list it, and the members of its unit.
    """

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=150)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    renderer_version = models.PositiveSmallIntegerField(default=0)
    tone = models.CharField(max_length=10, choices=Tone, default=Tone.INFO)
    audience = models.CharField(max_length=10, choices=Audience)
    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="+")
    sites = models.ManyToManyField(Site, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_mailed = models.BooleanField(default=False, help_text="it goes out by mail, too")
    mailed_at = models.DateTimeField(null=True, blank=True)
    downtime_key = models.CharField(
        max_length=300, blank=True, help_text="source and key of the downtime that it is about"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="announcement_has_length",
            ),
            models.CheckConstraint(
                condition=models.Q(audience="VO", vo__isnull=False)
                | ~models.Q(audience="VO") & models.Q(vo=None),
                name="announcement_names_its_vo",
            ),
        ]
        indexes = [
            # the banner of every page: what has not ended
            models.Index(
                fields=["starts_at"],
                name="announcement_alive",
                condition=models.Q(withdrawn_at=None),
            ),
            # the list, newest first
            models.Index(fields=["-starts_at", "-id"], name="announcement_newest"),
            # what waits to be mailed
            models.Index(
                fields=["starts_at"],
                name="announcement_to_mail",
                condition=models.Q(is_mailed=True, mailed_at=None, withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.title
