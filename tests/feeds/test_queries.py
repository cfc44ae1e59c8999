"""feeds/queries: when a source is due, stale, stopped; all from its runs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from pytest_django.asserts import assertNumQueries  # type: ignore[attr-defined]

from juno_support.feeds import actions, queries
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.models import FeedRun, Outcome, Source
from juno_support.feeds.registry import find_kind

pytestmark = pytest.mark.django_db

TOPOLOGY, DOWNTIMES = "gocdb-topology", "gocdb-downtimes"
HOURS = timedelta(hours=1)
Remember = Callable[..., FeedRun]


@pytest.fixture(autouse=True)
def address() -> object:
    with override_settings(JUNO_GOCDB_URL="http://127.0.0.1:9/gocdbpi") as given:
        yield given


@pytest.fixture
def remember(at: datetime) -> Remember:
    def make(outcome: str, ago: timedelta, name: str = TOPOLOGY, **fields: object) -> FeedRun:
        return FeedRun.objects.create(
            source=ensure_source(find_kind(name)),
            started_at=at - ago,
            finished_at=at - ago,
            outcome=outcome,
            **fields,
        )

    return make


def test_a_source_is_due_at_once_and_what_stands_on_it_waits(at: datetime) -> None:
    topology, downtimes = queries.standings(at)[:2]

    assert topology.is_due(at)
    assert topology.is_stale
    assert not downtimes.is_due(at)
    assert downtimes.waits_for == TOPOLOGY


def test_after_the_first_success_the_other_is_due(at: datetime, remember: Remember) -> None:
    remember(Outcome.OK, timedelta())

    topology, downtimes = queries.standings(at)[:2]

    assert not topology.is_due(at)
    assert topology.next_poll_at == at + 6 * HOURS
    assert downtimes.is_due(at)


@pytest.mark.parametrize(
    ("failures", "pause"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (50, 15)],
)
def test_pauses_grow_to_a_limit(failures: int, pause: int) -> None:
    assert queries.pause_after_failures(failures, 6 * HOURS) == timedelta(minutes=pause)


def test_a_quick_source_has_short_pauses() -> None:
    assert queries.pause_after_failures(1, timedelta(seconds=10)) == timedelta(seconds=10)
    assert queries.pause_after_failures(9, timedelta(seconds=10)) == timedelta(seconds=200)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SUSPICIOUS])
def test_bad_polls_since_the_last_good_one_are_counted(
    at: datetime, remember: Remember, outcome: str
) -> None:
    remember(Outcome.FAILED, 9 * HOURS)
    remember(Outcome.UNCHANGED, 8 * HOURS)
    remember(outcome, 2 * HOURS)
    remember(outcome, HOURS)

    standing = queries.standing_of(TOPOLOGY, at)

    assert standing.failures == 2
    assert standing.next_poll_at == at - HOURS + timedelta(minutes=2)
    assert standing.last_success_at == at - 8 * HOURS


@pytest.mark.parametrize(("ago", "stale"), [(17.9, False), (18.1, True)])
def test_stale_after_three_intervals(
    at: datetime, remember: Remember, ago: float, stale: bool
) -> None:
    remember(Outcome.UNCHANGED, ago * HOURS)
    remember(Outcome.FAILED, timedelta())

    assert queries.standing_of(TOPOLOGY, at).is_stale is stale
    assert queries.freshness(at)[TOPOLOGY].stale is stale


def test_never_polled_is_stale(at: datetime) -> None:
    age = queries.freshness(at, [DOWNTIMES])[DOWNTIMES]

    assert age.stale
    assert age.last_success is None


def test_freshness_takes_few_queries(at: datetime, remember: Remember) -> None:
    remember(Outcome.OK, HOURS)
    remember(Outcome.OK, HOURS, DOWNTIMES)

    with assertNumQueries(1):
        queries.freshness(at)


def test_a_refused_credential_stops_polling_until_it_changes(
    at: datetime, remember: Remember, tmp_path: Path
) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("the old one")
    with override_settings(JUNO_GOCDB_CERT=str(certificate)):
        source = ensure_source(find_kind(TOPOLOGY))
        remember(Outcome.FAILED, 9 * HOURS, credential=configuration_of(source).fingerprint())
        stopped = queries.standing_of(TOPOLOGY, at)
        certificate.write_text("the new one")
        renewed = queries.standing_of(TOPOLOGY, at)

    assert stopped.is_stopped
    assert not stopped.is_due(at)
    assert not renewed.is_stopped
    assert renewed.is_due(at)


def test_what_is_switched_off_or_has_no_address_is_never_due(at: datetime) -> None:
    ensure_source(find_kind(TOPOLOGY))
    with override_settings(JUNO_GOCDB_URL=""):
        assert not queries.standing_of(TOPOLOGY, at).is_due(at)
    Source.objects.update(is_enabled=False)
    assert not queries.standing_of(TOPOLOGY, at).is_due(at)


def test_the_environment_wins_over_the_row(at: datetime) -> None:
    Source.objects.create(name=TOPOLOGY, url="https://row.example.org", interval=5 * HOURS)

    with override_settings(JUNO_GOCDB_TOPOLOGY_INTERVAL=90):
        there = queries.standing_of(TOPOLOGY, at).configuration
    with override_settings(JUNO_GOCDB_URL=""):
        here = queries.standing_of(TOPOLOGY, at).configuration

    assert there.url == "http://127.0.0.1:9/gocdbpi"
    assert there.interval == timedelta(seconds=90)
    assert there.from_environment == {"url", "interval"}
    assert here.url == "https://row.example.org"
    assert here.interval == 5 * HOURS
    assert here.from_environment == frozenset()


def test_the_last_wide_question_is_known(at: datetime, remember: Remember) -> None:
    remember(Outcome.OK, 5 * HOURS, DOWNTIMES, window_starts_at=at - timedelta(days=30))
    remember(Outcome.OK, HOURS, DOWNTIMES, window_starts_at=at - timedelta(days=2))
    remember(Outcome.FAILED, timedelta(), DOWNTIMES, window_starts_at=at - timedelta(days=30))

    assert queries.last_wide_run_at(Source.objects.get(name=DOWNTIMES)) == at - 5 * HOURS


def test_old_runs_go_but_the_first_and_last_good_ones(at: datetime, remember: Remember) -> None:
    first = remember(Outcome.OK, 90 * 24 * HOURS)
    remember(Outcome.UNCHANGED, 80 * 24 * HOURS)
    last = remember(Outcome.UNCHANGED, 70 * 24 * HOURS)
    remember(Outcome.FAILED, 65 * 24 * HOURS)
    recent = remember(Outcome.FAILED, HOURS)

    assert actions.forget_old_runs(before=at - timedelta(days=60)) == 2
    assert set(FeedRun.objects.all()) == {first, last, recent}
