"""The six states of a thing that is watched; each source's words are mapped to them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """What is known of a thing. Missing data is *unknown*, never *ok*."""

    OK = "ok", _("ok")
    WARNING = "warning", _("warning")
    CRITICAL = "critical", _("critical")
    DOWN = "down", _("down")
    MAINTENANCE = "maintenance", _("maintenance")
    UNKNOWN = "unknown", _("unknown")


# The worst last. Unknown is worse than ok, but no fault; maintenance was announced.
_SEVERITY = (
    Status.OK,
    Status.UNKNOWN,
    Status.MAINTENANCE,
    Status.WARNING,
    Status.CRITICAL,
    Status.DOWN,
)
SEVERITY = {status.value: number for number, status in enumerate(_SEVERITY)}
BAD = (Status.CRITICAL, Status.DOWN)


def worst(statuses: "list[str]") -> str:
    """Return the worst of some states; unknown where there is none."""
    return max(statuses, key=SEVERITY.__getitem__, default=Status.UNKNOWN.value)
