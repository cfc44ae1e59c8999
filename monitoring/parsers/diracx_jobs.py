"""DiracX's answers about single jobs and their pilots. Pure functions from bytes to records.

The columns are those of classic DIRAC's tables; moments are ISO texts in UTC.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from monitoring.jobs import LONGEST_LOG, JobFacts, JobStep
from monitoring.parsers.dirac_answers import moment_of, text_of
from monitoring.parsers.dirac_job import facts_of
from monitoring.parsers.diracx import MOST_ROWS, is_host, parse_summary

LONGEST_WORDS = 255
# DIRAC's default of a text column.
_NOTHING = frozenset({"", "unknown", "none", "notassigned"})


@dataclass(frozen=True)
class Pilot:
    """A pilot that ran a job; empty where DiracX does not tell.

    :param ce: host of the computing element
    :param reason: why it is in its state
    """

    reference: str
    status: str
    ce: str
    queue: str
    reason: str
    updated_at: datetime | None


def parse_jobs(body: bytes) -> dict[int, JobFacts]:
    """Understand ``/api/jobs/search`` with all columns; unreadable rows are left out.

    :raises AnswerNotUnderstood: when the answer as a whole is none
    """
    found: dict[int, JobFacts] = {}
    for row in _rows(body, "jobs"):
        job_id = _job_id(row)
        if job_id is not None:
            facts = facts_of(job_id, row)
            if facts.status:
                found[job_id] = facts
    return found


def parse_logs(body: bytes) -> dict[int, tuple[JobStep, ...]]:
    """Understand ``/api/jobs/search`` with ``LoggingInfo``: the steps of each job by their times.

    Steps without a status are left out; of a very long log the newest remain.

    :raises AnswerNotUnderstood: when the answer as a whole is none
    """
    found: dict[int, tuple[JobStep, ...]] = {}
    for row in _rows(body, "logs"):
        job_id, log = _job_id(row), row.get("LoggingInfo")
        if job_id is None or not isinstance(log, list):
            continue
        steps = [
            JobStep(
                status=status,
                minor_status=_known(step.get("MinorStatus")),
                application_status=_known(step.get("ApplicationStatus")),
                at=moment_of(step.get("StatusTime")),
                source=_known(step.get("Source"))[:64],
            )
            for step in log
            if isinstance(step, dict) and (status := text_of(step.get("Status"), 64))
        ]
        # Steps without a time stay where they are told, behind the last one that has one.
        last = None
        order: list[tuple[float, int, JobStep]] = []
        for number, step in enumerate(steps):
            last = step.at or last
            order.append((last.timestamp() if last else 0.0, number, step))
        found[job_id] = tuple(step for _at, _number, step in sorted(order)[-LONGEST_LOG:])
    return found


def parse_pilots(body: bytes) -> tuple[Pilot, ...]:
    """Understand ``/api/pilots/search``: the newest first.

    :raises AnswerNotUnderstood: when the answer as a whole is none
    """
    pilots = []
    for row in _rows(body, "pilots"):
        places = [_known(row.get(name)) for name in ("GridSite", "DestinationSite")]
        status = text_of(row.get("Status"), 64)
        if status:
            pilots.append(
                Pilot(
                    reference=_known(row.get("PilotJobReference")),
                    status=status,
                    ce=next((place.lower() for place in places if is_host(place)), ""),
                    queue=_known(row.get("Queue")),
                    reason=_known(row.get("StatusReason")),
                    updated_at=moment_of(row.get("LastUpdateTime")),
                )
            )
    return tuple(
        sorted(
            pilots,
            key=lambda pilot: pilot.updated_at.timestamp() if pilot.updated_at else 0.0,
            reverse=True,
        )
    )


def parse_sites(body: bytes) -> Counter[str]:
    """Understand ``/api/jobs/summary`` grouped by site: jobs by DIRAC's name of the site.

    :raises AnswerNotUnderstood: when the answer as a whole is none
    """
    counts: Counter[str] = Counter()
    for row in parse_summary(body, ("Site",)).rows:
        counts[row.values[0]] += row.count
    return counts


def _rows(body: bytes, what: str) -> Iterator[dict[str, Any]]:
    document = read_json(body)
    if not isinstance(document, list) or len(document) > MOST_ROWS:
        raise AnswerNotUnderstood(f"DiracX's list of {what} cannot be read.", body_start=body)
    return (row for row in document if isinstance(row, dict))


def _job_id(row: dict[str, Any]) -> int | None:
    value = row.get("JobID")
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
    return value if is_id else None


def _known(value: Any) -> str:
    text = text_of(value, LONGEST_WORDS)
    return "" if text.lower() in _NOTHING else text
