"""The real pollers of states against the simulators, over HTTP on loopback, in every failure.

What holds for all of them: a failure never makes anything look fine, and never makes a fault up.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from juno_support.demo.simulators import addresses, failures, switches
from juno_support.demo.simulators.server import Upstreams, make_upstreams_server
from juno_support.demo.switchboard import SPECIAL, kinds_of
from juno_support.feeds import polling
from juno_support.feeds.configuration import Configuration, configuration_of, ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import find_kind
from juno_support.lib import http
from monitoring.actions import diracx_login
from monitoring.models import StatusInterval
from tests.demo.conftest import BASE, JsonUpstreams
from tests.make import make_user

pytestmark = pytest.mark.django_db

GOOD = (Outcome.OK, Outcome.UNCHANGED)
# With these the answer is right, if late.
HARMLESS = {"slow"}
# Something came, and it may be worth something: parts are taken over, or a person should look.
PARTLY = {"halfrows", "shrunk", "empty", *(kind for own in SPECIAL.values() for kind in own)}
WORSE = ("warning", "critical", "down")

Series = tuple[str, str, str, str]


@dataclass
class Portal:
    """Polls the simulators as of their moment."""

    world: JsonUpstreams
    address: str

    def configuration(self, name: str) -> Configuration:
        kind = find_kind(name)
        in_force = configuration_of(ensure_source(kind), kind)
        simulated = addresses.settings_for(self.address).get(kind.settings)
        if simulated is None:
            return replace(in_force, url=f"{self.address}/gocdbpi")
        options = dict(in_force.options)
        if "ARCHIVES" in simulated:
            options["archives"] = (simulated["ARCHIVES"],)
        return replace(in_force, url=simulated["URL"], options=options)

    def poll(self, name: str, *, trust: bool = False) -> FeedRun:
        return polling.poll(
            name,
            now=lambda: self.world.moment,
            wait_seconds=10,
            trust=trust,
            configuration=self.configuration(name),
        )

    def sign_in(self) -> None:
        configuration = self.configuration("diracx")
        admin = make_user()
        with switches.changing(self.world.switch_file) as switched:
            switched.approves_itself = True
        diracx_login.begin(configuration=configuration, by=admin, at=self.world.moment)
        login = diracx_login.finish(configuration=configuration, by=admin, at=self.world.moment)
        assert login is not None and login.identity


@pytest.fixture
def portal(
    world: JsonUpstreams, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Portal]:
    # Impatient and easily full, so that a test need not wait, nor move 64 MB.
    # (connect, read, total, body_bytes, tries, pause)
    impatient = (2, 1, 5, 4_000_000, 1, 0.01)
    monkeypatch.setattr(http.Limits.__init__, "__defaults__", impatient)
    monkeypatch.setattr(failures, "SLOW_SECONDS", 0.05)
    monkeypatch.setattr(failures, "TIMEOUT_SECONDS", 1.2)
    monkeypatch.setattr(failures, "DRIP_SECONDS", 2)
    monkeypatch.setattr(failures, "HUGE_BYTES", 5_000_000)
    settings.JUNO_ARGO_API_KEY = addresses.ARGO_KEY
    settings.JUNO_DIRAC_HTTPS_TOKEN = addresses.DIRAC_TOKEN
    server = make_upstreams_server(
        Upstreams(lambda: world.moment, world.switch_file), host="127.0.0.1", port=0
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found = Portal(world, f"http://127.0.0.1:{server.server_port}")
    found.poll("gocdb-topology")
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def now(source: str) -> dict[Series, str]:
    """Return how things are now, as a source says."""
    rows = StatusInterval.objects.filter(source__name=source, until=None)
    return {
        (kind, name, metric, vo): status
        for kind, name, metric, vo, status in rows.values_list(
            "entity__kind", "entity__name", "metric", "vo", "status"
        )
    }


def everything(source: str) -> list[tuple[Any, ...]]:
    rows = StatusInterval.objects.filter(source__name=source).order_by("pk")
    return list(rows.values_list("pk", "status", "since", "until", "summary", "details"))


@pytest.mark.parametrize("source", sorted(SPECIAL))
def test_a_source_is_polled_and_then_unchanged(portal: Portal, source: str) -> None:
    if source == "diracx":
        portal.sign_in()
    first = portal.poll(source)
    assert first.outcome == Outcome.OK, first.reason
    assert first.refused == []
    states = now(source)
    assert set(states.values()) & set(WORSE), "the story has something wrong everywhere"
    assert "ok" in states.values()
    before = everything(source)
    assert portal.poll(source).outcome == Outcome.UNCHANGED
    assert everything(source) == before


@pytest.mark.parametrize("source", sorted(SPECIAL))
def test_every_failure_gives_an_honest_picture(
    portal: Portal, source: str, subtests: pytest.Subtests
) -> None:
    if source == "diracx":
        portal.sign_in()
    assert portal.poll(source).outcome == Outcome.OK
    before, whole = now(source), everything(source)
    # A login that was revoked stays so, also when the failure is over.
    for kind in sorted(kinds_of(source), key=lambda kind: kind == "revoked"):
        with subtests.test(kind=kind), transaction.atomic():
            portal.world.fail(source, kind)
            run = portal.poll(source)
            after = now(source)
            if kind in HARMLESS:
                assert run.outcome == Outcome.UNCHANGED, run.reason
            elif kind not in PARTLY:
                assert run.outcome not in GOOD or run.refused or run.notes, "it went unnoticed"
                assert run.reason or run.refused or run.notes
            if run.outcome not in GOOD:
                assert run.reason
                assert everything(source) == whole, "a failed poll wrote something"
            for series, status in after.items():
                if (source, kind) == ("dirac-https", "shrunk") and series[2] == "jobs":
                    # Counts without some of their rows are counts of fewer jobs.
                    continue
                was = before.get(series)
                assert status == was or status == "unknown", f"{series}: {was} became {status}"
            transaction.set_rollback(True)


def test_argo_falls_back_to_version_2(portal: Portal) -> None:
    portal.poll("argo")
    before = now("argo")
    portal.world.fail("argo", "v3missing")
    run = portal.poll("argo")
    assert run.outcome in GOOD, run.reason
    assert now("argo") == before


def test_yesterdays_states_are_not_todays(portal: Portal) -> None:
    portal.world.fail("argo", "yesterday")
    run = portal.poll("argo")
    assert run.outcome not in GOOD
    assert run.reason


def test_a_silent_link_is_unknown(portal: Portal) -> None:
    portal.poll("perfsonar")
    assert "ok" in now("perfsonar").values()
    portal.world.moment += timedelta(hours=1)
    portal.world.fail("perfsonar", "silent")
    for _ in range(4):
        portal.world.moment += timedelta(minutes=15)
        portal.poll("perfsonar")
    states = now("perfsonar")
    # Throughput is measured every six hours only; there the silence is no news yet.
    assert {status for (*_, metric, _vo), status in states.items() if metric != "throughput"} == {
        "unknown"
    }


def test_a_lost_login_is_said(portal: Portal) -> None:
    portal.sign_in()
    assert portal.poll("diracx").outcome == Outcome.OK
    portal.world.fail("diracx", "revoked")
    portal.world.moment += timedelta(minutes=25)
    run = portal.poll("diracx")
    assert run.outcome == Outcome.FAILED
    portal.world.fail("diracx", "none")
    assert portal.poll("diracx").outcome == Outcome.FAILED
    portal.sign_in()
    assert portal.poll("diracx").outcome in GOOD


def _at(minutes: float) -> datetime:
    return BASE + timedelta(minutes=minutes)


def test_sources_agree_about_an_incident_from_its_beginning_to_its_end(portal: Portal) -> None:
    incident = {
        "key": "I1",
        "site": "IN2P3-CC",
        "part": "storage",
        "starts_at": _at(10).timestamp(),
        "ends_at": _at(70).timestamp(),
    }
    with switches.changing(portal.world.switch_file) as switched:
        switched.incidents.append(incident)
    told = {}
    for minutes in (0, 20, 80):
        portal.world.moment = _at(minutes)
        for source in ("argo", "dirac-https"):
            assert portal.poll(source).outcome in GOOD
        told[minutes] = (
            now("argo")["site", "IN2P3-CC", "status", ""],
            now("dirac-https")["storage", "IN2P3-DCACHE", "write", ""],
        )
    assert told == {0: ("ok", "ok"), 20: ("critical", "down"), 80: ("ok", "ok")}
    (interval,) = StatusInterval.objects.filter(
        source__name="argo", entity__name="IN2P3-CC", status="critical"
    )
    assert (interval.since, interval.until) == (_at(10), _at(70))
