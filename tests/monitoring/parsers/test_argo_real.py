"""monitoring/parsers/argo on published documents, where they are present beside the checkout."""

from pathlib import Path

import pytest

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers import argo, argo_results

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "argo"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def read(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    ("name", "groups", "endpoints"),
    [
        ("v3status-01", 2, 3),
        ("v3status-02", 2, 3),
        ("v3status-03", 0, 1),
        ("v3status-04", 0, 1),
        ("status-05", 0, 2),
        ("status-06", 0, 1),
        ("status-07", 0, 4),
        ("status-08", 0, 1),
        ("status-09", 0, 1),
        ("status-10", 0, 0),  # services, of which we keep no state of their own
        ("status-11", 0, 0),
        ("status-13", 2, 0),
        ("status-14", 1, 0),
        ("status-15", 1, 0),
        ("status-19", 0, 1),
        ("status-20", 0, 2),
        ("status-21", 0, 2),
        ("results-05", 0, 1),  # states, filed under results
        ("results-06", 0, 1),
    ],
)
def test_every_timeline_is_read(name: str, groups: int, endpoints: int) -> None:
    answer = argo.parse_status(read(name))

    assert not answer.refused
    assert not answer.remarks
    hosts = [timeline.hostname for timeline in answer.timelines]
    assert (hosts.count(""), len(hosts) - hosts.count("")) == (groups, endpoints)


def test_the_last_points_of_real_timelines_are_invented() -> None:
    states = {
        timeline.hostname or timeline.group: [
            f"{point.at:%H:%M} {point.value}" for point in timeline.points
        ]
        for timeline in argo.parse_status(read("v3status-01")).timelines
    }

    assert states == {
        "SITEA": ["00:00 OK", "01:00 CRITICAL", "05:00 OK"],
        "cream01.example.foo": ["00:00 OK", "01:00 CRITICAL", "05:00 OK"],
        "cream02.example.foo": ["00:00 OK", "08:47 WARNING", "12:00 OK"],
        "SITEB": ["00:00 OK", "03:00 WARNING", "17:53 CRITICAL"],
        "cream03.example.foo": ["00:00 OK", "03:00 WARNING", "17:53 CRITICAL"],
    }
    assert all(timeline.is_lone for timeline in argo.parse_status(read("v3status-02")).timelines)


@pytest.mark.parametrize(("name", "rows"), [("latest-01", 1), ("latest-02", 4), ("latest-04", 2)])
def test_every_probe_result_is_read(name: str, rows: int) -> None:
    answer = argo_results.parse_latest(read(name))

    assert (len(answer.rows), answer.refused) == (rows, ())


@pytest.mark.parametrize(
    ("name", "rows"), [("v3results-01", 4), ("v3results-02", 2), ("v3results-03", 2)]
)
def test_availability_of_every_group_is_read(name: str, rows: int) -> None:
    results = argo_results.parse_results(read(name))

    assert len(results) == rows
    assert {result.group for result in results} == {"ST01", "ST02"}
    assert all(result.availability is not None for result in results)


@pytest.mark.parametrize(
    ("name", "status"), [("consistency-01", "OK"), ("consistency-03", "OK"), ("health-01", "OK")]
)
def test_what_argo_says_of_itself_is_read(name: str, status: str) -> None:
    assert argo_results.parse_self_check(read(name)).status == status


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")) if SAMPLES.is_dir() else ())
def test_no_real_document_breaks_a_parser(path: Path) -> None:
    for parse in (
        argo.parse_status,
        argo_results.parse_latest,
        argo_results.parse_results,
        argo_results.parse_self_check,
    ):
        try:
            parse(path.read_bytes())
        except AnswerNotUnderstood as fault:
            assert fault.reason
