"""What the clock does to tickets: colours told, submitters reminded, deadlines counted anew.

Everything is stored as a moment beforehand (``Ticket.next_clock_at``), so that a round is one
indexed query. A round is one transaction for many tickets: whoever holds the rows tells, whoever
comes second finds nothing due, and a crash leaves everything as it was.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from supportunits.models import SupportUnit
from supportunits.quality import counted_with
from tickets import history, response
from tickets.actions.row import apart, store
from tickets.models import Kind, ResponsePeriod, Ticket
from tickets.workflow import Status

logger = logging.getLogger(__name__)

AT_ONCE = 500


def look_at_due(*, at: datetime) -> int:
    """Act on up to ``AT_ONCE`` tickets whose moment has come; returns how many.

    Amber and red are recorded for whom they concern, and mailed together: one mail for each
    recipient and round. Submitters who were asked are reminded after 5 and 10 working days.
    """
    due = Ticket.objects.filter(next_clock_at__lte=at).order_by("next_clock_at", "pk")
    numbers = list(due.values_list("pk", flat=True)[:AT_ONCE])
    if not numbers:
        return 0
    try:
        return _act_on(numbers, at)
    except Exception:
        logger.exception("a round of the clock failed; each ticket is tried alone")
    done = 0
    for number in numbers:
        with apart(number):
            done += _act_on([number], at)
    return done


def recount_changed_units(*, at: datetime) -> int:
    """Count running clocks anew whose unit changed hours, holidays or quality of support.

    Up to ``AT_ONCE`` at a time; returns how many. What was told stays told, unless its moment lies
    ahead again.
    """
    digests = {unit.pk: counted_with(unit) for unit in SupportUnit.objects.all()}
    numbers = _counted_otherwise(digests)
    if not numbers:
        return 0
    with transaction.atomic():
        tickets = _locked(Ticket.objects.filter(pk__in=numbers))
        running = _running(tickets)
        periods = []
        for ticket in tickets:
            if (period := running.get(ticket.pk)) is not None:
                response.count(period, ticket, at)
                periods.append(period)
        moments = ["yellow_at", "amber_at", "due_at"]
        told = ["amber_told_at", "due_told_at"]
        counted = [*moments, *told, "priority", "quality", "counted_with"]
        ResponsePeriod.objects.bulk_update(periods, counted, batch_size=AT_ONCE)
        Ticket.objects.bulk_update(tickets, [*moments, "next_clock_at"], batch_size=AT_ONCE)
    return len(periods)


@transaction.atomic
def _act_on(numbers: Sequence[int], at: datetime) -> int:
    tickets = _locked(Ticket.objects.filter(pk__in=numbers, next_clock_at__lte=at))
    running = _running(tickets)
    late: list[tuple[Ticket, ResponsePeriod]] = []
    for ticket in tickets:
        period = running.get(ticket.pk)
        if ticket.status == Status.WAITING_FOR_REPLY:
            _remind(ticket, at)
        elif ticket.status not in response.CLOCKED:
            ticket.next_clock_at = None
        elif period is None:
            # Of before there was a clock: it is counted, but what passed then is no news.
            response.begin(ticket, ticket.assigned_at or ticket.submitted_at, told_until=at)
        else:
            late += [(ticket, period)] if _note(ticket, period, at) else []
    _record(late, at)
    for ticket in tickets:
        store(ticket)
    return len(tickets)


def _remind(ticket: Ticket, at: datetime) -> None:
    first, second = response.reminders(ticket.waiting_since or at)
    if at < first:
        ticket.next_clock_at = first
        return
    number = 1 if at < second else 2
    ticket.next_clock_at = second if number == 1 else None
    if (ticket.waiting_since or at) < response.too_long_since(at):
        return  # no worker ran for days, or there was no clock yet: it is TPM's by now
    history.record(ticket=ticket, kind=Kind.REMINDED, by=None, at=at, is_public=True, number=number)


def _note(ticket: Ticket, period: ResponsePeriod, at: datetime) -> bool:
    """Note on the clock which colour is told now; returns whether there is one to tell."""
    is_amber = at >= period.amber_at and period.amber_told_at is None
    is_red = at >= period.due_at and period.due_told_at is None
    if is_amber:
        period.amber_told_at = at
    if is_red:
        period.due_told_at = at
    response.set_next(ticket, period)
    if is_amber or is_red:
        period.save(update_fields=["amber_told_at", "due_told_at"])
    return is_amber or is_red


def _record(late: Sequence[tuple[Ticket, ResponsePeriod]], at: datetime) -> None:
    """Write an entry for each ticket; the last one has all of the round mailed."""
    written: list[int] = []
    for number, (ticket, period) in enumerate(late, start=1):
        is_last = number == len(late)
        more: dict[str, Any] = {"round": written} if is_last else {}
        entry = history.record(
            ticket=ticket,
            kind=Kind.RESPONSE_DUE,
            by=None,
            at=at,
            is_public=False,
            consumers=history.MAIL_ONLY if is_last else (),
            unit=period.unit_id,
            # At red the unit itself is told once more only if amber passed unseen.
            colours=[
                colour
                for colour, told_at in (
                    ("amber", period.amber_told_at),
                    ("red", period.due_told_at),
                )
                if told_at == at
            ],
            due_at=period.due_at.isoformat(),
            **more,
        )
        written.append(entry.pk)


def _locked(tickets: QuerySet[Ticket]) -> list[Ticket]:
    rows = tickets.select_for_update(skip_locked=True, of=("self",)).select_related("unit")
    return list(rows.order_by("next_clock_at", "pk"))


def _running(tickets: Sequence[Ticket]) -> dict[int, ResponsePeriod]:
    periods = ResponsePeriod.objects.filter(ticket__in=tickets, ends_at=None)
    return {period.ticket_id: period for period in periods}


def _counted_otherwise(digests: dict[int, str]) -> list[int]:
    """Return the numbers of tickets whose clock was counted with another digest of its unit.

    Two short looks into one index for each unit, however many tickets run.
    """
    table = ResponsePeriod._meta.db_table
    parts = " UNION ALL ".join(
        f"(SELECT ticket_id FROM {table} WHERE unit_id = u.id AND ends_at IS NULL"  # noqa: S608
        f" AND counted_with {sign} u.digest LIMIT {AT_ONCE})"
        for sign in ("<", ">")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT found.ticket_id FROM unnest(%s::bigint[], %s::text[]) AS u(id, digest)"  # noqa: S608
            f" CROSS JOIN LATERAL ({parts}) found LIMIT {AT_ONCE}",
            [list(digests), list(digests.values())],
        )
        return [number for (number,) in cursor.fetchall()]
