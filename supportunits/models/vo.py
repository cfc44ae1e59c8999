"""Virtual organisations, their ID cards, their people and their sites."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from topology.models import Site


@pghistory.track()
class VO(models.Model):
    """A virtual organisation. ``is_served`` tells those whose support runs in this portal."""

    name = models.CharField(max_length=100, unique=True)
    is_served = models.BooleanField(default=False)
    has_team_tickets = models.BooleanField(
        default=True, help_text="its shifters may file TEAM tickets"
    )
    mou_areas = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="one of them must be named on a TEAM ticket; empty: the VO keeps no list",
    )
    propose_after_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="a site that is bad for so long is proposed for a TEAM ticket; "
        "empty: what the instance says",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="vo_name_once")]

    def __str__(self) -> str:
        return self.name


class CardStatus(models.TextChoices):
    """The status of a VO in the EGI Operations Portal."""

    PRODUCTION = "Production", _("Production")
    PENDING = "Pending", _("Pending")
    LEAVING = "Leaving", _("Leaving")
    DELETED = "Deleted", _("Deleted")


@pghistory.track()
class VOIDCard(models.Model):
    """The ID card of a VO, with the fields of the EGI Operations Portal (VO_full_new).

    Structured parts that the portal keeps as lists (groups, VOMS servers, disciplines) are JSON.
    """

    vo = models.OneToOneField(VO, models.CASCADE, related_name="card")
    serial = models.CharField(max_length=20, blank=True)
    cic_id = models.CharField(max_length=20, blank=True, help_text="the Portal's older number")
    scope = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=CardStatus, default=CardStatus.PRODUCTION)
    alias = models.CharField(max_length=100, blank=True)
    grid_id = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    created_date = models.DateField(null=True, blank=True)
    validated_date = models.DateField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    disciplines = models.JSONField(
        default=list, help_text="each a path: broad, narrower, narrowest"
    )
    middlewares = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    enrolment_url = models.CharField(max_length=500, blank=True)
    homepage_url = models.CharField(max_length=500, blank=True)
    support_procedure_url = models.CharField(max_length=500, blank=True)
    acceptable_use_policy = models.TextField(blank=True)
    acceptable_use_policy_type = models.CharField(max_length=10, blank=True)
    admins_list = models.CharField(max_length=320, blank=True)
    operations_list = models.CharField(max_length=320, blank=True)
    user_support_list = models.CharField(max_length=320, blank=True)
    users_list = models.CharField(max_length=320, blank=True)
    security_list = models.CharField(max_length=320, blank=True)
    groups = models.JSONField(default=list, blank=True)
    voms_servers = models.JSONField(default=list, blank=True)
    registries = models.JSONField(
        default=list, blank=True, help_text="other than VOMS, each with kind and url"
    )
    resources = models.JSONField(default=dict, blank=True)
    acknowledgements = models.JSONField(
        default=list,
        blank=True,
        help_text="each with grant, text, relationship and publication_url",
    )
    is_monitored = models.BooleanField(default=False)
    needs_dedicated_support = models.BooleanField(
        default=False, help_text="GGUS dedicated user support"
    )
    needs_voms_help = models.BooleanField(default=False, help_text="VOMS set-up support")

    def __str__(self) -> str:
        return f"{self.vo}"


class ContactRole(models.TextChoices):
    """What a contact of a VO ID card is to the VO."""

    MANAGER = "VO MANAGER", _("VO manager")
    DEPUTY = "VO DEPUTY", _("deputy")
    EXPERT = "VO EXPERT", _("VO expert")
    SHIFTER = "VO SHIFTER", _("VO shifter")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class VOContact(models.Model):
    """A contact of a VO ID card. Only an account that an admin linked to it gains a right."""

    card = models.ForeignKey(VOIDCard, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, choices=ContactRole)
    email = models.CharField(max_length=320, blank=True)
    dn = models.CharField(max_length=500, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="vo_contacts",
    )

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class VOMembership(models.Model):
    """A person's membership of a VO, and what the VO lets the person do."""

    vo = models.ForeignKey(VO, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="vo_memberships"
    )
    is_shifter = models.BooleanField(default=False)
    is_alarmer = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vo", "user"], name="vomembership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.vo}"


class Tier(models.IntegerChoices):
    """The tier of a site in a VO's computing model."""

    TIER_0 = 0, _("Tier 0")
    TIER_1 = 1, _("Tier 1")
    TIER_2 = 2, _("Tier 2")
    TIER_3 = 3, _("Tier 3")


ALARM_TIERS = (Tier.TIER_0, Tier.TIER_1)
"""The tiers that can be woken by an ALARM ticket (domain: section 2)."""


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class VOSite(models.Model):
    """A site of a VO: its tier, whether it is in commissioning, and whom to write to meanwhile."""

    vo = models.ForeignKey(VO, models.CASCADE, related_name="vo_sites")
    site = models.ForeignKey(Site, models.PROTECT, related_name="vo_sites")
    tier = models.PositiveSmallIntegerField(choices=Tier)
    is_in_commissioning = models.BooleanField(default=False)
    contact_email = models.EmailField(max_length=320, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vo", "site"], name="vosite_once"),
            models.CheckConstraint(
                condition=models.Q(is_in_commissioning=False) | ~models.Q(contact_email=""),
                name="vosite_commissioning_has_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} of {self.vo}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class IssueType(models.Model):
    """A type of issue as a VO lists it (without VO: the default list), mapped to GGUS's value."""

    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="issue_types")
    name = models.CharField(max_length=60)
    ggus_value = models.CharField(max_length=60)
    is_security = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vo", "name"], name="issuetype_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name
