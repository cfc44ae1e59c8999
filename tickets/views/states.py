"""What the sources of states say of a site, as lines of a page: each names its source and time.

Takes the plain values of ``SiteConditions.as_json()``; a snapshot that was kept before there were
states has none of their keys, and simply shows none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import display, text
from monitoring.observations import EntityKind
from monitoring.statuses import BAD, SEVERITY, Status
from monitoring.words import (
    entity_name,
    family_of,
    metric_word,
    numbers,
    source_name,
    status_word,
)

MOST_LINES = 6
MOST_FOLDED = 40
MOST_ALONE = 2
TONES = {
    Status.OK.value: "good",
    Status.WARNING.value: "warn",
    Status.CRITICAL.value: "bad",
    Status.DOWN.value: "bad",
    Status.MAINTENANCE.value: "info",
    Status.UNKNOWN.value: "unknown",
}
_FAULTS = (Status.WARNING.value, *(status.value for status in BAD))
State = Mapping[str, Any]
NOTHING = SafeString("")


@dataclass(frozen=True)
class StateLine:
    """One line: a tone for its dot, its sentence, what the source said, where to read more.

    :ivar source: the source's short name, for the link
    :ivar is_unreliable: the source cannot be trusted, or was not read for too long
    """

    tone: str
    sentence: SafeString
    detail: str = ""
    url: str = ""
    source: str = ""
    is_unreliable: bool = False


@dataclass(frozen=True)
class Group:
    """Lines of one sort; ``folded`` are behind ``fold_words``, ``rest`` tells what is left out."""

    title: str
    lines: list[StateLine]
    folded: list[StateLine] = field(default_factory=list)
    fold_words: str = ""
    rest: str = ""

    @property
    def is_calm(self) -> bool:
        """Return whether nothing in it is wrong, as far as can be told."""
        return all(line.tone in ("good", "unknown") for line in (*self.lines, *self.folded))


def worst_of_site(site: Mapping[str, Any]) -> str:
    """Return the worst state that a trustworthy source gives the site itself; empty if none does.

    What its services and storage elements do is told in lines of their own.
    """
    own = [
        state["status"]
        for state in site.get("statuses", ())
        if state["kind"] == EntityKind.SITE
        and state["status"] in SEVERITY
        and not _is_unreliable(state)
    ]
    return max(own, key=SEVERITY.__getitem__, default="")


def state_groups(site: Mapping[str, Any], *, now: datetime) -> list[Group]:
    """Return the lines about a site's states by sort: the site itself, storage, services, links."""
    by_kind: dict[str, list[State]] = defaultdict(list)
    for state in _agreed(site.get("statuses", ())):
        by_kind[state["kind"]].append(state)
    groups = [
        _own(by_kind[EntityKind.SITE], now),
        _things(
            _("Storage"),
            by_kind[EntityKind.STORAGE],
            now,
            lambda n: ngettext(
                "%(n)d storage element in order", "%(n)d storage elements in order", n
            ),
        ),
        _services(by_kind[EntityKind.SERVICE], site, now),
        _things(
            _("Links"),
            _agreed(site.get("links", ())),
            now,
            lambda n: ngettext("%(n)d direction in order", "%(n)d directions in order", n),
        ),
    ]
    return [group for group in groups if group.lines or group.folded or group.rest]


def system_group(conditions: Mapping[str, Any], *, now: datetime) -> Group | None:
    """Return the lines about whole systems, which stand for every site; None without any."""
    sites = conditions.get("sites", ())
    states = sites[0].get("systems", ()) if sites else ()
    if not states:
        return None
    ordered = sorted(states, key=lambda state: -SEVERITY.get(state["status"], 0))
    lines = [_line(state, now) for state in ordered[:MOST_FOLDED]]
    return Group(_("Everywhere"), lines[:MOST_LINES], lines[MOST_LINES:], _more(lines))


def doubts(conditions: Mapping[str, Any]) -> list[str]:
    """Return, a sentence for each, which sources say of themselves that they are not reliable."""
    found = {}
    for site in conditions.get("sites", ()):
        for name, age in site.get("sources", {}).items():
            if age.get("doubt"):
                found[name] = _("%(source)s itself reports inconsistent results: %(doubt)s") % {
                    "source": source_name(name),
                    "doubt": text.shorten(text.show_bidi(age["doubt"]), 200),
                }
    return [found[name] for name in sorted(found)]


# The groups


def _agreed(states: Sequence[State]) -> list[State]:
    """Return the states with one for all sources of a family that say the same of a thing.

    That of our VO speaks for the others, then one with a page to read more. It names them all
    (``sources``), and is as old as the oldest: some sources only know since when we ask them. What
    cannot be trusted agrees with nobody.
    """
    alike: dict[tuple[Any, ...], list[State]] = defaultdict(list)
    for state in states:
        alike[
            family_of(state["source"]),
            state["kind"],
            state["entity"].casefold(),
            state["metric"],
            state["status"],
            state["source"] if _is_unreliable(state) else "",
        ].append(state)
    found: list[State] = []
    for group in alike.values():
        first = max(group, key=lambda state: (bool(state.get("vo")), bool(_url(state))))
        names = dict.fromkeys(state["source"] for state in group)
        is_for_all = any(not state.get("vo") for state in group)
        found.append(
            {
                **first,
                "sources": list(names),
                "vo": "" if is_for_all else first.get("vo", ""),
                "since": min(state["since"] for state in group),
            }
        )
    return found


def _sources(state: State) -> str:
    return ", ".join(source_name(name) for name in state.get("sources", [state["source"]]))


def _own(states: Sequence[State], now: datetime) -> Group:
    ordered = sorted(states, key=lambda state: -SEVERITY.get(state["status"], 0))
    lines = [_line(state, now) for state in ordered[:MOST_FOLDED]]
    # Few sources, few metrics: how jobs do must be seen also where all is well.
    shown = 2 * MOST_LINES
    return Group("", lines[:shown], lines[shown:], _more(lines, shown))


def _services(states: Sequence[State], site: Mapping[str, Any], now: datetime) -> Group:
    by_fault: dict[tuple[str, str], list[State]] = defaultdict(list)
    for state in states:
        by_fault[state["source"], state["status"]].append(state)
    lines, folded = [], []
    for (_source, status), found in sorted(
        by_fault.items(), key=lambda item: (-SEVERITY.get(item[0][1], 0), item[0])
    ):
        each = [_line(state, now, _entity(state)) for state in found[:MOST_FOLDED]]
        if status != Status.OK and len(found) > MOST_ALONE:
            lines.append(_together(found, now))
            folded += each
        else:
            lines += each
    lines, folded = lines[:MOST_LINES], (lines[MOST_LINES:] + folded)[:MOST_FOLDED]
    words = ngettext("%(n)d by itself", "%(n)d one by one", len(folded)) % {"n": len(folded)}
    rest = [
        ngettext(
            "%(n)d service in order (%(source)s)", "%(n)d services in order (%(source)s)", number
        )
        % {"n": number, "source": _with_reservation(source, site)}
        for source, number in sorted(site.get("in_order", {}).items())
    ]
    return Group(_("Services"), lines, folded, words, " · ".join([*rest, *_left_out(site)]))


def _things(title: str, states: Sequence[State], now: datetime, in_order: Any) -> Group:
    """Return one line for each storage element or direction of a link: all its metrics."""
    by_thing: dict[tuple[str, str, str], list[State]] = defaultdict(list)
    for state in states:
        by_thing[state["source"], state["entity"], state.get("vo", "")].append(state)
    faults: list[list[State]] = []
    fine: list[list[State]] = []
    for found in by_thing.values():
        is_fine = all(state["status"] == Status.OK and not _is_unreliable(state) for state in found)
        (fine if is_fine else faults).append(found)
    faults.sort(key=lambda found: -max(SEVERITY.get(state["status"], 0) for state in found))
    lines = [_thing(found, now) for found in faults[:MOST_FOLDED]]
    calm = [_thing(found, now) for found in fine[:MOST_FOLDED]]
    words = [_more(lines)] if len(lines) > MOST_LINES else []
    if fine:
        words.append(in_order(len(fine)) % {"n": len(fine)})
    return Group(title, lines[:MOST_LINES], [*lines[MOST_LINES:], *calm], ", ".join(words))


def earlier_group(site: Mapping[str, Any], *, now: datetime) -> Group | None:
    """Return what was wrong in the day before and is over, the last first; None without any."""
    faults = [state for state in site.get("earlier", ()) if state["status"] in _FAULTS]
    if not faults:
        return None
    faults.sort(key=lambda state: state["until"] or "", reverse=True)
    lines = [_past(state, now) for state in faults[:MOST_FOLDED]]
    words = ngettext("%(n)d fault that is over", "%(n)d faults that are over", len(faults))
    return Group(_("In the day before"), [], lines, words % {"n": len(faults)})


# The lines


def _line(state: State, now: datetime, entity: str = "") -> StateLine:
    label = " ".join(
        part for part in (entity, _sources(state), metric_word(state["metric"])) if part
    )
    return _state_line(state, now, label, _numbers_or_words(state))


def _state_line(state: State, now: datetime, label: str, detail: str) -> StateLine:
    sentence = format_html(
        _("<strong>{what}</strong> {status} since {since}"),
        what=label,
        status=_status(state),
        since=display.when(_moment(state["since"]), now),
    )
    return StateLine(
        tone=_tone(state),
        sentence=format_html("{}{}", sentence, _reservation(state)),
        detail=detail,
        url=_url(state),
        source=source_name(state["source"]),
        is_unreliable=_is_unreliable(state),
    )


def _together(states: Sequence[State], now: datetime) -> StateLine:
    """Return one line for several services with one fault."""
    first = min(states, key=lambda state: str(state["since"]))
    hosts = dict.fromkeys(_entity(state).partition(" ")[0] for state in states)
    sentence = format_html(
        _("<strong>{source}</strong> {number} services {status}, the first since {since}"),
        source=source_name(first["source"]),
        number=len(states),
        status=status_word(first["status"]),
        since=display.when(_moment(first["since"]), now),
    )
    shown = ", ".join(list(hosts)[:3])
    return StateLine(
        tone=_tone(first),
        sentence=format_html("{}{}", sentence, _reservation(first)),
        detail=f"{shown}, …" if len(hosts) > 3 else shown,
        source=source_name(first["source"]),
        is_unreliable=_is_unreliable(first),
    )


def _thing(states: Sequence[State], now: datetime) -> StateLine:
    """Return the line of a thing with several metrics: each state, and since when the worst."""
    first = max(states, key=lambda state: SEVERITY.get(state["status"], 0))
    in_order, parts = [], []
    for state in sorted(states, key=lambda state: str(state["metric"])):
        word = metric_word(state["metric"])
        figures = ", ".join(numbers(state.get("details") or {}))
        if state["status"] == Status.OK:
            in_order.append(figures or word)
        else:
            parts.append(" ".join(part for part in (word, _status(state), figures) if part))
    if in_order:
        parts.append(f"{', '.join(in_order)} {status_word(Status.OK)}")
    sentence = format_html(
        "<strong>{}</strong> {}{}",
        f"{_entity(first)} {_sources(first)}",
        "; ".join(parts),
        NOTHING
        if first["status"] == Status.OK
        else format_html(_(", since {moment}"), moment=display.when(_moment(first["since"]), now)),
    )
    return StateLine(
        tone=_tone(first),
        sentence=format_html("{}{}", sentence, _reservation(first)),
        detail="" if first["status"] == Status.OK else _words(first),
        url=_url(first),
        source=source_name(first["source"]),
        is_unreliable=_is_unreliable(first),
    )


def _past(state: State, now: datetime) -> StateLine:
    entity = "" if state["kind"] == EntityKind.SITE else _entity(state)
    label = " ".join(
        part
        for part in (entity, source_name(state["source"]), metric_word(state["metric"]))
        if part
    )
    sentence = format_html(
        _("<strong>{what}</strong> {status} from {begin} to {end}"),
        what=label,
        status=_status(state),
        begin=display.when(_moment(state["since"]), now),
        end=display.when(_moment(state["until"]), now),
    )
    return StateLine(
        tone=_tone(state),
        sentence=format_html("{}{}", sentence, _reservation(state)),
        detail=_words(state),
        url=_url(state),
        source=source_name(state["source"]),
        is_unreliable=_is_unreliable(state),
    )


def _with_reservation(source: str, site: Mapping[str, Any]) -> str:
    """Return a source's name, with what keeps a reader from trusting what it counts."""
    age = site["sources"].get(source, {})
    parts = [source_name(source)]
    if age.get("doubt"):
        parts.append(_("unreliable"))
    elif age.get("stale"):
        parts.append(_("not read for too long"))
    return ", ".join(parts)


def _reservation(state: State) -> SafeString:
    """Say what keeps a reader from trusting the line."""
    parts = []
    if state.get("vo"):
        parts.append(_("for %(vo)s") % {"vo": state["vo"]})
    if state.get("doubt"):
        parts.append(_("unreliable"))
    elif state.get("stale"):
        parts.append(_("not read for too long"))
    if not parts:
        return NOTHING
    return format_html(
        ' <span class="condition-note">({})</span>',
        format_html_join(", ", "{}", ((part,) for part in parts)),
    )


def _status(state: State) -> str:
    """Return our word, and the source's own beside it where that says more."""
    word, raw = status_word(state["status"]), text.show_bidi(state.get("raw_status") or "")
    if not raw or raw.casefold() in (word.casefold(), "up"):
        return word
    return f"{word} ({text.shorten(raw, 40)})"


def _entity(state: State) -> str:
    return entity_name(state["kind"], state["entity"])


def _tone(state: State) -> str:
    # What cannot be trusted keeps its word and loses its colour.
    return "unknown" if _is_unreliable(state) else TONES.get(state["status"], "unknown")


def _is_unreliable(state: State) -> bool:
    return bool(state.get("stale") or state.get("doubt"))


def _url(state: State) -> str:
    url = str(state.get("evidence_url") or "")
    return url if url.startswith(("https://", "http://")) else ""


def _numbers_or_words(state: State) -> str:
    figures = numbers(state.get("details") or {})
    if figures:
        return " · ".join(figures)
    return _words(state)


def _words(state: State) -> str:
    return text.shorten(text.show_bidi(state.get("summary") or ""), 160)


def _more(lines: Sequence[StateLine], shown: int = MOST_LINES) -> str:
    number = len(lines) - shown
    return ngettext("%(n)d more", "%(n)d more", number) % {"n": number} if number > 0 else ""


def _left_out(site: Mapping[str, Any]) -> list[str]:
    number = sum(site.get("left_out", {}).values())
    if not number:
        return []
    words = ngettext("%(n)d more state was left out", "%(n)d more states were left out", number)
    return [words % {"n": number}]


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
