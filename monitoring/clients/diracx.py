"""DiracX's REST interface; raw answers out.

A question carries a bearer token that somebody else keeps (``Bearer``): it lives twenty minutes,
and the refresh token behind it works exactly once, so that no second request may ever be sent for
one. What only reads is tried again by ``http.fetch``; what asks for tokens is sent once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused
from juno_support.lib.traffic import Tally
from monitoring.diracx_words import error_words

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# DiracX says in the body what it does not like about a question.
SAYS_WHY = frozenset({400, 401, 403, 404, 405, 422})
NOT_MODIFIED, PARTIAL, PAST_THE_END = 304, 206, 416


class Bearer(Protocol):
    """Whoever keeps the access token."""

    def __call__(self, *, rejected: str = "") -> str:
        """Return a token; another one than ``rejected``, which the server did not take.

        :raises juno_support.lib.faults.FetchFault: when there is none to be had
        """
        ...


class NotOffered(AnswerNotUnderstood):
    """There is no such address: this DiracX is older than what we ask for."""


@dataclass(frozen=True)
class Page:
    """One page of a search; ``total`` is how many there are, None where the server did not say."""

    body: bytes
    total: int | None


@dataclass(frozen=True)
class Tagged:
    """An answer with its entity tag; ``body`` is None where nothing changed since that tag."""

    body: bytes | None
    etag: str


class DiracxClient:
    """Asks one DiracX; ``base_url`` is that of the host, without ``/api``."""

    def __init__(
        self,
        base_url: str,
        *,
        bearer: Bearer | None = None,
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._bearer = bearer
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits or http.Limits()
        self.traffic = Tally()

    # Signing in

    def start_device_login(self, *, client_id: str, scope: str) -> bytes:
        """Begin a sign-in that a person confirms in a browser."""
        query = urlencode({"client_id": client_id, "scope": scope})
        return self._ask("POST", f"/api/auth/device?{query}").body

    def ask_for_device_tokens(self, *, client_id: str, device_code: str) -> http.Answer:
        """Ask whether the person has confirmed: 200 with tokens, or 400 with an OAuth error."""
        return self._ask_for_tokens(
            {"grant_type": DEVICE_GRANT, "client_id": client_id, "device_code": device_code}
        )

    def refresh(self, *, client_id: str, refresh_token: str) -> http.Answer:
        """Change a refresh token for a new pair: 200, or a refusal. Sent once, whatever happens."""
        return self._ask_for_tokens(
            {
                "grant_type": "refresh_token",
                "client_id": client_id,
                "refresh_token": refresh_token,
            }
        )

    def revoke(self, *, client_id: str, refresh_token: str) -> None:
        """End a sign-in."""
        self._ask(
            "POST",
            "/api/auth/revoke",
            form={
                "token": refresh_token,
                "token_type_hint": "refresh_token",
                "client_id": client_id,
            },
        )

    def identity(self) -> bytes:
        """Ask as whom we are signed in."""
        return self._ask_signed_in("GET", "/api/auth/userinfo").body

    # What is going on

    def summarise_jobs(
        self, *, grouping: Sequence[str], search: Sequence[Mapping[str, Any]]
    ) -> bytes:
        """Count jobs. DiracX does not filter by VO of itself: ``search`` must."""
        return self._ask_signed_in(
            "POST", "/api/jobs/summary", body={"grouping": list(grouping), "search": list(search)}
        ).body

    def summarise_pilots(
        self, *, grouping: Sequence[str], search: Sequence[Mapping[str, Any]]
    ) -> bytes:
        """Count pilots."""
        return self._ask_signed_in(
            "POST", "/api/pilots/summary", body={"grouping": list(grouping), "search": list(search)}
        ).body

    def search_jobs(
        self,
        *,
        parameters: Sequence[str] = (),
        search: Sequence[Mapping[str, Any]],
        sort: Sequence[Mapping[str, str]] = (),
        per_page: int = 100,
    ) -> Page:
        """Look jobs up; all columns where no ``parameters`` are named. One page, the first."""
        return self._search("jobs", parameters, search, sort, per_page)

    def search_pilots(self, *, search: Sequence[Mapping[str, Any]], per_page: int = 100) -> Page:
        """Look pilots up; ``JobID`` works as a filter, too. One page, the first."""
        return self._search("pilots", (), search, (), per_page)

    def resource_states(self, kind: str, *, etag: str = "") -> Tagged:
        """Ask what the VO may use: ``site``, ``storage``, ``compute`` or ``fts``."""
        answer = self._ask_signed_in(
            "GET",
            f"/api/rss/{kind}",
            headers={"If-None-Match": etag} if etag else {},
            accept=frozenset({NOT_MODIFIED}) if etag else frozenset(),
        )
        if answer.status == NOT_MODIFIED:
            return Tagged(None, etag)
        return Tagged(answer.body, answer.headers.get("etag", "")[:500])

    # How it is asked

    def _search(
        self,
        what: str,
        parameters: Sequence[str],
        search: Sequence[Mapping[str, Any]],
        sort: Sequence[Mapping[str, str]],
        per_page: int,
    ) -> Page:
        body: dict[str, Any] = {"search": list(search)}
        if parameters:
            body["parameters"] = list(parameters)
        if sort:
            body["sort"] = list(sort)
        answer = self._ask_signed_in(
            "POST",
            f"/api/{what}/search?page=1&per_page={per_page}",
            body=body,
            accept=frozenset({PARTIAL, PAST_THE_END}),
        )
        total = _total(answer.headers.get("content-range", ""))
        # Past the end of the list there is nothing: an empty answer, not a failure.
        return Page(b"[]" if answer.status == PAST_THE_END else answer.body, total)

    def _ask_for_tokens(self, form: Mapping[str, str]) -> http.Answer:
        return http.fetch(
            f"{self._base_url}/api/auth/token",
            method="POST",
            data=urlencode(form).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
            accept=SAYS_WHY,
            # The end of a poll must not cut it off: the token may be spent already.
            is_apart=True,
        )

    def _ask_signed_in(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> http.Answer:
        """Ask with a token; where it is not taken any more, once again with a new one."""
        if self._bearer is None:
            raise CredentialRefused("DiracX wants a sign-in, and there is none.")
        token = self._bearer()
        try:
            return self._ask(method, path, body=body, headers=headers, accept=accept, token=token)
        except CredentialRefused as refusal:
            # 403 is about rights: another token of the same login has no others.
            if refusal.status != 401:
                raise
        token = self._bearer(rejected=token)
        return self._ask(method, path, body=body, headers=headers, accept=accept, token=token)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset(),
        token: str = "",
    ) -> http.Answer:
        sent = {"Accept": "application/json", **(headers or {})}
        data: bytes | None = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        elif form is not None:
            data = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        answer = http.fetch(
            f"{self._base_url}{path}",
            method=method,
            data=data,
            headers=sent,
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
            accept=accept | SAYS_WHY,
            repeatable=bool(token),
        )
        self.traffic.add(answer)
        if answer.status in SAYS_WHY:
            raise _refusal(answer, path)
        return answer


def _refusal(answer: http.Answer, path: str) -> Exception:
    words = error_words(answer.body)
    said = f"DiracX answered {answer.status} to {path.partition('?')[0]}"
    if answer.status in (401, 403):
        return CredentialRefused(
            f"{said}: {words or 'it refuses our sign-in'}.",
            status=answer.status,
            body_start=answer.body,
        )
    if answer.status in (404, 405):
        return NotOffered(
            f"{said}: {words or 'is the address right?'}",
            permanent=True,
            status=answer.status,
            body_start=answer.body,
        )
    return AnswerNotUnderstood(
        f"{said}: {words or 'it does not like our question'}.",
        permanent=True,
        status=answer.status,
        body_start=answer.body,
    )


def _total(content_range: str) -> int | None:
    """Return the number behind the slash of ``jobs 0-4/60``; None where there is none."""
    _unit, _slash, total = content_range.partition("/")
    return int(total) if total.isascii() and total.isdigit() and len(total) < 16 else None
