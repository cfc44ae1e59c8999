"""Becoming a supporter, asking for a unit, leaving one, and closing one: the pages."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from supportunits.actions import members, supporters, unit_requests
from supportunits.models import (
    RequestState,
    SupporterRequest,
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitRequest,
    UnitState,
)
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles
from tests.tickets.make import make_ticket
from tickets import tasks
from tickets.queries import open_tickets

ClientOf = Callable[[Any], Client]
AT = make.AT
UNIT = "/units/IN2P3-CC/"


@pytest.fixture(autouse=True)
def now(clock_at: Callable[[Any], None]) -> None:
    clock_at(AT)


def _ask(client: Client, words: str = "I run the tapes.") -> str:
    return client.post(f"{UNIT}ask/", {"words": words}, follow=True).content.decode()


def test_asked_seen_and_approved(cast: Cast, client_of: ClientOf) -> None:
    members.set_manager(unit=cast.in2p3_unit, user=cast.boris, is_manager=True, by=None, at=AT)
    eve, boris = client_of(cast.eve), client_of(cast.boris)
    assert "Become a supporter of this unit" in eve.get(UNIT).content.decode()
    assert "You will get a mail." in _ask(eve)
    page = eve.get(UNIT).content.decode()
    assert "nobody has decided yet" in page
    assert "Become a supporter of this unit" not in page

    page = boris.get(UNIT).content.decode()
    assert "I run the tapes." in page
    key = SupporterRequest.objects.get().pk
    page = boris.post(
        f"{UNIT}supporters/", {"request": key, "step": "approve", "answer": ""}, follow=True
    ).content.decode()
    assert "Eve Nobody is a supporter of IN2P3-CC now." in page
    assert UnitMembership.objects.filter(user=cast.eve).exists()
    assert "request of Eve Nobody: state" in page


def test_a_refusal_without_reason_keeps_the_page(cast: Cast, client_of: ClientOf) -> None:
    _ask(client_of(cast.eve))
    key = SupporterRequest.objects.get().pk
    answer = client_of(cast.dmitri).post(
        f"{UNIT}supporters/", {"request": key, "step": "refuse", "answer": " "}
    )
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert SupporterRequest.objects.get().state == RequestState.OPEN


def test_a_request_without_words_is_answered_at_the_place(cast: Cast, client_of: ClientOf) -> None:
    answer = client_of(cast.eve).post(f"{UNIT}ask/", {"words": "  "})
    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()
    assert not SupporterRequest.objects.exists()


def test_only_those_who_decide_read_requests(roles: Roles, client_of: ClientOf) -> None:
    supporters.ask_to_support(
        unit=roles.in2p3_unit,
        user=make.make_user(username="newcomer"),
        words="secretreason",
        by=None,
        at=AT,
    )
    key = SupporterRequest.objects.get().pk
    for name in ROLE_NAMES:
        if name in ("anonymous", "left"):
            continue
        client = client_of(roles[name])
        sees = name in ("unit manager", "admin")
        assert ("secretreason" in client.get(UNIT).content.decode()) is sees, name
        status = client.post(f"{UNIT}supporters/", {"request": key, "step": "x"}).status_code
        assert status == (404 if sees else 403), name


def test_withdrawn_by_the_person(cast: Cast, client_of: ClientOf) -> None:
    eve = client_of(cast.eve)
    _ask(eve)
    page = eve.post(f"{UNIT}withdraw/", follow=True).content.decode()
    assert "You do not ask for a place in IN2P3-CC any more." in page
    assert "Become a supporter of this unit" in page


def test_a_member_leaves_by_itself(cast: Cast, client_of: ClientOf) -> None:
    boris = client_of(cast.boris)
    assert "You are the last supporter" in boris.get(UNIT).content.decode()
    assert (
        "no supporter of IN2P3-CC any more"
        in boris.post(f"{UNIT}leave/", follow=True).content.decode()
    )
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.state == UnitState.MAIL_ONLY
    # nobody who is no member can leave
    assert "is not a member" in boris.post(f"{UNIT}leave/", follow=True).content.decode()


# --- New units -------------------------------------------------------------------------------


def _form(**more: Any) -> dict[str, Any]:
    return {"key": uuid.uuid4(), "name": "Tapes", "words": "All about tapes.", **more}


def test_asked_for_and_opened(cast: Cast, client_of: ClientOf) -> None:
    carla, dmitri = client_of(cast.carla), client_of(cast.dmitri)
    page = carla.post("/units/-/requests/", _form(), follow=True).content.decode()
    assert "You have asked for Tapes. An admin decides." in page
    page = dmitri.get("/units/-/requests/").content.decode()
    assert "All about tapes." in page
    key = UnitRequest.objects.get().key
    page = dmitri.post(
        f"/units/-/requests/{key}/", {"step": "accept", "answer": ""}, follow=True
    ).content.decode()
    assert "Tapes is open." in page
    assert SupportUnit.objects.get(name="Tapes").description == "All about tapes."
    assert "Tapes" in carla.get("/units/-/requests/").content.decode()


def test_admins_see_there_who_asks_to_support_what(cast: Cast, client_of: ClientOf) -> None:
    _ask(client_of(cast.eve))
    for person, sees in ((cast.dmitri, True), (cast.carla, False)):
        page = client_of(person).get("/units/-/requests/").content.decode()
        assert ("/units/IN2P3-CC/#requests" in page) is sees


def test_a_unit_that_nobody_manages_says_so(cast: Cast, client_of: ClientOf) -> None:
    words = "Nobody manages this unit"
    assert words in client_of(cast.eve).get(UNIT).content.decode()
    members.set_manager(unit=cast.in2p3_unit, user=cast.boris, is_manager=True, by=None, at=AT)
    assert words not in client_of(cast.eve).get(UNIT).content.decode()


def test_sent_twice_it_is_asked_once(cast: Cast, client_of: ClientOf) -> None:
    carla, form = client_of(cast.carla), _form()
    for _ in range(2):
        assert carla.post("/units/-/requests/", form).status_code == 302
    assert UnitRequest.objects.count() == 1


def test_what_was_typed_is_kept(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(name="Tapes")
    answer = client_of(cast.carla).post("/units/-/requests/", _form())
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is a unit named Tapes already." in page
    assert "All about tapes." in page


def test_a_refusal_keeps_its_reason_when_it_cannot_be_taken(
    cast: Cast, client_of: ClientOf
) -> None:
    make_request = unit_requests.request_unit
    request = make_request(key=uuid.uuid4(), name="Tapes", words="x", by=cast.carla, at=AT)
    make.make_unit(name="Tapes")
    answer = client_of(cast.dmitri).post(
        f"/units/-/requests/{request.key}/", {"step": "accept", "answer": "Gladly, and soon."}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is a unit named Tapes already." in page
    assert "Gladly, and soon." in page


def test_others_see_and_decide_nothing(roles: Roles, client_of: ClientOf) -> None:
    request = unit_requests.request_unit(
        key=uuid.uuid4(),
        name="Tapes",
        words="x",
        by=roles["TPM operator"],  # type: ignore[arg-type]
        at=AT,
    )
    path = f"/units/-/requests/{request.key}/"
    for name in ROLE_NAMES:
        if name in ("anonymous", "left"):
            continue
        client = client_of(roles[name])
        # the one who asked is answered that this is not for him to decide
        expected = {"admin": 302, "TPM operator": 422}.get(name, 404)
        assert client.post(path, {"step": "accept"}).status_code == expected, name
    listed = client_of(roles["VO manager"]).get("/units/-/requests/").content.decode()
    assert "Tapes" not in listed


# --- Closing ---------------------------------------------------------------------------------


def test_closing_tells_how_many_tickets_go_where(cast: Cast, client_of: ClientOf) -> None:
    for _ in range(3):
        make_ticket(by=cast.ada, vo=cast.juno, notified_site=cast.in2p3)
    admin = client_of(cast.dmitri)
    page = " ".join(admin.get(f"{UNIT}close/").content.decode().split())
    assert "<strong>3 open tickets</strong>" in page
    assert 'go to <a href="/units/TPM/">TPM</a>' in page
    assert "1 supporter loses" in page
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.state == UnitState.ACTIVE

    admin.post(f"{UNIT}close/")
    tasks.hand_over_tickets()
    assert open_tickets(cast.dmitri).filter(unit=cast.tpm).count() == 3


def test_they_go_to_the_operations_centre_of_the_site(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )
    make_ticket(by=cast.ada, vo=cast.juno, notified_site=cast.in2p3)
    page = client_of(cast.dmitri).get(f"{UNIT}close/").content.decode()
    assert 'go to <a href="/units/NGI_FRANCE/">NGI_FRANCE</a>' in page


def test_tpm_cannot_be_closed(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.dmitri).get("/units/TPM/close/").content.decode()
    assert "cannot be closed" in page
    assert "btn-danger" not in page
