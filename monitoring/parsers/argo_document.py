"""What all of ARGO's answers have in common: the JSON document and single values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from juno_support.lib import text
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from monitoring.argo_errors import words_of

LONGEST_NAME = 200
LONGEST_HOST = 255
LONGEST_WORD = 100
MOST_REMARKS = 50
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


class BadRow(Exception):
    """Why one row cannot be read."""


def read_answer(body: bytes, *keys: str) -> tuple[str, Mapping[str, Any]]:
    """Return the first of these keys that the document has, and the document.

    :raises AnswerNotUnderstood: when it is no JSON object, or an error, or has none of the keys
    """
    document = read_json(body)
    if not isinstance(document, dict):
        raise AnswerNotUnderstood(
            f"The answer is a JSON {_kind(document)}, not ARGO's object.", body_start=body
        )
    for key in keys:
        if key in document:
            return key, document
    words = words_of(document)
    raise AnswerNotUnderstood(
        f"ARGO answered with an error: {words}"
        if words
        else f"The answer has no {keys[0]!r}; it is not the one that was asked for.",
        body_start=body,
    )


def rows_of(document: Mapping[str, Any], key: str) -> list[Any]:
    """Return the rows of a list; ``null`` is how ARGO writes a list without any.

    :raises AnswerNotUnderstood: when it is something else
    """
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise AnswerNotUnderstood(f"{key!r} is a {_kind(value)}, not a list.")
    return value


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "truth value"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
    return "object"


# Single values


def row_of(value: Any) -> Mapping[str, Any]:
    """Return a row; raise if it is none."""
    if not isinstance(value, dict):
        raise BadRow(f"it is a {_kind(value)}, not an object")
    return value


def needed(
    row: Mapping[str, Any], *names: str, longest: int = LONGEST_NAME, lower: bool = False
) -> str:
    """Return the first of these texts that the row has; a row without one cannot be told apart."""
    for name in names:
        value = row.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise BadRow(f"{name} is a {_kind(value)}, not a text")
        clean = text.clean_line(value)
        if lower:
            clean = clean.lower()
        if len(clean) > longest:
            raise BadRow(f"{name} is longer than {longest} characters")
        if clean:
            return clean
    raise BadRow(f"{names[0]} is missing")


def optional(row: Mapping[str, Any], name: str, longest: int) -> str:
    """Return a text, cut where it is too long; empty where there is none."""
    value = row.get(name)
    return text.clean(value).strip()[:longest] if isinstance(value, str) else ""


def moment_of(value: Any) -> datetime:
    """Read a moment: ISO 8601 in any of its forms, in UTC where no zone is given."""
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise BadRow(f"{str(value)[:40]!r} is no moment") from None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise BadRow(f"{str(value)[:40]!r} cannot be meant")
    return moment


def number_of(value: Any) -> float | None:
    """Read a number, which ARGO writes as a text; None where there is none, and for -1.

    ARGO's -1 means that there are no data.
    """
    number = text.finite_number(value)
    return number if number is not None and 0 <= number <= 1_000_000 else None
