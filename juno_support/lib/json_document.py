"""JSON from outside: anything broken becomes one understandable fault."""

import json
from typing import Any, NoReturn

from juno_support.lib.faults import AnswerNotUnderstood


def read_json(body: bytes) -> Any:
    """Return the value of a JSON document.

    Refuses what is no JSON (also NaN and Infinity, which Python would take), text that is not
    UTF-8, and nesting or numbers too large to be meant.

    :raises AnswerNotUnderstood: with the reason in words
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise AnswerNotUnderstood("The answer is not UTF-8 text.", body_start=body) from error
    except RecursionError as error:
        raise AnswerNotUnderstood("The answer is nested too deeply.", body_start=body) from error
    except ValueError as error:
        words = "The answer is empty." if not body.strip() else f"The answer is no JSON: {error}."
        raise AnswerNotUnderstood(words, body_start=body) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
