"""The spine: append-only in the database itself, and handed on after the commit."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, InternalError, transaction
from kombu.exceptions import OperationalError

from tests.make import AT
from tests.tickets.make import assign_with_undo, make_ticket
from tickets import history, tasks
from tickets.models import Consumer, Dispatch, HistoryEntry


@pytest.mark.parametrize("change", ["update", "delete", "sql"])
def test_the_database_refuses_to_change_history(cast, change):
    entry = HistoryEntry.objects.get(ticket=make_ticket(by=cast.ada))

    with pytest.raises((InternalError, DatabaseError)), transaction.atomic():
        if change == "update":
            HistoryEntry.objects.filter(pk=entry.pk).update(facts={})
        elif change == "delete":
            entry.dispatches.all().delete()
            HistoryEntry.objects.filter(pk=entry.pk).delete()
        else:
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute("UPDATE tickets_historyentry SET kind = 'x'")

    assert HistoryEntry.objects.get(pk=entry.pk).facts == entry.facts


def test_a_broker_that_is_away_does_not_make_a_request_fail(
    cast, monkeypatch, django_capture_on_commit_callbacks
):
    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.canvas.Signature.apply_async", refuse)

    with django_capture_on_commit_callbacks(execute=True):
        ticket = make_ticket(by=cast.ada)

    assert Dispatch.objects.filter(entry__ticket=ticket, done_at=None).count() == 3


def test_every_handler_exists():
    from juno_support.celery import app

    app.loader.import_default_modules()
    assert history.HANDLER in app.tasks
    assert set(tasks.CONSUMERS) == set(Consumer.values)


def test_the_sweep_does_what_was_left_and_only_once(cast, clock_at, monkeypatch):
    handled = []
    monkeypatch.setattr(
        tasks, "CONSUMERS", {name: lambda row: handled.append(row.consumer) for name in Consumer}
    )
    clock_at(AT)
    make_ticket(by=cast.ada)

    tasks.sweep_dispatches()
    tasks.sweep_dispatches()

    assert sorted(handled) == ["context", "mail", "routing"]
    assert not Dispatch.objects.filter(done_at=None).exists()


def test_a_failure_is_noted_holds_nobody_up_and_is_tried_again(cast, clock_at, monkeypatch):
    handled = []

    def fail(row):
        raise ValueError("no snapshot")

    monkeypatch.setattr(
        tasks, "CONSUMERS", {"context": fail, "mail": lambda row: handled.append(row.pk)}
    )
    clock_at(AT)
    make_ticket(by=cast.ada)

    tasks.sweep_dispatches()

    failed = Dispatch.objects.get(consumer="context")
    assert handled
    assert (failed.attempts, failed.done_at) == (1, None)
    assert "no snapshot" in failed.error
    assert failed.not_before > AT
    tasks.sweep_dispatches()
    failed.refresh_from_db()
    assert failed.attempts == 1
    clock_at(AT + timedelta(hours=2))
    tasks.sweep_dispatches()
    failed.refresh_from_db()
    assert failed.attempts == 2


def test_what_waits_for_an_undo_is_not_handled_before(cast, clock_at, monkeypatch):
    handled = []
    monkeypatch.setattr(
        tasks, "CONSUMERS", {name: lambda row: handled.append(row.entry.kind) for name in Consumer}
    )
    clock_at(AT)
    ticket = make_ticket(by=cast.ada)
    tasks.sweep_dispatches()
    handled.clear()
    assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)

    tasks.sweep_dispatches()
    assert handled == []
    clock_at(AT + timedelta(seconds=10))
    tasks.sweep_dispatches()
    assert handled == ["ticket.unit-changed"]


def test_what_fails_for_days_does_not_stop_the_sweep(cast, clock_at, monkeypatch):
    handled = []

    def fail(row):
        raise ValueError("no snapshot")

    monkeypatch.setattr(
        tasks, "CONSUMERS", {"context": fail, "mail": lambda row: handled.append(row.pk)}
    )
    clock_at(AT)
    make_ticket(by=cast.ada)
    Dispatch.objects.filter(consumer="context").update(
        attempts=5000, not_before=AT - timedelta(days=1)
    )

    tasks.sweep_dispatches()

    failed = Dispatch.objects.get(consumer="context")
    assert handled
    assert (failed.attempts, failed.not_before) == (5001, AT + tasks.LONGEST_PAUSE)
