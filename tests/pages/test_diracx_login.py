"""pages/diracx_login: an admin signs the portal in; everybody sees how the login stands."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from juno_support.accounts.models import User
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.actions import diracx_login
from tests.cast import Roles
from tests.diracx_upstream import Diracx, running_diracx, usual_diracx
from tests.monitoring.actions.test_diracx_login import in_force

pytestmark = pytest.mark.django_db
LOGIN = "/sources/diracx/login/"


@pytest.fixture
def diracx(at: datetime) -> Iterator[Diracx]:
    with running_diracx(usual_diracx()) as running:
        running.now = at
        yield running


@pytest.fixture
def admin(roles: Roles, client_of: Callable[[User], Client], clock_at: Any, at: datetime) -> Client:
    clock_at(at)
    return client_of(roles["admin"])


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_from_the_first_look_to_the_first_poll(diracx: Diracx, admin: Client) -> None:
    assert "not signed in" in words(admin.get(LOGIN))

    begun = admin.post(f"{LOGIN}begin/", follow=True)
    assert "FBSQLQJV" in words(begun)
    assert f'href="{diracx.url}/api/auth/device?user_code=FBSQLQJV"' in words(begun)
    assert 'hx-trigger="every 5s"' in words(begun)
    waiting = admin.post(f"{LOGIN}check/", headers={"HX-Request": "true"})
    assert "nobody has confirmed yet" in words(waiting)
    diracx.is_confirmed = True
    done = admin.post(f"{LOGIN}check/", headers={"HX-Request": "true"})

    assert done.headers["HX-Redirect"] == "/sources/#diracx"
    assert FeedRun.objects.get(source__name="diracx").outcome == Outcome.OK
    page = words(admin.get(LOGIN))
    assert "signed in" in page
    assert "shifter (juno_user)" in page
    assert "hx-post" not in page.split('id="login-body"')[1].split(">")[0]
    assert "shifter (juno_user)" in words(admin.get("/sources/"))


def test_it_works_without_script(diracx: Diracx, admin: Client) -> None:
    admin.post(f"{LOGIN}begin/")
    diracx.is_confirmed = True

    done = admin.post(f"{LOGIN}check/")

    assert (done.status_code, done.headers["Location"]) == (302, "/sources/#diracx")


def test_no_token_is_ever_on_a_page(diracx: Diracx, admin: Client) -> None:
    admin.post(f"{LOGIN}begin/")
    begun = diracx_login.begun_login(in_force(), at=diracx.now)
    assert begun is not None
    shown = words(admin.get(LOGIN))
    diracx.is_confirmed = True
    admin.post(f"{LOGIN}check/")
    login = diracx_login.login_of(in_force())
    assert login is not None
    shown += words(admin.get(LOGIN)) + words(admin.get("/sources/"))

    assert begun.device_code not in shown
    assert login.refresh_token not in shown
    assert login.access_token not in shown


def test_a_diracx_that_does_not_answer_is_said_and_the_code_stays(
    diracx: Diracx, admin: Client
) -> None:
    admin.post(f"{LOGIN}begin/")
    diracx.instead["/api/auth/token"] = (503, b"")

    page = words(admin.post(f"{LOGIN}check/"))

    assert "503" in page
    assert "FBSQLQJV" in page


def test_a_refused_begin_says_why(diracx: Diracx, admin: Client) -> None:
    diracx.instead["/api/auth/device"] = (400, b'{"detail": "Unrecognised client_id"}')

    answer = admin.post(f"{LOGIN}begin/")

    assert answer.status_code == 422
    assert "Unrecognised client_id" in words(answer)


def test_a_lost_login_shows_on_the_page_of_sources(
    diracx: Diracx, admin: Client, clock_at: Any, at: datetime
) -> None:
    admin.post(f"{LOGIN}begin/")
    diracx.is_confirmed = True
    admin.post(f"{LOGIN}check/")
    diracx.end_logins()
    diracx.now = at + timedelta(minutes=40)
    clock_at(diracx.now)
    admin.post(reverse("sources:poll", args=["diracx"]))

    page = words(admin.get("/sources/"))

    assert "re-login needed" in page
    assert "Polling has stopped until somebody signs in again." in page
    assert 'href="/sources/diracx/login/"' in page
    assert "Sign in again" in words(admin.get(LOGIN))


def test_a_login_can_be_ended(diracx: Diracx, admin: Client) -> None:
    admin.post(f"{LOGIN}begin/")
    diracx.is_confirmed = True
    admin.post(f"{LOGIN}check/")

    page = words(admin.post(f"{LOGIN}end/", follow=True))

    assert "no longer signed in" in page
    assert diracx_login.login_of(in_force()) is None


def test_without_an_address_there_is_nothing_to_sign_in_to(admin: Client, settings: Any) -> None:
    settings.JUNO_DIRACX_URL = ""

    page = words(admin.get(LOGIN))

    assert "No address is set" in page
    assert "diracx/login/begin" not in page
