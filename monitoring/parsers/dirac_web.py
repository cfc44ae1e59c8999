"""What DIRAC's web portal answers: ``{"success": "true", "result": [{…}, …], "total": n}``.

``success`` is a text. Rows are read by the names of their columns, which differ between releases.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import finite_number, shorten
from monitoring.job_health import ACTIVE
from monitoring.parsers.dirac_answers import (
    MOST_ROWS,
    BadRow,
    count_of,
    name_of,
    resolve,
    text_of,
)
from monitoring.parsers.dirac_rss import Statuses, read_statuses

JOB_STATUSES = (*ACTIVE, "Done", "Completed", "Failed", "Deleted", "Killed")
PILOT_STATUSES = (
    "Submitted",
    "Waiting",
    "Running",
    "Done",
    "Failed",
    "Deleted",
    "Aborted",
    "Unknown",
    "Scheduled",
)
# How the portal says that there is nothing, in the same words as an error.
_NOTHING = ("no data", "nothing to display")
LONGEST_WORD = 40

Record = TypeVar("Record")


@dataclass(frozen=True)
class SiteJobs:
    """A site's jobs by status, the share of good ones (%), DIRAC's word for it, and the mask's."""

    site: str
    counts: Mapping[str, int]
    percent: float | None
    word: str
    mask: str


@dataclass(frozen=True)
class Pilots:
    """Pilots by status, of a computing element or (``ce`` is ``Multiple``) of a whole site.

    :param percent: share of pilots that were not aborted
    :param aborted_in_hour: how many of the aborted ones in the last hour
    :param empty: how many were done without having found a job
    """

    site: str
    ce: str
    counts: Mapping[str, int]
    percent: float | None
    word: str
    is_in_mask: bool | None
    aborted_in_hour: int = 0
    empty: int = 0


@dataclass(frozen=True)
class WebJobs:
    """Jobs of all sites; ``total`` is how many sites there are."""

    rows: tuple[SiteJobs, ...]
    total: int
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WebPilots:
    """Pilots of all sites, or of the computing elements of one; ``total`` is the number of rows
    that there are.
    """

    rows: tuple[Pilots, ...]
    total: int
    refused: tuple[tuple[str, str], ...] = ()


def parse_web_jobs(body: bytes) -> WebJobs:
    """Understand an answer of ``JobSummary/getData``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    rows, total = _rows(body)
    records, refused = _each(rows, _site_jobs, "jobs", body)
    return WebJobs(records, total, refused)


def parse_web_pilots(body: bytes) -> WebPilots:
    """Understand an answer of ``PilotSummary/getPilotSummaryData``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    rows, total = _rows(body)
    records, refused = _each(rows, _pilots, "pilots", body)
    return WebPilots(records, total, refused)


def parse_web_sites(body: bytes) -> Statuses:
    """Understand an answer of ``SiteSummary/getSiteSummaryData``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    rows, _total = _rows(body)
    statuses = read_statuses(resolve(row) if row is not None else None for row in rows)
    if statuses.refused and not statuses.rows:
        raise AnswerNotUnderstood(
            f"No site of the portal can be read: {statuses.refused[0][1]}.", body_start=body
        )
    return statuses


def _rows(body: bytes) -> tuple[list[Mapping[str, Any] | None], int]:
    document = read_json(body)
    if not isinstance(document, dict) or "success" not in document:
        raise AnswerNotUnderstood("This is no answer of DIRAC's web portal.", body_start=body)
    if str(document["success"]).lower() != "true":
        words = document.get("error") or document.get("Message")
        said = shorten(words, 300) if isinstance(words, str) else "an error"
        if any(nothing in said.lower() for nothing in _NOTHING):
            return [], 0
        raise AnswerNotUnderstood(f"DIRAC's web portal says: {said}", body_start=body)
    result = document.get("result")
    if not isinstance(result, list) or len(result) > MOST_ROWS:
        raise AnswerNotUnderstood("The portal's result is no list of rows.", body_start=body)
    total = finite_number(document.get("total"))
    rows: list[Mapping[str, Any] | None] = [
        {str(name).lower(): value for name, value in row.items()} if isinstance(row, dict) else None
        for row in result
    ]
    return rows, max(len(rows), int(total) if total and 0 < total < MOST_ROWS else 0)


def _each(
    rows: list[Mapping[str, Any] | None],
    read: Callable[[Mapping[str, Any]], Record],
    what: str,
    body: bytes,
) -> tuple[tuple[Record, ...], tuple[tuple[str, str], ...]]:
    records: list[Record] = []
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            if row is None:
                raise BadRow("is no object")
            records.append(read(row))
        except BadRow as bad:
            refused.append((f"{what}, row {number}", str(bad)))
    if refused and not records:
        raise AnswerNotUnderstood(
            f"No row of the portal can be read: {refused[0][1]}.", body_start=body
        )
    return tuple(records), tuple(refused)


def _site_jobs(row: Mapping[str, Any]) -> SiteJobs:
    return SiteJobs(
        site=name_of(row.get("site"), "site"),
        counts=_counts(row, JOB_STATUSES),
        percent=_percent(row.get("efficiency")),
        word=name_of(row.get("status"), "status")[:LONGEST_WORD],
        mask=text_of(row.get("maskstatus"), LONGEST_WORD),
    )


def _pilots(row: Mapping[str, Any]) -> Pilots:
    in_mask = text_of(row.get("inmask"), LONGEST_WORD).lower()
    return Pilots(
        site=name_of(row.get("site"), "site"),
        ce=text_of(row.get("ce"), 255),
        counts=_counts(row, PILOT_STATUSES),
        percent=_percent(row.get("pilotjobeff")),
        word=name_of(row.get("status"), "status")[:LONGEST_WORD],
        is_in_mask={"yes": True, "no": False}.get(in_mask),
        aborted_in_hour=count_of(row.get("aborted_hour") or 0),
        empty=count_of(row.get("done_empty") or 0),
    )


def _counts(row: Mapping[str, Any], statuses: tuple[str, ...]) -> dict[str, int]:
    """Return the counts that are there and not zero: releases know different statuses."""
    counts = {
        status: count_of(row[status.lower()])
        for status in statuses
        if row.get(status.lower()) is not None
    }
    return {status: count for status, count in counts.items() if count}


def _percent(value: Any) -> float | None:
    number = finite_number(value)
    return round(number, 1) if number is not None and 0 <= number <= 100 else None
