"""What the simulators of JSON interfaces have in common: a question, an answer, the failures."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from juno_support.demo.simulators import failures, failures_json, switches
from juno_support.demo.simulators.incidents import Story

JSON = "application/json"
HTML = "text/html; charset=UTF-8"
LONGEST_BODY = 1_000_000


@dataclass(frozen=True)
class Asked:
    """A question.

    ``path`` is what follows the simulator's own path, decoded, without the first slash;
    ``address`` is where this server was asked (``http://127.0.0.1:9000``); ``failure`` is a kind
    of failure that the simulator makes itself, empty mostly.
    """

    method: str
    path: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str
    story: Story
    switch_file: Path
    approves_itself: bool = False
    failure: str = ""

    @property
    def moment(self) -> datetime:
        """Return the present moment, in UTC."""
        return self.story.moment

    @property
    def segments(self) -> list[str]:
        """Return the parts of the path."""
        return [part for part in self.path.split("/") if part]

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form that was sent."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Told:
    """An answer. ``body`` becomes JSON, unless it is text or bytes."""

    body: Any
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the body as it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str) and self.content_type != JSON:
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False).encode()


class Upstream:
    """A WSGI app that answers from the story, and fails as the switches say."""

    mount: ClassVar[str]
    source: ClassVar[str]
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Kinds of failure that only one source has, by its name: what each does, in words."""

    def __init__(
        self,
        moment: Callable[[], datetime],
        switch_file: Path,
        *,
        wait: failures.Wait | None = None,
    ) -> None:
        """Make the app; the parameters are those of the simulated GOCDB."""
        self._moment = moment
        self._switch_file = switch_file
        self._started_at = moment().astimezone(UTC).replace(microsecond=0)
        self._app = failures.spoiled(
            self._honest,
            self._failure,
            kinds=failures_json.KINDS,
            **({"wait": wait} if wait else {}),
        )

    def __call__(
        self, environ: failures.Environ, start_response: failures.StartResponse
    ) -> Iterable[bytes]:
        """Answer a question."""
        return self._app(environ, start_response)

    def answer(self, asked: Asked) -> Told:
        """Answer honestly, or with one of the failures that are this source's own."""
        raise NotImplementedError

    def source_of(self, path: str) -> str:
        """Return the name of the source to which a path belongs, for its failure switch."""
        return self.source

    def _path(self, environ: failures.Environ) -> str:
        path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        return path.lstrip("/").removeprefix(self.mount).lstrip("/")

    def _switched(self, environ: failures.Environ) -> str | None:
        name = self.source_of(self._path(environ))
        return switches.read(self._switch_file).failures.get(name)

    def _failure(self, environ: failures.Environ) -> str | None:
        kind = self._switched(environ)
        return kind if kind in failures_json.KINDS else None

    def _honest(
        self, environ: failures.Environ, start_response: failures.StartResponse
    ) -> Iterable[bytes]:
        kind = self._switched(environ) or ""
        own = self.special.get(self.source_of(self._path(environ)), {})
        told = self.answer(self._asked(environ, kind if kind in own else ""))
        body = b"" if told.status == HTTPStatus.NOT_MODIFIED else told.encoded()
        headers = [*told.headers.items()]
        if told.status != HTTPStatus.NOT_MODIFIED:
            headers += [("Content-Type", told.content_type), ("Content-Length", str(len(body)))]
        start_response(f"{told.status} {HTTPStatus(told.status).phrase}", headers)
        return [body]

    def _asked(self, environ: failures.Environ, failure: str) -> Asked:
        switched = switches.read(self._switch_file)
        base = (
            self._started_at
            if switched.base is None
            else datetime.fromtimestamp(switched.base, UTC)
        )
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LONGEST_BODY)
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        return Asked(
            environ["REQUEST_METHOD"],
            self._path(environ),
            dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
            headers,
            environ["wsgi.input"].read(length) if length else b"",
            f"{environ['wsgi.url_scheme']}://{host}",
            Story(
                self._moment().astimezone(UTC),
                base,
                downtimes=switched.downtimes,
                incidents=switched.incidents,
            ),
            self._switch_file,
            switched.approves_itself,
            failure,
        )
