"""How full storage elements are, as DIRAC measured it: its table SpaceTokenOccupancyCache.

The "token" of a row is the name of a storage element, for historical reasons; sizes are in MB of
1024 × 1024 bytes (DIRAC: FreeDiskSpaceCommand).
"""

from dataclasses import dataclass
from datetime import datetime

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import finite_number
from monitoring.parsers.dirac_answers import (
    BadRow,
    moment_of,
    name_of,
    read_answer,
    rows_of,
)

MB = 1024 * 1024
LARGEST_MB = 1e15


@dataclass(frozen=True)
class Space:
    """Free and all space of a storage element in bytes; when DIRAC measured it."""

    name: str
    free: int
    total: int
    checked_at: datetime


@dataclass(frozen=True)
class Spaces:
    """The storage elements, and (row, reason) of the rows that could not be read."""

    rows: tuple[Space, ...]
    refused: tuple[tuple[str, str], ...] = ()


def parse_spaces(body: bytes) -> Spaces:
    """Understand an answer to ``select`` of SpaceTokenOccupancyCache.

    Of an element that was measured at several addresses the newest row holds.

    :raises AnswerNotUnderstood: when it is an error or no such table
    """
    answer = read_answer(body)
    if missing := {"token", "free", "total", "lastchecktime"} - set(answer.columns):
        raise AnswerNotUnderstood(
            f"DIRAC's table has no column {' and '.join(sorted(missing))}.", body_start=body
        )
    found: dict[str, Space] = {}
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows_of(answer), start=1):
        try:
            if row is None:
                raise BadRow("does not have a value for each column")
            checked_at = moment_of(row["lastchecktime"])
            if checked_at is None:
                raise BadRow("does not say when it was measured")
            space = Space(
                name=name_of(row["token"], "name"),
                free=_size(row["free"], "free space"),
                total=_size(row["total"], "size"),
                checked_at=checked_at,
            )
        except BadRow as bad:
            refused.append((f"space, row {number}", str(bad)))
            continue
        other = found.get(space.name)
        if other is None or other.checked_at < space.checked_at:
            found[space.name] = space
    return Spaces(tuple(found.values()), tuple(refused))


def _size(value: object, what: str) -> int:
    number = finite_number(value)
    if number is None or not 0 <= number <= LARGEST_MB:
        raise BadRow(f"has no {what}")
    return int(number * MB)
