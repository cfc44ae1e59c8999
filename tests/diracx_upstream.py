"""A DiracX on loopback: the real rules of its tokens, and documents that a test writes down.

It knows nothing of our parsers. Its clock is the test's; a refresh token works once, and the
second use of one ends every login of the account, as DiracX 0.7 does.
"""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from django.test import override_settings

from tests.loopback import Asked, Loopback, serving

ACCESS_LIFE = timedelta(minutes=20)
REFRESH_LIFE = timedelta(minutes=60)
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Diracx:
    """What this DiracX holds; ``instead`` replaces (status, body) of a path."""

    now: datetime = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    pilots: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    found_jobs: list[dict[str, Any]] = field(default_factory=list)
    found_pilots: list[dict[str, Any]] = field(default_factory=list)
    same_errors: list[dict[str, Any]] = field(default_factory=list)
    instead: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    is_confirmed: bool = False
    # What a test looks at.
    refreshes: int = 0
    reuses: int = 0
    not_modified: int = 0
    questions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    server: Loopback | None = None
    _device: str = ""
    _access: dict[str, datetime] = field(default_factory=dict)
    _refresh: dict[str, datetime] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def end_access_tokens(self) -> None:
        """Forget every access token: what a restart with new keys does."""
        self._access.clear()

    def end_logins(self) -> None:
        """End every login of the account."""
        self._spent |= set(self._refresh)
        self._refresh.clear()

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        """Answer one question."""
        with self._lock:
            status, document, headers = self._answer(asked)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        if status == 304:
            body = b""
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if asked.path in self.instead:
            status, body = self.instead[asked.path]
            return status, body, {}
        if asked.path == "/api/auth/device":
            self._device = secrets.token_urlsafe(8)
            return (
                200,
                {
                    "user_code": "FBSQLQJV",
                    "device_code": self._device,
                    "verification_uri_complete": f"{self.url}/api/auth/device?user_code=FBSQLQJV",
                    "verification_uri": f"{self.url}/api/auth/device",
                    "expires_in": 600,
                },
                {},
            )
        if asked.path == "/api/auth/token":
            form = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
            return (*self._token(form), {})
        if asked.path == "/api/auth/revoke":
            self.end_logins()
            return 200, "Refresh token revoked", {}
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._access.get(token, self.now) <= self.now:
            return 401, {"detail": "Invalid JWT"}, {"WWW-Authenticate": "Bearer"}
        sent = json.loads(asked.body) if asked.body else {}
        self.questions.append((asked.path, sent))
        return self._document(asked, sent)

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        if form.get("grant_type") == DEVICE:
            if form.get("device_code") != self._device:
                return 401, {"detail": "Invalid device code"}
            if not self.is_confirmed:
                return 400, {"error": "authorization_pending"}
            self._device = ""
            return 200, self._pair()
        token = form.get("refresh_token", "")
        if token in self._spent:
            self.reuses += 1
            self.end_logins()
            return 401, {
                "detail": "Revoked refresh token reused: potential attack detected. "
                "You must authenticate again"
            }
        if self._refresh.get(token, self.now) <= self.now:
            return 401, {"detail": "expired_token: The token is expired"}
        del self._refresh[token]
        self._spent.add(token)
        self.refreshes += 1
        return 200, self._pair()

    def _pair(self) -> dict[str, Any]:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._access[access] = self.now + ACCESS_LIFE
        self._refresh[refresh] = self.now + REFRESH_LIFE
        return {
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "refresh_token": refresh,
        }

    def _document(self, asked: Asked, sent: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        path = asked.path
        if path == "/api/auth/userinfo":
            return (
                200,
                {"vo": "juno", "preferred_username": "shifter", "dirac_group": "juno_user"},
                {},
            )
        if path == "/api/jobs/summary":
            is_by_error = "MinorStatus" in {one.get("parameter") for one in sent["search"]}
            return 200, self.same_errors if is_by_error else self.jobs, {}
        if path == "/api/pilots/summary":
            return 200, self.pilots, {}
        if path == "/api/jobs/search":
            return _page("jobs", self.found_jobs)
        if path == "/api/pilots/search":
            return _page("pilots", self.found_pilots)
        kind = path.removeprefix("/api/rss/")
        if kind in self.states:
            etag = self.etags.get(kind, "")
            if etag and asked.headers.get("If-None-Match") == etag:
                self.not_modified += 1
                return 304, b"", {"ETag": etag}
            return 200, self.states[kind], {"ETag": etag} if etag else {}
        return 404, {"detail": "Not Found"}, {}


def _page(what: str, rows: list[dict[str, Any]]) -> tuple[int, Any, dict[str, str]]:
    if not rows:
        return 416, [], {"Content-Range": f"{what} */0"}
    return 206, rows, {"Content-Range": f"{what} 0-{len(rows) - 1}/{len(rows)}"}


def usual_diracx() -> Diracx:
    """Return one with two sites, of which one is in trouble."""
    return Diracx(
        jobs=[
            {"Site": "GRID.IHEP.cn", "Status": "Done", "count": 60},
            {"Site": "GRID.IHEP.cn", "Status": "Failed", "count": 1},
            {"Site": "GRID.IHEP.cn", "Status": "Running", "count": 40},
            {"Site": "GRID.INFN-CNAF.it", "Status": "Done", "count": 10},
            {"Site": "GRID.INFN-CNAF.it", "Status": "Failed", "count": 60},
            {"Site": "ANY", "Status": "Waiting", "count": 7},
        ],
        pilots=[
            {
                "DestinationSite": "GRID.INFN-CNAF.it",
                "GridSite": "ce02-htc.cr.cnaf.infn.it",
                "Status": "Aborted",
                "count": 25,
            },
            {
                "DestinationSite": "GRID.INFN-CNAF.it",
                "GridSite": "ce02-htc.cr.cnaf.infn.it",
                "Status": "Done",
                "count": 3,
            },
        ],
        states={
            "site": {
                "GRID.IHEP.cn": {"all": {"allowed": True, "warnings": None}},
                "GRID.INFN-CNAF.it": {"all": {"allowed": True, "warnings": "high failure rate"}},
                "GRID.JINR.ru": {"all": {"allowed": False, "reason": "downtime 34567"}},
            },
            "storage": {
                "CNAF-STORM": {
                    "read": {"allowed": True, "warnings": None},
                    "write": {"allowed": False, "reason": "space full"},
                    "check": {"allowed": True, "warnings": None},
                    "remove": {"allowed": True, "warnings": None},
                }
            },
            "compute": {
                "ce02-htc.cr.cnaf.infn.it": {"all": {"allowed": False, "reason": "pilots aborted"}}
            },
            "fts": {"fts3-juno.ihep.ac.cn": {"all": {"allowed": True, "warnings": None}}},
        },
        etags={kind: f"tag-{kind}" for kind in ("site", "storage", "compute", "fts")},
    )


@contextmanager
def running_diracx(diracx: Diracx) -> Iterator[Diracx]:
    """Serve it, and point the portal at it as the environment would."""
    with (
        serving(diracx.answer) as server,
        override_settings(JUNO_DIRACX_URL=server.url, JUNO_DIRACX_VO="juno"),
    ):
        diracx.server = server
        yield diracx
