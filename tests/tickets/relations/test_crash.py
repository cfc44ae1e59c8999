"""A worker dies in the middle of many tickets; the next one doubles nothing and forgets nothing."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from juno_support.outbox.models import Delivery
from tests.cast import make_cast
from tests.make import AT, database_url
from tests.tickets.make import make_ticket, write
from tests.tickets.relations.make import fresh, make_tickets, solve, work_off
from tickets import tasks
from tickets.actions import catch_up, incident
from tickets.models import DiaryEntry, HistoryEntry, Kind, Passing
from tickets.workflow import Status

MANY = 12
# Each ticket is written slowly, so that the worker is killed between two, or within one.
_WORKER = """
import django, sys, time
django.setup()
from django.db import connection
from tests.make import AT
from tickets.actions import catch_up
def slowly(execute, sql, params, many, context):
    if "tickets_diaryentry" in sql and sql.startswith("INSERT"):
        time.sleep(0.5)
    return execute(sql, params, many, context)
with connection.execute_wrapper(slowly):
    catch_up.sweep(at=AT)
"""


@pytest.fixture(autouse=True)
def no_broker(monkeypatch) -> None:
    """Let no task run by itself: what is to be done waits for a sweep."""

    def refuse(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.canvas.Signature.apply_async", refuse)
    monkeypatch.setattr("celery.app.task.Task.apply_async", refuse)


def _left() -> int:
    return Passing.objects.filter(done_at=None).count()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_doubles_nothing(clock_at) -> None:
    clock_at(AT)
    cast = make_cast()
    storage = incident.declare_incident(ticket=make_ticket(by=cast.ada), by=cast.boris, at=AT)
    tickets = make_tickets(MANY, by=cast.eve)
    for ticket in tickets:
        incident.join_incident(ticket=ticket, incident=storage, by=cast.carla, at=AT)
    tasks.sweep_dispatches()
    mails = Delivery.objects.count()
    write(ticket=storage, by=cast.boris, words="A disk is being replaced.")
    solve(storage, by=cast.boris)

    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        env=os.environ | {"DATABASE_URL": database_url()},
        cwd=settings.BASE_DIR,
    )
    deadline = time.monotonic() + 120
    while _left() == 2 * MANY and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    assert 0 < _left() < 2 * MANY, "it was killed in the middle"
    work_off()
    work_off()
    tasks.sweep_dispatches()
    tasks.sweep_dispatches()

    repeated = DiaryEntry.objects.filter(ticket__in=tickets).values_list("ticket", flat=True)
    assert sorted(repeated) == [ticket.pk for ticket in tickets]
    solved = HistoryEntry.objects.filter(
        ticket__in=tickets, kind=Kind.STATUS_CHANGED, facts__step="solve"
    )
    assert sorted(solved.values_list("ticket", flat=True)) == [ticket.pk for ticket in tickets]
    assert {ticket.status for ticket in fresh(*tickets)} == {Status.SOLVED}
    new = Delivery.objects.order_by("pk")[mails:]
    assert len([mail for mail in new if mail.to_user_id == cast.eve.pk]) == 1


@pytest.mark.django_db(transaction=True)
def test_what_fails_waits_and_holds_no_other_up(clock_at) -> None:
    cast = make_cast()
    storage = incident.declare_incident(ticket=make_ticket(by=cast.ada), by=cast.boris, at=AT)
    first, second = make_tickets(2, by=cast.eve)
    for ticket in (first, second):
        incident.join_incident(ticket=ticket, incident=storage, by=cast.carla, at=AT)
    write(ticket=storage, by=cast.boris, words="A disk is being replaced.")
    # A trigger that no test's database has otherwise: the first ticket cannot be written.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'disk full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON tickets_diaryentry FOR EACH ROW"
            f" WHEN (NEW.ticket_id = {first.pk}) EXECUTE FUNCTION refuse()"
        )
    try:
        catch_up.sweep(at=AT)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON tickets_diaryentry; DROP FUNCTION refuse()")

    assert list(
        DiaryEntry.objects.filter(passed_from__isnull=False).values_list("ticket", flat=True)
    ) == [second.pk]
    left = Passing.objects.get(done_at=None)
    assert (left.ticket_id, left.attempts) == (first.pk, 1)
    assert "disk full" in left.error
    assert left.not_before > AT
    work_off(left.not_before)
    assert DiaryEntry.objects.filter(passed_from__isnull=False).count() == 2
