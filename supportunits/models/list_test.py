"""Test mails to the mailing lists of support units, and mails that came back from them."""

from django.conf import settings
from django.db import models

from juno_support.outbox.models import Delivery
from supportunits.models.unit import SupportUnit


class ListTest(models.Model):
    """One test mail to a unit's list. Whoever follows its link has read the list.

    The address is kept beside the unit: a link proves the address that it was sent to, no other.
    """

    unit = models.ForeignKey(SupportUnit, models.CASCADE, related_name="list_tests")
    address = models.EmailField(max_length=320)
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="empty: the portal, once a year",
    )
    expires_at = models.DateTimeField()
    followed_at = models.DateTimeField(null=True, blank=True)
    followed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="empty: somebody who was not signed in",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("sent_at")),
                name="listtest_expires_after_it_was_sent",
            ),
        ]
        indexes = [
            # the unit's page and the yearly round: the latest test of a unit
            models.Index(fields=["unit", "-id"], name="listtest_by_unit"),
        ]

    def __str__(self) -> str:
        return f"test of {self.address}"


class ListBounce(models.Model):
    """A mail that was refused for good, and has been counted at the lists with its address."""

    delivery = models.OneToOneField(Delivery, models.CASCADE, related_name="list_bounce")
    noted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"bounce of mail {self.delivery_id}"
