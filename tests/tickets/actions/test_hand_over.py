"""People who left, units and sites that closed: what follows on tickets, once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportunits.models import Shift, UnitMembership, UnitState
from tests.make import (
    AT,
    make_operations_centre,
    make_shift,
    make_shift_type,
    make_site,
    make_site_unit,
    make_unit,
    make_user,
)
from tests.tickets.make import make_ticket
from tickets.actions import assign, hand_over, work
from tickets.models import HistoryEntry, Ticket, TicketPerson
from tickets.workflow import Status

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("how", ["account closed", "left the unit", "unit closed"])
def test_who_left_is_taken_off_open_tickets(cast, how):
    ticket = work.take(ticket=make_ticket(by=cast.ada, unit=cast.in2p3_unit), by=cast.boris, at=AT)
    assert hand_over.release_leavers(at=AT) == 0
    match how:
        case "account closed":
            cast.boris.is_active = False
            cast.boris.save()
        case "left the unit":
            UnitMembership.objects.filter(user=cast.boris).delete()
        case "unit closed":
            type(cast.in2p3_unit).objects.update(state=UnitState.CLOSED)

    assert hand_over.release_leavers(at=AT) == 1
    assert hand_over.release_leavers(at=AT) == 0

    assert not TicketPerson.objects.exists()
    entry = HistoryEntry.objects.latest("pk")
    assert (entry.kind, entry.actor, entry.ticket) == ("ticket.person-removed", None, ticket)


@pytest.mark.parametrize("part", ["takes it", "is involved"])
def test_who_is_on_shift_keeps_a_ticket_without_being_in_a_unit(cast, clock_at, part):
    clock_at(AT)
    make_shift(type=make_shift_type(vo=cast.juno), person=cast.ada, starts_at=AT - HOUR)
    ticket = make_ticket(by=cast.eve, vo=cast.juno)
    if part == "takes it":
        work.take(ticket=ticket, by=cast.ada, at=AT)
    else:
        assign.involve(ticket=ticket, person=cast.ada, by=cast.carla, at=AT)

    assert hand_over.release_leavers(at=AT) == 0
    Shift.objects.update(ends_at=AT)
    assert hand_over.release_leavers(at=AT) == 1


def test_a_shift_of_a_type_out_of_use_keeps_no_ticket(cast, clock_at):
    clock_at(AT)
    kind = make_shift_type(vo=cast.juno)
    make_shift(type=kind, person=cast.ada, starts_at=AT - HOUR)
    work.take(ticket=make_ticket(by=cast.eve, vo=cast.juno), by=cast.ada, at=AT)
    kind.is_active = False
    kind.save()
    assert hand_over.release_leavers(at=AT) == 1


@pytest.mark.parametrize("sweep", [hand_over.release_leavers, hand_over.leave_closed_units])
def test_where_nobody_left_no_open_ticket_is_walked_through(cast, sweep):
    work.take(ticket=make_ticket(by=cast.ada, unit=cast.in2p3_unit), by=cast.boris, at=AT)

    with CaptureQueriesContext(connection) as asked:
        assert sweep(at=AT) == 0

    [question] = asked.captured_queries
    start = question["sql"].split(" FROM ")[1]
    assert start.startswith(('"accounts_user"', '"supportunits_supportunit"'))


def test_solved_tickets_keep_their_people(cast):
    ticket = work.take(ticket=make_ticket(by=cast.ada), by=cast.boris, at=AT)
    work.take_step(
        ticket=ticket, step="solve", by=cast.boris, at=AT, solution="Done.", code="FIXED"
    )
    UnitMembership.objects.all().delete()

    assert hand_over.release_leavers(at=AT) == 0


def test_a_closed_unit_hands_its_tickets_to_tpm(cast):
    unit = make_unit(name="Old", members=(make_user(),))
    ticket = make_ticket(by=cast.ada, unit=unit)
    unit.state = UnitState.CLOSED
    unit.save()

    assert hand_over.leave_closed_units(at=AT) == 1
    assert hand_over.leave_closed_units(at=AT) == 0

    ticket.refresh_from_db()
    assert (ticket.unit, ticket.status) == (cast.tpm, Status.ASSIGNED)
    assert HistoryEntry.objects.latest("pk").words == "Old is closed."


@pytest.mark.parametrize(
    ("fields", "is_handed_over"),
    [
        ({"certification_status": "Closed"}, True),
        ({"gone_at": AT}, True),
        ({"certification_status": "Suspended"}, False),
        ({"certification_status": "Uncertified"}, False),
    ],
)
def test_closed_sites_hand_over_to_their_operations_centre(cast, fields, is_handed_over):
    centre = make_operations_centre(name="NGI_IT")
    centre_unit = make_unit(name="NGI_IT", kind="OPERATIONS_CENTRE", operations_centre=centre)
    site = make_site(name="INFN-T1", operations_centre=centre)
    unit = make_site_unit(site=site)
    ticket = make_ticket(by=cast.ada, notified_site=site)
    assert ticket.unit == unit
    type(site).objects.filter(pk=site.pk).update(**fields)

    hand_over.leave_closed_units(at=AT)

    ticket.refresh_from_db()
    assert (ticket.unit == centre_unit) == is_handed_over


def test_final_tickets_stay(cast):
    unit = make_unit(name="Old")
    ticket = make_ticket(by=cast.ada, unit=unit)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.VERIFIED)
    type(unit).objects.filter(pk=unit.pk).update(state=UnitState.CLOSED)

    assert hand_over.leave_closed_units(at=AT) == 0


def test_the_system_routes_without_a_person(cast):
    ticket = make_ticket(by=cast.ada)

    ticket = assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=None, at=AT)

    assert HistoryEntry.objects.latest("pk").actor is None
