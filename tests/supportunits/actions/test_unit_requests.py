"""Asking for a new unit."""

import uuid
from datetime import datetime

import pytest

from juno_support.accounts.models import User
from juno_support.outbox.models import Delivery
from supportunits import policies
from supportunits.actions import unit_requests as requests
from supportunits.actions.addresses import NotAnAddress
from supportunits.actions.deciding import AlreadyDecided, WordsMissing
from supportunits.actions.rights import NotAllowed
from supportunits.actions.units import NameTaken, UnitMissesSomething, open_unit
from supportunits.models import ContactRole, RequestState, UnitKind, UnitRequest, UnitState
from tests import make
from tests.cast import Cast, Roles


def _request(cast: Cast, at: datetime, **facts: object) -> UnitRequest:
    facts = {
        "key": uuid.uuid4(),
        "name": "JUNO online",
        "words": "Detector control.",
        "vo": cast.juno,
        "mailing_list": "online@example.org",
        "by": cast.ada,
        **facts,
    }
    return requests.request_unit(at=at, **facts)  # type: ignore[arg-type]


@pytest.fixture
def managed(cast: Cast) -> Cast:
    """Ada is manager of the VO juno."""
    make.make_contact(card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=cast.ada)
    return cast


def test_admins_hear_of_it(managed: Cast, at: datetime) -> None:
    _request(managed, at)
    [mail] = Delivery.objects.filter(kind="unit.requested")
    assert mail.to_address == "dmitri@example.org"
    assert "Ada Liang asks for a new support unit named JUNO online (juno):" in mail.body
    assert "    Detector control." in mail.body


def test_accepted_it_is_opened_and_the_person_hears(managed: Cast, at: datetime) -> None:
    request = requests.accept_unit(request=_request(managed, at), by=managed.dmitri, at=at)
    unit = request.unit
    assert unit is not None
    assert (unit.name, unit.kind, unit.vo) == ("JUNO online", UnitKind.VO, managed.juno)
    assert (unit.mailing_list, unit.description) == ("online@example.org", "Detector control.")
    # a VO unit needs a supporter to be active
    assert unit.state == UnitState.MAIL_ONLY
    [mail] = Delivery.objects.filter(kind="unit.request-decided")
    assert mail.to_address == "ada@example.org"
    assert "/units/JUNO%20online/" in mail.body


def test_who_wants_to_manage_it_does(managed: Cast, at: datetime) -> None:
    request = _request(managed, at, wants_to_manage=True)
    unit = requests.accept_unit(request=request, by=managed.dmitri, at=at).unit
    assert unit is not None
    unit.refresh_from_db()
    assert unit.state == UnitState.ACTIVE
    assert policies.manages_unit(User.objects.get(username="ada"), unit)


def test_a_refusal_has_a_reason(managed: Cast, at: datetime) -> None:
    request = _request(managed, at)
    with pytest.raises(WordsMissing):
        requests.refuse_unit(request=request, by=managed.dmitri, at=at, answer="")
    requests.refuse_unit(request=request, by=managed.dmitri, at=at, answer="Use production.")
    with pytest.raises(AlreadyDecided):
        requests.accept_unit(request=request, by=managed.dmitri, at=at)
    assert "    Use production." in Delivery.objects.get(kind="unit.request-decided").body


@pytest.mark.parametrize(
    ("role", "for_its_vo", "for_another_vo", "for_a_service"),
    [
        ("nobody", False, False, False),
        ("VO member", False, False, False),
        ("VO shifter", False, False, False),
        ("unit manager", False, False, False),
        ("VO manager", True, False, False),
        ("TPM operator", True, True, True),
        ("admin", True, True, True),
    ],
)
def test_who_may_ask(
    role: str,
    for_its_vo: bool,
    for_another_vo: bool,
    for_a_service: bool,
    roles: Roles,
    at: datetime,
) -> None:
    for vo, may in (
        (roles.juno, for_its_vo),
        (roles.other_vo, for_another_vo),
        (None, for_a_service),
    ):
        facts = {"key": uuid.uuid4(), "name": f"Unit of {vo}", "words": "x", "vo": vo}
        try:
            requests.request_unit(by=roles[role], at=at, **facts)  # type: ignore[arg-type]
            done = True
        except NotAllowed:
            done = False
        assert done is may, vo


@pytest.mark.parametrize("role", ["VO manager", "TPM operator", "unit manager"])
def test_only_admins_decide(role: str, roles: Roles, at: datetime) -> None:
    request = requests.request_unit(
        key=uuid.uuid4(),
        name="Tapes",
        words="x",
        by=roles["TPM operator"],  # type: ignore[arg-type]
        at=at,
    )
    by = roles[role]
    with pytest.raises(NotAllowed):
        requests.accept_unit(request=request, by=by, at=at)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        requests.refuse_unit(request=request, by=by, at=at, answer="x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"name": " "}, UnitMissesSomething),
        ({"name": "a/b"}, UnitMissesSomething),
        ({"name": "in2p3-cc"}, NameTaken),
        ({"words": ""}, WordsMissing),
        ({"mailing_list": "nonsense"}, NotAnAddress),
    ],
)
def test_what_cannot_be_asked_for(
    facts: dict[str, object], error: type[Exception], managed: Cast, at: datetime
) -> None:
    with pytest.raises(error):
        _request(managed, at, **facts)
    assert not UnitRequest.objects.exists()


def test_the_same_form_twice_asks_once(managed: Cast, at: datetime) -> None:
    key = uuid.uuid4()
    assert _request(managed, at, key=key) == _request(managed, at, key=key)
    assert UnitRequest.objects.count() == 1
    with pytest.raises(NameTaken, match="asked for a unit named juno ONLINE"):
        _request(managed, at, name="juno ONLINE")


def test_a_name_that_was_taken_meanwhile_is_said(managed: Cast, at: datetime) -> None:
    request = _request(managed, at)
    open_unit(name="JUNO online", kind=UnitKind.SERVICE, by=managed.dmitri, at=at)
    with pytest.raises(NameTaken):
        requests.accept_unit(request=request, by=managed.dmitri, at=at)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN


def test_only_the_person_withdraws(managed: Cast, at: datetime) -> None:
    request = _request(managed, at)
    with pytest.raises(NotAllowed):
        requests.withdraw_unit(request=request, by=managed.dmitri, at=at)
    requests.withdraw_unit(request=request, by=managed.ada, at=at)
    _request(managed, at)
