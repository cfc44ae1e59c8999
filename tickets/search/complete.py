"""What could be typed next: fields, their values, and names, for the search box.

A completion replaces a part of the line; a page without JavaScript shows them as a list of links.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from juno_support.lib.text import blot, show_bidi
from tickets import policies
from tickets.search import names
from tickets.search.grammar import FIELDS, MAX_LENGTH, Kind, Text, quoted
from tickets.search.meaning import ME, NOBODY

MOST: Final = 8

_AT_END: Final = re.compile(
    r"(?P<minus>-)?(?:(?P<field>[A-Za-z][A-Za-z_-]*)(?P<joint>:(?:<=|>=|<|>|=)?|<=|>=|<|>)"
    r'(?P<before>(?:(?:"[^"]*"|[^\s",])+,)*)(?P<value>"[^"]*|[^\s",]*)|(?P<word>[A-Za-z_-]*))$'
)
_AGES: Final = ("<1d", "<2d", "<1w", "<1mo", ">1w", ">1mo")


@dataclass(frozen=True)
class Completion:
    """One offer: put `text` in the place of the line from `start` to `end`.

    `label` is what is offered, `help` says what it is.
    """

    text: str
    label: str
    help: Text
    start: int
    end: int

    def applied(self, line: str) -> str:
        """The line with the offer taken."""
        return line[: self.start] + self.text + line[self.end :]


def complete(line: str, place: int | None = None, *, user: Any) -> list[Completion]:
    """Offers for the place (default: the end) of a line, best first. At most two queries."""
    line = blot(line[:MAX_LENGTH])
    place = len(line) if place is None else max(0, min(place, len(line)))
    begin = _start_of_term(line, place)
    match = _AT_END.match(line[begin:place])
    if match is None:
        return []
    end = place
    while end < len(line) and not line[end].isspace() and line[end] not in ',"':
        end += 1
    if match["field"] is None:
        typed = match["word"].lower()
        start = begin + match.start("word")
        return [
            Completion(f"{field.name}:", f"{field.name}:", field.help, start, end)
            for field in FIELDS.values()
            if field.name.startswith(typed)
        ][: MOST if typed else len(FIELDS)]
    field = FIELDS.get(match["field"].lower())
    if field is None:
        return []
    typed = match["value"].lstrip('"')
    start = begin + match.start("value")
    if field.kind is Kind.NAME:
        return _names(field.name, typed, start, end, user)
    if field.kind is Kind.MOMENT:
        if match["joint"] != ":":
            return []
        ages = [age for age in _AGES if age.startswith(typed)]
        return [Completion(f"{age} ", age, field.help, start, end) for age in ages]
    choices = {
        value: label
        for value, (_, label) in field.choices.items()
        if typed.lower() in value or typed.lower() in str(label).lower()
    }
    ordered = sorted(choices, key=lambda value: not value.startswith(typed.lower()))
    return [Completion(f"{value} ", value, choices[value], start, end) for value in ordered]


def _names(field: str, typed: str, start: int, end: int, user: Any) -> list[Completion]:
    special = {
        "submitter": (ME,),
        "assigned": (ME, NOBODY),
        "involved": (ME,),
        "unit": ("mine",),
    }.get(field, ())
    offers = [word for word in special if word.startswith(typed.lower())]
    offers += names.beginning(field, typed, limit=MOST, people=policies.may_see_addresses(user))
    return [
        Completion(f"{quoted(offer)} ", show_bidi(offer), FIELDS[field].help, start, end)
        for offer in dict.fromkeys(offers)
    ][:MOST]


def _start_of_term(line: str, place: int) -> int:
    """Where the term at a place begins; a space inside quotation marks does not end one."""
    start, is_quoted = 0, False
    for number, character in enumerate(line[:place]):
        if character == '"':
            is_quoted = not is_quoted
        elif character.isspace() and not is_quoted:
            start = number + 1
    return start
