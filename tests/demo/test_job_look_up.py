"""The look-up of jobs against both simulated DIRACs: they tell the same story of one job."""

from datetime import UTC, timedelta

import pytest

from juno_support.demo.simulators.dirac_jobs import failed_job as failed_job_at
from juno_support.lib.faults import FetchFault
from monitoring.jobs import JobFacts
from monitoring.sources.dirac_jobs import ClassicJobs
from monitoring.sources.diracx_jobs import DiracxJobs
from tests.demo.test_state_pollers import Portal, portal

__all__ = ["portal"]

pytestmark = pytest.mark.django_db
SITE_NAMES = {"INFN-T1": "GRID.INFN-CNAF.it", "JINR-LCG2": "GRID.JINR.ru"}


def failed_job(portal: Portal) -> int:
    """Return the id of the newest failed job of juno in the simulated world."""
    rows = portal.world.diracx(
        "jobs/search",
        "page=1&per_page=1",
        document={
            "search": [
                {"parameter": "VO", "operator": "eq", "value": "juno"},
                {"parameter": "Status", "operator": "eq", "value": "Failed"},
            ],
            "sort": [{"parameter": "JobID", "direction": "desc"}],
        },
    ).json
    return int(rows[0]["JobID"])


def look_up(portal: Portal) -> tuple[JobFacts, JobFacts]:
    portal.sign_in()
    job_id = failed_job(portal)
    at = portal.world.moment
    new = DiracxJobs(portal.configuration("diracx")).find_jobs([job_id], at=at)[job_id]
    old = ClassicJobs(portal.configuration("dirac-https")).find_jobs([job_id], at=at)[job_id]
    return new, old


def test_both_diracs_tell_the_same_of_a_job(portal: Portal) -> None:
    new, old = look_up(portal)

    for name in ("status", "minor_status", "site", "ce", "owner", "job_name", "pilot_reference"):
        assert getattr(new, name) == getattr(old, name), name
        assert getattr(new, name), name
    for name in ("submitted_at", "ended_at"):
        moment, other = getattr(new, name), getattr(old, name)
        assert moment.astimezone(UTC).replace(microsecond=0) == other.replace(microsecond=0), name
    assert [step.status for step in new.log] == [step.status for step in old.log]
    assert new.log[-1].status == "Failed"
    assert new.same_error is not None and old.same_error is not None
    # DIRAC 8 knows no VO of a job, only its group: it counts some of the VO's.
    for site, count in old.same_error.by_site:
        assert 1 <= count <= dict(new.same_error.by_site)[site]
    assert new.site in dict(old.same_error.by_site)


@pytest.mark.parametrize("kind", ["http500", "html200", "timeout", "deep", "drip", "scalar"])
def test_a_failure_is_said_soon(portal: Portal, kind: str) -> None:
    portal.sign_in()
    job_id = failed_job(portal)
    portal.world.fail("diracx", kind)

    with pytest.raises(FetchFault) as caught:
        DiracxJobs(portal.configuration("diracx")).find_jobs([job_id], at=portal.world.moment)

    assert len(caught.value.reason) > 10


@pytest.mark.parametrize("site", ["INFN-T1", "JINR-LCG2", "", "DESY-HH"])
def test_a_job_that_a_ticket_names_failed_where_the_ticket_says(portal: Portal, site: str) -> None:
    portal.sign_in()
    at = portal.world.moment
    job_id = failed_job_at(site, at - timedelta(hours=12))

    facts = DiracxJobs(portal.configuration("diracx")).find_jobs([job_id], at=at)[job_id]

    assert (facts.status, facts.vo) == ("Failed", "juno")
    if site in SITE_NAMES:
        assert facts.site == SITE_NAMES[site]
