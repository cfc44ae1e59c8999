"""Registration, sign-in and passwords: who gets in, and what nobody is told."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from juno_support.accounts.actions import make_admin_link, open_account
from juno_support.accounts.models import AdminLink, User
from supportunits.models import VO
from tests import make

PASSWORD = "neutrinos-oscillate-9"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_in_memory() -> Any:
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        yield


@pytest.fixture
def ada(at: datetime) -> User:
    return open_account(
        username="ada",
        name="Ada Liang",
        email="ada@example.org",
        password=PASSWORD,
        at=at,
        time_zone="Asia/Shanghai",
    )


def _sign_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


def _register(client: Client, **changes: str) -> Any:
    return client.post(
        "/accounts/signup/",
        {
            "name": "Grace Okafor",
            "email": "grace@example.org",
            "time_zone": "Africa/Lagos",
            "password1": PASSWORD,
        }
        | changes,
    )


@pytest.mark.parametrize("login", ["ada", "ada@example.org", "Ada@Example.org", " ada "])
def test_one_signs_in_by_user_name_or_address(client: Client, ada: User, login: str) -> None:
    assert _sign_in(client, login).status_code == 302
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_the_session_changes_on_sign_in(client: Client, ada: User) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["before"] = "kept"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    _sign_in(client, "ada")
    assert client.session.session_key != before


@pytest.mark.parametrize("login", ["ada", "nobody-at-all"])
def test_a_wrong_name_and_a_wrong_password_read_the_same(
    client: Client, ada: User, login: str
) -> None:
    page = _sign_in(client, login, "wrong").content.decode()
    assert "User name and password do not match an account." in page


def test_the_sixth_wrong_password_is_not_looked_at(client: Client, ada: User) -> None:
    for _try in range(5):
        _sign_in(client, "ada", "wrong")
    answer = _sign_in(client, "ada")
    assert "_auth_user_id" not in client.session
    assert "Too many" in answer.content.decode()


def test_who_registered_cannot_sign_in_before_the_address_is_confirmed(client: Client) -> None:
    answer = _register(client)
    assert answer["Location"] == "/accounts/confirm-email/"
    grace = User.objects.get(email="grace@example.org")
    assert (grace.name, grace.time_zone, grace.username) == (
        "Grace Okafor",
        "Africa/Lagos",
        "grace",
    )
    assert not grace.is_staff
    assert _sign_in(client, "grace")["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in client.session


def test_opening_the_link_confirms_nothing_the_button_does(client: Client) -> None:
    _register(client)
    found = re.search(r"https?://[^/]+(/accounts/confirm-email/\S+/)", mail.outbox[0].body)
    assert found is not None
    address = User.objects.get().emailaddress_set.get()
    assert "Yes, confirm" in client.get(found[1]).content.decode()
    address.refresh_from_db()
    assert not address.verified
    client.post(found[1])
    address.refresh_from_db()
    assert address.verified


def test_registering_with_a_known_address_reads_as_with_a_new_one(
    client: Client, ada: User
) -> None:
    new = _register(Client())
    known = _register(client, email="ada@example.org", name="Mallory")
    assert (new.status_code, new["Location"]) == (known.status_code, known["Location"])
    assert User.objects.filter(email="ada@example.org").get().name == "Ada Liang"
    assert "You have an account already" in mail.outbox[-1].subject


def test_a_forgotten_password_reads_the_same_for_known_and_unknown(
    client: Client, ada: User
) -> None:
    known = client.post("/accounts/password/reset/", {"email": "ada@example.org"}, follow=True)
    unknown = Client().post(
        "/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True
    )
    assert known.redirect_chain == unknown.redirect_chain
    strip = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"')
    pages = [strip.sub("", answer.content.decode()) for answer in (known, unknown)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("password1", "short"), ("time_zone", "Moon/Tycho"), ("name", ""), ("email", "no address")],
)
def test_what_is_wrong_is_said_at_the_field_and_the_rest_is_kept(
    client: Client, field: str, value: str
) -> None:
    page = _register(client, **{field: value}).content.decode()
    assert f'id="id_{field}_error"' in page
    assert not User.objects.exists()
    if field != "name":
        assert 'value="Grace Okafor"' in page


def test_signing_out_is_a_post(client: Client, ada: User) -> None:
    _sign_in(client, "ada")
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_sign_in_leads_nowhere_else(client: Client, ada: User) -> None:
    answer = client.post(
        "/accounts/login/",
        {"login": "ada", "password": PASSWORD, "next": "https://elsewhere.example.org/"},
    )
    assert answer["Location"] == "/"


def test_the_profile_is_saved(client_of: Callable[..., Client], ada: User) -> None:
    make.make_vo(name="juno")
    answer = client_of(ada).post(
        "/accounts/profile/",
        {
            "name": "Ada L.",
            "time_zone": "Europe/Paris",
            "language": "en",
            "default_vo": "juno",
            "notification_mode": "SOLUTION_ONLY",
            "is_staff": "1",
        },
    )
    assert answer.status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.time_zone, ada.default_vo) == ("Ada L.", "Europe/Paris", "juno")
    assert not ada.is_staff


def test_a_wrong_profile_is_not_saved_and_says_so(
    client_of: Callable[..., Client], ada: User
) -> None:
    answer = client_of(ada).post("/accounts/profile/", {"name": "", "time_zone": "Moon/Tycho"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_time_zone_error"' in page
    # the frame still shows who is signed in, not what was typed
    assert "Ada Liang" in page
    assert VO.objects.count() == 0


def test_the_profile_is_for_those_who_are_signed_in(client: Client) -> None:
    assert client.get("/accounts/profile/").status_code == 302


def test_addresses_are_changed_only_after_the_password(
    client_of: Callable[..., Client], ada: User
) -> None:
    client = client_of(ada)
    answer = client.post("/accounts/email/", {"action_add": "", "email": "new@example.org"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert ada.emailaddress_set.count() == 1


def test_admin_link_prints_a_link_that_a_get_does_not_use_up(client: Client, at: datetime) -> None:
    out = StringIO()
    call_command("admin_link", stdout=out)
    path = re.sub(r"^https?://[^/]+", "", out.getvalue().strip())
    for _look in range(2):
        assert "Make an admin account" in client.get(path).content.decode()
    client.post(path, {"name": "Li", "email": "li@example.org", "password": PASSWORD})
    assert User.objects.get().is_staff
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    assert client.get(path).status_code == 404


def test_admin_link_for_an_account_asks_for_one_click(client: Client, ada: User) -> None:
    out = StringIO()
    call_command("admin_link", "--user", "ADA@example.org", stdout=out)
    path = re.sub(r"^https?://[^/]+", "", out.getvalue().strip())
    assert "Sign in as Ada Liang" in client.get(path).content.decode()
    ada.refresh_from_db()
    assert not ada.is_staff
    client.post(path)
    ada.refresh_from_db()
    assert ada.is_staff


def test_admin_link_for_nobody_says_so() -> None:
    with pytest.raises(CommandError, match="There is no account"):
        call_command("admin_link", "--user", "nobody")


def test_an_admin_link_takes_over_no_account(client: Client, ada: User, at: datetime) -> None:
    token = make_admin_link(at=at + timedelta(days=3650))
    AdminLink.objects.update(expires_at=at + timedelta(days=36500))
    answer = client.post(
        f"/accounts/admin-link/{token}/",
        {"name": "X", "email": "ada@example.org", "password": PASSWORD},
    )
    assert answer.status_code == 422
    assert "There is an account with this address." in answer.content.decode()
    ada.refresh_from_db()
    assert not ada.is_staff


def test_too_many_registrations_from_one_address_are_stopped_in_words(client: Client) -> None:
    for number in range(20):
        _register(client, email=f"person{number}@example.org", password1="short")
    answer = _register(client)
    assert answer.status_code == 429
    assert "Too many tries in a short time" in answer.content.decode()
    assert answer["Retry-After"] == "60"
    assert not User.objects.exists()
