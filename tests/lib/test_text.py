"""Text: cleaning, shortening, and the facts that it names."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.text import (
    BIDI_CONTROLS,
    Fact,
    blot,
    clean,
    clean_line,
    csv_cell,
    facts,
    first_bytes,
    job_ids,
    named_jobs,
    shorten,
    show_bidi,
    storable,
    whole_number,
)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x07c\ud800d\uffff", "abcd"),
        ("a\r\nb\rc\x85d", "a\nb\nc\nd"),
        ("tab\tstays", "tab\tstays"),
        ("e\u0301", "é"),
        ("👩\u200d🔬 ok", "👩\u200d🔬 ok"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_what_json_holds_and_a_database_does_not() -> None:
    value = {
        "a\x00": ["\ud800", 1, 1.5, None, True, float("nan"), float("-inf")],
        "b": {"c": ("d",)},
    }
    assert storable(value) == {
        "a�": ["�", 1, 1.5, None, True, "nan", "-inf"],
        "b": {"c": ["d"]},
    }


def test_blots_keep_places() -> None:
    assert blot("a\x00b\ud800\n") == "a\ufffdb\ufffd\n"


def test_clean_line() -> None:
    assert clean_line("  Jobs\n fail\t at \u00a0 CE ") == "Jobs fail at CE"


@given(st.text())
def test_clean_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(sorted(BIDI_CONTROLS)))))
def test_no_bidi_control_is_left(text: str) -> None:
    assert not set(show_bidi(text)) & set(BIDI_CONTROLS)


def test_bidi_controls_are_shown() -> None:
    assert show_bidi("gnp.\u202eexe") == "gnp.⟨RLO⟩exe"
    assert show_bidi("שלום") == "שלום"


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("short", 10, "short"),
        ("several words that are long", 16, "several words…"),
        ("oneverylongwordwithoutspaces", 10, "oneverylo…"),
        ("word", 1, "…"),
        ("word", 0, ""),
    ],
)
def test_shorten(text: str, length: int, short: str) -> None:
    assert shorten(text, length) == short


@given(st.text(), st.integers(0, 50))
def test_shortened_text_fits(text: str, length: int) -> None:
    assert len(shorten(text, length)) <= length


@given(st.text(), st.integers(0, 50))
def test_first_bytes_fit_and_begin_the_text(text: str, size: int) -> None:
    cut = first_bytes(text, size)
    assert len(cut.encode()) <= size
    assert text.startswith(cut)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        (-1, "-1"),
        (1.5, "1.5"),
        (None, ""),
        ("plain = text", "plain = text"),
    ],
)
def test_cells(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


@given(st.text())
def test_no_cell_begins_a_formula(text: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([csv_cell(text)])
    assert not csv_cell(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Jobs fail on ce01.ihep.ac.cn:8443 since noon.", [("host", "ce01.ihep.ac.cn")]),
        ("see https://dirac.ihep.ac.cn/DIRAC/ and x.y", [("host", "dirac.ihep.ac.cn")]),
        ("Mail zhang@ihep.ac.cn about run.sh, e.g. version 6.2.4", []),
        ("gocdb.eu is down. GOCDB.EU!", [("host", "gocdb.eu")]),
        ("INFN-T1 and BEIJING-LCG2 fail", [("site", "INFN-T1"), ("site", "BEIJING-LCG2")]),
        ("ru-Moscow-SINP-T3, IN2P3-CC, JINR-T1", [
            ("site", "ru-Moscow-SINP-T3"), ("site", "IN2P3-CC"), ("site", "JINR-T1"),
        ]),
        ("the so-called well-known third-party set-up", []),
        ("DIRAC site GRID.INFN-CNAF.it is banned", [("site", "GRID.INFN-CNAF.it")]),
        ("job 12345678 failed", [("job", "12345678")]),
        ("Jobs: 12345678, 12345679 and 12345680", [
            ("job", "12345678"), ("job", "12345679"), ("job", "12345680"),
        ]),
        ("JobID=4711234", [("job", "4711234")]),
        ("the job took 12 s in 2026", []),
        (
            "my DN is /DC=org/DC=terena/C=CN/O=IHEP/CN=Zhang San.",
            [("dn", "/DC=org/DC=terena/C=CN/O=IHEP/CN=Zhang San")],
        ),
        ("/cvmfs/juno.ihep.ac.cn/sw/C=1/O=2", []),
        (
            "CN=Zhang San,O=IHEP,C=CN\nhello",
            [("dn", "CN=Zhang San,O=IHEP,C=CN")],
        ),
    ],
)  # fmt: skip
def test_facts(text: str, named: list[tuple[str, str]]) -> None:
    if text.startswith("/cvmfs"):
        assert [fact for fact in facts(text) if fact.kind == "dn"] == named
    else:
        assert [(fact.kind, fact.value) for fact in facts(text)] == named


def test_a_fact_says_where_it_stands_and_comes_once() -> None:
    text = "ce01.ihep.ac.cn, again CE01.ihep.ac.cn"
    assert facts(text) == [Fact("host", "ce01.ihep.ac.cn", 0, 15)]


@given(st.text(max_size=500))
def test_facts_of_any_text(text: str) -> None:
    for fact in facts(text):
        assert text[fact.start : fact.end].casefold() == fact.value.casefold()


@pytest.mark.parametrize(
    "text",
    [
        "a." * 40_000,
        "a-" * 40_000,
        "/CN=a" * 20_000,
        "job 1" * 15_000,
        "job " + "1234, " * 15_000,
        "CN=" * 30_000,
        "a" * 80_000,
    ],
)
@pytest.mark.timeout(60)
def test_no_text_takes_long(text: str) -> None:
    assert len(facts(text)) <= 50


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("12", 12),
        ("9" * 18, int("9" * 18)),
        ("9" * 19, None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1.0", None),
        ("١٢", None),
        ("²", None),
    ],
)
def test_whole_numbers_are_plain_digits_that_fit(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("pasted", "ids"),
    [
        ("265", [265]),
        (" 265, 264;263\n262 ", [265, 264, 263, 262]),
        ("265 265", [265]),
        ("0", []),
        ("jobs 4711 and 4712 failed at ce01", [4711, 4712]),
        ("all died: 265 (exit 1.5) at ce01.ihep.ac.cn:9619 on 2026-01-12", [265]),
        ("nothing here", []),
        ("", []),
        ("1234567890123", []),
    ],
)
def test_job_ids_of_a_pasted_text(pasted: str, ids: list[int]) -> None:
    assert job_ids(pasted) == ids


def test_only_what_is_called_a_job_is_one_in_a_diary() -> None:
    words = "Job 4711 failed, see #4712 and 4713. Job ids: 4714, 4715."

    assert named_jobs(words) == [4711, 4714, 4715]


@given(st.text(max_size=300))
def test_any_text_may_be_pasted(pasted: str) -> None:
    assert all(0 < job < 10**12 for job in job_ids(pasted))
