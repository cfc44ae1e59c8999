"""A VO ID card over time: its versions, requests to change it, the Operations Portal's copy."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from supportunits.models.unit import SupportUnit
from supportunits.models.vo import VO, VOIDCard


class VersionSource(models.TextChoices):
    """How a version of a card came to be."""

    BEGIN = "BEGIN", _("as it was at first")
    IMPORT = "IMPORT", _("import from the Operations Portal")
    REQUEST = "REQUEST", _("change request")
    PORTAL = "PORTAL", _("taken over from the Operations Portal")
    SUPPORT = "SUPPORT", _("dedicated user support")
    VALIDATION = "VALIDATION", _("yearly validation")
    WRITTEN = "WRITTEN", _("written by the portal")


class CardVersion(models.Model):
    """What a card said after one change; numbered from 1, never changed."""

    card = models.ForeignKey(VOIDCard, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=VersionSource)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    content = models.JSONField(help_text="every field; see supportunits.card_content")
    changed_fields = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="against the one before",
    )

    class Meta:
        constraints = [
            # Serves also the list of versions and "the newest" of the card's page.
            models.UniqueConstraint(fields=["card", "number"], name="cardversion_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.card}, version {self.number}"


class CardRequestState(models.TextChoices):
    """Where a request to change a card stands."""

    OPEN = "OPEN", _("waiting for an admin")
    APPROVED = "APPROVED", _("approved")
    PARTLY = "PARTLY", _("approved in part")
    REFUSED = "REFUSED", _("refused")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


@pghistory.track()
class CardRequest(models.Model):
    """What a VO's manager wants a served card to say; an admin decides (domain: section 8)."""

    card = models.ForeignKey(VOIDCard, models.CASCADE, related_name="requests")
    key = models.UUIDField(
        unique=True, default=uuid.uuid4, help_text="of the form, so that it counts once"
    )
    state = models.CharField(max_length=10, choices=CardRequestState, default=CardRequestState.OPEN)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="card_requests"
    )
    asked_at = models.DateTimeField()
    note = models.TextField(blank=True, help_text="why, for the admin")
    old = models.JSONField(help_text="what the changed fields said when it was asked for")
    new = models.JSONField(help_text="what they shall say")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="why it was refused, whole or in part")
    approved_fields = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="OPEN") | models.Q(decided_at__isnull=False),
                name="cardrequest_decided_has_moment",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["REFUSED", "PARTLY"]) | ~models.Q(reason=""),
                name="cardrequest_refusal_has_reason",
            ),
        ]
        indexes = [
            # the admins' page of what waits, and the notice on a card's page
            models.Index(
                fields=["card", "asked_at"],
                condition=models.Q(state="OPEN"),
                name="cardrequest_open",
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.pk} of {self.card}"

    @property
    def is_open(self) -> bool:
        """Return whether nobody has decided yet."""
        return self.state == CardRequestState.OPEN


class PortalCopy(models.Model):
    """A VO's card as the Operations Portal had it at the last import; never deleted."""

    vo = models.OneToOneField(VO, models.CASCADE, related_name="portal_copy")
    content = models.JSONField(help_text="the fields that the Portal tells; others are unknown")
    first_imported_at = models.DateTimeField()
    imported_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="when an import last told something else")
    gone_at = models.DateTimeField(
        null=True, blank=True, help_text="the first import that did not have it any more"
    )

    def __str__(self) -> str:
        return f"the Portal's card of {self.vo}"


class CardUpload(models.Model):
    """A document of the Portal that an admin uploaded, from its preview until it is applied."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=255)
    body = models.BinaryField(help_text="emptied once it is applied")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


class SupportState(models.TextChoices):
    """Where a VO's request for dedicated user support stands."""

    REQUESTED = "REQUESTED", _("requested")
    ACCEPTED = "ACCEPTED", _("accepted")
    ACTIVE = "ACTIVE", _("active")
    REFUSED = "REFUSED", _("refused")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


LIVING = (SupportState.REQUESTED, SupportState.ACCEPTED, SupportState.ACTIVE)


@pghistory.track()
class SupportRequest(models.Model):
    """A VO's request for "GGUS dedicated user support" (domain: section 8).

    A task of ``tickets`` files the one ticket about it and keeps the link on its side.
    """

    vo = models.ForeignKey(VO, models.CASCADE, related_name="support_requests")
    state = models.CharField(max_length=10, choices=SupportState, default=SupportState.REQUESTED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="why it was refused")
    unit = models.ForeignKey(
        SupportUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="support_requests",
        help_text="the unit that accepting made or named",
    )
    active_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vo"],
                condition=models.Q(state__in=LIVING),
                name="supportrequest_one_living_per_vo",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["ACCEPTED", "ACTIVE"])
                | models.Q(unit__isnull=False),
                name="supportrequest_accepted_has_unit",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="REFUSED") | ~models.Q(reason=""),
                name="supportrequest_refusal_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"dedicated user support for {self.vo}"
