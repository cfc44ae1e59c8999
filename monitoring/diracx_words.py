"""What DiracX says in an error answer; its client and its parsers both need to know."""

from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import shorten

LONGEST_WORDS = 300


def error_words(body: bytes) -> str:
    """Return what an error answer of DiracX says, in one line; empty where it says nothing.

    It is ``{"detail": text}``, ``{"error": word}`` of OAuth, or ``{"detail": [{"loc", "msg"}]}``
    where a question was malformed (422).
    """
    try:
        document = read_json(body)
    except AnswerNotUnderstood:
        return ""
    if not isinstance(document, dict):
        return ""
    detail = document.get("detail") or document.get("error_description") or document.get("error")
    if isinstance(detail, list):
        detail = "; ".join(_one_complaint(one) for one in detail[:5])
    return shorten(detail, LONGEST_WORDS) if isinstance(detail, str) else ""


def _one_complaint(one: Any) -> str:
    if not isinstance(one, dict):
        return ""
    place = one.get("loc")
    where = ".".join(str(part) for part in place[:6]) if isinstance(place, list) else ""
    return f"{where} {one.get('msg', '')}".strip()
