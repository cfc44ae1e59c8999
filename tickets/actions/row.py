"""Lock a ticket's row, see what others changed meanwhile, store it."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from tickets import response
from tickets.models import HistoryEntry, Kind, Ticket

logger = logging.getLogger(__name__)


class ChangedMeanwhile(SupportError):
    """Somebody else changed the same thing since the person's page was made. Nothing is written.

    ``entries`` are the history entries in between; ``last_entry_id`` is what a page that shows
    them should carry as ``seen``.
    """

    def __init__(self, entries: list[HistoryEntry]) -> None:
        super().__init__(
            _("Somebody changed this ticket while your page was open."),
            _("Look at what changed, then send again if it still fits."),
        )
        self.entries = entries
        self.last_entry_id = entries[-1].pk


class NotAllowed(SupportError):
    """The person may not do that to the ticket."""

    is_refusal = True


def locked(ticket: Ticket) -> Ticket:
    """Return the ticket afresh, its row locked until the end of the transaction."""
    return (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("submitter", "unit", "vo")
        .get(pk=ticket.pk)
    )


@contextmanager
def apart(number: int | str) -> Iterator[None]:
    """Do what the clock wants of one ticket in a transaction of its own.

    What goes wrong there is logged and costs the other tickets nothing; the next round tries again.
    """
    try:
        with transaction.atomic():
            yield
    except Exception:
        logger.exception("ticket %s was left for the next round", number)


def refuse_stale(
    ticket: Ticket,
    *,
    seen: int | None,
    kinds: Collection[Kind],
    by: User | None,
    field: str | None = None,
) -> None:
    """Make sure that nobody else changed these kinds of things after entry ``seen``.

    :param field: of changed fields, only this one counts
    :raises ChangedMeanwhile: if somebody did
    """
    if seen is None or seen >= ticket.last_entry_id:
        return
    found = HistoryEntry.objects.filter(ticket=ticket, pk__gt=seen, kind__in=kinds)
    if field is not None:
        found = found.filter(facts__field=field)
    entries = list(found.exclude(actor=by).select_related("actor").order_by("pk"))
    if entries:
        raise ChangedMeanwhile(entries)


def store(ticket: Ticket, *fields: str) -> Ticket:
    """Save the named fields, and what writing history set: the newest entry, the clock."""
    ticket.save(update_fields=[*fields, *response.FIELDS, "last_entry_id", "updated_at"])
    return ticket
