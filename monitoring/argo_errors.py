"""What ARGO's errors say, in its own words; for its client and its parsers.

ARGO tells errors in several shapes, ``code`` once as a text and once as a number:
``{"status": {"message", "code", "details"}}``, ``{"message", "code"}``, ``{"errors": [...]}``,
and plain text for an address that it does not know.
"""

from collections.abc import Mapping
from typing import Any

from juno_support.lib import text
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json

_WORDS = 300


def error_words(body: bytes) -> str:
    """Return what an error says in its own words, at most 300 characters; empty if nothing."""
    try:
        document = read_json(body)
    except AnswerNotUnderstood:
        words = body[:1000].decode(errors="replace").strip()
        # A proxy's page of HTML says less than its status.
        return "" if words.startswith("<") else text.shorten(words, _WORDS)
    if isinstance(document, str):
        return text.shorten(document, _WORDS)
    return words_of(document) if isinstance(document, dict) else ""


def words_of(document: Mapping[str, Any]) -> str:
    """Return what a document says if it is an error; empty if it is none."""
    parts: list[Any] = [document]
    if isinstance(errors := document.get("errors"), list):
        parts = [*errors, document]
    # "error" is what proxies in front of it write.
    parts[:0] = [document.get("status"), document.get("error")]
    said: list[str] = []
    for part in parts:
        if isinstance(part, dict):
            for name in ("message", "details"):
                words = part.get(name)
                if isinstance(words, str) and words.strip() and words not in said:
                    said.append(words)
    return text.shorten(": ".join(said), _WORDS)
