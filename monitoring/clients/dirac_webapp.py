"""DIRAC's web portal (WebAppDIRAC): the JSON that its own pages ask for; raw JSON out.

The only road over HTTPS to summaries of pilots, and for DIRAC 9 also to those of jobs. A page's
question is ``/s:SETUP/g:GROUP/Application/method`` below the portal's address; arguments that are
lists are JSON texts.
"""

import json

from juno_support.lib import http
from juno_support.lib.traffic import Tally

LIMITS = http.Limits(connect=10, read=30, total=60, tries=2)
# The portal's default are 25 rows, as many as its page shows.
ALL_ROWS = 100_000


class DiracWebClient:
    """Asks one portal; ``base_url`` goes up to and including ``/DIRAC``.

    :param setup: the DIRAC setup; empty for the portal's own
    :param group: the group to ask as; ``visitor`` needs no credential
    """

    def __init__(
        self,
        base_url: str,
        *,
        setup: str = "",
        group: str = "",
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits = LIMITS,
    ) -> None:
        segments = [
            base_url.rstrip("/"),
            *(f"{mark}:{word}" for mark, word in (("s", setup), ("g", group)) if word),
        ]
        self._base_url = "/".join(segments)
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits
        self.traffic = Tally()

    def get_jobs(self) -> bytes:
        """Ask for jobs by site; the portal hands out the first 500 sites."""
        return self._ask("JobSummary/getData", {})

    def get_pilots(self, site: str = "") -> bytes:
        """Ask for pilots by site, or of one site by computing element."""
        wanted = {"expand": json.dumps([site])} if site else {}
        rows = {"start": "0", "limit": str(ALL_ROWS)}
        return self._ask("PilotSummary/getPilotSummaryData", {**rows, **wanted})

    def get_sites(self) -> bytes:
        """Ask how sites are in the Resource Status System, for all VOs."""
        return self._ask("SiteSummary/getSiteSummaryData", {})

    def _ask(self, page: str, params: dict[str, str]) -> bytes:
        answer = http.fetch(
            f"{self._base_url}/{page}",
            params=params,
            headers={"Accept": "application/json"},
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
        )
        self.traffic.add(answer)
        return answer.body
