"""lib/http over TLS: who is believed, and showing a client certificate."""

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from juno_support.lib import http as portal_http

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the keys of these tests")
QUICK = portal_http.Limits(connect=15, read=15, total=30, tries=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("keys")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(key), "-out", str(certificate),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<results/>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Be quiet."""


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """A refused handshake is what these tests are about."""


@pytest.fixture(params=["anybody", "certificate wanted"])
def server(request: pytest.FixtureRequest, keys: tuple[Path, Path]) -> Iterator[str]:
    certificate, key = keys
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if request.param == "certificate wanted":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate)
    running = Server(("127.0.0.1", 0), Handler)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{running.server_address[1]}/"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_certificate_is_shown_where_there_is_one(server: str, keys: tuple[Path, Path]) -> None:
    certificate, key = keys
    answer = portal_http.fetch(
        server,
        ca_bundle=str(certificate),
        certificate=portal_http.Certificate(str(certificate), str(key)),
        limits=QUICK,
    )
    assert answer.body == b"<results/>"


def test_a_server_that_nobody_vouches_for_is_not_believed(server: str) -> None:
    with pytest.raises(portal_http.ServiceUnavailable, match="TLS"):
        portal_http.fetch(server, limits=QUICK)


@pytest.mark.parametrize("server", ["certificate wanted"], indirect=True)
def test_without_the_certificate_that_is_wanted_nothing_comes(
    server: str, keys: tuple[Path, Path]
) -> None:
    with pytest.raises(portal_http.ServiceUnavailable):
        portal_http.fetch(server, ca_bundle=str(keys[0]), limits=QUICK)


def test_a_handshake_that_never_ends_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        with pytest.raises(portal_http.ServiceUnavailable):
            portal_http.fetch(
                f"https://127.0.0.1:{listener.getsockname()[1]}/",
                limits=portal_http.Limits(connect=30, read=30, total=1, tries=1),
            )
    assert time.monotonic() - started < 20
