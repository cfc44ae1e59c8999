"""Calls through a webhook: what the other side gets, what becomes of failures and repeats."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from juno_support.lib import sealed
from juno_support.outbox import hooks, sending
from juno_support.outbox.actions import withdraw_calls
from juno_support.outbox.models import Channel, Delivery, DeliveryState, Gateway, GatewaySecret
from juno_support.outbox.sending import Outcome
from tests.loopback import Asked, Loopback, serving
from tests.make import AT
from tests.outbox.make import free_port, make_delivery, smtp_server, smtp_settings

pytestmark = pytest.mark.django_db
SECRET = "between us"


def test_a_call_names_the_number_as_it_is_dialled_from_abroad() -> None:
    told = json.loads(hooks.document(event="alarm", words="Wake up.", phone="0033 (0)4 72 69"))
    assert told["phone"] == "+33 4 72 69"


def answering(status: int, words: bytes = b"ringing") -> Any:
    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(words)))
        handler.end_headers()
        handler.wfile.write(words)

    return answer


@pytest.fixture
def service() -> Iterator[Loopback]:
    """A service that calls phones; a test says how it answers."""
    with serving(answering(202)) as loopback:
        yield loopback


def make_gateway(url: str, *, secret: str = SECRET, **fields: Any) -> Gateway:
    gateway = Gateway.objects.create(
        name=fields.pop("name", "Phone"),
        channel=Channel.WEBHOOK,
        url=f"{url}/call",
        created_at=AT,
        **fields,
    )
    if secret:
        GatewaySecret.objects.create(
            gateway=gateway, encrypted=sealed.lock(secret, purpose=hooks.PURPOSE), changed_at=AT
        )
    return gateway


def make_call(gateway: Gateway, **fields: Any) -> Delivery:
    fields.setdefault("body", hooks.document(event="alarm", words="Wake up.", phone="+86 10 1"))
    return make_delivery(
        to_address="+86 10 1", channel=Channel.WEBHOOK, gateway_id=gateway.pk, **fields
    )


def send(*deliveries: Delivery, at: Any = AT) -> dict[Outcome, int]:
    return sending.send_all([each.pk for each in deliveries], now=lambda: at)


def test_it_posts_json_that_the_secret_signs(service: Loopback) -> None:
    call = make_call(make_gateway(service.url))

    assert send(call) == {Outcome.SENT: 1}

    asked = service.asked[0]
    assert (asked.method, asked.path) == ("POST", "/call")
    told = json.loads(asked.body)
    assert told == {
        "event": "alarm",
        "text": "Wake up.",
        "phone": "+86 10 1",
        "id": call.message_id.strip("<>"),
    }
    moment = asked.headers["X-JUNO-Timestamp"]
    assert asked.headers["X-JUNO-Signature"] == hooks.signature(SECRET, moment, asked.body)
    assert int(moment) == int(AT.timestamp())
    call.refresh_from_db()
    assert (call.state, call.answer) == (DeliveryState.SENT, "202 ringing")


def test_without_a_secret_it_leaves_unsigned(service: Loopback) -> None:
    send(make_call(make_gateway(service.url, secret="")))

    assert "X-JUNO-Signature" not in service.asked[0].headers


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_refusal_is_shown_and_tried_again_for_about_an_hour(
    service: Loopback, status: int
) -> None:
    service.answer = answering(status, b"no")
    call = make_call(make_gateway(service.url))

    at = AT
    for attempt in range(1, len(sending.CALL_PAUSES) + 2):
        send(call, at=at)
        call.refresh_from_db()
        assert call.attempts == attempt
        assert str(status) in call.error
        at = call.next_attempt_at + timedelta(seconds=1)

    assert call.state == DeliveryState.FAILED
    assert timedelta(minutes=45) < at - AT < timedelta(minutes=90)
    ids = {asked.headers["X-JUNO-Delivery"] for asked in service.asked}
    assert len(ids) == 1, "the other side can know a repeat"


def test_a_gateway_that_cannot_be_reached_holds_up_no_mail() -> None:
    call = make_call(make_gateway(f"http://127.0.0.1:{free_port()}"))
    with smtp_server() as mailbox:
        mail = make_delivery()
        outcomes = send(call, mail)

    assert outcomes == {Outcome.RETRY: 1, Outcome.SENT: 1}
    assert len(mailbox.accepted) == 1


def test_a_mail_server_that_is_away_holds_up_no_phone(service: Loopback) -> None:
    mail, call = make_delivery(), make_call(make_gateway(service.url))

    with smtp_settings(free_port()):
        outcomes = send(mail, call)

    assert outcomes == {Outcome.SENT: 1, Outcome.NO_LINE: 1}
    assert len(service.asked) == 1


@pytest.mark.parametrize("gone", ["off", "deleted"])
def test_a_gateway_that_was_switched_off_is_given_up_at_once(service: Loopback, gone: str) -> None:
    gateway = make_gateway(service.url)
    call = make_call(gateway)
    if gone == "off":
        Gateway.objects.update(is_active=False)
    else:
        gateway.delete()

    send(call)

    call.refresh_from_db()
    assert call.state == DeliveryState.FAILED
    assert "switched off or gone" in call.error
    assert not service.asked


def test_what_was_redacted_leaves_as_a_note(service: Loopback) -> None:
    call = make_call(make_gateway(service.url), body="A part of this ticket was redacted.")

    send(call)

    assert "was redacted" in json.loads(service.asked[0].body)["text"]


def test_a_long_answer_is_shortened(service: Loopback) -> None:
    service.answer = answering(200, b"x" * 5000)
    call = make_call(make_gateway(service.url))

    send(call)

    call.refresh_from_db()
    assert call.state == DeliveryState.SENT
    assert len(call.answer) <= 300


def test_what_still_waits_to_ring_can_be_taken_back_and_mails_stay(service: Loopback) -> None:
    gateway = make_gateway(service.url)
    call = make_call(gateway, key="alarm:7:1:x")
    other = make_call(gateway, key="alarm:71:1:x")
    mail = make_delivery(key="alarm:7:0:x")

    assert withdraw_calls(key_prefix="alarm:7:") == 1

    states = {row.pk: row.state for row in Delivery.objects.all()}
    assert states == {
        call.pk: DeliveryState.CANCELLED,
        other.pk: DeliveryState.WAITING,
        mail.pk: DeliveryState.WAITING,
    }
