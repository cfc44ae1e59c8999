"""Calls through a webhook gateway: one signed JSON POST for one person's phone.

The signature lets the gateway know that it is us: HMAC-SHA256, with the shared secret, of the
moment, a dot and the body. The delivery's id stays the same at every attempt, so that a gateway
which has rung already can leave a repeat alone.
"""

import hashlib
import hmac
import json
from datetime import datetime

from juno_support.lib import http, sealed
from juno_support.lib import phone as numbers
from juno_support.outbox.models import Delivery, Gateway, GatewaySecret

PURPOSE = b"juno_support.outbox.gateways:"
# A phone has to ring within minutes: who does not answer in time is asked again, not waited for.
LIMITS = http.Limits(connect=5, read=15, total=20, body_bytes=64 * 1024)


class NoGateway(Exception):
    """The gateway was removed or is switched off."""


def document(*, event: str, words: str, phone: str = "", **facts: object) -> str:
    """Return the body of a call as it is stored: JSON.

    :param event: what happened, for the gateway's rules: ``alarm`` or ``test``
    :param words: one or two sentences to be read out or shown
    :param phone: the number; it goes in as it is dialled from abroad
    :param facts: further facts, such as ``im``, ``person``, ``ticket``, ``url``
    """
    told = {"event": event, "text": words, "phone": numbers.normal(phone), **facts}
    return json.dumps(told, ensure_ascii=False)


def signature(secret: str, moment: str, body: bytes) -> str:
    """Return the header ``X-JUNO-Signature``: ``sha256=`` and the hexadecimal HMAC."""
    signed = moment.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def post(delivery: Delivery, *, at: datetime) -> str:
    """Hand a call to its gateway; returns what it answered, in one line.

    :raises NoGateway: if there is none any more
    :raises FetchFault: whatever the gateway or the network answered instead of a 2xx
    """
    gateway = delivery.gateway
    if gateway is None or not gateway.is_active:
        raise NoGateway("Its gateway is switched off or gone.")
    body = _json(delivery)
    moment = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-JUNO-Delivery": delivery.message_id.strip("<>"),
        "X-JUNO-Timestamp": moment,
    }
    secret = secret_of(gateway)
    if secret:
        headers["X-JUNO-Signature"] = signature(secret, moment, body)
    answer = http.fetch(gateway.url, method="POST", data=body, headers=headers, limits=LIMITS)
    said = " ".join(answer.body.decode("utf-8", "replace").split())[:200]
    return f"{answer.status} {said}".strip()


def secret_of(gateway: Gateway) -> str:
    """Return the shared secret; empty where there is none, or where it can no longer be opened."""
    row = GatewaySecret.objects.filter(gateway=gateway).first()
    return sealed.unlock(bytes(row.encrypted), purpose=PURPOSE) if row else ""


def _json(delivery: Delivery) -> bytes:
    try:
        told = json.loads(delivery.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        # A redaction left a note in its place.
        told = {"text": f"{delivery.subject} {delivery.body}"}
    told["id"] = delivery.message_id.strip("<>")
    return json.dumps(told, ensure_ascii=False).encode()
