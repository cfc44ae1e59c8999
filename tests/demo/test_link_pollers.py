"""The real pollers of perfSONAR and MaDDash against the simulators, over HTTP on loopback."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from juno_support.demo.simulators import failures, failures_json, switches
from juno_support.demo.simulators import link_measurements as links
from juno_support.demo.simulators.maddash import MaDDash
from juno_support.demo.simulators.perfsonar import PerfSonar
from juno_support.demo.simulators.server import Upstreams, make_upstreams_server
from juno_support.feeds import polling
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import find_kind
from juno_support.lib import http
from monitoring.clients import maddash as maddash_client
from monitoring.clients import perfsonar as perfsonar_client
from monitoring.models import StatusInterval
from tests.demo.conftest import BASE, JsonUpstreams

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
PAIR = "perfsonar2.ihep.ac.cn perfsonar-ow.cr.cnaf.infn.it"
BACK = "perfsonar-ow.cr.cnaf.infn.it perfsonar2.ihep.ac.cn"
LYON = "ccperfsonar2.in2p3.fr perfsonar-ow.cr.cnaf.infn.it"
ARCHIVE = "esmond/perfsonar/archive"
KINDS = {
    "perfsonar": sorted(failures_json.KINDS | PerfSonar.special.get("perfsonar", {})),
    "maddash": sorted(failures_json.KINDS | MaDDash.special.get("maddash", {})),
}


@dataclass
class Portal:
    """Polls the simulators as of their moment."""

    world: JsonUpstreams
    address: str

    def poll(self, name: str) -> FeedRun:
        kind = find_kind(name)
        in_force = configuration_of(ensure_source(kind), kind)
        options = dict(in_force.options)
        url = f"{self.address}/maddash"
        if name == "perfsonar":
            url = f"{self.address}/perfsonar/{ARCHIVE}"
            options["archives"] = (f"{self.address}/perfsonar-legacy/{ARCHIVE}",)
        return polling.poll(
            name,
            now=lambda: self.world.moment,
            wait_seconds=10,
            configuration=replace(in_force, url=url, options=options),
        )

    def heal(self) -> None:
        with switches.changing(self.world.switch_file) as switched:
            switched.failures.clear()


@pytest.fixture
def portal(world: JsonUpstreams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    # Impatient and easily full, so that a test need not wait, nor move 64 MB.
    impatient = http.Limits(2, 1, 3, 4_000_000, 2, 0.01)
    for client in (maddash_client, perfsonar_client):
        monkeypatch.setattr(client, "LIMITS", impatient)
    monkeypatch.setattr(failures, "SLOW_SECONDS", 0.02)
    monkeypatch.setattr(failures, "TIMEOUT_SECONDS", 1.5)
    monkeypatch.setattr(failures, "HUGE_BYTES", 8_000_000)
    server = make_upstreams_server(
        Upstreams(lambda: world.moment, world.switch_file), host="127.0.0.1", port=0
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Portal(world, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def kept(pair: str, metric: str) -> list[tuple[str, float, float | None]]:
    """Return states with begin and end in hours from the story's base."""

    def hours(moment: datetime) -> float:
        return round((moment - BASE) / HOUR, 2)

    rows = StatusInterval.objects.filter(entity__name=pair, metric=metric).order_by("since")
    return [(row.status, hours(row.since), hours(row.until) if row.until else None) for row in rows]


def test_perfsonar_tells_the_story_of_the_links(portal: Portal) -> None:
    run = portal.poll("perfsonar")
    assert (run.outcome, run.reason, run.refused, run.notes) == (Outcome.OK, "", [], [])
    assert run.seen["links"] == 20
    # From the story: an hour without any packet, and a bad direction since two hours.
    assert kept(PAIR, "state") == [
        ("ok", -24, -20.5),
        ("down", -20.5, -19.5),
        ("ok", -19.5, -2),
        ("warning", -2, None),
    ]
    assert kept(PAIR, "delay")[-1] == ("warning", -2, None)
    assert kept(BACK, "state") == [
        ("ok", -24, -20.5),
        ("down", -20.5, -19.5),
        ("ok", -19.5, None),
    ]
    # Of the older archive.
    assert kept(LYON, "state") == [("ok", -24, None)]


def test_maddash_agrees(portal: Portal) -> None:
    run = portal.poll("maddash")
    assert (run.outcome, run.reason, run.refused, run.notes) == (Outcome.OK, "", [], [])
    metrics = set(StatusInterval.objects.values_list("metric", flat=True))
    loss = next(metric for metric in metrics if "loss" in metric)
    assert [status for status, _, _ in kept(PAIR, loss)] == ["ok", "critical", "ok", "warning"]
    critical = kept(PAIR, loss)[1]
    assert critical[1] == pytest.approx(-20, abs=1)
    assert critical[2] == pytest.approx(-19, abs=1)
    assert kept(BACK, loss)[-1][0] == "ok"


@pytest.mark.parametrize(
    ("source", "kind"), [(source, kind) for source, kinds in KINDS.items() for kind in kinds]
)
def test_no_failure_makes_a_state_better_or_breaks_a_poll(
    portal: Portal, source: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Loss and throughput at one archive, loss at the other.
    few = links.pairs()[0:5:2]
    monkeypatch.setattr(links, "pairs", lambda: few)
    portal.poll(source)
    now = {
        (row.entity_id, row.metric): row.status for row in StatusInterval.objects.filter(until=None)
    }
    portal.world.fail(source, kind)
    portal.world.moment += timedelta(minutes=15)
    run = portal.poll(source)
    assert "Our own mistake" not in run.reason
    if run.outcome in (Outcome.FAILED, Outcome.SUSPICIOUS):
        assert run.reason
    for row in StatusInterval.objects.filter(until=None):
        before = now[row.entity_id, row.metric]
        assert row.status in (before, "unknown"), (row.entity.name, row.metric, before)
    portal.heal()
    portal.world.moment += timedelta(minutes=15)
    assert portal.poll(source).outcome in (Outcome.OK, Outcome.UNCHANGED)
    again = {
        (row.entity_id, row.metric): row.status for row in StatusInterval.objects.filter(until=None)
    }
    assert again == now


def test_tests_that_stopped_are_unknown(portal: Portal) -> None:
    portal.poll("perfsonar")
    portal.world.fail("perfsonar", "silent")
    run = portal.poll("perfsonar")
    assert run.outcome == Outcome.OK
    assert kept(BACK, "state")[-1] == ("unknown", -3, None)


def test_a_grid_that_stopped_is_unknown(portal: Portal) -> None:
    portal.poll("maddash")
    portal.world.fail("maddash", "stale")
    portal.poll("maddash")
    assert set(StatusInterval.objects.filter(until=None).values_list("status", flat=True)) == {
        "unknown"
    }
