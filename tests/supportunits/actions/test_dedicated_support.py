"""Dedicated user support: one request for each VO, decided, and active once its unit works."""

from datetime import datetime

import pytest

from juno_support.pages.card_standing import support_panel
from supportunits import queries
from supportunits.actions import dedicated_support, units
from supportunits.actions.deciding import AlreadyDecided, WordsMissing
from supportunits.actions.dedicated_support import NotItsUnit
from supportunits.actions.members import add_member
from supportunits.actions.rights import NotAllowed
from supportunits.models import (
    ContactRole,
    ListState,
    SupportRequest,
    SupportUnit,
    UnitKind,
    VOIDCard,
)
from tests import make
from tests.cast import Cast
from tests.tickets.make import make_ticket
from tickets.actions.relations import make_child
from tickets.actions.support_requests import tell_of_support_requests
from tickets.actions.work import take_step
from tickets.models import Kind, SupportTicket, Ticket


@pytest.fixture
def card(cast: Cast) -> VOIDCard:
    """The card of juno, managed by Ada."""
    card = make.make_card(vo=cast.juno, user_support_list="juno-support@example.org")
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.ada)
    return card


def prove(unit: SupportUnit, at: datetime) -> None:
    unit.refresh_from_db()
    unit.list_state, unit.list_proven_at = ListState.PROVEN, at
    unit.save()


def test_ticking_twice_makes_one_request(cast: Cast, card: VOIDCard, at: datetime) -> None:
    one = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    assert dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at) == one
    card.refresh_from_db()
    assert card.needs_dedicated_support
    assert queries.support_state(cast.juno) == "REQUESTED"
    with pytest.raises(NotAllowed):
        dedicated_support.ask_support(vo=cast.juno, by=cast.eve, at=at)


def test_one_ticket_is_filed_at_tpm_and_the_link_kept(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    assert tell_of_support_requests(at=at) == 1
    assert tell_of_support_requests(at=at) == 0
    ticket = Ticket.objects.get()
    assert (ticket.unit, ticket.submitter, ticket.vo) == (cast.tpm, cast.ada, cast.juno)
    assert SupportTicket.objects.get().request == SupportRequest.objects.get()


def test_accepted_with_a_new_unit_and_active_once_it_works(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    with pytest.raises(NotAllowed):
        dedicated_support.accept_support(request=request, by=cast.ada, at=at, unit_name="x")
    request = dedicated_support.accept_support(
        request=request, by=cast.dmitri, at=at, unit_name="JUNO-Support"
    )
    unit = SupportUnit.objects.get(name="JUNO-Support")
    assert (unit.kind, unit.vo, unit.mailing_list) == (
        UnitKind.VO,
        cast.juno,
        "juno-support@example.org",
    )
    assert dedicated_support.activate_ready(at=at) == 0
    add_member(unit=unit, user=cast.eve, by=cast.dmitri, at=at)
    assert dedicated_support.activate_ready(at=at) == 0  # its list is not proven
    prove(unit, at)
    assert dedicated_support.activate_ready(at=at) == 1
    assert dedicated_support.activate_ready(at=at) == 0
    request.refresh_from_db()
    assert (request.state, request.active_at) == ("ACTIVE", at)
    with pytest.raises(AlreadyDecided):
        dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)


def test_accepted_with_a_unit_of_the_vo_that_works_is_active_at_once(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    unit = units.open_unit(
        name="JUNO-Offline", kind=UnitKind.VO, vo=cast.juno, by=None, at=at, mailing_list="a@b.org"
    )
    add_member(unit=unit, user=cast.eve, by=None, at=at)
    prove(unit, at)
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    with pytest.raises(NotItsUnit):
        dedicated_support.accept_support(
            request=request, unit=cast.in2p3_unit, by=cast.dmitri, at=at
        )
    request = dedicated_support.accept_support(request=request, unit=unit, by=cast.dmitri, at=at)
    assert request.state == "ACTIVE"
    assert not support_panel(cast.juno, card, cast.ada).may_withdraw

    units.close_unit(unit=unit, by=cast.dmitri, at=at)

    panel = support_panel(cast.juno, card, cast.ada)
    assert panel.may_withdraw and "the unit is closed" in panel.missing
    dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)
    assert queries.support_state(cast.juno) == "WITHDRAWN"


def test_refused_with_a_reason_the_tick_goes_and_one_may_ask_again(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    with pytest.raises(WordsMissing):
        dedicated_support.refuse_support(request=request, reason="", by=cast.dmitri, at=at)
    dedicated_support.refuse_support(request=request, reason="Too few.", by=cast.dmitri, at=at)
    card.refresh_from_db()
    assert not card.needs_dedicated_support
    with pytest.raises(AlreadyDecided):
        dedicated_support.accept_support(request=request, unit_name="x", by=cast.dmitri, at=at)
    assert dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at) != request


def test_unticking_withdraws_the_request_and_its_ticket(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    ticket = Ticket.objects.get()
    assert (ticket.status, queries.support_state(cast.juno)) == ("UNSOLVED", "WITHDRAWN")
    card.refresh_from_db()
    assert not card.needs_dedicated_support
    with pytest.raises(AlreadyDecided):
        dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)


def test_a_request_withdrawn_before_its_ticket_needs_none(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)
    assert tell_of_support_requests(at=at) == 0


def test_a_refusal_leaves_the_ticket_unsolved_with_its_reason_once(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    dedicated_support.refuse_support(request=request, reason="Too few.", by=cast.dmitri, at=at)
    tell_of_support_requests(at=at)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.resolution_code) == ("UNSOLVED", "WONT_FIX")
    assert "Too few." in ticket.solution
    told = ticket.history.get(kind=Kind.STATUS_CHANGED)
    assert told.is_public and told.dispatches.filter(consumer="mail").exists()

    take_step(ticket=ticket, step="reopen", by=cast.ada, at=at, comment="Ten people ask for it.")
    tell_of_support_requests(at=at)

    ticket.refresh_from_db()
    assert ticket.status == "REOPENED"


def test_active_support_solves_the_ticket(cast: Cast, card: VOIDCard, at: datetime) -> None:
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    request = dedicated_support.accept_support(
        request=request, by=cast.dmitri, at=at, unit_name="JUNO-Support"
    )
    tell_of_support_requests(at=at)
    ticket = Ticket.objects.get()
    assert ticket.status == "NEW"
    assert request.unit
    add_member(unit=request.unit, user=cast.eve, by=cast.dmitri, at=at)
    prove(request.unit, at)
    dedicated_support.activate_ready(at=at)

    tell_of_support_requests(at=at)
    tell_of_support_requests(at=at)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolution_code) == ("SOLVED", "FIXED")
    assert "its unit is JUNO-Support" in ticket.solution
    assert ticket.history.filter(kind=Kind.STATUS_CHANGED).count() == 1


def test_a_withdrawn_parent_waits_for_its_child(cast: Cast, card: VOIDCard, at: datetime) -> None:
    dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    ticket, child = Ticket.objects.get(), make_ticket(by=cast.ada)
    make_child(ticket=child, parent=ticket, by=cast.carla, at=at)
    dedicated_support.withdraw_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    ticket.refresh_from_db()
    assert ticket.is_open

    take_step(ticket=child, step="withdraw", by=cast.ada, at=at)
    tell_of_support_requests(at=at)

    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolution_code) == ("UNSOLVED", "WITHDRAWN")


def test_what_somebody_answered_stays_and_a_parent_waits_for_its_child(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = dedicated_support.ask_support(vo=cast.juno, by=cast.ada, at=at)
    tell_of_support_requests(at=at)
    ticket, child = Ticket.objects.get(), make_ticket(by=cast.ada)
    make_child(ticket=child, parent=ticket, by=cast.carla, at=at)
    dedicated_support.refuse_support(request=request, reason="Too few.", by=cast.dmitri, at=at)
    tell_of_support_requests(at=at)
    ticket.refresh_from_db()
    assert ticket.is_open

    answer = {"step": "leave-unsolved", "by": cast.carla, "at": at, "code": "INVALID"}
    take_step(ticket=child, solution="Nothing to do.", **answer)
    take_step(ticket=ticket, solution="Ask again in spring.", **answer)
    tell_of_support_requests(at=at)

    ticket.refresh_from_db()
    assert ticket.solution == "Ask again in spring."
    assert SupportTicket.objects.get().told_state == "REFUSED"
