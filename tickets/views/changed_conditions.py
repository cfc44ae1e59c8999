"""What monitoring noted on a ticket, in sentences: downtimes, states, a recovery."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import display
from monitoring.models import Severity
from monitoring.words import (
    entity_name,
    family_of,
    metric_word,
    series_name,
    source_name,
    status_word,
)

Change = Mapping[str, Any]


def condition_sentences(facts: Mapping[str, Any], at: datetime) -> SafeString:
    """Return the sentences of one history entry, a line each."""
    sentences = [_sentence(change, at) for change in _agreed(facts.get("changes", ()))]
    if recovered := facts.get("recovered"):
        sentences.append(_recovery(recovered, at))
    return format_html_join(SafeString("<br>"), "{}", ((each,) for each in sentences))


def _agreed(changes: Iterable[Change]) -> list[Change]:
    """Return the changes with one for all sources of a family that tell the same of a thing."""
    found: dict[tuple[Any, ...], Change] = {}
    for number, change in enumerate(changes):
        key: tuple[Any, ...] = (number,)
        if change["what"] == "state" and not (change.get("count") or change.get("moves")):
            family = family_of(change["source"])
            key = (
                *(change[name] for name in ("site", "kind", "entity", "metric", "to")),
                change.get("from"),
                family,
            )
        first = found.get(key)
        if first is None:
            found[key] = change
        elif change["source"] not in (names := first.get("sources", [first["source"]])):
            found[key] = {**first, "sources": [*names, change["source"]]}
    return list(found.values())


def _sentence(change: Change, at: datetime) -> SafeString:
    match change["what"]:
        case "state":
            return _state(change, at)
        case "more":
            number = change["count"]
            words = ngettext("And %(n)d more change", "And %(n)d more changes", number)
            return format_html("{}", words % {"n": number})
        case _:
            return _downtime(change, at)


def _downtime(change: Change, at: datetime) -> SafeString:
    words = {
        "declared": _("<strong>{site}</strong>: {kind} declared, {begin} until {end}"),
        "began": _("<strong>{site}</strong>: {kind} began, until {end}"),
        "extended": _("<strong>{site}</strong>: {kind} extended until {end}"),
        "changed": _("<strong>{site}</strong>: {kind} changed, {begin} until {end}"),
        "ended": _("<strong>{site}</strong>: {kind} ended"),
        "withdrawn": _("<strong>{site}</strong>: {kind} withdrawn"),
    }.get(change["what"], _("<strong>{site}</strong>: {kind}"))
    return format_html(
        words,
        site=change["site"],
        kind=_("downtime") if change["severity"] == Severity.OUTAGE else _("at-risk period"),
        begin=display.when(datetime.fromisoformat(change["starts_at"]), at),
        end=display.when(datetime.fromisoformat(change["ends_at"]), at),
    )


def _state(change: Change, at: datetime) -> SafeString:
    sentence = format_html(
        _("<strong>{site}</strong>: {what} {status} since {since}"),
        site=change["site"],
        what=_things(change),
        status=status_word(change["to"]),
        since=display.when(datetime.fromisoformat(change["since"]), at),
    )
    if change.get("moves"):
        number = change["moves"]
        words = ngettext("changed %(n)d time", "changed %(n)d times", number) % {"n": number}
        return format_html(_("{sentence}; {words} within the hour"), sentence=sentence, words=words)
    if change.get("from"):
        return format_html(
            _("{sentence} (was {status})"),
            sentence=sentence,
            status=status_word(change["from"]),
        )
    return sentence


def _things(change: Change) -> str:
    """Return what changed; of several things of a sort the number and some names."""
    if not change.get("count"):
        return series_name(change)
    names = [entity_name(change["kind"], name) for name in change["names"]]
    if change["count"] > len(names):
        names.append("…")
    words = {
        "number": change["count"],
        "source": " ".join(
            part for part in (source_name(change["source"]), metric_word(change["metric"])) if part
        ),
        "names": ", ".join(names),
    }
    return _("%(source)s, %(number)d things (%(names)s)") % words


def _recovery(recovered: Mapping[str, Any], at: datetime) -> SafeString:
    sites = ", ".join(recovered["sites"])
    sentence = format_html(
        _("<strong>{sites}</strong> recovered: what was bad is in order again"), sites=sites
    )
    if not recovered.get("since"):
        return sentence
    return format_html(
        _("{sentence}; it had been bad since {since}"),
        sentence=sentence,
        since=display.when(datetime.fromisoformat(recovered["since"]), at),
    )
