"""What monitoring says of sites, as lines of a page: each with its source, its time and its age.

Takes the plain values of ``monitoring.queries`` (``as_json``), so that what a ticket kept and what
is asked for now are shown by the same code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.feeds.registry import find_kind
from juno_support.lib import display, text
from monitoring.models import Classification, Severity
from monitoring.queries import DOWNTIMES, SiteState

MOST_LINES = 4
_MINUTE = timedelta(minutes=1)
TONES = {
    SiteState.OUTAGE: "bad",
    SiteState.AT_RISK: "warn",
    SiteState.NONE: "good",
    SiteState.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class Line:
    """One fact: a tone for its dot, its sentence, what the source said, where to read more."""

    tone: str
    sentence: SafeString
    detail: str = ""
    url: str = ""


@dataclass(frozen=True)
class SiteLines:
    """A site: its state (``SiteState``) and word, its facts, and how old what we know is."""

    name: str
    state: str
    tone: str
    word: str
    lines: list[Line]
    age: SafeString
    is_stale: bool


def site_lines(conditions: Mapping[str, Any], *, now: datetime) -> list[SiteLines]:
    """Return the lines of each site of an answer of ``conditions_at(...).as_json()``."""
    return [_site(site, now) for site in conditions.get("sites", ())]


def _site(site: Mapping[str, Any], now: datetime) -> SiteLines:
    state = site["state"]
    at = _moment(site["at"])
    age = site["sources"].get(DOWNTIMES, {})
    # The worst first: an outage must not stand below what is merely at risk.
    running = sorted(site["downtimes"], key=lambda fact: fact["severity"] != Severity.OUTAGE)
    lines = [_running(fact, now) for fact in running[:MOST_LINES]]
    lines += [_coming(fact, now) for fact in site["coming"][: max(1, MOST_LINES - len(lines))]]
    if not site["downtimes"]:
        lines[:0] = [_nothing(state, age)]
        lines += [_over(fact, now) for fact in site["recent"][-1:]]
    return SiteLines(
        name=site["site"],
        state=state,
        tone=TONES.get(state, "unknown"),
        word=str(SiteState(state).label) if state in SiteState.values else state,
        lines=lines,
        age=_age(age, at or now, now),
        is_stale=bool(age.get("stale", True)),
    )


def _running(fact: Mapping[str, Any], now: datetime) -> Line:
    until = _moment(fact["extended_until"]) or _moment(fact["ends_at"])
    words = (
        _("{kind} downtime until {until}")
        if fact["severity"] == Severity.OUTAGE
        else _("{kind} at-risk period until {until}")
    )
    sentence = format_html(words, kind=capfirst(_kind(fact)), until=display.when(until, now))
    if fact["phase"] == "withdrawn":
        sentence = format_html(_("{sentence}, withdrawn later"), sentence=sentence)
    elif not fact["covers_asked"]:
        sentence = format_html(_("{sentence}, of other services"), sentence=sentence)
    tone = "bad" if fact["severity"] == Severity.OUTAGE else "warn"
    return Line(tone, sentence, _detail(fact), fact["portal_url"])


def _coming(fact: Mapping[str, Any], now: datetime) -> Line:
    words = (
        _("Next: {kind} downtime from {begin} until {end}")
        if fact["severity"] == Severity.OUTAGE
        else _("Next: {kind} at-risk period from {begin} until {end}")
    )
    sentence = format_html(
        words,
        kind=_kind(fact),
        begin=display.when(_moment(fact["starts_at"]), now),
        end=display.when(_moment(fact["ends_at"]), now),
    )
    return Line("info", sentence, _detail(fact), fact["portal_url"])


def _over(fact: Mapping[str, Any], now: datetime) -> Line:
    sentence = format_html(
        _("The last downtime ended at {end}"), end=display.when(_moment(fact["ends_at"]), now)
    )
    return Line("neutral", sentence, _detail(fact), fact["portal_url"])


def _nothing(state: str, age: Mapping[str, Any]) -> Line:
    if state == SiteState.UNKNOWN:
        if age.get("last_success") is None:
            reason = _("Unknown: GOCDB has not been read yet")
        elif age.get("stale"):
            reason = _("Unknown: what we know of GOCDB is too old")
        else:
            reason = _("Unknown: GOCDB tells nothing of this moment")
        return Line("unknown", format_html("{}", reason))
    return Line("good", format_html("{}", _("No downtime is declared")))


def _kind(fact: Mapping[str, Any]) -> str:
    if fact["classification"] == Classification.SCHEDULED:
        return _("scheduled")
    return _("unscheduled")


def _detail(fact: Mapping[str, Any]) -> str:
    parts = []
    if fact["description"]:
        parts.append(text.shorten(text.show_bidi(fact["description"]), 140))
    count = len(fact["services"])
    if count:
        hosts = [text.show_bidi(service["hostname"]) for service in fact["services"][:2]]
        if count <= 2:
            parts.append(", ".join(dict.fromkeys(hosts)))
        else:
            parts.append(
                ngettext(
                    "%(host)s and %(count)d more service",
                    "%(host)s and %(count)d more services",
                    count - 1,
                )
                % {"host": hosts[0], "count": count - 1}
            )
    return " · ".join(parts)


def _age(age: Mapping[str, Any], at: datetime, now: datetime) -> SafeString:
    """Return how old the data were at the moment that was asked about (or are, for the present)."""
    title = str(find_kind(DOWNTIMES).title)
    last = _moment(age.get("last_success"))
    if last is None:
        return format_html(_("{source}: never read"), source=title)
    if abs(now - at) < _MINUTE:
        if now - last < _MINUTE:
            return format_html(_("{source}, read just now"), source=title)
        return format_html(_("{source}, read {age} ago"), source=title, age=display.age(last, now))
    return format_html(_("{source}, as of {moment}"), source=title, moment=display.when(last, now))


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
