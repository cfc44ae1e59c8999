"""ARGO's web interface, versions 3 and 2; raw JSON out.

Every question says ``Accept: application/json`` (without it ARGO answers 406) and carries the
key of the tenant. Links or tokens inside answers are never followed to another address.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, ServiceUnavailable
from juno_support.lib.traffic import Tally
from monitoring.argo_errors import error_words

# What ARGO answers by itself, with the reason in the body.
_TOLD = frozenset({400, 401, 403, 404, 405, 406})
# Without a limit ARGO gives 500 rows of /latest and does not say that there were more.
LATEST_LIMIT = 10_000
SILENT_LIMIT = 500
# What we can do without must not hold up a poll.
_QUICK = http.Limits(connect=5, read=20, total=30, tries=1)
_NO_SUCH_REPORT = re.compile(r"\breport\b.*\bdoes not (?:exist|define)\b", re.IGNORECASE)


class NoSuchCall(AnswerNotUnderstood):
    """The server does not know the call at all: it speaks another version."""


class ArgoClient:
    """Asks one ARGO; ``base_url`` goes up to and including ``/api``, before ``/v3``."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits or http.Limits()
        self.traffic = Tally()

    def status(self, report: str, *, since: datetime, until: datetime) -> bytes:
        """Ask version 3 for the timelines of all groups and endpoints, in one call."""
        return self._ask(f"/v3/status/{_part(report)}", _window(since, until), report=report)

    def group_status(
        self, report: str, group_type: str, *, since: datetime, until: datetime
    ) -> bytes:
        """Ask version 2 for the timelines of all groups, without their endpoints."""
        path = f"/v2/status/{_part(report)}/{_part(group_type)}"
        return self._ask(path, _window(since, until), report=report)

    def endpoint_status(
        self, report: str, *, since: datetime, until: datetime, page: str = ""
    ) -> bytes:
        """Ask version 2 for the timelines of all endpoints, or for a further page of them."""
        params = _window(since, until) | ({"nextPageToken": page} if page else {})
        return self._ask(f"/v2/status/{_part(report)}/endpoints", params, report=report)

    def latest(self, report: str, group_type: str, *, day: datetime, only: str) -> bytes:
        """Ask for the results of probes of a day, newest first.

        :param only: ``non-ok``, ``critical``, …
        """
        return self._ask(
            f"/v2/latest/{_part(report)}/{_part(group_type)}",
            {"date": _zulu(day), "filter": only, "limit": str(LATEST_LIMIT), "strict": "false"},
            report=report,
            limits=_QUICK,
        )

    def results(
        self, report: str, group_type: str, *, since: datetime, until: datetime, version: str
    ) -> bytes:
        """Ask for availability and reliability of all groups by day."""
        path = f"/{version}/results/{_part(report)}"
        if version == "v2":
            path += f"/{_part(group_type)}"
        params = _window(since, until) | {"granularity": "daily"}
        return self._ask(path, params, report=report, limits=_QUICK)

    def self_check(self, name: str, *, version: str) -> bytes:
        """Ask how ARGO itself is: ``consistency`` of its data, or ``health``."""
        return self._ask(f"/{version}/{name}", {}, report="", limits=_QUICK)

    def _ask(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        report: str,
        limits: http.Limits | None = None,
    ) -> bytes:
        headers = {"Accept": "application/json"}
        if self._api_key:
            headers["x-api-key"] = self._api_key
        try:
            answer = http.fetch(
                self._base_url + path,
                params=params,
                headers=headers,
                certificate=self._certificate,
                ca_bundle=self._ca_bundle,
                limits=limits or self._limits,
                accept=_TOLD,
            )
        except ServiceUnavailable as fault:
            if fault.status is None:
                raise
            raise ServiceUnavailable(
                _ill_words(fault, report=report if path.startswith("/v2/") else ""),
                status=fault.status,
                body_start=fault.body_start,
            ) from fault
        if answer.status in _TOLD:
            raise _fault_of(answer, report=report, has_key=bool(self._api_key))
        self.traffic.add(answer)
        return answer.body


def _ill_words(fault: ServiceUnavailable, *, report: str) -> str:
    words = _words(fault.status, error_words(fault.body_start))
    if report and fault.status == 500:
        # The status calls of version 2 know no other answer to an unknown report.
        words += f" Version 2 also answers so when there is no report of the name {report!r}."
    return words


def _fault_of(
    answer: http.Answer, *, report: str, has_key: bool
) -> AnswerNotUnderstood | CredentialRefused:
    """Say what an error means, and what to do."""
    said = error_words(answer.body)
    words = _words(answer.status, said)
    if answer.status in (401, 403):
        advice = "It refuses the API key." if has_key else "It wants an API key; none is set."
        return CredentialRefused(f"{words} {advice}", status=answer.status, body_start=answer.body)
    kind = AnswerNotUnderstood
    if answer.status == 404 and _NO_SUCH_REPORT.search(said):
        advice = f"Look at the options “report” ({report!r} now) and “type of group”."
    elif answer.status in (404, 405):
        kind = NoSuchCall
        advice = "It does not know this call; is the address right, up to /api?"
        if not has_key:
            advice += " Some versions answer so to a question without an API key."
    elif answer.status == 406:
        advice = "It wants “Accept: application/json”, which we send: does something between?"
    else:
        advice = "It refuses the question."
    return kind(f"{words} {advice}", permanent=True, status=answer.status, body_start=answer.body)


def _words(status: int | None, said: str) -> str:
    return f"ARGO answered {status}: {said.rstrip('.')}." if said else f"ARGO answered {status}."


def _window(since: datetime, until: datetime) -> dict[str, str]:
    return {"start_time": _zulu(since), "end_time": _zulu(until)}


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _part(name: str) -> str:
    return quote(name, safe="")
