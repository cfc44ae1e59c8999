"""A perfSONAR archive on loopback whose measurements a test writes down."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import Asked, Loopback, serving

Points = list[tuple[datetime, Any]]


@dataclass
class TestRow:
    """A test between two hosts; ``data`` is by ``event-type/summary/window``."""

    __test__ = False

    key: str
    source: str
    destination: str
    data: dict[str, Points] = field(default_factory=dict)
    listed_windows: tuple[int, ...] = (0, 3600)
    addresses: tuple[str, str] = ("192.0.2.10", "198.51.100.20")


@dataclass
class Archive:
    """An archive of one generation, mounted at ``path``, which it believes to be ``known_as``.

    ``instead`` replaces the answer to every path that ends with one of its keys.
    """

    tests: list[TestRow] = field(default_factory=list)
    is_legacy: bool = False
    path: str = "/esmond/perfsonar/archive"
    known_as: str = "/esmond/perfsonar/archive"
    page_size: int = 1000
    empty_summaries: bool = False
    instead: dict[str, bytes | int] = field(default_factory=dict)
    server: Loopback | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        assert self.server is not None
        return f"{self.server.url}{self.path}"

    def asked_for(self, ending: str) -> list[Asked]:
        """Return the questions whose path ends like this."""
        assert self.server is not None
        return [asked for asked in self.server.asked if asked.path.endswith(ending)]

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        """Answer one question."""
        for ending, answer in self.instead.items():
            if asked.path.endswith(ending):
                return answer if isinstance(answer, bytes) else _refuse(handler, answer)
        rest = asked.path.removeprefix(self.path)
        if rest == asked.path:
            return _refuse(handler, 404)
        if rest.strip("/") == "":
            return json.dumps(self._list(asked)).encode()
        key, _, kind = rest.strip("/").partition("/")
        for test in self.tests:
            # The generations differ: elmond wants the window also where there is none.
            wanted = f"{kind}/0" if self.is_legacy and kind.endswith("/base") else kind
            if test.key == key and wanted.count("/") == 2:
                return json.dumps(self._points(test, wanted, asked)).encode()
        return _refuse(handler, 404)

    def _list(self, asked: Asked) -> list[dict[str, Any]]:
        wanted = asked.query["event-type"]
        rows = [
            self._row(test)
            for test in self.tests
            if any(kind.startswith(f"{wanted}/") for kind in test.data)
        ]
        offset = int(asked.query["offset"])
        page = rows[offset : offset + self.page_size]
        if page:
            page[0]["metadata-count-total"] = len(rows)
            more = offset + self.page_size < len(rows)
            page[0]["metadata-next-page"] = (
                f"http://localhost{self.known_as}/?event-type={wanted}"
                f"&limit={self.page_size}&offset={offset + self.page_size}"
                if more
                else None
            )
        return page

    def _row(self, test: TestRow) -> dict[str, Any]:
        uri = f"{self.known_as}/{test.key}"
        names = dict.fromkeys(kind.split("/")[0] for kind in test.data)
        return {
            "metadata-key": test.key,
            "source": test.addresses[0],
            "destination": test.addresses[1],
            "input-source": test.source,
            "input-destination": test.destination,
            "uri": uri,
            "event-types": [
                {
                    "event-type": name,
                    "base-uri": f"{uri}/{name}/base" + ("" if self.is_legacy else "/0"),
                    "time-updated": 1,
                    "summaries": [
                        {
                            "summary-type": "statistics",
                            "summary-window": str(window) if self.is_legacy else window,
                            "uri": f"{uri}/{name}/statistics/{window}",
                        }
                        for window in test.listed_windows
                        if name == "histogram-owdelay"
                    ],
                }
                for name in names
            ],
        }

    def _points(self, test: TestRow, kind: str, asked: Asked) -> list[dict[str, Any]]:
        if self.empty_summaries and not kind.endswith("/0"):
            return []
        starts, ends = asked.query.get("time-start"), asked.query.get("time-end")
        found = [
            {"ts": int(moment.timestamp()), "val": str(value) if self.is_legacy else value}
            if not isinstance(value, dict)
            else {"ts": int(moment.timestamp()), "val": value}
            for moment, value in sorted(test.data.get(kind, []), key=lambda point: point[0])
            if (starts is None or moment.timestamp() >= int(starts))
            and (ends is None or moment.timestamp() <= int(ends))
        ]
        offset = int(asked.query["offset"])
        return found[offset : offset + self.page_size]


def _refuse(handler: BaseHTTPRequestHandler, status: int) -> None:
    body = b"<!doctype html><title>Error</title><h1>Error</h1>"
    handler.send_response(status)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def running_archive(archive: Archive) -> Iterator[Archive]:
    """Serve it."""
    with serving(archive.answer) as server:
        archive.server = server
        yield archive


def every(
    minutes: int, *, since: datetime, until: datetime, value: Callable[[datetime], Any]
) -> Points:
    """Return a measurement every so many minutes; None is a minute in which none came."""
    step = minutes * 60
    moments = range(int(since.timestamp()), int(until.timestamp()), step)
    found = [(datetime.fromtimestamp(second, tz=since.tzinfo), second) for second in moments]
    return [(moment, told) for moment, _ in found if (told := value(moment)) is not None]
