"""The kinds of failure for upstreams that answer in JSON.

What does not depend on the format is the same as for XML; the rest are twins of those.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from juno_support.demo.simulators import failures
from juno_support.demo.simulators.failures import HTML, TEXT, Answer, Kind, Spoiled, Wait

JSON = [("Content-Type", "application/json")]
DEPTH = 100_000
# What identifies or dates a row, in any of the formats.
_KEYS = frozenset(
    (
        "name", "hostname", "endpoint", "timestamp", "value", "status", "Name", "Site", "Status",
        "DateEffective", "metadata-key", "input-source", "source", "ts", "val", "time", "count",
        "prevCheckTime",
    )
)  # fmt: skip
# Below which of its keys a document has its rows.
_ROWS = (
    "Value", "Records", "groups", "metric_data", "data", "results", "result", "endpoints",
    "grid", "history", "dashboards", "root",
)  # fmt: skip


def _unauthorized(answer: Answer, wait: Wait) -> Spoiled:
    """401: the certificate, key or token is refused."""
    return "401 Unauthorized", HTML, [b"<html><body>401: Unauthorized</body></html>"]


def _empty500(answer: Answer, wait: Wait) -> Spoiled:
    """500 without a body."""
    return "500 Internal Server Error", JSON, []


def _text200(answer: Answer, wait: Wait) -> Spoiled:
    """200 with the words of an exception instead of JSON, as when the database is away."""
    return "200 OK", JSON, [b"no reachable servers: connection refused"]


def _error200(answer: Answer, wait: Wait) -> Spoiled:
    """200 with a JSON document that says that something went wrong."""
    return "200 OK", JSON, [b'{"error": {"code": 500, "message": "Database is not available"}}']


def _empty(answer: Answer, wait: Wait) -> Spoiled:
    """200 with an honest-looking document of the right shape without any row."""
    return _changed(answer, lambda rows: [])


def _nothing(answer: Answer, wait: Wait) -> Spoiled:
    """200 with no byte at all."""
    return "200 OK", JSON, []


def _shrunk(answer: Answer, wait: Wait) -> Spoiled:
    """Well-formed, but two thirds of the rows are missing."""
    return _changed(answer, lambda rows: rows[::3])


def _halfrows(answer: Answer, wait: Wait) -> Spoiled:
    """Every second row is broken: no names, no dates; the others are whole."""

    def break_some(rows: list[Any]) -> list[Any]:
        return [_broken_row(row) if i % 2 else row for i, row in enumerate(rows)]

    return _changed(answer, break_some)


def _notwellformed(answer: Answer, wait: Wait) -> Spoiled:
    """A control character in the middle, and a comma too many: JSON forbids both."""
    middle = len(answer.body) // 2
    body = answer.body[:middle] + b"\x0b," + answer.body[middle:]
    return answer.status, answer.headers, [body]


def _notanumber(answer: Answer, wait: Wait) -> Spoiled:
    """Numbers that are none: NaN and Infinity, as careless programs write them."""
    body = b'{"rows": [NaN, -Infinity, 1e999], "data": ' + (answer.body or b"null") + b"}"
    return answer.status, answer.headers, [body]


def _wrongroot(answer: Answer, wait: Wait) -> Spoiled:
    """Well-formed JSON of something else."""
    return "200 OK", JSON, [b'{"articles": [{"title": "News", "views": 12}], "page": 1}\n']


def _scalar(answer: Answer, wait: Wait) -> Spoiled:
    """Well-formed JSON that is a single number."""
    return "200 OK", JSON, [b"42\n"]


def _deep(answer: Answer, wait: Wait) -> Spoiled:
    """Lists in lists in lists, deeper than a parser dares to go."""
    return "200 OK", JSON, [b"[" * DEPTH + b"]" * DEPTH]


def _garbage(answer: Answer, wait: Wait) -> Spoiled:
    """Bytes without meaning."""
    return "200 OK", JSON, [random.Random(1).randbytes(20_000)]  # noqa: S311


def _huge(answer: Answer, wait: Wait) -> Spoiled:
    """A body of 160 MB."""

    def rows() -> Iterator[bytes]:
        yield b'{"rows": ["'
        block = b"x" * 64_000
        for _ in range(failures.HUGE_BYTES // len(block)):
            yield block
        yield b'"]}'

    return "200 OK", JSON, rows()


def _gzipbomb(answer: Answer, wait: Wait) -> Spoiled:
    """A small compressed body that grows to 160 MB."""
    packed = gzip.compress(b" " * failures.HUGE_BYTES, compresslevel=9, mtime=0)
    return "200 OK", [*JSON, ("Content-Encoding", "gzip")], [packed]


def _conflict(answer: Answer, wait: Wait) -> Spoiled:
    """409, a status that nobody expects here."""
    return "409 Conflict", TEXT, [b"Conflict\n"]


def _changed(answer: Answer, change: Callable[[list[Any]], list[Any]]) -> Spoiled:
    """Return the answer with its rows changed, or as it was where it has none."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return answer.status, answer.headers, [answer.body]
    body = json.dumps(_with_rows(document, change), ensure_ascii=False).encode()
    return answer.status, answer.headers, [body]


def _with_rows(document: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    if isinstance(document, list):
        return change(document)
    if not isinstance(document, dict):
        return document
    for key in _ROWS:
        if isinstance(document.get(key), list | dict):
            return document | {key: _with_rows(document[key], change)}
    if document and all(isinstance(value, dict) for value in document.values()):
        # Rows by name, as DiracX gives its resources.
        return dict(change(list(document.items())))
    return document


def _broken_row(row: Any) -> Any:
    if isinstance(row, dict):
        return {
            key: (None if key in ("timestamp", "ts") else value)
            for key, value in row.items()
            if key not in _KEYS or key in ("timestamp", "ts")
        }
    if isinstance(row, tuple):
        return row[0], {}
    if isinstance(row, list):
        return [None, *row[1:-1]]
    return None


KINDS: dict[str, Kind] = {
    **{
        kind: failures.KINDS[kind]
        for kind in (
            "http500", "http503", "notfound", "toomany", "html200", "truncated", "broken",
            "redirect", "slow", "timeout", "drip",
        )
    },
    **{
        function.__name__.removeprefix("_"): function
        for function in (
            _unauthorized,
            _empty500,
            _text200,
            _error200,
            _empty,
            _nothing,
            _shrunk,
            _halfrows,
            _notwellformed,
            _notanumber,
            _wrongroot,
            _scalar,
            _deep,
            _garbage,
            _huge,
            _gzipbomb,
            _conflict,
        )
    },
}  # fmt: skip
"""Failure kinds by the word that switches them on; a kind's docstring says what it does."""
