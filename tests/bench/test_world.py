"""The bench world fits the tables as they are now, and holds what the measurements look for."""

from collections.abc import Iterator

import pytest
from django.db import connection

from bench import load, run, world
from juno_support.accounts.models import User
from tests.make import AT
from tickets.actions import clock_round
from tickets.models import (
    DiaryEntry,
    HistoryEntry,
    ResponsePeriod,
    SearchDocument,
    StatusInterval,
    Ticket,
)
from tickets.response import CLOCKED
from tickets.search.run import find

TICKETS = 240


@pytest.fixture
def filled(transactional_db: None) -> Iterator[None]:
    places = load._make_places()
    with load.without_indexes(load.TABLES):
        load._begin(places)
        for first in range(1, TICKETS + 1, 80):
            load._copy((first, first + 79, TICKETS))
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("SET synchronous_commit = DEFAULT")
    load._finish(TICKETS)
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET maintenance_work_mem")
        cursor.execute("RESET max_parallel_maintenance_workers")


def test_the_world_fits_the_tables(filled: None) -> None:
    assert Ticket.objects.count() == SearchDocument.objects.count() == TICKETS
    assert DiaryEntry.objects.count() == TICKETS * world.ENTRIES
    assert StatusInterval.objects.filter(ends_at=None).count() == TICKETS
    # Every check and every foreign key holds, although they were not looked at while loading.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conrelid::regclass::text LIKE 'tickets\\_%'"
            " AND contype IN ('c', 'f')"
        )
        for table, name, _, definition in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    assert ResponsePeriod.objects.count() == TICKETS
    clocked = Ticket.objects.filter(status__in=CLOCKED)
    assert clocked.count() == clocked.filter(due_at__isnull=False).count() > 0
    assert clock_round.look_at_due(at=world.END) == 0
    assert clock_round.recount_changed_units(at=world.END) == 0
    newest = Ticket.objects.order_by("-pk")[0]
    assert newest.last_entry_id == HistoryEntry.objects.filter(ticket=newest).order_by("-pk")[0].pk
    assert 0.15 < Ticket.objects.filter(is_open=True).count() / TICKETS < 0.35
    supporter = User.objects.get(username="bench-supporter")
    submitter = User.objects.get(username="bench-submitter")
    rare = find(world.RARE, user=supporter, at=AT)
    assert 8 <= len(rare.ids) <= 14
    assert len(find(world.COMMON, user=supporter, at=AT).ids) == 50
    pair = find(" ".join(world.PAIR), user=supporter, at=AT).ids
    assert 3 <= len(pair) <= 10
    assert max(pair) < TICKETS / 5
    assert len(find("", user=submitter, at=AT, size=100).ids) > 50
    assert find("作业失败", user=supporter, at=AT).ids


def test_the_same_tickets_are_made_again() -> None:
    places = world.Places(*(list(range(n)) for n in (world.UNITS, world.SITES, world.VOS, 300)), 5)
    assert world.tickets(81, 120, TICKETS, places) == world.tickets(81, 120, TICKETS, places)


def test_the_table_says_what_was_missed() -> None:
    figure = {"median_ms": 10.0, "p95_ms": 12.0, "queries": 3, "n": 9}
    report = {
        "tickets": 1000,
        "figures": {
            "floor": figure,
            "queue": figure | {"median_ms": 26.0, "queries": 13},
            "ticket": figure | {"median_ms": 29.0, "most_queries": 5},
            "search_pair": figure | {"median_ms": 90.0, "says_budget": True},
        },
        "memory_mb": {"web": 100.0, "worker": 100.0, "beat": 50.0},
        "start_s": 3.0,
    }
    lines = {line.split(" ")[0]: line for line in run.table(report).splitlines()}
    assert "2.60" in lines["queue"] and "MISSED" in lines["queue"]
    assert "queries ≤ 12 MISSED" in lines["queue"]
    assert lines["ticket"].endswith("≤ 3.0 ok") and " 3 (5) " in lines["ticket"]
    assert "said on the page" in lines["search_pair"]
    assert "together 250 MB" in lines["memory"]
