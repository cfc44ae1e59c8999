"""The response clock of a ticket: begin, end and count anew (domain: section 7).

``history.turn_interval`` calls this, so every change of status or unit moves the clock along,
whichever action made it. The caller holds the ticket's row lock and stores the
ticket's ``FIELDS`` afterwards (``actions.row.store`` always does).
"""

from datetime import datetime
from enum import StrEnum

from django.db import models

from juno_support.lib import calendars, working_time
from supportunits import quality
from tickets.models import LED, Outcome, ResponsePeriod, Ticket, TicketRelation
from tickets.workflow import ResolutionCode, Status


class Colour(StrEnum):
    """How much of the time to respond has passed: under half, half, three quarters, all."""

    GREEN = "green"
    YELLOW = "yellow"
    AMBER = "amber"
    RED = "red"


FIELDS = ("yellow_at", "amber_at", "due_at", "next_clock_at")
CLOCKED = (Status.NEW, Status.ASSIGNED, Status.REOPENED)
"""The clock runs in these."""

REMIND_AFTER_DAYS = (5, 10)
"""Working days of the instance after which a submitter who was asked is reminded (section 4)."""

SILENT_DAYS = 5
"""Working days without a public word after which an open ticket shows at its unit (section 4)."""

TOO_LONG_DAYS = 15
"""After so many a ticket that waits for a reply is TPM's: *unsolved, no answer* is one step."""


def begin(ticket: Ticket, at: datetime, *, told_until: datetime | None = None) -> None:
    """Begin the clock of the ticket's unit, if the ticket's status has one.

    :param told_until: of colours that came before this moment nobody is told any more
    """
    period = new_clock(ticket, at)
    if period is not None:
        if told_until is not None:
            period.amber_told_at = told_until if period.amber_at <= told_until else None
            period.due_told_at = told_until if period.due_at <= told_until else None
            set_next(ticket, period)
        period.save(force_insert=True)
    elif ticket.status == Status.WAITING_FOR_REPLY:
        moments = reminders(ticket.waiting_since or at)
        ticket.next_clock_at = next((moment for moment in moments if moment > at), None)


def new_clock(ticket: Ticket, at: datetime) -> ResponsePeriod | None:
    """Return a clock that begins at a moment, not yet saved, if the ticket's status has one.

    The ticket shows its moments, or none.
    """
    _clear(ticket)
    if ticket.status not in CLOCKED:
        return None
    period = ResponsePeriod(ticket=ticket, unit=ticket.unit, status=ticket.status, starts_at=at)
    count(period, ticket, at)
    return period


def turn(ticket: Ticket, at: datetime) -> None:
    """Let the clock follow the ticket's new status and unit: end what ran, begin what runs now."""
    if ticket.due_at is not None:
        running = ResponsePeriod.objects.filter(ticket=ticket, ends_at=None)
        if ticket.status in CLOCKED:
            running = running.exclude(unit=ticket.unit_id, status=ticket.status)
        here = models.When(unit=ticket.unit_id, then=models.Value(_outcome(ticket)))
        moved = models.Value(Outcome.MOVED)
        ended = running.update(ends_at=at, outcome=models.Case(here, default=moved))
        if not ended and ticket.status in CLOCKED:
            return  # it runs on
    begin(ticket, at)


def take_back(ticket: Ticket, since: datetime) -> None:
    """Let what ended at a moment run on as if nothing had happened: the change was undone.

    The ticket has its old status and unit again; what began since then never was.
    """
    period = running_period(ticket)
    if period is not None and not _fits(period, ticket) and period.starts_at == since:
        period.delete()
        period = None
    if period is None:
        before = ResponsePeriod.objects.filter(ticket=ticket, ends_at=since).order_by("pk").last()
        period = before if before is not None and _fits(before, ticket) else None
    _clear(ticket)
    if period is not None:
        period.ends_at, period.outcome = None, ""
        count(period, ticket, since)
        period.save()


def recount(ticket: Ticket, at: datetime) -> None:
    """Count the running clock anew at a moment: the priority changed."""
    period = running_period(ticket)
    if period is not None:
        count(period, ticket, at)
        period.save()


def colour_of(
    yellow_at: datetime | None, amber_at: datetime | None, due_at: datetime, at: datetime
) -> Colour:
    """Return the colour of a clock that runs."""
    if at >= due_at:
        return Colour.RED
    if amber_at is not None and at >= amber_at:
        return Colour.AMBER
    return Colour.YELLOW if yellow_at is not None and at >= yellow_at else Colour.GREEN


def running_period(ticket: Ticket) -> ResponsePeriod | None:
    """Return the ticket's clock that runs, or None."""
    return ResponsePeriod.objects.filter(ticket=ticket, ends_at=None).first()


def reminders(waiting_since: datetime) -> tuple[datetime, datetime]:
    """Return when a submitter who was asked is reminded for the first and the second time."""
    calendar = calendars.instance_calendar()
    first, second = (
        working_time.add_working_days(waiting_since, days, calendar) for days in REMIND_AFTER_DAYS
    )
    return first, second


def too_long_since(at: datetime) -> datetime:
    """Return before when a ticket must wait for its submitter to have waited too long."""
    return working_time.working_days_ago(at, TOO_LONG_DAYS, calendars.instance_calendar())


def silent_since(at: datetime) -> datetime:
    """Return before when an open ticket's last public word is too long ago for its unit."""
    return working_time.working_days_ago(at, SILENT_DAYS, calendars.instance_calendar())


def silent_sql(table: str) -> str:
    """Return the condition on open tickets by which they are silent, on a table of that name.

    Its parameters: before when the last public word was, and now. What waits for its submitter is
    not silent (he is reminded), nor what is on hold until a date that lies ahead, or for another
    ticket that it follows; what is on hold otherwise is, for nothing else wakes it (domain: section
    4, nothing sleeps). The statuses are those of the indexes ``ticket_silent`` and
    ``ticket_unit_silent``.
    """
    follows = f"""SELECT 1 FROM tickets_ticketrelation follows
        WHERE follows.ticket_id = {table}.id
          AND follows.kind IN ('DUPLICATE', 'JOINED') AND follows.ended_at IS NULL"""  # noqa: S608
    return (
        f"{table}.public_word_at < %s AND {table}.status <> '{Status.WAITING_FOR_REPLY.value}'"
        f" AND ({table}.hold_until IS NULL OR {table}.hold_until <= %s)"
        f" AND ({table}.status <> '{Status.ON_HOLD.value}' OR NOT EXISTS ({follows}))"
    )


def silent(at: datetime) -> models.Q:
    """Return the same condition for querysets, with the days after which it shows at its unit."""
    sleeps_on = models.Q(hold_until=None) | models.Q(hold_until__lte=at)
    waits = models.Q(status=Status.WAITING_FOR_REPLY)
    follows = TicketRelation.objects.filter(
        ticket=models.OuterRef("pk"), kind__in=LED, ended_at=None
    )
    is_on_its_own = ~models.Q(status=Status.ON_HOLD) | ~models.Q(models.Exists(follows))
    return models.Q(
        sleeps_on, ~waits, is_on_its_own, is_open=True, public_word_at__lt=silent_since(at)
    )


def set_next(ticket: Ticket, period: ResponsePeriod) -> None:
    """Set when the sweep has to look at the ticket again: the next colour nobody was told of."""
    if period.due_told_at is not None:
        ticket.next_clock_at = None
    elif period.amber_told_at is not None:
        ticket.next_clock_at = period.due_at
    else:
        ticket.next_clock_at = period.amber_at


def count(period: ResponsePeriod, ticket: Ticket, at: datetime) -> None:
    """Count the clock's moments with the ticket's priority and its unit's hours; show them.

    :param at: what was told of a moment that now lies behind it is told again when it comes
    """
    unit = ticket.unit
    found = quality.deadlines(
        unit,
        starts_at=period.starts_at,
        priority=ticket.priority,
        is_new=period.status == Status.NEW,
    )
    period.yellow_at, period.amber_at = found.yellow_at, found.amber_at
    period.due_at = found.due_at
    if period.amber_at > at:
        period.amber_told_at = None
    if period.due_at > at:
        period.due_told_at = None
    period.priority, period.quality = ticket.priority, unit.quality
    period.counted_with = quality.counted_with(unit)
    ticket.yellow_at, ticket.amber_at = period.yellow_at, period.amber_at
    ticket.due_at = period.due_at
    set_next(ticket, period)


def _clear(ticket: Ticket) -> None:
    for field in FIELDS:
        setattr(ticket, field, None)


def _fits(period: ResponsePeriod, ticket: Ticket) -> bool:
    return period.unit_id == ticket.unit_id and period.status == ticket.status


def _outcome(ticket: Ticket) -> Outcome:
    if ticket.resolution_code == ResolutionCode.WITHDRAWN or ticket.status == Status.CLOSED:
        return Outcome.ENDED  # by its submitter, or discarded as spam
    if ticket.status == Status.ON_HOLD and ticket.hold_until is None:
        # By a relation: a duplicate, a part of an incident, a parent. Its unit has said nothing; a
        # supporter who puts a ticket on hold names a date.
        return Outcome.HELD
    return Outcome.ANSWERED
