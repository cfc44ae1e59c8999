"""Somebody leaves: each effect is told before it is done, and happens when it is done."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from juno_support.accounts.actions import find_admin_link, make_admin_link
from juno_support.accounts.models import User
from juno_support.outbox.models import Delivery
from supportunits import policies
from supportunits.actions import shift_people, supporters
from supportunits.models import (
    ContactRole,
    FallbackPerson,
    RequestState,
    SupporterRequest,
    UnitMembership,
    UnitState,
    VOContact,
    VOMembership,
)
from tests import make
from tests.cast import Cast
from tests.tickets.make import make_ticket
from tickets import tasks
from tickets.actions import assign
from tickets.models import TicketPerson

ClientOf = Callable[[Any], Client]
AT = make.AT
PATH = "/people/boris/leave/"


@pytest.fixture(autouse=True)
def now(clock_at: Callable[[Any], None]) -> None:
    clock_at(AT)


def _told(cast: Cast, client_of: ClientOf) -> str:
    page = client_of(cast.dmitri).get(PATH).content.decode()
    return " ".join(page[page.index('id="effects-list"') : page.index("panel-foot")].split())


def _leave(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.dmitri).post(PATH).status_code == 302


def test_looking_changes_nothing(cast: Cast, client_of: ClientOf) -> None:
    _told(cast, client_of)
    assert User.objects.get(username="boris").is_active
    assert policies.is_supporter(cast.boris)


def test_the_last_supporter_makes_the_unit_mail_only(cast: Cast, client_of: ClientOf) -> None:
    told = _told(cast, client_of)
    assert "Nobody works there then: it becomes mail-only, and TPM is told." in told
    _leave(cast, client_of)
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.state == UnitState.MAIL_ONLY
    assert not UnitMembership.objects.filter(user=cast.boris).exists()
    assert Delivery.objects.get(kind="unit.nobody-left").to_address == "tpm-list@example.org"


def test_the_last_manager_is_told_to_admins(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(name="Storage", managers=(cast.boris,), members=(cast.eve,))
    assert "Nobody manages it then; the admins are told." in _told(cast, client_of)
    _leave(cast, client_of)
    assert Delivery.objects.get(kind="unit.no-manager").to_address == "dmitri@example.org"


def test_assignments_go_back_to_the_unit(cast: Cast, client_of: ClientOf) -> None:
    ticket = make_ticket(by=cast.ada, vo=cast.juno, notified_site=cast.in2p3)
    assign.assign_person(ticket=ticket, person=cast.boris, by=cast.carla, at=AT)
    assert "1 open ticket that the person works on goes back to its unit" in _told(cast, client_of)
    _leave(cast, client_of)
    tasks.hand_over_tickets()
    ticket.refresh_from_db()
    assert not TicketPerson.objects.filter(ticket=ticket).exists()
    assert ticket.unit == cast.in2p3_unit


def test_roles_in_vos_end(cast: Cast, client_of: ClientOf) -> None:
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    assert "The membership of the VO <strong>juno</strong> ends." in _told(cast, client_of)
    _leave(cast, client_of)
    assert not VOMembership.objects.filter(user=cast.boris).exists()


def test_contacts_of_cards_are_unlinked(cast: Cast, client_of: ClientOf) -> None:
    make.make_contact(
        card=make.make_card(vo=cast.juno),
        role=ContactRole.DEPUTY,
        account=cast.boris,
        name="B. Lefèvre",
    )
    assert "The contact B. Lefèvre (deputy)" in _told(cast, client_of)
    _leave(cast, client_of)
    assert VOContact.objects.get().account is None


def test_shifts_become_gaps(cast: Cast, client_of: ClientOf) -> None:
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    kind = make.make_shift_type(vo=cast.juno, name="Operations")
    begins = AT + timedelta(days=7)
    shift = make.make_shift(type=kind, person=cast.boris, starts_at=begins)
    assert "Shifts become gaps" in _told(cast, client_of)
    _leave(cast, client_of)
    shift.refresh_from_db()
    assert shift.is_gap


def test_private_links_die(cast: Cast, client_of: ClientOf) -> None:
    admin_link = make_admin_link(at=AT, user=cast.boris)
    _link, calendar = shift_people.make_calendar_link(
        owner=cast.boris, vo=None, kind=None, by=cast.boris, at=AT
    )
    assert "2 private links (calendars, admin) work no more." in _told(cast, client_of)
    _leave(cast, client_of)
    assert find_admin_link(admin_link, at=AT) is None
    assert shift_people.find_link(calendar, at=AT) is None


def test_requests_are_withdrawn(cast: Cast, client_of: ClientOf) -> None:
    unit = make.make_unit(name="Storage")
    supporters.ask_to_support(unit=unit, user=cast.boris, words="Me.", by=cast.boris, at=AT)
    assert "The request about <strong>Storage</strong> is withdrawn." in _told(cast, client_of)
    _leave(cast, client_of)
    assert SupporterRequest.objects.get().state == RequestState.WITHDRAWN


def test_nobody_stands_in_who_left(cast: Cast, client_of: ClientOf) -> None:
    FallbackPerson.objects.create(user=cast.boris, added_at=AT)
    assert "does not stand in for TPM any more" in _told(cast, client_of)
    _leave(cast, client_of)
    assert not FallbackPerson.objects.exists()


def test_signed_in_they_are_signed_out(cast: Cast, client_of: ClientOf) -> None:
    boris = client_of(cast.boris)
    assert boris.get("/units/").status_code == 200
    assert "Nobody can sign in with this account any more" in _told(cast, client_of)
    _leave(cast, client_of)
    assert boris.get("/units/").status_code == 302


def test_the_only_admin_is_told_to_name_another(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.dmitri).get("/people/dmitri/leave/").content.decode()
    assert "This is the only admin." in page
    assert "It is your own account." in page
    answer = client_of(cast.dmitri).post("/people/dmitri/leave/", follow=True).content.decode()
    assert "is the only admin" in answer
    assert User.objects.get(username="dmitri").is_active


def test_who_left_is_not_asked_again(cast: Cast, client_of: ClientOf) -> None:
    _leave(cast, client_of)
    assert client_of(cast.dmitri).get(PATH).status_code == 302


def test_the_page_has_a_bounded_number_of_queries(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        make.make_unit(name=f"Unit {number}", members=(cast.boris,))
    client = client_of(cast.dmitri)
    with django_assert_max_num_queries(40):
        client.get(PATH)
