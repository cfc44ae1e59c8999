"""Why a ticket was found: its subject with marks, and the lines around the best hit.

PostgreSQL's ts_headline parses every document again and knows nothing of our words; marking the
fifty rows that are shown costs a few milliseconds here. All results are safe HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from juno_support.lib.text import clean_line, show_bidi
from juno_support.lib.words import plain, runs_of, words_of
from supportunits import policies as unit_policies
from tickets import policies
from tickets.models import DiaryEntry
from tickets.search.grammar import Search
from tickets.search.index import TEXT_BYTES

BEFORE: Final = 60
LENGTH: Final = 220
MOST_READ: Final = TEXT_BYTES
MOST_ENTRIES: Final = 40
"""Diary entries of one ticket that are looked through for an excerpt, the newest first."""


@dataclass(frozen=True)
class Wanted:
    """What to mark: whole words, beginnings of words, and signs of Chinese, Japanese, Korean."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    @cached_property
    def in_ascii(self) -> re.Pattern[str]:
        """What finds all of it in a text of plain ASCII, whose words need no further care."""
        forms = [re.escape(word) for word in sorted(self.words) if word.isascii()]
        forms += [f"{re.escape(word)}[a-z0-9]*" for word in self.beginnings if word.isascii()]
        return re.compile(
            rf"(?<![a-z0-9])(?:{'|'.join(forms) or '(?!)'})(?![a-z0-9])", re.IGNORECASE
        )

    def __bool__(self) -> bool:
        return bool(self.words or self.beginnings)

    def fits(self, word: str) -> bool:
        """Whether a word of a text is to be marked."""
        return word in self.words or word.startswith(self.beginnings or ("\0",))


@dataclass(frozen=True)
class Excerpt:
    """A found ticket's subject with marks, and a piece of its text; empty where none has a hit."""

    subject: SafeString
    text: SafeString


def wanted(search: Search) -> Wanted:
    """What the words and phrases of a search line ask for."""
    found: set[str] = set()
    beginnings = []
    for term in search.wanted_words:
        words = words_of(term.values[0])
        if term.kind == "words" and term.values[0].endswith("*") and words:
            beginnings.append(words.pop())
        # A sign that ends a Chinese run stands alone in the index; here it would mark too much,
        # unless it is all that was asked for.
        found |= {word for word in words if len(word) > 1 or word.isascii() or len(words) == 1}
    return Wanted(frozenset(found), tuple(beginnings))


def marked(text: str, what: Wanted) -> SafeString:
    """The text with marks around what was searched for."""
    text = show_bidi(text)
    parts = []
    place = 0
    for start, end in _hits(text, what):
        parts += [escape(text[place:start]), "<mark>", escape(text[start:end]), "</mark>"]
        place = end
    parts.append(escape(text[place:]))
    return mark_safe("".join(parts))  # noqa: S308 - every piece is escaped


def excerpt(texts: Iterable[str], what: Wanted) -> SafeString:
    """A line around the part of the first text that has the most hits; empty without a hit."""
    for text in texts:
        # Most texts have none: look before the text is made ready to be shown.
        text = text[:MOST_READ]
        if not _hits(text, what):
            continue
        line = clean_line(text)
        hits = _hits(line, what)
        if not hits:
            continue
        start = _best(hits)
        begin = max(start - BEFORE, 0)
        if begin and (space := line.find(" ", begin, start)) != -1:
            begin = space + 1
        end = min(begin + LENGTH, len(line))
        if end < len(line) and (space := line.rfind(" ", start + 1, end)) > begin + LENGTH // 2:
            end = space
        piece = marked(line[begin:end], what)
        before, after = "… " if begin else "", " …" if end < len(line) else ""
        return mark_safe(f"{before}{piece}{after}")  # noqa: S308 - made safe above
    return SafeString("")


def excerpts(ids: list[int], search: Search, user: Any) -> dict[int, Excerpt]:
    """An excerpt for each of the found tickets, from texts that the user may read. Two queries.

    The ids must come from `run.find` for the same user.
    """
    what = wanted(search)
    if not what or not ids:
        return {}
    others = policies.reads_everything(user)
    restricted = unit_policies.is_csirt(user) or unit_policies.is_admin(user)
    found = {}
    rows = policies.visible_tickets(user).filter(pk__in=ids)
    texts: dict[int, list[str]] = {}
    subjects: dict[int, str] = {}
    all_of: set[int] = set()
    for ticket in rows.only("subject", "description", "solution", "is_restricted"):
        subjects[ticket.pk] = ticket.subject
        texts[ticket.pk] = [ticket.solution, ticket.description]
        if restricted if ticket.is_restricted else others:
            all_of.add(ticket.pk)
    entries = DiaryEntry.objects.filter(ticket__in=list(subjects)).order_by("ticket", "-pk")
    seen: dict[int, int] = {}
    for ticket_id, is_public, text in entries.values_list("ticket_id", "is_public", "text"):
        if (is_public or ticket_id in all_of) and seen.get(ticket_id, 0) < MOST_ENTRIES:
            seen[ticket_id] = seen.get(ticket_id, 0) + 1
            texts[ticket_id].append(text)
    for number, subject in subjects.items():
        found[number] = Excerpt(marked(subject, what), excerpt(texts[number], what))
    return found


def _hits(text: str, what: Wanted) -> list[tuple[int, int]]:
    """Where to mark, joined where marks touch."""
    if text.isascii():
        # Nearly all texts; a hundred times quicker than looking at each word.
        return [match.span() for match in what.in_ascii.finditer(text)]
    flat = plain(text)
    if not any(word in flat for word in (*what.words, *what.beginnings)):
        return []
    hits: list[tuple[int, int]] = []

    def add(start: int, end: int) -> None:
        if hits and start <= hits[-1][1]:
            hits[-1] = (hits[-1][0], max(end, hits[-1][1]))
        else:
            hits.append((start, end))

    for run in runs_of(text):
        if run.is_cjk and len(run.words) == run.end - run.start:
            for step, word in enumerate(run.words):
                if what.fits(word):
                    add(run.start + step, run.start + step + len(word))
                elif word[:1] in what.words:
                    add(run.start + step, run.start + step + 1)
        elif any(what.fits(word) for word in run.words):
            add(run.start, run.end)
    return hits


def _best(hits: list[tuple[int, int]]) -> int:
    """The start of the hit with the most others shortly behind it."""
    best, most, last = hits[0][0], 0, 0
    for number, (start, _) in enumerate(hits[:500]):
        while last < len(hits) and hits[last][0] < start + LENGTH - BEFORE:
            last += 1
        if last - number > most:
            best, most = start, last - number
    return best
