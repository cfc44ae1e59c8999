"""DIRAC's Resource Status System: how sites and resources are, and how they were.

The tables SiteStatus and ResourceStatus hold the present, SiteHistory and ResourceHistory the
past. A row is (name, kind of status, VO): ``all`` for every VO, or a VO of its own, which
overrides the row for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers.dirac_answers import (
    BadRow,
    DiracAnswer,
    moment_of,
    name_of,
    read_answer,
    rows_of,
    text_of,
)

LONGEST_REASON = 600
LONGEST_WORD = 40
EVERY_VO = "all"
# Who holds a state that nobody set by hand.
AUTOMATIC = ("rs_svc", "")


@dataclass(frozen=True)
class ResourceStatus:
    """How a site or resource is.

    :param kind: the type of the status: ``all``, or of a storage element ``ReadAccess``, …
    :param status: DIRAC's word: Active, Degraded, Probing, Banned, Error, Unknown
    :param vo: ``all`` or a VO
    :param since: from when on; None if DIRAC does not say
    :param checked_at: when DIRAC last looked
    :param held_until: until when a person holds this state; None if nobody does or for ever
    """

    name: str
    kind: str
    status: str
    vo: str = EVERY_VO
    element: str = ""
    reason: str = ""
    since: datetime | None = None
    checked_at: datetime | None = None
    is_by_hand: bool = False
    held_until: datetime | None = None


@dataclass(frozen=True)
class ResourceChange:
    """From ``at`` on a site or resource was in a state."""

    name: str
    kind: str
    vo: str
    status: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Statuses:
    """How things are, and (row, reason) of the rows that could not be read."""

    rows: tuple[ResourceStatus, ...]
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Changes:
    """How things changed, oldest first, and (row, reason) of what could not be read."""

    rows: tuple[ResourceChange, ...]
    refused: tuple[tuple[str, str], ...] = ()


def parse_statuses(body: bytes) -> Statuses:
    """Understand an answer to ``select`` of SiteStatus or ResourceStatus.

    :raises AnswerNotUnderstood: when it is an error or no such table
    """
    answer = read_answer(body)
    _need_columns(answer, ("name", "status"), body)
    statuses = read_statuses(rows_of(answer))
    if statuses.refused and not statuses.rows:
        raise AnswerNotUnderstood(
            f"No row of DIRAC's table can be read: {statuses.refused[0][1]}.", body_start=body
        )
    return statuses


def read_statuses(rows: Iterable[Mapping[str, Any] | None]) -> Statuses:
    """Read rows by the lower-case names of their columns; of two rows for one thing the newer."""
    found: dict[tuple[str, str, str], ResourceStatus] = {}
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            status = _status(row)
        except BadRow as bad:
            refused.append((f"row {number}", str(bad)))
            continue
        key = status.name, status.kind, status.vo
        other = found.get(key)
        if other is not None:
            refused.append((f"{status.name} {status.kind} {status.vo}", "comes twice"))
            if other.since and (status.since is None or status.since <= other.since):
                continue
        found[key] = status
    return Statuses(tuple(found.values()), tuple(refused))


def parse_history(body: bytes, name: str = "") -> Changes:
    """Understand an answer to ``select`` of SiteHistory or ResourceHistory.

    :param name: what was asked for, where it was one thing; DIRAC may then leave the name out
    :raises AnswerNotUnderstood: when it is an error or no such table
    """
    answer = read_answer(body)
    _need_columns(answer, ("status", "dateeffective"), body)
    if not name:
        _need_columns(answer, ("name",), body)
    changes: list[ResourceChange] = []
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows_of(answer), start=1):
        try:
            changes.append(_change(row, name))
        except BadRow as bad:
            refused.append((f"history of {name or 'many'}, row {number}", str(bad)))
    changes.sort(key=lambda change: change.at)
    return Changes(tuple(changes), tuple(refused))


def _need_columns(answer: DiracAnswer, names: Iterable[str], body: bytes) -> None:
    missing = [name for name in names if name not in answer.columns]
    if missing:
        raise AnswerNotUnderstood(
            f"DIRAC's table has no column {' and '.join(missing)}.", body_start=body
        )


def _status(row: Mapping[str, Any] | None) -> ResourceStatus:
    if row is None:
        raise BadRow("does not have a value for each column")
    owner = text_of(row.get("tokenowner"), LONGEST_WORD)
    is_by_hand = owner not in AUTOMATIC
    return ResourceStatus(
        name=name_of(row.get("name"), "name"),
        kind=text_of(row.get("statustype"), LONGEST_WORD) or EVERY_VO,
        status=_word(row),
        vo=text_of(row.get("vo"), 100) or EVERY_VO,
        element=text_of(row.get("elementtype"), LONGEST_WORD),
        reason=_reason(row),
        since=moment_of(row.get("dateeffective")),
        checked_at=moment_of(row.get("lastchecktime")),
        is_by_hand=is_by_hand,
        held_until=moment_of(row.get("tokenexpiration")) if is_by_hand else None,
    )


def _change(row: Mapping[str, Any] | None, name: str) -> ResourceChange:
    if row is None:
        raise BadRow("does not have a value for each column")
    at = moment_of(row.get("dateeffective"))
    if at is None:
        raise BadRow("does not say from when on")
    return ResourceChange(
        name=name_of(row.get("name", name), "name"),
        kind=text_of(row.get("statustype"), LONGEST_WORD) or EVERY_VO,
        vo=text_of(row.get("vo"), 100) or EVERY_VO,
        status=_word(row),
        at=at,
        reason=_reason(row),
    )


def _word(row: Mapping[str, Any]) -> str:
    word = text_of(row.get("status"), LONGEST_WORD)
    if not word:
        raise BadRow("has no status")
    return word


def _reason(row: Mapping[str, Any]) -> str:
    reason = text_of(row.get("reason"), LONGEST_REASON)
    # The default of DIRAC's table, and what its synchroniser writes.
    return "" if reason in ("Unspecified", "Synchronized") else reason
