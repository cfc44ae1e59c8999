"""The page of people and roles, for admins."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from juno_support.accounts.models import User
from supportunits import policies
from supportunits.models import ContactRole
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles

ClientOf = Callable[[Any], Client]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/people/", 200),
        ("get", "/people/nobody/", 200),
        ("post", "/people/nobody/change/", 404),
        ("get", "/people/nobody/leave/", 200),
    ],
)
def test_only_admins(
    method: str, path: str, status: int, roles: Roles, client_of: ClientOf
) -> None:
    for name in ROLE_NAMES:
        signed_out = 302 if name in ("anonymous", "left") else 403
        expected = status if name == "admin" else signed_out
        response = getattr(client_of(roles[name]), method)(path)
        assert response.status_code == expected, name


def _step(client: Client, person: str, step: str, **data: Any) -> str:
    response = client.post(f"/people/{person}/change/", {"step": step, **data}, follow=True)
    return response.content.decode()


def test_roles_are_given_and_taken(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)
    contact = make.make_contact(card=make.make_card(vo=cast.juno), role=ContactRole.DEPUTY)

    def eve() -> User:
        return User.objects.get(username="eve")

    assert "Eve Nobody is a supporter now." in _step(
        client, "eve", "join-unit", unit=cast.in2p3_unit.pk, is_manager="on"
    )
    assert policies.manages_unit(eve(), cast.in2p3_unit)
    _step(client, "eve", "leave-unit", unit="IN2P3-CC")
    assert not policies.is_supporter(eve())

    _step(client, "eve", "join-vo", vo=cast.juno.pk, is_shifter="on")
    assert policies.is_shifter_of(eve(), cast.juno)
    _step(client, "eve", "leave-vo", vo="juno")
    assert not policies.is_member_of_vo(eve(), cast.juno)

    _step(client, "eve", "link-contact", contact=contact.pk)
    assert policies.manages_vo(eve(), cast.juno)
    _step(client, "eve", "unlink-contact", contact=contact.pk)
    assert not policies.manages_vo(eve(), cast.juno)

    _step(client, "eve", "admin")
    assert policies.is_admin(eve())
    _step(client, "eve", "no-admin")
    assert not policies.is_admin(eve())

    page = client.post("/people/eve/leave/", follow=True).content.decode()
    assert "The account of Eve Nobody is closed" in page
    assert not eve().is_active
    page = _step(client, "eve", "come-back")
    assert eve().is_active
    for words in ("member of IN2P3-CC: added", "member of IN2P3-CC: removed", "Dmitri Orlov"):
        assert words in page


def test_who_left_can_be_found_and_cannot_sign_in(cast: Cast, client_of: ClientOf) -> None:
    eve = client_of(cast.eve)
    assert eve.get("/units/").status_code == 200
    admin = client_of(cast.dmitri)
    admin.post("/people/eve/leave/")
    assert eve.get("/units/").status_code == 302
    assert "left" in admin.get("/people/?q=eve").content.decode()


def test_contacts_of_mirrored_vos_give_no_right(cast: Cast, client_of: ClientOf) -> None:
    mirror = make.make_vo(name="biomed", is_served=False)
    contact = make.make_contact(card=make.make_card(vo=mirror), role=ContactRole.MANAGER)
    response = client_of(cast.dmitri).post(
        "/people/eve/change/", {"step": "link-contact", "contact": contact.pk}
    )
    assert response.status_code == 422
    contact.refresh_from_db()
    assert contact.account is None


def test_a_contact_that_is_taken_is_not_offered(cast: Cast, client_of: ClientOf) -> None:
    contact = make.make_contact(
        card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=cast.ada
    )
    response = client_of(cast.dmitri).post(
        "/people/eve/change/", {"step": "link-contact", "contact": contact.pk}
    )
    assert response.status_code == 422
    assert policies.manages_vo(cast.ada, cast.juno)


def test_the_last_admin_is_told(cast: Cast, client_of: ClientOf) -> None:
    page = _step(client_of(cast.dmitri), "dmitri", "no-admin")
    assert "Dmitri Orlov is the only admin." in page


def test_people_are_found_by_name_user_name_or_address(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)
    for search in ("ROSSI", "carla", "carla@example"):
        lines = client.get("/people/", {"q": search}).context["lines"]
        assert [line.username for line in lines] == ["carla"], search
    assert client.get("/people/", {"q": "xyzzy"}).context["lines"] == []


def test_long_lists_of_people_go_on_also_with_equal_names(
    cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("juno_support.pages.people.PAGE", 2)
    for _ in range(5):
        make.make_user(name="Same: Name")
    client, path, seen = client_of(cast.dmitri), "/people/", []
    while path:
        page = client.get(path)
        seen += [line.username for line in page.context["lines"]]
        path = page.context["more"]
    assert len(seen) == len(set(seen)) == 10


def test_the_list_costs_the_same_for_many_people(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    make.make_unit(name="Big", members=tuple(make.make_user() for _ in range(30)))
    client = client_of(cast.dmitri)
    client.get("/people/")  # the first page of all makes the rows of the sources
    with django_assert_max_num_queries(11):
        client.get("/people/")
