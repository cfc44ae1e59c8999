"""The page behind the link of a test mail, and the state of the list on the unit's page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from juno_support.outbox.models import Delivery
from supportunits.actions import mailing_list
from supportunits.models import ListState, ListTest
from tests.cast import ROLE_NAMES, Cast, Roles
from tests.make import AT

ClientOf = Callable[[Any], Client]
TEST = "/units/IN2P3-CC/list-test/"


@pytest.fixture(autouse=True)
def now(clock_at: Callable[[Any], None]) -> None:
    clock_at(AT)


def _link() -> str:
    return f"/units/-/list/{mailing_list.token_of(ListTest.objects.latest('pk'))}/"


@pytest.mark.parametrize("role", ["anonymous", "nobody", "supporter"])
def test_the_button_proves_and_looking_does_not(
    role: str, roles: Roles, client_of: ClientOf
) -> None:
    mailing_list.send_test(unit=roles.in2p3_unit, by=None, at=AT)
    client, link = client_of(roles[role]), _link()
    for _ in range(3):  # mail scanners follow links
        assert "Yes, we read this list" in client.get(link).content.decode()
    roles.in2p3_unit.refresh_from_db()
    assert roles.in2p3_unit.list_state == ListState.UNPROVEN

    page = client.post(link, follow=True).content.decode()
    assert "The list is proven" in page
    roles.in2p3_unit.refresh_from_db()
    assert roles.in2p3_unit.list_state == ListState.PROVEN
    followed_by = ListTest.objects.get().followed_by
    assert followed_by == (None if role == "anonymous" else roles[role])


def test_a_link_that_is_no_good_says_why(
    cast: Cast, client_of: ClientOf, clock_at: Callable[[Any], None]
) -> None:
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=AT)
    anonymous = client_of(None)
    answer = anonymous.get("/units/-/list/1:nonsense/")
    assert answer.status_code == 410
    assert "not a link of ours" in answer.content.decode()
    clock_at(AT + timedelta(days=15))
    for method in (anonymous.get, anonymous.post):
        answer = method(_link())
        assert answer.status_code == 410
        assert "This link has expired." in answer.content.decode()


def test_managers_and_admins_send_the_test_mail(roles: Roles, client_of: ClientOf) -> None:
    for name in ROLE_NAMES:
        ListTest.objects.all().delete()
        expected = 302 if name in ("unit manager", "admin", "anonymous", "left") else 403
        assert client_of(roles[name]).post(TEST).status_code == expected, name
        assert ListTest.objects.exists() is (name in ("unit manager", "admin")), name


def test_the_page_says_how_the_list_stands(cast: Cast, client_of: ClientOf) -> None:
    admin = client_of(cast.dmitri)
    page = admin.get("/units/IN2P3-CC/").content.decode()
    assert "not proven" in page
    assert "Send a test mail" in page

    page = admin.post(TEST, follow=True).content.decode()
    assert "A test mail is on its way to in2p3-cc-list@example.org." in page
    assert "A test mail left on" in page
    page = admin.post(TEST, follow=True).content.decode()
    assert "a moment ago" in page
    assert Delivery.objects.filter(kind="unit.list-test").count() == 1

    admin.post(_link())
    page = admin.get("/units/IN2P3-CC/").content.decode()
    assert "proven" in page
    assert "Send a test mail" not in page
    # the trace tells it with both states
    assert "mailing list" in page
    assert "Dmitri Orlov" in page


def test_who_may_not_see_addresses_reads_nothing_of_the_list(
    cast: Cast, client_of: ClientOf
) -> None:
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=AT)
    page = client_of(cast.eve).get("/units/IN2P3-CC/").content.decode()
    assert "A test mail left" not in page
    assert "in2p3-cc-list@" not in page
