"""monitoring/sources/diracx_jobs: a job's whole story, from one DiracX, within the time."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from juno_support.lib.faults import CredentialRefused, ServiceUnavailable
from monitoring.jobs import JobFacts, as_evidence, from_evidence
from monitoring.sources import diracx_jobs
from tests.diracx_upstream import Diracx, running_diracx, usual_diracx
from tests.monitoring.actions.test_diracx_login import in_force, sign_in
from tests.monitoring.parsers.test_diracx_jobs import JOB

pytestmark = pytest.mark.django_db
LOG = [{"Status": "Received", "StatusTime": "2026-01-12T07:28:22Z", "Source": "JobManager"}]


@pytest.fixture
def diracx(at: datetime) -> Iterator[Diracx]:
    made = usual_diracx()
    made.found_jobs = [{**JOB, "LoggingInfo": LOG}]
    made.found_pilots = [
        {
            "PilotJobReference": "htcondorce://ce02/1",
            "Status": "Aborted",
            "DestinationSite": "GRID.INFN-CNAF.it",
            "GridSite": "ce02-htc.cr.cnaf.infn.it",
        }
    ]
    made.same_errors = [
        {"Site": "GRID.INFN-CNAF.it", "count": 60},
        {"Site": "GRID.IHEP.cn", "count": 8},
        {"Site": "ANY", "count": 1},
    ]
    with running_diracx(made) as running:
        sign_in(running, at)
        running.questions.clear()
        yield running


def look_up(at: datetime, *ids: int) -> dict[int, JobFacts]:
    return diracx_jobs.DiracxJobs(in_force()).find_jobs(ids, at=at)


def test_the_whole_story(diracx: Diracx, at: datetime) -> None:
    job = look_up(at, 265)[265]

    assert (job.status, job.site) == ("Failed", "GRID.INFN-CNAF.it")
    assert [step.source for step in job.log] == ["JobManager"]
    assert (job.ce, job.pilot_status) == ("ce02-htc.cr.cnaf.infn.it", "Aborted")
    assert job.pilot_reference == "htcondorce://ce02/1"
    assert job.same_error is not None
    assert job.same_error.count == 69
    assert job.same_error.by_site == (("GRID.INFN-CNAF.it", 60), ("GRID.IHEP.cn", 8))
    assert job.notes == ()
    assert from_evidence(as_evidence(job)) == job


def test_the_vo_goes_with_every_question(diracx: Diracx, at: datetime) -> None:
    look_up(at, 265)

    assert len(diracx.questions) == 4
    for _path, sent in diracx.questions:
        assert {"parameter": "VO", "operator": "eq", "value": "juno"} in sent["search"]


def test_a_job_of_another_vo_is_not_shown(diracx: Diracx, at: datetime) -> None:
    diracx.found_jobs[0]["VO"] = "bes"

    assert look_up(at, 265) == {}


def test_a_job_that_is_not_there(diracx: Diracx, at: datetime) -> None:
    diracx.found_jobs = []

    assert look_up(at, 265) == {}


def test_what_only_adds_never_costs_the_job(diracx: Diracx, at: datetime) -> None:
    diracx.instead["/api/pilots/search"] = (500, b'{"detail": "oops"}')
    diracx.instead["/api/jobs/summary"] = (403, b'{"detail": "not for you"}')

    job = look_up(at, 265)[265]

    assert job.status == "Failed"
    assert job.same_error is None
    assert any(note.startswith("Its pilot: ") and "500" in note for note in job.notes)
    assert any("not for you" in note for note in job.notes)


def test_when_the_time_is_over_the_rest_is_not_asked(
    diracx: Diracx, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diracx_jobs, "SECONDS_FOR_ALL", 0)

    job = look_up(at, 265)[265]

    assert [path for path, _sent in diracx.questions] == ["/api/jobs/search"]
    assert any("takes too long" in note for note in job.notes)


def test_the_same_error_is_counted_once(diracx: Diracx, at: datetime) -> None:
    diracx.found_jobs.append({**JOB, "JobID": 266, "LoggingInfo": LOG})

    found = look_up(at, 265, 266)

    assert found[265].same_error == found[266].same_error
    assert [path for path, _sent in diracx.questions].count("/api/jobs/summary") == 1


def test_without_an_answer_it_says_so(diracx: Diracx, at: datetime) -> None:
    diracx.instead["/api/jobs/search"] = (503, b"")

    with pytest.raises(ServiceUnavailable, match="503"):
        look_up(at, 265)


def test_without_a_login_it_says_so(diracx: Diracx, at: datetime) -> None:
    diracx.end_access_tokens()
    diracx.end_logins()

    with pytest.raises(CredentialRefused, match="must sign in again"):
        look_up(at, 265)
