"""MaDDash's answers are understood, whatever a cell holds."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers import maddash

RECORDED = Path(__file__).parents[2] / "recorded" / "maddash"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac" / "maddash"
PARSERS = (maddash.parse_grids, maddash.parse_grid, maddash.parse_check)
IHEP, CNAF, IN2P3 = "ps.ihep.example.org", "ps.cnaf.example.org", "ps.in2p3.example.org"
JINR = "ps.jinr.example.org"


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def test_cells_tell_from_where_to_where_and_how_it_is() -> None:
    grid = maddash.parse_grid(recorded("grid.traps.json"))
    assert grid.name == "JUNO mesh - loss"
    assert grid.updated_at == datetime(2026, 3, 4, 11, 55, tzinfo=UTC)
    assert grid.labels == {
        0: "Loss below 0.1 %",
        1: "Loss from 0.1 %",
        2: "Complete loss",
        3: "No data",
        4: "Not run",
        6: "Under study",
    }
    # Hosts come from the address; without one the labels serve, if they can be hosts.
    assert [(c.row, c.column, c.name, c.status) for c in grid.checks] == [
        (IHEP, CNAF, "Loss", 0),
        (IHEP, CNAF, "Loss Reverse", 1),
        (IHEP, IN2P3, "Loss", 2),
        (IHEP, JINR, "Loss", 6),
        (IHEP, JINR, "Loss Reverse", 4),
        (CNAF, IN2P3, "Loss", 5),
        (CNAF, JINR, "Loss Reverse", 3),
    ]
    assert grid.checks[0].message == "Loss is 0 %"
    assert grid.checks[1].checked_at == datetime(2026, 3, 4, 11, 54, tzinfo=UTC)
    assert grid.checks[4].checked_at is None


def test_checks_that_cannot_be_read_are_refused_one_by_one() -> None:
    grid = maddash.parse_grid(recorded("grid.traps.json"))
    assert grid.refused == (
        (f"{CNAF} / IN2P3 (Lyon) / Loss Reverse", "Its status is None."),
        (f"{CNAF} / {JINR} / Loss", "It is no object."),
    )


def test_a_history_is_told_the_oldest_first() -> None:
    history = maddash.parse_check(recorded("check.traps.json"))
    assert [(f"{one.at:%H:%M}", one.status, one.message) for one in history.results] == [
        ("11:43", 0, "Loss is 0 %"),
        ("11:48", 1, "Loss is 40 %"),
        ("11:53", 2, "Complete loss"),
    ]
    assert (history.pages, history.interval, history.broken) == (2, timedelta(minutes=5), 3)


def test_a_graph_is_a_web_address_or_the_check_s_usual_one() -> None:
    usual = "http://maddash.example.org/graphs?src=a&dest=b"
    history = maddash.parse_check(recorded("check.traps.json"))
    assert [one.graph_url for one in history.results] == [
        usual,
        usual,
        "https://ps.example.org/graphs?src=a&dest=b",
    ]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("body", [b"", b"Check resource not found", b"[]", b"{}", b"7", b"\xff"])
def test_what_is_none_of_it_is_not_understood(parse: Any, body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood):
        parse(body)


_keys = st.sampled_from(
    ["grids", "name", "uri", "grid", "checkNames", "columnNames", "rows", "statusLabels", "status",
     "lastUpdateTime", "prevCheckTime", "message", "history", "time", "returnParams", "params",
     "graphUrl", "checkInterval", "historyPageCount"]
)  # fmt: skip
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["/m/g/a.b/c.d/Loss", "/m/g/%ff/%/+", "1772625300", "1e999", "http://x y"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=6),
    max_leaves=20,
)
_checks = st.lists(
    st.lists(st.none() | st.lists(st.dictionaries(_keys, _values), max_size=3), max_size=3),
    max_size=3,
)


@given(st.dictionaries(_keys, _values, max_size=8), _checks, st.lists(_values, max_size=4))
def test_any_json_gives_records_or_refusals(
    document: dict[str, Any], cells: Any, history: Any
) -> None:
    for body in (
        {**document, "grid": cells, "checkNames": ["Loss", "Loss Reverse"]},
        {**document, "history": history},
        {**document, "grids": history},
        document,
    ):
        for parse in PARSERS:
            try:
                parse(json.dumps(body).encode())
            except AnswerNotUnderstood:
                continue


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_not_understood(body: bytes) -> None:
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood):
            parse(body)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_published_documents_are_understood() -> None:
    names = maddash.parse_grids((SAMPLES / "api_grids_1.json").read_bytes())
    assert len(names) == 5
    assert names[0] == "ESnet OWAMP Tests"
    grid = maddash.parse_grid((SAMPLES / "api_grids_2.json").read_bytes())
    assert (len(grid.checks), grid.refused) == (96, ())
    assert grid.checks[0].row == "albq-pt1.es.net"
    assert grid.checks[0].column == "chic-pt1.es.net"
    assert grid.checks[1].name == "Throughput Reverse"
    history = maddash.parse_check((SAMPLES / "api_checks_1.json").read_bytes())
    assert len(history.results) == 10
    assert history.results[0].at < history.results[-1].at
    assert history.results[-1].graph_url.startswith("http://ps-dashboard.es.net/")
    assert history.interval == timedelta(hours=4)
