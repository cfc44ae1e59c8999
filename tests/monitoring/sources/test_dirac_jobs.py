"""monitoring/sources/dirac_jobs: jobs looked up in classic DIRAC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.registry import find_kind
from juno_support.lib.faults import FetchFault
from monitoring.jobs import MOST_JOBS, JobFacts
from monitoring.sources.dirac_jobs import ClassicJobs
from tests.dirac_upstream import JOBS, Dirac, recorded, refused, running_dirac, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def dirac() -> Iterator[Dirac]:
    running = Dirac(
        {
            (JOBS, "getJobsSummary"): recorded("jobs-summary.json"),
            (JOBS, "getJobLoggingInfo"): recorded("job-log.json"),
            (JOBS, "getJobParameters"): said(
                {
                    "265": {
                        "GridCE": "CE02.cnaf.example.org",
                        "HostName": "wn-17.cnaf.example.org",
                        "Pilot_Reference": "htcondorce://ce02.cnaf.example.org/123.0",
                        "LocalAccount": "juno017",
                        "WallClockTime(s)": "4200",
                    }
                }
            ),
            (JOBS, "getCounters"): said(
                [
                    [{"Site": "GRID.INFN-CNAF.it", "Status": "Failed"}, 60],
                    [{"Site": "GRID.IN2P3.fr", "Status": "Failed"}, 2],
                    [{"Site": "ANY", "Status": "Failed"}, 1],
                ]
            ),
        }
    )
    with (
        running_dirac(running),
        override_settings(
            JUNO_DIRAC_HTTPS_URL=running.url,
            JUNO_DIRAC_HTTPS_OWNER_GROUP="juno_production, juno_user",
        ),
    ):
        yield running


def look_up(*job_ids: int, at: datetime) -> dict[int, JobFacts]:
    source = ensure_source(find_kind("dirac-https"))
    return ClassicJobs(configuration_of(source)).find_jobs(job_ids, at=at)


def test_what_happened_to_a_job(dirac: Dirac, at: datetime) -> None:
    job = look_up(265, at=at)[265]

    assert (job.status, job.site) == ("Failed", "GRID.INFN-CNAF.it")
    assert (job.ce, job.worker_node) == ("ce02.cnaf.example.org", "wn-17.cnaf.example.org")
    assert job.pilot_reference == "htcondorce://ce02.cnaf.example.org/123.0"
    assert job.parameters == {"WallClockTime(s)": "4200"}
    assert [step.status for step in job.log] == ["Received", "Waiting", "Running", "Failed"]
    assert job.ended_at == datetime(2026, 1, 12, 6, 10, tzinfo=UTC)
    assert job.notes == ("DIRAC tells the state of a pilot in its web portal only.",)


def test_how_often_the_same_error_occurred_and_where(dirac: Dirac, at: datetime) -> None:
    same = look_up(265, at=at)[265].same_error

    assert same is not None
    assert (same.count, same.since, same.until) == (63, at - timedelta(hours=24), at)
    assert same.by_site == (("GRID.INFN-CNAF.it", 60), ("GRID.IN2P3.fr", 2))
    (asked,) = dirac.called("getCounters")
    assert asked.args == [
        ["Site", "Status"],
        {
            "OwnerGroup": ["juno_production", "juno_user"],
            "Status": "Failed",
            "MinorStatus": "Application Finished With Errors",
        },
        "2026-01-11 08:30:00",
    ]


def test_where_dirac_has_no_counters_ids_are_counted(dirac: Dirac, at: datetime) -> None:
    del dirac.answers[JOBS, "getCounters"]
    dirac.answers[JOBS, "getJobs"] = said([265, 270, "271"])
    dirac.answers[JOBS, "getJobsSites"] = said(
        {
            "265": {"Site": "GRID.INFN-CNAF.it"},
            "270": {"Site": "GRID.JINR.ru"},
            "271": {"Site": "GRID.JINR.ru"},
        }
    )
    same = look_up(265, at=at)[265].same_error

    assert same is not None
    assert (same.count, same.by_site) == (
        3,
        (("GRID.JINR.ru", 2), ("GRID.INFN-CNAF.it", 1)),
    )


def test_several_jobs_and_only_those_of_our_groups(dirac: Dirac, at: datetime) -> None:
    jobs = look_up(266, 265, 268, 999, at=at)

    # 268 belongs to another VO, 999 does not exist.
    assert list(jobs) == [266, 265]
    assert jobs[266].same_error is None
    assert dirac.called("getJobsSummary")[0].args == [[266, 265, 268, 999]]


def test_not_more_jobs_than_somebody_reads(dirac: Dirac, at: datetime) -> None:
    look_up(*range(1000, 1100), at=at)

    assert len(dirac.called("getJobsSummary")[0].args[0]) == MOST_JOBS
    assert look_up(at=at) == {}


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("getJobLoggingInfo", "The log: "),
        ("getJobParameters", "What the jobs left behind: "),
        ("getCounters", "The same error elsewhere: "),
    ],
)
@pytest.mark.parametrize("fault", [refused("busy"), (500, b""), b"no JSON"])
def test_what_only_adds_never_costs_the_job(
    dirac: Dirac, at: datetime, lost: str, words: str, fault: Any
) -> None:
    dirac.answers[JOBS, lost] = fault
    job = look_up(265, at=at)[265]

    assert job.status == "Failed"
    assert any(note.startswith(words) for note in job.notes)


@pytest.mark.parametrize(
    "fault", [refused("busy"), (500, b""), (401, b"<html></html>"), b"no JSON"]
)
def test_without_the_jobs_there_is_no_answer(dirac: Dirac, at: datetime, fault: Any) -> None:
    dirac.answers[JOBS, "getJobsSummary"] = fault

    with pytest.raises(FetchFault):
        look_up(265, at=at)
