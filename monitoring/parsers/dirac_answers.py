"""What every answer of classic DIRAC has in common; pure functions.

A service answers ``{"OK": true, "Value": …}``, or with the same HTTP status 200
``{"OK": false, "Errno": n, "Message": words}``. Values are JSON with marks for what JSON lacks
(DIRAC's JEncode): ``{"__dCls": "dt", "obj": "2026-11-21 06:00:00"}`` is a moment in UTC.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import clean_line, finite_number, shorten

MOST_ROWS = 500_000
LONGEST_NAME = 200
LARGEST_COUNT = 10**12
# DIRAC writes "never" as 9999-12-31 and "not yet" as 1000-01-01.
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?(?:Z|\+00:00)?"
)


class BadRow(ValueError):
    """One row cannot be read; the words say why."""


@dataclass(frozen=True)
class DiracAnswer:
    """What a service returned; ``columns`` are those of a table, in lower case, else empty."""

    value: Any
    columns: tuple[str, ...] = ()


def read_answer(body: bytes) -> DiracAnswer:
    """Understand an answer as such, with the marks of JEncode resolved.

    :raises AnswerNotUnderstood: when it is none, or when DIRAC says that the call failed
    """
    document = read_json(body)
    if not isinstance(document, dict) or not isinstance(document.get("OK"), bool):
        raise AnswerNotUnderstood("This is no answer of DIRAC's services.", body_start=body)
    if not document["OK"]:
        raise AnswerNotUnderstood(f"DIRAC says: {_complaint(document)}", body_start=body)
    if "Value" not in document:
        raise AnswerNotUnderstood("DIRAC's answer has no value.", body_start=body)
    columns = document.get("Columns")
    names: tuple[str, ...] = ()
    if isinstance(columns, list):
        # Lower case where columns were asked for, mixed where not.
        names = tuple(str(column).lower() for column in columns)
    return DiracAnswer(resolve(document["Value"]), names)


def _complaint(document: Mapping[str, Any]) -> str:
    words = document.get("Message")
    said = shorten(words, 300) if isinstance(words, str) and words.strip() else "an error"
    number = document.get("Errno")
    # DISET's old codes below 1 say nothing; the others are in DIRAC's DErrno.
    has_number = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return f"{said} (error {number})." if has_number and str(number) not in said else f"{said}."


def resolve(value: Any) -> Any:
    """Replace the marks of JEncode: moments, days and bytes; of an object its fields remain.

    A mark that does not hold what it promises stays as it is, so that whoever reads it refuses it.
    """
    if isinstance(value, list):
        return [resolve(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    mark, inner = value.get("__dCls"), value.get("obj")
    if isinstance(inner, str):
        if mark == "dt" and (when := _read_moment(inner)):
            return when
        if mark == "date" and (when := _read_moment(inner)):
            return when.date()
        if mark == "b64":
            try:
                return b64decode(inner, validate=True)
            except ValueError:
                return value
    if mark in ("dt", "date", "b64"):
        return value
    return {key: resolve(inner) for key, inner in value.items() if key not in ("__dCls", "__dMod")}


def _read_moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def moment_of(value: Any) -> datetime | None:
    """Return an aware moment; None where there is none or where it means never.

    Takes what ``resolve`` made and the texts that some methods return instead.
    """
    when = _read_moment(value) if isinstance(value, str) else value
    if not isinstance(when, datetime):
        if not isinstance(when, date):
            return None
        when = datetime(when.year, when.month, when.day, tzinfo=UTC)
    return when if _FIRST_YEAR <= when.year < _LAST_YEAR else None


def text_of(value: Any, length: int) -> str:
    """Return a text on one line, empty where DIRAC has none: null, ``None`` or bytes that are no
    text. Numbers become text.
    """
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or value == "None":
        return ""
    return shorten(value, length)


def name_of(value: Any, what: str) -> str:
    """Return a name as it is.

    :raises BadRow: when there is none, or none of a usable length
    """
    if not isinstance(value, str) or not (name := clean_line(value)):
        raise BadRow(f"has no {what}")
    if len(name) > LONGEST_NAME:
        raise BadRow(f"has a {what} of {len(name)} characters")
    return name


def count_of(value: Any) -> int:
    """Return a count; numbers may come as texts.

    :raises BadRow: when it is none
    """
    number = finite_number(value)
    if number is None or number < 0 or number != int(number) or number > LARGEST_COUNT:
        raise BadRow(f"has no count but {str(value)[:40]!r}")
    return int(number)


def rows_of(answer: DiracAnswer) -> Iterator[Mapping[str, Any] | None]:
    """Yield the rows of a table by the lower-case names of its columns; None for what is no row.

    :raises AnswerNotUnderstood: when it is no table
    """
    if not isinstance(answer.value, list) or not answer.columns:
        raise AnswerNotUnderstood("DIRAC's answer is no table with columns.")
    if len(answer.value) > MOST_ROWS:
        raise AnswerNotUnderstood(f"DIRAC's table has {len(answer.value):,} rows.")
    for row in answer.value:
        if isinstance(row, list) and len(row) == len(answer.columns):
            yield dict(zip(answer.columns, row, strict=True))
        else:
            yield None
