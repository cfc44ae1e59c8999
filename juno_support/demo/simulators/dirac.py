"""A simulator of classic DIRAC 8: RPC over HTTP below ``/dirac``, web app below ``/dirac/DIRAC``.

Base addresses for clients: ``http://HOST:PORT/dirac`` (services such as
``/ResourceStatus/ResourceStatus`` and ``/ResourceStatus/TornadoResourceStatus``) and
``http://HOST:PORT/dirac/DIRAC`` (the web app: ``/s:SETUP/g:GROUP/JobSummary/getData``). The
question is a form: ``method``, ``args`` (a JSON list), ``extraCredentials`` (a JSON text: the
group). Client certificates cannot be seen here: whoever asks without a token counts as somebody
with a certificate; a token must be ``DIRAC_TOKEN``. DIRAC has its habits: what is refused is 401,
404 or 501 with a page of HTML, and what a service did not expect is 500 with one; what goes wrong
otherwise is 200 with ``"OK": false``; columns are in lower case when ``Meta.columns`` was given;
moments have no zone and mean UTC; some numbers are texts. A group that somebody is not in counts
as nobody's: ``ping`` and ``select`` answer it, the rest is 401.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from juno_support.demo.simulators import dirac_jobs, dirac_space, dirac_summaries
from juno_support.demo.simulators import dirac_status as rss
from juno_support.demo.simulators.addresses import DIRAC_TOKEN
from juno_support.demo.simulators.dirac_jobs import Job, naive
from juno_support.demo.simulators.upstream import HTML, Asked, Told, Upstream

# What anybody may ask whose certificate is good, of whatever group.
FOR_EVERYBODY = ("ping", "select")
GROUPS = ("juno_user", "juno_production", "juno_admin", "dirac_user", "dirac_admin", "visitor")

Json = dict[str, Any]
Call = Callable[[Asked, list[Any]], Any]


class NotOK(Exception):
    """DIRAC says that something went wrong: 200 with ``"OK": false``."""

    def __init__(self, number: int, message: str) -> None:
        """Keep DIRAC's number and words."""
        super().__init__(message)
        self.number = number


def page(status: int, words: str) -> Told:
    """Return an error as Tornado writes it."""
    text = f"<html><title>{status}: {words}</title><body>{status}: {words}</body></html>"
    return Told(text, status=status, content_type=HTML)


class Dirac(Upstream):
    """The WSGI app."""

    mount = "dirac"
    source = "dirac-https"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "dirac-https": {
            "notok": 'Every call ends with 200 and "OK": false.',
            "nomethod": "Every call is unknown: 501 with a page of HTML.",
            "noservice": "Every service is unknown: 404 with a page of HTML.",
        },
        "dirac-webapp": {
            "notsuccess": 'Every question ends with 200 and "success": "false".',
        },
    }

    def source_of(self, path: str) -> str:
        """Return ``dirac-webapp`` for what the web app answers."""
        return "dirac-webapp" if path.split("/", 1)[0] == "DIRAC" else self.source

    def answer(self, asked: Asked) -> Told:
        """Answer a call."""
        segments = asked.segments
        token = asked.headers.get("authorization", "")
        if token and token != f"Bearer {DIRAC_TOKEN}":
            return page(401, "Unauthorized")
        if segments[:1] == ["DIRAC"]:
            return dirac_summaries.answer_web_app(asked, segments[1:])
        if asked.method != "POST":
            return page(405, "Method Not Allowed")
        if len(segments) != 2 or asked.failure == "noservice":
            return page(404, "Not Found")
        name = f"{segments[0]}/{segments[1].removeprefix('Tornado')}"
        calls = SERVICES.get(name)
        if calls is None:
            return page(404, "Not Found")
        form = asked.form
        method = form.get("method", "")
        call = calls.get(method) or COMMON.get(method)
        if call is None or asked.failure == "nomethod":
            return page(501, "Not Implemented")
        if not _may(form.get("extraCredentials", ""), method):
            return page(401, "Unauthorized")
        return self._call(asked, call, form.get("args", "[]"))

    def _call(self, asked: Asked, call: Call, text: str) -> Told:
        try:
            if asked.failure == "notok":
                raise NotOK(1131, "MySQL Error ( 1131 : Can not connect to the server )")
            args = json.loads(text)
            if not isinstance(args, list):
                return page(400, "Bad Request")
            value = call(asked, args)
        except NotOK as error:
            return Told({"OK": False, "Errno": error.number, "Message": str(error)})
        except (rss.NoSuchTable, ValueError, TypeError, LookupError):
            # What a service does with a table and with arguments that it did not expect.
            return page(500, "Internal Server Error")
        if isinstance(value, rss.Rows):
            return Told({"OK": True, "Value": value.rows, "Columns": value.columns} | value.more)
        return Told({"OK": True, "Value": value})


def _may(credentials: str, method: str) -> bool:
    """Return whether the group that was chosen may call a method; none means the default one."""
    if not credentials:
        return True
    try:
        return json.loads(credentials) in GROUPS or method in FOR_EVERYBODY
    except ValueError:
        return False


# --- every service ------------------------------------------------------------------------


def _ping(asked: Asked, args: list[Any]) -> Json:
    return {
        "version": "8.0.56",
        "time": rss.moment(asked.moment),
        "host uptime": 1841,
        "service start time": rss.moment(asked.story.base),
        "service uptime": max(0, int((asked.moment - asked.story.base).total_seconds())),
        "load": "0.94 1.06 1.11",
        "name": "/".join(asked.segments),
        "URL": f"{asked.address}/dirac/{asked.path}",
    }


def _whoami(asked: Asked, args: list[Any]) -> Json:
    return {
        "subject": "/C=XX/O=TEST/CN=juno-support",
        "secondsLeft": 25_919_979,
        "isProxy": False,
        "DN": "/C=XX/O=TEST/CN=juno-support",
        "properties": ["NormalUser"],
        "group": "juno_user",
        "username": "junosupport",
    }


# --- jobs ---------------------------------------------------------------------------------

_COLUMNS: dict[str, Callable[[Job], Any]] = {
    "JobID": lambda job: job.id,
    "Site": lambda job: job.site,
    "Status": lambda job: job.last.status,
    "MinorStatus": lambda job: job.last.minor_status,
    "ApplicationStatus": lambda job: job.last.application_status,
    "JobName": lambda job: job.name,
    "JobType": lambda job: job.type,
    "JobGroup": lambda job: "00000000",
    "Owner": lambda job: job.owner,
    "OwnerGroup": lambda job: job.group,
    "SubmissionTime": lambda job: naive(job.submitted_at),
    "StartExecTime": lambda job: naive(job.started_at),
    "EndExecTime": lambda job: naive(job.ended_at),
    "LastUpdateTime": lambda job: naive(job.last.at),
    "HeartBeatTime": lambda job: naive(job.last.at),
    "RescheduleCounter": lambda job: 0,
    "UserPriority": lambda job: 1,
}
# Marked as moments where they are told; the logging information has them as texts.
_TIMES = frozenset(
    {"SubmissionTime", "StartExecTime", "EndExecTime", "LastUpdateTime", "HeartBeatTime"}
)


def _column(name: str) -> Callable[[Job], Any]:
    column = _COLUMNS.get(name)
    if column is None:
        # Version 8 has no column VO: it is asked for by the owner's group.
        raise NotOK(
            1131,
            "MySQL Error ( 1131 : Execution failed.: "
            f"( 1054: Unknown column '{name}' in 'WHERE' ))",
        )
    return column


def _selected(asked: Asked, wanted: Any, cut: Any = None) -> list[Job]:
    conditions = [
        (_column(name), value if isinstance(value, list) else [value])
        for name, value in (wanted or {}).items()
    ]
    since = None if not cut else str(cut).replace("T", " ")[:19]
    return [
        job
        for job in dirac_jobs.jobs(asked.story)
        if all(column(job) in values for column, values in conditions)
        if since is None or (naive(job.last.at) or "") >= since
    ]


def _three(args: list[Any]) -> tuple[Any, Any, Any]:
    """Return the first three arguments; those that were left out are None."""
    first, second, third = ([*args, None, None, None])[:3]
    return first, second, third


def _get_counters(asked: Asked, args: list[Any]) -> list[Any]:
    names, wanted, cut = _three(args)
    columns = [_column(name) for name in names]
    counted = Counter(
        tuple(column(job) for column in columns) for job in _selected(asked, wanted, cut)
    )
    return [
        [dict(zip(names, values, strict=True)), number]
        for values, number in sorted(counted.items(), key=lambda one: str(one[0]))
    ]


def _get_jobs(asked: Asked, args: list[Any]) -> list[str]:
    wanted, cut, _nothing = _three(args)
    # Ids are texts here, and numbers elsewhere.
    return [str(job.id) for job in _selected(asked, wanted, cut)]


def _ids(text: Any) -> list[int]:
    listed = text if isinstance(text, list) else [text]
    return [int(one) for one in listed]


def _found(asked: Asked, wanted: Any) -> list[Job]:
    ids = set(_ids(wanted))
    return [job for job in dirac_jobs.jobs(asked.story) if job.id in ids]


def _told(job: Job, name: str) -> Any:
    value = _column(name)(job)
    return rss.moment(value) if name in _TIMES and value is not None else value


def _summary(job: Job) -> Json:
    return {name: _told(job, name) for name in _COLUMNS}


def _get_jobs_summary(asked: Asked, args: list[Any]) -> Json:
    # JSON has no numbers as keys: ids become texts. Jobs that are not there are left out.
    return {str(job.id): _summary(job) for job in _found(asked, args[0])}


def _get_job_summary(asked: Asked, args: list[Any]) -> Json:
    found = _found(asked, args[0])
    return _summary(found[0]) if found else {}


def _get_logging_info(asked: Asked, args: list[Any]) -> list[list[Any]]:
    found = _found(asked, args[0])
    if not found:
        raise NotOK(0, f"No Logging information for job {args[0]}")
    return [
        [step.status, step.minor_status, step.application_status, naive(step.at), step.source]
        for step in found[0].steps
    ]


def _parameters(job: Job) -> Json:
    if not job.worker_node:
        return {}
    return {
        "CPUNormalizationFactor": "17.3",
        "CacheSize(kB)": "36608KB",
        "GridCE": job.ce,
        "CEQueue": "condor-juno",
        "HostName": job.worker_node,
        "JobWrapperPID": str(job.id % 30_000),
        "LocalAccount": "junopool07",
        "Pilot_Reference": job.pilot,
        "Memory(MB)": str(1800 + job.id % 900),
    }


def _get_parameters(asked: Asked, args: list[Any]) -> Json:
    names = args[1] if len(args) > 1 else None
    wanted = {names} if isinstance(names, str) else set(names or ())
    return {
        str(job.id): {
            name: value for name, value in _parameters(job).items() if not wanted or name in wanted
        }
        for job in _found(asked, args[0])
    }


def _get_attributes(asked: Asked, args: list[Any]) -> Json:
    names = args[1] if len(args) > 1 and args[1] else list(_COLUMNS)
    found = _found(asked, args[0])
    return {name: _told(found[0], name) for name in names} if found else {}


def _get_statuses(asked: Asked, args: list[Any]) -> Json:
    return {str(job.id): {"Status": job.last.status} for job in _found(asked, args[0])}


def _get_sites(asked: Asked, args: list[Any]) -> Json:
    return {str(job.id): {"Site": job.site} for job in _found(asked, args[0])}


# --- data management ----------------------------------------------------------------------


def _get_db_summary(asked: Asked, args: list[Any]) -> Json:
    counted = dirac_jobs.requests(asked.story)
    failed = counted["Failed"]
    return {
        "Request": counted,
        "Operation": {
            "ReplicateAndRegister": {
                "Done": counted["Done"],
                "Failed": failed - failed // 4,
                "Waiting": counted["Waiting"],
                "Scheduled": counted["Scheduled"],
            },
            "RemoveReplica": {"Done": counted["Done"] // 5, "Failed": failed // 4},
        },
        "File": {
            "Done": counted["Done"] * 9,
            "Failed": failed * 4,
            "Waiting": counted["Waiting"] * 8,
            "Scheduled": counted["Scheduled"] * 10,
        },
    }


def _get_request_counters(asked: Asked, args: list[Any]) -> Json:
    counted = dirac_jobs.requests(asked.story)
    if args and args[0] == "Status":
        return dict(counted)
    return {"ReplicateAndRegister": sum(counted.values())}


SERVICES: dict[str, dict[str, Call]] = {
    "ResourceStatus/ResourceStatus": {"select": rss.select, "selectStatusElement": rss.select},
    "ResourceStatus/ResourceManagement": {"select": dirac_space.select},
    "ResourceStatus/Publisher": {
        "getSites": rss.get_sites,
        "getSitesResources": rss.get_sites_resources,
        "getElementStatuses": rss.get_element_statuses,
        "getElementHistory": rss.get_element_history,
        "getCachedDowntimes": rss.get_cached_downtimes,
    },
    "WorkloadManagement/JobMonitoring": {
        "getCounters": _get_counters,
        "getJobs": _get_jobs,
        "getJobsSummary": _get_jobs_summary,
        "getJobSummary": _get_job_summary,
        "getJobLoggingInfo": _get_logging_info,
        "getJobParameters": _get_parameters,
        "getJobAttributes": _get_attributes,
        "getJobsStatus": _get_statuses,
        "getJobsSites": _get_sites,
    },
    "WorkloadManagement/WMSAdministrator": {
        "getSiteMaskStatus": rss.get_site_mask_status,
        "getSiteSummaryWeb": dirac_summaries.get_site_summary_web,
    },
    "RequestManagement/ReqManager": {
        "getDBSummary": _get_db_summary,
        "getRequestCountersWeb": _get_request_counters,
    },
}
COMMON: dict[str, Call] = {"ping": _ping, "whoami": _whoami}
