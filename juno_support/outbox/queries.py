"""Questions of the outbox pages: what waits, what was given up, how fresh all that is."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Max, Min, QuerySet
from django.db.models.functions import Left

from juno_support.outbox.models import CaughtMail, Delivery, DeliveryState

PAGE = 50
MOST_COUNTED = 99
# "#123", "123": a ticket's number; anything else is looked for in addresses
_NUMBER = re.compile(r"#?(\d{1,18})")


Row = TypeVar("Row", Delivery, CaughtMail)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list, newest first.

    :ivar older: the key to go on from, or None at the end
    """

    rows: list[Row]
    older: int | None


@dataclass(frozen=True)
class Freshness:
    """How the sending goes.

    :ivar last_sent_at: when a mail last left, or None
    :ivar due_since: since when the longest waiting mail that is due waits, or None
    """

    last_sent_at: datetime | None
    due_since: datetime | None


def deliveries(
    *, state: str = "", search: str = "", before: int | None = None, size: int = PAGE
) -> Page[Delivery]:
    """Return a page of mails, newest first; one query.

    :param state: one of ``DeliveryState``, or empty for all
    :param search: a ticket's number, or a part of an address
    :param before: only mails older than this key
    """
    found = Delivery.objects.all()
    if state:
        found = found.filter(state=state)
    if number := _NUMBER.fullmatch(search.strip()):
        found = found.filter(about_ticket=int(number[1]))
    elif search.strip():
        found = found.filter(to_address__icontains=search.strip())
    return _page(found.defer("body", "headers"), before, size)


def counts() -> dict[str, str]:
    """Return how many mails wait and were given up, as words up to "99+"."""
    return {
        state: _count(Delivery.objects.filter(state=state))
        for state in (DeliveryState.FAILED, DeliveryState.WAITING)
    }


def freshness(at: datetime) -> Freshness:
    """Return when a mail last left and since when the longest waiting due one waits."""
    sent = Delivery.objects.filter(state=DeliveryState.SENT)
    late = Delivery.objects.filter(state=DeliveryState.WAITING, next_attempt_at__lte=at)
    return Freshness(
        last_sent_at=sent.aggregate(last=Max("sent_at"))["last"],
        due_since=late.aggregate(first=Min("next_attempt_at"))["first"],
    )


def caught(*, address: str = "", before: int | None = None, size: int = PAGE) -> Page[CaughtMail]:
    """Return a page of what the catcher holds, newest first, of one address or of all.

    Each row carries ``begins``: the first 400 characters of its text.
    """
    found = CaughtMail.objects.defer("body", "headers").annotate(begins=Left("body", 400))
    if address.strip():
        found = found.filter(to_address__icontains=address.strip())
    return _page(found, before, size)


def _page(found: QuerySet[Row], before: int | None, size: int) -> Page[Row]:
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: size + 1])
    return Page(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def _count(found: QuerySet[Delivery]) -> str:
    number = len(found.values_list("pk")[: MOST_COUNTED + 1])
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number)
