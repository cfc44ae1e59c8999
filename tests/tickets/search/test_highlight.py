"""Highlighting: marks in the right places, and nothing but text on the page."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Roles
from tests.tickets.search.conftest import MakeTicket
from tickets.search.grammar import parse
from tickets.search.highlight import excerpt, excerpts, marked, wanted


@pytest.mark.parametrize(
    ("line", "text", "html"),
    [
        ("pilots", "Pilots fail", "<mark>Pilots</mark> fail"),
        ("pilot", "Pilots fail", "Pilots fail"),
        ("pilot*", "Pilots fail", "<mark>Pilots</mark> fail"),
        ("-pilots", "Pilots fail", "Pilots fail"),
        ("status:open", "open", "open"),
        ("muller", "Herr Müller", "Herr <mark>Müller</mark>"),
        ("ce01.ihep", "on ce01.ihep.ac.cn", "on <mark>ce01</mark>.<mark>ihep</mark>.ac.cn"),
        ("失败", "作业失败了", "作业<mark>失败</mark>了"),
        ("作业失败", "作业失败了", "<mark>作业失败</mark>了"),
        ("败", "作业失败了", "作业失<mark>败</mark>了"),
        ("a", "<a> & b", "&lt;<mark>a</mark>&gt; &amp; b"),
        ("x", "x\u202ey", "<mark>x</mark>⟨RLO⟩y"),
    ],
)
def test_marks(line: str, text: str, html: str) -> None:
    assert marked(text, wanted(parse(line))) == html


def test_an_excerpt_is_cut_around_the_best_place() -> None:
    text = (
        "error once. " + "filler words " * 40 + "the error came with an error code. " + "end " * 90
    )
    found = excerpt(["nothing here", text], wanted(parse("error code")))
    assert "came with an <mark>error</mark> <mark>code</mark>" in found
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert len(re.sub(r"</?mark>", "", found)) < 240
    assert excerpt(["nothing"], wanted(parse("error"))) == ""


@given(st.text("ab c-_.1A", max_size=40), st.text("ab c-.1A*", max_size=10))
def test_plain_texts_are_marked_as_others_are(text: str, line: str) -> None:
    what = wanted(parse(line))
    with_a_foreign_letter = marked(f"{text} ñ", what)
    assert with_a_foreign_letter == f"{marked(text, what)} ñ"


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_stays_text(text: str, line: str) -> None:
    html = marked(text, wanted(parse(line)))
    assert not re.search(r"<(?!/?mark>)", html)


@pytest.mark.django_db
def test_excerpts_show_internal_words_to_those_who_read_them(
    roles: Roles, ticket: MakeTicket
) -> None:
    made = ticket("Jobs fail", public=("public zebra",), internal=("internal zebra",))
    search = parse("zebra")
    for role, words in (("supporter", "internal"), ("submitter", "public")):
        found = excerpts([made.pk], search, roles[role])
        assert found[made.pk].text == f"{words} <mark>zebra</mark>"
        assert found[made.pk].subject == "Jobs fail"
    assert excerpts([made.pk], search, roles["nobody"]) == {}
