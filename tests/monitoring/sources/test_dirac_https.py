"""monitoring/sources/dirac_https: whole polls, from DIRAC's wire to the states that are kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import Entity, StatusInterval
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
    running_dirac,
    said,
    usual_dirac,
)
from tests.gocdb_upstream import Gocdb

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac"
pytestmark = pytest.mark.django_db


@pytest.fixture
def dirac() -> Iterator[Dirac]:
    with (
        running_dirac(usual_dirac()) as running,
        override_settings(
            JUNO_DIRAC_HTTPS_URL=running.url, JUNO_DIRAC_HTTPS_OWNER_GROUP="juno_user"
        ),
    ):
        yield running


def poll(at: datetime) -> FeedRun:
    return polling.poll("dirac-https", now=lambda: at)


def states(**wanted: Any) -> set[tuple[str, str, str, str, str]]:
    return set(
        StatusInterval.objects.filter(until=None, **wanted).values_list(
            "entity__name", "metric", "vo", "status", "raw_status"
        )
    )


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, minute, tzinfo=UTC)


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
    assert jobs.summary == "83.7 % of 49 finished jobs good, 20 running (24 h)"
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
    assert run.seen["unmapped"] == 8


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
    finished, active = dirac.called("getCounters")
    assert finished.args[1]["OwnerGroup"] == "juno_user"
    assert "Failed" in finished.args[1]["Status"]
    assert finished.args[2] == "2026-01-11 08:30:00"
    assert "Running" in active.args[1]["Status"]
    assert active.args[2] == ""


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
    assert len(dirac.calls) - questions == 8


def pieces(name: str, metric: str) -> list[tuple[Any, ...]]:
    rows = StatusInterval.objects.filter(entity__name=name, metric=metric, vo="")
    return list(rows.order_by("since").values_list("raw_status", "since", "until", "summary"))


def test_the_history_of_the_last_week_comes_with_the_first_poll(dirac: Dirac, at: datetime) -> None:
    poll(at)

    # What did not change this week has no history in it.
    assert {call.args[1]["Name"] for call in dirac.called("select:SiteHistory")} == {
        "GRID.Error.fr",
        "GRID.INFN-CNAF.it",
        "GRID.JINR.ru",
        "GRID.Unknown.fr",
    }
    assert [call.args[1]["Name"] for call in dirac.called("select:ResourceHistory")] == [
        "CNAF-STORM"
    ]
    assert pieces("GRID.JINR.ru", "rss") == [
        ("Active", at - timedelta(days=7), day(9, 8), "ok"),
        ("Degraded", day(9, 8), day(9, 15, 30), "pilot eff 61%"),
        ("Active", day(9, 15, 30), day(12, 6), "ok"),
        ("Banned", day(12, 6), None, "GOCDB downtime 34567"),
    ]
    assert pieces("CNAF-STORM", "read") == [
        ("Active", at - timedelta(days=7), day(9, 12), "ok"),
        ("Banned", day(9, 12), day(10, 7), "head node"),
        ("Active", day(10, 7), None, ""),
    ]
    assert pieces("CNAF-STORM", "write") == [
        ("Active", at - timedelta(days=7), day(11, 7), "ok"),
        ("Banned", day(11, 7), None, "space full"),
    ]


def test_a_gap_in_our_polls_is_filled_from_the_history(dirac: Dirac, at: datetime) -> None:
    table = json.loads(recorded("site-status.traps.json"))
    jinr = next(row for row in table["Value"] if row[0] == "GRID.JINR.ru")
    jinr[2:5] = ["Active", "", moment("2026-01-09 15:30:00")]
    dirac.answers[STATUS, "select:SiteStatus"] = json.dumps(table).encode()
    poll(at - timedelta(hours=5))
    dirac.answers[STATUS, "select:SiteStatus"] = recorded("site-status.traps.json")
    dirac.calls.clear()
    poll(at)

    assert [call.args[1]["Name"] for call in dirac.called("select:SiteHistory")] == [
        "GRID.Error.fr",
        "GRID.Unknown.fr",
        "GRID.JINR.ru",
    ]
    assert pieces("GRID.JINR.ru", "rss")[-2:] == [
        ("Active", day(9, 15, 30), day(12, 6), "ok"),
        ("Banned", day(12, 6), None, "GOCDB downtime 34567"),
    ]


def test_a_history_that_contradicts_the_present_is_left_out(dirac: Dirac, at: datetime) -> None:
    history = json.loads(recorded("site-history.json"))
    history["Value"].append(["Probing", moment("2026-01-12 07:00:00"), "of one VO only"])
    dirac.answers[STATUS, "select:SiteHistory"] = json.dumps(history).encode()
    run = poll(at)

    assert pieces("GRID.JINR.ru", "rss") == [("Banned", day(12, 6), None, "GOCDB downtime 34567")]
    assert any("history of GRID.JINR.ru (rss)" in note for note in run.notes)


def test_a_ban_of_one_vo_makes_the_history_of_a_site_useless(dirac: Dirac, at: datetime) -> None:
    # DIRAC keeps no VO in its history: these may be the changes of the VO's own row.
    dirac.answers[STATUS, "select:SiteHistory"] = said(
        [["Banned", moment("2026-01-10 00:00:00")]], Columns=["status", "dateeffective"]
    )
    poll(at)

    assert [row[0] for row in pieces("GRID.INFN-CNAF.it", "rss")] == ["Degraded"]
    assert [row[0] for row in pieces("GRID.JINR.ru", "rss")] == ["Banned"]


def test_many_histories_are_asked_for_in_groups(dirac: Dirac, at: datetime) -> None:
    columns = ["Name", "StatusType", "Status", "DateEffective", "VO"]
    names = [f"GRID.Site{number}.fr" for number in range(120)]
    dirac.answers[STATUS, "select:SiteStatus"] = said(
        [[name, "all", "Active", moment("2026-01-12 07:00:00"), "all"] for name in names],
        Columns=columns,
    )
    dirac.answers[STATUS, "select:SiteHistory"] = lambda call: said(
        [
            [name, "all", "Banned", moment("2026-01-10 07:00:00"), "all"]
            for name in call.args[1]["Name"]
        ],
        Columns=[column.lower() for column in columns],
    )
    poll(at)

    asked = [len(call.args[1]["Name"]) for call in dirac.called("select:SiteHistory")]
    assert asked == [50, 50, 20]
    assert pieces("GRID.Site7.fr", "rss") == [
        ("Banned", day(10, 7), day(12, 7), ""),
        ("Active", day(12, 7), None, ""),
    ]


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
    ("answer", "words", "keeps_credential"),
    [
        (refused("No ResourceStatus"), "DIRAC says: No ResourceStatus (error 1001).", False),
        ((401, b"<html>401: Unauthorized</html>"), "refuses our certificate or key", True),
        ((500, b"<html>500</html>"), "answered 500", False),
        (None, "has no method select", False),
    ],
)
def test_without_the_table_of_sites_the_poll_fails(
    dirac: Dirac, at: datetime, answer: Any, words: str, keeps_credential: bool
) -> None:
    poll(at)
    before = states()
    dirac.calls.clear()
    if answer is None:
        del dirac.answers[STATUS, "select:SiteStatus"]
    else:
        dirac.answers[STATUS, "select:SiteStatus"] = answer
    run = poll(at + timedelta(minutes=10))

    assert run.outcome == Outcome.FAILED
    assert words in run.reason
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
    assert len(states()) == 33


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
