"""The questions that a support unit is asked again and again, with their answers."""

import pghistory
from django.conf import settings
from django.db import models

from supportunits.models.unit import SupportUnit


@pghistory.track()
class UnitFAQ(models.Model):
    """A unit's page of frequent questions, in Markdown. Its versions are its trace."""

    unit = models.OneToOneField(SupportUnit, models.CASCADE, related_name="faq")
    text = models.TextField(blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"FAQ of {self.unit}"
