"""Spam: discarded without a word to anybody, and recovered whole."""

from datetime import timedelta

import pytest

from tests.make import AT, make_issue_type
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import make_ticket
from tickets import queries
from tickets.actions import close, spam, wall_clock, work
from tickets.actions.row import ChangedMeanwhile, NotAllowed
from tickets.actions.spam import CannotDiscard
from tickets.models import Category, HistoryEntry, Ticket, WallClock
from tickets.workflow import Status


def test_discarded_is_closed_hidden_and_quiet(cast):
    ticket = spam.discard(ticket=make_ticket(by=cast.eve), by=cast.carla, at=AT)

    assert (ticket.status, ticket.category) == (Status.CLOSED, Category.SPAM)
    assert not queries.open_tickets(cast.carla).exists()
    entry = HistoryEntry.objects.latest("pk")
    assert (entry.kind, entry.is_public) == ("ticket.discarded", False)
    assert not entry.dispatches.exists()


def test_recovered_with_everything_as_it_was(cast):
    ticket = make_ticket(by=cast.ada, category=Category.SERVICE_REQUEST)
    until = AT + timedelta(days=1)
    work.take_step(ticket=ticket, step="hold", by=cast.boris, at=AT, reason="x", until=until)
    before = Ticket.objects.filter(pk=ticket.pk).values().get()
    spam.discard(ticket=ticket, by=cast.carla, at=AT)
    assert close.wake_held(at=until) == 0, "what was discarded does not wake"

    spam.recover(ticket=ticket, by=cast.carla, at=AT)

    after = Ticket.objects.filter(pk=ticket.pk).values().get()
    for own in ("last_entry_id", "updated_at"):
        del before[own], after[own]
    assert after == before


@pytest.mark.parametrize("who", ["ada", "boris", "dmitri"])
def test_only_tpm_discards(cast, who):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed):
        spam.discard(ticket=ticket, by=getattr(cast, who), at=AT)


def test_what_cannot_be_discarded_or_recovered_is_said(cast):
    ticket = make_ticket(by=cast.ada)
    with pytest.raises(CannotDiscard, match="not discarded"):
        spam.recover(ticket=ticket, by=cast.carla, at=AT)
    work.take_step(ticket=ticket, step="withdraw", by=cast.ada, at=AT)
    with pytest.raises(CannotDiscard, match="only open tickets"):
        spam.discard(ticket=ticket, by=cast.carla, at=AT)
    security = make_issue_type(name="Break-in", is_security=True)
    with pytest.raises(NotAllowed):
        spam.discard(ticket=make_ticket(by=cast.ada, issue_type=security), by=cast.carla, at=AT)


def test_the_second_of_two_operators_sees_what_the_first_did(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    work.take(ticket=ticket, by=cast.boris, at=AT)

    with pytest.raises(ChangedMeanwhile):
        spam.discard(ticket=ticket, by=cast.carla, at=AT, seen=seen)


def test_the_category_alone_makes_no_spam(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed, match="does not make a ticket spam"):
        work.change_field(ticket=ticket, field="category", value="SPAM", by=cast.boris, at=AT)


def test_a_discarded_alarm_rings_no_more_and_a_recovered_one_rings_again(cast):
    ticket = raise_alarm(cast, make_alarmer(cast))
    spam.discard(ticket=ticket, by=cast.carla, at=AT + timedelta(minutes=5))
    assert wall_clock.climb(at=AT + timedelta(hours=2)) == 0
    assert clock_of(ticket).ended_at == AT + timedelta(minutes=5)

    spam.recover(ticket=ticket, by=cast.carla, at=AT + timedelta(hours=3))

    assert clock_of(ticket).starts_at == AT + timedelta(hours=3)
    assert wall_clock.climb(at=AT + timedelta(hours=3, minutes=15)) == 1
    ticket.refresh_from_db()
    assert ticket.last_entry_id == HistoryEntry.objects.filter(ticket=ticket).latest("pk").pk


def test_an_alarm_that_was_received_does_not_ring_after_its_recovery(cast):
    ticket = raise_alarm(cast, make_alarmer(cast))
    wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=AT)
    spam.discard(ticket=ticket, by=cast.carla, at=AT)

    spam.recover(ticket=ticket, by=cast.carla, at=AT)

    assert WallClock.objects.filter(ticket=ticket).count() == 1


def test_tpm_mends_an_open_ticket_that_calls_itself_spam(cast):
    ticket = make_ticket(by=cast.ada)
    Ticket.objects.filter(pk=ticket.pk).update(category=Category.SPAM)
    change = {"ticket": ticket, "field": "category", "value": Category.INCIDENT, "at": AT}
    with pytest.raises(NotAllowed):
        work.change_field(**change, by=cast.boris)

    with pytest.raises(NotAllowed):
        work.change_field(**change | {"value": Category.SPAM}, by=cast.carla)

    assert work.change_field(**change, by=cast.carla).category == Category.INCIDENT
