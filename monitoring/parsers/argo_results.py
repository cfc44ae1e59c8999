"""What ARGO tells beside states: output of probes, availability by day, and how it is itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from juno_support.lib import text
from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.argo_errors import error_words
from monitoring.parsers.argo_document import (
    LONGEST_HOST,
    LONGEST_WORD,
    BadRow,
    moment_of,
    needed,
    number_of,
    optional,
    read_answer,
    row_of,
    rows_of,
)

LONGEST_SUMMARY = 300
LONGEST_MESSAGE = 2000
MOST_DEPTH = 3


@dataclass(frozen=True)
class ProbeResult:
    """What one run of a probe said of an endpoint."""

    group: str
    hostname: str
    service: str
    metric: str
    at: datetime
    value: str
    summary: str
    message: str


@dataclass(frozen=True)
class ProbeResults:
    """One understood answer; ``count`` is how many rows it had, the refused included."""

    rows: tuple[ProbeResult, ...]
    refused: tuple[tuple[str, str], ...]
    count: int


@dataclass(frozen=True)
class DayResult:
    """How available a group was on a day, in per cent; None where ARGO had no data (-1).

    ``unknown``, ``uptime`` and ``downtime`` are parts of the day, as ARGO gives them.
    """

    group: str
    day: str
    availability: float | None
    reliability: float | None
    unknown: float | None
    uptime: float | None
    downtime: float | None


@dataclass(frozen=True)
class SelfCheck:
    """What ARGO says of itself: OK or CRITICAL, and why."""

    status: str
    message: str


def parse_latest(body: bytes) -> ProbeResults:
    """Read an answer of ``/latest``: results of probes, newest first.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    _key, document = read_answer(body, "data")
    data = document["data"]
    values = rows_of(data if isinstance(data, dict) else document, _rows_key(data))
    rows, refused = [], []
    for position, value in enumerate(values, start=1):
        label = f"probe result number {position}"
        try:
            row = row_of(value)
            rows.append(
                ProbeResult(
                    group=needed(row, "endpoint_group", "group"),
                    hostname=needed(row, "endpoint", "hostname", longest=LONGEST_HOST, lower=True),
                    service=needed(row, "service", longest=LONGEST_WORD),
                    metric=needed(row, "metric"),
                    at=moment_of(row.get("timestamp")),
                    value=needed(row, "status", longest=LONGEST_WORD).upper()[:LONGEST_WORD],
                    summary=text.clean_line(optional(row, "summary", LONGEST_SUMMARY)),
                    message=optional(row, "message", LONGEST_MESSAGE),
                )
            )
        except BadRow as bad:
            refused.append((label, str(bad)))
    return ProbeResults(tuple(rows), tuple(refused), len(values))


def _rows_key(data: Any) -> str:
    """Return where the rows are; without any ARGO may write ``data: null`` or ``[]``."""
    return "metric_data" if isinstance(data, dict) else "data"


def parse_results(body: bytes) -> tuple[DayResult, ...]:
    """Read availability and reliability of groups by day, of version 3 or 2 of the interface.

    Numbers come as texts; -1 means no data. Groups stand in groups of groups, whose own numbers
    are left out.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    _key, document = read_answer(body, "results")
    found: list[DayResult] = []
    for value in rows_of(document, "results"):
        _read_results(value, found, depth=0)
    return tuple(found)


def _read_results(value: Any, found: list[DayResult], *, depth: int) -> None:
    """Read a group without groups in it, or go on into those that it has."""
    if not isinstance(value, dict) or depth >= MOST_DEPTH:
        return
    inner = [value[name] for name in ("groups", "endpoints") if isinstance(value.get(name), list)]
    if inner:
        for row in (row for rows in inner for row in rows):
            _read_results(row, found, depth=depth + 1)
        return
    days = value.get("results")
    try:
        name = needed(value, "name")
    except BadRow:
        return
    found.extend(_days(name, days if isinstance(days, list) else ()))


def _days(group: str, rows: Iterable[Any]) -> Iterable[DayResult]:
    for row in rows:
        if isinstance(row, dict):
            yield DayResult(
                group=group,
                day=optional(row, "date", 10) or optional(row, "timestamp", 10),
                availability=_percent(row.get("availability")),
                reliability=_percent(row.get("reliability")),
                unknown=number_of(row.get("unknown")),
                uptime=number_of(row.get("uptime")),
                downtime=number_of(row.get("downtime")),
            )


def _percent(value: Any) -> float | None:
    number = number_of(value)
    return None if number is None or number > 100 else round(number, 2)


def parse_self_check(body: bytes) -> SelfCheck:
    """Read an answer of ``/consistency`` or ``/health``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    _key, document = read_answer(body, "status")
    try:
        status = needed(document, "status", longest=LONGEST_WORD).upper()
    except BadRow as bad:
        # In errors this key holds an object.
        raise AnswerNotUnderstood(
            f"ARGO does not say how it is: {error_words(body) or bad}", body_start=body
        ) from None
    return SelfCheck(status=status, message=text.clean_line(optional(document, "message", 300)))
