"""feeds/tasks: the worker's side of polling."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from juno_support.feeds import tasks
from juno_support.feeds.models import FeedRun
from monitoring.models import Downtime
from tests.beside import held
from tests.gocdb_upstream import DowntimeRow, Gocdb

pytestmark = pytest.mark.django_db

StandAt = Callable[[datetime], None]


def polled() -> list[str]:
    return list(FeedRun.objects.order_by("pk").values_list("source__name", flat=True))


def test_all_that_is_due_is_polled_each_after_what_it_stands_on(
    gocdb: Gocdb, at: datetime, clock_at: StandAt
) -> None:
    clock_at(at)
    gocdb.downtimes = [
        DowntimeRow("5G0", at, at + timedelta(hours=2), [gocdb.services[0]]),
    ]

    tasks.poll_due()

    assert polled() == ["gocdb-topology", "gocdb-downtimes"]
    assert Downtime.objects.count() == 1


def test_what_is_not_due_is_left_alone(gocdb: Gocdb, at: datetime, clock_at: StandAt) -> None:
    clock_at(at)
    tasks.poll_due()

    clock_at(at + timedelta(minutes=4))
    tasks.poll_due()
    assert len(polled()) == 2

    clock_at(at + timedelta(minutes=5))
    tasks.poll_due()
    assert polled()[2:] == ["gocdb-downtimes"]


def test_a_task_that_waited_too_long_does_nothing(
    gocdb: Gocdb, at: datetime, clock_at: StandAt
) -> None:
    clock_at(at)
    tasks.poll_source(name="gocdb-topology")
    tasks.poll_source(name="gocdb-topology")

    assert polled().count("gocdb-topology") == 1


def test_try_now_polls_whatever_the_interval(gocdb: Gocdb, at: datetime, clock_at: StandAt) -> None:
    clock_at(at)
    tasks.poll_source(name="gocdb-topology")
    tasks.poll_source(name="gocdb-topology", force=True)

    assert polled().count("gocdb-topology") == 2


def test_a_failing_source_is_asked_again_after_a_pause(
    gocdb: Gocdb, at: datetime, clock_at: StandAt
) -> None:
    gocdb.instead["*"] = b"<error>the database is down</error>"
    clock_at(at)
    tasks.poll_due()
    clock_at(at + timedelta(seconds=59))
    tasks.poll_due()
    assert len(polled()) == 1

    gocdb.instead.clear()
    clock_at(at + timedelta(seconds=61))
    tasks.poll_due()
    assert polled() == ["gocdb-topology", "gocdb-topology", "gocdb-downtimes"]


@pytest.mark.django_db(transaction=True)
def test_a_poll_that_runs_elsewhere_is_left_to_run(
    gocdb: Gocdb, at: datetime, clock_at: StandAt
) -> None:
    clock_at(at)
    with held("gocdb-topology"):
        tasks.poll_source(name="gocdb-topology")
    assert not FeedRun.objects.exists()
