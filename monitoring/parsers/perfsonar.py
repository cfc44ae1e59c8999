"""Answers of a perfSONAR measurement archive, understood. Pure functions from bytes to records.

The legacy toolkit (esmond) and perfSONAR 5 (elmond) answer alike: a list of tests, each with the
addresses of what it measures, and lists of points in time. Traps: any number may be a string, a
moment may be in milliseconds, a summary may have holes (``null``), and errors are HTML.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import clean_line, finite_number, shorten

LONGEST_NAME = 140
LONGEST_ADDRESS = 800
LONGEST_WORDS = 300
# Moments from here on are milliseconds: in seconds this is the year 5138.
MILLISECONDS_FROM = 100_000_000_000
# The year 2100: what is later is no moment and no sensible number of seconds.
LATEST = 4_102_444_800


@dataclass(frozen=True)
class Summary:
    """A condensed form of an event type: ``statistics`` or ``aggregation`` over so many seconds."""

    kind: str
    window: int
    uri: str


@dataclass(frozen=True)
class EventType:
    """One thing that a test measures, and where the archive keeps it."""

    name: str
    base_uri: str
    summaries: tuple[Summary, ...] = ()


@dataclass(frozen=True)
class MeasuredTest:
    """A test between two hosts.

    ``source`` and ``destination`` are host names where the archive knows them, else addresses;
    ``hosts`` are all names and addresses of both ends.
    """

    key: str
    source: str
    destination: str
    hosts: tuple[str, ...]
    test_type: str
    uri: str
    events: tuple[EventType, ...]

    def event(self, name: str) -> EventType | None:
        """Return the event type of that name, if the test has it."""
        return next((event for event in self.events if event.name == name), None)


@dataclass(frozen=True)
class Tests:
    """One page of tests.

    :param read: how many rows the page had, also those of no interest and those refused
    :param total: how many there are, if the archive says so
    :param next_offset: where the next page begins, if there is one
    """

    tests: tuple[MeasuredTest, ...]
    refused: tuple[tuple[str, str], ...]
    read: int
    total: int | None
    next_offset: int | None


@dataclass(frozen=True)
class Points:
    """Measurements in the order of time; ``broken`` rows could not be read, ``read`` are all."""

    values: tuple[tuple[datetime, float], ...]
    broken: int
    read: int


@dataclass(frozen=True)
class Failures:
    """When tests failed, and in which words."""

    values: tuple[tuple[datetime, str], ...]
    broken: int
    read: int


class _Unreadable(ValueError):
    """A row that is left out, with the reason."""


def parse_tests(body: bytes) -> Tests:
    """Read one page of tests; tests without a far end (of one host alone) are left out.

    :raises AnswerNotUnderstood: when this is no list of tests
    """
    rows = _rows(body)
    tests: list[MeasuredTest] = []
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            test = _test(row)
        except _Unreadable as error:
            refused.append((f"test {number}", str(error)))
        else:
            if test is not None:
                tests.append(test)
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    total = finite_number(first.get("metadata-count-total"))
    return Tests(
        tests=tuple(tests),
        refused=tuple(refused),
        read=len(rows),
        total=int(total) if total is not None and total >= 0 else None,
        next_offset=_offset(first.get("metadata-next-page")),
    )


def count_rows(body: bytes) -> int:
    """Return how many rows a page has, whatever they are.

    :raises AnswerNotUnderstood: when this is no list
    """
    return len(_rows(body))


def parse_losses(body: bytes) -> Points:
    """Read points with the share of packets lost, 0 to 1.

    :raises AnswerNotUnderstood: when this is no list of points
    """
    return _points(_rows(body), _share)


def parse_throughputs(body: bytes) -> Points:
    """Read points with a throughput in bits per second.

    :raises AnswerNotUnderstood: when this is no list of points
    """
    return _points(_rows(body), _size)


def parse_delays(body: bytes) -> Points:
    """Read points with the statistics, or with the histogram, of delays: their medians in ms.

    :raises AnswerNotUnderstood: when this is no list of points
    """
    return _points(_rows(body), _delay)


def parse_failures(body: bytes) -> Failures:
    """Read why tests failed.

    :raises AnswerNotUnderstood: when this is no list of failures
    """
    values: list[tuple[datetime, str]] = []
    rows = _rows(body)
    for row in rows:
        moment = _moment(row.get("ts")) if isinstance(row, dict) else None
        if moment is None:
            continue
        value = row.get("val")
        error = value.get("error") if isinstance(value, dict) else value
        words = error if isinstance(error, str) else ""
        values.append((moment, shorten(words, LONGEST_WORDS) or "no reason given"))
    values.sort()
    return Failures(values=tuple(values), broken=len(rows) - len(values), read=len(rows))


def _rows(body: bytes) -> list[Any]:
    document = read_json(body)
    if not isinstance(document, list):
        raise AnswerNotUnderstood("The archive's answer is no list.", body_start=body)
    return document


def _test(row: Any) -> MeasuredTest | None:
    if not isinstance(row, dict):
        raise _Unreadable("It is no object.")
    key = _word(row.get("metadata-key"))
    if not key:
        raise _Unreadable("It has no metadata-key.")
    source, destination = _name(row.get("source")), _name(row.get("destination"))
    source_name = _name(row.get("input-source")) or source
    destination_name = _name(row.get("input-destination")) or destination
    if not destination_name:
        return None
    if not source_name:
        raise _Unreadable(f"Test {key} has no source.")
    if source_name == destination_name:
        raise _Unreadable(f"Test {key} goes from {source_name} to itself.")
    events = row.get("event-types")
    if not isinstance(events, list):
        raise _Unreadable(f"Test {key} names no event types.")
    return MeasuredTest(
        key=key,
        source=source_name,
        destination=destination_name,
        hosts=tuple(
            dict.fromkeys(filter(None, (source_name, destination_name, source, destination)))
        ),
        test_type=_name(row.get("pscheduler-test-type")),
        uri=_address(row.get("uri")),
        events=tuple(event for each in events if (event := _event(each)) is not None),
    )


def _event(row: Any) -> EventType | None:
    if not isinstance(row, dict):
        return None
    name, base_uri = _name(row.get("event-type")), _address(row.get("base-uri"))
    if not (name and base_uri):
        return None
    summaries = row.get("summaries")
    return EventType(
        name=name,
        base_uri=base_uri,
        summaries=tuple(
            summary
            for each in (summaries if isinstance(summaries, list) else ())
            if (summary := _summary(each)) is not None
        ),
    )


def _summary(row: Any) -> Summary | None:
    if not isinstance(row, dict):
        return None
    window, uri = finite_number(row.get("summary-window")), _address(row.get("uri"))
    if window is None or not uri or not 0 <= window <= LATEST:
        return None
    return Summary(kind=_name(row.get("summary-type")), window=int(window), uri=uri)


def _points(rows: Iterable[Any], read: Callable[[Any], float | None]) -> Points:
    values: list[tuple[datetime, float]] = []
    count = 0
    for row in rows:
        count += 1
        if not isinstance(row, dict):
            continue
        moment, value = _moment(row.get("ts")), read(row.get("val"))
        if moment is not None and value is not None:
            values.append((moment, value))
    values.sort()
    return Points(values=tuple(values), broken=count - len(values), read=count)


def _share(value: Any) -> float | None:
    number = finite_number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _size(value: Any) -> float | None:
    number = finite_number(value)
    return number if number is not None and number >= 0 else None


def _delay(value: Any) -> float | None:
    """Return the median of a statistics object or of a histogram (delay in ms -> packets)."""
    if not isinstance(value, dict):
        return None
    if "median" in value or "mean" in value:
        found = finite_number(value.get("median"))
        return found if found is not None else finite_number(value.get("mean"))
    counted = [
        (delay, count)
        for text, packets in value.items()
        if (delay := finite_number(text)) is not None
        and (count := finite_number(packets)) is not None
        and count > 0
    ]
    return _histogram_median(sorted(counted))


def _histogram_median(counted: list[tuple[float, float]]) -> float | None:
    total = math.fsum(count for _, count in counted)
    if not counted or not math.isfinite(total):
        return None
    seen = 0.0
    below: list[float] = []
    for delay, count in counted:
        seen += count
        if seen * 2 == total:
            # Exactly half of the packets are this fast: the median lies between two bars.
            below.append(delay)
        elif seen * 2 > total:
            return median([*below, delay])
    return counted[-1][0]


def _offset(address: Any) -> int | None:
    """Return the offset in the address of the next page.

    The rest of that address is built from what the server believes to be its own name, which may
    be ``localhost`` behind a proxy.
    """
    if not isinstance(address, str):
        return None
    try:
        values = parse_qs(urlsplit(address).query).get("offset", [])
    except ValueError:
        return None
    offset = finite_number(values[-1]) if values else None
    return int(offset) if offset is not None and 0 < offset <= LATEST else None


def _moment(value: Any) -> datetime | None:
    seconds = finite_number(value)
    if seconds is None:
        return None
    if seconds >= MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 < seconds <= LATEST:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def _word(value: Any) -> str:
    """Return a word without space in it; empty where it is none."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return ""
    text = clean_line(value)
    return "" if " " in text else text


def _name(value: Any) -> str:
    """Return a name of a host, of an event type or the like, in lower case."""
    return _word(value).lower()


def _address(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS or not value.isprintable():
        return ""
    return value
