"""What all of GOCDB's answers have in common: the document, its errors, its pages, single values.

Every answer comes as HTTP 200, errors too: as plain text or as ``<error>``. Only a well-formed
document with the root ``results`` is an answer.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from juno_support.lib import text as texts
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused
from juno_support.lib.xml import Document, read_document
from topology.parsers.records import Paging, Refusal, Rows

NO_CREDENTIAL = "No valid identifier found"
# Longer identities cannot be theirs; GOCDB itself holds names in columns of 255 and less.
LONGEST_KEY = 100
LONGEST_NAME = 100
MOST_REMARKS = 50

# Names stand in addresses and mails. GOCDB itself takes letters, digits, dot, dash and underscore;
# we take blanks and other scripts too, but nothing that could be read as a path or as another name.
_UNFIT_FOR_NAMES = re.compile(
    r"[/\\\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|^\.{1,2}$"
)

Record = TypeVar("Record")


class BadRow(Exception):
    """Why one row cannot be read."""


def _results(body: bytes) -> Document:
    """Return the document if it is an answer; raise what GOCDB says if it is an error."""
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        raise AnswerNotUnderstood("GOCDB's answer is empty (0 bytes).", body_start=body)
    if not text.startswith(b"<"):
        raise _what_gocdb_says(text.decode(errors="replace"), body)
    document = read_document(body)
    if document.root.tag.lower() == "error":
        raise _what_gocdb_says("".join(document.root.itertext()), body)
    if document.root.tag != "results":
        raise AnswerNotUnderstood(
            f"The answer is a <{document.root.tag[:50]}> document, not GOCDB's <results>.",
            body_start=body,
        )
    return document


def _what_gocdb_says(text: str, body: bytes) -> AnswerNotUnderstood | CredentialRefused:
    words = " ".join(text.split())[:300]
    if NO_CREDENTIAL.lower() in words.lower():
        return CredentialRefused(
            f"GOCDB wants a certificate, or another one: {words}", body_start=body
        )
    return AnswerNotUnderstood(f"GOCDB answered with an error: {words}", body_start=body)


def read_rows(
    body: bytes,
    tag: str,
    read: Callable[[Element, Callable[[str], None]], Record],
    *,
    merge: Callable[[Record, Record], Record] | None = None,
) -> Rows[Record]:
    """Read every row with this tag.

    The same row twice counts once; two rows with one key that differ are merged where that has a
    meaning, else the second is refused.
    """
    document = _results(body)
    found: dict[str, Record] = {}
    refused: list[Refusal] = []
    remarks: list[str] = []
    strangers: str | None = None
    for position, element in enumerate(document.root, start=1):
        if element.tag != tag:
            if element.tag != "meta" and strangers is None:
                strangers = str(element.tag)
            continue
        key = (element.get("PRIMARY_KEY") or element.findtext("PRIMARY_KEY") or "").strip()
        row = f"{tag} {key[:LONGEST_KEY]}" if key else f"{tag} number {position}"

        def remark(words: str, row: str = row) -> None:
            if len(remarks) < MOST_REMARKS:
                remarks.append(f"{row}: {words}")

        try:
            record = read(element, remark)
        except BadRow as bad:
            refused.append(Refusal(row=row, reason=str(bad), key=key))
            continue
        # read() made sure of the key, or found another one that will do
        key = key or str(getattr(record, "key", row))
        if key not in found:
            found[key] = record
        elif merge:
            found[key] = merge(found[key], record)
        elif found[key] != record:
            refused.append(Refusal(row=row, reason="another row has the same key", key=key))
    if strangers and not found and not refused:
        # Zero downtimes are good news; a document of another kind is none.
        raise AnswerNotUnderstood(
            f"The answer holds <{strangers[:50]}> where <{tag}> was expected.",
            body_start=body,
        )
    return Rows(
        records=tuple(found.values()),
        refused=tuple(refused),
        remarks=tuple(remarks),
        paging=_paging(document.root.find("meta")),
        repaired=document.repaired,
    )


def _paging(meta: Element | None) -> Paging | None:
    """Read the paging block; of the links only the cursor's number is taken, never the address."""
    if meta is None:
        return None
    count = whole_number(meta.findtext("count"))
    page_size = whole_number(meta.findtext("max_page_size"))
    if count is None or page_size is None:
        return None
    next_cursor = None
    for link in meta.findall("link"):
        if link.get("rel") == "next":
            try:
                query = parse_qs(urlsplit(link.get("href") or "").query)
            except ValueError:
                continue
            next_cursor = whole_number((query.get("next_cursor") or [""])[0])
    return Paging(count=count, page_size=page_size, next_cursor=next_cursor)


# Single values


def key_of(element: Element) -> str:
    """Return a row's PRIMARY_KEY."""
    return needed(
        element.get("PRIMARY_KEY") or element.findtext("PRIMARY_KEY"),
        "PRIMARY_KEY",
        LONGEST_KEY,
    )


def needed(value: str | None, name: str, longest: int) -> str:
    """Return what identifies the row; without it, or cut short, the row would be another one."""
    clean = (value or "").strip()
    if not clean:
        raise BadRow(f"{name} is missing")
    if len(clean) > longest:
        raise BadRow(f"{name} is longer than {longest} characters")
    return clean


def fit_name(value: str | None, label: str) -> str:
    """Return a name that may stand in an address."""
    clean = needed(value, label, LONGEST_NAME)
    if _UNFIT_FOR_NAMES.search(clean):
        raise BadRow(f"{label} {clean[:50]!r} holds characters that no name may have")
    return clean


def clip(value: str | None, longest: int, remark: Callable[[str], None]) -> str:
    """Return a text without blanks around it, cut where it is too long, which is remarked on."""
    clean = (value or "").strip()
    if len(clean) > longest:
        remark(f"a text of {len(clean)} characters was cut to {longest}")
        return clean[:longest]
    return clean


def one_of(value: str | None, name: str, allowed: tuple[str, ...]) -> str:
    """Return a value that must be one of few."""
    clean = (value or "").strip().upper()
    if clean not in allowed:
        raise BadRow(f"{name} is {clean[:50]!r}, not one of {', '.join(allowed)}")
    return clean


def is_yes(value: str | None) -> bool:
    """Return whether a value says yes."""
    return (value or "").strip().upper() in ("Y", "YES", "TRUE", "1")


def web_address(value: str | None, longest: int) -> str:
    """Return an address that may become a link, or empty: GOCDB has relative ones, and worse."""
    clean = (value or "").strip()
    if len(clean) > longest or any(character.isspace() for character in clean):
        return ""
    try:
        parts = urlsplit(clean)
    except ValueError:
        return ""
    return clean if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


def moment_of(element: Element, name: str, remark: Callable[[str], None]) -> datetime:
    """Read epoch seconds; check them against the human form where there is one."""
    value = needed(element.findtext(name), name, 40)
    try:
        moment = datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadRow(f"{name} {value!r} is no moment in epoch seconds") from None
    human = (element.findtext(f"FORMATED_{name}") or "").strip()
    if human and human != moment.strftime("%Y-%m-%d %H:%M"):
        remark(
            f"FORMATED_{name} says {human[:40]}, {name} says "
            f"{moment:%Y-%m-%d %H:%M}; we take {name}"
        )
    return moment


def whole_number(value: str | None) -> int | None:
    """Return a whole number, or None where there is none."""
    return texts.whole_number((value or "").strip())
