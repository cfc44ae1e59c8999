"""Form fields that several ticket forms use."""

from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WallClockInput(forms.DateTimeInput):
    """The browser's own control for a date and a time of day."""

    input_type = "datetime-local"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


class WallClockField(forms.Field):
    """A date and time as the clock on a wall shows them; in which zone, the form knows.

    Gives a naive datetime, or None. ``in_zone`` makes a moment of it.
    """

    widget = WallClockInput
    default_error_messages = {"invalid": _("Give a date and a time, such as 2026-11-21 14:30.")}

    def to_python(self, value: Any) -> datetime | None:
        """Return the naive date and time."""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if found.year < 1990 or found.year > 2200:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found.replace(tzinfo=None, second=0, microsecond=0)

    def prepare_value(self, value: Any) -> Any:
        """Show a moment in the reader's zone."""
        if isinstance(value, datetime) and timezone.is_aware(value):
            return timezone.make_naive(value)
        return value


def in_zone(wall_clock: datetime | None, zone: tzinfo) -> datetime | None:
    """Return the moment at which a clock in the zone shows this; a skipped hour moves on."""
    return None if wall_clock is None else wall_clock.replace(tzinfo=zone)


class SeveralFilesInput(forms.ClearableFileInput):
    """A control for several files."""

    allow_multiple_selected = True


def entered(value: str) -> list[str]:
    """Return what stands between commas, semicolons, spaces or line ends."""
    return [part for part in value.replace(",", " ").replace(";", " ").split() if part]
