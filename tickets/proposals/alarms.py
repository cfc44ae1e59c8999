"""Fold what several sources say of one site into one alarm. Pure: plain values in and out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.conditions import EntityStatus, as_plain_values
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
    :ivar evidence: the worst states as plain values, at most ``MOST_EVIDENCE``
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


def fold(bad: Sequence[EntityStatus]) -> Alarm:
    """Return one alarm for all bad states of a site.

    :param bad: not empty, the worst first
    """
    evidence = []
    for status in bad[:MOST_EVIDENCE]:
        plain = as_plain_values(status)
        evidence.append({name: plain[name] for name in _KEPT})
    return Alarm(
        since=min(status.since for status in bad),
        worst=worst([status.status for status in bad]),
        things=len({(status.kind, status.entity) for status in bad}),
        evidence=evidence,
        series=sorted({series_of(status) for status in bad}),
    )


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
