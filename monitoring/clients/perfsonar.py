"""A perfSONAR measurement archive (esmond, or elmond of perfSONAR 5); raw JSON out.

Both answer under the same address. The addresses of measurements are those that the archive hands
out, never built here: the two generations differ in them. Of such an address only path and query
count, so that no answer can send us to another host; the address of a next page is not followed
at all, only its offset, because an archive behind a proxy builds it from a name of its own.
"""

from datetime import datetime

from juno_support.lib import http
from juno_support.lib.traffic import Tally
from monitoring.clients.addresses import on_our_host

# The page size that both generations have by themselves; elmond refuses more than 10,000.
PAGE_ROWS = 1000
LIMITS = http.Limits(connect=10, read=30, total=60, body_bytes=16 * 1024 * 1024, tries=2)


class PerfsonarArchive:
    """Asks one archive; ``base_url`` goes up to and including ``/perfsonar/archive``."""

    def __init__(
        self,
        base_url: str,
        *,
        tally: Tally,
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._tally = tally
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits or LIMITS

    def get_tests(self, event_type: str, *, since: datetime, offset: int = 0) -> bytes:
        """Ask for one page of the tests that measured something since a moment."""
        return self._ask(
            f"{self.base_url}/",
            {
                "event-type": event_type,
                "time-start": str(int(since.timestamp())),
                "limit": str(PAGE_ROWS),
                "offset": str(offset),
                "format": "json",
            },
        )

    def get_points(
        self, uri: str, *, since: datetime, until: datetime | None = None, offset: int = 0
    ) -> bytes:
        """Ask for one page of what is kept at an address of a test, the oldest first."""
        params = {
            "time-start": str(int(since.timestamp())),
            "limit": str(PAGE_ROWS),
            "offset": str(offset),
            "format": "json",
        }
        if until is not None:
            params["time-end"] = str(int(until.timestamp()))
        return self._ask(self.address_of(uri), params)

    def address_of(self, uri: str) -> str:
        """Return the full address of something that the archive named, on this archive's host."""
        return on_our_host(self.base_url, uri)

    def _ask(self, url: str, params: dict[str, str]) -> bytes:
        answer = http.fetch(
            url,
            params=params,
            headers={"Accept": "application/json"},
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
        )
        self._tally.add(answer)
        return answer.body
