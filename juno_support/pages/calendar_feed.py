"""Declared downtimes as an iCalendar document (RFC 5545, with the names of RFC 7986)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from juno_support.lib.text import clean, clean_line
from juno_support.pages.board_lines import site_url
from juno_support.pages.downtime_lines import severity_words
from monitoring.models import Downtime, Severity

REFRESH = timedelta(hours=1)
MOST_SERVICES = 30


def document(downtimes: Iterable[Downtime], *, title: str) -> bytes:
    """Return the document; the same downtimes give the same bytes.

    :param downtimes: with ``edits``, how often each was seen to change, and their sites
    """
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//JUNO Support//Downtimes//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for downtime in downtimes:
        calendar.add_component(_event(downtime))
    # Sorted, so that equal contents are equal bytes.
    document: bytes = calendar.to_ical(sorted=True)
    return document


def _event(downtime: Downtime) -> Event:
    event = Event()
    event.add("uid", _uid(downtime))
    # A calendar without METHOD: then DTSTAMP says the same as LAST-MODIFIED (RFC 5545, 3.8.7.2).
    event.add("dtstamp", _utc(downtime.changed_at))
    event.add("last-modified", _utc(downtime.changed_at))
    event.add("created", _utc(downtime.first_seen_at))
    event.add("sequence", int(getattr(downtime, "edits", 0)))
    event.add("dtstart", _utc(downtime.starts_at))
    event.add("dtend", _utc(downtime.ends_at))
    event.add("status", "CANCELLED" if downtime.withdrawn_at else "CONFIRMED")
    # A site's downtime does not make the reader busy.
    event.add("transp", "TRANSPARENT")
    words = severity_words(downtime.severity, downtime.classification)
    summary = _("%(site)s: %(what)s") % {"site": downtime.site.name, "what": words}
    if downtime.withdrawn_at:
        summary = _("Withdrawn: %(what)s") % {"what": summary}
    event.add("summary", summary)
    event.add("location", downtime.site.name)
    event.add("categories", [str(Severity(downtime.severity).label)])
    event.add("description", _description(downtime))
    event.add("url", f"{settings.JUNO_BASE_URL}{site_url(downtime.site.name)}")
    return event


def _uid(downtime: Downtime) -> str:
    """Return an identifier that never changes: their key of the downtime, and our host."""
    host = urlsplit(settings.JUNO_BASE_URL).hostname or "localhost"
    return clean_line(f"{downtime.source}-{downtime.key}@{host}")


def _description(downtime: Downtime) -> str:
    parts = [clean(downtime.description).strip()]
    names = [
        f"{service['hostname']} ({service['service_type']})"
        for service in downtime.affected[:MOST_SERVICES]
    ]
    if names:
        left = len(downtime.affected) - len(names)
        more = _(" and %(n)d more") % {"n": left} if left else ""
        parts.append(_("Services: %(names)s") % {"names": clean(", ".join(names)) + more})
    if downtime.portal_url:
        parts.append(clean_line(downtime.portal_url))
    return "\n\n".join(part for part in parts if part)


def _utc(moment: datetime) -> datetime:
    # Calendars know whole seconds only.
    return moment.astimezone(UTC).replace(microsecond=0)
