"""A classic DIRAC on loopback: the wire of its HTTPS services, documents that a test writes down.

It knows nothing of our parsers. As Tornado does it answers 404 and 501 with a page in HTML, and
401 to who shows no credential where one is wanted.
"""

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import Asked, Loopback, serving

RECORDED = Path(__file__).parent / "recorded" / "dirac"
STATUS = "ResourceStatus/ResourceStatus"
MANAGEMENT = "ResourceStatus/ResourceManagement"
PUBLISHER = "ResourceStatus/Publisher"
WMS = "WorkloadManagement/WMSAdministrator"
JOBS = "WorkloadManagement/JobMonitoring"
REQUESTS = "RequestManagement/ReqManager"
CONFIGURATION = "Configuration/Configuration"


def recorded(name: str) -> bytes:
    """Return a document that we wrote ourselves."""
    return (RECORDED / name).read_bytes()


def moment(text: str) -> dict[str, str]:
    """Return a moment as DIRAC writes it."""
    return {"__dCls": "dt", "obj": text}


def said(value: Any, **more: Any) -> bytes:
    """Return the answer of a call that went well."""
    return json.dumps({"OK": True, "Value": value, **more}).encode()


def packed(configuration: str) -> bytes:
    """Return a configuration as its service hands it out."""
    return said(b64encode(zlib.compress(configuration.encode("utf-8", "replace"))).decode())


def refused(message: str, number: int = 1001) -> bytes:
    """Return the answer of a call that failed."""
    return json.dumps({"OK": False, "Errno": number, "Message": message}).encode()


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    path: str
    method: str
    args: list[Any]
    group: str
    headers: dict[str, str]


Answer = bytes | tuple[int, bytes] | Callable[[Call], bytes]


@dataclass
class Dirac:
    """What this DIRAC answers: (service, method or ``select:Table``) -> body, (status, body), or
    what makes a body of the call.

    ``tornado`` names the services as a DIRAC 8 may; ``token`` is the only one that it lets in.
    """

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    tornado: bool = False
    token: str = ""
    calls: list[Call] = field(default_factory=list)
    server: Loopback | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def called(self, method: str) -> list[Call]:
        """Return the calls of a method, or of ``select:Table``."""
        return [
            call
            for call in self.calls
            if method in (call.method, f"{call.method}:{call.args[0] if call.args else ''}")
        ]

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        """Answer one call."""
        form = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
        call = Call(
            path=asked.path.strip("/"),
            method=form.get("method", ""),
            args=json.loads(form.get("args", "[]")),
            group=json.loads(form.get("extraCredentials", '""')),
            headers=asked.headers,
        )
        self.calls.append(call)
        status, body = self._find(call)
        handler.send_response(status)
        kind = "application/json" if status == 200 else "text/html; charset=UTF-8"
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _find(self, call: Call) -> tuple[int, bytes]:
        if self.token and call.headers.get("Authorization") != f"Bearer {self.token}":
            return _page(401, "Unauthorized")
        system, _, service = call.path.rpartition("/")
        if service.startswith("Tornado") != self.tornado:
            return _page(404, "Not Found")
        name = f"{system}/{service.removeprefix('Tornado')}"
        if not any(known == name for known, _ in self.answers):
            return _page(404, "Not Found")
        key = f"select:{call.args[0]}" if call.method == "select" else call.method
        answer = self.answers.get((name, key))
        if answer is None:
            return _page(501, "Not Implemented")
        if callable(answer):
            answer = answer(call)
        return answer if isinstance(answer, tuple) else (200, answer)


def _page(status: int, words: str) -> tuple[int, bytes]:
    return status, (
        f"<html><title>{status}: {words}</title><body>{status}: {words}</body></html>".encode()
    )


def history_of(name: str, document: str) -> Callable[[Call], bytes]:
    """Return what answers with a history of one thing, and with an empty one of others."""

    def answer(call: Call) -> bytes:
        asked = call.args[1]["Name"]
        return (
            recorded(document) if asked == name else said([], Columns=["status", "dateeffective"])
        )

    return answer


def counters(call: Call) -> bytes:
    """Answer jobs by site and status whatever status is asked for, or by minor status."""
    columns = call.args[0]
    return recorded("errors.json" if "MinorStatus" in columns else "counters.traps.json")


def usual_dirac() -> Dirac:
    """Return a DIRAC 8 where everything answers."""
    return Dirac(
        answers={
            (STATUS, "ping"): said({"version": "8.0.86", "time": moment("2026-01-12 08:30:00")}),
            (STATUS, "select:SiteStatus"): recorded("site-status.traps.json"),
            (STATUS, "select:ResourceStatus"): recorded("resource-status.json"),
            (STATUS, "select:SiteHistory"): history_of("GRID.JINR.ru", "site-history.json"),
            (STATUS, "select:ResourceHistory"): history_of("CNAF-STORM", "resource-history.json"),
            (JOBS, "getCounters"): counters,
            (WMS, "getSiteMaskStatus"): said(
                {"GRID.IN2P3.fr": "Active", "GRID.JINR.ru": "Banned", "GRID.INFN-CNAF.it": "NoMask"}
            ),
            (MANAGEMENT, "select:SpaceTokenOccupancyCache"): recorded("spaces.traps.json"),
            (REQUESTS, "getDBSummary"): recorded("requests.json"),
            (CONFIGURATION, "getCompressedData"): packed(recorded("configuration.cfg").decode()),
            (PUBLISHER, "getSitesResources"): said(
                {
                    "GRID.IN2P3.fr": {"ces": ["ce.in2p3.example.org"], "ses": []},
                    "GRID.INFN-CNAF.it": {"ces": [], "ses": ["se.cnaf.example.org"]},
                }
            ),
        }
    )


@contextmanager
def running_dirac(dirac: Dirac) -> Iterator[Dirac]:
    """Serve a DIRAC until the block ends."""
    with serving(dirac.answer) as server:
        dirac.server = server
        yield dirac
