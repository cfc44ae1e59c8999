"""manage.py poll and manage.py conditions, as scripts of admins use them."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.gocdb_upstream import DowntimeRow, Gocdb, ServiceRow, SiteRow, running_gocdb

pytestmark = pytest.mark.django_db


@pytest.fixture
def gocdb(at: datetime, clock_at: Callable[[datetime], None]) -> Iterator[Gocdb]:
    clock_at(at)
    service = ServiceRow("11G0", "IN2P3-CC", "ce.in2p3.example.org", "ARC-CE")
    hours = timedelta(hours=1)
    with running_gocdb(
        Gocdb(
            sites=[SiteRow("1G0", "IN2P3-CC")],
            services=[service],
            downtimes=[DowntimeRow("31G0", at - hours, at + hours, [service])],
        )
    ) as running:
        yield running


def run(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*words, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


def run_json(*words: str) -> tuple[int, Any]:
    code, text = run(*words, "--json")
    return code, json.loads(text)


def test_the_list_names_the_sources(gocdb: Gocdb) -> None:
    code, text = run("poll", "--list")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == [
        "gocdb-topology",
        "gocdb-downtimes",
        "argo",
        "dirac-https",
        "dirac-webapp",
        "diracx",
        "perfsonar",
        "maddash",
    ]
    _, document = run_json("poll", "--list")
    assert document["sources"][0]["stale"] is True


def test_ok_then_unchanged(gocdb: Gocdb) -> None:
    code, first = run_json("poll", "gocdb-topology")
    assert code == 0
    assert first == {
        "source": "gocdb-topology",
        "outcome": "ok",
        "seen": {"operations_centres": 2, "sites": 1, "services": 1},
        "changed": {"operations_centres": 2, "sites": 1, "services": 1},
        "refused": [],
        "error": None,
    }
    code, second = run_json("poll", "gocdb-topology")
    assert (code, second["outcome"]) == (0, "unchanged")
    assert not any(second["changed"].values())
    assert run("poll", "gocdb-downtimes")[0] == 0


def test_suspicious_is_3_and_failed_is_1(gocdb: Gocdb) -> None:
    run("poll", "gocdb-topology")
    gocdb.services = []
    code, document = run_json("poll", "gocdb-topology")
    assert (code, document["outcome"]) == (3, "suspicious")
    assert "no services at all" in document["error"]

    gocdb.instead["*"] = b"<error>no</error>"
    code, document = run_json("poll", "gocdb-topology")
    assert (code, document["outcome"]) == (1, "failed")
    assert document["seen"] == {}


def test_refused_rows_are_listed(gocdb: Gocdb) -> None:
    gocdb.services.append(ServiceRow("12G0", "IN2P3-CC", ""))

    _, document = run_json("poll", "gocdb-topology")
    _, text = run("poll", "gocdb-topology")

    assert document["refused"] == [
        {"row": "SERVICE_ENDPOINT 12G0", "reason": "HOSTNAME is missing"}
    ]
    assert "refused SERVICE_ENDPOINT 12G0: HOSTNAME is missing" in text


@pytest.mark.parametrize("words", [["poll"], ["poll", "gocdb"]])
def test_a_wrong_call_says_what_there_is(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"--list|gocdb-topology"):
        call_command(*words)


def test_conditions_of_a_site(gocdb: Gocdb, at: datetime) -> None:
    run("poll", "gocdb-topology")
    run("poll", "gocdb-downtimes")

    code, now = run_json("conditions", "in2p3-cc")
    assert code == 0
    assert {"site", "at", "downtimes", "statuses", "sources"} <= set(now)
    assert (now["site"], now["at"]) == ("IN2P3-CC", at.isoformat())
    assert [one["key"] for one in now["downtimes"]] == ["31G0"]
    assert now["sources"]["gocdb-downtimes"]["stale"] is False

    _, before = run_json("conditions", "IN2P3-CC", "--at", "2026-01-12T06:00")
    assert before["downtimes"] == []
    assert before["at"] == "2026-01-12T06:00:00+00:00"
    _, text = run("conditions", "IN2P3-CC")
    assert "outage" in text
    assert "31G0" in text


def test_conditions_of_nowhere(gocdb: Gocdb) -> None:
    run("poll", "gocdb-topology")
    with pytest.raises(CommandError, match="Did you mean IN2P3-CC"):
        call_command("conditions", "IN2P3")
    with pytest.raises(CommandError, match="no moment"):
        call_command("conditions", "IN2P3-CC", "--at", "yesterday")
