"""Who stands in for TPM: named by admins, mailed while nobody is there, and a red banner."""

from datetime import timedelta

import pytest

from juno_support.outbox.models import Delivery
from supportunits.models import FallbackPerson, Shift, ShiftType, UnitMembership
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets import tasks

BANNER = "Nobody is at TPM"


@pytest.fixture
def empty_tpm(cast, clock_at):
    """TPM without a supporter and without a list."""
    clock_at(AT)
    UnitMembership.objects.filter(unit=cast.tpm).delete()
    type(cast.tpm).objects.filter(pk=cast.tpm.pk).update(mailing_list="", state="NEEDS_CONTACT")
    return cast.tpm


def _put_on_shift(vo, person):
    kind = ShiftType.objects.create(vo=vo, name="Computing")
    Shift.objects.create(
        type=kind, person=person, starts_at=AT - timedelta(hours=1), ends_at=AT + timedelta(hours=1)
    )


def _mailed(cast):
    ticket = make_ticket(by=cast.ada)
    tasks.sweep_dispatches()
    found = Delivery.objects.filter(subject__contains=f"#{ticket.pk}]")
    return set(found.values_list("to_address", flat=True)) - {cast.ada.email}


def test_named_people_are_mailed_when_nobody_is_there(cast, client_of, empty_tpm):
    client_of(cast.dmitri).post("/units/-/fallback/change/", {"person": "boris", "step": "add"})

    assert _mailed(cast) == {cast.boris.email}


def test_beside_the_list_if_tpm_has_one(cast, empty_tpm):
    FallbackPerson.objects.create(user=cast.boris, added_at=AT)
    type(empty_tpm).objects.filter(pk=empty_tpm.pk).update(
        mailing_list="tpm@example.org", state="MAIL_ONLY"
    )

    assert cast.boris.email in _mailed(cast)


def test_whoever_is_on_shift_comes_first(cast, empty_tpm):
    FallbackPerson.objects.create(user=cast.boris, added_at=AT)
    _put_on_shift(cast.juno, cast.eve)

    assert _mailed(cast) == {cast.eve.email}


def test_nobody_stands_in_while_tpm_has_a_supporter(cast, clock_at):
    clock_at(AT)
    FallbackPerson.objects.create(user=cast.boris, added_at=AT)

    assert cast.boris.email not in _mailed(cast)


def test_without_anybody_named_the_admins(cast, empty_tpm):
    assert _mailed(cast) == {cast.dmitri.email}


@pytest.mark.parametrize(("who", "sees"), [("boris", True), ("dmitri", True), ("ada", False)])
def test_the_banner_is_for_those_who_can_do_something(cast, client_of, empty_tpm, who, sees):
    page = client_of(getattr(cast, who)).get("/").content.decode()

    assert (BANNER in page) == sees


def test_the_banner_goes_when_somebody_is_on_shift(cast, client_of, empty_tpm):
    _put_on_shift(cast.juno, cast.eve)

    assert BANNER not in client_of(cast.boris).get("/").content.decode()
    assert BANNER not in client_of(cast.eve).get("/tpm/").content.decode()


def test_the_banner_names_who_stands_in(cast, client_of, empty_tpm):
    FallbackPerson.objects.create(user=cast.boris, added_at=AT)

    assert "Its mail goes to Boris Lefèvre." in client_of(cast.dmitri).get("/").content.decode()


def test_naming_leaves_a_trace_and_twice_is_once(cast, client_of, clock_at):
    clock_at(AT)
    admin = client_of(cast.dmitri)
    for step in ("add", "add", "remove"):
        admin.post("/units/-/fallback/change/", {"person": "boris", "step": step})

    page = admin.get("/units/-/fallback/")

    assert [(line.what, line.who) for line in page.context["changes"]] == [
        ("Boris Lefèvre: removed", "Dmitri Orlov"),
        ("Boris Lefèvre: added", "Dmitri Orlov"),
    ]
    assert not FallbackPerson.objects.exists()


@pytest.mark.parametrize(
    ("username", "words"),
    [("eve", "could not route a ticket"), ("nobody-at-all", "Nobody was chosen")],
)
def test_who_cannot_stand_in_is_said(cast, client_of, clock_at, username, words):
    clock_at(AT)

    page = client_of(cast.dmitri).post(
        "/units/-/fallback/change/", {"person": username, "step": "add"}, follow=True
    )

    assert words in page.content.decode()
    assert not FallbackPerson.objects.exists()
