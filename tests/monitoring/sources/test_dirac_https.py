"""monitoring/sources/dirac_https: whole polls, from DIRAC's wire to the states that are kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds.models import Outcome
from monitoring.models import Entity, StatusInterval
from tests.dirac_upstream import (
    CONFIGURATION,
    JOBS,
    MANAGEMENT,
    PUBLISHER,
    REQUESTS,
    STATUS,
    Dirac,
    running_dirac,
    said,
)
from tests.gocdb_upstream import Gocdb
from tests.monitoring.sources.dirac_polls import day, pieces, poll, states

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac"
pytestmark = pytest.mark.django_db


def test_what_a_poll_tells(dirac: Dirac, at: datetime) -> None:
    run = poll(at)

    assert (run.outcome, run.reason) == (Outcome.OK, "")
    assert states() == {
        ("GRID.IN2P3.fr", "rss", "", "ok", "Active"),
        ("GRID.INFN-CNAF.it", "rss", "", "warning", "Degraded"),
        ("GRID.INFN-CNAF.it", "rss", "juno", "down", "Banned"),
        ("GRID.JINR.ru", "rss", "", "down", "Banned"),
        ("CLUSTER.IHEP.cn", "rss", "", "warning", "Probing"),
        ("CLOUD.Nowhere.cn", "rss", "", "unknown", "Sleeping"),
        ("GRID.Error.fr", "rss", "", "critical", "Error"),
        ("GRID.Unknown.fr", "rss", "", "unknown", "Unknown"),
        ("CNAF-STORM", "read", "", "ok", "Active"),
        ("CNAF-STORM", "write", "", "down", "Banned"),
        ("CNAF-STORM", "check", "", "warning", "Degraded"),
        ("CNAF-STORM", "remove", "", "ok", "Active"),
        ("ce.in2p3.example.org", "rss", "", "warning", "Probing"),
        ("fts.example.org", "rss", "", "ok", "Active"),
        ("GRID.IN2P3.fr", "jobs", "juno", "warning", "Fair"),
        ("GRID.INFN-CNAF.it", "jobs", "juno", "ok", "Idle"),
        ("GRID.JINR.ru", "jobs", "juno", "ok", "Idle"),
        ("CLUSTER.IHEP.cn", "jobs", "juno", "ok", "Idle"),
        ("CLOUD.Nowhere.cn", "jobs", "juno", "ok", "Idle"),
        ("GRID.Error.fr", "jobs", "juno", "ok", "Idle"),
        ("GRID.Unknown.fr", "jobs", "juno", "ok", "Idle"),
        ("GRID.IN2P3.fr", "mask", "", "ok", "Active"),
        ("GRID.JINR.ru", "mask", "", "down", "Banned"),
        ("GRID.INFN-CNAF.it", "mask", "", "unknown", "NoMask"),
        # What the mask does not mention is in neither of its lists.
        ("CLUSTER.IHEP.cn", "mask", "", "unknown", "NoMask"),
        ("CLOUD.Nowhere.cn", "mask", "", "unknown", "NoMask"),
        ("GRID.Error.fr", "mask", "", "unknown", "NoMask"),
        ("GRID.Unknown.fr", "mask", "", "unknown", "NoMask"),
        ("Requests", "requests", "", "warning", "many failed"),
        ("CNAF-STORM", "space", "", "ok", "enough space"),
        ("CNAF-TAPE", "space", "", "warning", "little space"),
        ("FULL-SE", "space", "", "critical", "full"),
        ("OLD-SE", "space", "", "unknown", "not measured"),
        # Zero of zero is not full.
        ("NO-SIZE-SE", "space", "", "unknown", "no size"),
    }
    assert run.refused[0] == {
        "row": "row 10",
        "reason": "does not have a value for each column",
    }
    assert run.notes == ["DIRAC tells the kind of status DreamAccess, which we do not know."]


def test_what_is_kept_of_a_state(dirac: Dirac, at: datetime) -> None:
    poll(at)

    ban = StatusInterval.objects.get(entity__name="GRID.INFN-CNAF.it", metric="rss", vo="juno")
    assert ban.since == day(11, 20)
    assert ban.summary == "JUNO software missing"
    assert ban.details == {
        "reason": "JUNO software missing",
        "set_by_hand": True,
        "held_until": "2026-01-13T20:00:00+00:00",
    }
    # "Since next year" is no beginning.
    probing = StatusInterval.objects.get(entity__name="CLUSTER.IHEP.cn", metric="rss")
    assert probing.since == at
    jobs = StatusInterval.objects.get(entity__name="GRID.IN2P3.fr", metric="jobs")
    assert jobs.summary == (
        "83.7 % of 49 finished jobs good, 20 running (24 h); "
        "most failed with: Application Finished With Errors (6)"
    )
    assert jobs.details["errors"] == {
        "Application Finished With Errors": 6,
        "Stalling for more than 2000 sec": 2,
    }
    assert jobs.details["counts"] == {"Completed": 1, "Done": 40, "Failed": 8, "Running": 20}
    few = StatusInterval.objects.get(entity__name="GRID.INFN-CNAF.it", metric="jobs")
    assert few.summary == "only 6 finished jobs, 1 of them good (24 h)"
    requests = StatusInterval.objects.get(metric="requests")
    assert requests.summary == (
        "120 failed requests, 70 failed transfers, 341 failed files; 42 requests waiting"
    )
    assert requests.details["failed_requests"] == 120
    assert requests.details["operations"]["RemoveReplica"] == {"Failed": 9}
    space = StatusInterval.objects.get(entity__name="CNAF-TAPE", metric="space")
    assert space.summary == "2 TB free of 10 TB"
    assert space.details == {"free_tb": 2.0, "total_tb": 10.0}
    old = StatusInterval.objects.get(entity__name="OLD-SE", metric="space")
    assert old.summary == "10 TB free of 10 TB, last measured 2026-01-02 08:00 UTC"


def test_names_are_matched_as_dirac_itself_maps_them(
    gocdb: Gocdb, dirac: Dirac, at: datetime
) -> None:
    del dirac.answers[PUBLISHER, "getSitesResources"]
    run = poll(at)

    places = dict(Entity.objects.values_list("name", "site__name"))
    assert {name: place for name, place in places.items() if place} == {
        "GRID.IN2P3.fr": "IN2P3-CC",
        "GRID.INFN-CNAF.it": "INFN-T1",
        "ce.in2p3.example.org": "IN2P3-CC",
        "CNAF-STORM": "INFN-T1",
        "CNAF-TAPE": "INFN-T1",
    }
    assert Entity.objects.get(name="CNAF-STORM").hosts == [
        "se.cnaf.example.org",
        "xrootd.cnaf.example.org",
    ]
    assert run.seen["unmapped"] == 9


def test_a_list_of_elements_may_give_the_names_of_storage(
    gocdb: Gocdb, dirac: Dirac, at: datetime
) -> None:
    del dirac.answers[CONFIGURATION, "getCompressedData"]
    dirac.answers[PUBLISHER, "getSitesResources"] = said(
        {"GRID.INFN-CNAF.it": {"ces": ["se.cnaf.example.org"], "ses": ["CNAF-STORM"]}}
    )
    poll(at)

    storage = Entity.objects.get(name="CNAF-STORM")
    assert storage.said_site == "GRID.INFN-CNAF.it"


def test_names_are_matched_by_the_hosts_that_dirac_has_there(
    gocdb: Gocdb, dirac: Dirac, at: datetime
) -> None:
    del dirac.answers[CONFIGURATION, "getCompressedData"]
    del dirac.answers[MANAGEMENT, "select:SpaceTokenOccupancyCache"]
    run = poll(at)

    sites = Entity.objects.filter(namespace="dirac").values_list("name", "site__name")
    assert dict(sites) == {
        "GRID.IN2P3.fr": "IN2P3-CC",
        "GRID.INFN-CNAF.it": "INFN-T1",
        "ce.in2p3.example.org": "IN2P3-CC",
        "CNAF-STORM": None,
        "fts.example.org": None,
        "GRID.JINR.ru": None,
        "CLUSTER.IHEP.cn": None,
        "CLOUD.Nowhere.cn": None,
        "GRID.Error.fr": None,
        "GRID.Unknown.fr": None,
        "Requests": None,
    }
    ce = Entity.objects.get(name="ce.in2p3.example.org")
    assert (ce.service is not None, ce.said_site) == (True, "GRID.IN2P3.fr")
    assert run.seen["unmapped"] == 7


def test_the_questions_of_a_poll(dirac: Dirac, at: datetime) -> None:
    with override_settings(JUNO_DIRAC_HTTPS_GROUP="juno_pilot"):
        poll(at)

    (sites,) = dirac.called("select:SiteStatus")
    assert sites.args[1] == {"VO": ["all", "juno"]}
    assert {call.group for call in dirac.calls} == {"juno_pilot"}
    (resources,) = dirac.called("select:ResourceStatus")
    assert resources.args[1] == {
        "ElementType": ["StorageElement", "ComputingElement", "FTS"],
        "VO": ["all", "juno"],
    }
    finished, active, errors = dirac.called("getCounters")
    assert finished.args[1]["OwnerGroup"] == "juno_user"
    assert "Failed" in finished.args[1]["Status"]
    assert finished.args[2] == "2026-01-11 08:30:00"
    assert "Running" in active.args[1]["Status"]
    assert active.args[2] == ""
    assert errors.args == [
        ["Site", "MinorStatus"],
        {"OwnerGroup": "juno_user", "Status": ["Failed", "Killed"]},
        "2026-01-11 08:30:00",
    ]


@pytest.mark.parametrize(
    ("version", "groups", "condition", "vo"),
    [
        ("9.1.22", "juno_user", {"VO": "juno"}, "juno"),
        (
            "v8r0p36",
            "juno_user, juno_production",
            {"OwnerGroup": ["juno_user", "juno_production"]},
            "juno",
        ),
        ("8.0.86", "", {}, ""),
        (None, "", {"VO": "juno"}, "juno"),
    ],
)
def test_whose_jobs_are_counted(
    dirac: Dirac,
    at: datetime,
    version: str | None,
    groups: str,
    condition: dict[str, Any],
    vo: str,
) -> None:
    if version is None:
        del dirac.answers[STATUS, "ping"]
    else:
        dirac.answers[STATUS, "ping"] = said({"version": version})
    with override_settings(JUNO_DIRAC_HTTPS_OWNER_GROUP=groups):
        run = poll(at)

    asked = {**dirac.called("getCounters")[0].args[1]}
    asked.pop("Status")
    assert asked == condition
    assert {row.vo for row in StatusInterval.objects.filter(metric="jobs")} == {vo}
    assert any("jobs of all VOs" in note for note in run.notes) == (condition == {})


def test_an_unchanged_poll_writes_nothing(dirac: Dirac, at: datetime) -> None:
    poll(at)
    questions = len(dirac.calls)
    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.UNCHANGED
    # The week's history and the elements are asked for once.
    assert len(dirac.calls) - questions == 9


# The real documents


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize("tornado", [False, True])
def test_the_real_documents(tornado: bool) -> None:
    def sample(folder: str, name: str) -> bytes:
        return json.dumps(json.loads((SAMPLES / folder / name).read_bytes())["body"]).encode()

    def real(name: str) -> bytes:
        return sample("dirac-9.1.22-tornado", f"{name}.json")

    dirac = Dirac(
        {
            (STATUS, "ping"): real("ping"),
            (STATUS, "select:SiteStatus"): real("resourcestatus-select-SiteStatus-all"),
            (STATUS, "select:ResourceStatus"): real("resourcestatus-select-ResourceStatus-SE"),
            # Whoever is asked for: a server of files does not look at the name.
            (STATUS, "select:SiteHistory"): real("resourcestatus-select-SiteHistory"),
            (PUBLISHER, "getSitesResources"): real("publisher-getSitesResources"),
            (REQUESTS, "getDBSummary"): real("reqmanager-getDBSummary"),
            (JOBS, "getCounters"): sample("dirac-9.1.22-web", "getJobsCounters.json"),
        },
        tornado=tornado,
    )
    now = datetime(2026, 11, 21, 20, tzinfo=UTC)
    with running_dirac(dirac), override_settings(JUNO_DIRAC_HTTPS_URL=dirac.url):
        run = poll(now)

    assert run.outcome == Outcome.OK
    assert states() == {
        ("GRID.IHEP.cn", "rss", "", "ok", "Active"),
        ("GRID.IN2P3.fr", "rss", "", "ok", "Active"),
        ("GRID.INFN-CNAF.it", "rss", "", "warning", "Degraded"),
        ("GRID.JINR.ru", "rss", "", "down", "Banned"),
        ("CNAF-STORM", "read", "", "ok", "Active"),
        ("CNAF-STORM", "write", "", "down", "Banned"),
        ("CNAF-STORM", "check", "", "ok", "Active"),
        ("CNAF-STORM", "remove", "", "ok", "Active"),
        ("GRID.IHEP.cn", "jobs", "juno", "ok", "Good"),
        ("GRID.IN2P3.fr", "jobs", "juno", "warning", "Fair"),
        ("GRID.INFN-CNAF.it", "jobs", "juno", "critical", "Bad"),
        ("GRID.JINR.ru", "jobs", "juno", "ok", "Idle"),
        ("Requests", "requests", "", "ok", "in order"),
    }
    assert [row[:3] for row in pieces("GRID.JINR.ru", "rss")] == [
        ("Active", now - timedelta(days=7), datetime(2026, 11, 19, 8, tzinfo=UTC)),
        (
            "Degraded",
            datetime(2026, 11, 19, 8, tzinfo=UTC),
            datetime(2026, 11, 19, 15, 30, tzinfo=UTC),
        ),
        (
            "Active",
            datetime(2026, 11, 19, 15, 30, tzinfo=UTC),
            datetime(2026, 11, 21, 6, tzinfo=UTC),
        ),
        ("Banned", datetime(2026, 11, 21, 6, tzinfo=UTC), None),
    ]
    assert len(pieces("GRID.INFN-CNAF.it", "rss")) == 1
    assert any(note.startswith("Site mask: There is no DIRAC service") for note in run.notes)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("select:SiteStatus", "The table of sites is empty, after 7;"),
        ("select:ResourceStatus", "The table of resources is empty, after 3;"),
    ],
)
def test_an_emptied_table_is_looked_at_first_though_other_answers_fail(
    dirac: Dirac, at: datetime, call: str, words: str
) -> None:
    poll(at)
    before = states()
    table = json.loads(dirac.answers[STATUS, call])
    dirac.answers[STATUS, call] = said([], Columns=table["Columns"])
    dirac.answers[REQUESTS, "getDBSummary"] = b"<html>Internal Server Error</html>"

    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.SUSPICIOUS
    assert words in run.reason
    assert states() == before


def test_half_of_the_jobs_cannot_vanish_within_ten_minutes(dirac: Dirac, at: datetime) -> None:
    counter = [[{"Site": "GRID.IN2P3.fr", "Status": "Done"}, 900]]
    dirac.answers[JOBS, "getCounters"] = said(counter)
    poll(at)
    before = states()
    dirac.answers[JOBS, "getCounters"] = said([])

    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.SUSPICIOUS
    assert "Only 0 jobs of the last day, after 900;" in run.reason
    assert states() == before
    assert poll(at + timedelta(hours=4)).outcome == Outcome.OK
