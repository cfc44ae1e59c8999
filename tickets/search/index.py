"""Keep the words of a ticket: what is written becomes findable in the same transaction.

Two vectors for each ticket (`tickets.models.SearchDocument`): `public` holds the subject, the
description, the solution and the public diary; `supporters` holds the internal diary as well.
Each text adds its first 20 kB, and a vector stops at 800 kB, where `is_full` makes the page say so
(architecture.md, section 4). The actions call these functions inside their transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from django.db import connection

from juno_support.lib.text import first_bytes
from juno_support.lib.words import Vector
from tickets.models import DiaryEntry, Ticket

TEXT_BYTES: Final = 20 * 1024
VECTOR_BYTES: Final = 800_000

APPENDABLE_BYTES: Final = 32_000
"""Up to here a vector is shorter than the 16,383 positions that PostgreSQL counts, and a new text
can be appended. A longer one is made afresh, so that phrases are found in its last entries too."""

_STORE: Final = """
    INSERT INTO tickets_searchdocument (ticket_id, public, supporters, is_full)
    VALUES (%s, %s::tsvector, %s::tsvector, %s)
    ON CONFLICT (ticket_id) DO UPDATE SET
        public = excluded.public, supporters = excluded.supporters, is_full = excluded.is_full
"""

_APPEND: Final = """
    UPDATE tickets_searchdocument
    SET public = public || %s::tsvector, supporters = supporters || %s::tsvector
    WHERE ticket_id = %s
      AND octet_length(tsvectorsend(supporters)) + %s <= %s
"""


def index_ticket(ticket: Ticket) -> None:
    """Make a new ticket findable."""
    _store(ticket.pk, ((True, text) for text in (ticket.subject, ticket.description)))


def add_entry(entry: DiaryEntry) -> None:
    """Make a new diary entry findable: a public one for all readers, an internal one for those
    who read the internal diary.
    """
    _append(entry.ticket_id, entry.text, is_public=entry.is_public)


def index_solution(ticket: Ticket) -> None:
    """Make a ticket's solution findable, as its readers see it."""
    _append(ticket.pk, ticket.solution, is_public=True)


def reindex(ticket: Ticket) -> None:
    """Make the words of a ticket afresh: after a redaction, or when its texts changed."""
    # Read again: the instance at hand may be older than the row.
    subject, description, solution = Ticket.objects.values_list(
        "subject", "description", "solution"
    ).get(pk=ticket.pk)
    _store(ticket.pk, _texts(ticket.pk, subject, description, solution))


def vectors(texts: Iterable[tuple[bool, str]]) -> tuple[str, str, bool]:
    """The literals of both vectors, and whether one was full, of texts that are public or not."""
    public, supporters = Vector(limit=VECTOR_BYTES), Vector(limit=VECTOR_BYTES)
    is_full = False
    for is_public, text in texts:
        part = first_bytes(text, TEXT_BYTES)
        is_full |= not supporters.add(part)
        if is_public:
            is_full |= not public.add(part)
    return public.literal, supporters.literal, is_full


def _texts(
    ticket_id: int, subject: str, description: str, solution: str
) -> Iterator[tuple[bool, str]]:
    yield True, subject
    yield True, description
    yield True, solution
    entries = DiaryEntry.objects.filter(ticket=ticket_id).order_by("id")
    yield from entries.values_list("is_public", "text").iterator(chunk_size=200)


def _store(ticket_id: int, texts: Iterable[tuple[bool, str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [ticket_id, *vectors(texts)])


def _append(ticket_id: int, text: str, *, is_public: bool) -> None:
    added = Vector(begin=2)
    added.add(first_bytes(text, TEXT_BYTES))
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                added.literal if is_public else "",
                added.literal,
                ticket_id,
                added.size,
                APPENDABLE_BYTES,
            ],
        )
        is_appended = bool(cursor.rowcount)
    if not is_appended:
        subject, description, solution = Ticket.objects.values_list(
            "subject", "description", "solution"
        ).get(pk=ticket_id)
        _store(ticket_id, _texts(ticket_id, subject, description, solution))
