"""monitoring/sources/diracx: from a signed-in poll to the states that are kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from juno_support.accounts.models import User
from juno_support.feeds import polling, queries
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import StatusInterval
from tests.diracx_upstream import Diracx, running_diracx, usual_diracx
from tests.monitoring.actions.test_diracx_login import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def diracx(at: datetime) -> Iterator[Diracx]:
    with running_diracx(usual_diracx()) as running:
        sign_in(running, at)
        running.questions.clear()
        yield running


def poll(diracx: Diracx, at: datetime) -> FeedRun:
    diracx.now = at
    return polling.poll("diracx", now=lambda: at)


def states() -> set[tuple[str, str, str, str]]:
    return set(
        StatusInterval.objects.filter(until=None).values_list(
            "entity__name", "metric", "status", "raw_status"
        )
    )


def test_what_a_poll_tells(diracx: Diracx, at: datetime) -> None:
    run = poll(diracx, at)

    assert (run.outcome, run.reason) == (Outcome.OK, "")
    assert states() == {
        ("GRID.IHEP.cn", "rss", "ok", "allowed"),
        ("GRID.INFN-CNAF.it", "rss", "warning", "allowed with warnings"),
        ("GRID.JINR.ru", "rss", "down", "banned"),
        ("CNAF-STORM", "read", "ok", "allowed"),
        ("CNAF-STORM", "write", "down", "banned"),
        ("CNAF-STORM", "check", "ok", "allowed"),
        ("CNAF-STORM", "remove", "ok", "allowed"),
        ("ce02-htc.cr.cnaf.infn.it", "rss", "down", "banned"),
        ("fts3-juno.ihep.ac.cn", "rss", "ok", "allowed"),
        ("GRID.IHEP.cn", "jobs", "ok", "Good"),
        ("GRID.INFN-CNAF.it", "jobs", "critical", "Bad"),
        ("GRID.JINR.ru", "jobs", "ok", "Idle"),
        ("GRID.INFN-CNAF.it", "pilots", "critical", "Bad"),
        ("ce02-htc.cr.cnaf.infn.it", "pilots", "critical", "Bad"),
    }
    assert set(StatusInterval.objects.values_list("vo", flat=True)) == {"juno"}
    bad = StatusInterval.objects.get(entity__name="GRID.INFN-CNAF.it", metric="jobs")
    assert bad.since == at
    assert bad.summary == "14.3 % of 70 finished jobs good (24 h)"
    assert bad.details["counts"] == {"Done": 10, "Failed": 60}
    ce = StatusInterval.objects.get(entity__name="ce02-htc.cr.cnaf.infn.it", metric="rss")
    assert ce.entity.said_site == "GRID.INFN-CNAF.it"


def test_the_vo_goes_with_every_question(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)

    summaries = [sent for path, sent in diracx.questions if path.endswith("/summary")]
    assert len(summaries) == 2
    for sent in summaries:
        assert {"parameter": "VO", "operator": "eq", "value": "juno"} in sent["search"]
        assert {
            "parameter": "LastUpdateTime",
            "operator": "gt",
            "value": "2026-01-11T08:30:00",
        } in sent["search"]


def test_what_did_not_change_is_not_sent_again(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)
    run = poll(diracx, at + timedelta(minutes=5))

    assert diracx.not_modified == 4
    assert run.outcome == Outcome.UNCHANGED
    assert len(states()) == 14

    poll(diracx, at + timedelta(minutes=35))
    assert diracx.not_modified == 8
    # A change may hide behind its tag: the whole list is asked for once an hour.
    assert poll(diracx, at + timedelta(minutes=66)).outcome != Outcome.FAILED
    assert diracx.not_modified == 8


def test_a_new_tag_brings_the_new_list(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)
    diracx.states["site"]["GRID.JINR.ru"] = {"all": {"allowed": True, "warnings": None}}
    diracx.etags["site"] = "another"

    run = poll(diracx, at + timedelta(minutes=5))

    assert run.outcome == Outcome.OK
    jinr = StatusInterval.objects.filter(entity__name="GRID.JINR.ru", metric="rss")
    assert list(jinr.order_by("since").values_list("status", "since", "until")) == [
        ("down", at, at + timedelta(minutes=5)),
        ("ok", at + timedelta(minutes=5), None),
    ]


def test_an_older_diracx_without_resources_still_tells_of_jobs(
    diracx: Diracx, at: datetime
) -> None:
    poll(diracx, at)
    diracx.states.clear()

    run = poll(diracx, at + timedelta(minutes=30))

    assert run.outcome == Outcome.OK
    assert any("/api/rss/site" in note for note in run.notes)
    assert ("GRID.IHEP.cn", "rss", "unknown", "not reported") in states()
    assert ("GRID.IHEP.cn", "jobs", "ok", "Good") in states()


def test_the_computing_element_is_found_in_either_field(diracx: Diracx, at: datetime) -> None:
    for row in diracx.pilots:
        row["DestinationSite"], row["GridSite"] = row["GridSite"], row["DestinationSite"]

    poll(diracx, at)

    pilots = {name: status for name, metric, status, _ in states() if metric == "pilots"}
    assert pilots == {"GRID.INFN-CNAF.it": "critical", "ce02-htc.cr.cnaf.infn.it": "critical"}


def test_an_admin_may_say_which_field_it_is(diracx: Diracx, at: datetime, settings: Any) -> None:
    settings.JUNO_DIRACX_CE_FIELD = "GridSite"
    diracx.pilots = [
        {"DestinationSite": "site.example.org", "GridSite": "ce.example.org", "Status": "Done"}
        | {"count": 20}
    ]

    poll(diracx, at)

    assert ("site.example.org", "pilots", "ok", "Good") in states()


def test_a_401_in_between_is_survived(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)
    diracx.end_access_tokens()

    run = poll(diracx, at + timedelta(minutes=5))

    assert run.outcome == Outcome.UNCHANGED
    assert (diracx.refreshes, diracx.reuses) == (1, 0)


def test_a_lost_login_stops_the_polls_until_somebody_signs_in(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)
    diracx.end_logins()

    later = at + timedelta(minutes=30)
    run = poll(diracx, later)
    standing = queries.standing_of("diracx", later)

    assert run.outcome == Outcome.FAILED
    assert "must sign in again" in run.reason
    assert standing.is_stopped
    assert ("GRID.JINR.ru", "rss", "down", "banned") in states()
    sign_in(diracx, later, User.objects.get(username="dora"))
    assert not queries.standing_of("diracx", later).is_stopped
    assert poll(diracx, later).outcome in (Outcome.OK, Outcome.UNCHANGED)


@pytest.mark.parametrize(
    ("path", "status", "body", "words"),
    [
        ("/api/jobs/summary", 422, b'{"detail": [{"loc": ["body"], "msg": "bad"}]}', "body bad"),
        ("/api/jobs/summary", 400, b'{"detail": "Unrecognised parameters"}', "Unrecognised"),
        ("/api/jobs/summary", 403, b'{"detail": "Not for you"}', "Not for you"),
        ("/api/jobs/summary", 502, b"<html>bad gateway</html>", "502"),
        ("/api/rss/site", 200, b"<html>login</html>", "no JSON"),
        ("/api/pilots/summary", 200, b'{"detail": "odd"}', "no list"),
    ],
)
def test_failures_say_what_diracx_says(
    diracx: Diracx,
    at: datetime,
    path: str,
    status: int,
    body: bytes,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("juno_support.lib.http.time.sleep", lambda seconds: None)
    poll(diracx, at)
    before = states()
    diracx.instead[path] = (status, body)

    run = poll(diracx, at + timedelta(minutes=30))

    assert run.outcome == Outcome.FAILED
    assert words in run.reason
    assert states() == before


def test_an_empty_answer_makes_nothing_idle(diracx: Diracx, at: datetime) -> None:
    diracx.jobs = []

    poll(diracx, at)

    assert not StatusInterval.objects.filter(metric="jobs").exists()


def test_of_a_site_with_a_bad_row_nothing_is_concluded(diracx: Diracx, at: datetime) -> None:
    diracx.jobs[0]["count"] = "many"
    diracx.pilots[0]["count"] = None

    run = poll(diracx, at)

    assert {row["row"] for row in run.refused} == {
        "jobs: row 1 GRID.IHEP.cn",
        "pilots: row 1 GRID.INFN-CNAF.it ce02-htc.cr.cnaf.infn.it",
    }
    judged = {(name, metric) for name, metric, _, _ in states() if metric in ("jobs", "pilots")}
    assert judged == {("GRID.INFN-CNAF.it", "jobs"), ("GRID.JINR.ru", "jobs")}


def test_of_a_summary_with_a_nameless_row_nothing_is_concluded(
    diracx: Diracx, at: datetime
) -> None:
    del diracx.jobs[0]["Site"]

    run = poll(diracx, at)

    assert run.refused == [{"row": "jobs: row 1", "reason": "has no Site that makes sense"}]
    assert not StatusInterval.objects.filter(metric="jobs").exists()
    assert StatusInterval.objects.filter(metric="pilots").exists()


def test_half_of_the_jobs_cannot_vanish_between_two_polls(diracx: Diracx, at: datetime) -> None:
    poll(diracx, at)
    before = states()
    diracx.jobs = diracx.jobs[:1]

    run = poll(diracx, at + timedelta(minutes=5))

    assert run.outcome == Outcome.SUSPICIOUS
    assert "Only 60 jobs of the last day, after 178" in run.reason
    assert states() == before
    moment = at + timedelta(minutes=10)
    diracx.now = moment
    assert polling.poll("diracx", now=lambda: moment, trust=True).outcome == Outcome.OK
