"""All simulated upstreams in one WSGI app, and a bounded threaded server for them."""

import socketserver
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from juno_support.demo.simulators.argo import Argo
from juno_support.demo.simulators.dirac import Dirac
from juno_support.demo.simulators.diracx import DiracX
from juno_support.demo.simulators.failures import Environ, StartResponse, WSGIApp
from juno_support.demo.simulators.gocdb import Gocdb
from juno_support.demo.simulators.maddash import MaDDash
from juno_support.demo.simulators.perfsonar import LegacyPerfSonar, PerfSonar
from juno_support.demo.simulators.upstream import Upstream

MOST_CONNECTIONS = 24
JSON_UPSTREAMS: tuple[type[Upstream], ...] = (
    Argo,
    Dirac,
    DiracX,
    PerfSonar,
    LegacyPerfSonar,
    MaDDash,
)


class Upstreams:
    """The simulators, each below its own path."""

    def __init__(self, moment: Callable[[], datetime], switch_file: Path) -> None:
        """Make the app; the parameters are those of each simulator."""
        self._apps: dict[str, WSGIApp] = {"gocdbpi": Gocdb(moment, switch_file)}
        for kind in JSON_UPSTREAMS:
            self._apps[kind.mount.split("/")[0]] = kind(moment, switch_file)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the question to the simulator of its first path segment."""
        first = environ.get("PATH_INFO", "").strip("/").split("/", 1)[0]
        app = self._apps.get(first)
        if app is None:
            known = ", ".join(f"/{name}/" for name in self._apps)
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"The demo's upstreams: {known}\n".encode()]
        return app(environ, start_response)


class _QuietHandler(WSGIRequestHandler):
    # A client that sends nothing does not keep a thread for ever.
    timeout = 300

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the pollers log each question themselves."""


class _ThreadedServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that hang up, as they do when an answer drips."""


def make_upstreams_server(app: WSGIApp, *, host: str, port: int) -> WSGIServer:
    """Return a server that is bound and not yet serving; port 0 lets the system choose.

    :raises OSError: when the port is taken
    """
    return make_server(host, port, app, server_class=_ThreadedServer, handler_class=_QuietHandler)
