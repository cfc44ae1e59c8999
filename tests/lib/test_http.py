"""lib/http: every way in which a server can misbehave, on a real socket."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from juno_support.lib import http
from tests.loopback import Asked, serving

# Patient enough for busy cores: who tests a limit names a short one.
QUICK = http.Limits(connect=5, read=5, total=15, body_bytes=10_000, tries=2, pause=0.01)


def respond(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes = b"",
    **headers: str,
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def test_the_answer_comes_back_with_its_facts() -> None:
    with serving(lambda asked, handler: b"<results/>") as server:
        answer = http.fetch(f"{server.url}/x", params={"method": "m", "scope": ""}, limits=QUICK)

    assert answer.body == b"<results/>"
    assert answer.status == 200
    assert answer.content_type == "application/xml"
    assert answer.clock_skew is not None
    assert abs(answer.clock_skew) < 5
    assert server.asked[0].query == {"method": "m", "scope": ""}


def test_gzip_is_asked_for_and_unpacked() -> None:
    packed = gzip.compress(b"a" * 5000)

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        assert asked.headers["Accept-Encoding"] == "gzip"
        respond(handler, 200, packed, Content_Encoding="gzip")

    with serving(answer) as server:
        assert http.fetch(server.url, limits=QUICK).body == b"a" * 5000


def test_a_gzip_bomb_is_cut_at_the_unpacked_size() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        respond(handler, 200, packed, Content_Encoding="gzip")

    with serving(answer) as server, pytest.raises(http.AnswerNotUnderstood) as fault:
        http.fetch(server.url, limits=QUICK)
    assert fault.value.permanent
    assert "larger than 10,000 bytes" in fault.value.reason


def test_a_huge_body_is_not_read_to_its_end() -> None:
    sent = 0

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(10_000):
            handler.wfile.write(b"x" * 10_000)
            sent += 10_000

    with serving(answer) as server, pytest.raises(http.AnswerNotUnderstood):
        http.fetch(server.url, limits=QUICK)
    assert sent < 100_000_000


def test_a_slow_drip_in_the_body_ends_at_the_deadline() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(400):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    started = time.monotonic()
    with serving(answer) as server, pytest.raises(http.ServiceUnavailable) as fault:
        http.fetch(server.url, limits=http.Limits(read=30, total=1, tries=3))
    assert time.monotonic() - started < 20, "the whole of it would take forty seconds"
    assert "within 1 s" in fault.value.reason


def test_a_drip_without_announced_length_is_no_short_answer() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(400):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    with serving(answer) as server, pytest.raises(http.ServiceUnavailable, match="within 1 s"):
        http.fetch(server.url, limits=http.Limits(read=30, total=1, tries=1))


def test_a_slow_drip_in_the_headers_ends_at_the_deadline() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(90):
            handler.wfile.write(f"X-{number}: y\r\n".encode())
            handler.wfile.flush()
            time.sleep(0.5)

    started = time.monotonic()
    with serving(answer) as server, pytest.raises(http.ServiceUnavailable, match="within 1 s"):
        http.fetch(server.url, limits=http.Limits(read=30, total=1, tries=1))
    assert time.monotonic() - started < 20, "the whole of it would take forty seconds"


def test_all_questions_of_a_poll_end_together() -> None:
    """Each is answered within its own limits; a source with hundreds of them must end too."""

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        time.sleep(1)
        respond(handler, 200, b"late, but there")

    answered = 0
    began = time.monotonic()
    with serving(answer) as server, http.all_within(2.5):
        with pytest.raises(http.ServiceUnavailable, match="all questions together"):
            for _ in range(20):
                http.fetch(server.url, limits=QUICK)
                answered += 1
        took = time.monotonic() - began
        # Whoever takes a fault of one question for a missing row does not wait for the others.
        asked = len(server.asked)
        for _ in range(20):
            with pytest.raises(http.ServiceUnavailable, match="all questions together"):
                http.fetch(server.url, limits=QUICK)

    assert 1 <= answered <= 3
    assert took < 12, "twenty answers would take twenty seconds"
    assert len(server.asked) == asked
    with serving(answer) as server:
        assert http.fetch(server.url, limits=QUICK).status == 200
        # A token that works once is never given up half-way.
        with http.all_within(0.1):
            assert http.fetch(server.url, limits=QUICK, is_apart=True).status == 200


def test_silence_ends_at_the_read_limit_and_is_tried_again() -> None:
    with (
        serving(lambda asked, handler: time.sleep(1.5) or b"late") as server,
        pytest.raises(http.ServiceUnavailable) as fault,
    ):
        http.fetch(server.url, limits=http.Limits(read=0.3, total=60, tries=2, pause=0.01))
    assert "Nothing came for 0.3 s" in fault.value.reason
    assert len(server.asked) == 2


def test_a_passing_fault_is_overcome_by_a_second_try() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        if len(server.asked) == 1:
            respond(handler, 503)
            return None
        return b"ok"

    with serving(answer) as server:
        assert http.fetch(server.url, limits=QUICK).body == b"ok"


def test_an_answer_that_breaks_off_is_tried_again() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        if len(server.asked) > 1:
            return b"whole"
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True
        return None

    with serving(answer) as server:
        assert http.fetch(server.url, limits=QUICK).body == b"whole"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_is_said_and_not_tried_again(status: int) -> None:
    with (
        serving(lambda asked, handler: respond(handler, status, b"who are you")) as server,
        pytest.raises(http.CredentialRefused) as fault,
    ):
        http.fetch(server.url, limits=QUICK)
    assert fault.value.permanent
    assert fault.value.status == status
    assert fault.value.body_start == b"who are you"
    assert len(server.asked) == 1


def test_another_status_is_not_understood() -> None:
    with (
        serving(lambda asked, handler: respond(handler, 404)) as server,
        pytest.raises(http.AnswerNotUnderstood, match="404") as fault,
    ):
        http.fetch(server.url, limits=QUICK)
    assert fault.value.permanent


def test_an_empty_500_is_unavailable_with_its_status() -> None:
    with (
        serving(lambda asked, handler: respond(handler, 500)) as server,
        pytest.raises(http.ServiceUnavailable) as fault,
    ):
        http.fetch(server.url, limits=QUICK)
    assert fault.value.status == 500
    assert not fault.value.permanent


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example.org/",
        "//evil.example.org/x",
        "http://127.0.0.1:1/",
        "https://127.0.0.2/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(target: str) -> None:
    with (
        serving(lambda asked, handler: respond(handler, 302, Location=target)) as server,
        pytest.raises(http.AnswerNotUnderstood, match="another host"),
    ):
        http.fetch(server.url, limits=QUICK)
    assert len(server.asked) == 1


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:70000/"])
def test_a_redirect_to_no_address_is_a_fault(target: str) -> None:
    with (
        serving(lambda asked, handler: respond(handler, 302, Location=target)) as server,
        pytest.raises(http.AnswerNotUnderstood, match="sent us on to what is no address"),
    ):
        http.fetch(server.url, limits=QUICK)
    assert len(server.asked) == 1


def test_a_redirect_within_the_host_is_followed() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        if asked.path == "/there":
            return b"here"
        respond(handler, 302, Location="/there?a=1")
        return None

    with serving(answer) as server:
        assert http.fetch(f"{server.url}/x", params={"b": "2"}, limits=QUICK).body == b"here"
    assert server.asked[1].query == {"a": "1"}


def test_a_circle_of_redirects_ends() -> None:
    with (
        serving(lambda asked, handler: respond(handler, 302, Location="/again")) as server,
        pytest.raises(http.AnswerNotUnderstood, match="more than 3 times"),
    ):
        http.fetch(server.url, limits=QUICK)
    assert len(server.asked) == 4


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(http.ServiceUnavailable, match="refused"):
        http.fetch(f"http://127.0.0.1:{port}/", limits=QUICK)


@contextmanager
def raw_server(reply: bytes) -> Iterator[str]:
    """Answer anything with fixed bytes that need not be HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_what_is_no_http_is_a_fault_in_words() -> None:
    with raw_server(b"SSH-2.0-OpenSSH_9.2\r\n") as url, pytest.raises(http.ServiceUnavailable):
        http.fetch(url, limits=QUICK)


def test_broken_compression_is_a_fault_in_words() -> None:
    with (
        serving(
            lambda asked, handler: respond(handler, 200, b"no gzip", Content_Encoding="gzip")
        ) as server,
        pytest.raises(http.AnswerNotUnderstood, match="compression"),
    ):
        http.fetch(server.url, limits=QUICK)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "x",
        "http://[::1",
        "http://h:70000/",
    ],
)
def test_only_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(http.AnswerNotUnderstood, match="no address"):
        http.fetch(url, limits=QUICK)


def test_a_missing_certificate_file_is_a_lasting_fault() -> None:
    with pytest.raises(http.ServiceUnavailable) as fault:
        http.fetch(
            "https://127.0.0.1:1/",
            certificate=http.Certificate("/nonexistent/cert.pem", "/nonexistent/key.pem"),
            limits=QUICK,
        )
    assert fault.value.permanent
    assert "cert.pem" in fault.value.reason


def test_a_wrong_date_header_is_measured_and_a_broken_one_ignored() -> None:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Date", asked.query["date"])
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(answer) as server:
        old = http.fetch(server.url, params={"date": "Mon, 12 Jan 2015 08:30:00 GMT"})
        broken = http.fetch(server.url, params={"date": "yesterday"})
    assert old.clock_skew is not None
    assert old.clock_skew < -300_000_000
    assert broken.clock_skew is None


def test_what_sends_something_is_sent_once() -> None:
    with (
        serving(lambda asked, handler: respond(handler, 503)) as server,
        pytest.raises(http.ServiceUnavailable),
    ):
        http.fetch(server.url, method="POST", data=b"x", limits=QUICK)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://user:secret@host.example.org:8443/a?b=c",
            "https://…@host.example.org:8443/a?b=c",
        ),
        ("https://token@host.example.org/", "https://…@host.example.org/"),
        ("https://host.example.org/a@b", "https://host.example.org/a@b"),
        ("https://[broken", "https://[broken"),
        ("", ""),
    ],
)
def test_a_password_in_an_address_is_not_shown(url: str, shown: str) -> None:
    assert http.without_password(url) == shown
