"""Jobs and pilots as the simulated DiracX shows them, with its searches and summaries."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from juno_support.demo.simulators import dirac_jobs
from juno_support.demo.simulators.dirac_jobs import FIRST_ID, Job
from juno_support.demo.simulators.incidents import Story

Json = dict[str, Any]
LOGGING = "LoggingInfo"


class Refused(Exception):
    """A question that DiracX does not understand: 400 or 422."""

    def __init__(self, status: int, detail: Any) -> None:
        """Keep what is said."""
        super().__init__(str(detail))
        self.status = status
        self.detail = detail


def _moment(at: datetime | None, job: Job) -> str | None:
    if at is None:
        return None
    # With microseconds, as its database keeps them.
    return f"{at + timedelta(microseconds=job.id % 999_983):%Y-%m-%dT%H:%M:%S.%fZ}"


def _job_row(job: Job) -> Json:
    return {
        "JobID": job.id,
        "JobType": job.type,
        "JobGroup": "00000000",
        "Site": job.site,
        "JobName": job.name,
        "Owner": job.owner,
        "OwnerGroup": job.group,
        "VO": job.vo,
        "SubmissionTime": _moment(job.submitted_at, job),
        "RescheduleTime": None,
        "LastUpdateTime": _moment(job.last.at, job),
        "StartExecTime": _moment(job.started_at, job),
        "HeartBeatTime": None,
        "EndExecTime": _moment(job.ended_at, job),
        "Status": job.last.status,
        "MinorStatus": job.last.minor_status,
        "ApplicationStatus": job.last.application_status,
        "UserPriority": 1,
        "RescheduleCounter": 0,
        "VerifiedFlag": True,
        "AccountedFlag": False,
    }


def _steps(job: Job) -> list[Json]:
    return [
        {
            "Status": step.status,
            "MinorStatus": step.minor_status,
            "ApplicationStatus": step.application_status,
            "StatusTime": _moment(step.at, job),
            "Source": step.source,
        }
        for step in job.steps
    ]


def job_rows(story: Story) -> list[Json]:
    """Return all jobs as rows, of all VOs."""
    return [_job_row(job) for job in dirac_jobs.jobs(story)]


def with_logging(story: Story, rows: list[Json]) -> list[Json]:
    """Return rows of jobs with their logging information."""
    by_id = {job.id: job for job in dirac_jobs.jobs(story)}
    return [row | {LOGGING: _steps(by_id[row["JobID"]])} for row in rows]


def pilot_rows(story: Story) -> list[Json]:
    """Return all pilots as rows. The site is GridSite, the compute element DestinationSite."""
    rows = []
    for job in dirac_jobs.jobs(story):
        if not job.pilot:
            continue
        number = job.id - FIRST_ID
        rows.append(
            {
                "PilotID": number,
                "InitialJobID": job.id,
                "CurrentJobID": job.id,
                "PilotJobReference": job.pilot,
                "PilotStamp": f"{number:032x}",
                "DestinationSite": job.ce,
                "Queue": "condor-juno",
                "GridSite": job.site,
                "VO": job.vo,
                "GridType": "HTCondorCE",
                "BenchMark": 17.3,
                "SubmissionTime": _moment(job.submitted_at, job),
                "LastUpdateTime": _moment(job.last.at, job),
                "Status": job.pilot_status,
                "StatusReason": "Unknown",
                "AccountingSent": False,
            }
        )
    return rows


def summary(rows: list[Json], body: Json) -> list[Json]:
    """Return how many rows there are of each kind, as a flat list.

    :raises Refused: when the grouping is missing or names a column that is not there
    """
    if "grouping" not in body:
        missing = {"type": "missing", "loc": ["body", "grouping"], "msg": "Field required"}
        raise Refused(422, [missing | {"input": body}])
    grouping = body["grouping"]
    if not isinstance(grouping, list):
        fault = {"type": "list_type", "loc": ["body", "grouping"], "input": grouping}
        raise Refused(422, [fault | {"msg": "Input should be a valid list"}])
    _check(set(grouping), rows)
    counted = Counter(
        tuple(row[name] for name in grouping) for row in _found(rows, body.get("search") or [])
    )
    return [
        dict(zip(grouping, values, strict=True)) | {"count": count}
        for values, count in sorted(counted.items(), key=lambda one: str(one[0][::-1]))
    ]


def search(rows: list[Json], body: Json) -> list[Json]:
    """Return all rows that a search finds, with the columns that it asks for.

    :raises Refused: when it names a column or operator that is not there
    """
    found = _found(rows, _by_job(rows, body.get("search") or []))
    for order in reversed(body.get("sort") or []):
        _check({order["parameter"]}, rows)
        name = order["parameter"]
        found = sorted(
            found, key=lambda row: str(row[name]), reverse=order.get("direction") == "desc"
        )
    wanted = body.get("parameters")
    if not wanted:
        return found
    _check(set(wanted) - {LOGGING}, rows)
    # Logging information is added by the job's number.
    keep = set(wanted) | ({"JobID"} if LOGGING in wanted else set())
    # In the order of the table, not of the question.
    return [{key: value for key, value in row.items() if key in keep} for row in found]


def _by_job(rows: list[Json], conditions: list[Json]) -> list[Json]:
    """Return the conditions; of pilots, ``JobID`` asks which of them ran a job."""
    if not rows or "JobID" in rows[0]:
        return conditions
    return [
        condition | {"parameter": "CurrentJobID"}
        if isinstance(condition, dict) and condition.get("parameter") == "JobID"
        else condition
        for condition in conditions
    ]


_JOB_COLUMNS = frozenset(
    (
        "JobID", "JobType", "JobGroup", "Site", "JobName", "Owner", "OwnerGroup", "VO",
        "SubmissionTime", "RescheduleTime", "LastUpdateTime", "StartExecTime", "HeartBeatTime",
        "EndExecTime", "Status", "MinorStatus", "ApplicationStatus", "UserPriority",
        "RescheduleCounter", "VerifiedFlag", "AccountedFlag",
    )
)  # fmt: skip
_PILOT_COLUMNS = frozenset(
    (
        "PilotID", "InitialJobID", "CurrentJobID", "PilotJobReference", "PilotStamp",
        "DestinationSite", "Queue", "GridSite", "VO", "GridType", "BenchMark", "SubmissionTime",
        "LastUpdateTime", "Status", "StatusReason", "AccountingSent",
    )
)  # fmt: skip


def _check(names: set[str], rows: list[Json] | None = None) -> None:
    known = _JOB_COLUMNS | _PILOT_COLUMNS if not rows else frozenset(rows[0])
    unknown = names - known
    if unknown:
        raise Refused(400, f"Unrecognised parameters requested {unknown}")


def _found(rows: list[Json], conditions: list[Json]) -> list[Json]:
    for condition in conditions:
        name, operator = condition.get("parameter"), condition.get("operator")
        if not isinstance(name, str) or not isinstance(operator, str):
            raise Refused(422, [{"type": "missing", "loc": ["body", "search", 0, "parameter"],
                                 "msg": "Field required", "input": condition}])  # fmt: skip
        _check({name}, rows)
        rows = [row for row in rows if _fits(row[name], operator, condition)]
    return rows


def _fits(held: Any, operator: str, condition: Json) -> bool:
    if operator in ("in", "not in"):
        values = condition.get("values")
        if not isinstance(values, list):
            raise Refused(422, [{"type": "missing", "loc": ["body", "search", 0, "values"],
                                 "msg": "Field required", "input": condition}])  # fmt: skip
        return (str(held) in {str(value) for value in values}) == (operator == "in")
    value = condition.get("value")
    if operator in ("eq", "neq"):
        return (str(held) == str(value)) == (operator == "eq")
    if operator in ("gt", "lt"):
        if held is None:
            return False
        one, other = _comparable(held), _comparable(value)
        return bool(one > other if operator == "gt" else one < other)
    if operator in ("like", "not like"):
        pattern = re.escape(str(value)).replace("%", ".*").replace("_", ".")
        return bool(re.fullmatch(pattern, str(held))) == (operator == "like")
    if operator == "regex":
        return bool(re.search(str(value), str(held)))
    allowed = "Input should be 'eq', 'neq', 'gt', 'lt', 'like', 'not like' or 'regex'"
    raise Refused(422, [{"type": "enum", "loc": ["body", "search", 0, "operator"], "msg": allowed,
                         "input": operator}])  # fmt: skip


def _comparable(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refused(400, f"{value!r} is not a valid datetime") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def number(text: str, name: str, default: int) -> int:
    """Return a whole number above zero from the address.

    :raises Refused: when it is none
    """
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        detail = {"type": "greater_than", "loc": ["query", name], "input": text}
        raise Refused(422, [detail | {"msg": "Input should be greater than 0"}])
    return int(text)
