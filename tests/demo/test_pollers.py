"""The real pollers against the simulated GOCDB, over HTTP on loopback."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from juno_support.demo.simulators import failures, switches
from juno_support.demo.simulators.server import Upstreams, make_upstreams_server
from juno_support.feeds import polling
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import find_kind
from juno_support.lib import http
from monitoring.models import Downtime
from tests.demo.conftest import BASE, Simulator
from topology.models import OperationsCentre, Service, Site

pytestmark = pytest.mark.django_db


@dataclass
class Portal:
    """Polls the simulator as of its moment."""

    gocdb: Simulator
    address: str
    certificate: str

    def poll(self, name: str, *, privately: bool = True) -> FeedRun:
        kind = find_kind(name)
        in_force = configuration_of(ensure_source(kind), kind)
        return polling.poll(
            name,
            now=lambda: self.gocdb.moment,
            wait_seconds=10,
            configuration=replace(
                in_force,
                url=f"{self.address}/gocdbpi",
                certificate=self.certificate if privately else "",
            ),
        )


@pytest.fixture
def portal(gocdb: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    import threading

    # Impatient and easily full, so that a test need not wait, nor move 64 MB.
    # (connect, read, total, body_bytes, tries, pause)
    impatient = (2, 1, 3, 4_000_000, 2, 0.01)
    monkeypatch.setattr(http.Limits.__init__, "__defaults__", impatient)
    monkeypatch.setattr(failures, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(failures, "TIMEOUT_SECONDS", 1.5)
    monkeypatch.setattr(failures, "HUGE_BYTES", 8_000_000)
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("none")
    server = make_upstreams_server(
        Upstreams(lambda: gocdb.moment, gocdb.switch_file), host="127.0.0.1", port=0
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Portal(gocdb, f"http://127.0.0.1:{server.server_port}", str(certificate))
    server.shutdown()
    thread.join()
    server.server_close()


def test_everything_comes_in_from_the_private_part(portal: Portal) -> None:
    run = portal.poll("gocdb-topology")
    assert (run.outcome, run.refused, run.notes) == (Outcome.OK, [], [])
    assert Site.objects.count() == 42
    assert Service.objects.count() == run.seen["services"] > 250
    assert OperationsCentre.objects.get(name="Russia").ggus_unit == "ROC_Russia"
    sinp = Site.objects.get(name="ru-Moscow-SINP-T3")
    assert sinp.certification_status == "Uncertified"
    assert sinp.time_zone == "Europe/Moscow"
    assert sinp.contact_email == "grid-support@ru-moscow-sinp-t3.example.org"
    assert sinp.services.count() == 4
    assert portal.poll("gocdb-topology").outcome == Outcome.UNCHANGED


def test_the_public_part_tells_names_and_statuses(portal: Portal) -> None:
    run = portal.poll("gocdb-topology", privately=False)
    assert run.outcome == Outcome.OK
    assert Site.objects.get(name="INFN-FERRARA").certification_status == "Suspended"
    assert not Site.objects.exclude(contact_email="").exists()


def test_downtimes_live_before_the_pollers_eyes(portal: Portal) -> None:
    portal.poll("gocdb-topology")
    for minutes in range(0, 41, 2):
        portal.gocdb.moment = BASE + timedelta(minutes=minutes)
        assert portal.poll("gocdb-downtimes").outcome in (Outcome.OK, Outcome.UNCHANGED)

    prague = Downtime.objects.get(description__contains="RAID controller")
    changes = [set(change.changes) for change in prague.changes.order_by("noticed_at")]
    assert changes == [{"severity"}, {"description"}, {"ends_at"}]
    assert prague.severity == "OUTAGE"

    second = Downtime.objects.get(description__contains="longer than planned")
    assert second.extends == Downtime.objects.get(description__contains="golden release")

    router = Downtime.objects.get(description__contains="border router")
    assert router.withdrawn_at is not None

    fewer = Downtime.objects.get(description__contains="Draining")
    assert fewer.services.count() == 1


BAD = {
    "shrunk": {Outcome.SUSPICIOUS},
    "empty": {Outcome.SUSPICIOUS},
}
HARMLESS = {"slow": Outcome.UNCHANGED, "notwellformed": Outcome.UNCHANGED}


@pytest.mark.parametrize("kind", sorted(failures.KINDS))
def test_the_topology_survives_every_failure(portal: Portal, kind: str) -> None:
    portal.poll("gocdb-topology")
    before = list(Service.objects.order_by("pk").values())
    sites = list(Site.objects.order_by("pk").values())
    portal.gocdb.fail(kind)
    run = portal.poll("gocdb-topology")
    assert list(Service.objects.order_by("pk").values()) == before
    assert list(Site.objects.order_by("pk").values()) == sites
    if kind in HARMLESS:
        assert run.outcome == HARMLESS[kind], run.reason
    elif kind == "halfrows":
        # Either a person should look, or the whole rows were taken and the others named.
        assert run.outcome == Outcome.SUSPICIOUS or run.refused
    else:
        assert run.outcome in BAD.get(kind, {Outcome.FAILED}), run.reason
        assert run.reason
    portal.gocdb.fail("none-of-them", source="somewhere-else")
    assert portal.poll("gocdb-topology").outcome in (Outcome.OK, Outcome.UNCHANGED)
    assert list(Service.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("kind", sorted(failures.KINDS))
def test_downtimes_survive_every_failure(portal: Portal, kind: str) -> None:
    portal.poll("gocdb-topology")
    portal.poll("gocdb-downtimes")
    columns = [
        field.name
        for field in Downtime._meta.concrete_fields
        if field.name not in ("missed_polls",)
    ]
    before = list(Downtime.objects.order_by("pk").values(*columns))
    portal.gocdb.fail(kind)
    run = portal.poll("gocdb-downtimes")
    assert list(Downtime.objects.order_by("pk").values(*columns)) == before
    if kind in HARMLESS:
        assert run.outcome == HARMLESS[kind], run.reason
    elif kind == "halfrows":
        assert run.refused
    elif kind not in ("shrunk", "empty"):
        assert run.outcome == Outcome.FAILED, run.reason
        assert run.reason
    with switches.changing(portal.gocdb.switch_file) as switched:
        switched.failures.clear()
    portal.poll("gocdb-downtimes")
    assert list(Downtime.objects.order_by("pk").values(*columns)) == before
