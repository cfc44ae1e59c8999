"""monitoring/parsers/diracx_jobs: what DiracX tells of single jobs."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers import diracx_jobs as parser
from tests.monitoring.parsers.test_diracx import VALUES, needs_samples, sample

JOB = {
    "JobID": 265,
    "Site": "GRID.INFN-CNAF.it",
    "Status": "Failed",
    "MinorStatus": "Application Finished With Errors",
    "ApplicationStatus": "Unknown",
    "VO": "juno",
    "Owner": "shifter",
    "JobGroup": "000000",
    "SubmissionTime": "2026-01-12T07:28:22.323798Z",
    "StartExecTime": None,
    "EndExecTime": "2026-01-12T08:00:00Z",
    "RescheduleCounter": 2,
}


def as_body(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_job() -> None:
    job = parser.parse_jobs(as_body([JOB, {"JobID": "x"}, {"JobID": 5}, None]))[265]

    assert (job.status, job.minor_status) == ("Failed", "Application Finished With Errors")
    assert job.application_status == job.job_group == ""
    assert job.site == "GRID.INFN-CNAF.it"
    assert job.submitted_at == datetime(2026, 1, 12, 7, 28, 22, tzinfo=UTC)
    assert job.started_at is None
    assert job.ended_at == datetime(2026, 1, 12, 8, tzinfo=UTC)
    assert job.times_rescheduled == 2


def test_a_log_is_in_the_order_of_its_times() -> None:
    log = [
        {"Status": "Failed", "MinorStatus": "x", "StatusTime": "2026-01-12T08:00:00Z"},
        {"Status": "Received", "MinorStatus": "Unknown", "StatusTime": "2026-01-12T07:00:00Z"},
        {"Status": ""},
        "no step",
    ]

    steps = parser.parse_logs(as_body([{"JobID": 1, "LoggingInfo": log}]))[1]

    assert [(step.status, step.minor_status) for step in steps] == [
        ("Received", ""),
        ("Failed", "x"),
    ]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_pilots_computing_element_stands_in_either_field(is_swapped: bool) -> None:
    site, ce = "GRID.INFN-CNAF.it", "CE02-htc.cr.cnaf.infn.it"
    row = {
        "PilotJobReference": "htcondorce://ce02/1",
        "Status": "Aborted",
        "Queue": "Unknown",
        "DestinationSite": ce if is_swapped else site,
        "GridSite": site if is_swapped else ce,
        "StatusReason": "held",
    }

    (pilot,) = parser.parse_pilots(as_body([row]))

    assert pilot.ce == "ce02-htc.cr.cnaf.infn.it"
    assert (pilot.status, pilot.queue, pilot.reason) == ("Aborted", "", "held")


def test_the_newest_pilot_comes_first() -> None:
    rows = [
        {"Status": "Aborted", "LastUpdateTime": "2026-01-12T07:00:00Z"},
        {"Status": "Done", "LastUpdateTime": "2026-01-12T08:00:00Z"},
        {"Status": "Waiting"},
    ]

    assert [pilot.status for pilot in parser.parse_pilots(as_body(rows))] == [
        "Done",
        "Aborted",
        "Waiting",
    ]


@needs_samples
def test_the_real_documents() -> None:
    jobs = parser.parse_jobs(sample("jobs-search-failed-cnaf-page1.json"))
    one = parser.parse_jobs(sample("jobs-search-one-all-params.json"))[1]
    logs = parser.parse_logs(sample("jobs-search-logginginfo.json"))
    pilots = parser.parse_pilots(sample("pilots-search-page1.json"))

    assert sorted(jobs) == [261, 262, 263, 264, 265]
    assert {job.status for job in jobs.values()} == {"Failed"}
    assert (one.status, one.minor_status, one.vo) == ("Done", "Execution Complete", "juno")
    assert one.ended_at == datetime(2026, 11, 21, 19, 28, 23, tzinfo=UTC)
    assert [step.status for step in logs[101]] == ["Received", "Failed"]
    assert {pilot.ce for pilot in pilots} == {"ce01.ihep.ac.cn", "ce02-htc.cr.cnaf.infn.it"}


COLUMNS = (
    "JobID Status LoggingInfo StatusTime EndExecTime RescheduleCounter GridSite DestinationSite "
    "Site count MinorStatus JobGroup"
)
NAMES = st.sampled_from(COLUMNS.split())
ROWS = st.lists(st.dictionaries(NAMES, VALUES | st.integers(), max_size=6), max_size=4)


@given(ROWS | VALUES)
def test_any_json_is_understood_or_refused(document: object) -> None:
    body = as_body(document)
    for parse in (parser.parse_jobs, parser.parse_logs, parser.parse_pilots, parser.parse_sites):
        try:
            parse(body)
        except AnswerNotUnderstood:
            continue
