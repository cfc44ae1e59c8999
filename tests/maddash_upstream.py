"""A MaDDash on loopback whose checks a test writes down; it knows nothing of our parsers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote_plus, unquote, unquote_plus

from tests.loopback import Asked, Loopback, serving


@dataclass
class CheckRow:
    """A check: its results are (moment, status, message), in the order of time."""

    row: str
    column: str
    name: str
    results: list[tuple[datetime, int, str]] = field(default_factory=list)
    graph_url: str = "https://graphs.example.org/?a=b"


@dataclass
class Maddash:
    """What it holds; ``instead`` refuses a grid, or a check's history, with a status."""

    grids: dict[str, list[CheckRow]] = field(default_factory=dict)
    labels: list[str | None] = field(default_factory=lambda: ["ok", "warn", "crit", "?", "-"])
    interval: int = 300
    instead: dict[str, int] = field(default_factory=dict)
    server: Loopback | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        assert self.server is not None
        return f"{self.server.url}/maddash"

    def histories(self) -> list[str]:
        """Return the paths of the checks whose history was asked for."""
        assert self.server is not None
        return [asked.path for asked in self.server.asked if asked.path.count("/") == 6]

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        """Answer one question; names in addresses are decoded twice, as the real one does."""
        parts = [unquote_plus(unquote(part)) for part in asked.path.split("/")[2:]]
        for part in (*parts[1:2], *parts[4:]):
            if part in self.instead:
                return _refuse(handler, self.instead[part])
        match parts:
            case ["grids"]:
                found: Any = {"grids": [{"name": name, "uri": "/x"} for name in self.grids]}
            case ["grids", name] if name in self.grids:
                found = self._grid(name)
            case ["grids", name, row, column, check]:
                wanted = [
                    one
                    for one in self.grids.get(name, [])
                    if (one.row, one.column, one.name) == (row, column, check)
                ]
                if not wanted:
                    return _refuse(handler, 404)
                found = self._check(wanted[0], asked)
            case _:
                return _refuse(handler, 404)
        return json.dumps(found).encode()

    def _grid(self, name: str) -> dict[str, Any]:
        checks = self.grids[name]
        rows = list(dict.fromkeys(check.row for check in checks))
        columns = list(dict.fromkeys(check.column for check in checks))
        names = sorted({check.name for check in checks})
        by_place = {(check.row, check.column, check.name): check for check in checks}
        cells: list[Any] = []
        for row in rows:
            line: list[Any] = []
            for column in columns:
                cell = [self._cell(name, by_place.get((row, column, one))) for one in names]
                line.append(cell if any(cell) else None)
            cells.append(line)
        times = [int(check.results[-1][0].timestamp()) for check in checks if check.results]
        return {
            "name": name,
            "statusLabels": self.labels,
            "lastUpdateTime": max(times, default=0),
            "columnNames": columns,
            "checkNames": names,
            "rows": [{"name": row, "uri": "/x", "props": {}} for row in rows],
            "grid": cells,
        }

    def _cell(self, grid: str, check: CheckRow | None) -> dict[str, Any] | None:
        if check is None:
            return None
        moment, status, message = check.results[-1] if check.results else (None, 4, "")
        place = "/".join(quote_plus(part) for part in (check.row, check.column, check.name))
        return {
            "message": f" {message} ",
            "status": status,
            "prevCheckTime": int(moment.timestamp()) if moment else 0,
            "uri": f"/maddash/grids/{grid}/{place}",
        }

    def _check(self, check: CheckRow, asked: Asked) -> dict[str, Any]:
        size, page = int(asked.query["resultsPerPage"]), int(asked.query["page"])
        newest_first = check.results[::-1]
        return {
            "checkInterval": self.interval,
            "historyPageCount": -(-len(newest_first) // size),
            "historyResultPerPage": size,
            "params": {},
            "history": [
                {
                    "time": int(moment.timestamp()),
                    "returnCode": status,
                    "message": message,
                    "returnParams": {"graphUrl": check.graph_url},
                    "status": status,
                }
                for moment, status, message in newest_first[page * size : (page + 1) * size]
            ],
        }


def _refuse(handler: BaseHTTPRequestHandler, status: int) -> None:
    body = b"Check resource not found"
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def running_maddash(maddash: Maddash) -> Iterator[Maddash]:
    """Serve it."""
    with serving(maddash.answer) as server:
        maddash.server = server
        yield maddash
