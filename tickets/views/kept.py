"""What was kept at the submission about the moment of the problem, as a piece of a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from tickets.models import ContextSnapshot, Ticket
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


def kept_context(ticket: Ticket, at: datetime) -> KeptContext | None:
    """Return what was known at submission of the moment of the problem, None before it is.

    A snapshot never changes, and may be long: what was made of it for one language and zone is
    kept for some hours, so that the page of a ticket does not read it each time.
    """
    snapshot = (
        ContextSnapshot.objects.filter(ticket=ticket, reason=ContextSnapshot.Reason.SUBMISSION)
        .only("moment", "taken_at")
        .first()
    )
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
        shown = card(snapshot.data.get("then", {}), now=at)
        words = "; ".join(site.in_short for site in shown.sites)
        kept = words, render_to_string("tickets/_conditions.html", {"card": shown})
        cache.set(key, kept, _KEPT_FOR.total_seconds())
    words, html = kept
    return KeptContext(snapshot.moment, snapshot.taken_at, words, SafeString(html))
