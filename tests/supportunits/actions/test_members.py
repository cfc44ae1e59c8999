"""Members of units, people who leave, and admins."""

from datetime import datetime
from typing import Any

import pytest

from juno_support.accounts.models import User
from juno_support.outbox.models import Delivery
from supportunits import policies
from supportunits.actions import members, people, units
from supportunits.models import (
    ContactRole,
    UnitKind,
    UnitMembership,
    UnitState,
    VOMembership,
)
from tests import make
from tests.cast import Cast


def test_a_new_member_is_a_supporter_at_once(cast: Cast, at: datetime) -> None:
    assert not policies.is_supporter(cast.eve)
    members.add_member(unit=cast.in2p3_unit, user=cast.eve, by=cast.dmitri, at=at)
    assert policies.is_supporter(cast.eve)
    assert not policies.manages_unit(cast.eve, cast.in2p3_unit)


def test_adding_a_member_twice_is_one_membership(cast: Cast, at: datetime) -> None:
    for _ in range(2):
        members.add_member(unit=cast.in2p3_unit, user=cast.boris, by=None, at=at)
    assert cast.in2p3_unit.memberships.count() == 1


def test_the_last_member_gone_makes_the_unit_mail_only(cast: Cast, at: datetime) -> None:
    unit = members.remove_member(unit=cast.in2p3_unit, user=cast.boris, by=None, at=at)
    assert unit.state == UnitState.MAIL_ONLY
    assert not policies.is_supporter(cast.boris)


def _mails() -> list[tuple[str, str]]:
    return list(
        Delivery.objects.filter(kind="unit.nobody-left")
        .order_by("to_address")
        .values_list("to_address", "body")
    )


def test_tpm_is_told_when_nobody_is_left(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="Big & small", members=(cast.eve, cast.ada))
    members.remove_member(unit=unit, user=cast.eve, by=None, at=at)
    assert _mails() == []
    members.remove_member(unit=unit, user=cast.ada, by=None, at=at)
    [(address, body)] = _mails()
    assert address == "tpm-list@example.org"
    assert "Ada Liang was the last supporter of the unit Big & small." in body
    assert "mailed to big & small-list@example.org" in body
    assert "/units/Big%20%26%20small/" in body


def test_of_others_it_is_said_that_no_ticket_can_be_given(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="Storage", mailing_list="", members=(cast.eve,))
    members.remove_member(unit=unit, user=cast.eve, by=None, at=at)
    [(_address, body)] = _mails()
    assert "no ticket can be given to it" in body and "stands in" not in body


def test_operators_are_told_one_by_one_without_a_list(cast: Cast, at: datetime) -> None:
    make.make_unit(kind=UnitKind.TPM, mailing_list="", state=UnitState.ACTIVE)
    members.remove_member(unit=cast.in2p3_unit, user=cast.boris, by=None, at=at)
    assert [address for address, _body in _mails()] == ["carla@example.org"]


def test_admins_are_told_when_tpm_itself_is_empty(cast: Cast, at: datetime) -> None:
    make.make_unit(kind=UnitKind.TPM, mailing_list="", state=UnitState.ACTIVE)
    members.remove_member(unit=cast.tpm, user=cast.carla, by=None, at=at)
    [(address, body)] = _mails()
    assert address == "dmitri@example.org"
    assert "who is on shift gets its mail, else who stands in for it, else the admins" in body
    assert "no ticket can be given" not in body


def test_without_an_address_it_needs_a_contact(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="Listless", mailing_list="", members=(cast.eve,))
    unit = members.remove_member(unit=unit, user=cast.eve, by=None, at=at)
    assert unit.state == UnitState.NEEDS_CONTACT


def test_removing_somebody_else_is_said(cast: Cast, at: datetime) -> None:
    with pytest.raises(members.NotAMember):
        members.remove_member(unit=cast.in2p3_unit, user=cast.eve, by=None, at=at)


def test_a_closed_unit_takes_no_members(cast: Cast, at: datetime) -> None:
    units.close_unit(unit=cast.in2p3_unit, by=None, at=at)
    with pytest.raises(units.UnitIsClosed):
        members.add_member(unit=cast.in2p3_unit, user=cast.eve, by=None, at=at)


def test_people_who_left_take_no_role(cast: Cast, at: datetime) -> None:
    gone = make.make_user(username="gone", is_active=False)
    with pytest.raises(members.AccountIsInactive):
        members.add_member(unit=cast.in2p3_unit, user=gone, by=None, at=at)
    with pytest.raises(members.AccountIsInactive):
        people.set_admin(user=gone, is_admin=True, by=None, at=at)


def test_manager_and_manager_no_more(cast: Cast, at: datetime) -> None:
    unit = cast.in2p3_unit
    members.set_manager(unit=unit, user=cast.boris, is_manager=True, by=None, at=at)
    assert policies.manages_unit(cast.boris, unit)
    members.set_manager(unit=unit, user=cast.boris, is_manager=False, by=None, at=at)
    assert not policies.manages_unit(cast.boris, unit)
    with pytest.raises(members.NotAMember):
        members.set_manager(unit=unit, user=cast.eve, is_manager=True, by=None, at=at)


def test_removing_a_member_leaves_a_trace(cast: Cast, at: datetime) -> None:
    members.remove_member(unit=cast.in2p3_unit, user=cast.boris, by=cast.dmitri, at=at)
    events: Any = UnitMembership
    event = events.pgh_event_model.objects.order_by("-pgh_id")[0]
    assert (event.pgh_label, event.user_id) == ("delete", cast.boris.pk)
    assert event.pgh_context.metadata["user"] == cast.dmitri.pk


def test_who_leaves_is_nothing_any_more(cast: Cast, at: datetime) -> None:
    boris = cast.boris
    make.join_vo(vo=cast.juno, user=boris, is_shifter=True)
    contact = make.make_contact(
        card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=boris
    )
    people.leave(user=boris, by=cast.dmitri, at=at)
    boris = User.objects.get(pk=boris.pk)
    assert not boris.is_active
    assert not UnitMembership.objects.filter(user=boris).exists()
    assert not VOMembership.objects.filter(user=boris).exists()
    contact.refresh_from_db()
    assert contact.account is None
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.state == UnitState.MAIL_ONLY


def test_who_comes_back_is_nothing_yet(cast: Cast, at: datetime) -> None:
    people.leave(user=cast.boris, by=cast.dmitri, at=at)
    boris = people.come_back(user=cast.boris, by=cast.dmitri, at=at)
    assert boris.is_active
    assert not policies.is_supporter(boris)


def test_the_last_admin_stays(cast: Cast, at: datetime) -> None:
    with pytest.raises(people.LastAdmin):
        people.set_admin(user=cast.dmitri, is_admin=False, by=cast.dmitri, at=at)
    with pytest.raises(people.LastAdmin):
        people.leave(user=cast.dmitri, by=cast.dmitri, at=at)
    people.set_admin(user=cast.eve, is_admin=True, by=cast.dmitri, at=at)
    people.set_admin(user=cast.dmitri, is_admin=False, by=cast.dmitri, at=at)
    assert not User.objects.get(pk=cast.dmitri.pk).is_staff
    events: Any = User
    event = events.pgh_event_model.objects.filter(pgh_obj=cast.dmitri).latest("pgh_id")
    assert event.is_staff is False
    assert event.pgh_context.metadata["user"] == cast.dmitri.pk
