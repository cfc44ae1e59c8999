"""Whom an admin named for the case that nobody is at TPM."""

import pghistory
from django.conf import settings
from django.db import models


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class FallbackPerson(models.Model):
    """A person who gets TPM's mail while TPM has no supporter and nobody is on shift."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tpm_fallback"
    )
    added_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user}"
