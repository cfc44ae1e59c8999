"""What is pushed is read row by row; what cannot be taken says why."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.parsers.pushed import PushedEvents, read_csv, read_events

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LINK = {"kind": "link", "name": "CERN-CNAF-LHCOPN-001"}


def row(**fields: Any) -> dict[str, Any]:
    return {"entity": LINK, "status": "down", "since": "2026-03-04T10:00:00Z", **fields}


def reasons(told: PushedEvents) -> list[str]:
    return [refusal.reason for refusal in told.refused]


def test_an_event_is_a_state_of_a_thing_for_a_time() -> None:
    told = read_events(
        [
            row(
                until="2026-03-04T12:00:00+01:00",
                vo="juno",
                summary="fibre  cut",
                evidence_url="https://noc.example.org/1",
                key="NOC-1",
                details={"provider": "GEANT", "gbit": 100},
            )
        ],
        at=NOON,
    )
    (event,) = told.events
    assert (event.kind, event.name, event.metric) == ("link", "CERN-CNAF-LHCOPN-001", "state")
    assert (event.status, event.raw_status) == ("down", "down")
    assert (f"{event.since:%H:%M}", f"{event.until:%H:%M}") == ("10:00", "11:00")
    assert (event.vo, event.summary, event.key) == ("juno", "fibre cut", "NOC-1")
    assert event.details == {"provider": "GEANT", "gbit": 100}
    assert not told.refused


def test_what_is_left_out_has_a_default() -> None:
    (event,) = read_events(
        [{"entity": {"kind": "site", "name": "INFN-T1"}, "status": "ok"}], at=NOON
    ).events
    assert (event.metric, event.since, event.until, event.vo) == ("status", None, None, "")


@pytest.mark.parametrize(
    ("word", "status"), [("UP", "ok"), ("degraded", "warning"), ("Down", "down")]
)
def test_words_of_network_people_are_known(word: str, status: str) -> None:
    (event,) = read_events([row(status=word)], at=NOON).events
    assert (event.status, event.raw_status) == (status, word.lower())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("no row", "It is no object."),
        (row(stauts="ok"), "It has fields that we do not know: stauts."),
        (row(entity="CERN"), "Its entity must be an object with kind and name."),
        (row(entity={"kind": "planet", "name": "x"}), "The kind of its entity must be one of"),
        (row(entity={"kind": [], "name": "x"}), "The kind of its entity must be one of"),
        (row(entity={"kind": "link", "name": " "}), "Its entity has no name."),
        (row(status="fine"), "Its state must be one of ok, warning, critical, down, maintenance"),
        (row(status=None), "Its state must be one of"),
        (row(since="yesterday"), "Its since must be a time such as"),
        (row(since=1772625600), "Its since must be a time such as"),
        (row(since="2026-03-04T10:00:00"), "Its since has no zone; end it with Z for UTC."),
        (row(since="0001-01-01T00:00:00+14:00"), "Its since is no time that we can keep."),
        (row(since="1999-12-31T00:00:00Z"), "Its beginning lies before the year 2000."),
        (row(since="2026-03-04T12:06:00Z"), "Its beginning lies in the future"),
        (row(until="2026-03-04T13:00:00Z"), "Its end lies in the future; leave it out"),
        (row(until="2026-03-04T10:00:00Z"), "It must end after it began."),
        (row(since=None, until="2026-03-04T11:00:00Z"), "It must end after it began."),
        (row(since=None, key="K"), "A row with a key must say since when."),
        (row(summary=7), "Its summary must be a text."),
        (row(summary="x" * 201), "Its summary is longer than 200 characters."),
        (row(metric="x" * 41), "Its metric is longer than 40 characters."),
        (row(evidence_url="javascript:alert(1)"), "Its evidence_url must be a web address"),
        (row(details=[1]), "Its details must be an object"),
        (row(details={"a": {"b": 1}}), "Its details may hold short texts and numbers only."),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(bad: Any, reason: str) -> None:
    told = read_events([bad, row(entity={"kind": "link", "name": "other"})], at=NOON)
    assert [refusal.row for refusal in told.refused] == [1]
    assert reasons(told)[0].startswith(reason)
    assert [event.row for event in told.events] == [2]


def test_a_clock_that_is_a_little_ahead_is_forgiven() -> None:
    (event,) = read_events([row(since="2026-03-04T12:04:00Z")], at=NOON).events
    assert event.since == NOON


def test_a_thing_is_in_one_state_at_a_time() -> None:
    told = read_events(
        [
            row(until="2026-03-04T11:00:00Z"),
            row(since="2026-03-04T10:30:00Z"),
            row(since="2026-03-04T10:30:00Z", metric="loss"),
            row(since="2026-03-04T11:00:00Z", status="up"),
        ],
        at=NOON,
    )
    assert [event.row for event in told.events] == [1, 3, 4]
    assert reasons(told) == [
        "It overlaps row 1, which is about the same: send one state at a time."
    ]


def test_a_row_without_an_end_goes_on_until_the_next_begins() -> None:
    told = read_events([row(), row(since="2026-03-04T11:00:00Z", status="up")], at=NOON)
    assert len(told.events) == 2


CSV = """\
link,start,end,state,reference
CERN-CNAF-LHCOPN-001,2013-01-05 10:00,2013-01-05 11:30,down,"NOC-17, GEANT"
CERN-CNAF-LHCOPN-001,2013-01-06T10:00:00+01:00,2013-01-06T09:30:00Z,degraded,

CERN-KIT-LHCOPN-001,2026-03-04 11:00,,down,
,2013-01-05 10:00,2013-01-05 11:30,down,
CERN-KIT-LHCOPN-001,05.01.2013,2013-01-05 11:30,down,
CERN-KIT-LHCOPN-001,,2013-01-05 11:30,down,
CERN-KIT-LHCOPN-001,2013-01-05 12:00,2013-01-05 11:30,down,
CERN-KIT-LHCOPN-001,2013-01-05 12:00
"""


def test_a_list_of_link_events_is_read_in_utc() -> None:
    told = read_csv(CSV, at=NOON)
    assert [
        (
            event.row,
            event.name,
            f"{event.since:%d %H:%M}",
            f"{event.until:%d %H:%M}" if event.until else None,
            event.raw_status,
        )
        for event in told.events
    ] == [
        (2, "CERN-CNAF-LHCOPN-001", "05 10:00", "05 11:30", "down"),
        (3, "CERN-CNAF-LHCOPN-001", "06 09:00", "06 09:30", "degraded"),
        (5, "CERN-KIT-LHCOPN-001", "04 11:00", None, "down"),
    ]
    assert told.events[0].summary == "Reference NOC-17, GEANT"
    assert told.events[0].details == {"reference": "NOC-17, GEANT"}


def test_lines_that_cannot_be_taken_say_why() -> None:
    assert [(refusal.row, refusal.reason) for refusal in read_csv(CSV, at=NOON).refused] == [
        (6, "It names no link."),
        (7, "Its start must be a time such as 2026-11-21 08:30."),
        (8, "It has no start."),
        (9, "It must end after it began."),
        (10, "Its state must be one of ok, warning, critical, down, maintenance, unknown, "
             "up, degraded."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n", 'link,start,end,state\n"open', "link,start,end,state\n" + "x,,,\n" * 1001],
)
def test_what_is_no_such_list_is_said_as_a_whole(text: str) -> None:
    with pytest.raises(ValueError, match=r"columns|no CSV|at most 1000"):
        read_csv(text, at=NOON)


def test_columns_may_come_in_any_order_and_with_a_byte_order_mark() -> None:
    text = "\ufeffState, Link ,END,start\ndown,L,2013-01-05 11:30,2013-01-05 10:00\n"
    (event,) = read_csv(text, at=NOON).events
    assert (event.name, event.status) == ("L", "down")


_keys = st.sampled_from(
    ["entity", "kind", "name", "site", "metric", "status", "since", "until", "vo", "summary",
     "evidence_url", "key", "details", "x"]
)  # fmt: skip
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["link", "site", "ok", "down", "2026-03-04T10:00:00Z", "9999-12-31T23:59:59-23:00", "\x00"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=5),
    max_leaves=10,
)
_rows = st.fixed_dictionaries(
    {"entity": st.just(LINK) | _values, "status": st.sampled_from(["ok", "down"]) | _values},
    optional=dict.fromkeys(("since", "until", "key", "details", "vo", "summary"), _values),
)


@given(st.lists(_rows | _values, max_size=6))
def test_any_rows_give_events_or_refusals(rows: list[Any]) -> None:
    told = read_events(json.loads(json.dumps(rows)), at=NOON)
    numbers = [event.row for event in told.events] + [refusal.row for refusal in told.refused]
    assert sorted(numbers) == list(range(1, len(rows) + 1))
    for event in told.events:
        assert event.name
        assert event.since is None or event.since <= NOON
        assert event.until is None or (event.since is not None and event.since < event.until)


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_a_list_or_said_not_to_be(text: str, with_head: bool) -> None:
    try:
        told = read_csv("link,start,end,state\n" + text if with_head else text, at=NOON)
    except ValueError:
        return
    assert all(event.since is not None for event in told.events)


def test_a_push_is_about_now_or_before() -> None:
    at = NOON + timedelta(minutes=1)
    (event,) = read_events([row(until="2026-03-04T12:03:00Z")], at=at).events
    assert event.until == at
