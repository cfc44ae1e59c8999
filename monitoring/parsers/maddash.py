"""MaDDash's answers, understood. Pure functions from bytes to records.

A grid has a row for each source, a column for each destination, and in each cell some checks; a
cell may be empty (``null``), and so may each check in it. Row and column may be shown under labels,
so that the hosts are read from the address of the check.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import clean_line, finite_number, shorten

LONGEST_NAME = 140
LONGEST_LABEL = 100
LONGEST_WORDS = 200
LONGEST_ADDRESS = 1000
LATEST = 4_102_444_800
LARGEST_STATUS = 1000


@dataclass(frozen=True)
class Check:
    """One check from one host to another, as of its last run.

    :param status: 0 ok, 1 warning, 2 critical, 3 unknown, 4 not run, 5 scheduled down, above custom
    :param checked_at: when it ran last; None if it never did
    """

    row: str
    column: str
    name: str
    status: int
    message: str
    checked_at: datetime | None


@dataclass(frozen=True)
class Grid:
    """A grid; ``labels`` are its words for the statuses that it names."""

    name: str
    labels: dict[int, str]
    updated_at: datetime | None
    checks: tuple[Check, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Result:
    """What a check said at one time."""

    at: datetime
    status: int
    message: str
    graph_url: str = ""


@dataclass(frozen=True)
class History:
    """One page of what a check said, the oldest first; ``interval`` is how often it runs."""

    results: tuple[Result, ...]
    pages: int
    interval: timedelta | None
    broken: int = 0


class _Unreadable(ValueError):
    """A check that is left out, with the reason."""


def parse_grids(body: bytes) -> tuple[str, ...]:
    """Return the names of all grids.

    :raises AnswerNotUnderstood: when this is no list of grids
    """
    rows = _object(body).get("grids")
    if not isinstance(rows, list):
        raise AnswerNotUnderstood("MaDDash's answer lists no grids.", body_start=body)
    names = (_text(row.get("name"), LONGEST_WORDS) for row in rows if isinstance(row, dict))
    return tuple(dict.fromkeys(filter(None, names)))


def parse_grid(body: bytes) -> Grid:
    """Read a grid with all its checks; what cannot be read of it is refused.

    :raises AnswerNotUnderstood: when this is no grid
    """
    document = _object(body)
    cells, checks = document.get("grid"), document.get("checkNames")
    if not isinstance(cells, list) or not isinstance(checks, list):
        raise AnswerNotUnderstood("MaDDash's answer is no grid.", body_start=body)
    rows = _names(document.get("rows"))
    columns = _names(document.get("columnNames"))
    names = _names(checks)
    found: list[Check] = []
    refused: list[tuple[str, str]] = []
    for row_number, row in enumerate(cells):
        for column_number, cell in enumerate(row if isinstance(row, list) else ()):
            for check_number, check in enumerate(cell if isinstance(cell, list) else ()):
                if check is None:
                    continue
                place = (
                    _at(rows, row_number),
                    _at(columns, column_number),
                    _at(names, check_number),
                )
                try:
                    found.append(_check(check, place))
                except _Unreadable as error:
                    refused.append((" / ".join(place), str(error)))
    return Grid(
        name=_text(document.get("name"), LONGEST_WORDS),
        labels=_labels(document.get("statusLabels")),
        updated_at=_moment(document.get("lastUpdateTime")),
        checks=tuple(found),
        refused=tuple(refused),
    )


def parse_check(body: bytes) -> History:
    """Read one page of a check's history.

    :raises AnswerNotUnderstood: when this is no check
    """
    document = _object(body)
    rows = document.get("history")
    if not isinstance(rows, list):
        raise AnswerNotUnderstood("MaDDash's answer is no check with a history.", body_start=body)
    usual_graph = _graph(document.get("params"))
    found: list[Result] = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        moment, status = _moment(row.get("time")), _status(row.get("status"))
        if moment is None or status is None:
            continue
        found.append(
            Result(
                at=moment,
                status=status,
                message=_text(row.get("message"), LONGEST_WORDS),
                graph_url=_graph(row.get("returnParams")) or usual_graph,
            )
        )
    found.sort(key=lambda result: result.at)
    seconds, pages = (
        _number(document.get("checkInterval")),
        _number(document.get("historyPageCount")),
    )
    return History(
        results=tuple(found),
        pages=int(pages) if pages is not None and 0 < pages <= LATEST else 1,
        interval=timedelta(seconds=seconds) if seconds and 0 < seconds <= LATEST else None,
        broken=len(rows) - len(found),
    )


def _object(body: bytes) -> dict[str, Any]:
    document = read_json(body)
    if not isinstance(document, dict):
        raise AnswerNotUnderstood("MaDDash's answer is no object.", body_start=body)
    return document


def _check(check: Any, place: tuple[str, str, str]) -> Check:
    if not isinstance(check, dict):
        raise _Unreadable("It is no object.")
    row, column, name = _place(check.get("uri"), place)
    if not (row and column and name):
        raise _Unreadable("It does not say from where to where it goes.")
    if row == column:
        raise _Unreadable("It goes from a host to itself.")
    status = _status(check.get("status"))
    if status is None:
        raise _Unreadable(f"Its status is {check.get('status')!r}."[:LONGEST_WORDS])
    return Check(
        row=row,
        column=column,
        name=name,
        status=status,
        message=_text(check.get("message"), LONGEST_WORDS),
        checked_at=_moment(check.get("prevCheckTime")),
    )


def _place(uri: Any, shown: tuple[str, str, str]) -> tuple[str, str, str]:
    """Return source, destination and name of a check, from its address or else as shown."""
    if isinstance(uri, str) and uri.count("/") >= 4:
        row, column, name = (unquote_plus(part, errors="replace") for part in uri.split("/")[-3:])
        told = _host(row), _host(column), _text(name, LONGEST_LABEL)
        if all(told):
            return told
    return _host(shown[0]), _host(shown[1]), shown[2]


def _names(rows: Any) -> list[str]:
    """Return names that are given as texts or as objects with a name."""
    return [
        _text(row.get("name") if isinstance(row, dict) else row, LONGEST_LABEL)
        for row in (rows if isinstance(rows, list) else ())
    ]


def _at(names: list[str], number: int) -> str:
    return names[number] if number < len(names) else ""


def _labels(rows: Any) -> dict[int, str]:
    return {
        number: label
        for number, row in enumerate(rows if isinstance(rows, list) else ())
        if number <= LARGEST_STATUS and (label := _text(row, LONGEST_LABEL))
    }


def _graph(params: Any) -> str:
    """Return the address of the graph, if a reader can safely be sent there."""
    address = params.get("graphUrl") if isinstance(params, dict) else None
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        return ""
    is_clean = address.isprintable() and " " not in address and len(address) <= LONGEST_ADDRESS
    return address if is_clean else ""


def _host(value: str) -> str:
    """Return a host; of a label such as ``ps.example.org (CERN)`` its first word."""
    text, _, more = clean_line(value).partition(" ")
    is_host = len(text) <= LONGEST_NAME and ("." in text or not more)
    return text.lower() if is_host else ""


def _text(value: Any, length: int) -> str:
    return shorten(value, length) if isinstance(value, str) else ""


def _status(value: Any) -> int | None:
    number = _number(value)
    if number is None or number != int(number) or not 0 <= number <= LARGEST_STATUS:
        return None
    return int(number)


def _moment(value: Any) -> datetime | None:
    seconds = _number(value)
    if seconds is None or not 0 < seconds <= LATEST:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC)


def _number(value: Any) -> float | None:
    number = finite_number(value)
    return number if number is not None and abs(number) <= LATEST else None
