"""Sources that nobody asks: they tell us by themselves, with a token of their own.

Each is a row ``push-<word>`` that an admin made. Its token is shown once, when it is made or made
anew; what is kept is a digest, so that whoever reads the database cannot push.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds.actions import LONGEST_INTERVAL, SHORTEST_INTERVAL
from juno_support.feeds.models import PushToken, Source
from juno_support.feeds.registry import PUSHED

TOKEN_START = "push_"  # noqa: S105  (what a token begins with, so that people recognise one)
TOKEN_BYTES = 32
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_WORD = 40


def make_source(
    *, word: str, interval: timedelta, namespace: str, by: User, at: datetime
) -> tuple[Source, str]:
    """Make the source ``push-<word>`` and its token; the token cannot be read again later.

    :param interval: how often it is expected to push; silence of three of them is stale
    :param namespace: whose names of sites, services and links it uses; empty: its own
    :raises SupportError: when the name or the interval cannot be, or the source exists
    """
    if len(word) > _LONGEST_WORD or not _WORD.fullmatch(word):
        raise SupportError(
            _("This is no name for a source."),
            _("Use small letters, digits and single hyphens, for example cern-noc."),
        )
    if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
        raise SupportError(
            _("That is too often or too seldom."),
            _("Choose between half a minute and seven days."),
        )
    if namespace and not _WORD.fullmatch(namespace):
        raise SupportError(
            _("This is no name for a family of names."),
            _("Use small letters, digits and single hyphens, for example perfsonar."),
        )
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        try:
            with transaction.atomic():
                source = Source.objects.create(
                    name=f"{PUSHED}{word}",
                    interval=interval,
                    config={"namespace": namespace} if namespace else {},
                )
        except IntegrityError as error:
            raise SupportError(
                _("There is a source of that name already."), _("Choose another name.")
            ) from error
        return source, _issue(source, by=by, at=at)


def issue_token(*, source: Source, by: User, at: datetime) -> str:
    """Make a token for a source; one that it had stops working at once."""
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        source = Source.objects.select_for_update().get(pk=source.pk)
        return _issue(source, by=by, at=at)


def revoke_token(*, source: Source, by: User, at: datetime) -> None:
    """Take a source's token away; nothing can be pushed until it gets a new one."""
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        PushToken.objects.filter(source=source).delete()


def find_by_token(name: str, token: str) -> Source | None:
    """Return the source of that name, if the token is its own."""
    row = PushToken.objects.select_related("source").filter(source__name=name).first()
    # Compared also where there is no such source: the time tells nobody which sources exist.
    is_right = hmac.compare_digest(row.digest if row else _digest(""), _digest(token))
    return row.source if row and is_right else None


def is_expected(source: Source) -> bool:
    """Say whether a source should tell something by itself: lists come by hand, without a token."""
    return PushToken.objects.filter(source=source).exists()


def _issue(source: Source, *, by: User, at: datetime) -> str:
    token = TOKEN_START + secrets.token_urlsafe(TOKEN_BYTES)
    PushToken.objects.update_or_create(
        source=source, defaults={"digest": _digest(token), "made_at": at, "made_by": by}
    )
    return token


def _digest(token: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
