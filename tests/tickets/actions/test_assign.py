"""Assigning to units and people, bouncing."""

from datetime import timedelta

import pytest

from supportunits.models import UnitState
from tests.make import (
    AT,
    make_issue_type,
    make_site,
    make_site_unit,
    make_unit,
    make_user,
    make_vo_site,
)
from tests.tickets.make import make_ticket
from tickets.actions import assign
from tickets.actions.assign import AlreadyThere, ReasonMissing, UnitNotRoutable
from tickets.actions.row import ChangedMeanwhile, NotAllowed
from tickets.models import BounceReason, HistoryEntry, StatusInterval, TicketPerson
from tickets.workflow import Status, StepNotAllowed

SOON = AT + timedelta(seconds=5)
LATE = AT + timedelta(seconds=11)


def _route(cast, ticket, **fields):
    return assign.assign_to_unit(
        ticket=ticket, unit=fields.pop("unit", cast.in2p3_unit), by=cast.carla, at=AT, **fields
    )


def test_tpm_routes_a_new_ticket_without_a_reason(cast):
    ticket = _route(cast, make_ticket(by=cast.ada))

    assert (ticket.status, ticket.unit, ticket.unit_changes) == (
        Status.ASSIGNED,
        cast.in2p3_unit,
        0,
    )
    assert StatusInterval.objects.get(ticket=ticket, ends_at=None).unit == cast.in2p3_unit
    assert StatusInterval.objects.filter(ticket=ticket, ends_at=AT).count() == 1


def test_a_re_assignment_needs_a_reason_and_counts_as_a_bounce(cast):
    ticket = _route(cast, make_ticket(by=cast.ada))

    with pytest.raises(ReasonMissing):
        assign.return_to_tpm(ticket=ticket, reason=" ", by=cast.boris, at=AT)
    ticket = assign.return_to_tpm(ticket=ticket, reason="Not our SE.", by=cast.boris, at=AT)

    assert (ticket.unit, ticket.status, ticket.unit_changes) == (cast.tpm, Status.ASSIGNED, 1)
    assert HistoryEntry.objects.latest("pk").words == "Not our SE."


def test_a_unit_gives_it_back_with_a_reason_of_the_list(cast):
    ticket = _route(cast, make_ticket(by=cast.ada))

    with pytest.raises(ReasonMissing):
        assign.return_to_tpm(ticket=ticket, why=BounceReason.OTHER, reason="", by=cast.boris, at=AT)
    assign.return_to_tpm(ticket=ticket, why=BounceReason.NOT_OURS, reason="", by=cast.boris, at=AT)

    entry = HistoryEntry.objects.latest("pk")
    assert entry.facts["bounce"] == "NOT_OURS"
    assert entry.words == "not ours: somebody else runs this service"


def test_the_same_unit_again_is_said(cast):
    ticket = _route(cast, make_ticket(by=cast.ada))

    with pytest.raises(AlreadyThere):
        _route(cast, ticket, reason="again")


@pytest.mark.parametrize("state", [UnitState.CLOSED, UnitState.NEEDS_CONTACT])
def test_a_unit_that_cannot_receive_is_refused(cast, state):
    with pytest.raises(UnitNotRoutable):
        _route(cast, make_ticket(by=cast.ada), unit=make_unit(name="Gone", state=state))


@pytest.mark.parametrize("fields", [{"certification_status": "Closed"}, {"gone_at": AT}])
def test_the_unit_of_a_site_that_left_is_refused(cast, fields):
    site = make_site(name="SINP", **fields)
    unit = make_site_unit(site=site)

    with pytest.raises(UnitNotRoutable, match="nobody there would read the ticket"):
        _route(cast, make_ticket(by=cast.ada), unit=unit)

    make_vo_site(vo=cast.juno, site=site, is_in_commissioning=True, contact_email="a@example.org")
    assert _route(cast, make_ticket(by=cast.ada), unit=unit).unit == unit


@pytest.mark.parametrize("who", ["ada", "eve", "dmitri"])
def test_only_supporters_route(cast, who):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(StepNotAllowed):
        assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=getattr(cast, who), at=AT)


def test_a_final_ticket_is_not_routed(cast):
    ticket = make_ticket(by=cast.ada)
    type(ticket).objects.filter(pk=ticket.pk).update(status=Status.VERIFIED)

    with pytest.raises(StepNotAllowed, match="final"):
        _route(cast, ticket, reason="why")


def test_only_supporters_can_be_involved(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed, match="no supporter"):
        assign.involve(ticket=ticket, person=cast.eve, by=cast.boris, at=AT)
    assign.involve(ticket=ticket, person=cast.carla, by=cast.boris, at=AT)
    with pytest.raises(AlreadyThere):
        assign.involve(ticket=ticket, person=cast.carla, by=cast.boris, at=AT)
    assert TicketPerson.objects.get().part == "INVOLVED"


def test_who_leaves_a_ticket_is_written_down(cast):
    ticket = make_ticket(by=cast.ada)
    assign.involve(ticket=ticket, person=cast.carla, by=cast.boris, at=AT)

    assign.remove_person(
        ticket=ticket, person=cast.carla, part=TicketPerson.Part.INVOLVED, by=cast.boris, at=AT
    )

    assert not TicketPerson.objects.exists()
    assert HistoryEntry.objects.latest("pk").kind == "ticket.person-removed"
    with pytest.raises(NotAllowed):
        assign.assign_person(ticket=ticket, person=cast.boris, by=cast.ada, at=AT)


def test_the_second_of_two_operators_sees_what_the_first_did(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    other = make_unit(name="Other unit", members=(make_user(),))
    _route(cast, ticket)

    with pytest.raises(ChangedMeanwhile) as changed:
        assign.assign_to_unit(
            ticket=ticket, unit=other, reason="mine", by=cast.boris, at=AT, seen=seen
        )

    assert [entry.kind for entry in changed.value.entries] == ["ticket.unit-changed"]
    ticket.refresh_from_db()
    assert ticket.unit == cast.in2p3_unit
    ticket = assign.assign_to_unit(
        ticket=ticket,
        unit=other,
        reason="still mine",
        by=cast.boris,
        at=AT,
        seen=changed.value.last_entry_id,
    )
    assert ticket.unit == other


def test_security_tickets_stay_with_the_security_unit(cast):
    csirt = make_user()
    security = make_unit(kind="SECURITY", members=(csirt,))
    kind = make_issue_type(name="Break-in", is_security=True)
    hidden, open_one = make_ticket(by=cast.ada, issue_type=kind), make_ticket(by=cast.ada)

    with pytest.raises(UnitNotRoutable, match="security unit"):
        assign.assign_to_unit(ticket=hidden, unit=cast.in2p3_unit, reason="x", by=csirt, at=AT)
    with pytest.raises(UnitNotRoutable, match="security unit"):
        _route(cast, open_one, unit=security)
