"""MaDDash, the dashboard of perfSONAR meshes; raw JSON out.

Every part of an address is a name, encoded as the server itself does it. It decodes twice: what is
a ``+``, ``%`` or ``/`` in a name must be encoded twice, too, or it would not be found.
"""

from urllib.parse import quote, quote_plus

from juno_support.lib import http
from juno_support.lib.traffic import Tally

HISTORY_ROWS = 100
LIMITS = http.Limits(connect=10, read=30, total=60, tries=2)
_TWICE = {"%25": "%2525", "%2B": "%252B", "%2F": "%252F"}


class MaddashClient:
    """Asks one MaDDash; ``base_url`` goes up to and including ``/maddash``."""

    def __init__(
        self,
        base_url: str,
        *,
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits or LIMITS
        self.traffic = Tally()

    def get_grids(self) -> bytes:
        """Ask for the names of all grids."""
        return self._ask("grids")

    def get_grid(self, grid: str) -> bytes:
        """Ask for all cells of a grid."""
        return self._ask("grids", grid)

    def get_check(self, grid: str, row: str, column: str, check: str, *, page: int = 0) -> bytes:
        """Ask for one page of what a check said, the newest first."""
        return self._ask(
            "grids",
            grid,
            row,
            column,
            check,
            params={"resultsPerPage": str(HISTORY_ROWS), "page": str(page)},
        )

    def page_of(self, grid: str, row: str, column: str, check: str) -> str:
        """Return the address of a check's page for people."""
        # The server's own names of its checks begin with /maddash, wherever it is mounted.
        path = "/".join(("/maddash/grids", *map(encode, (grid, row, column, check))))
        root = self._base_url.rpartition("/")[0]
        return f"{root}/maddash-webui/details.cgi?uri={quote(path, safe='/')}"

    def _ask(self, *parts: str, params: dict[str, str] | None = None) -> bytes:
        answer = http.fetch(
            "/".join((self._base_url, *map(encode, parts))),
            params=params,
            headers={"Accept": "application/json"},
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
        )
        self.traffic.add(answer)
        return answer.body


def encode(name: str) -> str:
    """Return a name as a part of an address."""
    encoded = quote_plus(name, safe="!'()*,:@&=$;~")
    for once, twice in _TWICE.items():
        encoded = encoded.replace(once, twice)
    return encoded
