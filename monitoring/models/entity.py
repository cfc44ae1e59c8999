"""The things that sources report on, by the names that the sources use."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models

from monitoring.observations import EntityKind
from topology.models import NetworkLink, Service, Site


@pghistory.track(
    pghistory.UpdateEvent(),
    fields=["site", "service", "link", "is_ignored", "is_by_hand"],
    model_name="EntityEvent",
)
class Entity(models.Model):
    """A thing under the name that a family of sources has for it, and what it is for us.

    One table is both the list of what is watched and the alias table of each namespace: a name
    that nobody could match has no ``site`` and no ``link`` yet, and what is kept of it waits for
    the day when an admin says what it is.
    """

    namespace = models.CharField(max_length=30)
    kind = models.CharField(max_length=10, choices=EntityKind)
    name = models.CharField(max_length=300)
    said_site = models.CharField(max_length=200, blank=True, help_text="where the source puts it")
    hosts = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.ForeignKey(NetworkLink, models.PROTECT, null=True, blank=True, related_name="+")
    is_ignored = models.BooleanField(default=False, help_text="an admin: nothing of ours")
    is_by_hand = models.BooleanField(default=False, help_text="an admin said what it is")
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "kind", "name"], name="entity_once"),
            models.CheckConstraint(
                condition=models.Q(link=None) | models.Q(site=None, service=None),
                name="entity_at_a_site_or_a_link",
            ),
        ]
        indexes = [
            # the page of unmapped names, and their count in the admins' banner
            models.Index(
                fields=["namespace", "name"],
                name="entity_unmapped",
                condition=models.Q(site=None, link=None, is_ignored=False)
                & ~models.Q(kind=EntityKind.SYSTEM),
            ),
            # whole systems, beside every site's states
            models.Index(
                fields=["kind"],
                name="entity_systems",
                condition=models.Q(kind=EntityKind.SYSTEM),
            ),
            # the links that touch a site
            models.Index(
                fields=["link"], name="entity_of_link", condition=models.Q(link__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.namespace}: {self.name}"

    @property
    def is_mapped(self) -> bool:
        """Say whether we know what it is; a whole system is known by itself."""
        return bool(self.site_id or self.link_id) or self.kind == EntityKind.SYSTEM
