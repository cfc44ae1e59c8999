"""What monitoring said is kept with the ticket; what changes while it is open is noted."""

from datetime import timedelta

import pytest

from monitoring.models import Downtime
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets import tasks
from tickets.actions import context, watch, work
from tickets.models import ContextSnapshot, HistoryEntry, Ticket

HOUR = timedelta(hours=1)


def _declare(site, *, key="1G0", starts=-HOUR, lasts=4 * HOUR, **fields):
    return Downtime.objects.create(
        source="gocdb",
        key=key,
        site=site,
        severity=fields.pop("severity", "OUTAGE"),
        classification="SCHEDULED",
        declared_at=AT - 2 * HOUR,
        starts_at=AT + starts,
        ends_at=AT + starts + lasts,
        first_seen_at=AT - 2 * HOUR,
        changed_at=AT - 2 * HOUR,
        **fields,
    )


def _told(ticket):
    entries = HistoryEntry.objects.filter(ticket=ticket, kind="ticket.context-changed")
    return [
        [(change["what"], change["key"]) for change in entry.facts["changes"]]
        for entry in entries.order_by("pk")
    ]


@pytest.fixture
def ticket(cast):
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    watch.refresh_contexts(at=AT)
    return ticket


def test_the_snapshot_is_of_the_moment_of_the_problem(cast):
    _declare(cast.in2p3, starts=-10 * HOUR, lasts=2 * HOUR)
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3], problem_at=AT - 9 * HOUR)

    first = context.attach_context(ticket=ticket, at=AT)
    again = context.attach_context(ticket=ticket, at=AT + HOUR)

    assert first == again
    assert [site["state"] for site in first.data["then"]["sites"]] == ["outage"]
    assert first.data["now"]["sites"][0]["downtimes"] == []
    # Nobody has polled anything: unknown, never fine.
    assert first.data["now"]["sites"][0]["state"] == "unknown"


def test_a_ticket_without_sites_has_an_empty_context(cast):
    ticket = make_ticket(by=cast.ada)

    assert context.attach_context(ticket=ticket, at=AT).data["then"]["sites"] == []


def test_the_story_of_a_downtime_on_an_open_ticket(cast, ticket):
    context.attach_context(ticket=ticket, at=AT)
    assert watch.refresh_contexts(at=AT) == 0

    downtime = _declare(cast.in2p3, starts=HOUR, lasts=2 * HOUR)
    assert watch.refresh_contexts(at=AT) == 1
    assert watch.refresh_contexts(at=AT) == 0
    watch.refresh_contexts(at=AT + HOUR)
    Downtime.objects.filter(pk=downtime.pk).update(ends_at=AT + 4 * HOUR)
    watch.refresh_contexts(at=AT + 2 * HOUR)
    watch.refresh_contexts(at=AT + 4 * HOUR)

    assert _told(ticket) == [
        [("declared", "1G0")],
        [("began", "1G0")],
        [("changed", "1G0")],
        [("ended", "1G0")],
    ]
    entry = HistoryEntry.objects.filter(kind="ticket.context-changed").first()
    assert (entry.is_public, entry.dispatches.count()) == (False, 0)


def test_no_recovery_between_a_downtime_and_its_extension(cast, ticket):
    first = _declare(cast.in2p3, starts=-HOUR, lasts=2 * HOUR)
    context.attach_context(ticket=ticket, at=AT)
    watch.refresh_contexts(at=AT)
    _declare(cast.in2p3, key="2G0", starts=HOUR, lasts=2 * HOUR, extends=first)

    watch.refresh_contexts(at=AT)
    watch.refresh_contexts(at=AT + HOUR)
    watch.refresh_contexts(at=AT + 3 * HOUR)

    assert _told(ticket) == [[("extended", "2G0")], [("began", "2G0")], [("ended", "2G0")]]


def test_a_withdrawn_downtime_is_said(cast, ticket):
    downtime = _declare(cast.in2p3, starts=2 * HOUR)
    context.attach_context(ticket=ticket, at=AT)
    watch.refresh_contexts(at=AT)
    Downtime.objects.filter(pk=downtime.pk).update(withdrawn_at=AT + HOUR)

    watch.refresh_contexts(at=AT + HOUR)

    assert _told(ticket) == [[("withdrawn", "1G0")]]


def test_closed_tickets_and_other_sites_are_left_in_peace(cast, ticket):
    elsewhere = make_ticket(by=cast.ada, affected_sites=[cast.beijing])
    for each in (ticket, elsewhere):
        context.attach_context(ticket=each, at=AT)
    Ticket.objects.filter(pk=ticket.pk).update(status="CLOSED")
    _declare(cast.in2p3)

    assert watch.refresh_contexts(at=AT) == 0
    assert ContextSnapshot.objects.count() == 2


def test_one_broken_ticket_does_not_cost_the_others(cast, ticket, caplog):
    broken = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    for each in (ticket, broken):
        context.attach_context(ticket=each, at=AT)
    ContextSnapshot.objects.filter(ticket=broken).update(data={})
    _declare(cast.in2p3)

    assert watch.refresh_contexts(at=AT) == 1

    assert len(_told(ticket)) == 1
    assert f"ticket {broken.pk} was left" in caplog.text


def test_a_busy_site_is_told_a_few_tickets_a_round_and_nobody_is_forgotten(cast, monkeypatch):
    monkeypatch.setattr(watch, "TICKETS_AT_ONCE", 2)
    tickets = [make_ticket(by=cast.ada, affected_sites=[cast.in2p3]) for _ in range(5)]
    for each in tickets:
        context.attach_context(ticket=each, at=AT)
    _declare(cast.in2p3)

    assert [watch.refresh_contexts(at=AT) for _ in range(4)] == [2, 2, 1, 0]

    assert all(_told(each) == [[("declared", "1G0")]] for each in tickets)


def test_a_site_that_is_added_brings_its_running_downtime(cast, clock_at):
    clock_at(AT)
    _declare(cast.beijing)
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    context.attach_context(ticket=ticket, at=AT)

    work.set_affected_sites(ticket=ticket, sites=[cast.in2p3, cast.beijing], by=cast.ada, at=AT)
    tasks.sweep_dispatches()

    assert _told(ticket) == [[("declared", "1G0")]]
