"""Single values of the Portal's documents, and why one cannot be read."""

import re
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from juno_support.lib.text import clean, clean_line
from supportunits.parsers.card_records import LONGEST, LONGEST_NAME, LONGEST_TEXT

HIDDEN: Final = "not available"
# Names stand in addresses and mails: nothing that could be read as a path or as another name.
_UNFIT_FOR_NAMES: Final = re.compile(
    r"[/\\?#\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|^[.-]+$"
)
_YES: Final = frozenset({"1", "true", "yes", "y"})
# The Portal writes these for "never".
_NO_DATES: Final = ("0000-00-00", "1970-01-01", "-0001-11-30")
STATUSES: Final = {
    "production": "Production",
    "pending": "Pending",
    "new": "Pending",
    "leaving": "Leaving",
    "deleted": "Deleted",
    "removed": "Deleted",
}


class BadCard(Exception):
    """Why one card cannot be read."""


def child(element: Element, name: str) -> Element | None:
    """Return the first child of this name, in whatever case: the two formats differ there."""
    wanted = name.lower()
    return next((each for each in element if local(each) == wanted), None)


def local(element: Element) -> str:
    """Return an element's name in small letters, without its namespace."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def text_of(element: Element | None) -> str:
    """Return an element's own text, cleaned; what is not there is empty."""
    return clean(element.text or "").strip() if element is not None else ""


def told(element: Element | None) -> str | None:
    """Return an element's text; None where the document hides it, or does not have it."""
    if element is None:
        return None
    text = text_of(element)
    return None if text.lower() == HIDDEN else text


def line(element: Element | None) -> str | None:
    """Return an element's text on one line; None where the document does not have it."""
    text = told(element)
    return None if text is None else clean_line(text)


def attribute(element: Element, name: str) -> str:
    """Return an attribute's text, cleaned; in whatever case it is written."""
    wanted = name.lower()
    for key, value in element.attrib.items():
        if key.lower() == wanted:
            return clean_line(value)
    return ""


def told_attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute's text; None where the element does not have it."""
    if element is None or all(key.lower() != name.lower() for key in element.attrib):
        return None
    return attribute(element, name)


def is_yes(text: str) -> bool:
    """Return whether the Portal means yes."""
    return text.strip().lower() in _YES


def moment(text: str | None) -> str | None:
    """Return a moment as ISO 8601 in UTC; None where the Portal does not know it.

    :raises BadCard: when it is no moment
    """
    text = (text or "").strip()
    if not text or text.startswith(_NO_DATES):
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadCard(f"“{text[:40]}” is no date") from None
    if found.year < 1990:  # before there were grids: another way to write "never"
        return None
    return found.isoformat()


def day(text: str | None) -> str | None:
    """Return the day of a moment, as 2015-06-05; None where the Portal does not know it."""
    found = moment(text)
    return found[:10] if found else None


def status(text: str) -> str:
    """Return a status as we name it.

    :raises BadCard: when the Portal uses a word that we do not know
    """
    try:
        return STATUSES[text.strip().lower()]
    except KeyError:
        raise BadCard(f"its status “{text[:40]}” is none that we know") from None


def vo_name(text: str) -> str:
    """Return the VO's name.

    :raises BadCard: when there is none, or one that cannot stand in an address
    """
    name = clean_line(text)
    if not name:
        raise BadCard("it has no name")
    if len(name) > LONGEST_NAME:
        raise BadCard(f"its name has {len(name)} characters; {LONGEST_NAME} fit")
    if _UNFIT_FOR_NAMES.search(name):
        raise BadCard("its name has signs that cannot stand in an address")
    return name


def check_lengths(fields: dict[str, object]) -> None:
    """Refuse what would not fit into its field.

    :raises BadCard: naming the first field that is too long
    """
    for name, value in fields.items():
        most = LONGEST.get(name, LONGEST_TEXT)
        if isinstance(value, str) and len(value) > most:
            words = name.replace("_", " ")
            raise BadCard(f"its {words} has {len(value)} characters; {most} fit")
