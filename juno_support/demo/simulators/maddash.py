"""A simulator of MaDDash, below ``/maddash``: dashboards, grids, cells, checks with their history.

Base address for clients: ``http://HOST:PORT/maddash``. Rows are sources, columns destinations; a
check whose name ends in ``Reverse`` goes the other way. A cell without a test is null. Addresses
are written as MaDDash writes them: with ``+`` for a space here and a bare space there.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote_plus

from juno_support.demo.simulators import link_measurements as links
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.link_measurements import Pair
from juno_support.demo.simulators.upstream import HTML, Asked, Told, Upstream

REMEMBERS = 15 * DAY
PAGE = 10
STALE = timedelta(hours=26)

OK, WARNING, CRITICAL, UNKNOWN, NOT_RUN, DOWN = range(6)
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN", "NOTRUN", "DOWN")

Json = dict[str, Any]


class Grid:
    """A grid: one kind of test between all hosts."""

    def __init__(
        self, name: str, kind: str, check: str, every: timedelta, labels: tuple[str, ...]
    ) -> None:
        """Keep what it is; ``every`` is how often its checks run."""
        self.name = name
        self.kind = kind
        self.checks = (check, f"{check} Reverse")
        self.every = every
        self.labels = labels

    @property
    def hosts(self) -> list[str]:
        """Return the names of its rows and columns."""
        return sorted(host.name for host in links.hosts(self.kind).values())

    def pair(self, row: str, column: str, check: str) -> Pair | None:
        """Return the test behind a check."""
        if check == self.checks[1]:
            row, column = column, row
        for pair in links.pairs():
            ends = (pair.source.name, pair.destination.name)
            if pair.kind == self.kind and ends == (row, column):
                return pair
        return None


GRIDS = (
    Grid(
        "JUNO - OWAMP Loss",
        "latency",
        "Loss",
        timedelta(minutes=15),
        (
            "Loss rate is <= 0.1%",
            "Loss rate is > 0.1%",
            "Loss rate is >= 10%",
            "Unable to retrieve data",
            "Check has not yet run",
        ),
    ),
    Grid(
        "JUNO - Throughput",
        "throughput",
        "Throughput",
        timedelta(hours=2),
        (
            "Throughput >= 3Gbps",
            "Throughput < 3Gbps",
            "Throughput <= 1Gbps",
            "Unable to retrieve data",
            "Check has not yet run",
        ),
    ),
)


class MaDDash(Upstream):
    """The WSGI app."""

    mount = "maddash"
    source = "maddash"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "maddash": {
            "stale": "No check has run since yesterday; the grids are shown as they were.",
            "notrun": "No check has run yet at all: every cell has status 4.",
        }
    }

    def answer(self, asked: Asked) -> Told:
        """Answer a question to MaDDash."""
        # In the path, too, it takes a plus for a space.
        segments = [part.replace("+", " ") for part in asked.segments]
        if asked.method != "GET" or not segments:
            return _not_found()
        if segments == ["dashboards"]:
            rows = [{"name": grid.name, "uri": _grid_uri(grid)} for grid in GRIDS]
            return Told({"dashboards": [{"name": "JUNO", "grids": rows}]})
        if segments == ["events"]:
            return Told({"events": []})
        if segments[0] != "grids":
            return _not_found()
        if len(segments) == 1:
            return Told({"grids": [{"name": grid.name, "uri": _grid_uri(grid)} for grid in GRIDS]})
        grid = next((one for one in GRIDS if one.name == segments[1]), None)
        if grid is None:
            return _not_found()
        if len(segments) == 2:
            return Told(_grid(asked, grid))
        if len(segments) in (3, 4):
            return _names(grid, segments)
        if len(segments) == 5:
            return _check(asked, grid, *segments[2:])
        return _not_found()


def _not_found() -> Told:
    return Told("<html><h1>404 Not Found</h1></html>", status=404, content_type=HTML)


def _grid_uri(grid: Grid) -> str:
    return f"/maddash/grids/{quote_plus(grid.name)}"


def _runs(asked: Asked, grid: Grid, pair: Pair) -> Iterator[int]:
    """Give the moments at which a check ran, in Unix seconds, newest first."""
    if asked.failure == "notrun":
        return
    now = asked.moment - (STALE if asked.failure == "stale" else timedelta(0))
    every = int(grid.every.total_seconds())
    shift = pair.number % every
    last = (int(now.timestamp()) - shift) // every * every + shift
    yield from range(last, int((now - REMEMBERS).timestamp()), -every)


def _result(asked: Asked, grid: Grid, pair: Pair, at: int) -> tuple[int, str, Json]:
    """Return status, message and numbers of one run."""
    measured = links.measure(links.felt_by(asked.story, pair), pair, at)
    graph = (
        "http://ps-dashboard.example.org/perfsonar-graphs/?"
        f"source={pair.source.address}&dest={pair.destination.address}"
    )
    if measured is None or (grid.kind == "throughput" and measured.bits_per_second == 0):
        return UNKNOWN, " Unable to find any tests with data in the given time range ", {}
    if grid.kind == "latency":
        status = CRITICAL if measured.loss >= 0.1 else WARNING if measured.loss > 0.001 else OK
        message = f" Average Loss Rate is {100 * measured.loss:.3f}% "
        number = measured.loss
    else:
        gigabits = measured.bits_per_second / 1e9
        status = CRITICAL if gigabits <= 1 else WARNING if gigabits < 3 else OK
        message = f" Average throughput is {gigabits:.3f}Gbps "
        number = gigabits
    # Its numbers are texts.
    numbers = {
        "Count": "4",
        "Average": str(number),
        "Min": str(round(number * 0.98, 6)),
        "Max": str(round(number * 1.02, 6)),
        "Standard_Deviation": str(round(number * 0.01, 9)),
        "graphUrl": graph,
        "maUrl": f"https://{pair.source.name}/esmond/perfsonar/archive",
    }
    return status, message, numbers


def _cell(asked: Asked, grid: Grid, row: str, column: str) -> list[Json | None] | None:
    if all(grid.pair(row, column, check) is None for check in grid.checks):
        return None
    found: list[Json | None] = []
    for check in grid.checks:
        pair = grid.pair(row, column, check)
        if pair is None:
            found.append(None)
            continue
        at = next(_runs(asked, grid, pair), None)
        status, message, _numbers = (
            (NOT_RUN, "Check has not yet run", {}) if at is None else _result(asked, grid, pair, at)
        )
        found.append(
            {
                "message": message,
                "status": status,
                "prevCheckTime": at or 0,
                # The grid's name as it is, the check's with a plus: so MaDDash does.
                "uri": f"/maddash/grids/{grid.name}/{row}/{column}/{quote_plus(check)}",
            }
        )
    return found


def _grid(asked: Asked, grid: Grid) -> Json:
    cells = [[_cell(asked, grid, row, column) for column in grid.hosts] for row in grid.hosts]
    checked = [
        one["prevCheckTime"] for line in cells for cell in line if cell for one in cell if one
    ]
    props = {"added_by_mesh_agent": "yes"}
    return {
        "name": grid.name,
        "statusLabels": list(grid.labels),
        "lastUpdateTime": max(checked, default=0),
        "columnNames": grid.hosts,
        "columnProps": [props | {"label": host} for host in grid.hosts],
        "checkNames": list(grid.checks),
        "grid": cells,
        "rows": [
            {
                "name": host,
                "uri": f"/maddash/grids/{grid.name}/{host}",
                "props": props | {"label": host},
            }
            for host in grid.hosts
        ],
        "report": {
            "mesh": {"name": grid.name},
            "global": _report(cells),
            "sites": {host: _report([line]) for host, line in zip(grid.hosts, cells, strict=True)},
        },
    }


def _report(cells: list[list[list[Json | None] | None]]) -> Json:
    stats = [0] * 6
    for line in cells:
        for cell in line:
            for one in cell or ():
                if one:
                    stats[one["status"]] += 1
    return {"stats": stats, "severity": max((s for s in (1, 2) if stats[s]), default=0)}


def _names(grid: Grid, segments: list[str]) -> Told:
    """Return the cells of a row, or the checks of a cell."""
    row = segments[2]
    if row not in grid.hosts:
        return _not_found()
    base = f"/maddash/grids/{quote_plus(grid.name)}/{row}"
    if len(segments) == 3:
        columns = [host for host in grid.hosts if grid.pair(row, host, grid.checks[0]) is not None]
        return Told({"cells": [{"name": host, "uri": f"{base}/{host}"} for host in columns]})
    checks = [
        {"name": check, "uri": f"{base}/{segments[3]}/{quote_plus(check)}"}
        for check in grid.checks
        if grid.pair(row, segments[3], check) is not None
    ]
    return Told({"checks": checks}) if checks else _not_found()


def _check(asked: Asked, grid: Grid, row: str, column: str, check: str) -> Told:
    pair = grid.pair(row, column, check) if check in grid.checks else None
    if pair is None:
        return _not_found()
    page, size = (
        int(text) if (text := asked.parameters.get(name, "")).isdigit() else default
        for name, default in (("page", 0), ("resultsPerPage", PAGE))
    )
    runs = list(_runs(asked, grid, pair))
    size = max(1, size)
    history = []
    for at in runs[page * size : (page + 1) * size]:
        status, message, numbers = _result(asked, grid, pair, at)
        history.append(
            {
                "time": at,
                "returnCode": status,
                "message": message,
                "returnParams": numbers,
                "returnCodeCount": 0,
                "status": status,
            }
        )
    status, message, numbers = (
        _result(asked, grid, pair, runs[0]) if runs else (NOT_RUN, "Check has not yet run", {})
    )
    seconds = int(grid.every.total_seconds())
    last = runs[0] if runs else 0
    return Told(
        {
            "gridName": grid.name,
            "rowName": row,
            "colName": column,
            "checkName": check,
            "description": f"{grid.checks[0]} from {pair.source.name} to {pair.destination.name}",
            "prevCheckTime": last,
            "nextCheckTime": last + seconds,
            "status": status,
            "returnCode": status,
            "message": message,
            "returnCodeCount": 0,
            "type": "net.es.maddash.checks.PSNagiosCheck",
            "params": {
                "graphUrl": numbers.get("graphUrl", ""),
                "command": f"/usr/lib64/nagios/plugins/check_{grid.kind}.pl -u %maUrl",
                "maUrl": f"https://{pair.source.name}/esmond/perfsonar/archive",
            },
            "checkInterval": seconds,
            "retryInterval": 600,
            "retryAttempts": 3,
            "statusShortName": _WORDS[status],
            "historyPageCount": -(-len(runs) // size),
            "historyResultPerPage": size,
            "history": history,
        }
    )
