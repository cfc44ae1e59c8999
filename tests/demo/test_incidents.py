"""The one story: every source tells of the same incident."""

from datetime import timedelta

import pytest

from juno_support.demo.simulators import incidents, incidents_by_hand, switches
from juno_support.demo.simulators.troubles import Effect, phases
from tests.demo.conftest import BASE, JsonUpstreams
from tests.demo.test_argo import endpoint, group

HOUR = timedelta(hours=1)


def test_the_gravest_of_several_effects_counts() -> None:
    effects = [
        Effect(BASE + HOUR, BASE + 5 * HOUR, "bad", 2, "why"),
        Effect(BASE + 2 * HOUR, BASE + 3 * HOUR, "excused", 9),
        Effect(BASE - 9 * HOUR, BASE - 8 * HOUR, "over", 9),
    ]
    line = phases(effects, begins=BASE, ends=BASE + 8 * HOUR, usual="fine")
    assert [(phase.since - BASE, phase.state) for phase in line] == [
        (0 * HOUR, "fine"),
        (1 * HOUR, "bad"),
        (2 * HOUR, "excused"),
        (3 * HOUR, "bad"),
        (5 * HOUR, "fine"),
    ]
    assert line[1].words == "why"


def test_everyday_troubles_are_the_same_each_time_and_never_at_junos_own() -> None:
    story = incidents.Story(BASE, BASE)
    week = (BASE - timedelta(days=7), BASE)
    incidents._everyday.cache_clear()
    first = story.troubles("RAL-LCG2", *week)
    incidents._everyday.cache_clear()
    assert story.troubles("RAL-LCG2", *week) == first
    assert story.troubles("IN2P3-CC", BASE - 3 * timedelta(days=1), BASE) == []


def _rss(world: JsonUpstreams, table: str, name: str) -> dict[str, str]:
    rows = world.dirac(
        "ResourceStatus/ResourceStatus", "select", table,
        {"Name": name, "VO": ["all", "juno"], "Meta": {"columns": ["StatusType", "Status"]}},
    ).json["Value"]  # fmt: skip
    return dict(rows)


def _failed(world: JsonUpstreams, site: str, since: str) -> dict[str, int]:
    counted = world.dirac(
        "WorkloadManagement/JobMonitoring", "getCounters", ["MinorStatus"],
        {"Site": site, "Status": "Failed"}, since,
    ).json["Value"]  # fmt: skip
    return {key["MinorStatus"]: number for key, number in counted}


def test_all_sources_see_the_broken_storage_of_infn_t1(world: JsonUpstreams) -> None:
    document = world.argo("v3/status/Critical", "view=latest").json
    host = "storm-webdav-juno.cr.cnaf.infn.it"
    assert endpoint(document, "INFN-T1", host)[-1][1] == "CRITICAL"
    assert _rss(world, "ResourceStatus", "CNAF-STORM")["WriteAccess"] == "Banned"
    assert _rss(world, "SiteStatus", "GRID.INFN-CNAF.it") == {"all": "Degraded"}
    failed = _failed(world, "GRID.INFN-CNAF.it", "2026-01-12 03:30:00")
    assert failed["Uploading Output Data"] > 10
    storage = world.diracx("rss/storage").json["CNAF-STORM"]
    assert storage["write"]["allowed"] is False
    summary = world.dirac("RequestManagement/ReqManager", "getDBSummary").json["Value"]
    assert summary["Request"]["Failed"] > 50


def test_all_sources_see_the_compute_element_of_jinr(world: JsonUpstreams) -> None:
    document = world.argo("v3/status/Critical", "view=latest").json
    assert endpoint(document, "JINR-LCG2", "lcgarc02.jinr.ru")[-1][1] == "CRITICAL"
    # The other one works: the site as a whole is fine for ARGO.
    assert group(document, "JINR-LCG2")["statuses"][-1]["value"] == "OK"
    assert _rss(world, "ResourceStatus", "lcgarc02.jinr.ru") == {"all": "Probing"}
    assert world.diracx("rss/compute").json["lcgarc02.jinr.ru"]["all"]["allowed"] is False
    pilots = world.ask(
        "/dirac/DIRAC/s:JUNO/g:juno_user/PilotSummary/getPilotSummaryData",
        'expand=["GRID.JINR.ru"]',
    ).json
    rows = {row["CE"]: row for row in pilots["result"]}
    assert rows["lcgarc02.jinr.ru"]["Aborted"] > 5
    assert rows["lcgarc01.jinr.ru"]["Aborted"] == 0
    failed = _failed(world, "GRID.JINR.ru", "2026-01-11 08:30:00")
    assert max(failed, key=lambda name: failed[name]) == "Job stalled: pilot not running"


def test_moscow_is_banned_for_juno_alone(world: JsonUpstreams) -> None:
    rows = world.dirac(
        "ResourceStatus/ResourceStatus", "select", "SiteStatus", {"Name": "GRID.MSU.ru"}
    ).json["Value"]
    assert {(row[-1], row[2]) for row in rows} == {("all", "Active"), ("juno", "Banned")}
    assert world.diracx("rss/site").json["GRID.MSU.ru"]["all"]["allowed"] is False
    token = world.sign_in("bes", "bes_user")["access_token"]
    asked = world.ask("/diracx/api/rss/site", authorization=f"Bearer {token}")
    assert asked.json["GRID.MSU.ru"]["all"]["allowed"] is True


def test_perfsonar_and_maddash_see_the_same_link(world: JsonUpstreams) -> None:
    world.moment = BASE - timedelta(hours=20) + timedelta(minutes=5)
    archive = "/perfsonar/esmond/perfsonar/archive"
    (test,) = (
        one
        for one in world.ask(f"{archive}/", "event-type=packet-loss-rate&time-range=3600").json
        if one["input-source"] == "perfsonar2.ihep.ac.cn"
        and one["input-destination"] == "perfsonar-ow.cr.cnaf.infn.it"
    )
    (uri,) = (
        event["base-uri"]
        for event in test["event-types"]
        if event["event-type"] == "packet-loss-rate"
    )
    points = world.ask(uri, "time-range=1200").json
    assert {point["val"] for point in points} == {1.0}
    grid = world.ask("/maddash/grids/JUNO - OWAMP Loss").json
    row = [one["name"] for one in grid["rows"]].index("perfsonar2.ihep.ac.cn")
    column = grid["columnNames"].index("perfsonar-ow.cr.cnaf.infn.it")
    assert grid["grid"][row][column][0]["status"] == 2


def test_an_incident_by_hand_is_seen_by_all_and_stays_in_the_history(world: JsonUpstreams) -> None:
    kept = incidents_by_hand.start_at_site(
        0, site_name="in2p3-cc", part="compute", starts_at=BASE, ends_at=BASE + 2 * HOUR
    )
    assert kept["key"] == "I1"
    with switches.changing(world.switch_file) as switched:
        switched.incidents.append(kept)
    world.moment = BASE + HOUR
    document = world.argo("v3/status/Critical", "view=latest").json
    assert group(document, "IN2P3-CC")["statuses"][-1]["value"] == "CRITICAL"
    assert _rss(world, "ResourceStatus", "cccondorce01.in2p3.fr") == {"all": "Probing"}
    assert "Job stalled: pilot not running" in _failed(
        world, "GRID.IN2P3.fr", "2026-01-12 08:30:00"
    )
    world.moment = BASE + 3 * HOUR
    document = world.argo("v3/status/Critical", "view=latest").json
    assert group(document, "IN2P3-CC")["statuses"][-1]["value"] == "OK"
    history = world.dirac(
        "ResourceStatus/ResourceStatus", "select", "ResourceHistory",
        {"Name": "cccondorce01.in2p3.fr", "Meta": {"columns": ["Status"]}},
    ).json["Value"]  # fmt: skip
    assert history[-2:] == [["Probing"], ["Active"]]


def test_a_whole_site_that_is_out_is_banned(world: JsonUpstreams) -> None:
    kept = incidents_by_hand.start_at_site(
        3, site_name="IN2P3-CC", part="all", starts_at=BASE - HOUR, ends_at=BASE + HOUR
    )
    with switches.changing(world.switch_file) as switched:
        switched.incidents.append(kept)
    assert _rss(world, "SiteStatus", "GRID.IN2P3.fr") == {"all": "Banned"}
    mask = world.dirac("WorkloadManagement/WMSAdministrator", "getSiteMaskStatus", "GRID.IN2P3.fr")
    assert mask.json["Value"] == "Banned"


def test_packets_are_lost_by_hand(world: JsonUpstreams) -> None:
    kept = incidents_by_hand.start_on_link(
        0, sites=("INFN-T1", "IN2P3-CC"), loss=0.5, starts_at=BASE - HOUR, ends_at=BASE + HOUR
    )
    with switches.changing(world.switch_file) as switched:
        switched.incidents.append(kept)
    grid = world.ask("/maddash/grids/JUNO - OWAMP Loss").json
    row = [one["name"] for one in grid["rows"]].index("ccperfsonar2.in2p3.fr")
    column = grid["columnNames"].index("perfsonar-ow.cr.cnaf.infn.it")
    assert [cell["status"] for cell in grid["grid"][row][column]] == [2, 2]


def test_there_must_be_such_a_site_and_part() -> None:
    with pytest.raises(LookupError, match="no site NOWHERE"):
        incidents_by_hand.start_at_site(
            0, site_name="NOWHERE", part="all", starts_at=BASE, ends_at=BASE + HOUR
        )
    with pytest.raises(LookupError, match="no storage"):
        incidents_by_hand.start_at_site(
            0, site_name="INFN-FERRARA", part="storage", starts_at=BASE, ends_at=BASE + HOUR
        )
