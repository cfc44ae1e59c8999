"""Operations centres, sites, their contacts and the names by which others know them."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class CertificationStatus(models.TextChoices):
    """GOCDB's CERTIFICATION_STATUS. The public interface does not tell it: then it is unknown."""

    UNKNOWN = "", _("unknown")
    CANDIDATE = "Candidate", _("candidate")
    UNCERTIFIED = "Uncertified", _("uncertified")
    CERTIFIED = "Certified", _("certified")
    SUSPENDED = "Suspended", _("suspended")
    CLOSED = "Closed", _("closed")


class FromUpstream(models.Model):
    """A row that a source feeds: keyed by (source, their key), never deleted, marked gone."""

    source = models.CharField(max_length=50, help_text="gocdb, or local for rows made by hand")
    key = models.CharField(max_length=100, help_text="their key, such as GOCDB's PRIMARY_KEY")
    missed_polls = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class OperationsCentre(FromUpstream):
    """An operations centre (NGI, formerly ROC)."""

    name = models.CharField(max_length=100, unique=True)
    email = models.CharField(max_length=320, blank=True)
    helpdesk_email = models.CharField(max_length=320, blank=True)
    security_email = models.CharField(max_length=320, blank=True)
    rod_email = models.CharField(max_length=320, blank=True)
    ggus_unit = models.CharField(max_length=100, blank=True, help_text="GOCDB's GGUS_SU")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="operationscentre_key_once")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(
    model_name="SiteEvent",
    fields=[
        "name",
        "contact_email_override",
        "emergency_email_override",
        "time_zone_override",
        "note",
        "certification_status",
        "gone_at",
    ],
)
class Site(FromUpstream):
    """A site. Columns ending in ``_override`` are an admin's word and win over the source's."""

    name = models.CharField(max_length=100, unique=True, help_text="GOCDB's short name")
    official_name = models.CharField(max_length=255, blank=True)
    description = models.TextField(blank=True)
    operations_centre = models.ForeignKey(
        OperationsCentre, models.PROTECT, null=True, blank=True, related_name="sites"
    )
    country = models.CharField(max_length=100, blank=True)
    country_code = models.CharField(max_length=8, blank=True)
    certification_status = models.CharField(
        max_length=20,
        blank=True,
        choices=CertificationStatus,
        default=CertificationStatus.UNKNOWN,
    )
    infrastructure = models.CharField(max_length=30, blank=True, help_text="Production, Test")
    contact_email = models.CharField(max_length=320, blank=True)
    emergency_email = models.CharField(max_length=320, blank=True, help_text="GOCDB's ALARM_EMAIL")
    csirt_email = models.CharField(max_length=320, blank=True)
    telephone = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    home_url = models.CharField(max_length=500, blank=True)
    portal_url = models.CharField(max_length=500, blank=True)
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    contact_email_override = models.EmailField(max_length=320, blank=True)
    emergency_email_override = models.EmailField(max_length=320, blank=True)
    time_zone_override = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True, help_text="an admin's remark, shown on the site's page")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="site_key_once"),
        ]
        indexes = [
            models.Index(Lower("name"), name="site_name_lower"),
            # typo-tolerant look-up of names
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="site_name_trgm"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def contact(self) -> str:
        """Return the address that is mailed: an admin's, else the source's, else empty."""
        return self.contact_email_override or self.contact_email

    @property
    def emergency_contact(self) -> str:
        """Return the emergency address: an admin's, else the source's, else empty."""
        return self.emergency_email_override or self.emergency_email

    @property
    def zone(self) -> str:
        """Return the site's time zone name, or UTC where nobody told."""
        return self.time_zone_override or self.time_zone or "UTC"


class SiteContact(models.Model):
    """A person whom the source names for a site; shown to supporters only, gives no right."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="contacts")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=320, blank=True)
    telephone = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "key", "role"], name="sitecontact_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


@pghistory.track()
class SiteAlias(models.Model):
    """A name by which another system, or people, know a site (namespace: dirac, people, …)."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="aliases")
    namespace = models.CharField(max_length=50)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint("namespace", Lower("name"), name="sitealias_once"),
        ]

    def __str__(self) -> str:
        return f"{self.namespace}: {self.name}"
