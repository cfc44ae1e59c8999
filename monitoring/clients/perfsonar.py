"""A perfSONAR measurement archive (esmond, or elmond of perfSONAR 5); raw JSON out.

Both answer under the same address. The addresses of measurements are those that the archive hands
out, never built here: the two generations differ in them. Of such an address only path and query
count, so that no answer can send us to another host; the address of a next page is not followed
at all, only its offset, because an archive behind a proxy builds it from a name of its own.
"""

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from juno_support.lib import http
from juno_support.lib.traffic import Tally

# The page size that both generations have by themselves; elmond refuses more than 10,000.
PAGE_ROWS = 1000
_LIMITS = http.Limits(connect=10, read=30, total=60, body_bytes=16 * 1024 * 1024, tries=2)


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
        self._limits = limits or _LIMITS

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
        """Return the full address of something that the archive named, on this archive's host.

        Where the archive lies behind a proxy under a longer path (``/NAME/esmond/perfsonar/…``)
        and does not know it, the beginning of that path is put before.
        """
        base, named = urlsplit(self.base_url), urlsplit(uri)
        path = "/" + named.path.lstrip("/")
        return urlunsplit(
            (base.scheme, base.netloc, _hidden_prefix(base.path, path) + path, named.query, "")
        )

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


def _hidden_prefix(base_path: str, path: str) -> str:
    """Return what a proxy puts before the paths that the archive knows; mostly nothing."""
    if path == base_path or path.startswith(f"{base_path}/"):
        return ""
    parts = base_path.strip("/").split("/")
    for length in range(1, len(parts)):
        known = "/" + "/".join(parts[length:])
        if path.startswith(f"{known}/"):
            return "/" + "/".join(parts[:length])
    return ""
