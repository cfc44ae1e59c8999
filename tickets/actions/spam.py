"""Discard spam, and recover what was none.

A discarded ticket is closed and of category spam: no queue, count, sweep or figure shows it, and
nobody is told anything of it by mail or phone. All else stays as it was, so that recovering brings
it back whole (domain: section 1, TPM "discards spam, recoverable"). Beside the workflow's table, as
undo: where it leads to is where the ticket was.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.outbox import actions as outbox
from tickets import history, policies
from tickets.actions import passing, wall_clock
from tickets.actions.hanging import waits
from tickets.actions.row import NotAllowed, locked, refuse_stale, store
from tickets.models import Category, HistoryEntry, Kind, Ticket, WallClock
from tickets.workflow import OPEN, Status

CALLS_STAND = timedelta(hours=1)
"""How long after a discard its recovery brings the calls back: later nobody is helped by one."""


class CannotDiscard(SupportError):
    """The ticket cannot be discarded, or not be recovered."""


@transaction.atomic
def discard(*, ticket: Ticket, by: User, at: datetime, seen: int | None = None) -> Ticket:
    """Discard an open ticket as spam.

    :raises NotAllowed: if ``by`` is no TPM operator
    :raises CannotDiscard: if the ticket is not open any more
    :raises ChangedMeanwhile: if somebody else moved it since
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.STATUS_CHANGED, Kind.ASSIGNED_TO_UNIT), by=by)
    _check(ticket, by)
    if ticket.status not in OPEN:
        raise CannotDiscard(
            _("The ticket is %(status)s: only open tickets are discarded.")
            % {"status": ticket.get_status_display()},
        )
    category, status = ticket.category, ticket.status
    ticket.category, ticket.status = Category.SPAM, Status.CLOSED
    passing.let_loose(ticket, by=by, at=at)
    passing.end_incident(ticket, by=by, at=at)
    wall_clock.stop(ticket, at=at)
    calls = outbox.withdraw_calls_about(ticket=ticket.pk)
    told = _write(ticket, Kind.DISCARDED, by, at, category=category, status=status, calls=calls)
    # What waited for it waits no longer.
    passing.pass_on(told, at=at, to_followers=True, to_parent=True)
    return ticket


@transaction.atomic
def recover(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Bring a discarded ticket back with everything as it was.

    An alarm that nobody had received is raised again; within the hour the calls of an escalation,
    which the discard took back, wait to ring again.

    :raises NotAllowed: if ``by`` is no TPM operator
    :raises CannotDiscard: if the ticket was not discarded
    """
    ticket = locked(ticket)
    _check(ticket, by)
    entry = HistoryEntry.objects.filter(ticket=ticket, kind=Kind.DISCARDED).order_by("-pk").first()
    if entry is None or ticket.category != Category.SPAM:
        raise CannotDiscard(_("The ticket was not discarded as spam."))
    category, status = ticket.category, ticket.status
    ticket.category, ticket.status = entry.facts["category"][0], entry.facts["status"][0]
    if ticket.status == Status.ON_HOLD and ticket.hold_until is None and not waits(ticket):
        # It waited for another ticket, and does no longer.
        ticket.status = Status.IN_PROGRESS
    _write(ticket, Kind.RECOVERED, by, at, category=category, status=status)
    if at - entry.happened_at <= CALLS_STAND:
        bring_calls_back(entry)
    stopped = WallClock.objects.filter(
        ticket=ticket, received_at=None, ended_at=entry.happened_at
    ).first()
    if stopped is None:
        return ticket
    wall_clock.start(ticket, by=by, at=at, again=stopped)
    return store(ticket)


def bring_calls_back(discarded: HistoryEntry) -> None:
    """Let the calls wait again that a discard took back, where it is undone or recovered from."""
    outbox.bring_calls_back(discarded.facts.get("calls", []))


def _check(ticket: Ticket, by: User) -> None:
    if not policies.may_discard(ticket, by):
        raise NotAllowed(_("Only TPM discards spam, and recovers it."))


def _write(
    ticket: Ticket,
    kind: Kind,
    by: User,
    at: datetime,
    *,
    category: str,
    status: str,
    **facts: Any,
) -> HistoryEntry:
    history.turn_interval(ticket, at)
    told = history.record(
        ticket=ticket,
        kind=kind,
        by=by,
        at=at,
        is_public=False,
        consumers=(),
        category=[category, ticket.category],
        status=[status, ticket.status],
        **facts,
    )
    store(ticket, "category", "status")
    return told
