"""Asking to become a supporter, and who decides."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from juno_support.outbox.models import Delivery
from supportunits import policies
from supportunits.actions import members, people, supporters, units
from supportunits.actions.deciding import AlreadyDecided, WordsMissing
from supportunits.actions.members import AccountIsInactive
from supportunits.actions.rights import NotAllowed
from supportunits.models import RequestState, SupporterRequest, UnitKind, UnitState
from tests import make
from tests.cast import Cast, Roles


def _ask(cast: Cast, at: datetime, **facts: object) -> SupporterRequest:
    facts = {"unit": cast.in2p3_unit, "user": cast.eve, "words": "I run the tapes.", **facts}
    return supporters.ask_to_support(by=cast.eve, at=at, **facts)  # type: ignore[arg-type]


def _mails(kind: str) -> list[str]:
    found = Delivery.objects.filter(kind=kind).order_by("to_address")
    return [delivery.to_address for delivery in found]


def test_the_units_managers_hear_of_a_request(cast: Cast, at: datetime) -> None:
    members.set_manager(unit=cast.in2p3_unit, user=cast.boris, is_manager=True, by=None, at=at)
    _ask(cast, at)
    [mail] = Delivery.objects.filter(kind="unit.supporter-asked")
    assert mail.to_address == "boris@example.org"
    assert "    I run the tapes." in mail.body
    assert "/units/IN2P3-CC/#requests" in mail.body


def test_admins_hear_where_nobody_manages(cast: Cast, at: datetime) -> None:
    _ask(cast, at)
    assert _mails("unit.supporter-asked") == ["dmitri@example.org"]


def test_an_approved_person_is_a_supporter_and_both_hear(cast: Cast, at: datetime) -> None:
    members.set_manager(unit=cast.in2p3_unit, user=cast.boris, is_manager=True, by=None, at=at)
    later = at + timedelta(hours=1)
    request = supporters.approve(request=_ask(cast, at), by=cast.boris, at=later, answer="Welcome.")
    assert policies.is_supporter(cast.eve)
    assert (request.state, request.decided_by, request.decided_at) == (
        RequestState.ACCEPTED,
        cast.boris,
        later,
    )
    assert _mails("unit.supporter-decided") == ["boris@example.org", "eve@example.org"]
    assert "    Welcome." in Delivery.objects.filter(kind="unit.supporter-decided")[0].body


def test_the_first_supporter_makes_a_vo_unit_active(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="JUNO production", kind=UnitKind.VO, vo=cast.juno)
    assert unit.state == UnitState.MAIL_ONLY
    supporters.approve(request=_ask(cast, at, unit=unit), by=cast.dmitri, at=at)
    unit.refresh_from_db()
    assert unit.state == UnitState.ACTIVE


def test_a_refusal_needs_a_reason_and_is_told(cast: Cast, at: datetime) -> None:
    request = _ask(cast, at)
    with pytest.raises(WordsMissing):
        supporters.refuse(request=request, by=cast.dmitri, at=at, answer="  ")
    supporters.refuse(request=request, by=cast.dmitri, at=at, answer="Ask at your own site.")
    assert not policies.is_supporter(cast.eve)
    assert _mails("unit.supporter-decided") == ["eve@example.org"]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("nobody", False),
        ("supporter", False),
        ("supporter of another unit", False),
        ("TPM operator", False),
        ("VO manager", False),
        ("unit manager", True),
        ("admin", True),
    ],
)
def test_managers_of_the_unit_and_admins_decide(
    role: str, may: bool, roles: Roles, at: datetime
) -> None:
    asker = roles["VO member"]
    request = supporters.ask_to_support(
        unit=roles.in2p3_unit,
        user=asker,  # type: ignore[arg-type]
        words="Why not.",
        by=asker,  # type: ignore[arg-type]
        at=at,
    )
    for decide in (supporters.approve, supporters.refuse):
        sid = transaction.savepoint()
        try:
            decide(request=request, by=roles[role], at=at, answer="x")  # type: ignore[arg-type]
            done = True
        except NotAllowed:
            done = False
        transaction.savepoint_rollback(sid)
        assert done is may, decide


def test_one_open_request_per_unit_and_person(cast: Cast, at: datetime) -> None:
    first = _ask(cast, at)
    with pytest.raises(supporters.AlreadyThere):
        _ask(cast, at)
    with pytest.raises(IntegrityError, match="one_open_per_unit"), transaction.atomic():
        SupporterRequest.objects.create(
            unit=cast.in2p3_unit, user=cast.eve, words="x", requested_at=at
        )
    supporters.withdraw(request=first, by=cast.eve, at=at)
    _ask(cast, at)


def test_what_cannot_be_asked(cast: Cast, at: datetime) -> None:
    with pytest.raises(supporters.AlreadyThere):
        _ask(cast, at, user=cast.boris)
    with pytest.raises(WordsMissing):
        _ask(cast, at, words=" \n ")
    with pytest.raises(supporters.NotByAsking):
        _ask(cast, at, unit=make.make_unit(kind=UnitKind.SECURITY))
    closed = units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    with pytest.raises(units.UnitIsClosed):
        _ask(cast, at, unit=closed)


def test_a_request_is_decided_once(cast: Cast, at: datetime) -> None:
    request = _ask(cast, at)
    supporters.refuse(request=request, by=cast.dmitri, at=at, answer="No.")
    with pytest.raises(AlreadyDecided, match="refused, by Dmitri Orlov"):
        supporters.approve(request=request, by=cast.dmitri, at=at)
    assert not policies.is_supporter(cast.eve)


def test_only_the_person_withdraws(cast: Cast, at: datetime) -> None:
    request = _ask(cast, at)
    with pytest.raises(NotAllowed):
        supporters.withdraw(request=request, by=cast.dmitri, at=at)
    assert supporters.withdraw(request=request, by=cast.eve, at=at).state == RequestState.WITHDRAWN


def test_who_left_is_not_made_a_supporter(cast: Cast, at: datetime) -> None:
    request = _ask(cast, at)
    cast.eve.is_active = False
    cast.eve.save()
    with pytest.raises(AccountIsInactive):
        supporters.approve(request=request, by=cast.dmitri, at=at)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN


def test_who_leaves_asks_for_nothing_any_more(cast: Cast, at: datetime) -> None:
    request = _ask(cast, at)
    people.leave(user=cast.eve, by=cast.dmitri, at=at)
    request.refresh_from_db()
    assert request.state == RequestState.WITHDRAWN


def test_the_last_manager_gone_is_told_to_admins(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="Storage", members=(cast.boris,), managers=(cast.eve,))
    members.set_manager(unit=unit, user=cast.boris, is_manager=True, by=cast.eve, at=at)
    members.set_manager(unit=unit, user=cast.boris, is_manager=False, by=cast.eve, at=at)
    assert _mails("unit.no-manager") == []
    members.remove_member(unit=unit, user=cast.eve, by=cast.eve, at=at)
    assert _mails("unit.no-manager") == ["dmitri@example.org"]
