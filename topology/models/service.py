"""Service endpoints of sites."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from topology.models.site import FromUpstream, Site


class Service(FromUpstream):
    """A GOCDB service endpoint: a host that offers one type of service at a site."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="services")
    hostname = models.CharField(max_length=255)
    service_type = models.CharField(max_length=255)
    url = models.CharField(max_length=1000, blank=True)
    portal_url = models.CharField(max_length=500, blank=True)
    is_in_production = models.BooleanField(default=True)
    is_monitored = models.BooleanField(default=True)
    is_beta = models.BooleanField(default=False)
    scopes = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    endpoints = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="service_key_once")]
        indexes = [
            # recognising hosts in texts, matching downtimes and monitoring results
            models.Index(fields=["hostname", "service_type"], name="service_host_type"),
            GinIndex(
                fields=["hostname"],
                opclasses=["gin_trgm_ops"],
                name="service_host_trgm",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hostname} ({self.service_type})"
