"""The search line: what is understood, what is not, and that nothing breaks it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tickets.search.grammar import FIELDS, MAX_LENGTH, Search, Term, bounds, parse, write


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


NOW = utc(2026, 11, 21, 12)
ever = datetime.min.replace(tzinfo=UTC)


def shape(search: Search) -> list[tuple]:
    """What a search means, without places."""
    return [
        (t.kind, t.field, t.operator, t.values, t.is_negative, bool(t.error)) for t in search.terms
    ]


def words(text: str, is_negative: bool = False) -> tuple:
    return ("words", "", "=", (text,), is_negative, False)


def filters(name: str, *values: str, operator: str = "=", is_negative: bool = False) -> tuple:
    return ("filter", name, operator, values, is_negative, False)


def test_the_line_of_the_experience_page() -> None:
    line = 'site:INFN-T1 unit:TPM status:open priority>=urgent vo:juno updated:<2d words "a phrase"'
    search = parse(line)
    assert not search.errors
    assert shape(search) == [
        filters("site", "INFN-T1"),
        filters("unit", "TPM"),
        filters("status", "open"),
        filters("priority", "urgent", operator=">="),
        filters("vo", "juno"),
        filters("updated", "2d", operator="<"),
        words("words"),
        ("phrase", "", "=", ("a phrase",), False, False),
    ]


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("", []),
        ("   ", []),
        ("-failed", [words("failed", True)]),
        ("pilot*", [words("pilot*")]),
        ("ce01.ihep.ac.cn:8443", [words("ce01.ihep.ac.cn:8443")]),
        ("https://gocdb.eu/x", [words("https://gocdb.eu/x")]),
        ("error: timeout", [words("error:"), words("timeout")]),
        ("作业失败", [words("作业失败")]),
        ("#123", [("id", "", "=", ("123",), False, False)]),
        ("id:123,#7", [("filter", "id", "=", ("123", "#7"), False, True)]),
        ("id:123,7", [filters("id", "123", "7")]),
        ("-site:INFN-T1", [filters("site", "INFN-T1", is_negative=True)]),
        ('unit:"data centre"', [filters("unit", "data centre")]),
        ('unit:"data centre",TPM', [filters("unit", "data centre", "TPM")]),
        ('unit:"data', [filters("unit", "data")]),
        ('"open phrase', [("phrase", "", "=", ("open phrase",), False, False)]),
        ("status:new,assigned", [filters("status", "new", "assigned")]),
        ("status:in_progress", [filters("status", "in-progress")]),
        ("STATUS:Waiting", [filters("status", "waiting-for-reply")]),
        ('status:"in progress"', [filters("status", "in-progress")]),
        ("su:TPM", [filters("unit", "TPM")]),
        ("priority:top", [filters("priority", "top")]),
        ("priority<3", [filters("priority", "very-urgent", operator="<")]),
        ("created:2026-01-01..2026-02-01",
         [filters("created", "2026-01-01", "2026-02-01", operator="..")]),
        ("created>=2026-01", [filters("created", "2026-01", operator=">=")]),
        ("is:open,mine", [filters("is", "open", "mine")]),
        ("sort:updated", [filters("sort", "updated")]),
    ],
)  # fmt: skip
def test_what_is_understood(line: str, terms: list[tuple]) -> None:
    assert shape(parse(line)) == terms


@pytest.mark.parametrize(
    ("line", "place", "word"),
    [
        ("a statsu:open b", (2, 13), "status"),
        ("status:opne", (0, 11), "open"),
        ("site:", (0, 5), "site:INFN-T1"),
        ("site:a,", (0, 7), "value"),
        ("site>a", (0, 6), "more or less"),
        ("priority>=urgent,top", (0, 20), "several"),
        ("updated:soon", (0, 12), "age"),
        ("updated:2026-13-01", (0, 18), "age"),
        ("created:2026-01-01..x", (0, 21), "two dates"),
        ("id:x", (0, 4), "digits"),
        ("#99999999999999999999", (0, 21), "digits"),
        ("x --- y", (2, 5), "no word"),
        ('""', (0, 2), "no word"),
        ("-sort:newest", (0, 12), "order"),
        ("sort:newest x sort:oldest", (0, 11), "later"),
    ],
)
def test_errors_say_where_and_why(line: str, place: tuple[int, int], word: str) -> None:
    (wrong,) = parse(line).errors
    assert (wrong.start, wrong.end) == place
    assert word in str(wrong.error)


def test_an_error_leaves_the_rest_alone() -> None:
    search = parse("status:opne site:INFN-T1 words")
    assert [term.text for term in search.understood] == ["site:INFN-T1", "words"]
    assert search.has_words


def test_the_order() -> None:
    assert parse("").sort == "newest"
    assert parse("sort:oldest sort:priority").sort == "priority"
    assert parse("sort:nonsense").sort == "newest"


def test_chips_come_and_go() -> None:
    search = parse("status:open pilot site:INFN-T1")
    assert search.without(search.terms[1]) == "status:open site:INFN-T1"
    assert search.with_term("status:closed") == "pilot site:INFN-T1 status:closed"
    assert search.with_term("pilot") == "status:open site:INFN-T1 pilot"
    assert parse("is:open").with_term("is:mine") == "is:open is:mine"


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("updated:<2d", NOW - timedelta(days=2), None),
        ("updated:2d", NOW - timedelta(days=2), None),
        ("updated:>3h", None, NOW - timedelta(hours=3)),
        ("created:2026-01-31", utc(2026, 1, 30, 23), utc(2026, 1, 31, 23)),
        ("created:>2026-01-31", utc(2026, 1, 31, 23), None),
        ("created:>=2026-01-31", utc(2026, 1, 30, 23), None),
        ("created:<2026-01-31", None, utc(2026, 1, 30, 23)),
        ("created:<=2026-12", None, utc(2026, 12, 31, 23)),
        ("created:2026-07-01T12:00", utc(2026, 7, 1, 10), utc(2026, 7, 1, 10, 1)),
        ("created:2026-07-01T12:00Z", utc(2026, 7, 1, 12), utc(2026, 7, 1, 12, 1)),
        (
            "created:2026-03-01..2026-03-29",
            utc(2026, 2, 28, 23),
            utc(2026, 3, 29, 22),
        ),
        ("updated:<99999y", ever, None),
    ],
)
def test_moments(line: str, start: datetime | None, end: datetime | None) -> None:
    (term,) = parse(line).terms
    assert bounds(term, at=NOW, zone=ZoneInfo("Europe/Rome")) == (start, end)


pieces = st.sampled_from(
    [
        *(f"{name}:" for name in FIELDS), "priority>=", "-", '"', ",", "..", "<", ">=", ":", "#",
        "12", "2d", "2026-01-01", "open", "me", "INFN-T1", "urgent", "top", "newest", " ", " ",
        "words", "作业", "a*", "statsu:", "\t", "\\", "'", "%", "(", ")", "|", "&", "!", "\x00",
        "9999-12-31", "0001-01", "99999y", "unit", "'; DROP TABLE x", "\u202e", "*", "--",
    ]
)  # fmt: skip
lines = st.one_of(
    st.text(max_size=100),
    st.lists(pieces, max_size=14).map("".join),
    st.lists(pieces, max_size=14).map(" ".join),
)


@settings(max_examples=600, deadline=None)
@given(lines)
@example('SITE:"<')
@example('site:<"=x",">"')
def test_any_text_is_taken_apart_and_put_together_again(line: str) -> None:
    search = parse(line)
    again = parse(write(search))
    assert shape(again) == shape(search)
    assert again.sort == search.sort
    for term in search.terms:
        assert 0 <= term.start < term.end <= len(line)
        assert str(term.error) if term.error else True
    assert [t.start for t in search.terms] == sorted(t.start for t in search.terms)


@settings(max_examples=300, deadline=None)
@given(lines)
def test_nothing_but_space_stands_outside_the_terms(line: str) -> None:
    left = list(line)
    for term in parse(line).terms:
        left[term.start : term.end] = [" "] * (term.end - term.start)
    assert not "".join(left).strip()


@settings(max_examples=300, deadline=None)
@given(lines, st.datetimes(timezones=st.just(UTC)))
def test_all_moments_have_bounds(line: str, at: datetime) -> None:
    for term in parse(line).understood:
        if term.field in {"created", "updated", "solved"}:
            start, end = bounds(term, at=at, zone=ZoneInfo("Asia/Shanghai"))
            assert start is not None or end is not None
        if term.kind == "filter" and FIELDS[term.field].choices:
            assert len(term.meaning) == len(term.values)


def test_a_long_line_is_cut() -> None:
    search = parse("word " * 1000)
    assert len(search.text) == MAX_LENGTH
    assert search.errors
    assert isinstance(search.terms[0], Term)
