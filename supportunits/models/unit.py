"""Support units and their members."""

from datetime import time

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportunits.models.vo import VO
from topology.models import OperationsCentre, Site


class UnitKind(models.TextChoices):
    """What a support unit stands for."""

    TPM = "TPM", _("TPM")
    OPERATIONS_CENTRE = "OPERATIONS_CENTRE", _("operations centre")
    SITE = "SITE", _("site")
    VO = "VO", _("VO")
    SECURITY = "SECURITY", _("security")
    SERVICE = "SERVICE", _("service")


class UnitState(models.TextChoices):
    """Whether tickets can reach a unit, and how (domain: section 6)."""

    NEEDS_CONTACT = "NEEDS_CONTACT", _("needs contact")
    MAIL_ONLY = "MAIL_ONLY", _("mail-only")
    ACTIVE = "ACTIVE", _("active")
    CLOSED = "CLOSED", _("closed")


ROUTABLE = (UnitState.MAIL_ONLY, UnitState.ACTIVE)
# TPM is the end of every chain: shifters alone may run it (domain: section 6).
IS_ROUTABLE = models.Q(state__in=ROUTABLE) | (
    models.Q(kind=UnitKind.TPM) & ~models.Q(state=UnitState.CLOSED)
)
"""The units that ``SupportUnit.is_routable`` is true for."""


class Quality(models.TextChoices):
    """Quality of support: the maximum response times of domain section 7."""

    BASE = "BASE", _("Base")
    MEDIUM = "MEDIUM", _("Medium")
    ADVANCED = "ADVANCED", _("Advanced")


class ListState(models.TextChoices):
    """Whether a unit's mailing list is known to be read (domain: section 8)."""

    UNPROVEN = "UNPROVEN", _("not proven")
    PROVEN = "PROVEN", _("proven")
    LAPSED = "LAPSED", _("proof has lapsed")
    FAILING = "FAILING", _("mail comes back")


def _monday_to_friday() -> list[int]:
    return [0, 1, 2, 3, 4]


@pghistory.track()
class SupportUnit(models.Model):
    """A support unit (SU)."""

    name = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200, blank=True, help_text="in words, for people")
    kind = models.CharField(max_length=20, choices=UnitKind)
    state = models.CharField(max_length=15, choices=UnitState, default=UnitState.NEEDS_CONTACT)
    description = models.TextField(blank=True)
    mailing_list = models.EmailField(max_length=320, blank=True)
    list_is_closed = models.BooleanField(
        default=False,
        help_text="only supporters read the list: internal diary may go there",
    )
    list_state = models.CharField(max_length=10, choices=ListState, default=ListState.UNPROVEN)
    list_proven_at = models.DateTimeField(
        null=True, blank=True, help_text="when a link in our test mail was followed"
    )
    list_bounces = models.PositiveSmallIntegerField(
        default=0, help_text="hard bounces since the list was set or proven"
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="support_units"
    )
    operations_centre = models.ForeignKey(
        OperationsCentre,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="support_units",
    )
    vo = models.ForeignKey(VO, models.PROTECT, null=True, blank=True, related_name="support_units")
    quality = models.CharField(max_length=10, choices=Quality, default=Quality.BASE)
    time_zone = models.CharField(max_length=64, default="UTC")
    opens_at = models.TimeField(default=time(9))
    closes_at = models.TimeField(default=time(17))
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=_monday_to_friday)
    holiday_country = models.CharField(max_length=10, blank=True)
    extra_days_off = ArrayField(
        models.DateField(), default=list, blank=True, help_text="the unit's own free days"
    )
    extra_working_days = ArrayField(
        models.DateField(),
        default=list,
        blank=True,
        help_text="days worked although weekday or holiday say otherwise",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="supportunit_name_once"),
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(kind__in=["TPM", "SECURITY"]),
                name="supportunit_one_tpm_one_security",
            ),
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(kind="SITE"),
                name="supportunit_one_per_site",
            ),
            models.UniqueConstraint(
                fields=["operations_centre"],
                condition=models.Q(kind="OPERATIONS_CENTRE"),
                name="supportunit_one_per_operations_centre",
            ),
            models.CheckConstraint(
                condition=~models.Q(list_state=ListState.PROVEN)
                | (models.Q(list_proven_at__isnull=False) & ~models.Q(mailing_list="")),
                name="supportunit_proven_list_has_moment",
            ),
        ]
        indexes = [
            # typo-tolerant look-up of names
            GinIndex(
                fields=["name"],
                opclasses=["gin_trgm_ops"],
                name="supportunit_name_trgm",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def working_list(self) -> str:
        """Return the list's address, or empty where mail to it comes back."""
        return "" if self.list_state == ListState.FAILING else self.mailing_list

    @property
    def is_routable(self) -> bool:
        """Return whether tickets can be given to this unit; TPM gets them without a contact too."""
        if self.kind == UnitKind.TPM:
            return self.state != UnitState.CLOSED
        return self.state in ROUTABLE


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class UnitMembership(models.Model):
    """A supporter's membership of a support unit."""

    unit = models.ForeignKey(SupportUnit, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="unit_memberships"
    )
    is_manager = models.BooleanField(default=False)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "user"], name="unitmembership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.unit}"
