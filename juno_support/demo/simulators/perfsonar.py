"""Simulators of two perfSONAR archives that answer esmond's interface.

Base addresses for clients: ``http://HOST:PORT/perfsonar/esmond/perfsonar/archive`` (perfSONAR 5,
elmond: addresses of data end in their window, ``/base/0``; numbers are numbers) and
``http://HOST:PORT/perfsonar-legacy/esmond/perfsonar/archive`` (esmond of the older toolkit:
``/base``; windows and some statistics are texts). The older one is that of IN2P3-CC: it holds the
tests to and from there; the other holds the rest. A test that does not run leaves no point.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from juno_support.demo.simulators import link_measurements as links
from juno_support.demo.simulators.addresses import ARCHIVE
from juno_support.demo.simulators.link_measurements import Measured, Pair
from juno_support.demo.simulators.upstream import HTML, Asked, Told, Upstream

LEGACY_SITE = "IN2P3-CC"
LOSS_EVERY = 60
THROUGHPUT_EVERY = 6 * 3600
MOST_POINTS = 40_000
MOST_SAMPLES = 12
WINDOWS = (300, 3600, 86400)
PACKETS = 600

_EVENTS = {
    "latency": (
        "failures",
        "packet-count-sent",
        "histogram-owdelay",
        "packet-loss-rate",
        "packet-count-lost",
    ),
    "throughput": ("failures", "throughput", "packet-retransmits"),
}
_SUMMARIES = {
    "packet-count-sent": (("aggregation", WINDOWS),),
    "packet-count-lost": (("aggregation", WINDOWS),),
    "packet-loss-rate": (("aggregation", WINDOWS),),
    "histogram-owdelay": (("statistics", (0, *WINDOWS)),),
    "throughput": (("average", (86400,)),),
}
_PLURAL = {"aggregation": "aggregations", "statistics": "statistics", "average": "averages"}

Json = dict[str, Any]


class PerfSonar(Upstream):
    """The WSGI app of the archive of perfSONAR 5."""

    mount = "perfsonar"
    source = "perfsonar"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "perfsonar": {
            "silent": "The tests have stopped: the archive works and has no new points.",
            "nometadata": "The archive knows no test: an empty list.",
        }
    }
    is_legacy = False

    def answer(self, asked: Asked) -> Told:
        """Answer a question to the archive."""
        path = asked.path.strip("/")
        if path != ARCHIVE and not path.startswith(ARCHIVE + "/"):
            return _error(404, "Not Found", "The requested URL was not found on the server.")
        rest = [part for part in path.removeprefix(ARCHIVE).split("/") if part]
        if not rest:
            return self._metadata(asked)
        pair = next((one for one in self._pairs() if self._key(one) == rest[0]), None)
        if pair is None:
            return _error(404, "Not Found", f"Unable to find metadata with key {rest[0]}")
        if len(rest) == 1:
            return Told([self._row(asked, pair, 1)])
        return self._data(asked, pair, rest[1:])

    def _pairs(self) -> list[Pair]:
        return [
            pair
            for pair in links.pairs()
            if (LEGACY_SITE in (pair.source.site, pair.destination.site)) == self.is_legacy
        ]

    def _key(self, pair: Pair) -> str:
        text = f"{pair.source.name} {pair.destination.name} {pair.kind}"
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def _base(self, pair: Pair) -> str:
        return f"/{self.mount}/{ARCHIVE}/{self._key(pair)}"

    # --- what is measured -----------------------------------------------------------------

    def _metadata(self, asked: Asked) -> Told:
        wanted = asked.parameters
        found = [] if asked.failure == "nometadata" else self._pairs()
        event = wanted.get("event-type", "")
        if event:
            found = [pair for pair in found if event in _EVENTS[pair.kind]]
        for name in ("source", "destination", "input-source", "input-destination"):
            if name in wanted:
                side = "source" if name.endswith("source") else "destination"
                found = [
                    pair
                    for pair in found
                    if wanted[name] in (getattr(pair, side).name, getattr(pair, side).address)
                ]
        if "time-range" in wanted or "time-start" in wanted:
            # Only tests that have points within that time.
            begins, ends = self._span(asked)
            found = [
                pair
                for pair in found
                if next(_points(asked, pair, begins, ends, newest=True), None) is not None
            ]
        total = len(found)
        offset, limit = (_whole(wanted.get(name, ""), 0) for name in ("offset", "limit"))
        some = found[offset : offset + limit if limit else None]
        rows = [self._row(asked, pair, total) for pair in some]
        if rows and offset + len(some) < total:
            address = f"{asked.address}/{self.mount}/{ARCHIVE}/?offset={offset + len(some)}"
            rows[0]["metadata-next-page"] = f"{address}&limit={limit}"
        return Told(rows)

    def _row(self, asked: Asked, pair: Pair, total: int) -> Json:
        now = int(asked.moment.timestamp())
        newest = next(_points(asked, pair, now - 10 * 86400, now, newest=True), None)
        updated = newest[0] if newest else now - 10 * 86400
        tool = "powstream" if pair.kind == "latency" else "iperf3"
        row: Json = {
            "destination": pair.destination.address,
            "event-types": [self._event(pair, name, updated) for name in _EVENTS[pair.kind]],
            "input-destination": pair.destination.name,
            "input-source": pair.source.name,
            "ip-transport-protocol": "udp" if pair.kind == "latency" else "tcp",
            "measurement-agent": pair.source.address,
            "metadata-count-total": total,
            "metadata-key": self._key(pair),
            "metadata-next-page": None,
            "metadata-previous-page": None,
            "source": pair.source.address,
            "subject-type": "point-to-point",
            "time-duration": "60" if self.is_legacy else 60,
            "tool-name": f"{'bwctl' if self.is_legacy else 'pscheduler'}/{tool}",
            "uri": self._base(pair),
            "url": f"{asked.address}{self._base(pair)}",
        }
        if not self.is_legacy:
            test = "latencybg" if pair.kind == "latency" else "throughput"
            row["pscheduler-test-type"] = test
        return row

    def _event(self, pair: Pair, name: str, updated: int) -> Json:
        base = f"{self._base(pair)}/{name}"
        return {
            "base-uri": f"{base}/base" if self.is_legacy else f"{base}/base/0",
            "event-type": name,
            "summaries": [
                {
                    "event-type": name,
                    "summary-type": kind,
                    "summary-window": str(window) if self.is_legacy else window,
                    "uri": f"{base}/{_PLURAL[kind]}/{window}",
                }
                for kind, windows in _SUMMARIES.get(name, ())
                for window in windows
            ],
            "time-updated": updated if name != "failures" else None,
        }

    # --- points ---------------------------------------------------------------------------

    def _data(self, asked: Asked, pair: Pair, rest: list[str]) -> Told:
        event, *how = rest
        if event not in _EVENTS[pair.kind]:
            return _error(400, "Bad Request", f"Unrecognized event type {event}")
        kind = how[0] if how else "base"
        window = _whole(how[1], -1) if len(how) > 1 else -1
        if kind == "base":
            # The new one's address has a window, always; the old one's has none.
            if (window == 0) == self.is_legacy:
                return _error(404, "Not Found", "The requested URL was not found on the server.")
            window = 0
        elif (kind, window) not in {
            (_PLURAL[name], one) for name, windows in _SUMMARIES.get(event, ()) for one in windows
        }:
            return _error(404, "Not Found", "The requested URL was not found on the server.")
        begins, ends = self._span(asked)
        # Of a long window, some of its measurements say enough.
        sparse = max(1, window // LOSS_EVERY // MOST_SAMPLES)
        points = list(_points(asked, pair, begins, ends, sparse=sparse))
        return Told(self._values(pair, event, kind, window, points))

    def _values(
        self, pair: Pair, event: str, kind: str, window: int, points: list[tuple[int, Measured]]
    ) -> list[Json]:
        if event == "failures":
            words = "iperf3 returned an error: unable to connect to server: Connection timed out"
            return [
                {"ts": ts, "val": {"error": words}}
                for ts, one in points
                if pair.kind == "throughput" and one.bits_per_second == 0
            ]
        if pair.kind == "throughput":
            # A test that cannot connect gives no throughput: it is among the failures.
            points = [(ts, one) for ts, one in points if one.bits_per_second > 0]
        if window == 0:
            return [
                {"ts": ts, "val": self._value(event, kind, [one])}
                for ts, one in points
                if event != "histogram-owdelay" or one.loss < 1
            ]
        grouped: dict[int, list[Measured]] = {}
        for ts, one in points:
            grouped.setdefault(ts // window * window, []).append(one)
        return [
            {"ts": ts, "val": self._value(event, kind, some)}
            for ts, some in grouped.items()
            if event != "histogram-owdelay" or any(one.loss < 1 for one in some)
        ]

    def _value(self, event: str, kind: str, some: list[Measured]) -> Any:
        if event == "packet-loss-rate":
            return round(sum(one.loss for one in some) / len(some), 6)
        if event == "packet-count-sent":
            return PACKETS * len(some)
        if event == "packet-count-lost":
            return round(sum(one.loss * PACKETS for one in some))
        if event == "throughput":
            return float(sum(one.bits_per_second for one in some) / len(some))
        if event == "packet-retransmits":
            return some[0].bits_per_second // 1_000_000_000
        delays = sorted(one.delay_ms for one in some if one.loss < 1)
        if kind == "base":
            received = round(PACKETS * (1 - some[0].loss))
            return {f"{delays[0]:.1f}": received - 3, f"{delays[0] + 0.3:.1f}": 3}
        return self._statistics(delays)

    def _statistics(self, delays: list[float]) -> Json:
        middle = delays[len(delays) // 2]
        values = {
            "minimum": delays[0],
            "maximum": round(delays[-1] + 0.4, 2),
            "median": middle,
            "mean": round(sum(delays) / len(delays), 2),
            "mode": [middle],
            "percentile-25": delays[len(delays) // 4],
            "percentile-75": delays[len(delays) * 3 // 4],
            "percentile-95": delays[min(len(delays) - 1, len(delays) * 19 // 20)],
            "standard-deviation": 0.1,
            "variance": 0.01,
        }
        if self.is_legacy:
            # The older one writes its extremes as texts.
            for name in ("minimum", "maximum"):
                values[name] = str(values[name])
        return values

    def _span(self, asked: Asked) -> tuple[int, int]:
        """Return the time that is asked for, in Unix seconds: at most what one answer holds."""
        now = int(asked.moment.timestamp())
        wanted = asked.parameters
        span = _whole(wanted.get("time-range", ""), 0)
        ends = _whole(wanted.get("time-end", ""), now)
        begins = _whole(wanted.get("time-start", ""), 0)
        if begins and span and "time-end" not in wanted:
            ends = begins + span
        elif not begins:
            begins = ends - (span or 86400)
        return max(begins, ends - MOST_POINTS * LOSS_EVERY), min(ends, now)


class LegacyPerfSonar(PerfSonar):
    """The WSGI app of the older archive."""

    mount = "perfsonar-legacy"
    is_legacy = True


def _points(
    asked: Asked, pair: Pair, begins: int, ends: int, *, newest: bool = False, sparse: int = 1
) -> Iterator[tuple[int, Measured]]:
    """Give the points of a time, oldest first or newest first; ``sparse``: each so many-th."""
    every = LOSS_EVERY * sparse if pair.kind == "latency" else THROUGHPUT_EVERY
    # Each pair has a minute or an hour of its own.
    shift = pair.number % every
    if asked.failure == "silent":
        stopped = asked.story.base - timedelta(hours=3)
        ends = min(ends, int(stopped.timestamp()))
    first = -(-(begins - shift) // every) * every + shift
    stamps = range(first, ends + 1, every)
    felt = links.felt_by(asked.story, pair)
    for ts in reversed(stamps) if newest else stamps:
        measured = links.measure(felt, pair, ts)
        if measured is not None:
            yield ts, measured


def _whole(text: str, default: int) -> int:
    return int(text) if text.lstrip("-").isdigit() else default


def _error(status: int, name: str, words: str) -> Told:
    text = (
        f"<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n"
        f"<h1>{name}</h1>\n<p>{words}</p>\n"
    )
    return Told(text, status=status, content_type=HTML)
