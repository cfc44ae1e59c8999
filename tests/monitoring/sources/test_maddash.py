"""Whole polls of a MaDDash over real HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import StatusInterval
from tests.loopback import Asked, serving
from tests.maddash_upstream import CheckRow, Maddash, running_maddash

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac" / "maddash"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IHEP, CNAF, IN2P3 = "ps.ihep.example.org", "ps.cnaf.example.org", "ps.in2p3.example.org"
GRID = "JUNO mesh (loss + delay) 50%"


def run_of(*results: tuple[int, int]) -> list[tuple[datetime, int, str]]:
    """Return results so many minutes from noon."""
    return [
        (NOON + minutes * MINUTE, status, f"state {status}") for minutes, status in sorted(results)
    ]


def steady(status: int = 0, *, until: int = 0, hours: int = 26) -> list[tuple[int, int]]:
    return [(minute, status) for minute in range(until - hours * 60, until + 1, 5)]


@contextmanager
def polled(maddash: Maddash, grids: str = "") -> Iterator[Maddash]:
    with (
        running_maddash(maddash) as running,
        override_settings(JUNO_MADDASH_URL=running.url, JUNO_MADDASH_GRIDS=grids),
    ):
        yield running


def poll(minutes: int = 1) -> FeedRun:
    return polling.poll("maddash", now=lambda: NOON + minutes * MINUTE)


def kept(pair: str = f"{IHEP} {CNAF}", metric: str = "loss") -> list[tuple[str, str, str]]:
    rows = StatusInterval.objects.filter(entity__name=pair, metric=metric).order_by("since")
    return [
        (row.status, f"{row.since:%d %H:%M}", f"{row.until:%d %H:%M}" if row.until else "now")
        for row in rows
    ]


def test_the_history_of_a_check_becomes_intervals() -> None:
    results = [*steady(hours=26)[:-24], (-115, 2), (-110, 2), (-105, 1), *steady(hours=1)]
    results += [(minute, 0) for minute in range(-100, -60, 5)]
    check = CheckRow(IHEP, CNAF, "Loss", run_of(*dict(results).items()))
    with polled(Maddash({GRID: [check]})):
        run = poll()
    assert (run.outcome, run.reason, run.refused, run.notes) == (Outcome.OK, "", [], [])
    assert run.seen == {"grids": 1, "checks": 1, "things": 1, "unmapped": 1}
    assert kept() == [
        ("ok", "03 12:01", "04 10:05"),
        ("critical", "04 10:05", "04 10:15"),
        ("warning", "04 10:15", "04 10:20"),
        ("ok", "04 10:20", "now"),
    ]
    row = StatusInterval.objects.get(until=None)
    assert row.evidence_url == "https://graphs.example.org/?a=b"
    assert (row.raw_status, row.summary) == ("OK", "state 0")
    assert row.details == {"grid": GRID, "check": "Loss", "checked_at": "2026-03-04T12:00:00Z"}


def test_only_what_changed_is_asked_for_its_history() -> None:
    loss = CheckRow(IHEP, CNAF, "Loss", run_of(*steady()))
    delay = CheckRow(IHEP, CNAF, "Latency", run_of(*steady()))
    with polled(Maddash({GRID: [loss, delay]})) as maddash:
        poll(1)
        assert len(maddash.histories()) == 2 * 3
        before = list(StatusInterval.objects.values())
        run = poll(2)
        assert run.outcome == Outcome.UNCHANGED
        assert list(StatusInterval.objects.values()) == before
        assert len(maddash.histories()) == 2 * 3
        loss.results += run_of((5, 0), (10, 2), (15, 2))
        delay.results += run_of((5, 0), (10, 0), (15, 0))
        poll(16)
        assert len(maddash.histories()) == 2 * 3 + 1
    assert kept() == [("ok", "03 12:01", "04 12:10"), ("critical", "04 12:10", "now")]
    assert kept(metric="latency") == [("ok", "03 12:01", "now")]
    assert {row.evidence_url for row in StatusInterval.objects.all()} == {
        "https://graphs.example.org/?a=b"
    }


def test_after_a_gap_the_history_tells_what_we_missed() -> None:
    check = CheckRow(IHEP, CNAF, "Loss", run_of(*steady()))
    with polled(Maddash({GRID: [check]})) as maddash:
        poll(1)
        check.results += run_of(*[(minute, 0) for minute in range(5, 181, 5)])
        before = len(maddash.histories())
        poll(181)
        assert len(maddash.histories()) > before
    assert kept() == [("ok", "03 12:01", "now")]


def test_reverse_checks_swap_the_direction() -> None:
    with polled(
        Maddash(
            {
                GRID: [
                    CheckRow(IHEP, CNAF, "Loss", run_of((0, 0))),
                    CheckRow(IHEP, CNAF, "Loss Reverse", run_of((0, 2))),
                    CheckRow(IN2P3, CNAF, "BWCTL 500Mbps Reverse", run_of((0, 1))),
                ]
            }
        )
    ):
        poll()
    assert kept(f"{IHEP} {CNAF}")[-1][0] == "ok"
    assert kept(f"{CNAF} {IHEP}")[-1][0] == "critical"
    assert kept(f"{CNAF} {IN2P3}", "bwctl-500mbps")[-1][0] == "warning"


@pytest.mark.parametrize(
    ("number", "status", "raw"),
    [
        (0, "ok", "OK"),
        (1, "warning", "WARNING"),
        (2, "critical", "CRITICAL"),
        (3, "unknown", "UNKNOWN"),
        (4, "unknown", "NOT RUN"),
        (5, "maintenance", "SCHEDULED DOWN"),
        (6, "unknown", "Under study"),
        (7, "unknown", "state 7"),
    ],
)
def test_states_are_mapped_and_a_grid_s_own_are_unknown(number: int, status: str, raw: str) -> None:
    maddash = Maddash(
        {GRID: [CheckRow(IHEP, CNAF, "Loss", run_of((0, number)))]},
        labels=["ok", "warn", "crit", "?", "-", None, "Under study"],
    )
    with polled(maddash):
        run = poll()
    row = StatusInterval.objects.get(until=None)
    assert (row.status, row.raw_status) == (status, raw)
    assert bool(run.notes) is (number > 5)


def test_a_grid_that_is_not_updated_tells_nothing_of_now() -> None:
    with polled(Maddash({GRID: [CheckRow(IHEP, CNAF, "Loss", run_of(*steady()))]})) as maddash:
        poll(1)
        run = poll(7 * 60)
        assert run.notes == [
            f"{GRID} was last updated 2026-03-04 12:00 UTC; its checks are unknown."
        ]
        assert kept()[-1] == ("unknown", "04 18:00", "now")
        row = StatusInterval.objects.get(until=None)
        assert row.summary == ("MaDDash has not updated this grid since 2026-03-04T12:00:00Z.")
        maddash.grids[GRID][0].results += run_of((7 * 60 + 5, 0))
        poll(7 * 60 + 6)
    assert kept()[-1] == ("ok", "04 19:05", "now")


def test_a_check_that_stopped_in_a_living_grid_is_unknown() -> None:
    living = CheckRow(IHEP, IN2P3, "Loss", run_of((0, 0)))
    dead = CheckRow(IHEP, CNAF, "Loss", run_of((-31 * 60, 0)))
    with polled(Maddash({GRID: [living, dead]})):
        poll()
    row = StatusInterval.objects.get(entity__name=f"{IHEP} {CNAF}")
    assert (row.status, row.summary) == ("unknown", "Not checked since 2026-03-03T05:00:00Z.")


def test_a_check_that_missed_runs_was_unknown_meanwhile() -> None:
    results = [(minute, 0) for minute in (-120, -115, -110, -10, -5, 0)]
    with polled(Maddash({GRID: [CheckRow(IHEP, CNAF, "Loss", run_of(*results))]})):
        poll()
    assert kept() == [
        ("ok", "04 10:00", "04 10:25"),
        ("unknown", "04 10:25", "04 11:50"),
        ("ok", "04 11:50", "now"),
    ]


def test_a_grid_that_fails_is_refused_and_its_links_are_unknown() -> None:
    maddash = Maddash(
        {
            GRID: [CheckRow(IHEP, CNAF, "Loss", run_of((0, 0)))],
            "other": [CheckRow(IHEP, IN2P3, "Loss", run_of((0, 0)))],
        }
    )
    with polled(maddash):
        poll(1)
        maddash.instead["other"] = 500
        run = poll(2)
        assert run.outcome == Outcome.OK
        assert [refusal["row"] for refusal in run.refused] == ["other"]
        assert kept()[-1][0] == "ok"
        assert kept(f"{IHEP} {IN2P3}")[-1] == ("unknown", "04 12:02", "now")
        maddash.instead[GRID] = 500
        assert poll(3).outcome == Outcome.FAILED


def test_of_several_grids_that_check_the_same_the_worst_is_told() -> None:
    maddash = Maddash(
        {
            "IPv4": [CheckRow(IHEP, CNAF, "Loss", run_of((0, 0)))],
            "IPv6": [CheckRow(IHEP, CNAF, "Loss", run_of((0, 2)))],
        }
    )
    with polled(maddash):
        poll()
    row = StatusInterval.objects.get()
    assert (row.status, row.details["grid"]) == ("critical", "IPv6")


def test_the_same_test_seen_from_both_ends_is_one_history() -> None:
    here = CheckRow(IHEP, CNAF, "Loss", run_of(*steady()[:-6], (-27, 2), (-22, 0), (-17, 1)))
    there = CheckRow(CNAF, IHEP, "Loss Reverse", run_of(*steady()[:-6], (-25, 2), (-15, 0)))
    here.results += run_of((-2, 0))
    there.results += run_of((-1, 0))
    with polled(Maddash({GRID: [here, there]})):
        poll()
    assert kept() == [
        ("ok", "03 12:01", "04 11:33"),
        ("critical", "04 11:33", "04 11:45"),
        ("warning", "04 11:45", "04 11:58"),
        ("ok", "04 11:58", "now"),
    ]


def test_grids_can_be_chosen() -> None:
    maddash = Maddash(
        {
            GRID: [CheckRow(IHEP, CNAF, "Loss", run_of((0, 0)))],
            "of others": [CheckRow(IHEP, IN2P3, "Loss", run_of((0, 0)))],
        }
    )
    with polled(maddash, grids=f"{GRID}, "):
        run = poll()
    assert run.seen["grids"] == 1
    assert kept(f"{IHEP} {IN2P3}") == []


def test_where_there_is_no_history_the_grid_alone_serves() -> None:
    check = CheckRow(IHEP, CNAF, "Loss", run_of((-3, 2)))
    maddash = Maddash({"no/history": [check]})
    with running_maddash(maddash) as running:
        real = maddash.answer

        def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
            body = real(asked, handler)
            return b"<html>" if asked.path.count("/") == 6 else body

        assert running.server is not None
        running.server.answer = answer
        with override_settings(JUNO_MADDASH_URL=running.url):
            run = poll()
    assert kept() == [("critical", "04 11:57", "now")]
    assert StatusInterval.objects.get().evidence_url.endswith(
        "/maddash-webui/details.cgi?uri=/maddash/grids/no%25252Fhistory/"
        "ps.ihep.example.org/ps.cnaf.example.org/Loss"
    )
    assert run.notes[0].startswith(f"No history of no/history / {IHEP} / {CNAF} / Loss")


def test_histories_that_all_fail_are_not_asked_for_each() -> None:
    checks = [CheckRow(f"ps{n}.example.org", CNAF, "Loss", run_of((0, 0))) for n in range(9)]
    with polled(Maddash({GRID: checks})) as maddash:
        maddash.instead["Loss"] = 503
        run = poll()
        # Each is tried twice.
        assert len(maddash.histories()) == 3 * 2
    assert run.seen["things"] == 9
    assert run.notes[-1] == "Histories cannot be read; we stopped asking."


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_published_documents_show_the_right_states() -> None:
    grid = (SAMPLES / "api_grids_2.json").read_bytes()
    name = json.loads(grid)["name"]
    check = (SAMPLES / "api_checks_1.json").read_bytes()

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        path = unquote_plus(asked.path)
        if path == "/maddash/grids":
            return json.dumps({"grids": [{"name": name, "uri": "/maddash/x"}]}).encode()
        if path == f"/maddash/grids/{name}":
            return grid
        if path == f"/maddash/grids/{name}/denv-pt1.es.net/chic-pt1.es.net/Throughput Reverse":
            return check
        handler.send_response(404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return None

    moment = datetime(2016, 7, 19, 17, 30, tzinfo=UTC)
    with (
        serving(answer) as server,
        override_settings(JUNO_MADDASH_URL=f"{server.url}/maddash"),
    ):
        run = polling.poll("maddash", now=lambda: moment)
    assert (run.outcome, run.refused) == (Outcome.OK, [])
    assert run.seen == {"grids": 1, "checks": 96, "things": 96, "unmapped": 96}
    assert set(StatusInterval.objects.values_list("status", flat=True)) == {"ok"}
    row = StatusInterval.objects.get(entity__name="chic-pt1.es.net denv-pt1.es.net")
    assert row.summary == "Average throughput is 9.066Gbps"
    assert row.evidence_url.startswith("http://ps-dashboard.es.net/")
