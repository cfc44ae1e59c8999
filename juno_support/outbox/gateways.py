"""Gateways to phones: what is set, changed and tried out; see ``hooks`` for how they are called."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import phone, sealed
from juno_support.lib.text import clean_line
from juno_support.outbox import hooks, sending
from juno_support.outbox.actions import Mail, enqueue
from juno_support.outbox.models import Channel, Delivery, DeliveryState, Gateway, GatewaySecret

NUMBER = "{number}"
SMS_LENGTH = 160


class NotAGateway(SupportError):
    """What was entered is no way to a phone; ``field`` names where."""

    def __init__(self, field: str, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.field = field


@dataclass(frozen=True)
class Tried:
    """What happened when a gateway was tried.

    :ivar works: whether the other side took it
    :ivar words: what it said, or why it could not be reached
    """

    delivery: Delivery
    works: bool
    words: str


def active(channel: Channel) -> list[Gateway]:
    """Return the gateways of a kind that are switched on, by name."""
    return list(Gateway.objects.filter(channel=channel, is_active=True).order_by("name"))


def number_address(gateway: Gateway, number: str) -> str:
    """Return the address that makes a text message of a mail; empty without digits.

    The number goes in as it is dialled from abroad, the country's code first.
    """
    digits = phone.digits(number)
    return gateway.pattern.replace(NUMBER, digits) if digits else ""


def save(*, by: User, at: datetime, **fields: Any) -> Gateway:
    """Make a gateway, or change one, traced with who did it and when; see :func:`_save`."""
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        return _save(by=by, at=at, **fields)


def _save(
    *,
    gateway: Gateway | None,
    name: str,
    channel: str,
    where: str,
    is_active: bool,
    secret: str | None,
    by: User,
    at: datetime,
) -> Gateway:
    """Make a gateway, or change one; the kind of one that exists stays.

    :param where: the address of a webhook, or the pattern of SMS by mail with ``{number}`` in it
    :param secret: a new secret; None leaves what there is, empty takes it away
    :raises NotAGateway: with the field, if something cannot be
    """
    name, where = clean_line(name)[:60], clean_line(where)
    if not name:
        raise NotAGateway("name", _("Give it a name."))
    channel = gateway.channel if gateway else channel
    _check_where(channel, where)
    same = Gateway.objects.filter(name=name).first()
    if same is not None and same != gateway:
        raise NotAGateway("name", _("There is a gateway of this name already."))
    row = gateway or Gateway(channel=channel, created_at=at)
    row.name, row.is_active = name, is_active
    row.url = where if channel == Channel.WEBHOOK else ""
    row.pattern = where if channel == Channel.SMS else ""
    row.save()
    if secret is not None and channel == Channel.WEBHOOK:
        _keep_secret(row, secret, by, at)
    return row


def try_out(
    *, gateway: Gateway, target: str, key: UUID, by: User, now: Callable[[], datetime]
) -> Tried:
    """Send a test through a gateway at once, and tell what happened. Outside any transaction.

    :param target: the phone number or address to reach
    :param key: of the form: sent twice it rings once
    :raises NotAGateway: if the target cannot be one
    """
    target = clean_line(target)[:200]
    if not target:
        raise NotAGateway("target", _("Say which number or address to reach."))
    at = now()
    address = number_address(gateway, target) if gateway.channel == Channel.SMS else target
    if not address:
        raise NotAGateway("target", _("“%(target)s” is no phone number.") % {"target": target})
    words = _("Test of the gateway %(name)s, by %(person)s. Nothing to do.") % {
        "name": gateway.name,
        "person": by.name,
    }
    delivery = enqueue(
        Mail(
            key=f"gateway-test:{key}",
            kind="gateway.test",
            to_address=address,
            reason=_("a test by %(person)s") % {"person": by.name},
            subject=_("Test"),
            body=hooks.document(event="test", words=words, phone=target)
            if gateway.channel == Channel.WEBHOOK
            else words[:SMS_LENGTH],
            channel=Channel(gateway.channel),
            gateway_id=gateway.pk,
        ),
        at=at,
        tells_worker=False,
    )
    if delivery.state == DeliveryState.WAITING:
        with sending.Line() as line:
            sending.send_one(delivery.pk, line=line, at=at)
        delivery.refresh_from_db()
    works = delivery.state == DeliveryState.SENT
    return Tried(delivery, works, delivery.answer if works else delivery.error)


def _check_where(channel: str, where: str) -> None:
    if channel == Channel.WEBHOOK:
        try:
            parts = urlsplit(where)
            is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_web = False
        if not is_web or len(where) > 500:
            raise NotAGateway(
                "where", _("A webhook's address begins with https:// (or http:// inside a house).")
            )
        return
    if channel != Channel.SMS:
        raise NotAGateway("channel", _("Choose what kind of gateway it is."))
    try:
        validate_email(where.replace(NUMBER, "123"))
        is_address = where.count(NUMBER) == 1 and len(where) <= 320
    except ValidationError:
        is_address = False
    if not is_address:
        raise NotAGateway(
            "where",
            _("Write the address with {number} where the phone number goes."),
            _("For example {number}@sms.example.org."),
        )


def _keep_secret(gateway: Gateway, secret: str, by: User, at: datetime) -> None:
    if not secret:
        GatewaySecret.objects.filter(gateway=gateway).delete()
        return
    GatewaySecret.objects.update_or_create(
        gateway=gateway,
        defaults={
            "encrypted": sealed.lock(secret, purpose=hooks.PURPOSE),
            "changed_at": at,
            "changed_by": by,
        },
    )
