"""Verbs of sources."""

from datetime import datetime, timedelta

import pghistory
from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds.configuration import configuration_of
from juno_support.feeds.models import FeedRun, Outcome, Source

SHORTEST_INTERVAL = timedelta(seconds=30)
LONGEST_INTERVAL = timedelta(days=7)


def configure_source(
    *,
    source: Source,
    url: str,
    interval: timedelta,
    is_enabled: bool,
    by: User,
    at: datetime,
) -> Source:
    """Set what a page may set of a source; what comes from the environment stays as it is.

    The trace of the change is written by the database.

    :raises SupportError: when the address or the interval cannot be
    """
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        return _configure(source=source, url=url, interval=interval, is_enabled=is_enabled)


def _configure(*, source: Source, url: str, interval: timedelta, is_enabled: bool) -> Source:
    source = Source.objects.select_for_update().get(pk=source.pk)
    in_force = configuration_of(source).from_environment
    if "url" not in in_force:
        if url and not url.startswith(("https://", "http://")):
            raise SupportError(
                _("This is no web address."),
                _("It must begin with https:// or http://."),
            )
        source.url = url.strip()
    if "interval" not in in_force:
        if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            raise SupportError(
                _("That is too often or too seldom."),
                _("Choose between half a minute and seven days."),
            )
        source.interval = interval
    source.is_enabled = is_enabled
    source.save(update_fields=["url", "interval", "is_enabled"])
    return source


def forget_old_runs(*, before: datetime) -> int:
    """Delete the records of polls before a moment, but never a source's first or last good one.

    The first says since when we know anything, the last how old our data are.
    """
    good = (
        FeedRun.objects.filter(outcome__in=[Outcome.OK, Outcome.UNCHANGED])
        .values("source")
        .annotate(first=Min("pk"), last=Max("pk"))
    )
    keep = {pk for row in good for pk in (row["first"], row["last"])}
    deleted, _rows = FeedRun.objects.filter(started_at__lt=before).exclude(pk__in=keep).delete()
    return deleted
