"""The simulated perfSONAR archives, and MaDDash above them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.demo.conftest import BASE, JsonUpstreams
from tests.demo.likeness import SAMPLES, differences, sample

NEW, OLD = (f"/{name}/esmond/perfsonar/archive" for name in ("perfsonar", "perfsonar-legacy"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def measured(world: JsonUpstreams, archive: str, query: str) -> list[dict[str, Any]]:
    return list(world.ask(f"{archive}/", query).json)


def uri_of(test: dict[str, Any], event_type: str, summary: str = "", window: object = 0) -> str:
    (event,) = (one for one in test["event-types"] if one["event-type"] == event_type)
    if not summary:
        return str(event["base-uri"])
    (found,) = (
        one["uri"]
        for one in event["summaries"]
        if (one["summary-type"], one["summary-window"]) == (summary, window)
    )
    return str(found)


@needs_samples
@pytest.mark.parametrize(
    ("event_type", "name"), [("packet-loss-rate", "loss"), ("throughput", "throughput")]
)
def test_tests_have_the_shape_of_a_real_archives(
    world: JsonUpstreams, event_type: str, name: str
) -> None:
    (ours, *_others) = measured(world, NEW, f"event-type={event_type}")
    (real,) = sample(f"dirac/elmond/metadata-{name}.json")
    # Depends on the test.
    lacking = {
        "ip-transport-protocol",
        "sample-size",
        "pscheduler-reference-psconfig-created-by-uuid",
    }
    ours_of, real_of = (
        {one["event-type"]: one for one in row.pop("event-types")} for row in (ours, real)
    )
    assert differences(ours, real, may_lack=lacking) == []
    assert ours_of.keys() <= real_of.keys()
    assert differences(ours_of[event_type], real_of[event_type]) == []


@needs_samples
def test_values_have_the_shape_of_a_real_archives(world: JsonUpstreams) -> None:
    world.moment = BASE - timedelta(hours=20) + timedelta(minutes=30)
    (test, *_others) = measured(world, NEW, "event-type=packet-loss-rate")
    for event_type, name, summary, window in (
        ("packet-loss-rate", "packet-loss-rate-base", "", 0),
        ("histogram-owdelay", "owdelay-statistics", "statistics", 0),
    ):
        points = world.ask(uri_of(test, event_type, summary, window), "time-range=86400").json
        assert differences(points, sample(f"dirac/elmond/{name}.json")) == []
    (test, *_others) = measured(world, NEW, "event-type=throughput")
    points = world.ask(uri_of(test, "throughput"), "time-range=86400").json
    assert differences(points, sample("dirac/elmond/throughput-base.json")) == []


@needs_samples
def test_errors_are_pages_of_html(world: JsonUpstreams) -> None:
    assert world.ask(f"{NEW}/zz").text == sample("dirac/elmond/error-404.json")
    (test, *_others) = measured(world, NEW, "event-type=throughput")
    answered = world.ask(f"{NEW}/{test['metadata-key']}/nonsense/base/0")
    assert answered.text == sample("dirac/elmond/error-bad-event.json")
    assert answered.status == 400


def test_the_two_generations_have_addresses_of_their_own(world: JsonUpstreams) -> None:
    (new, *_others) = measured(world, NEW, "event-type=packet-loss-rate")
    (old, *_others) = measured(world, OLD, "event-type=packet-loss-rate")
    assert uri_of(new, "packet-loss-rate").endswith("/packet-loss-rate/base/0")
    assert uri_of(old, "packet-loss-rate").endswith("/packet-loss-rate/base")
    for uri in (
        uri_of(new, "packet-loss-rate").removesuffix("/0"),
        uri_of(old, "packet-loss-rate") + "/0",
    ):
        assert world.ask(uri).status == 404
    # Windows and extremes are texts in the older one.
    one = world.ask(uri_of(new, "histogram-owdelay", "statistics", 3600)).json[0]["val"]
    other = world.ask(uri_of(old, "histogram-owdelay", "statistics", "3600")).json[0]["val"]
    assert isinstance(one["maximum"], float) and isinstance(other["maximum"], str)
    hosts = {test["input-source"] for test in measured(world, OLD, "event-type=throughput")}
    assert hosts == {
        "ccperfsonar1.in2p3.fr",
        "perfsonar.ihep.ac.cn",
        "perfsonar-ps.cr.cnaf.infn.it",
    }


def test_tests_are_found_by_ends_and_paged(world: JsonUpstreams) -> None:
    wanted = "event-type=packet-loss-rate&source=perfsonar2.ihep.ac.cn"
    found = measured(world, NEW, wanted)
    assert [test["input-destination"] for test in found] == [
        "perfsonar-ow.cr.cnaf.infn.it",
        "t1-pfsn2.jinr-t1.ru",
    ]
    assert measured(world, NEW, f"source={found[0]['source']}") == measured(
        world, NEW, "source=perfsonar2.ihep.ac.cn"
    )
    (page,) = measured(world, NEW, f"{wanted}&limit=1")
    assert page["metadata-count-total"] == 2
    assert "offset=1" in page["metadata-next-page"]
    (last,) = measured(world, NEW, f"{wanted}&limit=1&offset=1")
    assert last["metadata-next-page"] is None


def test_times_are_asked_for_in_every_way(world: JsonUpstreams) -> None:
    (test, *_others) = measured(world, NEW, "event-type=packet-loss-rate")
    uri = uri_of(test, "packet-loss-rate")
    now = int(BASE.timestamp())
    hour = world.ask(uri, "time-range=3600").json
    assert len(hour) == 60
    assert world.ask(uri, f"time-start={now - 3600}&time-end={now}").json == hour
    assert world.ask(uri, f"time-start={now - 3600}").json == hour
    assert len(world.ask(uri).json) == 1440
    assert world.ask(uri, f"time-start={now - 7200}&time-range=3600").json[-1]["ts"] <= now - 3600


def test_loss_delay_and_summaries_agree(world: JsonUpstreams) -> None:
    (test,) = measured(
        world, NEW,
        "event-type=packet-loss-rate&source=perfsonar2.ihep.ac.cn"
        "&destination=perfsonar-ow.cr.cnaf.infn.it",
    )  # fmt: skip
    points = world.ask(uri_of(test, "packet-loss-rate"), "time-range=3000").json
    assert all(0.01 < point["val"] < 0.03 for point in points)
    five = world.ask(uri_of(test, "packet-loss-rate", "aggregation", 300), "time-range=3000").json
    assert all(point["ts"] % 300 == 0 and 0.01 < point["val"] < 0.03 for point in five)
    delays = world.ask(uri_of(test, "histogram-owdelay", "statistics", 300)).json
    assert delays[-1]["val"]["median"] > 1.25 * delays[0]["val"]["median"]
    # While all packets were lost there was no delay to be measured.
    gone = int((BASE - timedelta(hours=20)).timestamp()) + 600
    during = f"time-start={gone}&time-end={gone + 1200}"
    assert {p["val"] for p in world.ask(uri_of(test, "packet-loss-rate"), during).json} == {1.0}
    assert world.ask(uri_of(test, "histogram-owdelay", "statistics", 0), during).json == []


def test_a_test_that_cannot_connect_is_a_failure_and_no_throughput(world: JsonUpstreams) -> None:
    world.moment = BASE - timedelta(hours=70)
    for test in measured(world, NEW, "event-type=throughput"):
        if "t1-pfsn1.jinr-t1.ru" not in (test["input-source"], test["input-destination"]):
            continue
        failures = world.ask(uri_of(test, "failures"), "time-range=14000").json
        points = world.ask(uri_of(test, "throughput"), "time-range=14000").json
        assert not (failures and points)
        assert all("unable to connect" in one["val"]["error"] for one in failures)


def test_silence_leaves_no_points(world: JsonUpstreams) -> None:
    (test, *_others) = measured(world, NEW, "event-type=packet-loss-rate")
    world.fail("perfsonar", "silent")
    for archive in (NEW, OLD):
        assert measured(world, archive, "event-type=packet-loss-rate&time-range=7200") == []
    assert len(measured(world, NEW, "event-type=packet-loss-rate&time-range=86400")) == 6
    assert world.ask(uri_of(test, "packet-loss-rate"), "time-range=7200").json == []
    world.fail("perfsonar", "nometadata")
    assert measured(world, NEW, "event-type=packet-loss-rate") == []


# --- MaDDash ------------------------------------------------------------------------------

LOSS = "/maddash/grids/JUNO+-+OWAMP+Loss"


def cell(world: JsonUpstreams, grid: str, row: str, column: str) -> list[dict[str, Any] | None]:
    document = world.ask(grid).json
    rows = [one["name"] for one in document["rows"]]
    found = document["grid"][rows.index(row)][document["columnNames"].index(column)]
    return list(found or [])


@needs_samples
def test_maddash_has_the_shape_of_the_published_one(world: JsonUpstreams) -> None:
    for path, name in (
        ("/maddash/dashboards", "api_dashboards_1"),
        ("/maddash/grids", "api_grids_1"),
        (LOSS, "api_grids_2"),
        (f"{LOSS}/perfsonar2.ihep.ac.cn/perfsonar-ow.cr.cnaf.infn.it", "api_cells_1"),
    ):
        real = sample(f"dirac/maddash/{name}.json")
        ours = world.ask(path).json
        hosts = {name for one in (ours, real) for name in one.get("report", {}).get("sites", ())}
        assert differences(ours, real, may_lack=hosts | {"problems"}) == [], path
    uri = cell(world, LOSS, "perfsonar2.ihep.ac.cn", "perfsonar-ow.cr.cnaf.infn.it")[0]
    assert uri is not None
    ours = world.ask(uri["uri"]).json
    real = sample("dirac/maddash/api_checks_1.json")
    assert differences(ours, real, may_lack={"globalReport", "rowReport", "colReport"}) == []


def test_rows_are_sources_and_reverse_checks_go_the_other_way(world: JsonUpstreams) -> None:
    there, back = cell(world, LOSS, "perfsonar2.ihep.ac.cn", "perfsonar-ow.cr.cnaf.infn.it")
    assert there and back
    assert (there["status"], back["status"]) == (1, 0)
    assert there["uri"].endswith("/Loss") and back["uri"].endswith("/Loss+Reverse")
    swapped = cell(world, LOSS, "perfsonar-ow.cr.cnaf.infn.it", "perfsonar2.ihep.ac.cn")
    assert [one and one["status"] for one in swapped] == [0, 1]
    assert cell(world, LOSS, "perfsonar2.ihep.ac.cn", "perfsonar2.ihep.ac.cn") == []


def test_the_history_of_a_check_is_newest_first_and_paged(world: JsonUpstreams) -> None:
    path = f"{LOSS}/perfsonar2.ihep.ac.cn/perfsonar-ow.cr.cnaf.infn.it/Loss"
    whole = world.ask(path, "resultsPerPage=200").json["history"]
    times = [one["time"] for one in whole]
    assert times == sorted(times, reverse=True)
    assert {0, 1, 2} == {one["status"] for one in whole}
    pages = [world.ask(path, f"resultsPerPage=20&page={page}").json for page in range(3)]
    assert [one for page in pages for one in page["history"]] == whole[:60]
    assert all(isinstance(value, str) for value in whole[0]["returnParams"].values())


def test_a_grid_can_be_stale_or_empty(world: JsonUpstreams) -> None:
    before = world.ask(LOSS).json["lastUpdateTime"]
    assert 0 <= BASE.timestamp() - before < 900
    world.fail("maddash", "stale")
    assert BASE.timestamp() - world.ask(LOSS).json["lastUpdateTime"] > 86400
    world.fail("maddash", "notrun")
    states = {
        one["status"]
        for row in world.ask(LOSS).json["grid"]
        for found in row
        for one in found or ()
    }
    assert states == {4}


def test_what_is_not_there_is_404(world: JsonUpstreams) -> None:
    for path in ("/maddash/nothing", "/maddash/grids/None", f"{LOSS}/x/y/Loss", f"{LOSS}/x"):
        assert world.ask(path).status == 404
