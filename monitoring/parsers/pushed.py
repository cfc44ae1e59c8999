"""What is pushed to us: events as JSON rows, and lists of link events as CSV. Pure functions.

Each row that cannot be read is refused with a reason that its sender can act on; the others count.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from juno_support.lib.text import blot, clean_line, shorten
from monitoring.observations import EntityKind
from monitoring.statuses import Status

MOST_ROWS = 1000
LONGEST = {
    "name": 300,
    "site": 200,
    "metric": 40,
    "vo": 100,
    "summary": 200,
    "evidence_url": 1000,
    "key": 200,
}
# Clocks differ: what begins a little later than now began now.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Before this there was no grid.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_DETAILS = 20

# What network people say of links, besides our own words.
_SYNONYMS = {"up": Status.OK, "degraded": Status.WARNING}
_KNOWN = (
    "entity", "metric", "status", "since", "until", "vo", "summary", "evidence_url", "key",
    "details",
)  # fmt: skip
CSV_COLUMNS = ("link", "start", "end", "state", "reference")


@dataclass(frozen=True)
class PushedEvent:
    """One row: a thing was in a state from ``since`` (None: now) to ``until`` (None: still).

    ``row`` is its place in what was sent, the first is 1; ``key`` the sender's own, or empty.
    """

    row: int
    kind: str
    name: str
    site: str
    metric: str
    status: Status
    raw_status: str
    since: datetime | None
    until: datetime | None
    vo: str = ""
    summary: str = ""
    evidence_url: str = ""
    key: str = ""
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """A row that was left out, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class PushedEvents:
    """The rows that can be taken, and those that cannot."""

    events: tuple[PushedEvent, ...]
    refused: tuple[Refusal, ...]


class _Unreadable(ValueError):
    """A row that is left out, with the reason."""


def read_events(rows: Iterable[Any], *, at: datetime) -> PushedEvents:
    """Read the rows of a JSON list."""
    return _read(enumerate(rows, start=1), lambda number, row: _event(number, row, at), at)


def read_csv(text: str, *, at: datetime) -> PushedEvents:
    """Read a list of link events: ``link,start,end,state,reference``, times in UTC.

    The first line names the columns, in any order; ``end`` and ``reference`` may be empty. Rows
    are counted as lines of the file, so that the first event is row 2.

    :raises ValueError: when the columns are not there, or there are too many rows
    """
    try:
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise ValueError(f"This is no CSV: {error}.") from error
    head = [cell.strip().lower() for cell in lines[0]] if lines else []
    missing = [name for name in CSV_COLUMNS[:4] if name not in head]
    if missing:
        raise ValueError(f"The first line must name the columns; missing: {', '.join(missing)}.")
    rows = [
        (number, dict(zip(head, (cell.strip() for cell in line), strict=False)))
        for number, line in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in line)
    ]
    if len(rows) > MOST_ROWS:
        raise ValueError(f"These are {len(rows)} rows; at most {MOST_ROWS} are taken at a time.")
    return _read(rows, lambda number, row: _csv_event(number, row, at), at)


def _read(
    rows: Iterable[tuple[int, Any]], understand: Callable[[int, Any], PushedEvent], at: datetime
) -> PushedEvents:
    events: list[PushedEvent] = []
    refused: list[Refusal] = []
    for number, row in rows:
        try:
            events.append(understand(number, row))
        except _Unreadable as error:
            refused.append(Refusal(number, str(error)))
    good, overlapping = _without_overlaps(events, at)
    return PushedEvents(tuple(good), (*refused, *overlapping))


def _event(number: int, row: Any, at: datetime) -> PushedEvent:
    if not isinstance(row, dict):
        raise _Unreadable("It is no object.")
    unknown = sorted(blot(str(name))[:40] for name in row if name not in _KNOWN)
    if unknown:
        raise _Unreadable(f"It has fields that we do not know: {', '.join(unknown[:5])}.")
    kind, name, site = _entity(row.get("entity"))
    status, raw = _status(row.get("status"))
    since, until = _times(
        _json_time("since", row.get("since")), _json_time("until", row.get("until")), at
    )
    key = _text(row, "key")
    if key and since is None:
        raise _Unreadable("A row with a key must say since when.")
    return PushedEvent(
        row=number,
        kind=kind,
        name=name,
        site=site,
        metric=_text(row, "metric") or ("state" if kind == EntityKind.LINK else "status"),
        status=status,
        raw_status=raw,
        since=since,
        until=until,
        vo=_text(row, "vo"),
        summary=_text(row, "summary"),
        evidence_url=_web_address(_text(row, "evidence_url")),
        key=key,
        details=_details(row.get("details")),
    )


def _csv_event(number: int, row: Mapping[str, str], at: datetime) -> PushedEvent:
    link = clean_line(row.get("link", ""))
    if not link:
        raise _Unreadable("It names no link.")
    if len(link) > LONGEST["name"]:
        raise _Unreadable("The name of its link is too long.")
    start = _utc("start", row.get("start", ""))
    if start is None:
        raise _Unreadable("It has no start.")
    since, until = _times(start, _utc("end", row.get("end", "")), at)
    status, raw = _status(row.get("state", ""))
    reference = shorten(row.get("reference", ""), LONGEST["key"])
    return PushedEvent(
        row=number,
        kind=EntityKind.LINK.value,
        name=link,
        site="",
        metric="state",
        status=status,
        raw_status=raw,
        since=since,
        until=until,
        summary=shorten(f"Reference {reference}", LONGEST["summary"]) if reference else "",
        details={"reference": reference} if reference else {},
    )


def _entity(value: Any) -> tuple[str, str, str]:
    if not isinstance(value, dict):
        raise _Unreadable("Its entity must be an object with kind and name.")
    kind = value.get("kind")
    if kind not in EntityKind.values:
        raise _Unreadable(f"The kind of its entity must be one of {', '.join(EntityKind.values)}.")
    name = _text(value, "name")
    if not name:
        raise _Unreadable("Its entity has no name.")
    return str(kind), name, _text(value, "site")


def _status(value: Any) -> tuple[Status, str]:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _SYNONYMS:
        return _SYNONYMS[word], word
    if word in Status.values:
        return Status(word), word
    words = ", ".join((*Status.values, *_SYNONYMS))
    raise _Unreadable(f"Its state must be one of {words}.")


def _text(row: Mapping[Any, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unreadable(f"Its {name} must be a text.")
    text = clean_line(value)
    if len(text) > LONGEST[name]:
        raise _Unreadable(f"Its {name} is longer than {LONGEST[name]} characters.")
    return text


def _web_address(value: str) -> str:
    if value and (not value.startswith(("https://", "http://")) or " " in value):
        raise _Unreadable("Its evidence_url must be a web address: https://…")
    return value


def _details(value: Any) -> dict[str, str | int | float | bool]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_DETAILS:
        raise _Unreadable(f"Its details must be an object of at most {MOST_DETAILS} values.")
    found: dict[str, str | int | float | bool] = {}
    for name, one in value.items():
        key = clean_line(str(name))
        is_plain = isinstance(one, str | int | float) and len(str(one)[:300]) < 300
        if not key or len(key) > 60 or not is_plain:
            raise _Unreadable("Its details may hold short texts and numbers only.")
        if isinstance(one, float) and not math.isfinite(one):
            raise _Unreadable("Its details may hold short texts and numbers only.")
        found[key] = clean_line(one) if isinstance(one, str) else one
    return found


# Moments


def _json_time(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _Unreadable(f"Its {name} must be a time such as 2026-11-21T08:30:00Z.")
    if moment.tzinfo is None:
        raise _Unreadable(f"Its {name} has no zone; end it with Z for UTC.")
    return _in_utc(name, moment)


def _utc(name: str, value: str) -> datetime | None:
    """Read a time that is UTC where it names no zone."""
    if not value.strip():
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise _Unreadable(f"Its {name} must be a time such as 2026-11-21 08:30.") from None
    return _in_utc(name, moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _in_utc(name: str, moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _Unreadable(f"Its {name} is no time that we can keep.") from None


def _times(
    since: datetime | None, until: datetime | None, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """Check a period against the present; a few minutes in the future are clocks that differ."""
    for name, moment in (("beginning", since), ("end", until)):
        if moment is None:
            continue
        if moment > at + CLOCK_TOLERANCE:
            raise _Unreadable(
                f"Its {name} lies in the future; send it when it has come."
                if name == "beginning"
                else "Its end lies in the future; leave it out, and send it when it has come."
            )
        if moment < EARLIEST:
            raise _Unreadable(f"Its {name} lies before the year 2000.")
    since = min(since, at) if since else None
    until = min(until, at) if until else None
    if until is not None and (since is None or until <= since):
        raise _Unreadable("It must end after it began.")
    return since, until


def _without_overlaps(
    events: Iterable[PushedEvent], at: datetime
) -> tuple[list[PushedEvent], list[Refusal]]:
    """Refuse what overlaps another row about the same: a thing is in one state at a time.

    A row without an end goes on until the next one begins.
    """
    good: dict[int, PushedEvent] = {}
    refused: list[Refusal] = []
    last: dict[tuple[str, str, str, str], PushedEvent] = {}
    keys: dict[str, int] = {}
    ordered = sorted(events, key=lambda event: (event.since is None, event.since or EARLIEST))
    for event in ordered:
        series = event.kind, event.name, event.metric, event.vo
        before = last.get(series)
        starts_together = before is not None and before.since == event.since
        if event.key and event.key in keys:
            words = f"Row {keys[event.key]} has the same key: send each event once."
            refused.append(Refusal(event.row, words))
            continue
        if before is not None and (
            starts_together
            or (before.until is not None and event.since and before.until > event.since)
        ):
            refused.append(
                Refusal(
                    event.row,
                    f"It overlaps row {before.row}, which is about the same: "
                    "send one state at a time.",
                )
            )
            continue
        if before is not None and before.until is None:
            good[before.row] = replace(before, until=event.since or at)
        last[series] = good[event.row] = event
        if event.key:
            keys[event.key] = event.row
    return [good[row] for row in sorted(good)], refused
