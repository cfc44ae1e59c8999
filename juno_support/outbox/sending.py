"""Send what waits in the outbox, and decide what becomes of it when that fails.

A mail is claimed in two steps. First its attempt is counted and committed, so that a mail that
kills its worker does not do so for ever. Then its row is locked while it is sent: nobody else
takes it meanwhile, and when the process dies the lock dies with it and the next sweep takes the
mail at once. A crash between the server's "accepted" and our commit sends it again under the same
Message-ID, so that the repeat is recognised. Nothing but this row is locked while we talk to the
server.
"""

import logging
import random
import smtplib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from juno_support.lib.faults import FetchFault
from juno_support.outbox import hooks, message
from juno_support.outbox.models import Channel, Delivery, DeliveryState

logger = logging.getLogger(__name__)

# Pauses before the second, third, … attempt: a server that is away over a weekend loses nothing.
PAUSES = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(PAUSES) + 1
# A phone that rings after hours helps nobody: about an hour, then it is given up, visibly.
CALL_PAUSES = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=3),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
JITTER = 0.2  # ± a fifth, so that a thousand mails do not come back in one second
MOST_AT_ONCE = 200


class Outcome(Enum):
    """What became of one attempt."""

    NOT_OURS = "somebody else has it, or it no longer waits"
    SENT = "the server took it"
    RETRY = "it will be tried again; the server answers"
    GIVEN_UP = "it was given up"
    NO_LINE = "it will be tried again; the server cannot be spoken to"


class NoLine(Exception):
    """The server could not be reached, or did not let us in: no fault of the mail."""


class Line:
    """A connection to the server named by ``JUNO_MAIL_BACKEND``, opened when first needed."""

    def __init__(self) -> None:
        self._connection = get_connection(settings.JUNO_MAIL_BACKEND)
        self._is_open = False

    def __enter__(self) -> Self:
        """Return the line itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self.hang_up()

    def take(self, mail: EmailMessage) -> None:
        """Hand one mail to the server.

        :raises NoLine: if the connection cannot be made
        :raises Exception: whatever the server or the network answered
        """
        if not self._is_open:
            try:
                self._connection.open()
            except (OSError, smtplib.SMTPException) as error:
                self.hang_up()
                raise NoLine(_words(error)) from error
            self._is_open = True
        if self._connection.send_messages([mail]) != 1:
            raise smtplib.SMTPException("The server took no message.")

    def hang_up(self) -> None:
        """Close the connection; the next mail opens a new one."""
        self._is_open = False
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException) as error:
            logger.info("mail server: %s", _words(error))


def due(at: datetime, *, most: int = MOST_AT_ONCE) -> list[int]:
    """Return the primary keys of the mails whose moment has come, the longest waiting first."""
    return list(
        Delivery.objects.filter(state=DeliveryState.WAITING, next_attempt_at__lte=at)
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:most]
    )


def send_all(delivery_ids: Iterable[int], *, now: Callable[[], datetime]) -> dict[Outcome, int]:
    """Try to send these mails over one connection; returns how many had which outcome.

    Where the server cannot be reached the rest of the mails is left for the next sweep, with no
    attempt counted. Calls go first and do not depend on it.

    :param now: the clock; a batch can take minutes
    """
    delivery_ids = list(delivery_ids)
    calls = set(
        Delivery.objects.filter(pk__in=delivery_ids, channel=Channel.WEBHOOK).values_list(
            "pk", flat=True
        )
    )
    outcomes: dict[Outcome, int] = {}
    with Line() as line:
        for delivery_id in sorted(delivery_ids, key=lambda key: key not in calls):
            outcome = send_one(delivery_id, line=line, at=now())
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if outcome is Outcome.NO_LINE:
                break
    return outcomes


def send_one(delivery_id: int, *, line: Line, at: datetime) -> Outcome:
    """Try to send one mail and note what became of it."""
    attempt = _claim(delivery_id, at)
    if attempt is None:
        return Outcome.NOT_OURS
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("gateway")
            .filter(pk=delivery_id, state=DeliveryState.WAITING, attempts=attempt)
            .first()
        )
        if delivery is None:
            return Outcome.NOT_OURS
        try:
            delivery.answer = _hand_over(delivery, line, at)
        except Exception as error:
            if delivery.channel != Channel.WEBHOOK:
                line.hang_up()
            outcome = _note_failure(delivery, error, at)
        else:
            delivery.state = DeliveryState.SENT
            delivery.sent_at = at
            delivery.error = ""
            outcome = Outcome.SENT
        delivery.save(
            update_fields=["state", "sent_at", "refused_at", "error", "answer", "next_attempt_at"]
        )
    return outcome


def most_attempts(delivery: Delivery) -> int:
    """Return after how many attempts it is given up: mails over days, calls within the hour."""
    return len(_pauses(delivery)) + 1


def is_permanent(error: Exception) -> bool:
    """Return whether trying again cannot help: the server refused this mail for good (5xx).

    A refused sign-in, greeting or sender is about the server or our settings, not about the mail.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(500 <= code < 600 for code, _ in error.recipients.values())
        case smtplib.SMTPDataError():
            return 500 <= error.smtp_code < 600
        case NoLine():
            return False
        case hooks.NoGateway():
            return True
        case UnicodeError() | ValueError():
            return True  # it cannot be written as a message
    return False


def pause_after(
    attempts: int,
    *,
    pauses: Sequence[timedelta] = PAUSES,
    chance: Callable[[], float] = random.random,
) -> timedelta:
    """Return how long to wait after so many attempts: longer each time, and never exactly.

    :param chance: a number from 0 to 1
    """
    pause = pauses[min(attempts, len(pauses)) - 1]
    return pause * (1 + JITTER * (2 * chance() - 1))


def _hand_over(delivery: Delivery, line: Line, at: datetime) -> str:
    """Give it to the mail server or to its gateway; returns what is to be remembered of that."""
    if delivery.channel == Channel.WEBHOOK:
        return hooks.post(delivery, at=at)[:300]
    mail = message.build(delivery)
    # A savepoint: where the demo's catcher fails in the database, our own row survives.
    with transaction.atomic():
        line.take(mail)
    return message.left_out(mail)[:300]


def _pauses(delivery: Delivery) -> Sequence[timedelta]:
    return PAUSES if delivery.channel == Channel.MAIL else CALL_PAUSES


def _claim(delivery_id: int, at: datetime) -> int | None:
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(skip_locked=True)
            .filter(pk=delivery_id, state=DeliveryState.WAITING, next_attempt_at__lte=at)
            .first()
        )
        if delivery is None:
            return None
        if delivery.attempts >= most_attempts(delivery):
            # Every attempt ended its process before it could note why.
            delivery.state = DeliveryState.FAILED
            delivery.error = delivery.error or "The worker ended during each attempt."
            delivery.save(update_fields=["state", "error"])
            logger.error("mail %s was given up: %s", delivery.pk, delivery.error)
            return None
        delivery.attempts += 1
        delivery.last_attempt_at = at
        delivery.save(update_fields=["attempts", "last_attempt_at"])
        return delivery.attempts


def _note_failure(delivery: Delivery, error: Exception, at: datetime) -> Outcome:
    delivery.error = _words(error)
    if is_permanent(error) or delivery.attempts >= most_attempts(delivery):
        delivery.state = DeliveryState.FAILED
        # A refused text (looks like spam, is too long) says nothing about the address.
        if is_permanent(error) and isinstance(error, smtplib.SMTPRecipientsRefused):
            delivery.refused_at = at
        logger.error("mail %s was given up: %s", delivery.pk, delivery.error)
        return Outcome.GIVEN_UP
    delivery.next_attempt_at = at + pause_after(delivery.attempts, pauses=_pauses(delivery))
    logger.warning("mail %s is tried again: %s", delivery.pk, delivery.error)
    if delivery.channel == Channel.WEBHOOK:
        return Outcome.RETRY  # the mails of the batch have nothing to do with it
    # A server that answers can take the next mail; one that is silent or gone would only use up
    # the attempts (and the minutes) of all the others.
    answered = isinstance(error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused))
    return Outcome.RETRY if answered else Outcome.NO_LINE


def _words(error: BaseException) -> str:
    """Return what the server said, in one line; never more than the page can show."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            said = "; ".join(
                f"{code} {_decoded(answer)}" for code, answer in error.recipients.values()
            )
        case FetchFault() | hooks.NoGateway():
            said = str(error)
        case smtplib.SMTPResponseException():
            said = f"{error.smtp_code} {_decoded(error.smtp_error)}"
        case _:
            said = f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:1000]


def _decoded(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
