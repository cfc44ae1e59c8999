"""monitoring/sources/argo_periods: days, gaps, the grace after midnight, and evidence."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.parsers.argo import Point, Timeline
from monitoring.parsers.argo_results import ProbeResult
from monitoring.sources.argo_periods import Evidence, Span, bad_endpoints, bare_host, spans
from monitoring.statuses import Status

GRACE = timedelta(hours=3)


def at(hour: int, minute: int = 0, day: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


MIDNIGHT, NOON = at(0), at(12)


def told(
    *points: tuple[datetime, str], starts_at: datetime = MIDNIGHT, now: datetime = NOON
) -> list[tuple[str | None, str]]:
    """The periods that points mean, as (state, from when on); they have no gaps."""
    found = spans([Point(*point) for point in points], starts_at=starts_at, at=now, grace=GRACE)
    assert [span.until for span in found] == [*(span.since for span in found[1:]), None]
    return [(span.value, f"{span.since:%d %H:%M}") for span in found]


def test_points_of_one_state_are_one_period() -> None:
    assert told((at(0), "OK"), (at(1), "OK"), (at(5), "CRITICAL"), (at(6), "CRITICAL")) == [
        ("OK", "12 00:00"),
        ("CRITICAL", "12 05:00"),
    ]


def test_the_state_of_the_evening_goes_on_until_the_first_results() -> None:
    yesterday = at(0, day=11)

    assert told((yesterday, "OK"), starts_at=yesterday, now=at(2, 59)) == [("OK", "11 00:00")]
    assert told((yesterday, "OK"), (at(2, 59), "CRITICAL"), starts_at=yesterday) == [
        ("OK", "11 00:00"),
        ("CRITICAL", "12 02:59"),
    ]


def test_after_the_grace_missing_results_are_unknown_from_midnight_on() -> None:
    yesterday = at(0, day=11)

    assert told((yesterday, "OK"), starts_at=yesterday, now=at(3, 1)) == [
        ("OK", "11 00:00"),
        (None, "12 00:00"),
    ]
    # told in the same way afterwards
    assert told((yesterday, "OK"), (at(7), "OK"), starts_at=yesterday) == [
        ("OK", "11 00:00"),
        (None, "12 00:00"),
        ("OK", "12 07:00"),
    ]


def test_a_day_without_results_is_unknown() -> None:
    assert told((at(0, day=9), "OK"), (at(0), "OK"), starts_at=at(0, day=9)) == [
        ("OK", "09 00:00"),
        (None, "10 00:00"),
        ("OK", "12 00:00"),
    ]


def test_what_is_told_late_was_unknown_before() -> None:
    assert told((at(8), "OK")) == [(None, "12 00:00"), ("OK", "12 08:00")]
    assert told((at(2), "OK")) == [("OK", "12 02:00")]


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("OK", Status.OK),
        ("WARNING", Status.WARNING),
        ("CRITICAL", Status.CRITICAL),
        ("UNKNOWN", Status.UNKNOWN),
        ("MISSING", Status.UNKNOWN),
        ("DOWNTIME", Status.MAINTENANCE),
        ("FLAPPING", Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_what_each_state_means(value: str | None, status: Status) -> None:
    assert Span(value, at(0), None).status == status


_points = st.lists(
    st.builds(
        lambda minutes, value: Point(NOON - timedelta(minutes=minutes), value),
        st.integers(0, 16_000),
        st.sampled_from(["OK", "CRITICAL", "MISSING"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda point: point.at,
).map(sorted)


@given(points=_points)
def test_any_points_make_periods_without_gaps(points: list[Point]) -> None:
    found = spans(points, starts_at=at(0, day=5), at=at(12), grace=GRACE)

    assert found[-1].until is None
    for one, following in pairwise(found):
        assert one.until == following.since > one.since
        assert one.value != following.value
    # at the moment of each point the state is the one that was told then
    for point in points:
        (span,) = (span for span in found if span.holds(point.at))
        assert span.value == point.value


@pytest.mark.parametrize(
    ("hostname", "host"),
    [
        ("se.pic.example.org_412G0", "se.pic.example.org"),
        ("se.pic.example.org_eosc.catalogue.id", "se.pic.example.org"),
        ("my_host.example.org", "my_host.example.org"),
        ("se.example.org", "se.example.org"),
        ("localhost_1", "localhost_1"),
    ],
)
def test_hosts_with_ids(hostname: str, host: str) -> None:
    assert bare_host(hostname) == host


def timeline(hostname: str = "se.example.org", service: str = "SRMv2") -> Timeline:
    return Timeline("A", "SITES", (), date(2026, 1, 12), hostname=hostname, service=service)


def result(metric: str, value: str, moment: datetime, summary: str = "") -> ProbeResult:
    return ProbeResult("A", "se.example.org", "SRM", metric, moment, value, summary, "told")


def test_evidence_is_the_last_output_of_each_probe_that_failed_then() -> None:
    evidence = Evidence(
        [
            result("put", "CRITICAL", at(8), "an old one"),
            result("put", "CRITICAL", at(9), "refused"),
            result("a-get", "WARNING", at(9), "slow"),
            result("ls", "CRITICAL", at(4), "before"),
            result("rm", "MISSING", at(9), "not run"),
        ]
    )

    line, probes = evidence.of(timeline(), Span("CRITICAL", at(5), None))

    assert line == "put: refused"
    assert [(probe["metric"], probe["summary"]) for probe in probes] == [
        ("put", "refused"),
        ("a-get", "slow"),
    ]
    # no moments in it: the same failure later is no news
    assert set(probes[0]) == {"metric", "status", "summary", "message"}
    assert evidence.of(timeline(), Span("CRITICAL", at(10), None)) == ("", [])
    assert evidence.of(timeline(service="ARC-CE"), Span("CRITICAL", at(5), None)) == ("", [])


def test_a_bad_group_names_its_bad_endpoints() -> None:
    span = Span("CRITICAL", at(5), at(7))
    members = [
        (timeline("a.example.org"), [Span("OK", at(0), at(6)), Span("WARNING", at(6), None)]),
        (timeline("b.example.org_1G0"), [Span("CRITICAL", at(5), at(6)), Span("OK", at(6), None)]),
        (timeline("c.example.org"), [Span("CRITICAL", at(7), None)]),
        (timeline("d.example.org"), [Span("MISSING", at(0), None)]),
    ]

    line, details = bad_endpoints(span, members)

    assert line == "b.example.org SRMv2 CRITICAL, a.example.org SRMv2 WARNING"
    assert details == {
        "endpoints": ["b.example.org SRMv2: CRITICAL", "a.example.org SRMv2: WARNING"],
        "bad_endpoints": 2,
        "all_endpoints": 4,
    }
    assert bad_endpoints(span, members[2:]) == ("", {})
