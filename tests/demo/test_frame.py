"""The demo's accounts on the sign-in page."""

import re
from typing import Any

import pytest
from django.test import Client

from juno_support.accounts.actions import open_account
from juno_support.demo.frame import DemoAccounts
from juno_support.demo.people import CHARACTERS, PASSWORD
from tests.make import AT

pytestmark = pytest.mark.django_db


def test_the_accounts_are_shown_in_the_demo_only(client: Client, settings: Any) -> None:
    settings.JUNO_DEMO = False
    assert PASSWORD not in client.get("/accounts/login/").text
    settings.JUNO_DEMO = True
    page = client.get("/accounts/login/").text
    assert PASSWORD in page
    for character in CHARACTERS:
        assert f'value="{character.username}"' in page
        assert character.name in page


def test_nobody_is_listed_twice() -> None:
    accounts = DemoAccounts()
    names = [one.username for one in (*accounts.first, *accounts.others)]
    assert sorted(names) == sorted(one.username for one in CHARACTERS)


def test_a_button_signs_in(settings: Any) -> None:
    settings.JUNO_DEMO = True
    ada = CHARACTERS[0]
    user = open_account(
        username=ada.username, name=ada.name, email=ada.email, password=PASSWORD, at=AT
    )
    client = Client(enforce_csrf_checks=True)
    page = client.get("/accounts/login/?next=/tickets/").text
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if 'value="ada"' in one)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    answer = client.post("/accounts/login/", fields)
    assert answer.status_code == 302
    assert answer["Location"] == "/tickets/"
    assert client.session["_auth_user_id"] == str(user.pk)
