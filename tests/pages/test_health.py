"""Alive, ready, figures."""

import pytest
from django.db import DatabaseError
from django.test import Client

from juno_support import tasks
from tests.tickets.make import make_ticket


def test_alive_asks_nobody(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_tells_of_the_worker_but_does_not_need_it():
    before = Client().get("/readyz")
    tasks.beat_heart()
    after = Client().get("/readyz")

    assert (before.status_code, before.json()["worker"]) == (200, "no sign of life")
    assert (after.status_code, after.json()["worker"]) == (200, "ok")
    assert after.json()["migrations"] == "ok"


@pytest.mark.django_db
def test_ready_tells_of_a_broker_that_is_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["broker"]) == (200, "unreachable")


@pytest.mark.django_db
def test_not_ready_without_database(monkeypatch):
    def refuse(*args):
        raise DatabaseError

    monkeypatch.setattr("juno_support.pages.health.MigrationExecutor", refuse)

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_figures(cast):
    make_ticket(by=cast.ada)

    text = Client().get("/metrics").content.decode()

    assert 'juno_tickets_open{status="new"} 1.0' in text
    assert "juno_dispatches_waiting 3.0" in text
    assert 'juno_feed_stale{source="gocdb-topology"} 1.0' in text


@pytest.mark.django_db
def test_figures_are_not_for_the_world(settings):
    settings.JUNO_METRICS_TOKEN = "secret"

    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 403
    behind_proxy = Client(REMOTE_ADDR="127.0.0.1", headers={"X-Forwarded-For": "192.0.2.1"})
    assert behind_proxy.get("/metrics").status_code == 403
    for token, status in (("secret", 200), ("wrong", 403), ("", 403)):
        client = Client(REMOTE_ADDR="192.0.2.1", headers={"Authorization": f"Bearer {token}"})
        assert client.get("/metrics").status_code == status


@pytest.mark.django_db
def test_an_empty_token_opens_nothing(settings):
    settings.JUNO_METRICS_TOKEN = ""
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer "})

    assert client.get("/metrics").status_code == 403
