"""Make related tickets for tests, and let them catch up as a worker does."""

from datetime import datetime
from typing import Any

from juno_support.accounts.models import User
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets.actions import catch_up, work
from tickets.models import Passing, Ticket


def make_tickets(number: int, *, by: User, **fields: Any) -> list[Ticket]:
    """File several tickets."""
    return [make_ticket(by=by, **fields) for _each in range(number)]


def solve(ticket: Ticket, *, by: User, at: datetime = AT, **fields: Any) -> Ticket:
    """Solve a ticket."""
    fields = {"step": "solve", "solution": "The disk was replaced.", "code": "FIXED", **fields}
    return work.take_step(ticket=ticket, by=by, at=at, **fields)


def work_off(at: datetime = AT) -> None:
    """Let all tickets catch up, also with what that makes necessary."""
    for _round in range(10):
        if not catch_up.sweep(at=at):
            break
    assert not Passing.objects.filter(done_at=None, not_before__lte=at).exists()


def fresh(*tickets: Ticket) -> list[Ticket]:
    """Return the tickets as they are now."""
    return [Ticket.objects.get(pk=ticket.pk) for ticket in tickets]
