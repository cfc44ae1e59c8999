"""Downtimes and source ages in ready words, for the board and for the page of a site."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from juno_support.feeds.queries import Freshness
from juno_support.lib import display
from juno_support.lib.strips import Span, Timeline
from juno_support.lib.text import shorten, show_bidi
from monitoring.models import Classification, Downtime, Severity
from monitoring.queries import SiteState

TONES = {Severity.OUTAGE: "bad", Severity.WARNING: "warn"}
SHORT_DESCRIPTION = 140

FIELD_WORDS = {
    "severity": gettext_lazy("severity"),
    "classification": gettext_lazy("classification"),
    "description": gettext_lazy("description"),
    "declared_at": gettext_lazy("declared"),
    "starts_at": gettext_lazy("start"),
    "ends_at": gettext_lazy("end"),
    "portal_url": gettext_lazy("link"),
    "affected": gettext_lazy("services"),
    "withdrawn_at": gettext_lazy("withdrawn"),
    "site_id": gettext_lazy("site"),
}


@dataclass(frozen=True)
class Seen:
    """One change of a downtime, as we saw it."""

    when: SafeString
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class DowntimeLine:
    """A downtime, ready to be shown; ``announce_url`` is empty where it is over."""

    key: str
    state: SafeString
    kind: str
    period: SafeString
    left: str
    services: str
    service_names: tuple[str, ...]
    summary: str
    description: str
    extends: str
    strip: SafeString
    changes: tuple[Seen, ...]
    portal_url: str
    anchor: str
    announce_url: str


def badge(state: str) -> SafeString:
    """Return a site's state as a coloured mark with its word."""
    return format_html(
        '<span class="badge-site" data-state="{}">{}</span>', state, SiteState(state).label
    )


def age_words(age: Freshness, at: datetime) -> str:
    """Say how old the data of a source are: "as of 19:30 (4 min ago)", or that there are none."""
    if age.last_success is None:
        return _("never read")
    moment = display.local_text(age.last_success, at)
    length = at - age.last_success
    if length < timedelta(minutes=1):
        return _("as of %(moment)s (just now)") % {"moment": moment}
    return _("as of %(moment)s (%(age)s ago)") % {
        "moment": moment,
        "age": display.duration_text(length),
    }


def severity_words(severity: str, classification: str) -> str:
    """Return severity and classification in words: "outage, scheduled"."""
    return f"{Severity(severity).label}, {Classification(classification).label}"


def span_of(downtime: Downtime) -> Span:
    """Return the downtime as a period to draw; a withdrawn one is grey."""
    tone = "neutral" if downtime.withdrawn_at else TONES[Severity(downtime.severity)]
    return Span(downtime.starts_at, downtime.ends_at, tone)


def phase_pill(downtime: Downtime, at: datetime) -> SafeString:
    """Return where the downtime stands now, as a dot and a word."""
    severity = Severity(downtime.severity)
    if downtime.withdrawn_at:
        return display.pill(_("withdrawn"), "neutral")
    if downtime.ends_at <= at:
        return display.pill(_("over"), "neutral")
    if downtime.starts_at > at:
        return display.pill(_("coming"), "info")
    return display.pill(_("running"), TONES[severity])


def period(downtime: Downtime, at: datetime) -> SafeString:
    """Return start and end in the reader's zone."""
    return format_html(
        "{} – {}", display.when(downtime.starts_at, at), display.when(downtime.ends_at, at)
    )


def left_words(downtime: Downtime, at: datetime) -> str:
    """Say what is left of it: "for 3 h more", "in 2 d, for 5 h", or how long it took."""
    length = display.duration_text(downtime.ends_at - downtime.starts_at)
    if downtime.withdrawn_at:
        return ""
    if downtime.ends_at <= at:
        return _("took %(length)s") % {"length": length}
    if downtime.starts_at > at:
        return _("in %(wait)s, for %(length)s") % {
            "wait": display.duration_text(downtime.starts_at - at),
            "length": length,
        }
    return _("%(length)s left") % {"length": display.duration_text(downtime.ends_at - at)}


def downtime_line(downtime: Any, timeline: Timeline, at: datetime) -> DowntimeLine:
    """Put a downtime into words; ``downtime.history`` are its changes."""
    count = len(downtime.affected)
    words = severity_words(downtime.severity, downtime.classification)
    description = show_bidi(downtime.description)
    return DowntimeLine(
        key=downtime.key,
        state=phase_pill(downtime, at),
        kind=words,
        period=period(downtime, at),
        left=left_words(downtime, at),
        services=ngettext("%(n)d service", "%(n)d services", count) % {"n": count},
        service_names=tuple(
            f"{show_bidi(service['hostname'])} ({show_bidi(service['service_type'])})"
            for service in downtime.affected
        ),
        summary=shorten(description, SHORT_DESCRIPTION),
        description=description,
        extends=downtime.extends.key if downtime.extends else "",
        strip=timeline.strip(
            [span_of(downtime)],
            f"{words}: {display.utc_text(downtime.starts_at)} – "
            f"{display.utc_text(downtime.ends_at)}",
        ),
        changes=tuple(
            Seen(
                when=display.when(change.noticed_at, at),
                what=str(FIELD_WORDS.get(name, name)),
                old=_value(name, old, at),
                new=_value(name, new, at),
            )
            for change in downtime.history
            for name, (old, new) in change.changes.items()
        ),
        portal_url=downtime.portal_url,
        anchor=f"downtime-{downtime.pk}",
        announce_url=""
        if downtime.withdrawn_at or downtime.ends_at <= at
        else f"{reverse('announce')}?downtime={downtime.pk}",
    )


def _value(name: str, value: Any, at: datetime) -> str:
    """Write the old or new value of a field as people read it."""
    if value is None or value == "":
        return "–"
    if name.endswith("_at"):
        return display.local_text(datetime.fromisoformat(value), at)
    if name == "affected":
        return ", ".join(f"{service['hostname']} ({service['service_type']})" for service in value)
    if name == "severity":
        return str(Severity(value).label)
    if name == "classification":
        return str(Classification(value).label)
    return show_bidi(str(value))
