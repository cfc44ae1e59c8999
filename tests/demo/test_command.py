"""manage.py demo."""

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from juno_support.demo import upstreams
from juno_support.demo.people import CHARACTERS
from juno_support.demo.simulators import (
    diracx_logins,
    failures_json,
    gocdb_downtimes,
    switches,
)
from juno_support.demo.simulators.failures import KINDS
from juno_support.demo.switchboard import SOURCES, SPECIAL
from juno_support.lib import clock

CHECKOUT = Path(__file__).parents[2]
Switches = Callable[[], switches.Switches]


def run(*words: str) -> str:
    output = io.StringIO()
    call_command("demo", *words, stdout=output)
    return output.getvalue()


def test_it_refuses_where_the_demo_is_off(settings: Any) -> None:
    settings.JUNO_DEMO = False
    with pytest.raises(CommandError, match="The demo is off"):
        run("accounts")


def test_accounts_as_text_and_as_json(fresh_switches: Switches) -> None:
    text = run("accounts")
    told = json.loads(run("accounts", "--json"))["accounts"]
    assert [one["username"] for one in told] == [one.username for one in CHARACTERS]
    for one in told:
        assert one["username"] in text
        assert one["password"] and one["roles"]
    assert told[0]["roles"] == ["submitter", "member of juno"]


@pytest.mark.django_db
def test_a_downtime_is_declared_changed_and_withdrawn(fresh_switches: Switches) -> None:
    told = json.loads(
        run("downtime", "INFN-T1", "--minutes", "90", "--in", "120", "--severity", "WARNING",
            "--description", "Power at risk", "--json")
    )  # fmt: skip
    (kept,) = fresh_switches().downtimes
    assert kept["site"] == "INFN-T1"
    now = clock.now()
    (shown,) = (
        one
        for one in gocdb_downtimes.shown_at(now, base=now, manual=[kept])
        if one.key == told["key"]
    )
    assert shown.facts.severity == "WARNING"
    assert shown.facts.description == "Power at risk"
    assert shown.facts.ends_at - shown.facts.starts_at == timedelta(minutes=90)
    assert timedelta(minutes=119) < shown.facts.starts_at - now < timedelta(minutes=121)

    run("change", told["key"], "--severity", "OUTAGE", "--shorten", "30")
    run("change", told["key"], "--withdraw")
    (kept,) = fresh_switches().downtimes
    assert len(kept["revisions"]) == 3
    assert kept["revisions"][1][1]["severity"] == "OUTAGE"
    assert kept["revisions"][2][1] is None
    with pytest.raises(CommandError, match="withdrawn already"):
        run("change", told["key"], "--end")


@pytest.mark.django_db
def test_mistakes_are_said(fresh_switches: Switches) -> None:
    with pytest.raises(CommandError, match="no site NOWHERE"):
        run("downtime", "NOWHERE", "--minutes", "5")
    with pytest.raises(CommandError, match="longer than nothing"):
        run("downtime", "INFN-T1", "--minutes", "0")
    with pytest.raises(CommandError, match="No downtime 1G0"):
        run("change", "1G0", "--end")
    with pytest.raises(CommandError, match="no simulated source"):
        run("fail", "argus", "http500")
    with pytest.raises(CommandError, match="no kind of failure"):
        run("fail", "gocdb", "sadness")
    with pytest.raises(CommandError, match="no duration"):
        run("clock", "--advance", "soon")
    assert fresh_switches() == switches.Switches()


def test_failures_are_switched(fresh_switches: Switches) -> None:
    run("fail", "gocdb-topology", "shrunk")
    run("fail", "gocdb", "http500")
    assert fresh_switches().failures == {"gocdb-topology": "shrunk", "gocdb": "http500"}
    run("fail", "gocdb", "none")
    assert fresh_switches().failures == {}


def test_other_sources_have_kinds_of_their_own(fresh_switches: Switches) -> None:
    run("fail", "argo", "yesterday")
    run("fail", "maddash", "deep")
    assert fresh_switches().failures == {"argo": "yesterday", "maddash": "deep"}
    with pytest.raises(CommandError, match="no kind of failure yesterday for maddash"):
        run("fail", "maddash", "yesterday")
    with pytest.raises(CommandError, match="no kind of failure doctype for argo"):
        run("fail", "argo", "doctype")
    run("fail", "gocdb", "none")
    assert fresh_switches().failures == {"argo": "yesterday", "maddash": "deep"}
    run("fail", "argo", "none")
    assert fresh_switches().failures == {"maddash": "deep"}


@pytest.mark.django_db
def test_incidents_are_started_listed_and_stopped(fresh_switches: Switches) -> None:
    told = json.loads(
        run("incident", "site", "infn-t1", "--part", "storage", "--minutes", "60", "--json")
    )
    assert (told["key"], told["site"], told["part"]) == ("I1", "INFN-T1", "storage")
    text = run("incident", "link", "IHEP-CNAF-LHCONE-001", "--minutes", "90", "--in", "-30")
    assert text.startswith("I2: 100 % loss on IHEP-CNAF-LHCONE-001, ")
    listed = run("incident", "list").splitlines()
    assert listed[0].startswith("I1: storage of INFN-T1, ")
    assert listed[1].startswith("I2: 100 % loss between BEIJING-LCG2 and INFN-T1, ")
    _one, other = json.loads(run("incident", "list", "--json"))["incidents"]
    assert other["loss"] == 1.0

    assert run("incident", "stop", "I2") == "Ended: 1.\n"
    with pytest.raises(CommandError, match="No incident I2 goes on"):
        run("incident", "stop", "I2")
    # Half an hour of it has been, and stays in the histories; the other has just begun.
    kept = {one["key"]: one["ends_at"] - one["starts_at"] for one in fresh_switches().incidents}
    assert 1700 < kept["I2"] < 1900
    assert run("incident", "stop", "all") == "Ended: 1.\n"
    assert run("incident", "stop", "all") == "Ended: 0.\n"
    told = json.loads(run("incident", "link", "cnaf-in2p3-lhcopn-001", "--minutes", "5",
                          "--loss", "2.5", "--json"))  # fmt: skip
    assert (told["key"], told["ends"], told["loss"]) == ("I3", ["INFN-T1", "IN2P3-CC"], 0.025)


@pytest.mark.django_db
def test_mistakes_with_incidents_are_said(fresh_switches: Switches) -> None:
    with pytest.raises(CommandError, match="no site NOWHERE"):
        run("incident", "site", "NOWHERE", "--minutes", "5")
    with pytest.raises(CommandError, match="no link MOON"):
        run("incident", "link", "MOON", "--minutes", "5")
    with pytest.raises(CommandError, match="in percent"):
        run("incident", "link", "IHEP-CNAF-LHCONE-001", "--minutes", "5", "--loss", "0")
    with pytest.raises(CommandError, match="longer than nothing"):
        run("incident", "site", "INFN-T1", "--minutes", "0")
    assert fresh_switches() == switches.Switches()


@pytest.mark.django_db
def test_a_login_is_approved(fresh_switches: Switches) -> None:
    run("approve", "auto")
    assert fresh_switches().approves_itself
    run("approve", "ask")
    assert not fresh_switches().approves_itself
    path = upstreams.switch_file()
    device = diracx_logins.begin_device(
        path, client="x", vo="juno", group="juno_user", approved=False, at=clock.now()
    )
    run("approve", device["user_code"].lower())
    found = diracx_logins.find_device(path, device["user_code"])
    assert found is not None and found["state"] == diracx_logins.APPROVED
    with pytest.raises(CommandError, match="No login waits"):
        run("approve", "NONSENSE")


def test_help_lists_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("demo", "fail", "--help")
    told = capsys.readouterr().out
    for kind in (*KINDS, *failures_json.KINDS, *(k for own in SPECIAL.values() for k in own)):
        assert f"  {kind} " in told
    for source in SOURCES:
        assert source in told


@pytest.fixture
def offset_asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes ask for the clock's offset again as soon as in the demo."""
    monkeypatch.setattr(clock, "_SECONDS_TO_TRUST_AN_OFFSET", 1.0)


@pytest.mark.django_db
def test_the_clock_moves(fresh_switches: Switches, offset_asked_often: None) -> None:
    before = clock.now()
    run("clock", "--advance", "1d3h")
    clock.forget()
    moved = clock.now() - before
    assert timedelta(hours=27) <= moved < timedelta(hours=27, minutes=1)


@pytest.mark.django_db
def test_every_process_has_heard_of_a_move_when_the_command_ends(
    fresh_switches: Switches, offset_asked_often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This process stands for another one, which read the offset just before and forgets nothing.
    # Not longer than that: what is forgotten after a test is forgotten before its patches end.
    with monkeypatch.context() as patch:
        patch.setattr(clock, "forget", lambda: None)
        before = clock.now()
        run("clock", "--advance", "1d")
        assert clock.now() - before >= timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_the_simulators_follow_the_moved_clock(fresh_switches: Switches) -> None:
    moment = upstreams.DemoMoment()
    before = moment()
    clock.advance(timedelta(hours=5))
    clock.forget()
    assert moment() - before >= timedelta(hours=5)


def test_upstreams_are_served_until_a_signal_ends_them(tmp_path: Path) -> None:
    environment = os.environ | {
        "JUNO_DATA": str(tmp_path),
        "JUNO_DEMO": "1",
        "JUNO_SECRET_KEY": "x",
        # No database there: the simulators go on with the machine's clock.
        "DATABASE_URL": f"postgresql:///none?host={tmp_path}",
        "DJANGO_SETTINGS_MODULE": "juno_support.settings",
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "demo", "serve_upstreams"],
        cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(
                f"{address}/gocdbpi/public/?method=get_downtime&scope=", timeout=20
            ) as answer:
                assert b"<DOWNTIME" in answer.read()
            with urllib.request.urlopen(f"{address}/gocdbpi/public/?method=x") as answer:
                assert answer.read() == b"Unable to find method: x"
            with urllib.request.urlopen(f"{address}/maddash/dashboards") as answer:
                assert json.load(answer)["dashboards"]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
