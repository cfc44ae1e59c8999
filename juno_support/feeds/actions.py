"""Verbs of sources."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds import certificates, vault
from juno_support.feeds.configuration import configuration_of
from juno_support.feeds.models import FeedRun, Outcome, Source
from juno_support.feeds.option_fields import typed_value

SHORTEST_INTERVAL = timedelta(seconds=30)
LONGEST_INTERVAL = timedelta(days=7)
_HAS_A_PASSWORD = re.compile(r"https?://[^/?#]*@", re.IGNORECASE)


def configure_source(
    *,
    source: Source,
    url: str,
    interval: timedelta,
    is_enabled: bool,
    by: User,
    at: datetime,
    options: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Source:
    """Set what a page may set of a source; what comes from the environment stays as it is.

    The trace of the change is written by the database; of secrets it holds nothing.

    :param options: values of options of its kind; empty ones go back to their default, and those
        that are not named stay
    :param secrets: secret options and the certificate to set, "" for those to remove
    :raises SupportError: when a value cannot be
    """
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        source = _configure(
            source=source,
            url=url,
            interval=interval,
            is_enabled=is_enabled,
            options=options or {},
        )
        configuration = configuration_of(source)
        known = {option.name for option in configuration.kind.options if option.is_secret}
        if not configuration.kind.is_pushed:
            known.add(certificates.SECRET)
            if entered := (secrets or {}).get(certificates.SECRET):
                certificates.check(entered)
        for name, value in (secrets or {}).items():
            if name in known - configuration.from_environment:
                vault.write(source=source, name=name, value=value, by=by, at=at)
    return source


def _configure(
    *,
    source: Source,
    url: str,
    interval: timedelta,
    is_enabled: bool,
    options: Mapping[str, Any],
) -> Source:
    source = Source.objects.select_for_update().get(pk=source.pk)
    configuration = configuration_of(source)
    in_force = configuration.from_environment
    if "url" not in in_force and not configuration.kind.is_pushed:
        if url and not url.startswith(("https://", "http://")):
            raise SupportError(
                _("This is no web address."),
                _("It must begin with https:// or http://."),
            )
        if _HAS_A_PASSWORD.match(url.strip()):
            # Addresses are shown to everybody who sees how polls went.
            raise SupportError(
                _("The address holds a name or a password."),
                _("Enter them as the credential of the source, or set a certificate."),
            )
        source.url = url.strip()
    if "interval" not in in_force:
        if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            raise SupportError(
                _("That is too often or too seldom."),
                _("Choose between half a minute and seven days."),
            )
        source.interval = interval
    config = dict(source.config)
    for option in configuration.kind.options:
        if option.is_secret or option.name not in options or option.name in in_force:
            continue
        value = typed_value(option, options[option.name])
        if value == option.default:
            config.pop(option.name, None)
        else:
            config[option.name] = list(value) if isinstance(value, tuple) else value
    source.config = config
    source.is_enabled = is_enabled
    source.save(update_fields=["url", "interval", "is_enabled", "config"])
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
