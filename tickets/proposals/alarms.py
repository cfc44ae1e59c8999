"""Fold what several sources say of one site into one alarm. Pure: plain values in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.conditions import EntityStatus, as_plain_values
from monitoring.observations import EntityKind
from monitoring.statuses import worst

MOST_EVIDENCE = 40
_KEPT = (
    "source",
    "metric",
    "entity",
    "kind",
    "vo",
    "status",
    "raw_status",
    "since",
    "summary",
    "evidence_url",
)


@dataclass(frozen=True)
class Alarm:
    """What is bad at one site.

    :ivar things: how many different things are bad: the site itself, services, storage elements
    :ivar evidence: states as plain values, at most ``MOST_EVIDENCE``
    :ivar series: the keys of all bad series, sorted
    """

    since: datetime
    worst: str
    things: int
    evidence: list[dict[str, Any]]
    series: list[str]


def key_of(source: str, metric: str, vo: str, kind: str, entity: str) -> str:
    """Return what tells one series of states from all others."""
    return "|".join((source, metric, vo, kind, entity))


def series_of(status: EntityStatus) -> str:
    """Return the key of the series to which a state belongs."""
    return key_of(status.source, status.metric, status.vo, status.kind, status.entity)


def series_of_fact(fact: Mapping[str, Any]) -> str:
    """Return the key of the series to which a line of evidence belongs."""
    return key_of(fact["source"], fact["metric"], fact["vo"], fact["kind"], fact["entity"])


def fold(bad: Sequence[EntityStatus], *, lasting: Iterable[EntityStatus] = ()) -> Alarm:
    """Return one alarm for all bad states of a site.

    The evidence begins with what made it an alarm, and there with the worst of each source.

    :param bad: not empty, the worst first
    :param lasting: those of them that have been bad for long
    """
    long = {series_of(status) for status in lasting}
    ordered = sorted(bad, key=lambda status: series_of(status) not in long)
    evidence = []
    for status in _each_source_first(ordered)[:MOST_EVIDENCE]:
        plain = as_plain_values(status)
        evidence.append({name: plain[name] for name in _KEPT})
    return Alarm(
        since=min(status.since for status in bad),
        worst=worst([status.status for status in bad]),
        things=len({_thing(status) for status in bad}),
        evidence=evidence,
        series=sorted({series_of(status) for status in bad}),
    )


def _each_source_first(bad: Sequence[EntityStatus]) -> list[EntityStatus]:
    """Return the states, the worst of each source before all others: what they agree on counts."""
    first: dict[str, EntityStatus] = {}
    for status in bad:
        first.setdefault(status.source, status)
    heads = list(first.values())
    chosen = {id(status) for status in heads}
    return [*heads, *(status for status in bad if id(status) not in chosen)]


def _thing(status: EntityStatus) -> tuple[str, str]:
    # Each source has a name of its own for the site.
    return status.kind, "" if status.kind == EntityKind.SITE else status.entity


def lasting(
    bad: Iterable[EntityStatus],
    *,
    before: dict[str, list[tuple[datetime, datetime]]],
    at: datetime,
    threshold: timedelta,
) -> list[EntityStatus]:
    """Return those that have been bad for the threshold without a pause.

    Going from critical to down begins a new interval and is no pause.

    :param before: bad intervals that ended lately, by the key of their series: (since, until)
    """
    found = []
    for status in bad:
        since = status.since
        ended = {until: begin for begin, until in before.get(series_of(status), ())}
        while since in ended:
            since = ended.pop(since)
        if at - since >= threshold:
            found.append(status)
    return found
