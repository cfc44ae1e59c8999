"""Making accounts, and the links that make admins."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from juno_support.accounts.actions import (
    ADMIN_LINK_LIFE,
    find_admin_link,
    free_username,
    make_admin_link,
    open_account,
    use_admin_link,
)
from juno_support.accounts.models import AdminLink, User
from juno_support.errors import SupportError
from tests import make

GOOD = {"name": "Li Wei", "email": "Li.Wei@Example.org", "password": "neutrinos-oscillate-9"}

pytestmark = pytest.mark.django_db


def test_an_opened_account_has_a_verified_main_address(at: datetime) -> None:
    user = open_account(username="ada", name="Ada", email="Ada@Example.org", password="x", at=at)
    address = user.emailaddress_set.get()
    assert (address.email, address.verified, address.primary) == ("ada@example.org", True, True)
    assert (user.email, user.is_staff, user.date_joined) == ("ada@example.org", False, at)


def test_a_link_makes_an_admin_once(at: datetime) -> None:
    token = make_admin_link(at=at)
    admin = use_admin_link(token, at=at, **GOOD)
    assert admin.is_staff and admin.check_password(GOOD["password"])
    assert admin.username == "li.wei"
    with pytest.raises(SupportError):
        use_admin_link(token, at=at, **GOOD | {"email": "other@example.org"})
    link = AdminLink.objects.get()
    assert (link.used_at, link.used_by) == (at, admin)


def test_only_the_hash_of_the_token_is_kept(at: datetime) -> None:
    token = make_admin_link(at=at)
    assert token not in str(AdminLink.objects.values().get())


def test_a_link_dies_after_a_day(at: datetime) -> None:
    token = make_admin_link(at=at)
    assert find_admin_link(token, at=at + ADMIN_LINK_LIFE - timedelta(seconds=1))
    assert find_admin_link(token, at=at + ADMIN_LINK_LIFE) is None
    with pytest.raises(SupportError):
        use_admin_link(token, at=at + ADMIN_LINK_LIFE, **GOOD)
    assert not User.objects.exists()


def test_a_weak_password_leaves_the_link_usable(at: datetime) -> None:
    token = make_admin_link(at=at)
    with pytest.raises(ValidationError):
        use_admin_link(token, at=at, **GOOD | {"password": "short"})
    assert find_admin_link(token, at=at) is not None


def test_a_link_for_somebody_makes_that_account_an_admin(at: datetime) -> None:
    ada = make.make_user(username="ada", is_active=False)
    token = make_admin_link(at=at, user=ada)
    assert use_admin_link(token, at=at) == ada
    ada.refresh_from_db()
    assert ada.is_staff and ada.is_active


def test_user_names_come_from_the_address_and_are_free() -> None:
    make.make_user(username="ada.liang")
    assert free_username("Ada.Liang@example.org") == "ada.liang2"
    assert free_username("o'neil+x@example.org") == "oneilx"
    assert free_username("@example.org") == "user"
