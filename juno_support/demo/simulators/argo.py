"""A simulator of ARGO's web API, versions 2 and 3, below ``/argo/api``.

Base address for clients: ``http://HOST:PORT/argo/api``; the key is ``ARGO_KEY``; the report is
``Critical``, groups are of type ``SITES``. With ARGO's habits: ``Accept: application/json`` or
406; the last point of a timeline is invented (the date of the last real point, the time of day of
the question); after midnight yesterday's states are served until the first checks have come in; a
period without results is ``{"groups": null}``; /latest ends silently at 500 rows; numbers are
strings.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from juno_support.demo.simulators import argo_platform as platform
from juno_support.demo.simulators import argo_results as results
from juno_support.demo.simulators import argo_timelines as timelines
from juno_support.demo.simulators.addresses import ARGO_KEY
from juno_support.demo.simulators.argo_answers import Refused, not_found, status
from juno_support.demo.simulators.upstream import Asked, Told, Upstream

_UNAUTHORIZED = "You need to provide a correct authentication token using the header 'x-api-key'"
_ACCEPT = "Accept header provided did not contain any valid content types"


class Argo(Upstream):
    """The WSGI app."""

    mount = "argo/api"
    source = "argo"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "argo": {
            "yesterday": "Yesterday's states are served as if nothing had come in today.",
            "nogroups": 'No results: 200 with {"groups": null}.',
            "inconsistent": "The consistency of the monitoring itself is CRITICAL.",
            "unhealthy": "The monitoring itself is ill: health is CRITICAL.",
            "v3missing": "Version 3 of the interface is not there: 404; version 2 works.",
        }
    }

    def answer(self, asked: Asked) -> Told:
        """Answer a question to the interface."""
        try:
            return self._answer(asked)
        except Refused as refused:
            return refused.told

    def _answer(self, asked: Asked) -> Told:
        version, *rest = asked.segments or [""]
        if version == "v3" and asked.failure == "v3missing":
            raise Refused(not_found())
        if "application/json" not in asked.headers.get("accept", ""):
            raise Refused(Told(status("Not Acceptable Content Type", 406, _ACCEPT), status=406))
        if version in ("v2", "v3") and rest == ["version"]:
            return Told({"release": "1.14.0", "commit": "0000000", "build_time": ""})
        if asked.headers.get("x-api-key") != ARGO_KEY:
            raise Refused(Told(status("Unauthorized", 401, _UNAUTHORIZED), status=401))
        if asked.method != "GET" or version not in ("v2", "v3") or not rest:
            raise Refused(not_found())
        answer = _CALLS.get((version, rest[0]))
        if answer is None:
            raise Refused(not_found())
        return answer(asked, rest[1:])


_CALLS: dict[tuple[str, str], Callable[[Asked, list[str]], Told]] = {
    ("v3", "status"): timelines.status_v3,
    ("v3", "results"): results.results_v3,
    ("v3", "consistency"): platform.consistency,
    ("v3", "health"): platform.health,
    ("v2", "status"): timelines.status_v2,
    ("v2", "results"): results.results_v2,
    ("v2", "latest"): results.latest,
    ("v2", "metric_result"): results.metric_result,
    ("v2", "issues"): results.issues,
    ("v2", "downtimes"): platform.downtimes,
    ("v2", "topology"): platform.topology_of,
    ("v2", "reports"): platform.reports,
}
