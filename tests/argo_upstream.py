"""An ARGO on loopback: fixed documents by path, and what was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.loopback import Asked, Loopback, serving

RECORDED = Path(__file__).parent / "recorded" / "argo"
API_KEY = "the-tenants-key"
NOT_FOUND = (404, b"404 page not found")
UNAUTHORIZED = {
    "status": {
        "message": "Unauthorized",
        "code": "401",
        "details": "You need to provide a correct authentication token using the header "
        "'x-api-key'",
    }
}
OK = {"status": "OK", "timestamp": "2026-01-12T11:30:00Z", "message": "No flapping items"}

Document = bytes | dict[str, Any] | tuple[int, bytes]


@dataclass
class Argo:
    """Answers with ``documents`` by path below ``/api``; other paths are not found."""

    documents: dict[str, Document] = field(default_factory=dict)
    server: Loopback | None = None

    @property
    def url(self) -> str:
        """The address up to ``/api``."""
        assert self.server is not None
        return f"{self.server.url}/api"

    @property
    def asked(self) -> list[Asked]:
        """Every request so far."""
        assert self.server is not None
        return self.server.asked

    def paths(self) -> list[str]:
        """The paths that were asked for, below ``/api``."""
        return [asked.path.removeprefix("/api") for asked in self.asked]


@contextmanager
def running_argo(argo: Argo) -> Iterator[Argo]:
    """Serve it until the block ends; it refuses whoever brings no key or another Accept."""

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        path = asked.path.removeprefix("/api")
        if page := asked.query.get("nextPageToken"):
            path += f"#{page}"
        document: Document = argo.documents.get(path, NOT_FOUND)
        if headers.get("accept") != "application/json":
            document = (406, b'{"status": {"message": "Not Acceptable", "code": "406"}}')
        elif headers.get("x-api-key") != API_KEY and not path.endswith(("/health", "/consistency")):
            document = (401, json.dumps(UNAUTHORIZED).encode())
        if isinstance(document, dict):
            document = json.dumps(document).encode()
        if isinstance(document, bytes):
            return document
        status, body = document
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return None

    with serving(answer) as argo.server:
        yield argo


def recorded(name: str) -> bytes:
    """A document that was written for the tests."""
    return (RECORDED / name).read_bytes()


def version_3(**others: Document) -> dict[str, Document]:
    """The documents of a day with every trap, of version 3."""
    return {
        "/v3/status/Critical": recorded("status.v3.traps.json"),
        "/v2/latest/Critical/SITES": recorded("latest.json"),
        "/v3/results/Critical": recorded("results.v3.json"),
        "/v3/consistency": OK,
        "/v3/health": OK,
        **others,
    }


def version_2() -> dict[str, Document]:
    """The documents of an ARGO that speaks version 2 alone; the endpoints come in two pages."""
    return {
        "/v2/status/Critical/SITES": recorded("status.v2.groups.json"),
        "/v2/status/Critical/endpoints": recorded("status.v2.endpoints-1.json"),
        "/v2/status/Critical/endpoints#Mg==": recorded("status.v2.endpoints-2.json"),
        "/v2/latest/Critical/SITES": recorded("latest.json"),
    }
