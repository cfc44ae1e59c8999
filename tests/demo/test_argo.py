"""The simulated ARGO, and its habits."""

from datetime import timedelta
from typing import Any

import pytest

from tests.demo.conftest import BASE, JsonUpstreams
from tests.demo.likeness import SAMPLES, differences, sample

DAY = "start_time=2026-01-11T00:00:00Z&end_time=2026-01-11T23:59:59Z"
TODAY = "start_time=2026-01-12T00:00:00Z&end_time=2026-01-12T23:59:59Z"
SRM = "SITES/INFN-T1/services/SRMv2"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def group(document: Any, name: str) -> Any:
    (found,) = (one for one in document["groups"] if one["name"] == name)
    return found


def endpoint(document: Any, site: str, host: str) -> list[tuple[str, str]]:
    (found,) = (one for one in group(document, site)["endpoints"] if one["hostname"] == host)
    return [(point["timestamp"], point["value"]) for point in found["statuses"]]


@needs_samples
@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("v3/status/Critical", DAY, "v3status-01"),
        ("v3/status/Critical", "view=latest", "v3status-02"),
        ("v3/status/Critical/id/4020G0", "view=latest", "v3status-03"),
        ("v3/status/Critical/id/4020G0", DAY, "v3status-04"),
        ("v3/consistency", "", "consistency-01"),
        ("v3/health", "", "health-01"),
        ("v2/status/Critical/SITES", DAY, "status-13"),
        ("v2/status/Critical/SITES/INFN-T1", DAY, "status-14"),
        ("v2/status/Critical/SITES/INFN-T1/services", DAY, "status-10"),
        (f"v2/status/Critical/{SRM}", DAY, "status-11"),
        (f"v2/status/Critical/{SRM}/endpoints", DAY, "status-08"),
        (f"v2/status/Critical/{SRM}/endpoints/storm-fe-archive.cr.cnaf.infn.it/metrics", DAY,
         "status-03"),
        ("v2/latest/Critical/SITES", "", "latest-02"),
        ("v2/latest/Critical/SITES/INFN-T1", "filter=non-ok", "latest-04"),
        ("v2/metric_result/storm-fe-archive.cr.cnaf.infn.it/eu.egi.SRM-VOPut", "",
         "metric_results-01"),
        ("v2/issues/Critical/endpoints", "", "issues-01"),
        ("v2/issues/Critical/groups/INFN-T1/metrics", "", "issues-03"),
        ("v2/downtimes", "", "downtimes-01"),
    ],
)  # fmt: skip
def test_documents_have_the_shape_of_the_published_ones(
    world: JsonUpstreams, path: str, query: str, name: str
) -> None:
    ours = world.argo(path, query).json
    # What stands at an endpoint differs from tenant to tenant.
    lacking = {"URL", "Url", "info", "details"}
    assert differences(ours, sample(f"argo/{name}.json"), may_lack=lacking) == []


@needs_samples
def test_results_have_the_published_shape(world: JsonUpstreams) -> None:
    ours = world.argo("v3/results/Critical", DAY).json
    real = sample("argo/v3results-01.json")
    assert differences(ours["results"][0]["groups"], real["results"][0]["groups"]) == []
    monthly = world.argo("v3/results/Critical", f"{DAY}&granularity=monthly").json
    assert monthly["results"][0]["groups"][0]["results"][0]["date"] == "2026-01"


def test_who_has_no_key_or_wants_no_json_is_refused(world: JsonUpstreams) -> None:
    asked = world.ask("/argo/api/v3/status/Critical", accept="application/json")
    assert (asked.status, asked.json["status"]["code"]) == (401, "401")
    asked = world.ask("/argo/api/v3/status/Critical", x_api_key="demo-argo-key")
    assert asked.status == 406
    assert world.argo("v3/nothing").status == 404


def test_an_unknown_report_is_404_in_one_version_and_500_in_the_other(
    world: JsonUpstreams,
) -> None:
    asked = world.argo("v3/status/Nothing", "view=latest")
    assert (asked.status, asked.json["code"]) == (404, 404)
    assert world.argo("v2/status/Nothing/SITES", DAY).status == 500


def test_times_are_wanted_both_or_none_and_not_with_latest(world: JsonUpstreams) -> None:
    assert world.argo("v3/status/Critical", "start_time=2026-01-11T00:00:00Z").status == 400
    assert world.argo("v3/status/Critical", f"view=latest&{DAY}").status == 400
    assert world.argo("v2/status/Critical/SITES").status == 400


def test_the_last_point_has_the_time_of_day_of_the_question(world: JsonUpstreams) -> None:
    world.moment = BASE + timedelta(hours=2, minutes=7, seconds=5)
    host = "storm-webdav-juno.cr.cnaf.infn.it"
    points = endpoint(world.argo("v3/status/Critical", TODAY).json, "INFN-T1", host)
    assert points == [
        ("2026-01-12T00:00:00Z", "OK"),
        ("2026-01-12T03:30:00Z", "CRITICAL"),
        ("2026-01-12T10:37:05Z", "CRITICAL"),
    ]
    latest = endpoint(world.argo("v3/status/Critical", "view=latest").json, "INFN-T1", host)
    assert latest == points[-1:]


def test_the_last_point_of_a_day_that_is_over_is_one_second_before_midnight(
    world: JsonUpstreams,
) -> None:
    points = endpoint(world.argo("v3/status/Critical", DAY).json, "JINR-LCG2", "lcgarc02.jinr.ru")
    assert points == [
        ("2026-01-11T00:00:00Z", "OK"),
        ("2026-01-11T01:00:00Z", "CRITICAL"),
        ("2026-01-11T23:59:59Z", "CRITICAL"),
    ]


def test_a_downtime_hides_what_the_probes_say(world: JsonUpstreams) -> None:
    host = "storm-fe-archive.cr.cnaf.infn.it"
    points = endpoint(world.argo("v3/status/Critical", TODAY).json, "INFN-T1", host)
    assert [value for _at, value in points] == ["OK", "CRITICAL", "DOWNTIME", "DOWNTIME"]
    rows = world.argo("v2/latest/Critical/SITES/INFN-T1", "filter=critical").json["data"]
    assert {row["endpoint"] for row in rows["metric_data"]} >= {host}


def test_after_midnight_yesterday_is_served(world: JsonUpstreams) -> None:
    world.moment = BASE.replace(hour=0, minute=5, second=30) + timedelta(days=1)
    (point,) = group(world.argo("v3/status/Critical", "view=latest").json, "INFN-T1")["statuses"]
    assert point == {"timestamp": "2026-01-12T00:05:30Z", "value": "OK"}
    world.moment += timedelta(minutes=10)
    (point,) = group(world.argo("v3/status/Critical", "view=latest").json, "INFN-T1")["statuses"]
    assert point["timestamp"] == "2026-01-13T00:15:30Z"


def test_a_lost_day_has_null_for_groups(world: JsonUpstreams) -> None:
    lost = DAY.replace("2026-01-11", "2026-01-06")
    assert world.argo("v3/status/Critical", lost).json == {"groups": None}
    assert world.argo("v2/status/Critical/SITES", lost).json == {"groups": None}


def test_the_latest_results_end_silently_at_500(world: JsonUpstreams) -> None:
    def number(query: str) -> int:
        return len(world.argo("v2/latest/Critical/SITES", query).json["data"]["metric_data"])

    assert number("") == 500
    assert number("limit=-1") > 500
    assert number("limit=7") == 7
    assert world.argo("v2/latest/Critical/SITES", "filter=critical&date=2026-01-06").json[
        "data"
    ] == {"metric_data": None}


def test_numbers_are_texts_and_unknown_ones_minus_one(world: JsonUpstreams) -> None:
    results = world.argo("v3/results/Critical", DAY).json["results"]
    rows = {one["name"]: one["results"][0] for centre in results for one in centre["groups"]}
    assert rows["IN2P3-CC"]["availability"] == "100"
    # Nobody heard from Aachen from half past two on.
    assert float(rows["RWTH-Aachen"]["unknown"]) > 0.9
    assert all(isinstance(value, str) for value in rows["RWTH-Aachen"].values())


def test_hosts_of_one_site_carry_gocdbs_key_and_srm_its_old_name(world: JsonUpstreams) -> None:
    document = world.argo("v3/status/Critical", "view=latest").json
    assert all("_" in one["hostname"] for one in group(document, "pic")["endpoints"])
    types = {one["service"] for one in group(document, "INFN-T1")["endpoints"]}
    assert "SRMv2" in types and "SRM" not in types


def test_sites_that_are_not_certified_are_not_in_the_report(world: JsonUpstreams) -> None:
    document = world.argo("v3/status/Critical", "view=latest").json
    names = {one["name"] for one in document["groups"]}
    assert names.isdisjoint({"ru-Moscow-SINP-T3", "INFN-FERRARA", "PSNC", "T2-TH-SUT"})
    assert len(names) == 38


def test_its_own_failures(world: JsonUpstreams) -> None:
    world.fail("argo", "v3missing")
    assert world.argo("v3/status/Critical", "view=latest").status == 404
    assert world.argo("v2/status/Critical/SITES", DAY).status == 200
    world.fail("argo", "nogroups")
    assert world.argo("v3/status/Critical", "view=latest").json == {"groups": None}
    world.fail("argo", "yesterday")
    (point,) = group(world.argo("v3/status/Critical", "view=latest").json, "INFN-T1")["statuses"]
    assert point["timestamp"] == "2026-01-11T08:30:00Z"
    world.fail("argo", "inconsistent")
    assert world.argo("v3/consistency").json["status"] == "CRITICAL"
    assert world.argo("v3/health").json["status"] == "OK"
    world.fail("argo", "unhealthy")
    assert world.argo("v3/health").json["status"] == "CRITICAL"


def test_the_topology_and_the_reports_are_told(world: JsonUpstreams) -> None:
    groups = world.argo("v2/topology/groups", "date=2026-01-12").json["data"]
    assert {"group": "NGI_IT", "subgroup": "INFN-T1"}.items() <= next(
        row for row in groups if row["subgroup"] == "INFN-T1"
    ).items()
    hosts = {row["hostname"] for row in world.argo("v2/topology/endpoints").json["data"]}
    assert "lcgarc02.jinr.ru" in hosts
    reports = world.argo("v2/reports").json["data"]
    assert reports[0]["info"]["name"] == "Critical"
