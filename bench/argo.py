"""An ARGO as large as the real one: the states of bench.gocdb's 423 sites and 4,186 services.

    python -m bench.argo --port 9001

The states of yesterday and today are the same at every question but for the point that ARGO
invents at the end of each timeline. One endpoint in ten failed for a while, and one in fifty does
since last evening.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from bench.gocdb import sites
from juno_support.demo.simulators.server import make_upstreams_server

YESTERDAY: Final = "2000-01-01"
TODAY: Final = "2000-01-02"
NOW: Final = "2000-01-02T99:99:99Z"
FAILED_EVERY, FAILING_EVERY = 10, 50


def _line(number: int, *, is_wide: bool) -> list[dict[str, str]]:
    """Return a timeline as ARGO writes it; days and invented moment are put in at the question."""
    before = [("00:00:00", "OK")]
    if number % FAILED_EVERY == 0:
        before += [(f"11:{number % 60:02}:00", "CRITICAL"), (f"12:{number % 60:02}:30", "OK")]
    if number % FAILING_EVERY == 0:
        before.append((f"20:{number % 60:02}:10", "CRITICAL"))
    value = before[-1][1]
    points = [{"timestamp": f"{YESTERDAY}T{time}Z", "value": value} for time, value in before]
    return [
        *(points if is_wide else ()),
        {"timestamp": f"{TODAY}T00:00:00Z", "value": value},
        {"timestamp": NOW, "value": value},
    ]


def _status(*, is_wide: bool) -> dict[str, Any]:
    number, groups = 0, []
    for site in sites():
        endpoints = []
        for service in site.services:
            number += 1
            endpoints.append(
                {
                    "hostname": service.hostname,
                    "service": service.type,
                    "info": {"URL": f"https://{service.hostname}:8443/path"},
                    "statuses": _line(number, is_wide=is_wide),
                }
            )
        groups.append(
            {
                "name": site.name,
                "type": "SITES",
                "statuses": _line(site.id, is_wide=is_wide),
                "endpoints": endpoints,
            }
        )
    return {"groups": groups}


def _latest(status: dict[str, Any], before: str = NOW) -> dict[str, Any]:
    """Return what probes said wherever a state is not OK."""
    rows = [
        {
            "endpoint_group": group["name"],
            "service": endpoint["service"],
            "endpoint": endpoint["hostname"],
            "metric": "ch.cern.HTCondorCE-JobSubmit",
            "timestamp": point["timestamp"],
            "status": point["value"],
            "summary": "CRITICAL: the job was not started within an hour",
            "message": "condor_ping: Connection refused\n" * 5,
        }
        for group in status["groups"]
        for endpoint in group["endpoints"]
        for point in endpoint["statuses"][:-1]
        if point["value"] != "OK" and point["timestamp"] < before
    ]
    return {"status": {"message": "application/json", "code": "200"}, "data": {"metric_data": rows}}


def _results(status: dict[str, Any]) -> dict[str, Any]:
    row = {
        "date": YESTERDAY,
        "availability": "98.26389",
        "reliability": "99.1",
        "unknown": "0",
        "uptime": "0.98264",
        "downtime": "0",
    }
    groups = [
        {"name": group["name"], "type": "SITES", "results": [row]} for group in status["groups"]
    ]
    return {"results": [{"name": "EGI", "type": "NGI", "results": [], "groups": groups}]}


def make_app() -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return the app; its documents are made once."""
    status, wide = _status(is_wide=False), _status(is_wide=True)
    well = {"status": "OK", "timestamp": NOW, "message": "Flapping items percentage 2% (2/100)"}
    documents = {
        "v3/status/Critical": status,
        "v3/status/Critical since yesterday": wide,
        "v2/latest/Critical/SITES": _latest(status),
        "v2/latest/Critical/SITES since yesterday": _latest(wide, before=TODAY),
        "v3/results/Critical": _results(status),
        "v3/consistency": well,
        "v3/health": well,
    }
    bodies = {path: json.dumps(document).encode() for path, document in documents.items()}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/argo/api/")
        now = datetime.now(UTC)
        today, yesterday = f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}"
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        since = (asked.get("date") or asked.get("start_time") or [today])[0]
        body = bodies.get(f"{path} since yesterday" if since < today else path, bodies.get(path))
        if body is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"404 page not found\n"]
        body = body.replace(NOW.encode(), f"{now:%Y-%m-%dT%H:%M:%SZ}".encode())
        body = body.replace(TODAY.encode(), today.encode())
        body = body.replace(YESTERDAY.encode(), yesterday.encode())
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    return app


def main() -> None:
    """Serve until somebody ends us."""
    parser = argparse.ArgumentParser(prog="python -m bench.argo")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    make_upstreams_server(make_app(), host="127.0.0.1", port=port).serve_forever()


if __name__ == "__main__":
    main()
