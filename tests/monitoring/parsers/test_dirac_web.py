"""monitoring/parsers/dirac_web: the portal's answers, read by the names of their columns."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers.dirac_web import parse_web_jobs, parse_web_pilots, parse_web_sites
from tests.dirac_upstream import recorded

PARSERS: tuple[Callable[[bytes], Any], ...] = (parse_web_jobs, parse_web_pilots, parse_web_sites)


def test_jobs_by_site() -> None:
    jobs = parse_web_jobs(recorded("web-jobs.json"))

    assert [(row.site, row.word, row.percent, row.mask) for row in jobs.rows] == [
        ("GRID.IN2P3.fr", "Fair", 83.3, "Active"),
        ("GRID.INFN-CNAF.it", "Bad", 14.3, "NoMask"),
        ("GRID.JINR.ru", "Idle", 0.0, "Banned"),
        ("GRID.MSU.ru", "Poor", 69.0, "Active"),
        ("GRID.New.fr", "Marvellous", None, "Active"),
        ("ANY", "Idle", 0.0, ""),
    ]
    assert jobs.rows[0].counts == {"Running": 20, "Done": 40, "Failed": 8}
    assert jobs.rows[3].counts == {"Done": 20, "Failed": 9}
    assert jobs.refused == (
        ("jobs, row 7", "has no count but 'many'"),
        ("jobs, row 8", "is no object"),
    )
    assert jobs.total == 8


def test_pilots_by_site_and_by_computing_element() -> None:
    pilots = parse_web_pilots(recorded("web-pilots.json"))

    assert [(row.site, row.ce, row.word, row.percent) for row in pilots.rows] == [
        ("GRID.IN2P3.fr", "ce.in2p3.example.org", "Good", 98.0),
        ("GRID.INFN-CNAF.it", "Multiple", "Poor", 32.4),
        ("GRID.JINR.ru", "lcgce12.jinr.example.org", "Good", 100.0),
        ("Unknown", "Unknown", "Idle", 0.0),
    ]
    first = pilots.rows[0]
    assert (first.aborted_in_hour, first.empty, first.is_in_mask) == (1, 4, True)
    assert pilots.rows[2].is_in_mask is False
    assert pilots.refused == (("pilots, row 5", "has no count but '-3'"),)


def test_how_sites_are() -> None:
    statuses = parse_web_sites(recorded("web-sites.json"))

    assert [(row.name, row.status, row.vo) for row in statuses.rows] == [
        ("GRID.IN2P3.fr", "Active", "all"),
        ("GRID.JINR.ru", "Banned", "all"),
    ]
    assert statuses.rows[1].since is not None
    assert statuses.refused == (("row 3", "has no name"),)


@pytest.mark.parametrize("parse", PARSERS)
def test_success_is_a_word(parse: Callable[[bytes], Any]) -> None:
    nothing = {"success": "false", "result": "", "error": "There are no data to display"}
    assert parse(json.dumps(nothing).encode()).rows == ()
    selected = {"success": "false", "error": "There were no data matching your selection"}
    assert parse(json.dumps(selected).encode()).rows == ()
    for document, words in (
        ({"success": "false", "error": "Unauthorized query"}, "says: Unauthorized query"),
        ({"success": "false"}, "says: an error"),
        ({"success": "true", "result": "text"}, "no list of rows"),
        ({"success": "true", "result": [1]}, "No "),
        ({"result": []}, "no answer of DIRAC's web portal"),
        ([], "no answer of DIRAC's web portal"),
    ):
        with pytest.raises(AnswerNotUnderstood) as fault:
            parse(json.dumps(document).encode())
        assert words in fault.value.reason


_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(
            ["Site", "CE", "Status", "Done", "Failed", "Efficiency", "Name", "DateEffective"]
        )
        | st.text(max_size=5),
        _VALUES | st.lists(_VALUES, max_size=2),
        max_size=8,
    )
    | _VALUES,
    max_size=5,
)


@given(_ROWS | _VALUES, _VALUES, st.sampled_from(["true", "false", True, None, 7]))
def test_any_answer_is_understood_or_refused(result: Any, total: Any, success: Any) -> None:
    body = json.dumps({"success": success, "result": result, "total": total}).encode()
    for parse in PARSERS:
        try:
            rows = parse(body)
        except AnswerNotUnderstood as fault:
            assert fault.reason
        else:
            assert len(rows.rows) <= (len(result) if isinstance(result, list) else 0)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood):
            parse(body)
