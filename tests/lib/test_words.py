"""Words: what is indexed and what is asked for are cut by one rule."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from juno_support.lib.words import (
    MAX_POSITION,
    MAX_POSITIONS_PER_WORD,
    MAX_WORD,
    Vector,
    all_of,
    plain,
    query,
    runs_of,
    vector,
    words_of,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("... !! --", []),
        ("Jobs fail at INFN-T1", ["jobs", "fail", "at", "infn", "t1"]),
        ("ce01.ihep.ac.cn:8443", ["ce01", "ihep", "ac", "cn", "8443"]),
        ("Gérard MÜLLER straße Łódź", ["gerard", "muller", "strasse", "lodz"]),
        ("作业失败", ["作业", "业失", "失败", "败"]),
        ("CE故障了", ["ce", "故障", "障了", "了"]),
        ("ジョブが失敗", ["ジョ", "ョブ", "ブが", "が失", "失敗", "敗"]),
        ("작업 실패", ["작업", "업", "실패", "패"]),
        ("ＣＥ０１ ｼﾞｮﾌﾞ", ["ce01", "ジョ", "ョブ", "ブ"]),
        ("ошибка Ёлка", ["ошибка", "елка"]),
        (
            "JINR_LCG2 /DC=org/CN=Zhang San",
            ["jinr", "lcg2", "dc", "org", "cn", "zhang", "san"],
        ),
        ("a\x00b\ud800c", ["a", "b", "c"]),
        ("x" * 500, ["x" * MAX_WORD]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", ""),
        ("--", ""),
        ("Pilot", "'pilot'"),
        ("ihep.ac.cn", "'ihep' <1> 'ac' <1> 'cn'"),
        ("失败", "'失败'"),
        ("失败的", "'失败' <1> '败的'"),
        ("败", "'败':*"),
        ("失败 CE", "'失败' <2> 'ce'"),
    ],
)
def test_queries(text: str, asked: str) -> None:
    assert query(text) == asked


def test_a_prefix_query_loosens_the_last_word_only() -> None:
    assert query("ce01.ihe", prefix=True) == "'ce01' <1> 'ihe':*"
    assert query("败", prefix=True) == "'败':*"


def test_queries_are_joined() -> None:
    assert all_of(["'a' <1> 'b'", "", "'c'"], ["'d'"]) == "('a' <1> 'b') & ('c') & !('d')"
    assert all_of([]) == ""


def test_texts_are_kept_apart_and_positions_begin_again() -> None:
    assert vector(["a b", "a"]) == "'a':1,4 'b':2"
    assert vector(["a"], begin=2) == "'a':2"
    literal = vector(["w " * 10 + "x y " * MAX_POSITION])
    positions = [part.split(":")[1].split(",") for part in literal.split(" ")]
    assert max(map(len, positions)) == MAX_POSITIONS_PER_WORD
    assert max(int(place) for places in positions for place in places) <= MAX_POSITION


def test_a_text_that_does_not_fit_is_left_out_as_a_whole() -> None:
    made = Vector(limit=30)
    assert made.add("one two")
    assert not made.add("three four five")
    assert made.add("one")
    assert made.literal == "'one':1,4 'two':2"
    assert made.size <= 30


def test_runs_say_where_they_stand() -> None:
    text = "Jobs at ce01.ihep.ac.cn: 作业失败, gérard"
    runs = runs_of(text)
    assert [text[run.start : run.end] for run in runs] == [
        "Jobs", "at", "ce01", "ihep", "ac", "cn", "作业失败", "gérard",
    ]  # fmt: skip
    assert runs[-2].is_cjk and runs[-2].words == ("作业", "业失", "失败", "败")
    assert runs[-1].words == ("gerard",)


@given(st.text(max_size=200))
def test_any_text_gives_words_that_need_no_escaping(text: str) -> None:
    for word in words_of(text):
        assert not set(word) & set("'\\:,*&|!()<> \n\t\0")
        assert len(word) <= MAX_WORD
        assert words_of(word)[0] == word


@given(st.text(max_size=200))
def test_plain_is_stable(text: str) -> None:
    assert words_of(plain(text)) == words_of(text)


def finds(text: str, asked: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [vector([text]), asked])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "search", "found"),
    [
        ("pilots fail on ce01.ihep.ac.cn today", "ce01.ihep.ac.cn", True),
        ("pilots fail on ce01.ihep.ac.cn today", "ihep.ac.cn", True),
        ("pilots fail on ce01.ihep.ac.cn today", "ce01", True),
        ("pilots fail on ce01.ihep.ac.cn today", "ce02.ihep.ac.cn", False),
        ("pilots fail on ce01.ihep.ac.cn today", "cn.ac", False),
        ("版本 J23.1.0-rc1", "j23.1.0", True),
        ("昨天的作业失败了", "作业失败", True),
        ("昨天的作业失败了", "作业成功", False),
        ("昨天的作业失败了", "了", True),
        ("昨天的作业失败了", "昨", True),
        ("昨天的作业失败了", "天", True),
        ("CE故障 on ce01", "故障 on", True),
        ("CE故障 on ce01", "CE故障", True),
        ("データ転送のエラー", "転送", True),
        ("작업이 실패했습니다", "실패", True),
        ("Müller wrote", "muller", True),
        ("MULLER wrote", "müller", True),
    ],
)
def test_postgresql_finds_what_a_person_means(text: str, search: str, found: bool) -> None:
    assert finds(text, query(search)) is found


@pytest.mark.django_db
@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.data())
def test_every_piece_of_any_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    if not query(text):
        return
    assert finds(text, query(text))
    pieces = [piece for piece in text.split() if query(piece)]
    if pieces:
        piece = data.draw(st.sampled_from(pieces))
        assert finds(text, query(piece))
        assert finds(text, query(piece, prefix=True))
