"""monitoring/jobs: facts of a job become JSON, and come back as they were."""

import json
from datetime import UTC, datetime

from monitoring.jobs import JobFacts, JobStep, SameError, as_evidence, from_evidence

AT = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)
FACTS = JobFacts(
    job_id=265,
    status="Failed",
    minor_status="Application Finished With Errors",
    site="GRID.INFN-CNAF.it",
    submitted_at=AT,
    log=(JobStep("Received", "Job accepted", "", AT, "JobManager"), JobStep("x", "", "", None, "")),
    parameters={"CPU(MHz)": "2400"},
    same_error=SameError("Failed", "x", AT, AT, 12, (("GRID.INFN-CNAF.it", 11),)),
    notes=("The log: none.",),
)


def test_evidence_comes_back_as_it_was() -> None:
    kept = json.loads(json.dumps(as_evidence(FACTS)))

    assert from_evidence(kept) == FACTS


def test_evidence_of_another_release_can_be_read() -> None:
    kept = as_evidence(FACTS)
    kept["of_a_later_release"] = 1
    del kept["owner_group"], kept["same_error"], kept["heartbeat_at"]

    facts = from_evidence(kept)

    assert (facts.owner_group, facts.same_error, facts.heartbeat_at) == ("", None, None)


def test_who_has_failed() -> None:
    assert FACTS.has_failed
    assert not JobFacts(job_id=1, status="Done").has_failed
