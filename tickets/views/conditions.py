"""What monitoring says of sites, as lines of a page: each with its source, its time and its age.

Takes the plain values of ``monitoring.queries`` (``as_json``), so that what a ticket kept and what
is asked for now are shown by the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from monitoring.queries import DOWNTIMES, SOURCES, SiteState
from monitoring.statuses import BAD, Status
from monitoring.words import source_name, status_word
from tickets.views import states
from tickets.views.states import Group, StateLine
from tickets.views.strips import StripRow, kept_strips

MOST_LINES = 4
_MINUTE = timedelta(minutes=1)
_GOCDB = "GOCDB"
TONES = {
    SiteState.OUTAGE: "bad",
    SiteState.AT_RISK: "warn",
    SiteState.NONE: "good",
    SiteState.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class SiteLines:
    """A site: its state and word, its facts, and how old what we know is.

    :ivar state: a ``SiteState``, or a ``Status`` where that is worse than what is declared
    :ivar lines: of the downtimes; :ivar groups: of the states, those with something wrong; the
        others are ``calm``
    :ivar earlier: what was wrong in the day before
    :ivar strips: how it went, drawn; empty where nothing is known
    :ivar others: links to other open tickets about it
    """

    name: str
    state: str
    tone: str
    word: str
    lines: list[StateLine]
    age: SafeString
    is_stale: bool
    groups: list[Group] = field(default_factory=list)
    calm: list[Group] = field(default_factory=list)
    earlier: Group | None = None
    strips: list[StripRow] = field(default_factory=list)
    others: SafeString = states.NOTHING

    @property
    def in_short(self) -> str:
        """Return the site with its state, and how many lines tell of something wrong."""
        lines = (line for group in self.groups for line in (*group.lines, *group.folded))
        faults = sum(line.tone in ("bad", "warn") for line in lines)
        words = f"{self.name}: {self.word}"
        if not faults:
            return words
        return words + ngettext(", %(n)d fault", ", %(n)d faults", faults) % {"n": faults}

    @property
    def calm_words(self) -> str:
        """Return what the calm groups are about."""
        return ", ".join(group.title for group in self.calm)


@dataclass(frozen=True)
class SourceLine:
    """How old what a source of states told was; ``is_old`` where it may have changed since."""

    words: SafeString
    is_old: bool


@dataclass(frozen=True)
class Card:
    """All that is known of some sites: the sites, whole systems, and the sources of states."""

    sites: list[SiteLines]
    systems: Group | None
    doubts: list[str]
    sources: list[SourceLine]
    periods: tuple[str, ...] = ()


def card(
    conditions: Mapping[str, Any],
    *,
    now: datetime,
    strips: Mapping[str, Sequence[StripRow]] | None = None,
    others: Mapping[str, SafeString] | None = None,
) -> Card:
    """Return everything that an answer of ``conditions_at(...).as_json()`` tells.

    :param strips: the drawings of each site over a day and a week; without them the day that the
        answer itself tells of is drawn
    :param others: links to other open tickets about each site
    """
    sites = site_lines(conditions, now=now, strips=strips)
    if others:
        sites = [replace(site, others=others.get(site.name, states.NOTHING)) for site in sites]
    return Card(
        sites=sites,
        systems=states.system_group(conditions, now=now),
        doubts=states.doubts(conditions),
        sources=_source_lines(conditions, now),
        periods=(_("24 h"),) if strips is None else (_("24 h"), _("7 days")),
    )


def site_lines(
    conditions: Mapping[str, Any],
    *,
    now: datetime,
    strips: Mapping[str, Sequence[StripRow]] | None = None,
) -> list[SiteLines]:
    """Return the lines of each site of an answer of ``conditions_at(...).as_json()``."""
    return [
        _site(
            site, now, kept_strips(site) if strips is None else list(strips.get(site["site"], ()))
        )
        for site in conditions.get("sites", ())
    ]


def _source_lines(conditions: Mapping[str, Any], now: datetime) -> list[SourceLine]:
    sites = conditions.get("sites", ())
    if not sites:
        return []
    at = _moment(sites[0]["at"]) or now
    return [
        SourceLine(_age_words(source_name(name), age, at, now), bool(age.get("stale")))
        for name, age in sites[0]["sources"].items()
        if name not in SOURCES
    ]


def _site(site: Mapping[str, Any], now: datetime, strips: list[StripRow]) -> SiteLines:
    state, tone, word = _site_state(site)
    at = _moment(site["at"])
    age = site["sources"].get(DOWNTIMES, {})
    # The worst first: an outage must not stand below what is merely at risk.
    running = sorted(site["downtimes"], key=lambda fact: fact["severity"] != Severity.OUTAGE)
    lines = [_running(fact, now) for fact in running[:MOST_LINES]]
    lines += [_coming(fact, now) for fact in site["coming"][: max(1, MOST_LINES - len(lines))]]
    if not site["downtimes"]:
        lines[:0] = [_nothing(site["state"], age)]
        lines += [_over(fact, now) for fact in site["recent"][-1:]]
    groups = states.state_groups(site, now=now)
    return SiteLines(
        name=site["site"],
        state=state,
        tone=tone,
        word=word,
        lines=lines,
        age=_age(age, at or now, now),
        is_stale=bool(age.get("stale", True)),
        groups=[group for group in groups if not (group.title and group.is_calm)],
        calm=[group for group in groups if group.title and group.is_calm],
        earlier=states.earlier_group(site, now=now),
        strips=strips,
    )


def _site_state(site: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the site's state, tone and word: what is declared, or what is measured if worse."""
    declared, measured = site["state"], states.worst_of_site(site)
    is_fault = measured in BAD or measured == Status.WARNING
    if declared in (SiteState.NONE, SiteState.UNKNOWN) and is_fault:
        return measured, states.TONES[measured], status_word(measured)
    word = str(SiteState(declared).label) if declared in SiteState.values else declared
    return declared, TONES.get(declared, "unknown"), word


def _running(fact: Mapping[str, Any], now: datetime) -> StateLine:
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
    return StateLine(tone, sentence, _detail(fact), fact["portal_url"], _GOCDB)


def _coming(fact: Mapping[str, Any], now: datetime) -> StateLine:
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
    return StateLine("info", sentence, _detail(fact), fact["portal_url"], _GOCDB)


def _over(fact: Mapping[str, Any], now: datetime) -> StateLine:
    sentence = format_html(
        _("The last downtime ended at {end}"), end=display.when(_moment(fact["ends_at"]), now)
    )
    return StateLine("neutral", sentence, _detail(fact), fact["portal_url"], _GOCDB)


def _nothing(state: str, age: Mapping[str, Any]) -> StateLine:
    if state == SiteState.UNKNOWN:
        if age.get("last_success") is None:
            reason = _("Unknown: GOCDB has not been read yet")
        elif age.get("stale"):
            reason = _("Unknown: what we know of GOCDB is too old")
        else:
            reason = _("Unknown: GOCDB tells nothing of this moment")
        return StateLine("unknown", format_html("{}", reason))
    return StateLine("good", format_html("{}", _("No downtime is declared")))


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
    return _age_words(str(find_kind(DOWNTIMES).title), age, at, now)


def _age_words(title: str, age: Mapping[str, Any], at: datetime, now: datetime) -> SafeString:
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
