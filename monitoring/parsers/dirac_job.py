"""What classic DIRAC tells of single jobs: attributes, logging information, parameters."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import finite_number
from monitoring.jobs import ENDED_STATUSES, LONGEST_LOG, JobFacts, JobStep
from monitoring.parsers.dirac_answers import (
    LONGEST_NAME,
    MOST_ROWS,
    moment_of,
    read_answer,
    text_of,
)
from monitoring.parsers.dirac_counts import is_site

LONGEST_WORDS = 255
LONGEST_VALUE = 300
# What a job leaves behind and a supporter wants to see; not its account, paths or output.
KEPT_PARAMETERS = (
    "ApplicationError",
    "BatchSystem",
    "CEQueue",
    "CPU(MHz)",
    "CPUNormalizationFactor",
    "DiskSpace(MB)",
    "Error Message",
    "ErrorMessage",
    "JobSanityCheck",
    "LoadAverage",
    "Memory(MB)",
    "Memory(kB)",
    "MemoryUsed(MB)",
    "MemoryUsed(kb)",
    "MissingLFNs",
    "ModelName",
    "NormCPUTime(s)",
    "OutputSandboxMissingFiles",
    "PendingRequest",
    "ProblematicTURLs",
    "ScaledCPUTime",
    "ScaledCPUTime(s)",
    "TotalCPUTime(s)",
    "WallClockTime(s)",
)
# DIRAC 8 writes this for what its watchdog could not measure.
_NOT_MEASURED = "nan"
# DIRAC's default of a text column.
_NOTHING = frozenset({"unknown", "none", ""})


def parse_jobs(body: bytes) -> dict[int, JobFacts]:
    """Understand ``getJobsSummary``: ``{"265": {"Status": "Failed", …}, …}``; unreadable ones
    are left out.

    :raises AnswerNotUnderstood: when it is an error or no such object
    """
    jobs: dict[int, JobFacts] = {}
    for key, attributes in _object(body, "jobs").items():
        job_id = _job_id(key)
        if job_id is not None and isinstance(attributes, dict) and attributes:
            facts = facts_of(job_id, attributes)
            if facts.status:
                jobs[job_id] = facts
    return jobs


def parse_log(body: bytes) -> tuple[JobStep, ...]:
    """Understand ``getJobLoggingInfo``: ``[[status, minor, application, time, source], …]``.

    Steps without a status are left out; of a very long log the newest remain.

    :raises AnswerNotUnderstood: when it is an error or no such list
    """
    value = read_answer(body).value
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        raise AnswerNotUnderstood("The job's log is no list that can be read.", body_start=body)
    steps = [
        JobStep(
            status=status,
            minor_status=text_of(row[1], LONGEST_WORDS),
            application_status=_known(row[2]),
            at=moment_of(row[3]),
            source=text_of(row[4], 64) if len(row) > 4 else "",
        )
        for row in value
        if isinstance(row, list) and len(row) >= 4 and (status := text_of(row[0], 64))
    ]
    return tuple(steps[-LONGEST_LOG:])


def parse_parameters(body: bytes) -> dict[int, dict[str, str]]:
    """Understand ``getJobParameters``: ``{"265": {"Pilot_Reference": …, …}, …}``.

    :raises AnswerNotUnderstood: when it is an error or no such object
    """
    return {
        job_id: {
            name: text
            for name, value in parameters.items()
            if (text := text_of(value, LONGEST_VALUE)) and text != _NOT_MEASURED
        }
        for key, parameters in _object(body, "parameters").items()
        if (job_id := _job_id(key)) is not None and isinstance(parameters, dict)
    }


def parse_ids(body: bytes) -> tuple[int, ...]:
    """Understand ``getJobs``: a list of ids, as numbers or texts.

    :raises AnswerNotUnderstood: when it is an error or no such list
    """
    value = read_answer(body).value
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        raise AnswerNotUnderstood("The list of jobs cannot be read.", body_start=body)
    ids = (_job_id(str(one)) for one in value if isinstance(one, int | str))
    return tuple(job_id for job_id in ids if job_id is not None)


def parse_sites(body: bytes) -> dict[int, str]:
    """Understand ``getJobsSites``: ``{"265": {"Site": "GRID.INFN-CNAF.it"}, …}``.

    :raises AnswerNotUnderstood: when it is an error or no such object
    """
    return {
        job_id: text_of(values.get("Site"), LONGEST_NAME)
        for key, values in _object(body, "jobs").items()
        if (job_id := _job_id(key)) is not None and isinstance(values, dict)
    }


def kept_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return those parameters that are worth keeping with a ticket."""
    return {name: parameters[name] for name in KEPT_PARAMETERS if name in parameters}


def facts_of(job_id: int, attributes: Mapping[str, Any]) -> JobFacts:
    """Understand a row of DIRAC's table of jobs, by its columns; DiracX has the same ones.

    What is not there stays empty, the status too.
    """
    site = text_of(attributes.get("Site"), LONGEST_NAME)
    status = text_of(attributes.get("Status"), 64)
    reschedules = finite_number(attributes.get("RescheduleCounter"))
    return JobFacts(
        job_id=job_id,
        status=status,
        minor_status=_known(attributes.get("MinorStatus")),
        application_status=_known(attributes.get("ApplicationStatus")),
        site=site if is_site(site) else "",
        job_name=_known(attributes.get("JobName")),
        job_type=_known(attributes.get("JobType")),
        job_group=_group(attributes.get("JobGroup")),
        owner=_known(attributes.get("Owner")),
        owner_group=_known(attributes.get("OwnerGroup")),
        vo=_known(attributes.get("VO")),
        submitted_at=moment_of(attributes.get("SubmissionTime")),
        started_at=moment_of(attributes.get("StartExecTime")),
        ended_at=_ended_at(status, attributes),
        updated_at=moment_of(attributes.get("LastUpdateTime")),
        heartbeat_at=moment_of(attributes.get("HeartBeatTime")),
        times_rescheduled=int(reschedules) if reschedules and 0 < reschedules < 10_000 else 0,
    )


def _ended_at(status: str, attributes: Mapping[str, Any]) -> datetime | None:
    """Return the end; of a job that runs again after a rescheduling the old one does not count."""
    return moment_of(attributes.get("EndExecTime")) if status in ENDED_STATUSES else None


def _group(value: Any) -> str:
    group = _known(value)
    return "" if set(group) <= {"0"} else group


def _known(value: Any) -> str:
    text = text_of(value, LONGEST_WORDS)
    return "" if text.lower() in _NOTHING else text


def _job_id(key: str) -> int | None:
    return int(key) if key.isascii() and key.isdigit() and 0 < len(key) < 16 else None


def _object(body: bytes, what: str) -> dict[str, Any]:
    value = read_answer(body).value
    # An empty dictionary of Python may arrive as an empty list.
    if value == []:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_ROWS:
        raise AnswerNotUnderstood(f"The list of {what} cannot be read.", body_start=body)
    return value
