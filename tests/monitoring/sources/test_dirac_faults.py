"""monitoring/sources/dirac_https: what fails, and what it costs."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds.models import Outcome
from monitoring.models import StatusInterval
from monitoring.sources.dirac_https import REFUSED_IN_PART
from tests.dirac_upstream import (
    CONFIGURATION,
    JOBS,
    MANAGEMENT,
    PUBLISHER,
    REQUESTS,
    STATUS,
    WMS,
    Dirac,
    moment,
    recorded,
    refused,
    said,
)
from tests.monitoring.sources.dirac_polls import poll, states

pytestmark = pytest.mark.django_db


# What fails


@pytest.mark.parametrize(
    ("lost", "metrics", "words"),
    [
        ((STATUS, "select:ResourceStatus"), {"read", "write", "check", "remove"}, "Resources: "),
        ((JOBS, "getCounters"), {"jobs"}, "Jobs: "),
        ((WMS, "getSiteMaskStatus"), {"mask"}, "Site mask: "),
        ((REQUESTS, "getDBSummary"), {"requests"}, "Requests: "),
        ((MANAGEMENT, "select:SpaceTokenOccupancyCache"), {"space"}, "Space of storage: "),
        ((PUBLISHER, "getSitesResources"), set(), "Elements of sites: "),
        ((CONFIGURATION, "getCompressedData"), set(), "Configuration: "),
        ((STATUS, "select:SiteHistory"), set(), "SiteHistory of "),
        ((STATUS, "ping"), set(), ""),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [
        None,
        (401, b"<html>401: Unauthorized</html>"),
        refused("Access denied", 1111),
        b"<html>no JSON</html>",
        said("something else"),
    ],
)
def test_what_is_lost_costs_nothing_else(
    dirac: Dirac,
    at: datetime,
    lost: tuple[str, str],
    metrics: set[str],
    words: str,
    fault: Any,
) -> None:
    everything = {
        "rss", "read", "write", "check", "remove", "jobs", "mask", "requests", "space",
    }  # fmt: skip
    if fault is None:
        del dirac.answers[lost]
    else:
        dirac.answers[lost] = fault
    run = poll(at)

    assert run.outcome == Outcome.OK
    assert {metric for _, metric, _, _, _ in states()} == everything - metrics
    assert any(note.startswith(words) for note in run.notes)


def test_who_is_not_registered_is_told_why_only_some_questions_are_answered(
    dirac: Dirac, at: datetime
) -> None:
    run = poll(at)
    assert not any("registered" in note for note in run.notes)

    # DIRAC answers the Resource Status System's tables to any certificate that it trusts.
    for service, method in list(dirac.answers):
        if method != "ping" and not method.startswith("select:"):
            dirac.answers[service, method] = (401, b"<html>401: Unauthorized</html>")
    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.UNCHANGED
    assert [note for note in run.notes if "registered" in note] == [REFUSED_IN_PART]


def test_what_is_not_told_this_time_keeps_what_it_has(dirac: Dirac, at: datetime) -> None:
    poll(at)
    before = states()
    for key in list(dirac.answers):
        if key[1] not in ("select:SiteStatus", "ping"):
            dirac.answers[key] = refused("busy", 1)
    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.UNCHANGED
    assert states() == before


def test_fewer_things_are_no_doubt_where_a_part_is_missing(dirac: Dirac, at: datetime) -> None:
    storage = [
        [f"SE-{number}", kind, "Active", moment("2025-01-01 00:00:00"), "StorageElement"]
        for number in range(20)
        for kind in ("ReadAccess", "WriteAccess")
    ]
    columns = ["Name", "StatusType", "Status", "DateEffective", "ElementType"]
    dirac.answers[STATUS, "select:ResourceStatus"] = said(storage, Columns=columns)
    poll(at)
    dirac.answers[STATUS, "select:ResourceStatus"] = refused("busy")
    table = json.loads(recorded("site-status.traps.json"))
    table["Value"][0][2] = "Banned"
    dirac.answers[STATUS, "select:SiteStatus"] = json.dumps(table).encode()
    run = poll(at + timedelta(minutes=10))

    assert (run.outcome, run.reason) == (Outcome.OK, "")
    assert ("GRID.IN2P3.fr", "rss", "", "down", "Banned") in states()
    assert len(states(metric="write")) == 20


def test_a_site_that_is_not_told_any_more_is_unknown(dirac: Dirac, at: datetime) -> None:
    poll(at)
    table = json.loads(recorded("site-status.traps.json"))
    table["Value"] = [row for row in table["Value"] if row[0] != "GRID.IN2P3.fr"]
    dirac.answers[STATUS, "select:SiteStatus"] = json.dumps(table).encode()
    poll(at + timedelta(minutes=10))

    assert states(entity__name="GRID.IN2P3.fr", metric="rss") == {
        ("GRID.IN2P3.fr", "rss", "", "unknown", "not reported")
    }


@pytest.mark.parametrize(
    ("answer", "words", "is_credential"),
    [
        (refused("No ResourceStatus"), "DIRAC says: No ResourceStatus (error 1001).", False),
        ((401, b"<html>401: Unauthorized</html>"), "refuses our certificate or key", True),
        ((500, b"<html>500</html>"), "answered 500", False),
        (None, "has no method select", False),
    ],
)
def test_without_the_table_of_sites_the_poll_fails(
    dirac: Dirac, at: datetime, answer: Any, words: str, is_credential: bool
) -> None:
    poll(at)
    before = states()
    dirac.calls.clear()
    if answer is None:
        del dirac.answers[STATUS, "select:SiteStatus"]
    else:
        dirac.answers[STATUS, "select:SiteStatus"] = answer
    with override_settings(JUNO_DIRAC_HTTPS_TOKEN="a token"):
        run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.FAILED
    assert words in run.reason
    # Polls stop until a refused credential changes.
    assert bool(run.credential) == is_credential
    assert states() == before
    # Nothing else is asked then.
    assert {call.method for call in dirac.calls} == {"select"}


def test_a_silent_dirac_is_not_asked_on_and_on(dirac: Dirac, at: datetime) -> None:
    def hang_up(call: Any) -> bytes:
        raise ConnectionResetError

    dirac.answers[STATUS, "select:ResourceStatus"] = hang_up
    run = poll(at)

    assert run.outcome == Outcome.OK
    assert {call.method for call in dirac.calls} == {"select"}
    assert [note for note in run.notes if "had stopped answering" in note]


def test_the_name_of_a_service_may_be_tornados(dirac: Dirac, at: datetime) -> None:
    dirac.tornado = True
    run = poll(at)

    assert run.outcome == Outcome.OK
    assert len(states()) == 34


def test_links_lead_to_the_web_portal(dirac: Dirac, at: datetime) -> None:
    with override_settings(JUNO_DIRAC_HTTPS_WEB_URL="https://dirac.example.org/DIRAC/"):
        poll(at)

    url = StatusInterval.objects.get(entity__name="GRID.IN2P3.fr", metric="rss").evidence_url
    assert url == (
        "https://dirac.example.org/DIRAC/?view=tabs&theme=Crisp"
        "&url_state=1%7C*DIRAC.SiteSummary.classes.SiteSummary:,"
    )


def test_old_looks_of_dirac_itself_are_said(dirac: Dirac, at: datetime) -> None:
    run = poll(at + timedelta(days=2))

    assert any("last looked at a site at 2026-01-12 08:25 UTC" in note for note in run.notes)
