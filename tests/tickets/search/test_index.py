"""The two vectors of a ticket: who may find what, how much of it, and redaction."""

import pytest

from tests.tickets.search.conftest import MakeTicket
from tickets.models import DiaryEntry, SearchDocument, Ticket
from tickets.search import index

pytestmark = pytest.mark.django_db


def holds(ticket: Ticket, word: str) -> tuple[bool, bool]:
    """Whether the public and the supporters' vector hold a word."""
    document = SearchDocument.objects.get(ticket=ticket)
    return f"'{word}'" in document.public, f"'{word}'" in document.supporters


def test_public_words_are_in_both_and_internal_ones_in_one(ticket: MakeTicket) -> None:
    made = ticket("Subject", "description", public=("answer",), internal=("secret",))
    for word in ("subject", "description", "answer"):
        assert holds(made, word) == (True, True)
    assert holds(made, "secret") == (False, True)


def test_the_solution_is_found(ticket: MakeTicket) -> None:
    made = ticket()
    made.solution = "rebooted"
    index.index_solution(made)
    assert holds(made, "rebooted") == (True, True)


def test_what_was_redacted_is_gone(ticket: MakeTicket) -> None:
    made = ticket(public=("my password is hunter2",), internal=("hunter3",))
    DiaryEntry.objects.filter(ticket=made).update(text="")
    index.reindex(made)
    assert holds(made, "hunter2") == (False, False)
    assert holds(made, "hunter3") == (False, False)
    assert holds(made, "jobs") == (True, True)


def test_only_the_first_part_of_a_long_text_counts(ticket: MakeTicket) -> None:
    filler = "filler " * (index.TEXT_BYTES // 7)
    made = ticket(description="first " + filler + "last", public=("head " + filler + "tail",))
    assert holds(made, "first") == (True, True)
    assert holds(made, "last") == (False, False)
    assert holds(made, "head") == (True, True)
    assert holds(made, "tail") == (False, False)


def test_a_vector_that_is_full_says_so_and_loses_no_reply(
    ticket: MakeTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "VECTOR_BYTES", 60_000)
    entry = " ".join(f"word{number}" for number in range(2_000))
    made = ticket(internal=tuple(entry.replace("word", f"w{n}x") for n in range(4)))
    document = SearchDocument.objects.get(ticket=made)
    assert document.is_full
    assert holds(made, "w0x1") == (False, True)
    assert holds(made, "w3x1") == (False, False)
    assert holds(made, "jobs") == (True, True)


def test_postgresql_never_refuses_the_words_of_a_ticket(ticket: MakeTicket) -> None:
    # 130 entries of the worst sort: every word new, 2.6 MB of text; PostgreSQL's limit is 1 MB.
    texts = [
        (True, " ".join(f"{entry:03}{number:05}" for number in range(2_276)))
        for entry in range(130)
    ]
    public, supporters, is_full = index.vectors(texts)
    assert is_full
    assert public == supporters
    made = ticket()
    index._store(made.pk, texts)
    assert holds(made, "00000001") == (True, True)


def test_phrases_are_found_in_the_last_entries_of_a_long_ticket(ticket: MakeTicket) -> None:
    entry = " ".join(f"w{number}" for number in range(3_000))
    made = ticket(
        public=(*(f"{entry} mark{n} comes here" for n in range(7)), "the very last words")
    )
    found = SearchDocument.objects.filter(ticket=made).extra(
        where=["public @@ %s::tsquery"], params=["'very' <1> 'last' <1> 'words'"]
    )
    assert found.exists()
    assert holds(made, "mark6") == (True, True)
