"""The outbox page for admins and the demo's mail catcher."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from juno_support.accounts.models import User
from juno_support.outbox.models import CaughtMail, Decision, Delivery, DeliveryState
from juno_support.outbox.queries import PAGE
from tests.cast import ROLE_NAMES, Roles
from tests.make import AT, make_user
from tests.outbox.make import make_delivery

ClientOf = Callable[[User | AnonymousUser | None], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(clock_at: Callable[..., None]) -> Client:
    clock_at(AT)
    client = Client()
    client.force_login(
        make_user(username="dmitri", is_staff=True),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return client


def page(client: Client, **question: str) -> str:
    answer = client.get("/outbox/", question)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_admins_see_the_outbox(roles: Roles, client_of: ClientOf) -> None:
    row = make_delivery()
    for name in ROLE_NAMES:
        client = client_of(roles[name])
        seen = client.get("/outbox/").status_code
        decided = client.post("/outbox/decide/", {"cancel": row.pk}).status_code
        if name == "admin":
            assert (seen, decided) == (200, 302)
        elif name in ("anonymous", "left"):
            assert (seen, decided) == (302, 302)
        else:
            assert (seen, decided) == (403, 403), name
    assert Decision.objects.count() == 1


def test_what_was_given_up_comes_first_with_its_reason(admin: Client) -> None:
    make_delivery(to_address="no-body", reason="member of TPM", subject="[JUNO #123] <b>")
    make_delivery(to_address="waits@example.org")
    html = page(admin)
    assert "no-body" in html and "This is no e-mail address." in html and "member of TPM" in html
    assert "waits@example.org" not in html
    assert escape("[JUNO #123] <b>") in html and "/tickets/123/" in html


def test_search_by_ticket_and_by_a_part_of_an_address(admin: Client) -> None:
    make_delivery(to_address="ada@example.org", about_ticket=7)
    make_delivery(to_address="boris@example.org", about_ticket=8)
    for search in ("7", "#7", "ADA@"):
        html = page(admin, state="all", q=search)
        assert "ada@example.org" in html and "boris@example.org" not in html
    assert "No mail fits." in page(admin, state="all", q="nobody%_")
    assert "No mail fits." in page(admin, state="all", q="9" * 40)


def test_no_text_of_a_mail_stands_there(admin: Client) -> None:
    make_delivery(body="https://juno/accounts/password/reset/key/1-secret/")
    assert "secret" not in page(admin, state="all")


def test_admins_try_again_and_cancel(admin: Client) -> None:
    row = make_delivery(to_address="nobody")
    back = "/outbox/?state=FAILED&q=nobody"
    answer = admin.post("/outbox/decide/", {"again": row.pk, "back": back})
    assert answer["Location"] == back
    row.refresh_from_db()
    assert row.state == DeliveryState.WAITING
    admin.post("/outbox/decide/", {"cancel": row.pk, "back": "https://evil.example/"})
    row.refresh_from_db()
    assert row.state == DeliveryState.CANCELLED
    html = admin.post("/outbox/decide/", {"cancel": row.pk}, follow=True).content.decode()
    assert "This mail is cancelled already." in html


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/tickets/", "", "javascript:alert(1)"]
)
def test_after_a_decision_nobody_is_led_elsewhere(admin: Client, back: str) -> None:
    answer = admin.post("/outbox/decide/", {"all": "1", "back": back})
    assert answer["Location"] == "/outbox/"


def test_a_mail_that_is_gone_is_not_found(admin: Client) -> None:
    assert admin.post("/outbox/decide/", {"again": "999"}).status_code == 404


def test_the_page_says_when_nobody_sends(admin: Client) -> None:
    make_delivery(at=AT - timedelta(minutes=1))
    assert "nobody sends it" not in page(admin)
    make_delivery(at=AT - timedelta(minutes=3))
    assert "nobody sends it" in page(admin)


def test_pages_follow_one_another(admin: Client) -> None:
    for _ in range(PAGE + 1):
        make_delivery()
    first = admin.get("/outbox/", {"state": "all"})
    assert len(first.context["lines"]) == PAGE
    second = admin.get(first.context["pager"]["older"])
    assert len(second.context["lines"]) == 1
    assert second.context["pager"]["older"] == ""


def test_its_questions_do_not_grow_with_the_list(admin: Client) -> None:
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(admin, state="all")
        return len(asked)

    make_delivery()
    questions()
    alone = questions()
    for _ in range(PAGE):
        make_delivery()
    assert questions() == alone


@override_settings(JUNO_DEMO=True)
def test_the_catcher_is_open_to_everyone_in_the_demo() -> None:
    mail = CaughtMail.objects.create(
        message_id="<a>",
        to_address="ada@example.org",
        subject="Confirm <you>",
        headers={"Date": "today", "X-JUNO-Status": "new", "Received": "by-relay-7"},
        body="Follow http://localhost:8000/accounts/confirm-email/x:y/ & <script>alert(1)</script>",
        caught_at=AT,
    )
    client = Client()
    listed = client.get("/outbox/caught/").content.decode()
    assert "Confirm &lt;you&gt;" in listed and f"/outbox/caught/{mail.pk}/" in listed
    assert "Confirm" not in client.get("/outbox/caught/?to=boris").content.decode()
    shown = client.get(f"/outbox/caught/{mail.pk}/").content.decode()
    link = "http://localhost:8000/accounts/confirm-email/x:y/"
    assert f'<a href="{link}" rel="nofollow">{link}</a>' in shown
    assert "<script>alert" not in shown
    assert "X-JUNO-Status" in shown and "by-relay-7" not in shown
    assert client.post("/outbox/caught/").status_code == 405
    assert client.get("/outbox/caught/999/").status_code == 404


@override_settings(JUNO_DEMO=False)
def test_outside_the_demo_there_is_no_catcher(admin: Client) -> None:
    mail = CaughtMail.objects.create(message_id="<a>", body="secret", caught_at=AT)
    for address in ("/outbox/caught/", f"/outbox/caught/{mail.pk}/"):
        assert admin.get(address).status_code == 404


def test_a_mail_waits_with_its_error_and_its_next_moment(admin: Client) -> None:
    row = make_delivery()
    Delivery.objects.filter(pk=row.pk).update(
        attempts=2, error="451 try later", next_attempt_at=AT + timedelta(minutes=5)
    )
    html = page(admin, state="WAITING")
    assert "451 try later (2 attempts; next in 5 min)" in html
