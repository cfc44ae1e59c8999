"""Rules that route by themselves: once, only what nobody sent, never Security."""

import pytest

from supportunits.models import UnitState
from tests.make import AT, make_issue_type, make_site, make_site_unit, make_unit
from tests.tickets.make import make_ticket
from tests.tickets.routing.make import make_rule
from tickets import tasks
from tickets.actions import assign
from tickets.models import Category, HistoryEntry, Kind, Ticket
from tickets.routing import automatic
from tickets.routing.models import AutomaticRouting
from tickets.workflow import Status


@pytest.fixture
def storage(cast):
    return make_unit(name="Storage", members=(cast.boris,))


@pytest.fixture
def rule(cast, storage):
    return make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"], is_automatic=True)


def test_the_worker_routes_after_filing(cast, rule, storage, clock_at):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada, subject="The tape is stuck")

    tasks.sweep_dispatches()
    tasks.sweep_dispatches()

    ticket.refresh_from_db()
    assert (ticket.unit, ticket.status, ticket.unit_changes) == (storage, Status.ASSIGNED, 0)
    entry = HistoryEntry.objects.get(ticket=ticket, kind=Kind.ASSIGNED_TO_UNIT)
    assert (entry.actor, entry.facts["rule"]) == (None, rule.pk)
    use = AutomaticRouting.objects.get()
    assert (use.ticket, use.rule, use.unit, use.entry) == (ticket, rule, storage, entry)


def test_a_ticket_that_came_back_is_not_routed_again(cast, rule, storage):
    ticket = make_ticket(by=cast.ada, subject="The tape is stuck")
    automatic.route_by_rules(ticket=ticket, at=AT)
    assign.return_to_tpm(ticket=ticket, reason="Not ours.", by=cast.boris, at=AT)

    assert automatic.route_by_rules(ticket=ticket, at=AT) is None

    ticket.refresh_from_db()
    assert ticket.unit == cast.tpm


def test_the_first_that_fits_wins(cast, rule, storage):
    other = make_unit(name="Library")
    make_rule(name="Only suggests", unit=other, by=cast.dmitri, words=["tape"], position=1)
    make_rule(
        name="Robot", unit=other, by=cast.dmitri, words=["robot"], position=2, is_automatic=True
    )
    ticket = make_ticket(by=cast.ada, subject="tape and robot")

    assert automatic.route_by_rules(ticket=ticket, at=AT).name == "Robot"


@pytest.mark.parametrize(
    "what", ["security", "direct", "site", "spam", "routed", "off", "suggests"]
)
def test_what_is_left_alone(cast, rule, storage, what):
    fields = {}
    if what == "security":
        fields = {"issue_type": make_issue_type(name="Break-in", is_security=True)}
    elif what == "direct":
        fields = {"unit": cast.in2p3_unit}
    elif what == "site":
        fields = {"notified_site": make_site(name="NOWHERE")}
    ticket = make_ticket(by=cast.ada, subject="The tape is stuck", **fields)
    before = ticket.unit
    if what == "spam":
        Ticket.objects.filter(pk=ticket.pk).update(category=Category.SPAM)
    elif what == "routed":
        before = cast.in2p3_unit
        assign.assign_to_unit(ticket=ticket, unit=before, by=cast.carla, at=AT)
    elif what == "off":
        type(rule).objects.update(is_on=False)
    elif what == "suggests":
        type(rule).objects.update(is_automatic=False)

    automatic_consumers = ticket.history.first().dispatches.filter(consumer="routing")
    assert automatic_consumers.exists() == (what not in ("security", "direct", "site"))
    if what != "site":
        automatic.route_by_rules(ticket=ticket, at=AT)

    ticket.refresh_from_db()
    assert ticket.unit == before
    assert not AutomaticRouting.objects.exists()


def test_a_unit_that_closed_stops_its_rule_and_tpm_has_the_ticket(cast, rule, storage):
    type(storage).objects.filter(pk=storage.pk).update(state=UnitState.CLOSED)
    ticket = make_ticket(by=cast.ada, subject="The tape is stuck")

    assert automatic.route_by_rules(ticket=ticket, at=AT) is None


def test_a_site_that_left_gives_room_to_the_next_rule(cast, storage):
    site = make_site(name="SINP")
    make_rule(
        name="One",
        unit=make_site_unit(site=site),
        by=cast.dmitri,
        words=["tape"],
        is_automatic=True,
    )
    second = make_rule(name="Two", unit=storage, by=cast.dmitri, words=["tapes"], is_automatic=True)
    site.certification_status = "Closed"
    site.save()
    ticket = make_ticket(by=cast.ada, subject="The tape of many tapes is stuck")

    assert automatic.route_by_rules(ticket=ticket, at=AT) == second


def test_supporters_read_which_rule_it_was_and_others_only_that_one_did(
    cast, rule, client_of, clock_at
):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada, subject="The tape is stuck")
    automatic.route_by_rules(ticket=ticket, at=AT)

    theirs = client_of(cast.boris).get(f"/tickets/{ticket.pk}/").content.decode()
    hers = client_of(cast.ada).get(f"/tickets/{ticket.pk}/").content.decode()

    assert "<strong>A rule</strong>, “Tape”, gave the ticket to" in theirs
    assert "<strong>A rule</strong> gave the ticket to" in hers
    assert "“Tape”" not in hers
