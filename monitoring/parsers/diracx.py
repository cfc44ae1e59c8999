"""DiracX's answers about sites and resources, understood. Pure functions from bytes to records.

Shapes as of DiracX 0.7 (``/api/openapi.json``): a summary is a flat list of objects with one key
for each column that was grouped by, and ``count``; a resource status is an object of objects.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import clean_line, shorten

MOST_ROWS = 100_000
LONGEST_NAME = 200
LONGEST_WORDS = 500
# A count beyond this is no number of jobs.
LARGEST_COUNT = 10**12

# DIRAC's names of sites: GRID.INFN-CNAF.it, CLUSTER.IHEP.cn. They look like host names, too.
_DIRAC_SITE = re.compile(r"[A-Z][A-Za-z0-9-]*\.[^.\s]+\.[A-Za-z]{2,3}")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18}", re.I)


@dataclass(frozen=True)
class CountRow:
    """One line of a summary: the values of the columns in the order that was asked for."""

    values: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Summary:
    """A summary, and (row, reason) of the rows that could not be read.

    Counts are a whole only together: ``doubtful`` are the names in refused rows, whose counts are
    not all here, and ``is_whole`` is False where a refused row does not even tell a name.
    """

    rows: tuple[CountRow, ...]
    refused: tuple[tuple[str, str], ...] = ()
    doubtful: frozenset[str] = frozenset()
    is_whole: bool = True


@dataclass(frozen=True)
class ResourceState:
    """What DiracX lets the VO do with a resource.

    :param access: ``all``, or for a storage element ``read``, ``write``, ``check``, ``remove``
    :param words: its warnings where it is allowed, the reason where it is not; may be empty
    """

    name: str
    access: str
    is_allowed: bool
    words: str


@dataclass(frozen=True)
class ResourceStates:
    """All resources of one kind, and (row, reason) of those that could not be read."""

    rows: tuple[ResourceState, ...]
    refused: tuple[tuple[str, str], ...] = ()


def parse_summary(body: bytes, columns: Sequence[str]) -> Summary:
    """Understand the answer to ``/api/jobs/summary`` or ``/api/pilots/summary``.

    :param columns: the columns that were grouped by
    :raises AnswerNotUnderstood: when the answer as a whole is no summary
    """
    document = read_json(body)
    if not isinstance(document, list):
        raise AnswerNotUnderstood("The summary is no list.", body_start=body)
    if len(document) > MOST_ROWS:
        raise AnswerNotUnderstood(f"The summary has {len(document):,} rows.", body_start=body)
    rows: list[CountRow] = []
    refused: list[tuple[str, str]] = []
    doubtful: set[str] = set()
    is_whole = True
    for number, row in enumerate(document, start=1):
        try:
            rows.append(_count_row(row, columns))
        except BadRow as bad:
            names = _names(row, columns)
            doubtful |= names
            is_whole = is_whole and bool(names)
            refused.append((" ".join((f"row {number}", *sorted(names))), str(bad)))
    if document and not rows:
        raise AnswerNotUnderstood(
            f"No row of the summary can be read: {refused[0][1]}.", body_start=body
        )
    return Summary(tuple(rows), tuple(refused), frozenset(doubtful), is_whole)


def parse_states(body: bytes) -> ResourceStates:
    """Understand the answer to one of ``/api/rss/{site,storage,compute,fts}``.

    :raises AnswerNotUnderstood: when the answer as a whole is none
    """
    document = read_json(body)
    if not isinstance(document, dict):
        raise AnswerNotUnderstood("The list of resources is no object.", body_start=body)
    if len(document) > MOST_ROWS:
        raise AnswerNotUnderstood(f"There are {len(document):,} resources.", body_start=body)
    rows: list[ResourceState] = []
    refused: list[tuple[str, str]] = []
    for raw_name, accesses in document.items():
        name = clean_line(raw_name)
        if not 0 < len(name) <= LONGEST_NAME:
            refused.append((shorten(raw_name, 80), "is no name of a resource"))
            continue
        if not isinstance(accesses, dict) or not accesses:
            refused.append((name, "says nothing about what is allowed"))
            continue
        for access, state in accesses.items():
            try:
                rows.append(_resource_state(name, access, state))
            except BadRow as bad:
                refused.append((f"{name} {shorten(access, 40)}", str(bad)))
    if document and not rows:
        raise AnswerNotUnderstood(
            f"No resource can be read: {refused[0][0]} {refused[0][1]}.", body_start=body
        )
    return ResourceStates(tuple(rows), tuple(refused))


def is_dirac_site(name: str) -> bool:
    """Say whether this is formed like DIRAC's name of a site, such as ``GRID.JINR.ru``."""
    return bool(_DIRAC_SITE.fullmatch(name))


def is_host(name: str) -> bool:
    """Say whether this is formed like the name of a host, and not like DIRAC's name of a site."""
    return bool(_HOST.fullmatch(name)) and not is_dirac_site(name)


class BadRow(Exception):
    """One row cannot be read."""


def whole(value: Any) -> int:
    """Return a count.

    :raises BadRow: when it is none
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_COUNT:
        raise BadRow("has no count that makes sense")
    return value


def _count_row(row: Any, columns: Sequence[str]) -> CountRow:
    if not isinstance(row, dict):
        raise BadRow("is no object")
    values = []
    for column in columns:
        value = row.get(column)
        if not isinstance(value, str) or len(value) > LONGEST_NAME:
            raise BadRow(f"has no {column} that makes sense")
        values.append(clean_line(value))
    return CountRow(tuple(values), whole(row.get("count")))


def _names(row: Any, columns: Sequence[str]) -> frozenset[str]:
    """Return what can be read of the names in a bad row; the last column is no name."""
    values = [row.get(column) for column in columns[:-1]] if isinstance(row, dict) else []
    return frozenset(
        name
        for value in values
        if isinstance(value, str) and len(value) <= LONGEST_NAME and (name := clean_line(value))
    )


def _resource_state(name: str, access: str, state: Any) -> ResourceState:
    if not re.fullmatch(r"[a-z]{1,20}", access):
        raise BadRow("is no kind of access")
    if not isinstance(state, dict):
        raise BadRow("is no state")
    is_allowed = state.get("allowed")
    if not isinstance(is_allowed, bool):
        raise BadRow("does not say whether it is allowed")
    words = state.get("warnings" if is_allowed else "reason")
    if words is None:
        words = ""
    if not isinstance(words, str):
        raise BadRow("gives a reason that is no text")
    return ResourceState(name, access, is_allowed, shorten(words, LONGEST_WORDS))
