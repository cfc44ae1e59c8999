"""Secrets of sources: API keys, bearer tokens, refresh tokens. Encrypted at rest, never shown.

How they are locked is ``lib.sealed``'s business.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from juno_support.accounts.models import User
from juno_support.feeds.models import Source, SourceSecret
from juno_support.lib import sealed

_PURPOSE = b"juno_support.feeds.vault:"


@dataclass
class Entry:
    """One secret while its row is locked: set ``value`` to change it, "" to take it away."""

    value: str


def read(source: str, name: str) -> str:
    """Return a secret; empty where there is none, or where it can no longer be opened."""
    row = SourceSecret.objects.filter(source__name=source, name=name).first()
    return _open(row) if row else ""


def names(source: Source) -> frozenset[str]:
    """Return the names of the secrets that a source has; its row need not be saved yet."""
    rows = (
        SourceSecret.objects.filter(source=source.pk) if source.pk else SourceSecret.objects.none()
    )
    return frozenset(rows.values_list("name", flat=True))


def names_by_source() -> dict[str, frozenset[str]]:
    """Return the names of the secrets of all sources that have any; one query."""
    found: dict[str, set[str]] = {}
    for source, name in SourceSecret.objects.values_list("source__name", "name"):
        found.setdefault(source, set()).add(name)
    return {source: frozenset(its) for source, its in found.items()}


def write(*, source: Source, name: str, value: str, by: User | None, at: datetime) -> None:
    """Keep a secret; an empty value takes it away."""
    if not value:
        SourceSecret.objects.filter(source=source, name=name).delete()
        return
    SourceSecret.objects.update_or_create(
        source=source,
        name=name,
        defaults={"encrypted": _lock(value), "changed_at": at, "changed_by": by},
    )


@contextmanager
def changing(source: str, name: str, *, at: datetime) -> Iterator[Entry]:
    """Hold a secret's row for one change, in one transaction: whoever comes second waits and then
    sees the new value. For tokens that work only once.
    """
    with transaction.atomic():
        # The source's row is the lock: the secret's own may not be there yet. Not against rows
        # that only point to it: a token is asked for meanwhile, and runs must not wait for that.
        owner = Source.objects.select_for_update(no_key=True).get(name=source)
        row = SourceSecret.objects.filter(source=owner, name=name).first()
        entry = Entry(_open(row) if row else "")
        before = entry.value
        yield entry
        if entry.value != before:
            write(source=owner, name=name, value=entry.value, by=None, at=at)


def _open(row: SourceSecret) -> str:
    return sealed.unlock(bytes(row.encrypted), purpose=_PURPOSE)


def _lock(value: str) -> bytes:
    return sealed.lock(value, purpose=_PURPOSE)
