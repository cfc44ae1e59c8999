"""The pages of gateways: secrets go in and never out, every change is traced, a test tells all."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from juno_support.accounts.models import User
from juno_support.outbox import gateways, hooks
from juno_support.outbox.models import (
    CaughtMail,
    Channel,
    Delivery,
    DeliveryState,
    Gateway,
    GatewaySecret,
)
from tests.loopback import serving
from tests.make import AT, make_user
from tests.outbox.make import free_port
from tests.outbox.test_hooks import SECRET, answering, make_gateway

pytestmark = pytest.mark.django_db
URL = "/outbox/gateways/"


@pytest.fixture
def dmitri() -> User:
    return make_user(username="dmitri", name="Dmitri Orlov", is_staff=True)


@pytest.fixture
def admin(
    dmitri: User, client_of: Callable[..., Client], clock_at: Callable[[datetime], None]
) -> Client:
    clock_at(AT)
    return client_of(dmitri)


def entered(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Duty phone",
        "channel": "WEBHOOK",
        "where": "https://phone.example.org/call",
        "secret": SECRET,
        "is_active": "on",
        **fields,
    }


def text_of(page: Any) -> str:
    return page.content.decode()


def test_an_admin_makes_one_and_its_secret_is_locked_and_never_shown(admin: Client) -> None:
    page = admin.post(f"{URL}new/", entered(), follow=True)

    gateway = Gateway.objects.get()
    assert (gateway.channel, gateway.url) == (Channel.WEBHOOK, "https://phone.example.org/call")
    assert hooks.secret_of(gateway) == SECRET
    assert SECRET.encode() not in bytes(GatewaySecret.objects.get().encrypted)
    for address in (URL, f"{URL}{gateway.pk}/"):
        assert SECRET not in text_of(admin.get(address))
    assert SECRET not in text_of(page)


def test_an_empty_secret_keeps_what_there_is_and_a_tick_removes_it(admin: Client) -> None:
    admin.post(f"{URL}new/", entered())
    gateway = Gateway.objects.get()
    address = f"{URL}{gateway.pk}/"

    admin.post(address, entered(secret="", name="Night phone"))
    assert hooks.secret_of(gateway) == SECRET
    admin.post(address, entered(secret="", removes_secret="on"))
    assert hooks.secret_of(gateway) == ""
    assert "no secret" in text_of(admin.get(URL))


def test_changes_are_traced_with_person_old_and_new(admin: Client) -> None:
    admin.post(f"{URL}new/", entered())
    gateway = Gateway.objects.get()
    admin.post(f"{URL}{gateway.pk}/", entered(where="https://new.example.org/"))

    trace = text_of(admin.get(URL)).split('id="trace"')[1]
    assert "Dmitri Orlov" in trace
    assert "https://phone.example.org/call" in trace and "https://new.example.org/" in trace
    assert SECRET not in trace


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "required"),
        ({"where": "phone.example.org"}, "begins with https://"),
        ({"where": "ftp://phone.example.org"}, "begins with https://"),
        ({"where": "http://[::1"}, "begins with https://"),
        ({"channel": "SMS", "where": "sms@example.org"}, "where the phone number goes"),
        ({"channel": "SMS", "where": "{number}"}, "where the phone number goes"),
        ({"channel": "SMS", "where": "{number}{number}@example.org"}, "where the phone number"),
        ({"channel": "pigeon"}, "pigeon"),
    ],
)
def test_what_cannot_be_is_said_and_kept(admin: Client, fields: dict[str, str], words: str) -> None:
    page = admin.post(f"{URL}new/", entered(**fields))

    assert page.status_code == 422
    assert words in text_of(page)
    assert not Gateway.objects.exists()


def test_a_name_is_there_once(admin: Client) -> None:
    admin.post(f"{URL}new/", entered())
    page = admin.post(f"{URL}new/", entered())

    assert "There is a gateway of this name already." in text_of(page)
    assert Gateway.objects.count() == 1


@pytest.mark.parametrize(
    ("number", "address"),
    [
        ("+33 (0)4 72-69", "3347269@sms.example.org"),
        ("0033 4 72-69", "3347269@sms.example.org"),
        ("no digits", ""),
        ("", ""),
    ],
)
def test_a_number_becomes_an_address(number: str, address: str) -> None:
    gateway = Gateway(channel=Channel.SMS, pattern="{number}@sms.example.org")

    assert gateways.number_address(gateway, number) == address


def test_trying_one_rings_and_tells_what_the_other_side_said(admin: Client) -> None:
    with serving(answering(202, b"ringing")) as service:
        gateway = make_gateway(service.url)
        page = admin.get(f"{URL}{gateway.pk}/")
        key = re.search(r'name="key" value="([^"]+)"', text_of(page))
        assert key
        sent = {"target": "+33 4 72", "key": key[1]}
        page = admin.post(f"{URL}{gateway.pk}/try/", sent)
        admin.post(f"{URL}{gateway.pk}/try/", sent)

    assert "It works: the other side took the test." in text_of(page)
    assert "202 ringing" in text_of(page)
    assert len(service.asked) == 1, "the same form twice rings once"
    assert b'"event": "test"' in service.asked[0].body
    assert "202 ringing" in text_of(admin.get(URL))


def test_trying_one_that_does_not_work_says_why(admin: Client) -> None:
    gateway = make_gateway(f"http://127.0.0.1:{free_port()}")

    page = admin.post(f"{URL}{gateway.pk}/try/", {"target": "1", "key": str(uuid4())})

    assert "It did not work." in text_of(page)
    assert "No connection" in text_of(page)
    assert "No connection" in text_of(admin.get("/outbox/?state=WAITING"))


def test_trying_sms_by_mail_writes_a_mail_to_the_number(admin: Client, settings: Any) -> None:
    settings.JUNO_MAIL_BACKEND = "juno_support.outbox.catcher.CatcherBackend"
    admin.post(f"{URL}new/", entered(channel="SMS", where="{number}@sms.example.org"))
    gateway = Gateway.objects.get()

    page = admin.post(f"{URL}{gateway.pk}/try/", {"target": "+33 4 72", "key": str(uuid4())})

    assert "It works" in text_of(page)
    assert CaughtMail.objects.get().to_address == "33472@sms.example.org"
    assert len(CaughtMail.objects.get().body) <= 160
    assert Delivery.objects.get().state == DeliveryState.SENT


@pytest.mark.parametrize("target", ["", "no number"])
def test_a_target_that_cannot_be_is_said(admin: Client, target: str) -> None:
    admin.post(f"{URL}new/", entered(channel="SMS", where="{number}@sms.example.org"))

    page = admin.post(f"{URL}{Gateway.objects.get().pk}/try/", {"target": target, "key": uuid4()})

    assert page.status_code == 422
    assert not Delivery.objects.exists()


# The demo's phone


def test_the_demos_phone_rings_once_and_knows_our_signature(client: Client, settings: Any) -> None:
    settings.JUNO_DEMO = True
    make_gateway("http://demo")
    body = hooks.document(event="alarm", words="Wake up.", phone="+86 10 1", ticket=7).encode()
    headers = {"X-JUNO-Delivery": "d1@x", "X-JUNO-Timestamp": "5"}

    def call(signed: str) -> Any:
        return client.post(
            "/outbox/caught/call/",
            body,
            content_type="application/json",
            headers={**headers, "X-JUNO-Signature": signed},
        )

    assert call("sha256=00").status_code == 400
    good = hooks.signature(SECRET, "5", body)
    assert b"ringing" in call(good).content
    assert b"rang already" in call(good).content
    caught = CaughtMail.objects.get()
    assert (caught.to_address, caught.times_caught) == ("+86 10 1", 2)
    assert "Wake up." in caught.subject


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"phone": 1}', b"\xff", b"null"])
def test_the_demos_phone_takes_no_nonsense(client: Client, settings: Any, body: bytes) -> None:
    settings.JUNO_DEMO = True

    answer = client.post("/outbox/caught/call/", body, content_type="application/json")

    assert answer.status_code == 400


def test_outside_the_demo_there_is_no_such_phone(client: Client) -> None:
    assert client.post("/outbox/caught/call/", b"{}", content_type="a/b").status_code == 404
