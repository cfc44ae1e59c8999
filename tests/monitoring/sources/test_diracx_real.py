"""monitoring/sources/diracx on what a DiracX 0.7.0 really answered, where that is present."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from juno_support.feeds import polling
from juno_support.feeds.models import Outcome
from monitoring.models import StatusInterval
from monitoring.sources.diracx_jobs import DiracxJobs
from tests.diracx_upstream import Diracx, running_diracx
from tests.monitoring.actions.test_diracx_login import in_force, sign_in
from tests.monitoring.parsers.test_diracx import needs_samples, sample

pytestmark = [pytest.mark.django_db, needs_samples]
AT = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


def body(name: str) -> Any:
    return json.loads(sample(name))


@pytest.fixture
def diracx() -> Iterator[Diracx]:
    log = body("jobs-search-logginginfo.json")[0]["LoggingInfo"]
    made = Diracx(
        jobs=body("jobs-summary-site-status-vo-recent.json"),
        pilots=body("pilots-summary-site-ce-status.json"),
        states={kind: body(f"rss-{kind}.json") for kind in ("site", "storage", "compute", "fts")},
        found_jobs=[
            {**row, "LoggingInfo": log} for row in body("jobs-search-failed-cnaf-page1.json")
        ],
        found_pilots=body("pilots-search-page1.json")[1:2],
        same_errors=[
            {"Site": row["Site"], "count": row["count"]}
            for row in body("jobs-summary-site-minorstatus-failed.json")
            if row["Status"] == "Failed"
        ],
    )
    with running_diracx(made) as running:
        sign_in(running, AT)
        yield running


def test_every_state_against_a_table_written_by_hand(diracx: Diracx) -> None:
    run = polling.poll("diracx", now=lambda: AT)

    assert (run.outcome, run.refused) == (Outcome.OK, [])
    found = {
        (name, metric): f"{status} {raw}"
        for name, metric, status, raw in StatusInterval.objects.values_list(
            "entity__name", "metric", "status", "raw_status"
        )
    }
    assert found == {
        ("GRID.IHEP.cn", "rss"): "ok allowed",
        ("GRID.IN2P3.fr", "rss"): "ok allowed",
        ("GRID.INFN-CNAF.it", "rss"): "warning allowed with warnings",
        ("GRID.JINR.ru", "rss"): "down banned",
        ("GRID.MSU.ru", "rss"): "down banned",
        ("ce01.ihep.ac.cn", "rss"): "ok allowed",
        ("ce02-htc.cr.cnaf.infn.it", "rss"): "down banned",
        ("fts3-juno.ihep.ac.cn", "rss"): "ok allowed",
        ("IHEP-JUNOEOS", "read"): "ok allowed",
        ("IHEP-JUNOEOS", "write"): "ok allowed",
        ("IHEP-JUNOEOS", "check"): "ok allowed",
        ("IHEP-JUNOEOS", "remove"): "ok allowed",
        ("CNAF-STORM", "read"): "ok allowed",
        ("CNAF-STORM", "write"): "down banned",
        ("CNAF-STORM", "check"): "ok allowed",
        ("CNAF-STORM", "remove"): "ok allowed",
        # 60 of 68, 40 of 44, 10 of 70, none finished, 5 of 20.
        ("GRID.IHEP.cn", "jobs"): "warning Fair",
        ("GRID.IN2P3.fr", "jobs"): "warning Fair",
        ("GRID.INFN-CNAF.it", "jobs"): "critical Bad",
        ("GRID.JINR.ru", "jobs"): "ok Idle",
        ("GRID.MSU.ru", "jobs"): "critical Bad",
        # 1 of 51, 25 of 32 and none of 25 aborted.
        ("GRID.IHEP.cn", "pilots"): "ok Good",
        ("GRID.INFN-CNAF.it", "pilots"): "critical Bad",
        ("GRID.JINR.ru", "pilots"): "ok Good",
        ("ce01.ihep.ac.cn", "pilots"): "ok Good",
        ("ce02-htc.cr.cnaf.infn.it", "pilots"): "critical Bad",
        ("lcgce12.jinr.ru", "pilots"): "ok Good",
    }


def test_a_failed_job(diracx: Diracx) -> None:
    job = DiracxJobs(in_force()).find_jobs([265], at=AT)[265]

    assert (job.status, job.site) == ("Failed", "GRID.INFN-CNAF.it")
    assert (job.ce, job.pilot_status) == ("ce02-htc.cr.cnaf.infn.it", "Aborted")
    assert [step.status for step in job.log] == ["Received", "Failed"]
    assert job.same_error is not None
    assert job.same_error.by_site == (
        ("GRID.INFN-CNAF.it", 60),
        ("GRID.MSU.ru", 10),
        ("GRID.IHEP.cn", 8),
        ("GRID.IN2P3.fr", 4),
    )
