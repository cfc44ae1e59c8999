"""Whole polls of perfSONAR archives of both generations, over real HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import Entity, StatusInterval
from tests.loopback import Asked, serving
from tests.make import make_site
from tests.perfsonar_upstream import Archive, TestRow, every, running_archive
from topology.models import NetworkLink, Service

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac" / "elmond"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
IHEP, CNAF = "ps-lat.ihep.example.org", "ps-lat.cnaf.example.org"
PAIR = f"{IHEP} {CNAF}"


def statistics(median: float) -> dict[str, Any]:
    return {"median": median, "mean": median, "minimum": median - 1, "maximum": median + 1}


def at(text: str, *, day: int = 4) -> datetime:
    hour, minute = text.split(":")
    return datetime(2026, 3, day, int(hour), int(minute), tzinfo=UTC)


def latency(
    key: str = "aa11",
    *,
    loss: Any = lambda _: 0.0,
    delay: Any = lambda _: 60.0,
    until: datetime = NOON,
    pair: tuple[str, str] = (IHEP, CNAF),
    hours: int = 24,
) -> TestRow:
    since = NOON - hours * HOUR
    return TestRow(
        key,
        *pair,
        data={
            "packet-loss-rate/base/0": every(1, since=since, until=until, value=loss),
            "histogram-owdelay/statistics/0": every(
                1, since=since, until=until, value=lambda moment: statistics(delay(moment))
            ),
            "histogram-owdelay/statistics/3600": every(
                60, since=NOON - 7 * DAY, until=NOON, value=lambda _: statistics(60.0)
            ),
            "failures/base/0": [],
        },
    )


@contextmanager
def polled(archive: Archive, *more: str) -> Iterator[Archive]:
    with (
        running_archive(archive) as running,
        override_settings(JUNO_PERFSONAR_URL=running.url, JUNO_PERFSONAR_ARCHIVES=",".join(more)),
    ):
        yield running


def poll(moment: datetime = NOON) -> FeedRun:
    return polling.poll("perfsonar", now=lambda: moment)


def kept(metric: str = "state", pair: str = PAIR) -> list[tuple[str, str, str]]:
    rows = StatusInterval.objects.filter(entity__name=pair, metric=metric).order_by("since")
    return [
        (
            row.status,
            f"{row.since:%d %H:%M}",
            f"{row.until:%d %H:%M}" if row.until else "now",
        )
        for row in rows
    ]


@pytest.mark.parametrize("is_legacy", [False, True], ids=["elmond", "esmond"])
def test_a_day_of_a_link_becomes_intervals(is_legacy: bool) -> None:
    def loss(moment: datetime) -> float | None:
        if at("03:00") <= moment < at("03:20"):
            return 1.0
        if at("05:00") <= moment < at("05:10"):
            return 0.02
        if at("08:00") <= moment < at("09:00"):
            return None
        return 0.0

    def delay(moment: datetime) -> float:
        return 75.0 if at("10:00") <= moment < at("10:30") else 60.0

    row = latency(loss=loss, delay=delay)
    silent = (at("08:00"), at("09:00"))
    row.data["histogram-owdelay/statistics/0"] = [
        point
        for point in row.data["histogram-owdelay/statistics/0"]
        if not silent[0] <= point[0] < silent[1]
    ]
    with polled(Archive([row], is_legacy=is_legacy)):
        run = poll()
    assert (run.outcome, run.reason, run.refused, run.notes) == (Outcome.OK, "", [], [])
    assert run.seen == {"tests": 1, "links": 1, "things": 1, "unmapped": 1}
    assert kept("state") == [
        ("ok", "03 12:00", "04 03:00"),
        ("down", "04 03:00", "04 03:20"),
        ("ok", "04 03:20", "04 05:00"),
        ("warning", "04 05:00", "04 05:10"),
        ("ok", "04 05:10", "04 08:00"),
        ("unknown", "04 08:00", "04 09:00"),
        ("ok", "04 09:00", "04 10:00"),
        ("warning", "04 10:00", "04 10:30"),
        ("ok", "04 10:30", "now"),
    ]
    assert kept("loss") == [
        ("ok", "03 12:00", "04 03:00"),
        ("down", "04 03:00", "04 03:20"),
        ("ok", "04 03:20", "04 05:00"),
        ("warning", "04 05:00", "04 05:10"),
        ("ok", "04 05:10", "04 08:00"),
        ("unknown", "04 08:00", "04 09:00"),
        ("ok", "04 09:00", "now"),
    ]
    assert kept("delay") == [
        ("ok", "03 12:00", "04 08:00"),
        ("unknown", "04 08:00", "04 09:00"),
        ("ok", "04 09:00", "04 10:00"),
        ("warning", "04 10:00", "04 10:30"),
        ("ok", "04 10:30", "now"),
    ]
    last = StatusInterval.objects.get(metric="state", until=None)
    assert (last.raw_status, last.summary) == ("up", "loss 0 %, delay 60 ms (usual 60 ms)")
    assert last.details == {
        "measured_at": "2026-03-04T11:55:00Z",
        "loss_percent": 0.0,
        "delay_ms": 60.0,
        "usual_delay_ms": 60.0,
    }
    assert last.evidence_url.endswith("/esmond/perfsonar/archive/aa11")


def test_an_unchanged_answer_writes_nothing_but_its_run() -> None:
    with polled(Archive([latency()])):
        poll()
        before = list(StatusInterval.objects.values())
        run = poll()
    assert run.outcome == Outcome.UNCHANGED
    assert list(StatusInterval.objects.values()) == before


def test_a_later_poll_goes_on_and_takes_points_that_came_late() -> None:
    row = latency(until=at("11:30"))
    with polled(Archive([row])) as archive:
        poll(NOON)
        assert kept()[-1] == ("unknown", "04 11:30", "now")
        # What was measured meanwhile reaches the archive only now, with a short outage in it.
        late = latency(
            loss=lambda moment: 1.0 if at("11:40") <= moment < at("11:45") else 0.0,
            until=NOON + 15 * MINUTE,
        )
        archive.tests[0] = late
        poll(NOON + 15 * MINUTE)
        asked = archive.asked_for("packet-loss-rate/base/0")[-1]
    assert kept() == [
        ("ok", "03 12:00", "04 11:40"),
        ("down", "04 11:40", "04 11:45"),
        ("ok", "04 11:45", "now"),
    ]
    # Three hours of overlap and what lies before them, not a day again.
    assert int(asked.query["time-start"]) == int((at("08:40")).timestamp())


def test_a_test_that_stopped_is_unknown_never_up() -> None:
    with polled(Archive([latency(until=at("09:00"))])):
        poll(at("09:00"))
        assert kept()[-1] == ("ok", "03 12:00", "now")
        poll(NOON)
    assert kept()[-1] == ("unknown", "04 09:00", "now")
    row = StatusInterval.objects.get(metric="state", until=None)
    assert (row.raw_status, row.summary) == ("no data", "No measurement came.")


def test_a_test_that_fails_says_why_nothing_is_known() -> None:
    row = latency(until=at("11:00"))
    row.data["failures/base/0"] = [(at("11:20"), {"error": "cannot reach the far end"})]
    with polled(Archive([row])):
        poll(NOON)
    last = StatusInterval.objects.get(metric="state", until=None)
    assert (last.status, last.summary) == ("unknown", "The test failed: cannot reach the far end")


def test_a_link_that_the_archive_forgets_becomes_unknown() -> None:
    other = latency("bb22", pair=(CNAF, IHEP))
    with polled(Archive([latency(), other])) as archive:
        poll(NOON)
        archive.tests.pop()
        poll(NOON + MINUTE)
    assert kept(pair=f"{CNAF} {IHEP}")[-1][0] == "unknown"
    assert kept()[-1][0] == "ok"


def test_an_archive_that_fails_costs_its_own_links_only() -> None:
    other = latency("bb22", pair=("ps.in2p3.example.org", CNAF))
    with (
        running_archive(Archive([other])) as second,
        polled(Archive([latency()]), second.url) as first,
    ):
        poll(NOON)
        second.instead["/archive/"] = 500
        run = poll(NOON + MINUTE)
        assert run.outcome == Outcome.OK
        assert run.refused == [
            {"row": second.url, "reason": "The server answered 500 Internal Server Error."}
        ]
        assert kept()[-1][0] == "ok"
        assert kept(pair=f"ps.in2p3.example.org {CNAF}")[-1] == ("unknown", "04 12:01", "now")
        first.instead["/archive/"] = 500
        run = poll(NOON + 2 * MINUTE)
    assert run.outcome == Outcome.FAILED
    assert "500" in run.reason
    assert kept()[-1][0] == "ok"


def test_half_of_the_links_lost_with_an_archive_is_no_suspicious_answer() -> None:
    many = [latency(f"k{n}", pair=(f"ps{n}.example.org", CNAF), hours=1) for n in range(12)]
    with (
        running_archive(Archive(many)) as second,
        polled(Archive([latency()]), second.url),
    ):
        poll(NOON)
        second.instead["/archive/"] = 500
        run = poll(NOON + MINUTE)
    assert run.outcome == Outcome.OK
    assert kept(pair=f"ps3.example.org {CNAF}")[-1][0] == "unknown"


def test_all_links_lost_without_a_reason_is_suspicious() -> None:
    many = [latency(f"k{n}", pair=(f"ps{n}.example.org", CNAF), hours=1) for n in range(12)]
    with polled(Archive(many)) as archive:
        poll(NOON)
        del archive.tests[1:]
        run = poll(NOON + MINUTE)
    assert run.outcome == Outcome.SUSPICIOUS
    assert kept(pair=f"ps3.example.org {CNAF}")[-1][0] == "ok"


@pytest.mark.parametrize(
    ("losses", "status"),
    [((0.0, 0.0), "ok"), ((1.0, 1.0), "down"), ((0.0, 1.0), "warning"), ((0.0, None), "ok")],
)
def test_two_tests_between_the_same_hosts_are_one_link(
    losses: tuple[float, float | None], status: str
) -> None:
    tests = [latency(f"k{n}", loss=lambda _, it=it: it) for n, it in enumerate(losses)]
    if losses[1] is None:
        tests[1].data["histogram-owdelay/statistics/0"] = []
    with polled(Archive(tests)):
        poll(NOON)
    assert kept()[-1] == (status, "03 12:00", "now")


def test_one_broken_test_does_not_cost_the_others() -> None:
    other = latency("bb22", pair=("ps.in2p3.example.org", CNAF))
    archive = Archive([latency(), other])
    archive.instead["aa11/packet-loss-rate/base/0"] = b"<html>not found</html>"
    with polled(archive):
        run = poll(NOON)
    assert [refusal["row"] for refusal in run.refused] == [f"{archive.url}: {IHEP} to {CNAF}"]
    assert run.seen["tests"] == 1
    assert kept(pair=f"ps.in2p3.example.org {CNAF}")[-1][0] == "ok"


def test_an_archive_whose_tests_all_fail_is_not_asked_for_each() -> None:
    pairs = [(f"ps{number}.example.org", CNAF) for number in range(9)]
    archive = Archive([latency(f"k{n}", pair=pair) for n, pair in enumerate(pairs)])
    archive.instead["packet-loss-rate/base/0"] = b"<html>maintenance</html>"
    with polled(archive):
        run = poll(NOON)
        assert len(archive.asked_for("packet-loss-rate/base/0")) == 3
    assert run.outcome == Outcome.FAILED
    assert "we stopped asking" in run.reason


def test_pages_of_tests_and_of_points_are_followed_on_our_host() -> None:
    tests = [latency(f"k{n}", pair=(f"ps{n}.example.org", CNAF)) for n in range(5)]
    archive = Archive(tests, page_size=2)
    # A page of points is full at 1,000; a day of minutes has 1,440.
    with polled(archive):
        run = poll(NOON)
        offsets = [asked.query["offset"] for asked in archive.asked_for("/archive/")]
    assert offsets[:3] == ["0", "2", "4"]
    assert run.seen["links"] == 5


def test_a_day_of_points_is_read_page_by_page() -> None:
    down = at("11:30")
    row = latency(loss=lambda moment: 1.0 if moment >= down else 0.0)
    with polled(Archive([row])) as archive:
        poll(NOON)
        offsets = [a.query["offset"] for a in archive.asked_for("packet-loss-rate/base/0")]
    assert offsets == ["0", "1000"]
    assert kept("loss")[-1] == ("down", "04 11:30", "now")


def test_an_archive_behind_a_proxy_does_not_know_its_whole_path() -> None:
    archive = Archive([latency()], path="/perfsonar/esmond/perfsonar/archive")
    with polled(archive):
        run = poll(NOON)
    assert (run.outcome, run.refused) == (Outcome.OK, [])
    assert kept()[-1][0] == "ok"


def test_where_summaries_are_listed_but_empty_a_week_is_sampled() -> None:
    row = latency(delay=lambda moment: 90.0 if moment >= at("11:00") else 60.0)
    row.data["histogram-owdelay/statistics/0"] += every(
        5, since=NOON - 7 * DAY, until=NOON - DAY, value=lambda _: statistics(60.0)
    )
    with polled(Archive([row], empty_summaries=True)) as archive:
        poll(NOON)
        asked = archive.asked_for("histogram-owdelay/statistics/0")
    assert kept("delay")[-1] == ("warning", "04 11:00", "now")
    assert StatusInterval.objects.get(metric="delay", until=None).details["usual_delay_ms"] == 60
    assert len([one for one in asked if "time-end" in one.query]) == 7


def test_without_a_test_of_the_delay_a_link_is_never_called_up() -> None:
    row = latency()
    row.data = {"packet-loss-rate/base/0": row.data["packet-loss-rate/base/0"]}
    with polled(Archive([row])):
        poll(NOON)
    assert kept("state") == [("unknown", "03 12:00", "now")]
    assert StatusInterval.objects.get(metric="state").summary == "loss 0 %, delay not measured"
    assert kept("loss") == [("ok", "03 12:00", "now")]
    assert kept("delay") == []


def throughput(*values: float, failures: Any = ()) -> TestRow:
    return TestRow(
        "tt33",
        IHEP,
        CNAF,
        data={
            "throughput/base/0": [
                (NOON - (len(values) - number) * 6 * HOUR, value)
                for number, value in enumerate(values)
            ],
            "failures/base/0": list(failures),
            # A UDP test has losses, too; under full load they say nothing of the link.
            "packet-loss-rate/base/0": [(NOON - HOUR, 0.5)],
        },
    )


def test_throughput_is_judged_by_the_week() -> None:
    with polled(Archive([throughput(7.0e9, 7.2e9, 7.1e9, 0.21e9)])):
        poll(NOON)
    assert kept("throughput") == [
        ("ok", "03 12:00", "04 06:00"),
        ("warning", "04 06:00", "now"),
    ]
    assert kept("loss") == []
    row = StatusInterval.objects.get(metric="throughput", until=None)
    assert row.raw_status == "low"
    assert row.summary == "210 Mbit/s (usual 7,050 Mbit/s)"
    assert row.details["usual_mbit_per_s"] == 7050.0


def test_a_failed_throughput_test_measured_nothing() -> None:
    failed = [(at("11:00"), {"error": "iperf3: unable to connect to server"})]
    with polled(Archive([throughput(7.0e9, 7.2e9, 7.1e9, failures=failed)])):
        poll(NOON)
    row = StatusInterval.objects.get(metric="throughput", until=None)
    assert (row.status, row.raw_status) == ("unknown", "failed")
    assert row.summary == "The test failed: iperf3: unable to connect to server"


def test_one_throughput_test_has_nothing_to_be_compared_with() -> None:
    with polled(Archive([throughput(7.0e9)])):
        poll(NOON)
    row = StatusInterval.objects.get(metric="throughput", until=None)
    assert (row.status, row.raw_status) == ("unknown", "too few tests")
    assert row.details["mbit_per_s"] == 7000.0


def test_thresholds_are_settings() -> None:
    row = latency(loss=lambda _: 0.01, delay=lambda _: 80.0)
    with (
        override_settings(JUNO_PERFSONAR_LOSS_PERCENT="5", JUNO_PERFSONAR_DELAY_PERCENT="50"),
        polled(Archive([row])),
    ):
        poll(NOON)
    assert kept() == [("ok", "03 12:00", "now")]


def test_two_hosts_are_the_link_between_their_sites() -> None:
    ihep, cnaf = make_site(name="BEIJING-LCG2"), make_site(name="INFN-T1")
    for number, (site, host) in enumerate(((ihep, IHEP), (cnaf, CNAF))):
        Service.objects.create(
            source="gocdb",
            key=f"9{number}G0",
            site=site,
            hostname=host,
            service_type="net.perfSONAR.Latency",
        )
    link = NetworkLink.objects.create(
        name="IHEP-CNAF-LHCONE-001", kind="LHCONE", site_a=cnaf, site_b=ihep
    )
    with polled(Archive([latency(), latency("bb22", pair=(CNAF, IHEP))])):
        run = poll(NOON)
    assert run.seen["unmapped"] == 0
    assert {entity.link for entity in Entity.objects.filter(namespace="perfsonar")} == {link}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_documents_of_a_real_elmond_show_the_right_states() -> None:
    names = (
        "metadata-loss",
        "metadata-throughput",
        "packet-loss-rate-base",
        "owdelay-statistics",
        "throughput-base",
        "failures-base",
        "error-404",
    )
    documents = {}
    for name in names:
        document = json.loads((SAMPLES / f"{name}.json").read_text())
        documents[document["_url"].split("?time-range")[0]] = document

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        listing = f"{asked.path}?event-type={asked.query.get('event-type')}"
        document = documents.get(asked.path) or documents.get(listing)
        if document is None:
            handler.send_response(404)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return None
        return json.dumps(document["body"]).encode()

    moment = datetime(2026, 11, 21, 18, 10, tzinfo=UTC)
    with (
        serving(answer) as server,
        override_settings(JUNO_PERFSONAR_URL=f"{server.url}/esmond/perfsonar/archive"),
    ):
        run = poll(moment)
    assert (run.outcome, run.refused) == (Outcome.OK, [])
    assert kept("state", "ps-lat.ihep.ac.cn ps-lat.cr.cnaf.infn.it") == [
        ("unknown", "20 18:10", "21 00:00"),
        ("warning", "21 00:00", "21 00:05"),
        ("unknown", "21 00:05", "now"),
    ]
    assert kept("throughput", "ps-bw.ihep.ac.cn ps-bw.cr.cnaf.infn.it") == [
        ("unknown", "20 18:10", "21 00:00"),
        ("ok", "21 00:00", "21 12:00"),
        ("warning", "21 12:00", "21 18:00"),
        ("unknown", "21 18:00", "now"),
    ]
