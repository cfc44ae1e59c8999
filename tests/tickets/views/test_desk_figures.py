"""The share solved at first line: what counts, and what does not."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.make import AT, make_shift, make_shift_type
from tests.tickets.make import make_ticket
from tickets.actions import assign, spam, work
from tickets.desk import figures
from tickets.models import Category, Ticket


def _solve(cast, ticket, at=AT):
    return work.take_step(
        ticket=ticket, step="solve", by=cast.carla, at=at, solution="Done.", code="FIXED"
    )


def test_what_tpm_solved_without_another_unit(cast):
    _solve(cast, make_ticket(by=cast.ada))
    given = assign.assign_to_unit(
        ticket=make_ticket(by=cast.ada), unit=cast.in2p3_unit, by=cast.carla, at=AT
    )
    _solve(cast, given)
    back = assign.assign_to_unit(
        ticket=make_ticket(by=cast.ada), unit=cast.in2p3_unit, by=cast.carla, at=AT
    )
    _solve(cast, assign.return_to_tpm(ticket=back, reason="x", by=cast.boris, at=AT))
    earlier = AT - timedelta(days=10)
    _solve(cast, make_ticket(by=cast.ada, at=earlier), at=earlier)

    found = figures.first_line(at=AT)

    assert (found.week.first_line, found.week.solved) == (1, 3)
    assert (found.month.first_line, found.month.solved, found.month.percent) == (2, 4, 50)


@pytest.mark.parametrize("what", ["spam", "test", "withdrawn", "next month"])
def test_what_does_not_count(cast, what):
    ticket = make_ticket(by=cast.ada)
    if what == "spam":
        spam.discard(ticket=ticket, by=cast.carla, at=AT)
    elif what == "withdrawn":
        work.take_step(ticket=ticket, step="withdraw", by=cast.ada, at=AT)
    else:
        _solve(cast, ticket)
    if what == "test":
        Ticket.objects.update(category=Category.TEST)
    at = AT + timedelta(days=40) if what == "next month" else AT

    assert figures.first_line(at=at).month.percent is None


def test_it_is_counted_once_in_two_minutes(cast):
    _solve(cast, make_ticket(by=cast.ada))
    figures.first_line(at=AT)

    with CaptureQueriesContext(connection) as queries:
        figures.first_line(at=AT)
        assert len(queries) == 0
        cache.clear()


def test_the_desk_says_until_when_one_is_tpm(cast, client_of, clock_at):
    clock_at(AT)
    make_shift(type=make_shift_type(vo=cast.juno), person=cast.ada)

    page = client_of(cast.ada).get("/tpm/").content.decode()

    assert "You are TPM until" in page
    assert "2026-01-12 16:30 UTC" in page
