"""The one way out: ask another program something over HTTP.

Every question has separate limits for connecting and for each read, a deadline for the whole
exchange (a drip of single bytes cannot outlive it, neither in the headers nor in the body), a cap
on the body after decompression, a few tries with growing pauses, and never follows a redirect to
another host.
"""

import random
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from juno_support.lib.faults import (
    AnswerNotUnderstood,
    CredentialRefused,
    FetchFault,
    ServiceUnavailable,
)

__all__ = [
    "Answer",
    "AnswerNotUnderstood",
    "Certificate",
    "CredentialRefused",
    "FetchFault",
    "Limits",
    "ServiceUnavailable",
    "all_within",
    "fetch",
    "without_password",
]

USER_AGENT = "juno-support"
MAX_REDIRECTS = 3
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """How long and how much. Times in seconds, sizes in bytes after decompression."""

    connect: float = 10
    read: float = 60
    total: float = 120
    body_bytes: int = 64 * 1024 * 1024
    tries: int = 3
    pause: float = 0.5


@dataclass(frozen=True)
class Certificate:
    """Paths of a client certificate and its key (PEM); one path where both are in one file."""

    certificate: str
    key: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came back with a status that was accepted; ``clock_skew`` is their clock minus ours.

    The names of ``headers`` are in lower case.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    clock_skew: float | None
    headers: Mapping[str, str] = field(default_factory=dict)


_ALL_OVER = "The time for all questions together is over."
# When the time of all questions together is over, on the monotonic clock; each thread has its own.
_ALL_END: ContextVar[float | None] = ContextVar("_ALL_END", default=None)


@contextmanager
def all_within(seconds: float) -> Iterator[None]:
    """Let all questions that are asked inside end together, besides the limits of each."""
    before = _ALL_END.get()
    ends = time.monotonic() + seconds
    token = _ALL_END.set(ends if before is None else min(ends, before))
    try:
        yield
    finally:
        _ALL_END.reset(token)


def fetch(
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    method: str = "GET",
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    certificate: Certificate | None = None,
    ca_bundle: str | None = None,
    limits: Limits | None = None,
    accept: Collection[int] = (),
    repeatable: bool = False,
    is_apart: bool = False,
) -> Answer:
    """Ask ``url`` and return the answer.

    Only GET and HEAD are tried again by themselves; what sends something is sent once.

    :param accept: statuses outside the 2xx family that are an answer too, such as 304
    :param repeatable: a POST that only asks, and may be sent again
    :param is_apart: has its own limits only, whatever ``all_within`` says: what must not be given
        up half-way, such as a token that works once

    :raises CredentialRefused: on 401 and 403
    :raises ServiceUnavailable: when nothing, too little or a 5xx came within the limits
    :raises AnswerNotUnderstood: on another status, a redirect elsewhere, or a body over the cap
    """
    limits = limits or Limits()
    _check_address(url)
    ends = time.monotonic() + limits.total
    all_end = None if is_apart else _ALL_END.get()
    if all_end is not None:
        if time.monotonic() >= all_end:
            raise ServiceUnavailable(_ALL_OVER, permanent=True)
        ends = min(ends, all_end)
    tries = limits.tries if repeatable or method in ("GET", "HEAD") else 1
    for attempt in range(1, tries + 1):
        try:
            return _try_once(
                url,
                params=params,
                method=method,
                data=data,
                headers=headers,
                certificate=certificate,
                ca_bundle=ca_bundle,
                limits=limits,
                ends=ends,
                accept=accept,
            )
        except ServiceUnavailable as fault:
            # Jitter, so that many pollers do not come back at the same moment.
            wait = limits.pause * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
            if fault.permanent or attempt == tries or time.monotonic() + wait >= ends:
                raise
            time.sleep(wait)
    raise AssertionError("unreachable: the last try returns or raises")


def without_password(url: str) -> str:
    """Return an address as it may be shown: a name and a password in it are left out."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}").geturl()


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_web = False
    if not is_web:
        raise AnswerNotUnderstood(
            f"{url!r} is no address that can be asked; it must begin with http:// or https://.",
            permanent=True,
        )


def _try_once(
    url: str,
    *,
    params: Mapping[str, str] | None,
    method: str,
    data: bytes | None,
    headers: Mapping[str, str] | None,
    certificate: Certificate | None,
    ca_bundle: str | None,
    limits: Limits,
    ends: float,
    accept: Collection[int],
) -> Answer:
    seconds_left = ends - time.monotonic()
    too_late = _too_late(limits, ends)
    if seconds_left <= 0:
        raise too_late
    with _Deadline(seconds_left) as deadline, requests.Session() as session:
        # Not trust_env: it would also read passwords from a .netrc file.
        session.trust_env = False
        adapter = _GuardedAdapter(deadline)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        if certificate:
            session.cert = (
                (certificate.certificate, certificate.key)
                if certificate.key
                else certificate.certificate
            )
        session.verify = ca_bundle or True
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **(headers or {})}
        try:
            response = _follow_at_home(
                session,
                url,
                params=params,
                method=method,
                data=data,
                headers=sent,
                limits=limits,
            )
            with response:
                body = _read_body(response, limits)
        except FetchFault:
            if deadline.passed:
                raise too_late from None
            raise
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            if deadline.passed:
                raise too_late from error
            raise _explain(error, limits) from error
        except ValueError as error:
            # The address that was asked is one: it is that of a redirect.
            raise AnswerNotUnderstood(
                f"The server sent us on to what is no address: {error}.", permanent=True
            ) from error
        # Cutting a connection looks like a regular end where no length was announced.
        if deadline.passed:
            raise too_late
    if response.status_code not in accept:
        _check_status(response, body)
    return Answer(
        url=response.url,
        status=response.status_code,
        content_type=response.headers.get("Content-Type", ""),
        body=body,
        clock_skew=_clock_skew(response.headers.get("Date")),
        headers={name.lower(): value for name, value in response.headers.items()},
    )


def _too_late(limits: Limits, ends: float) -> ServiceUnavailable:
    if ends == _ALL_END.get():
        return ServiceUnavailable(_ALL_OVER, permanent=True)
    return ServiceUnavailable(f"No complete answer within {limits.total:g} s.")


def _follow_at_home(
    session: requests.Session,
    url: str,
    *,
    params: Mapping[str, str] | None,
    method: str,
    data: bytes | None,
    headers: Mapping[str, str],
    limits: Limits,
) -> requests.Response:
    """Send the question; follow redirects as long as they stay on the host that was asked."""
    for _ in range(MAX_REDIRECTS + 1):
        response = session.request(
            method,
            url,
            params=dict(params) if params else None,
            data=data,
            headers=dict(headers),
            timeout=(limits.connect, limits.read),
            stream=True,
            allow_redirects=False,
            proxies=requests.utils.get_environ_proxies(url),
        )
        target = response.headers.get("Location")
        if not (target and response.is_redirect):
            return response
        response.close()
        there = urljoin(response.url, target)
        if not _same_house(response.url, there):
            raise AnswerNotUnderstood(
                f"The server sent us on to another host ({there[:200]}); we do not follow. "
                "If that is its new address, enter it.",
                permanent=True,
                status=response.status_code,
            )
        # The Location holds the whole query already.
        url, params = there, None
    raise AnswerNotUnderstood(
        f"The server redirected more than {MAX_REDIRECTS} times.",
        permanent=True,
        status=response.status_code,
    )


def _same_house(here: str, there: str) -> bool:
    """Say whether two addresses are one server; http may become https, never the reverse."""
    ours, theirs = urlsplit(here), urlsplit(there)
    if ours.hostname != theirs.hostname:
        return False
    if ours.scheme == theirs.scheme:
        return ours.port == theirs.port
    return (ours.scheme, theirs.scheme) == ("http", "https")


def _read_body(response: requests.Response, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in response.raw.stream(CHUNK_BYTES, decode_content=True):
        size += len(chunk)
        if size > limits.body_bytes:
            raise AnswerNotUnderstood(
                f"The answer is larger than {limits.body_bytes:,} bytes; we stopped reading.",
                permanent=True,
                status=response.status_code,
                body_start=parts[0] if parts else chunk,
            )
        parts.append(chunk)
    return b"".join(parts)


def _check_status(response: requests.Response, body: bytes) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    words = f"The server answered {status} {response.reason or ''}".rstrip()
    if status in (401, 403):
        raise CredentialRefused(
            f"{words}: it refuses our certificate or key, or wants one.",
            status=status,
            body_start=body,
        )
    if status >= 500 or status == 429:
        raise ServiceUnavailable(f"{words}.", status=status, body_start=body)
    raise AnswerNotUnderstood(
        f"{words}; is the address right?",
        permanent=True,
        status=status,
        body_start=body,
    )


def _explain(error: Exception, limits: Limits) -> FetchFault:
    """Put a library's error into words for the page of sources."""
    if isinstance(error, requests.exceptions.SSLError):
        return ServiceUnavailable(f"The TLS connection failed: {_innermost(error)}")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ServiceUnavailable(f"No connection within {limits.connect:g} s.")
    if isinstance(error, requests.exceptions.ReadTimeout | urllib3.exceptions.ReadTimeoutError):
        return ServiceUnavailable(f"Nothing came for {limits.read:g} s.")
    if isinstance(error, urllib3.exceptions.DecodeError):
        return AnswerNotUnderstood("The answer's compression is broken.")
    if isinstance(error, urllib3.exceptions.IncompleteRead):
        return ServiceUnavailable("The answer broke off before its announced end.")
    if isinstance(error, requests.exceptions.ConnectionError):
        return ServiceUnavailable(f"No connection: {_innermost(error)}")
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return ServiceUnavailable(f"The connection broke off: {_innermost(error)}")
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        # How requests says that a certificate, key or CA file is missing.
        return ServiceUnavailable(str(error), permanent=True)
    return ServiceUnavailable(f"{type(error).__name__}: {error}")


def _innermost(error: BaseException) -> str:
    """Say the last cause: the outer layers only repeat addresses and object ids."""
    reason = getattr(error, "reason", None)
    inner = error.__cause__ or error.__context__ or (error.args[0] if error.args else None)
    if isinstance(reason, BaseException):
        return _innermost(reason)
    if isinstance(inner, BaseException) and inner is not error:
        return _innermost(inner)
    return str(error) or type(error).__name__


def _clock_skew(date_header: str | None) -> float | None:
    """Seconds that the server's clock is ahead of this machine's; None without a usable header."""
    if not date_header:
        return None
    try:
        theirs = parsedate_to_datetime(date_header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    # The machine's own clock on purpose: the portal's may be moved for a demonstration.
    return theirs.timestamp() - time.time()


class _Deadline:
    """Cuts every connection of one question when its time is over, whatever it is waiting for."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._sockets:
                watched.close()
            self._sockets.clear()

    def watch(self, connection: socket.socket) -> None:
        """Remember a connection by a copy of its handle: TLS takes the first one away."""
        with self._lock:
            self._sockets.append(connection.dup())

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for watched in self._sockets:
                try:
                    watched.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _GuardedAdapter(HTTPAdapter):
    """An adapter whose connections are known to a deadline, with and without a proxy."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._guard(manager)
        return manager

    def _guard(self, manager: urllib3.PoolManager) -> None:
        deadline = self._deadline

        class GuardedHTTP(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                deadline.watch(made)
                return made

        class GuardedHTTPS(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                deadline.watch(made)
                return made

        class HTTPPool(urllib3.HTTPConnectionPool):
            ConnectionCls = GuardedHTTP

        class HTTPSPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = GuardedHTTPS

        manager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}
