"""Times of shifts in words: in the reader's zone for pages, in a person's own for mails."""

from datetime import UTC, datetime, tzinfo

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR


def moment_words(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return the moment as ``"Mon 12 Jan, 14:00"`` in a zone; without one, in the reader's."""
    local = moment.astimezone(zone or timezone.get_current_timezone())
    day = str(WEEKDAYS_ABBR[local.weekday()]).capitalize()
    month = str(MONTHS_3[local.month]).capitalize()
    return f"{day} {local.day} {month}, {local:%H:%M}"


def period_words(starts_at: datetime, ends_at: datetime, zone: tzinfo | None = None) -> str:
    """Return the period as ``"Mon 12 Jan, 06:00 - 14:00"``; the second day where it differs."""
    zone = zone or timezone.get_current_timezone()
    first, last = starts_at.astimezone(zone), ends_at.astimezone(zone)
    end = f"{last:%H:%M}" if first.date() == last.date() else moment_words(ends_at, zone)
    return f"{moment_words(starts_at, zone)} – {end}"


def utc_words(starts_at: datetime, ends_at: datetime) -> str:
    """Return the period in UTC, for titles and mails."""
    return f"{period_words(starts_at, ends_at, UTC)} UTC"
