"""Admins hear once when a source falls silent, and the banner stands while it is."""

from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from juno_support.feeds import pushed
from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import find_kind
from juno_support.outbox.models import Delivery
from monitoring.actions.watch_sources import watch_sources
from monitoring.models import Silence
from tests.cast import Cast
from tests.make import AT
from tests.pages.test_board import ClientOf

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=1)


def run(at: datetime, outcome: Outcome, name: str = "maddash") -> None:
    FeedRun.objects.create(
        source=ensure_source(find_kind(name)),
        started_at=at,
        finished_at=at,
        outcome=outcome,
        reason="" if outcome == Outcome.OK else "No connection within 10 s.",
    )


@pytest.fixture(autouse=True)
def maddash(at: datetime) -> None:
    run(at - 600 * MINUTES, Outcome.OK, "gocdb-topology")


@pytest.fixture(autouse=True)
def address() -> object:
    with override_settings(JUNO_MADDASH_URL="http://127.0.0.1:9/maddash") as settings:
        yield settings


def test_nobody_hears_of_a_source_within_three_intervals(cast: Cast, at: datetime) -> None:
    run(at - 44 * MINUTES, Outcome.OK)
    run(at, Outcome.FAILED)
    assert watch_sources(at=at) == 0
    assert not Silence.objects.filter(source__name="maddash").exists()


def test_each_admin_gets_one_mail_and_the_banner(
    cast: Cast, at: datetime, client_of: ClientOf
) -> None:
    run(at - 46 * MINUTES, Outcome.OK)
    run(at, Outcome.FAILED)
    watch_sources(at=at)
    watch_sources(at=at + MINUTES)
    mails = Delivery.objects.filter(kind="source.silent", subject__contains="MaDDash")
    assert [mail.to_address for mail in mails] == [cast.dmitri.email]
    assert "No connection within 10 s." in mails[0].body
    assert "MaDDash" in client_of(cast.dmitri).get("/units/").content.decode()
    assert "three intervals" not in client_of(cast.eve).get("/units/").content.decode()


def test_that_nobody_asks_is_said_as_such(cast: Cast, at: datetime) -> None:
    run(at - 46 * MINUTES, Outcome.OK)
    watch_sources(at=at)
    (mail,) = Delivery.objects.filter(kind="source.silent", subject__contains="MaDDash")
    assert "look whether worker and beat run" in mail.body


def test_a_source_that_speaks_again_ends_its_silence(cast: Cast, at: datetime) -> None:
    run(at - 46 * MINUTES, Outcome.OK)
    watch_sources(at=at)
    run(at, Outcome.OK)
    watch_sources(at=at + MINUTES)
    assert Silence.objects.get(source__name="maddash").ended_at == at + MINUTES
    run(at + 60 * MINUTES, Outcome.FAILED)
    assert watch_sources(at=at + 60 * MINUTES) == 1
    assert Delivery.objects.filter(subject__contains="MaDDash").count() == 2


def test_what_nobody_set_up_is_not_silent(at: datetime) -> None:
    watch_sources(at=at)
    assert not Silence.objects.exclude(source__name__startswith="gocdb").exists()


def test_a_source_that_pushes_is_missed_only_while_it_holds_a_token(cast: Cast) -> None:
    source, _ = pushed.make_source(
        word="noc", interval=timedelta(minutes=15), namespace="", by=cast.dmitri, at=AT
    )
    later = AT + timedelta(hours=1)
    assert watch_sources(at=later) == 0
    FeedRun.objects.create(source=source, started_at=AT, finished_at=AT, outcome="ok")
    assert watch_sources(at=later) == 1
    pushed.revoke_token(source=source, by=cast.dmitri, at=later)
    watch_sources(at=later + timedelta(minutes=1))
    assert not Silence.objects.filter(ended_at=None).exists()


def test_what_falls_silent_at_once_is_one_mail(cast: Cast, at: datetime) -> None:
    run(at - 46 * MINUTES, Outcome.OK)
    run(at - 46 * MINUTES, Outcome.OK, "argo")
    with override_settings(JUNO_ARGO_URL="http://127.0.0.1:9/api"):
        assert watch_sources(at=at) == 2

    (mail,) = Delivery.objects.filter(kind="source.silent", to_address=cast.dmitri.email)
    assert "ARGO, MaDDash" in mail.subject
    assert mail.body.count("has brought nothing usable") == 2
