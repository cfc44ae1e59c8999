"""Network links between sites."""

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from topology.models.site import Site


class LinkKind(models.TextChoices):
    """The network that a link belongs to."""

    LHCOPN = "LHCOPN", _("LHCOPN")
    LHCONE = "LHCONE", _("LHCONE")
    OTHER = "OTHER", _("other")


@pghistory.track()
class NetworkLink(models.Model):
    """A network link between two sites, named as its operators name it (CERN-CNAF-LHCOPN-001)."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=LinkKind)
    site_a = models.ForeignKey(Site, models.PROTECT, related_name="+")
    site_b = models.ForeignKey(Site, models.PROTECT, related_name="+")
    is_backup = models.BooleanField(default=False)
    provider = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(site_a=models.F("site_b")),
                name="networklink_two_sites",
            )
        ]

    def __str__(self) -> str:
        return self.name
