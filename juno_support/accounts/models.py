"""People who use the portal."""

import pghistory
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class NotificationMode(models.TextChoices):
    """Of which public changes a submitter is told by mail (domain: notification mode)."""

    EVERY_CHANGE = "EVERY_CHANGE", _("every public change")
    SOLUTION_ONLY = "SOLUTION_ONLY", _("solution only")


@pghistory.track(
    model_name="UserEvent", fields=["username", "email", "name", "is_staff", "is_active"]
)
class User(AbstractUser):
    """A person. Identities (password, later certificates and providers) belong to it.

    Roles are not kept here: being in a support unit, a VO or on a card makes the role.
    ``is_staff`` makes an admin.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("e-mail address"), unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=16, default="en")
    notification_mode = models.CharField(
        _("notification mode"),
        max_length=20,
        choices=NotificationMode,
        default=NotificationMode.EVERY_CHANGE,
    )

    default_vo = models.CharField(
        _("default VO"),
        max_length=100,
        blank=True,
        help_text="the name of the VO that a new ticket is about; VOs live above this app",
    )

    REQUIRED_FIELDS = ["email", "name"]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """Return the name shown to others."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return the name shown to others; people choose how they are called."""
        return self.get_full_name()


class AdminLink(models.Model):
    """A link that makes, or signs in, an admin once. Only the hash of its token is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="whom it signs in as an admin; empty: it makes a new account",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"admin link #{self.pk}"
