"""What a look-up of a DIRAC job tells: plain values, the same for classic DIRAC and for DiracX.

A job is looked up on demand, when somebody pastes its id. Nothing here touches the network or the
database; ``as_evidence`` and ``from_evidence`` turn facts into JSON and back, because what was
found is kept with a ticket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

# A pasted list of ids is looked up one question at a time; nobody reads more of them.
MOST_JOBS = 20
LONGEST_LOG = 200
SAME_ERROR_WINDOW = timedelta(hours=24)
# The words of DIRAC for a job that will not run any more and has not done its work.
FAILED_STATUSES = frozenset({"Failed", "Killed", "Stalled"})
ENDED_STATUSES = frozenset({"Done", "Completed", "Failed", "Killed", "Deleted"})


@dataclass(frozen=True)
class JobStep:
    """One line of a job's logging information; ``source`` is the part of DIRAC that wrote it."""

    status: str
    minor_status: str
    application_status: str
    at: datetime | None
    source: str


@dataclass(frozen=True)
class SameError:
    """How often the same error occurred, in the day before ``until``, and where.

    :param minor_status: the minor status that was counted, among jobs of the same status
    :param count: jobs with it, this one included
    :param by_site: (DIRAC's name of the site, jobs), the most first
    """

    status: str
    minor_status: str
    since: datetime
    until: datetime
    count: int
    by_site: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class JobFacts:
    """Everything that is known of one job. Empty or None means that the source did not tell.

    :param site: DIRAC's name of the site, such as ``GRID.INFN-CNAF.it``; empty while unmatched
    :param ce: host of the computing element that the job's pilot came through
    :param worker_node: host that it ran on
    :param ended_at: when it stopped running; None while it runs or waits
    :param owner: DIRAC's short name of the person, no DN
    :param pilot_reference: the pilot's own id, usually an address at its computing element
    :param log: the steps in the order of their times; the newest ``LONGEST_LOG`` of them
    :param parameters: more that the job left behind (memory, CPU, …), as short texts
    :param notes: what could not be found out, in words for people
    :param evidence_url: a page for people
    """

    job_id: int
    status: str
    minor_status: str = ""
    application_status: str = ""
    site: str = ""
    ce: str = ""
    worker_node: str = ""
    job_name: str = ""
    job_type: str = ""
    job_group: str = ""
    owner: str = ""
    owner_group: str = ""
    vo: str = ""
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    heartbeat_at: datetime | None = None
    times_rescheduled: int = 0
    pilot_reference: str = ""
    pilot_status: str = ""
    log: tuple[JobStep, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    same_error: SameError | None = None
    notes: tuple[str, ...] = ()
    evidence_url: str = ""

    @property
    def has_failed(self) -> bool:
        """Say whether it ended without doing its work."""
        return self.status in FAILED_STATUSES


class JobSource(Protocol):
    """A DIRAC that can be asked for single jobs; made by its client for each look-up."""

    def find_jobs(self, job_ids: Sequence[int], *, at: datetime) -> dict[int, JobFacts]:
        """Look jobs up, each with its log, its pilot and how often its error occurred.

        At most ``MOST_JOBS`` ids. A job that the source does not have, or does not show to us,
        is missing from the answer. What only adds to a job (log, pilot, same error) never costs
        the job itself: it is said in its ``notes``.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer at all
        """
        ...


def as_evidence(facts: JobFacts) -> dict[str, Any]:
    """Turn facts into plain JSON: moments become ISO texts with their offset."""
    return _plain(asdict(facts))


def from_evidence(kept: Mapping[str, Any]) -> JobFacts:
    """Turn ``as_evidence`` back into facts.

    Fields that a later release has dropped are ignored, new ones get their defaults.

    :raises KeyError, ValueError, TypeError: when it is not what ``as_evidence`` made
    """
    values = _known(JobFacts, kept)
    for name in ("submitted_at", "started_at", "ended_at", "updated_at", "heartbeat_at"):
        values[name] = _moment(values.get(name))
    values["log"] = tuple(
        JobStep(**{**_known(JobStep, step), "at": _moment(step["at"])})
        for step in values.get("log", ())
    )
    values["notes"] = tuple(values.get("notes", ()))
    if same := values.get("same_error"):
        values["same_error"] = SameError(
            **{
                **_known(SameError, same),
                "since": datetime.fromisoformat(same["since"]),
                "until": datetime.fromisoformat(same["until"]),
                "by_site": tuple((str(site), int(count)) for site, count in same["by_site"]),
            }
        )
    return JobFacts(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _known(record: Any, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: kept[one.name] for one in fields(record) if one.name in kept}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
