"""What people read when something went wrong."""

import re
from collections.abc import Callable

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from juno_support.access import open_to_everyone
from juno_support.accounts.models import User
from juno_support.pages import error_pages
from tests import make


@open_to_everyone
def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the server")


urlpatterns = [path("breaks/", breaks), path("", include("juno_support.urls"))]
handler500 = "juno_support.pages.error_pages.server_error"

pytestmark = pytest.mark.django_db


def test_what_is_not_there_answers_404_with_the_next_step(client: Client) -> None:
    answer = client.get("/sites/../no-such/<script>/")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "There is nothing here for you to see" in page
    assert "/accounts/login/?next=" in page
    assert "<script>/" not in page


def test_404_does_not_offer_sign_in_to_those_who_are(
    client_of: Callable[[User], Client],
) -> None:
    page = client_of(make.make_user()).get("/no/such/page/").content.decode()
    assert "account_login" not in page
    assert "/accounts/login/" not in page


@override_settings(ROOT_URLCONF=__name__)
def test_500_gives_the_number_of_the_request_and_no_secret() -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/breaks/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Something broke here" in page
    assert re.search(r"<code>[0-9a-f-]{36}</code>", page)
    assert "secret" not in page


def test_500_needs_no_database(django_db_blocker: object) -> None:
    request = RequestFactory().get("/")
    with django_db_blocker.block():  # type: ignore[attr-defined]
        assert error_pages.server_error(request).status_code == 500


def test_a_form_without_its_token_is_refused_in_words() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/theme/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "This form was too old" in answer.content.decode()
    assert "juno_theme" not in answer.cookies


def test_403_names_no_thing_and_says_whom_to_ask(rf: RequestFactory) -> None:
    request = rf.get("/tickets/12/")
    request.user = make.make_user(name="Eve Nobody")
    answer = error_pages.permission_denied(request, PermissionError("ticket 12"))
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Eve Nobody" in page
    assert "ticket 12" not in page


def test_400_says_what_to_do(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = make.make_user()
    answer = error_pages.bad_request(request, ValueError())
    assert answer.status_code == 400
    assert "Go back" in answer.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_while_the_database_is_away_it_is_503_and_says_when_to_come_back(error) -> None:
    request = RequestFactory().get("/")
    try:
        raise error("the database system is starting up")
    except error:
        answer = error_pages.server_error(request)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Back in a moment" in answer.content.decode()
    assert "starting up" not in answer.content.decode()
