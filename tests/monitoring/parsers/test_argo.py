"""monitoring/parsers/argo: small documents with every known trap, and anything at all."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.argo_errors import error_words
from monitoring.parsers import argo, argo_results
from monitoring.parsers.argo import Point, StatusAnswer, Timeline
from tests.argo_upstream import recorded

PARSERS = (
    argo.parse_status,
    argo_results.parse_latest,
    argo_results.parse_results,
    argo_results.parse_self_check,
)


def at(hour: int, minute: int = 0, day: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def traps() -> StatusAnswer:
    return argo.parse_status(recorded("status.v3.traps.json"))


def one(answer: StatusAnswer, group: str, hostname: str = "") -> Timeline:
    (found,) = (
        timeline
        for timeline in answer.timelines
        if (timeline.group, timeline.hostname) == (group, hostname)
    )
    return found


def status(*points: tuple[str, str]) -> Timeline:
    """What becomes of a group with these points."""
    statuses = [{"timestamp": moment, "value": value} for moment, value in points]
    group = {"name": "A", "type": "SITES", "statuses": statuses}
    (timeline,) = argo.parse_status(json.dumps({"groups": [group]}).encode()).timelines
    return timeline


def test_the_invented_last_point_is_taken_out(traps: StatusAnswer) -> None:
    group = one(traps, "IN2P3-CC")

    assert group.points == (Point(at(0), "OK"), Point(at(9, 10), "CRITICAL"))
    assert (group.group_type, group.told_on) == ("SITES", date(2026, 1, 12))
    assert one(traps, "IN2P3-CC", "ce.in2p3.example.org").points == (Point(at(0), "OK"),)


def test_it_is_taken_out_before_the_points_are_sorted(traps: StatusAnswer) -> None:
    storage = one(traps, "IN2P3-CC", "se.in2p3.example.org")

    assert storage.points == (
        Point(at(0), "OK"),
        Point(at(5), "WARNING"),
        Point(at(6, 30), "OK"),
        Point(at(9, 10), "CRITICAL"),
    )


def test_its_date_alone_is_believed(traps: StatusAnswer) -> None:
    storage = one(traps, "pic", "se.pic.example.org_412g0")

    # yesterday's date with this morning's time, before the real point of yesterday's evening
    assert storage.told_on == date(2026, 1, 11)
    assert storage.points == (Point(at(0, day=11), "OK"), Point(at(20, day=11), "CRITICAL"))


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        # without an invented point nothing is lost
        ((("2026-01-12T00:00:00Z", "OK"), ("2026-01-12T05:00:00Z", "CRITICAL")), 2),
        # another day: a real one
        ((("2026-01-11T00:00:00Z", "OK"), ("2026-01-12T00:00:00Z", "OK")), 2),
        # in the future, as where ARGO takes the end of the day
        ((("2026-01-12T00:00:00Z", "OK"), ("2026-01-12T23:59:59Z", "OK")), 1),
    ],
)
def test_what_counts_as_invented(points: tuple[tuple[str, str], ...], kept: int) -> None:
    assert len(status(*points).points) == kept


def test_a_timeline_with_the_invented_point_alone_says_so(traps: StatusAnswer) -> None:
    assert one(traps, "INFN-T1").is_lone
    assert not one(traps, "IN2P3-CC", "ce.in2p3.example.org").is_lone


def test_bad_rows_are_refused_and_bad_points_left_out(traps: StatusAnswer) -> None:
    assert traps.refused == (
        ("endpoint ce.in2p3.example.org ARC-CE", "it has no statuses"),
        ("an endpoint of IN2P3-CC", "hostname is missing"),
        ("endpoint x.example.org", "service is a number, not a text"),
        ("an endpoint of IN2P3-CC", "it is a text, not an object"),
        ("group number 4", "name is missing"),
        ("group number 5", "it is a null, not an object"),
    )
    assert traps.remarks == (
        "endpoint top-bdii.in2p3.example.org Top-BDII: a status was left out: 'soon' is no moment",
    )
    assert [point.value for point in one(traps, "IN2P3-CC", "top-bdii.in2p3.example.org").points][
        -1
    ] == "FLAPPING"


def test_the_address_of_an_endpoint_is_read(traps: StatusAnswer) -> None:
    assert (
        one(traps, "IN2P3-CC", "ce.in2p3.example.org").url
        == "https://ce.in2p3.example.org:443/arex"
    )


@pytest.mark.parametrize("body", [b'{"groups": null}', b'{"groups": []}', b'{"endpoints": null}'])
def test_no_groups_is_an_answer_without_rows(body: bytes) -> None:
    assert argo.parse_status(body) == StatusAnswer(())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"status": {"message": "Unauthorized", "code": "401"}}', "Unauthorized"),
        (b'{"message": "The report with the name X does not exist", "code": 404}', "report with"),
        (b'{"errors": [{"message": "Bad", "code": "400", "details": "no end"}]}', "Bad: no end"),
        (b'{"groups": {"name": "A"}}', "'groups' is a object, not a list"),
        (b"[]", "JSON list, not ARGO's object"),
        (b"{}", "has no 'groups'"),
        (b"<html>Sign in</html>", "no JSON"),
        (b"", "empty"),
    ],
)
def test_what_is_no_answer_is_told(body: bytes, words: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as fault:
        argo.parse_status(body)
    assert words in fault.value.reason


def test_pages_are_put_together_and_each_thing_is_told_once() -> None:
    pages = [argo.parse_status(recorded(f"status.v2.endpoints-{number}.json")) for number in (1, 2)]

    timelines, remarks = argo.merge(pages)

    assert [page.next_page for page in pages] == ["Mg==", ""]
    assert [(timeline.group, timeline.hostname) for timeline in timelines] == [
        ("IN2P3-CC", "ce.in2p3.example.org"),
        ("IN2P3-CC", "se.in2p3.example.org"),
    ]
    # the first page closes its part of the timeline with an invented point too
    assert timelines[0].points == (
        Point(at(0), "OK"),
        Point(at(3), "CRITICAL"),
        Point(at(4), "OK"),
    )
    assert remarks == (
        "ce.in2p3.example.org ARC-CE is in IN2P3-CC and in ANOTHER-SITE; it stays with the first.",
    )


def test_the_output_of_probes_is_read() -> None:
    answer = argo_results.parse_latest(recorded("latest.json"))

    assert answer.count == 6
    assert answer.refused == (("probe result number 6", "endpoint is missing"),)
    assert answer.rows[1] == argo_results.ProbeResult(
        group="IN2P3-CC",
        hostname="se.in2p3.example.org",
        service="SRM",
        metric="eu.egi.SRM-VOPut",
        at=at(11, 25),
        value="CRITICAL",
        summary="CRITICAL: cannot write",
        message="Connection refused\nerror 110",
    )


@pytest.mark.parametrize("data", [b"null", b"[]", b'{"metric_data": null}', b"{}"])
def test_no_probe_failed(data: bytes) -> None:
    answer = argo_results.parse_latest(b'{"status": {"code": "200"}, "data": %s}' % data)

    assert answer.count == 0


def test_availability_is_read_and_minus_one_is_no_number() -> None:
    results = argo_results.parse_results(recorded("results.v3.json"))

    assert [(row.group, row.day, row.availability, row.reliability) for row in results] == [
        ("IN2P3-CC", "2026-01-10", 98.26, 99.1),
        ("IN2P3-CC", "2026-01-11", 54.04, 81.48),
        ("pic", "2026-01-10", 100.0, 100.0),
        ("pic", "2026-01-11", None, None),
    ]
    assert results[1].downtime == 0.33333


def test_version_2_calls_groups_endpoints_and_days_timestamps() -> None:
    row = {"timestamp": "2026-01-11", "availability": "99", "reliability": 98.5}
    site = {"name": "A", "type": "SITES", "results": [row]}
    body = json.dumps({"results": [{"name": "NGI", "type": "NGI", "endpoints": [site]}]}).encode()

    (result,) = argo_results.parse_results(body)

    assert (result.group, result.day, result.availability) == ("A", "2026-01-11", 99.0)
    assert result.reliability == 98.5
    assert result.unknown is None


def test_what_argo_says_of_itself() -> None:
    assert argo_results.parse_self_check(
        recorded("consistency.critical.json")
    ) == argo_results.SelfCheck("CRITICAL", "Flapping items percentage 65% (65/100)")
    with pytest.raises(AnswerNotUnderstood, match="how it is: Unauthorized"):
        argo_results.parse_self_check(b'{"status": {"message": "Unauthorized", "code": "401"}}')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"404 page not found\n", "404 page not found"),
        (b"<html><body>502 Bad Gateway</body></html>", ""),
        (b'"just words"', "just words"),
        (b"[1, 2]", ""),
        (b'{"status": {"message": "A", "code": 7, "details": "B"}, "errors": "?"}', "A: B"),
        (b'{"error": {"code": 500, "message": "No database"}}', "No database"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_errors_in_their_own_words(body: bytes, words: str) -> None:
    assert error_words(body) == words


# Anything at all

_moments = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(
        [
            "2026-01-12T00:00:00Z",
            "2026-01-12",
            "soon",
            "",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01",
        ]
    ),
)
_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["OK", "CRITICAL", "se.example.org", "A\x00B", "\ud800", "İ" * 250, "x" * 400]),
)
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_anything = st.recursive(
    st.none() | st.booleans() | _numbers | _texts | _moments,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "groups",
                    "endpoints",
                    "services",
                    "results",
                    "statuses",
                    "name",
                    "hostname",
                    "service",
                    "supergroup",
                    "group",
                    "type",
                    "info",
                    "URL",
                    "timestamp",
                    "value",
                    "status",
                    "data",
                    "metric_data",
                    "metric",
                    "endpoint",
                    "endpoint_group",
                    "summary",
                    "message",
                    "details",
                    "errors",
                    "code",
                    "date",
                    "availability",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=40,
)


@given(document=_anything)
def test_any_document_is_read_or_refused(document: Any) -> None:
    body = json.dumps(document).encode()
    for parse in PARSERS:
        try:
            answer = parse(body)
        except AnswerNotUnderstood as fault:
            assert fault.reason
        else:
            check(answer)
    assert isinstance(error_words(body), str)


@given(
    rows=st.lists(_anything, max_size=5), key=st.sampled_from(["groups", "endpoints", "results"])
)
def test_any_rows_are_read_or_refused(rows: list[Any], key: str) -> None:
    answer = argo.parse_status(json.dumps({key: rows}).encode())
    check(answer)
    argo.merge([answer, answer])


@given(body=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood):
            parse(body + b"}")
    assert isinstance(error_words(body), str)


def check(answer: Any) -> None:
    """What was read can be stored, and its points are in order."""
    for timeline in getattr(answer, "timelines", ()):
        words = (timeline.group, timeline.hostname, timeline.service, timeline.url)
        assert not any("\x00" in word or "\ud800" in word for word in words)
        assert len(timeline.group) <= 200 and len(timeline.hostname) <= 255
        assert len(f"{timeline.hostname} {timeline.service}") <= 300
        assert timeline.points
        moments = [point.at for point in timeline.points]
        assert moments == sorted(set(moments))
        assert all(0 < len(point.value) <= 100 for point in timeline.points)
