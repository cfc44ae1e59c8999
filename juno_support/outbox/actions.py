"""Put mail and calls into the outbox; decide about what could not be sent.

A mail is a row that is written in the transaction of the thing it tells about: it exists if and
only if that thing happened. After the commit a worker is told; where the broker is away, the sweep
(``tasks.send_due``) finds the rows.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import text
from juno_support.outbox.models import CaughtMail, Channel, Decision, Delivery, DeliveryState
from juno_support.outbox.tasks import send_these

logger = logging.getLogger(__name__)

SUBJECT_LENGTH = 400  # one header line, also when it is encoded; RFC 5322 allows 998 bytes


class CannotDecide(SupportError):
    """The mail is in a state in which this cannot be done to it."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail to one address, or one call through a gateway, before it is written.

    :ivar key: names the mail for ever; the same key twice is the same mail
    :ivar kind: what it is about, for the outbox page ("account", "ticket.submitted", …)
    :ivar reason: why this address hears of it, in words
    :ivar names_tickets: of a mail about several tickets, those whose words stand in it
    :ivar headers: further headers; the usual ones are added when it is sent
    :ivar to_address: of a webhook, the phone number or address that its body names
    :ivar wants_signature: S/MIME, if the portal has a certificate
    """

    key: str
    kind: str
    to_address: str
    subject: str
    body: str
    to_user_id: int | None = None
    reason: str = ""
    about_ticket: int | None = None
    names_tickets: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    channel: Channel = Channel.MAIL
    gateway_id: int | None = None
    wants_signature: bool = False


def message_id(key: str, about_ticket: int | None = None) -> str:
    """Return the Message-ID of a key: the same at every attempt, also after a crash."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    about = f"ticket-{about_ticket}." if about_ticket is not None else ""
    return f"<{about}{digest}@{settings.JUNO_MAIL_DOMAIN}>"


def enqueue(mail: Mail, *, at: datetime, tells_worker: bool = True) -> Delivery:
    """Write one mail into the outbox; see :func:`enqueue_all`."""
    return enqueue_all([mail], at=at, tells_worker=tells_worker)[0]


@transaction.atomic
def enqueue_all(
    mails: Iterable[Mail], *, at: datetime, tells_worker: bool = True
) -> list[Delivery]:
    """Write mails into the outbox and have them sent after the commit.

    A key that is there already leaves its first mail as it is. An address that cannot be one is
    given up at once, visibly, and costs the other mails nothing.

    :param tells_worker: False where the caller sends at once; the sweep is there in any case
    :returns: the rows in the order of ``mails``
    """
    mails = list(mails)
    Delivery.objects.bulk_create([_row(mail, at) for mail in mails], ignore_conflicts=True)
    rows = {row.key: row for row in Delivery.objects.filter(key__in=[m.key for m in mails])}
    deliveries = [rows[mail.key] for mail in mails]
    waiting = [row.pk for row in rows.values() if row.state == DeliveryState.WAITING]
    if waiting and tells_worker:
        transaction.on_commit(lambda: _tell_a_worker(sorted(waiting)), robust=True)
    return deliveries


@transaction.atomic
def try_again(*, delivery_id: int, by: User, at: datetime) -> Delivery:
    """Have a mail tried again now: one that was given up or cancelled, or one that waits.

    :raises CannotDecide: if it was sent
    """
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.state == DeliveryState.SENT:
        raise CannotDecide(_("This mail was sent meanwhile."))
    _decide([delivery], DeliveryState.WAITING, by, at)
    transaction.on_commit(lambda: _tell_a_worker([delivery.pk]), robust=True)
    return delivery


@transaction.atomic
def try_all_again(*, by: User, at: datetime, most: int = 1000) -> int:
    """Have everything that was given up tried again now, oldest first; returns how many.

    :param most: more than these take another click
    """
    given_up = list(
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(state=DeliveryState.FAILED)
        .order_by("pk")[:most]
    )
    _decide(given_up, DeliveryState.WAITING, by, at)
    if given_up:
        transaction.on_commit(lambda: _tell_a_worker([row.pk for row in given_up]), robust=True)
    return len(given_up)


@transaction.atomic
def cancel(*, delivery_id: int, by: User, at: datetime) -> Delivery:
    """Decide that a mail is not to be sent. Waits for an attempt that runs at this moment.

    :raises CannotDecide: if it was sent, or is cancelled already
    """
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.state == DeliveryState.SENT:
        raise CannotDecide(_("This mail was sent meanwhile."))
    if delivery.state == DeliveryState.CANCELLED:
        raise CannotDecide(_("This mail is cancelled already."))
    _decide([delivery], DeliveryState.CANCELLED, by, at)
    return delivery


def withdraw_calls(*, key_prefix: str) -> int:
    """Cancel what still waits to ring a phone under keys that begin so; returns how many.

    For when a person has answered meanwhile; mails are left to leave.
    """
    calls = _waiting_calls(Delivery.objects.filter(key__startswith=key_prefix))
    return calls.update(state=DeliveryState.CANCELLED)


@transaction.atomic
def withdraw_calls_about(*, ticket: int) -> list[int]:
    """Cancel what still waits to ring a phone about a ticket.

    For when nobody is to hear of the ticket any more.

    :param ticket: the ticket's number
    :returns: the keys of what was cancelled, for :func:`bring_calls_back`
    """
    waiting = _waiting_calls(Delivery.objects.select_for_update().filter(about_ticket=ticket))
    keys = list(waiting.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=keys).update(state=DeliveryState.CANCELLED)
    return keys


def bring_calls_back(keys: list[int]) -> int:
    """Let calls that were cancelled with their ticket wait again; returns how many.

    :param keys: what :func:`withdraw_calls_about` returned
    """
    cancelled = Delivery.objects.filter(pk__in=keys, state=DeliveryState.CANCELLED)
    number = cancelled.update(state=DeliveryState.WAITING)
    if number:
        transaction.on_commit(lambda: _tell_a_worker(keys), robust=True)
    return number


def _waiting_calls(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.filter(state=DeliveryState.WAITING, channel__in=(Channel.SMS, Channel.WEBHOOK))


@transaction.atomic
def redact_about(*, ticket: int, also_gathered: bool = True) -> int:
    """Take subject and text out of every mail about a ticket, sent or not (redaction).

    What was sent has left; what we keep of it goes. Mails that still wait leave with a note.

    :param ticket: the ticket's number
    :param also_gathered: mails about several tickets, too, which hold the subject of each
    :returns: how many mails were changed
    """
    subject = f"[{settings.JUNO_MAIL_TAG} #{ticket}]"
    note = _("A part of this ticket was redacted. Read the rest on the ticket's page.")
    changed = Delivery.objects.filter(about_ticket=ticket).update(subject=subject, body=note)
    if also_gathered:
        gathered = Delivery.objects.filter(about_ticket=None, names_tickets__contains=[ticket])
        caught = list(gathered.values_list("message_id", flat=True))
        changed += gathered.update(body=note)
        CaughtMail.objects.filter(message_id__in=caught).update(body=note)
    CaughtMail.objects.filter(headers__contains={"X-JUNO-Ticket": str(ticket)}).update(
        subject=subject, body=note, headers={"X-JUNO-Ticket": str(ticket)}
    )
    return changed


def _row(mail: Mail, at: datetime) -> Delivery:
    to_address = text.clean_line(mail.to_address)
    row = Delivery(
        key=mail.key,
        kind=mail.kind,
        to_address=to_address[:320],
        to_user_id=mail.to_user_id,
        reason=text.clean_line(mail.reason)[:200],
        about_ticket=mail.about_ticket,
        names_tickets=list(mail.names_tickets),
        subject=text.shorten(mail.subject, SUBJECT_LENGTH),
        body=text.clean(mail.body),
        headers={name: text.clean_line(value) for name, value in mail.headers.items()},
        message_id=message_id(mail.key, mail.about_ticket),
        created_at=at,
        next_attempt_at=at,
        channel=mail.channel,
        gateway_id=mail.gateway_id,
        wants_signature=mail.wants_signature,
    )
    if mail.channel == Channel.WEBHOOK:
        return row
    try:
        validate_email(to_address)
    except ValidationError:
        row.state = DeliveryState.FAILED
        row.error = _("This is no e-mail address.")
    return row


def _decide(deliveries: list[Delivery], state: DeliveryState, by: User, at: datetime) -> None:
    Decision.objects.bulk_create(
        Decision(delivery=row, by=by, decided_at=at, old_state=row.state, new_state=state)
        for row in deliveries
    )
    for row in deliveries:
        if row.state != DeliveryState.WAITING:
            row.attempts = 0
        row.state = state
        row.next_attempt_at = at
    Delivery.objects.bulk_update(
        deliveries, ["state", "attempts", "next_attempt_at"], batch_size=500
    )


def _tell_a_worker(delivery_ids: list[int]) -> None:
    # A broker that is away must not make a request fail: the sweep finds the rows.
    try:
        send_these.apply_async(args=(delivery_ids,), retry=False)
    except Exception as error:  # whatever a client library raises when its server is away
        logger.warning("%s mails wait for the sweep: %s", len(delivery_ids), error)
