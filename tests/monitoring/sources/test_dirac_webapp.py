"""monitoring/sources/dirac_webapp: whole polls of DIRAC's web portal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import Entity, StatusInterval
from tests.dirac_upstream import recorded
from tests.loopback import Asked, serving

pytestmark = pytest.mark.django_db
JOBS = "JobSummary/getData"
PILOTS = "PilotSummary/getPilotSummaryData"
SITES = "SiteSummary/getSiteSummaryData"


@dataclass
class Portal:
    """A web portal: page -> body or (status, body); ``PilotSummary?SITE`` for one site's."""

    answers: dict[str, bytes | tuple[int, bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(asked)
        page = "/".join(asked.path.split("/")[-2:])
        if "expand" in asked.query:
            page += f"?{json.loads(asked.query['expand'])[0]}"
        answer = self.answers.get(page, (404, b"<html>404: Not Found</html>"))
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def portal() -> Iterator[Portal]:
    running = Portal(
        {
            JOBS: recorded("web-jobs.json"),
            PILOTS: recorded("web-pilots.json"),
            f"{PILOTS}?GRID.INFN-CNAF.it": recorded("web-pilots-expanded.json"),
            SITES: recorded("web-sites.json"),
        }
    )
    with (
        serving(running.answer) as server,
        override_settings(JUNO_DIRAC_WEBAPP_URL=f"{server.url}/DIRAC"),
    ):
        yield running


def poll(at: datetime) -> FeedRun:
    return polling.poll("dirac-webapp", now=lambda: at)


def states(**wanted: Any) -> set[tuple[str, str, str, str]]:
    return set(
        StatusInterval.objects.filter(until=None, **wanted).values_list(
            "entity__name", "metric", "status", "raw_status"
        )
    )


def test_what_a_poll_tells(portal: Portal, at: datetime) -> None:
    run = poll(at)

    assert (run.outcome, run.reason, run.notes) == (Outcome.OK, "", [])
    assert states(metric="jobs") == {
        ("GRID.IN2P3.fr", "jobs", "warning", "Fair"),
        ("GRID.INFN-CNAF.it", "jobs", "critical", "Bad"),
        ("GRID.JINR.ru", "jobs", "ok", "Idle"),
        ("GRID.MSU.ru", "jobs", "critical", "Poor"),
        ("GRID.New.fr", "jobs", "unknown", "Marvellous"),
    }
    assert states(metric="pilots") == {
        ("GRID.IN2P3.fr", "pilots", "ok", "Good"),
        ("ce.in2p3.example.org", "pilots", "ok", "Good"),
        ("GRID.INFN-CNAF.it", "pilots", "critical", "Poor"),
        ("ce01.cnaf.example.org", "pilots", "ok", "Idle"),
        ("ce02.cnaf.example.org", "pilots", "critical", "Bad"),
        ("GRID.JINR.ru", "pilots", "ok", "Good"),
        ("lcgce12.jinr.example.org", "pilots", "ok", "Good"),
    }
    assert states(metric="mask") == {
        ("GRID.IN2P3.fr", "mask", "ok", "Active"),
        ("GRID.INFN-CNAF.it", "mask", "unknown", "NoMask"),
        ("GRID.JINR.ru", "mask", "down", "Banned"),
        ("GRID.MSU.ru", "mask", "ok", "Active"),
        ("GRID.New.fr", "mask", "ok", "Active"),
    }
    assert states(metric="rss") == {
        ("GRID.IN2P3.fr", "rss", "ok", "Active"),
        ("GRID.JINR.ru", "rss", "down", "Banned"),
    }
    assert set(StatusInterval.objects.values_list("vo", flat=True)) == {""}


def test_what_is_kept_of_a_state(portal: Portal, at: datetime) -> None:
    poll(at)

    jobs = StatusInterval.objects.get(entity__name="GRID.INFN-CNAF.it", metric="jobs")
    assert jobs.summary == "14.3 % of 70 finished jobs good, 5 running, 5 stalled (24 h)"
    assert jobs.details["counts"] == {"Done": 10, "Failed": 60, "Running": 5, "Stalled": 5}
    idle = StatusInterval.objects.get(entity__name="GRID.JINR.ru", metric="jobs")
    assert idle.summary == "no finished jobs, 60 waiting (24 h)"
    pilots = StatusInterval.objects.get(entity__name="ce02.cnaf.example.org")
    assert pilots.summary == (
        "25 of 30 pilots aborted, 25 of them in the last hour, 2 running (24 h)"
    )
    assert pilots.details["in_mask"] is True
    assert pilots.entity.said_site == "GRID.INFN-CNAF.it"
    rss = StatusInterval.objects.get(entity__name="GRID.JINR.ru", metric="rss")
    assert rss.since == datetime(2026, 1, 12, 6, tzinfo=UTC)


def test_the_questions_of_a_poll(portal: Portal, at: datetime) -> None:
    with override_settings(
        JUNO_DIRAC_WEBAPP_SETUP="JUNO-Production", JUNO_DIRAC_WEBAPP_GROUP="juno_user"
    ):
        poll(at)

    base = "/DIRAC/s:JUNO-Production/g:juno_user"
    assert [asked.path for asked in portal.asked] == [
        f"{base}/{page}" for page in (JOBS, PILOTS, SITES, PILOTS)
    ]
    # Its default are 25 rows.
    assert portal.asked[1].query == {"start": "0", "limit": "100000"}
    assert portal.asked[3].query["expand"] == '["GRID.INFN-CNAF.it"]'


def test_an_unchanged_poll_writes_nothing(portal: Portal, at: datetime) -> None:
    poll(at)

    assert poll(at + timedelta(minutes=10)).outcome == Outcome.UNCHANGED


def test_elements_in_one_list_are_put_together_for_the_site(portal: Portal, at: datetime) -> None:
    portal.answers[PILOTS] = recorded("web-pilots-expanded.json")
    poll(at)

    assert ("GRID.INFN-CNAF.it", "pilots", "critical", "Poor") in states(metric="pilots")
    site = StatusInterval.objects.get(entity__name="GRID.INFN-CNAF.it", metric="pilots")
    assert site.details["counts"] == {"Aborted": 25, "Done": 8, "Running": 4}
    assert len(portal.asked) == 3


@pytest.mark.parametrize(
    ("lost", "metrics"),
    [(JOBS, {"jobs", "mask"}), (PILOTS, {"pilots"}), (SITES, {"rss"})],
)
@pytest.mark.parametrize(
    "fault",
    [
        (401, b"<html>401</html>"),
        (404, b"<html>404</html>"),
        (500, b"<html>500</html>"),
        b'{"success": "false", "error": "Unauthorized query"}',
        b"<html>sign in</html>",
    ],
)
def test_what_is_lost_costs_nothing_else(
    portal: Portal, at: datetime, lost: str, metrics: set[str], fault: Any
) -> None:
    poll(at)
    before = states()
    portal.answers[lost] = fault
    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.UNCHANGED
    assert states() == before
    assert len(run.notes) == 1


def test_where_nothing_is_told_the_poll_fails(portal: Portal, at: datetime) -> None:
    for page in list(portal.answers):
        portal.answers[page] = b'{"success": "false", "error": "Unauthorized query"}'
    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert "says: Unauthorized query" in run.reason


def test_a_refused_credential_stops_the_polls(portal: Portal, at: datetime) -> None:
    portal.answers = {JOBS: (500, b""), PILOTS: (401, b"<html>401</html>"), SITES: (500, b"")}
    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert run.http_status == 401


def test_what_could_not_be_asked_of_a_site_keeps_what_it_has(portal: Portal, at: datetime) -> None:
    poll(at)
    before = states()
    portal.answers[f"{PILOTS}?GRID.INFN-CNAF.it"] = (500, b"")
    run = poll(at + timedelta(minutes=10))

    assert states() == before
    assert run.notes == [
        "Pilots of GRID.INFN-CNAF.it: The server answered 500 Internal Server Error."
    ]


def test_a_list_that_was_cut_is_not_whole(portal: Portal, at: datetime) -> None:
    poll(at)
    document = json.loads(recorded("web-jobs.json"))
    document["result"] = document["result"][:1]
    document["total"] = 600
    portal.answers[JOBS] = json.dumps(document).encode()
    run = poll(at + timedelta(minutes=10))

    assert ("GRID.JINR.ru", "jobs", "ok", "Idle") in states()
    assert run.notes == ["The portal hands out the jobs of 1 of 600 sites only."]


def test_names_of_the_portal_are_those_of_the_services(portal: Portal, at: datetime) -> None:
    poll(at)

    assert set(Entity.objects.values_list("namespace", flat=True)) == {"dirac"}
