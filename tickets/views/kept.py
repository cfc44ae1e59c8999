"""What was kept at the submission about the moment of the problem, as a piece of a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from tickets.models import ContextSnapshot
from tickets.views.conditions import card

# Goes up when what is made of a snapshot changes.
_VERSION = 3
_KEPT_FOR = timedelta(hours=12)


@dataclass(frozen=True)
class KeptContext:
    """Evidence that survives: of which moment, when it was taken, in a few words, and the lines."""

    moment: datetime
    taken_at: datetime
    words: str
    html: SafeString


@dataclass(frozen=True)
class Snapshot:
    """Which snapshot was taken when a ticket was submitted: its key, not what is in it."""

    pk: int
    moment: datetime
    taken_at: datetime

    @classmethod
    def read(cls, pk: int, moment: str, taken_at: str) -> Self:
        """Return it from moments as PostgreSQL writes them."""
        return cls(pk, datetime.fromisoformat(moment), datetime.fromisoformat(taken_at))


def kept_context(snapshot: Snapshot | None, at: datetime) -> KeptContext | None:
    """Return what was known at submission of the moment of the problem, None before it is.

    A snapshot never changes, and may be long: what was made of it for one language and zone is
    kept for some hours, so that the page of a ticket does not read it each time.
    """
    if snapshot is None:
        return None
    key = ":".join(
        (
            f"then-{_VERSION}",
            str(snapshot.pk),
            f"{snapshot.taken_at.timestamp():.6f}",
            translation.get_language() or "",
            timezone.get_current_timezone_name(),
            # Moments of this year are written without it.
            str(at.astimezone(timezone.get_current_timezone()).year),
        )
    )
    kept = cache.get(key)
    if kept is None:
        data = ContextSnapshot.objects.values_list("data", flat=True).get(pk=snapshot.pk)
        shown = card(data.get("then", {}), now=at)
        words = "; ".join(site.in_short for site in shown.sites)
        kept = words, render_to_string("tickets/_conditions.html", {"card": shown})
        cache.set(key, kept, _KEPT_FOR.total_seconds())
    words, html = kept
    return KeptContext(snapshot.moment, snapshot.taken_at, words, SafeString(html))
