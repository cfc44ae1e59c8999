"""feeds/polling: every poll ends in one record, whatever happens."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from juno_support.feeds import lock, polling
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import Stored, UnknownSource
from tests.beside import held
from tests.gocdb_upstream import Gocdb
from tests.loopback import serving
from topology.models import Site

pytestmark = pytest.mark.django_db

TOPOLOGY = "gocdb-topology"


def poll(at: datetime, name: str = TOPOLOGY, **options: Any) -> FeedRun:
    return polling.poll(name, now=lambda: at, **options)


def test_a_first_poll_is_ok_and_a_second_unchanged(gocdb: Gocdb, at: datetime) -> None:
    first = poll(at)
    second = poll(at + timedelta(hours=6))

    assert first.outcome == Outcome.OK
    assert first.seen == {"operations_centres": 2, "sites": 2, "services": 2}
    assert first.changed == {"operations_centres": 2, "sites": 2, "services": 2}
    assert first.started_at == at
    assert first.http_status == 200
    assert first.size > 0
    assert first.url.endswith("/gocdbpi/public/?method=get_site_list&scope=")
    assert second.outcome == Outcome.UNCHANGED
    assert second.sha256 == first.sha256


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"Unable to find method: get_bogus", "Unable to find method: get_bogus"),
        (b"<error>Unsupported parameter: foo</error>", "Unsupported parameter: foo"),
        (b"<results><SITE", "not well-formed"),
        (b"<!DOCTYPE a><results/>", "document type"),
        (b"", "empty"),
    ],
)
def test_an_error_leaves_the_old_data_and_its_first_characters(
    gocdb: Gocdb, at: datetime, body: bytes, reason: str
) -> None:
    poll(at)
    gocdb.instead["*"] = body

    run = poll(at + timedelta(hours=6))

    assert run.outcome == Outcome.FAILED
    assert reason in run.reason
    assert run.raw_head == body.decode()[:8_000]
    assert Site.objects.filter(gone_at=None, missed_polls=0).count() == 2


def test_one_broken_answer_among_good_ones_stores_nothing(gocdb: Gocdb, at: datetime) -> None:
    gocdb.instead["get_service"] = b"<error>out of memory</error>"

    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert not Site.objects.exists()


def test_nobody_answers(at: datetime) -> None:
    with override_settings(JUNO_GOCDB_URL="http://127.0.0.1:9/gocdbpi"):
        run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert "No connection" in run.reason
    assert run.url == "http://127.0.0.1:9/gocdbpi"


def test_without_an_address_the_reason_says_what_to_do(at: datetime) -> None:
    with override_settings(JUNO_GOCDB_URL=""):
        run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert "JUNO_GOCDB_URL" in run.reason


def test_a_defect_of_ours_is_recorded_and_rolled_back(
    gocdb: Gocdb, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("topology.actions.store_topology._bring_in_line", broken)

    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert "Our own mistake" in run.reason
    assert "ZeroDivisionError" in run.reason


def test_what_cannot_be_stored_is_blotted_in_the_record(
    gocdb: Gocdb, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused is quoted, and JSON may hold what PostgreSQL does not."""

    def odd(*args: Any, **kwargs: Any) -> Stored:
        return Stored(
            seen={"x\x00": 1}, changed={}, suspicious="\ud800", refused=(("\x00", "\udfff"),)
        )

    monkeypatch.setattr("topology.actions.pull_topology.TopologyPoller.store", odd)

    run = poll(at)
    run.refresh_from_db()

    assert run.outcome == Outcome.SUSPICIOUS
    assert run.reason == "�"
    assert {"row": "�", "reason": "�"} in run.refused
    assert run.seen == {"x�": 1}


def test_a_source_of_many_slow_answers_ends(
    gocdb: Gocdb, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LONGEST_POLL", 0)

    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert "all questions together" in run.reason
    assert not Site.objects.exists()


def test_there_is_no_such_source(at: datetime) -> None:
    with pytest.raises(UnknownSource):
        poll(at, "gocdb")


def test_refused_rows_are_kept_with_their_reasons(gocdb: Gocdb, at: datetime) -> None:
    gocdb.services[0].hostname = ""

    run = poll(at)

    assert run.outcome == Outcome.OK
    assert run.refused == [
        {"row": "SERVICE_ENDPOINT 11G0", "reason": "HOSTNAME is missing"},
    ]
    assert run.seen["services"] == 1


def test_the_servers_wrong_clock_is_noted(gocdb: Gocdb, at: datetime) -> None:
    def answer(asked: Any, handler: Any) -> None:
        body = gocdb.answer(asked, handler) or b""
        handler.send_response_only(200)
        handler.send_header("Date", "Mon, 12 Jan 2015 08:30:00 GMT")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with serving(answer) as server, override_settings(JUNO_GOCDB_URL=server.url):
        run = poll(at)

    assert run.clock_skew is not None
    assert run.clock_skew < timedelta(days=-1000)
    assert "clock differs" in run.notes[0]


def test_a_refused_credential_is_remembered_by_its_fingerprint(
    gocdb: Gocdb, at: datetime, tmp_path: Path
) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("not used over plain HTTP")
    gocdb.instead["*"] = b"No valid identifier found. Try accessing the resource elsewhere."

    with override_settings(JUNO_GOCDB_CERT=str(certificate)):
        run = poll(at)
    gocdb.instead["*"] = b"No valid identifier found."
    without = poll(at)

    assert len(run.credential) == 64
    assert without.credential == ""
    assert without.outcome == Outcome.FAILED


@pytest.mark.django_db(transaction=True)
def test_two_polls_of_a_source_never_overlap(gocdb: Gocdb, at: datetime) -> None:
    with held(TOPOLOGY) as let_go:
        with pytest.raises(polling.PollIsRunning):
            poll(at)
        assert not FeedRun.objects.exists()
        threading.Timer(0.5, let_go.set).start()
        assert poll(at, wait_seconds=10).outcome == Outcome.OK


def test_the_lock_is_free_after_a_poll_and_after_an_error(at: datetime) -> None:
    with pytest.raises(RuntimeError), lock.only_one("x") as got:
        assert got
        raise RuntimeError
    with lock.only_one("x") as got:
        assert got
