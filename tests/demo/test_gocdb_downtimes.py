"""Downtimes of the simulated GOCDB live as real ones do."""

from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

import pytest

from juno_support.demo.simulators import gocdb_downtimes as downtimes
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators import switches
from tests.demo.asking import ask
from tests.demo.conftest import BASE, Simulator

MINUTE = timedelta(minutes=1)


def _of(gocdb: Simulator, site: str, minutes: float) -> dict[str, Element]:
    gocdb.moment = BASE + minutes * MINUTE
    root = ask(gocdb.app, "get_downtime_nested_services", scope="", topentity=site).root
    return {one.get("PRIMARY_KEY", ""): one for one in root}


def _one(gocdb: Simulator, site: str, minutes: float, text: str) -> Element:
    fitting = [
        one
        for one in _of(gocdb, site, minutes).values()
        if text in (one.findtext("DESCRIPTION") or "")
    ]
    assert len(fitting) == 1
    return fitting[0]


def test_one_begins_becomes_worse_and_ends_early(gocdb: Simulator) -> None:
    before = _of(gocdb, "praguelcg2", 1)
    born = _of(gocdb, "praguelcg2", 3).keys() - before.keys()
    assert len(born) == 1
    (key,) = born
    told = [
        (one.findtext("SEVERITY"), one.findtext("DESCRIPTION"), one.findtext("END_DATE"))
        for one in (_of(gocdb, "praguelcg2", minutes)[key] for minutes in (3, 9, 15, 22))
    ]
    assert [severity for severity, _, _ in told] == ["WARNING", "OUTAGE", "OUTAGE", "OUTAGE"]
    assert told[1][1] != told[2][1]
    assert int(told[3][2] or "") < int(told[2][2] or "")
    inserted = {_of(gocdb, "praguelcg2", m)[key].findtext("INSERT_DATE") for m in (3, 9, 22)}
    assert len(inserted) == 1


def test_one_is_extended_by_an_adjacent_one_with_a_new_key(gocdb: Simulator) -> None:
    before = _of(gocdb, "pic", 5)
    after = _of(gocdb, "pic", 12)
    (key,) = after.keys() - before.keys()
    starts = after[key].findtext("START_DATE")
    assert starts in {one.findtext("END_DATE") for one in before.values()}


def test_one_is_withdrawn_and_simply_gone(gocdb: Simulator) -> None:
    before, after = _of(gocdb, "RAL-LCG2", 5), _of(gocdb, "RAL-LCG2", 7)
    (key,) = before.keys() - after.keys()
    assert "border router" in (before[key].findtext("DESCRIPTION") or "")


def test_one_loses_services(gocdb: Simulator) -> None:
    before = _one(gocdb, "FZK-LCG2", 11, "Draining")
    after = _one(gocdb, "FZK-LCG2", 13, "Draining")
    assert len(after.findall(".//SERVICE")) < len(before.findall(".//SERVICE"))


def test_the_same_moment_gives_the_same_answer(gocdb: Simulator) -> None:
    asked = {"scope": "", "windowstart": "2025-12-20"}
    first = ask(gocdb.app, "get_downtime", **asked).body
    gocdb.moment += timedelta(days=3)
    assert ask(gocdb.app, "get_downtime", **asked).body != first
    gocdb.moment -= timedelta(days=3)
    assert ask(gocdb.app, "get_downtime", **asked).body == first


def test_keys_stay_when_time_goes_by(gocdb: Simulator) -> None:
    """What is shown today and ends later is there tomorrow, unless it was withdrawn before."""
    today = {one.key: one for one in downtimes.shown_at(BASE, base=BASE)}
    tomorrow = {one.key: one for one in downtimes.shown_at(BASE + timedelta(days=1), base=BASE)}
    gone = [one for key, one in today.items() if key not in tomorrow]
    for one in gone:
        is_old = one.facts.ends_at < BASE - timedelta(days=20)
        assert is_old or one.facts.starts_at > BASE, one
    assert len(tomorrow.keys() - today.keys()) >= 1


@pytest.mark.parametrize("days", [0, 1, 3, 10, 40, 400])
def test_the_rules_of_gocdb_hold_on_any_day(days: int) -> None:
    shown = downtimes.shown_at(BASE + timedelta(days=days), base=BASE)
    assert len({one.id for one in shown}) == len({one.key for one in shown}) == len(shown)
    assert [one.id for one in shown] == sorted(one.id for one in shown)
    moment = BASE + timedelta(days=days)
    for one in shown:
        assert one.facts.starts_at < one.facts.ends_at
        assert one.declared_at <= moment
        assert one.declared_at - one.facts.starts_at <= timedelta(hours=48)
        ids = {service.id for service in one.site.services}
        assert one.facts.services and set(one.facts.services) <= ids
        if one.classification == "SCHEDULED":
            assert one.facts.starts_at - one.declared_at > timedelta(hours=24)
    # There is always something to see.
    assert any(one.facts.starts_at <= moment < one.facts.ends_at for one in shown)
    assert any(one.facts.starts_at > moment for one in shown)


def _declare(gocdb: Simulator, **changed: object) -> dict[str, object]:
    facts: dict[str, object] = {
        "site_name": "INFN-T1",
        "at": BASE,
        "starts_at": BASE + timedelta(hours=1),
        "ends_at": BASE + timedelta(hours=3),
        "severity": "OUTAGE",
        "description": "by hand",
    }
    with switches.changing(gocdb.switch_file) as switched:
        kept = downtimes.declare(len(switched.downtimes), **(facts | changed))
        switched.downtimes.append(kept)
    return kept


def _revise(gocdb: Simulator, at: datetime, **changes: object) -> None:
    with switches.changing(gocdb.switch_file) as switched:
        downtimes.revise(switched.downtimes[-1], at=at, **changes)


def test_what_people_declare_is_shown_from_then_on(gocdb: Simulator) -> None:
    _declare(gocdb)
    assert not [one for one in _of(gocdb, "INFN-T1", -1).values() if one.get("ID") == "900000"]
    one = _one(gocdb, "INFN-T1", 0, "by hand")
    assert one.get("CLASSIFICATION") == "UNSCHEDULED"
    services = len(one.findall(".//SERVICE"))
    site = topology.site_named("infn-t1")
    assert site is not None and services == len(site.services)


def test_what_people_declare_can_change_and_be_withdrawn(gocdb: Simulator) -> None:
    _declare(gocdb, starts_at=BASE + timedelta(days=3), ends_at=BASE + timedelta(days=4))
    assert _one(gocdb, "INFN-T1", 1, "by hand").get("CLASSIFICATION") == "SCHEDULED"
    _revise(gocdb, BASE + MINUTE, severity="WARNING", description="by hand, milder")
    assert _one(gocdb, "INFN-T1", 2, "milder").findtext("SEVERITY") == "WARNING"
    assert _one(gocdb, "INFN-T1", 0.5, "by hand").findtext("SEVERITY") == "OUTAGE"
    _revise(gocdb, BASE + 2 * MINUTE, withdrawn=True)
    assert "by hand, milder" not in {
        one.findtext("DESCRIPTION") for one in _of(gocdb, "INFN-T1", 3).values()
    }


def test_gocdb_refuses_what_the_real_one_refuses(gocdb: Simulator) -> None:
    kept = _declare(gocdb)
    with pytest.raises(ValueError, match="lengthen"):
        _revise(gocdb, BASE, ends_at=downtimes.end_of(kept) + MINUTE)
    with pytest.raises(ValueError, match="begun"):
        _revise(gocdb, BASE + timedelta(hours=2), withdrawn=True)
    with pytest.raises(ValueError, match="over"):
        _revise(gocdb, BASE + timedelta(hours=4), severity="WARNING")
    with pytest.raises(LookupError, match="NOWHERE"):
        _declare(gocdb, site_name="NOWHERE")


def test_writers_of_switches_do_not_lose_each_other(tmp_path: object) -> None:
    import threading
    from pathlib import Path

    path = Path(str(tmp_path)) / "deep" / "switches.json"

    def add() -> None:
        for _ in range(20):
            with switches.changing(path) as switched:
                switched.downtimes.append({})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(switches.read(path).downtimes) == 80
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "switches.json",
        "switches.lock",
    ]
