"""Classic DIRAC (8 and 9) over HTTPS; raw JSON out.

A call is a form-encoded POST to ``/System/Service`` with ``method``, ``args`` (a JSON list) and
``extraCredentials`` (the DIRAC group, as JSON text). Who we are is said by a client certificate
(or a proxy), or by a bearer token. DIRAC answers 401, 404 and 501 with a page in HTML.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.traffic import Tally

# One answer of the slowest call (all counters of a big DIRAC) takes well under a minute.
LIMITS = http.Limits(connect=10, read=30, total=60, tries=2)
RESOURCE_STATUS = "ResourceStatus/ResourceStatus"
RESOURCE_MANAGEMENT = "ResourceStatus/ResourceManagement"
PUBLISHER = "ResourceStatus/Publisher"
WMS_ADMINISTRATOR = "WorkloadManagement/WMSAdministrator"
JOB_MONITORING = "WorkloadManagement/JobMonitoring"
REQUEST_MANAGER = "RequestManagement/ReqManager"
CONFIGURATION = "Configuration/Configuration"
# The name of DIRAC's main server of it; copies of it have the one above.
_MAIN_CONFIGURATION = "Configuration/Server"
# Where a service has a port of its own: ``:9135/Configuration/Server``.
_AT_PORT = re.compile(r":(\d{1,5})/(.+)")
_NO_SUCH_SERVICE, _NO_SUCH_METHOD = 404, 501
_TORNADO = "Tornado"


class NotOffered(AnswerNotUnderstood):
    """The service is not there over HTTPS, or it has no such method."""


class DiracHttpsClient:
    """Asks one DIRAC; ``base_url`` is ``https://HOST:8443``.

    :param paths: our name of a service -> its path here, where that is another one;
        ``:9135/System/Service`` is at another port of the same host
    :param token: a bearer token; empty where a certificate says who we are
    :param group: the DIRAC group to act for; empty for the default one
    """

    def __init__(
        self,
        base_url: str,
        *,
        paths: Mapping[str, str] | None = None,
        certificate: http.Certificate | None = None,
        token: str = "",
        group: str = "",
        ca_bundle: str | None = None,
        limits: http.Limits = LIMITS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._paths = dict(paths or {})
        self._certificate = certificate
        self._token = token
        self._group = group
        self._ca_bundle = ca_bundle
        self._limits = limits
        self._prefers_tornado = False
        self.traffic = Tally()

    def select(self, table: str, conditions: Mapping[str, Any]) -> bytes:
        """Ask the Resource Status System for the rows of one of its tables.

        :param conditions: column -> value or list of values, and ``Meta``
        """
        return self.call(RESOURCE_STATUS, "select", table, dict(conditions))

    def ping(self) -> bytes:
        """Ask which DIRAC this is."""
        return self.call(RESOURCE_STATUS, "ping")

    def get_sites_resources(self) -> bytes:
        """Ask for the computing and storage elements of all sites."""
        return self.call(PUBLISHER, "getSitesResources", None)

    def get_spaces(self) -> bytes:
        """Ask how full storage elements are."""
        return self.call(RESOURCE_MANAGEMENT, "select", "SpaceTokenOccupancyCache", {})

    def get_configuration(self) -> bytes:
        """Ask for DIRAC's whole configuration: a copy of it, else its main server."""
        try:
            return self.call(CONFIGURATION, "getCompressedData")
        except NotOffered as fault:
            if fault.status != _NO_SUCH_SERVICE:
                raise
            try:
                return self.call(_MAIN_CONFIGURATION, "getCompressedData")
            except NotOffered:
                raise fault from None

    def get_site_mask(self) -> bytes:
        """Ask where jobs may run; DIRAC 8 only."""
        return self.call(WMS_ADMINISTRATOR, "getSiteMaskStatus", None)

    def get_counters(
        self,
        columns: Sequence[str],
        conditions: Mapping[str, Any],
        updated_after: datetime | None = None,
    ) -> bytes:
        """Ask for counts of jobs by columns; DIRAC 8 only."""
        cut = updated_after.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if updated_after else ""
        return self.call(JOB_MONITORING, "getCounters", list(columns), dict(conditions), cut)

    def get_requests(self) -> bytes:
        """Ask for counts of data management requests, operations and files."""
        return self.call(REQUEST_MANAGER, "getDBSummary")

    def get_jobs_summary(self, job_ids: Sequence[int]) -> bytes:
        """Ask for the attributes of jobs."""
        return self.call(JOB_MONITORING, "getJobsSummary", list(job_ids))

    def get_job_log(self, job_id: int) -> bytes:
        """Ask for the logging information of one job."""
        return self.call(JOB_MONITORING, "getJobLoggingInfo", job_id)

    def get_job_parameters(self, job_ids: Sequence[int]) -> bytes:
        """Ask what jobs left behind, among it their pilot and computing element."""
        return self.call(JOB_MONITORING, "getJobParameters", list(job_ids))

    def get_jobs(self, conditions: Mapping[str, Any], updated_after: datetime) -> bytes:
        """Ask for the ids of jobs."""
        cut = updated_after.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return self.call(JOB_MONITORING, "getJobs", dict(conditions), cut)

    def get_jobs_sites(self, job_ids: Sequence[int]) -> bytes:
        """Ask at which sites jobs are."""
        return self.call(JOB_MONITORING, "getJobsSites", list(job_ids))

    def call(self, service: str, method: str, *args: Any) -> bytes:
        """Call a method and return the answer as it came.

        DIRAC 8 may offer a service under the name of its new framework, ``TornadoPublisher`` for
        ``Publisher``: that is tried where the plain name is not there.

        :raises NotOffered: when there is no such service or method
        :raises FetchFault: when there is no usable answer
        """
        path = self._paths.get(service, service).strip("/")
        names = _names(path)
        if self._prefers_tornado:
            names = names[::-1]
        for name in names:
            answer = self._ask(name, method, args)
            if answer.status == _NO_SUCH_METHOD:
                raise NotOffered(
                    f"DIRAC's service {name} has no method {method}.",
                    permanent=True,
                    status=answer.status,
                )
            if answer.status != _NO_SUCH_SERVICE:
                self._prefers_tornado = _TORNADO in name
                return answer.body
        raise NotOffered(
            f"There is no DIRAC service {path} at this address.",
            permanent=True,
            status=_NO_SUCH_SERVICE,
            body_start=answer.body,
        )

    def _ask(self, path: str, method: str, args: Sequence[Any]) -> http.Answer:
        form = {"method": method, "args": json.dumps(args)}
        if self._group:
            form["extraCredentials"] = json.dumps(self._group)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        answer = http.fetch(
            self._address(path),
            method="POST",
            data=urlencode(form).encode(),
            headers=headers,
            certificate=self._certificate,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
            accept=frozenset({_NO_SUCH_SERVICE, _NO_SUCH_METHOD}),
            # All our calls only read.
            repeatable=True,
        )
        self.traffic.add(answer)
        return answer

    def _address(self, path: str) -> str:
        at_port = _AT_PORT.fullmatch(path)
        if at_port is None:
            return f"{self._base_url}/{path}"
        parts = urlsplit(self._base_url)
        host = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")
        return f"{parts.scheme}://{host}:{at_port[1]}/{at_port[2]}"


def _names(path: str) -> list[str]:
    """Return the path, and the one under the other name of the same service."""
    system, slash, service = path.rpartition("/")
    other = service.removeprefix(_TORNADO) if service.startswith(_TORNADO) else _TORNADO + service
    return [path, f"{system}{slash}{other}"]
