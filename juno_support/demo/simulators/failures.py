"""Ways in which an upstream can fail, as a layer around any simulator.

Each kind takes the simulator's honest answer and spoils it the way real servers do. Every kind
ends by itself: none holds a connection for longer than a few minutes.
"""

import gzip
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

SLOW_SECONDS = 20
TIMEOUT_SECONDS = 180
DRIP_SECONDS = 240
HUGE_BYTES = 160 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """An answer as the simulator gave it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


Spoiled = tuple[str, list[tuple[str, str]], Iterable[bytes]]
Wait = Callable[[float], None]
Kind = Callable[[Answer, Wait], Spoiled]

XML = [("Content-Type", "application/xml")]
TEXT = [("Content-Type", "text/plain; charset=utf-8")]
HTML = [("Content-Type", "text/html; charset=utf-8")]
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# One row of any answer: an element that stands directly below the root.
_ROW = re.compile(rb"^  <([A-Z][\w]*)\b[^\n]*(?:/>|>(?:\n(?!  </\1>)[^\n]*)*\n  </\1>)\n", re.M)


def _http500(answer: Answer, wait: Wait) -> Spoiled:
    """500 with a page of words."""
    return "500 Internal Server Error", HTML, [b"<html><h1>Internal Server Error</h1></html>"]


def _empty500(answer: Answer, wait: Wait) -> Spoiled:
    """500 without a body, as PHP does when its memory is used up."""
    return "500 Internal Server Error", XML, []


def _http503(answer: Answer, wait: Wait) -> Spoiled:
    """503 from a proxy in front."""
    headers = [*HTML, ("Retry-After", "120")]
    return "503 Service Unavailable", headers, [b"<html><h1>Service Unavailable</h1></html>"]


def _unauthorized(answer: Answer, wait: Wait) -> Spoiled:
    """403: the certificate or key is refused."""
    return "403 Forbidden", HTML, [b"<html><h1>Forbidden</h1></html>"]


def _notfound(answer: Answer, wait: Wait) -> Spoiled:
    """404: the address is wrong."""
    return "404 Not Found", HTML, [b"<html><h1>Not Found</h1></html>"]


def _toomany(answer: Answer, wait: Wait) -> Spoiled:
    """429: asked too often."""
    return "429 Too Many Requests", [*TEXT, ("Retry-After", "60")], [b"Too many requests\n"]


def _error200(answer: Answer, wait: Wait) -> Spoiled:
    """200 with an <error> document."""
    return "200 OK", XML, [b"<error>Unsupported parameter: scope</error>"]


def _text200(answer: Answer, wait: Wait) -> Spoiled:
    """200 with the words of an exception instead of XML, as when the database is away."""
    words = b"An exception occurred in driver: SQLSTATE[HY000] [2002] Connection refused"
    return "200 OK", XML, [words]


def _html200(answer: Answer, wait: Wait) -> Spoiled:
    """200 with an HTML page that asks to sign in."""
    return "200 OK", HTML, [b"<!DOCTYPE html>\n<html><title>Sign in</title><p>Sign in</p></html>"]


def _empty(answer: Answer, wait: Wait) -> Spoiled:
    """200 with an honest-looking document without any row."""
    return "200 OK", XML, [_HEAD + b"<results/>\n"]


def _nothing(answer: Answer, wait: Wait) -> Spoiled:
    """200 with no byte at all."""
    return "200 OK", XML, []


def _shrunk(answer: Answer, wait: Wait) -> Spoiled:
    """Well-formed, but two thirds of the rows are missing."""
    rows = 0

    def keep_some(match: re.Match[bytes]) -> bytes:
        nonlocal rows
        rows += 1
        return match[0] if rows % 3 == 1 else b""

    return answer.status, answer.headers, [_ROW.sub(keep_some, answer.body)]


def _halfrows(answer: Answer, wait: Wait) -> Spoiled:
    """Every second row is broken: no keys, dates that are none; the others are whole."""
    rows = 0

    def break_some(match: re.Match[bytes]) -> bytes:
        nonlocal rows
        rows += 1
        if rows % 2:
            return match[0]
        broken = re.sub(rb' (?:PRIMARY_KEY|NAME)="[^"]*"', b"", match[0])
        broken = re.sub(rb"\n *<(?:PRIMARY_KEY|HOSTNAME)>[^<]*</\w+>", b"", broken)
        return re.sub(rb"_DATE>\d+<", b"_DATE>soon<", broken)

    return answer.status, answer.headers, [_ROW.sub(break_some, answer.body)]


def _notwellformed(answer: Answer, wait: Wait) -> Spoiled:
    """Control characters in a text, pasted from a word processor: XML forbids them."""
    body = re.sub(rb"(<(?:DESCRIPTION|HOSTNAME|OFFICIAL_NAME)>)", b"\\1\x0b", answer.body, count=3)
    if body == answer.body:
        body = body.replace(b"</results>", b"\x0b</results>").replace(b"/>\n", b"/>\x0b\n", 1)
    return answer.status, answer.headers, [body]


def _truncated(answer: Answer, wait: Wait) -> Spoiled:
    """The document stops in the middle of an element, without an error."""
    return answer.status, answer.headers, [answer.body[: len(answer.body) * 2 // 3]]


def _broken(answer: Answer, wait: Wait) -> Spoiled:
    """A length is announced, and the connection breaks off before it is reached."""
    headers = [*answer.headers, ("Content-Length", str(len(answer.body) + 5000))]
    return answer.status, headers, [answer.body]


def _doctype(answer: Answer, wait: Wait) -> Spoiled:
    """A document type with entities that expand without end."""
    entities = b"".join(
        b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10 if i else b"ha") for i in range(9)
    )
    document = answer.body.removeprefix(_HEAD).replace(b"<results>", b"<results><X>&e8;</X>", 1)
    return "200 OK", XML, [_HEAD + b"<!DOCTYPE results [" + entities + b"]>\n" + document]


def _wrongroot(answer: Answer, wait: Wait) -> Spoiled:
    """Well-formed XML of something else."""
    return "200 OK", XML, [_HEAD + b"<rss><channel><title>News</title></channel></rss>\n"]


def _garbage(answer: Answer, wait: Wait) -> Spoiled:
    """Bytes without meaning."""
    return "200 OK", XML, [random.Random(1).randbytes(20_000)]  # noqa: S311


def _redirect(answer: Answer, wait: Wait) -> Spoiled:
    """Sent on to another host, which must not be followed."""
    return "302 Found", [*HTML, ("Location", "http://elsewhere.example.org/gocdbpi/")], []


def _slow(answer: Answer, wait: Wait) -> Spoiled:
    """The right answer, after 20 seconds."""
    wait(SLOW_SECONDS)
    return answer.status, answer.headers, [answer.body]


def _timeout(answer: Answer, wait: Wait) -> Spoiled:
    """Nothing for three minutes, then the connection ends."""
    wait(TIMEOUT_SECONDS)
    return "504 Gateway Timeout", TEXT, []


def _drip(answer: Answer, wait: Wait) -> Spoiled:
    """One byte every two seconds, for at most four minutes."""

    def drops() -> Iterator[bytes]:
        for i in range(min(DRIP_SECONDS // 2, len(answer.body))):
            yield answer.body[i : i + 1]
            wait(2)

    return answer.status, answer.headers, drops()


def _huge(answer: Answer, wait: Wait) -> Spoiled:
    """A body of 160 MB."""

    def rows() -> Iterator[bytes]:
        yield _HEAD + b"<results>\n"
        block = b"  <FILLER>" + b"x" * 1000 + b"</FILLER>\n"
        block *= 64
        for _ in range(HUGE_BYTES // len(block)):
            yield block
        yield b"</results>\n"

    return "200 OK", XML, rows()


def _gzipbomb(answer: Answer, wait: Wait) -> Spoiled:
    """A small compressed body that grows to 160 MB."""
    packed = gzip.compress(b" " * HUGE_BYTES, compresslevel=9, mtime=0)
    return "200 OK", [*XML, ("Content-Encoding", "gzip")], [packed]


KINDS: dict[str, Kind] = {
    function.__name__.removeprefix("_"): function
    for function in (
        _http500,
        _empty500,
        _http503,
        _unauthorized,
        _notfound,
        _toomany,
        _error200,
        _text200,
        _html200,
        _empty,
        _nothing,
        _shrunk,
        _halfrows,
        _notwellformed,
        _truncated,
        _broken,
        _doctype,
        _wrongroot,
        _garbage,
        _redirect,
        _slow,
        _timeout,
        _drip,
        _huge,
        _gzipbomb,
    )
}
"""Failure kinds by the word that switches them on; a kind's docstring says what it does."""

# Who answers so has not passed the question on: nothing comes of it, no token is spent.
REFUSALS = frozenset({"http503", "unauthorized", "notfound", "toomany", "redirect"})


def spoiled(
    app: WSGIApp,
    kind_for: Callable[[Environ], str | None],
    *,
    kinds: Mapping[str, Kind] | None = None,
    wait: Wait = time.sleep,
) -> WSGIApp:
    """Return the app, failing in the way that ``kind_for`` names for a question, if any.

    :param kinds: the kinds that fit the app's format; those of XML by default
    """
    known = KINDS if kinds is None else kinds

    def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        kind = kind_for(environ)
        if kind is None:
            return app(environ, start_response)
        if kind in REFUSALS:
            status, headers, parts = known[kind](Answer("200 OK", [], b""), wait)
            start_response(status, list(headers))
            return parts
        caught: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(app(environ, lambda status, headers, *_: caught.append((status, headers))))
        status, headers = caught[-1]
        headers = [pair for pair in headers if pair[0] != "Content-Length"]
        status, headers, parts = known[kind](Answer(status, headers, body), wait)
        # A copy: servers add to the list that they are given.
        start_response(status, list(headers))
        return parts

    return failing
