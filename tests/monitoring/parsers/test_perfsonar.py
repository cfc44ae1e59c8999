"""A perfSONAR archive's answers are understood, whatever a row holds."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers import perfsonar

RECORDED = Path(__file__).parents[2] / "recorded" / "perfsonar"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PARSERS = (
    perfsonar.parse_tests,
    perfsonar.parse_losses,
    perfsonar.parse_delays,
    perfsonar.parse_throughputs,
    perfsonar.parse_failures,
    perfsonar.count_rows,
)


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def told(points: perfsonar.Points) -> list[tuple[str, float]]:
    return [(f"{moment:%H:%M}", value) for moment, value in points.values]


def test_a_test_has_its_hosts_and_where_its_measurements_are() -> None:
    page = perfsonar.parse_tests(recorded("tests.traps.json"))
    test, by_address = page.tests
    assert (test.source, test.destination) == ("ps-lat.ihep.example.org", "ps-lat.cnaf.example.org")
    assert test.hosts == (test.source, test.destination, "192.0.2.10", "198.51.100.20")
    assert test.key == "AAAA1"
    assert [event.name for event in test.events] == ["packet-loss-rate", "histogram-owdelay"]
    delay = test.event("histogram-owdelay")
    assert delay is not None
    assert delay.base_uri.endswith("/base/0")
    assert [summary.window for summary in delay.summaries] == [0, 3600]
    assert (by_address.source, by_address.destination) == ("192.0.2.10", "198.51.100.20")


def test_rows_that_are_no_tests_are_refused_one_by_one() -> None:
    page = perfsonar.parse_tests(recorded("tests.traps.json"))
    assert page.refused == (
        ("test 3", "It has no metadata-key."),
        ("test 4", "Test cccc3 names no event types."),
        ("test 5", "Test dddd4 goes from 192.0.2.10 to itself."),
        ("test 7", "It is no object."),
    )
    assert page.read == 7


def test_of_the_next_page_only_the_offset_is_taken() -> None:
    page = perfsonar.parse_tests(recorded("tests.traps.json"))
    assert (page.total, page.next_offset) == (7, 1000)


def test_numbers_may_be_strings_and_moments_milliseconds() -> None:
    points = perfsonar.parse_losses(recorded("points.traps.json"))
    assert told(points) == [("12:00", 0.0), ("12:01", 1.0), ("12:02", 0.25)]
    assert (points.broken, points.read) == (8, 11)


def test_a_throughput_may_be_larger_than_one_but_not_negative() -> None:
    rows = [{"ts": 1772625600, "val": "7010000000.0"}, {"ts": 1772625600, "val": -1}]
    assert told(perfsonar.parse_throughputs(json.dumps(rows).encode())) == [("12:00", 7.01e9)]


def test_delays_come_from_statistics_and_from_histograms() -> None:
    points = perfsonar.parse_delays(recorded("delays.traps.json"))
    assert told(points) == [("12:00", 61.4), ("12:01", 61.5), ("12:02", 61.0), ("12:03", 61.0)]
    assert points.broken == 3


def test_failures_are_told_in_one_line() -> None:
    failures = perfsonar.parse_failures(recorded("failures.json"))
    assert [words for _, words in failures.values] == [
        "powstream: unable to contact the far end: connection timed out",
        "no object",
        "no reason given",
    ]
    assert failures.broken == 1


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "body", [b"", b"<html>404 Not Found</html>", b"{}", b"7", b"[1", b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_list_is_not_understood(parse: Any, body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood):
        parse(body)


_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["1772625600", "1e400", "٣", " 1 ", "a b", "\x00", "/x"])
)
_keys = st.sampled_from(
    ["ts", "val", "median", "mean", "error", "metadata-key", "source", "destination",
     "input-source", "event-types", "event-type", "base-uri", "summaries", "summary-window",
     "summary-type", "uri", "metadata-next-page", "metadata-count-total", "60.5"]
)  # fmt: skip
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=6),
    max_leaves=15,
)


@given(st.lists(st.dictionaries(_keys, _values, max_size=8) | _values, max_size=6))
def test_any_json_gives_records_or_refusals(rows: list[Any]) -> None:
    body = json.dumps(rows).encode()
    page = perfsonar.parse_tests(body)
    assert len(page.tests) + len(page.refused) <= page.read == len(rows)
    for parse in (perfsonar.parse_losses, perfsonar.parse_delays, perfsonar.parse_throughputs):
        points = parse(body)
        assert len(points.values) + points.broken == len(rows)
        assert all(moment.tzinfo is UTC for moment, _ in points.values)
    failures = perfsonar.parse_failures(body)
    assert len(failures.values) + failures.broken == len(rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_not_understood(body: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(body)
        except AnswerNotUnderstood:
            continue


def sample(name: str) -> bytes:
    return json.dumps(json.loads((SAMPLES / "elmond" / name).read_text())["body"]).encode()


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_answers_of_a_real_elmond_are_understood() -> None:
    page = perfsonar.parse_tests(sample("metadata-loss.json"))
    assert not page.refused
    assert page.next_offset is None
    test = page.tests[0]
    assert (test.source, test.destination) == ("ps-lat.ihep.ac.cn", "ps-lat.cr.cnaf.infn.it")
    delay = test.event("histogram-owdelay")
    assert delay is not None
    assert {summary.window for summary in delay.summaries} == {0, 300, 3600, 86400}
    losses = perfsonar.parse_losses(sample("packet-loss-rate-base.json"))
    assert [value for _, value in losses.values] == [0, 0, 1, 1, 0.005]
    delays = perfsonar.parse_delays(sample("owdelay-statistics.json"))
    assert {value for _, value in delays.values} == {61.4}
    throughputs = perfsonar.parse_throughputs(sample("throughput-base.json"))
    assert [value for _, value in throughputs.values] == [7.01e9, 7.2e9, 2.1e8]
    failures = perfsonar.parse_failures(sample("failures-base.json"))
    assert failures.values[0][1].startswith("iperf3 returned an error")
    for name in ("error-404.json", "error-bad-event.json"):
        html = json.loads((SAMPLES / "elmond" / name).read_text())["body"].encode()
        with pytest.raises(AnswerNotUnderstood):
            perfsonar.parse_losses(html)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_points_of_a_real_esmond_are_understood() -> None:
    histograms = (SAMPLES / "esmond" / "histogram_owdelay_minute_data.json").read_bytes()
    delays = perfsonar.parse_delays(histograms)
    assert (len(delays.values), delays.broken) == (delays.read, 0)
    assert delays.values[0][0] == datetime(2014, 2, 4, 21, 19, 10, tzinfo=UTC)
    # 600 packets: 113 of 196 ms, 2 of 400 ms, and from the 116th on 538 ms.
    assert delays.values[0][1] == 538
    throughputs = perfsonar.parse_throughputs(
        (SAMPLES / "esmond" / "throughput_data.json").read_bytes()
    )
    assert throughputs.broken == 0
    assert throughputs.values[0][0].year == 2013
