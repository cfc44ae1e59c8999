"""What shifters say of themselves: how they are reached, when they can; their calendar links."""

import hashlib
import secrets
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from supportunits.actions.trace import traced
from supportunits.models import (
    VO,
    CalendarLink,
    OnCallContact,
    ShiftType,
    ShiftWish,
    WishKind,
)

MOST_WISHES = 100
MOST_LINKS = 10
LINK_LIVES = timedelta(days=366)
TOKEN_BYTES = 24


class WishImpossible(SupportError):
    """The days end before they begin, or there are too many."""


class TooManyLinks(SupportError):
    """Nobody needs so many calendars."""


@traced
def set_contact(
    *,
    user: User,
    phone: str,
    im_address: str,
    wakes_at: time,
    sleeps_at: time,
    by: User | None,
    at: datetime,
) -> OnCallContact:
    """Say how a person is reached while on call, and when the person is awake."""
    contact, _is_new = OnCallContact.objects.update_or_create(
        user=user,
        defaults={
            "phone": clean_line(phone)[:40],
            "im_address": clean_line(im_address)[:200],
            "wakes_at": wakes_at,
            "sleeps_at": sleeps_at,
        },
    )
    return contact


@traced
def add_wish(
    *,
    user: User,
    kind: WishKind,
    first_day: date,
    last_day: date,
    by: User | None,
    at: datetime,
) -> ShiftWish:
    """Say that one is absent on some days, wants a shift, or would rather have none.

    Shifts that the person has then stay: they want a swap.

    :raises WishImpossible: the days end before they begin, last over a year, or are too many
    """
    if last_day < first_day:
        raise WishImpossible(
            _("The last day is before the first."), _("Write the first day first.")
        )
    if (last_day - first_day).days > 366:
        raise WishImpossible(_("These are more than 366 days."), _("Write a shorter time."))
    if ShiftWish.objects.filter(user=user, last_day__gte=at.date()).count() >= MOST_WISHES:
        raise WishImpossible(
            _("You named %(most)d times already.") % {"most": MOST_WISHES},
            _("Take back some that do not matter."),
        )
    wish, _is_new = ShiftWish.objects.get_or_create(
        user=user, kind=kind, first_day=first_day, last_day=last_day
    )
    return wish


@traced
def remove_wish(*, wish: ShiftWish, by: User | None, at: datetime) -> None:
    """Take a wish or an absence back."""
    ShiftWish.objects.filter(pk=wish.pk).delete()


@traced
def make_calendar_link(
    *, owner: User, vo: VO | None, kind: ShiftType | None, by: User | None, at: datetime
) -> tuple[CalendarLink, str]:
    """Make a private address of a calendar: of one's own shifts, of a VO's, or of a type's.

    :returns: the link and its token, which is shown once; only a digest is kept
    :raises TooManyLinks: the person has ten
    """
    if CalendarLink.objects.filter(owner=owner, expires_at__gt=at).count() >= MOST_LINKS:
        raise TooManyLinks(
            _("You have %(most)d calendar addresses.") % {"most": MOST_LINKS},
            _("End one that you do not need."),
        )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = CalendarLink.objects.create(
        token_hash=digest(token),
        owner=owner,
        vo=kind.vo if kind else vo,
        type=kind,
        made_at=at,
        expires_at=at + LINK_LIVES,
    )
    return link, token


@traced
def end_calendar_link(*, link: CalendarLink, by: User | None, at: datetime) -> None:
    """Make a calendar's address lead nowhere from now on."""
    CalendarLink.objects.filter(pk=link.pk).delete()


def find_link(token: str, *, at: datetime) -> CalendarLink | None:
    """Return the link of a token; None where it is unknown, expired, or its owner left."""
    return (
        CalendarLink.objects.select_related("owner", "vo", "type")
        .filter(token_hash=digest(token), expires_at__gt=at, owner__is_active=True)
        .first()
    )


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
