"""Ask a WSGI app in this process."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator
from xml.etree.ElementTree import Element, fromstring

from juno_support.demo.simulators.failures import WSGIApp


@dataclass(frozen=True)
class Answered:
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def root(self) -> Element:
        return fromstring(self.body)


def ask(app: WSGIApp, method: str = "", *, side: str = "public", **params: object) -> Answered:
    """Ask a method of the simulated GOCDB; WSGI's own validator watches."""
    query = urlencode({"method": method, **params} if method else params)
    return ask_path(app, f"/gocdbpi/{side}/", query)


def ask_path(
    app: WSGIApp,
    path: str,
    query: str = "",
    *,
    method: str = "GET",
    form: Mapping[str, str] | None = None,
    document: object = None,
    **headers: str,
) -> Answered:
    """Ask for a path; sends a form or a JSON document, if there is one, with POST."""
    body, kind = b"", ""
    if form is not None:
        body, kind, method = urlencode(form).encode(), "application/x-www-form-urlencoded", "POST"
    elif document is not None:
        body, kind, method = json.dumps(document).encode(), "application/json", "POST"
    environ: dict[str, object] = {
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    setup_testing_defaults(environ)
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> object:
        told.append((status, headers))
        return lambda data: None

    parts = validator(app)(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        parts.close()
    status, headers = told[-1]
    return Answered(int(status.split()[0]), dict(headers), body)
