"""What happens by the clock: close what nobody verified, wake what was on hold until today."""

from datetime import datetime

from django.db.models import QuerySet

from tickets.actions import work
from tickets.actions.row import apart
from tickets.models import Ticket
from tickets.workflow import ANSWERED, Status

AT_ONCE = 200


def close_overdue(*, at: datetime) -> int:
    """Close the tickets whose ten working days to verify have passed; returns how many."""
    return _each(Ticket.objects.filter(status__in=ANSWERED, close_after__lte=at), "close", at)


def wake_held(*, at: datetime) -> int:
    """Put tickets on hold back to work when their date has come; returns how many."""
    return _each(Ticket.objects.filter(status=Status.ON_HOLD, hold_until__lte=at), "resume", at)


def _each(due: QuerySet[Ticket], step: str, at: datetime) -> int:
    done = 0
    for number in list(due.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with apart(number):
            # Somebody may be working on it right now: then the next round sees it again.
            ticket = due.select_for_update(skip_locked=True).filter(pk=number).first()
            if ticket is not None:
                work.take_step(ticket=ticket, step=step, by=None, at=at)
                done += 1
    return done
