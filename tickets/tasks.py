"""The one door for background work on tickets. Every task is idempotent."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.db import transaction

from juno_support.feeds import lock
from juno_support.lib import clock
from tickets import history
from tickets.actions import (
    catch_up,
    clock_round,
    close,
    context,
    files,
    hand_over,
    jobs,
    support_requests,
    wall_clock,
    watch,
)
from tickets.answers import remind
from tickets.mail import alarm, outgoing
from tickets.models import Consumer, Dispatch
from tickets.proposals import refresh
from tickets.routing import automatic, training

logger = logging.getLogger(__name__)

# Each acts on one dispatch row inside the transaction that marks it done.
CONSUMERS: dict[str, Callable[[Dispatch], None]] = {
    Consumer.MAIL: outgoing.handle,
    Consumer.CONTEXT: context.handle,
    Consumer.ROUTING: automatic.handle,
    Consumer.ALARM: alarm.handle,
}
AT_ONCE = 500
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_ROUND = timedelta(seconds=20)
# After so many failures the pause does not grow any more (and 2**n would outgrow a timedelta).
DOUBLINGS = 9


@shared_task
def handle_entry(*, entry_id: int, **_: object) -> None:
    """Act on what waits for one history entry."""
    due = Dispatch.objects.filter(
        entry_id=entry_id,
        done_at__isnull=True,
        cancelled_at__isnull=True,
        not_before__lte=clock.now(),
    )
    for dispatch_id in due.values_list("pk", flat=True):
        handle_dispatch(dispatch_id)


@shared_task
def sweep_dispatches(**_: object) -> None:
    """Act on all that is due: what a crash, an undo window or a broker that was away has left."""
    due = Dispatch.objects.filter(
        done_at__isnull=True, cancelled_at__isnull=True, not_before__lte=clock.now()
    ).order_by("not_before")
    for dispatch_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        handle_dispatch(dispatch_id)


@shared_task
def pass_on(*, entry_id: int, **_: object) -> None:
    """Let the tickets that hang on an entry's ticket catch up with it."""
    catch_up.pass_on(entry_id=entry_id, at=clock.now())


@shared_task
def sweep_passings(**_: object) -> None:
    """Let tickets catch up that a crash, an undo window or a broker that was away has left."""
    catch_up.sweep(at=clock.now())


@shared_task
def refresh_contexts(**_: object) -> None:
    """Note on open tickets what changed at their sites; one round at a time."""
    with lock.only_one("round of contexts") as got:
        if got:
            watch.refresh_contexts(at=clock.now())


@shared_task
def climb_alarms(**_: object) -> None:
    """Make the calls of alarms that nobody has confirmed in time."""
    wall_clock.climb(at=clock.now())


@shared_task
def look_at_clocks(**_: object) -> None:
    """Tell of responses that are due, and remind submitters; round after round while there are."""
    _repeat(clock_round.look_at_due)


@shared_task
def recount_clocks(**_: object) -> None:
    """Count deadlines anew where a unit changed its hours or its quality of support."""
    _repeat(clock_round.recount_changed_units)


@shared_task
def close_overdue(**_: object) -> None:
    """Close what nobody verified within ten working days."""
    close.close_overdue(at=clock.now())


@shared_task
def wake_held(**_: object) -> None:
    """Put tickets on hold back to work when their date has come."""
    close.wake_held(at=clock.now())


@shared_task
def hand_over_tickets(**_: object) -> None:
    """Act on people who left, and on units and sites that closed."""
    hand_over.release_leavers(at=clock.now())
    hand_over.leave_closed_units(at=clock.now())


@shared_task
def tell_of_support_requests(**_: object) -> None:
    """File the tickets about requests for dedicated user support, and tell them what became."""
    support_requests.tell_of_support_requests(at=clock.now())


@shared_task
def refresh_proposals(**_: object) -> None:
    """Propose tickets about sites that are bad, and end what is over; one round at a time."""
    with lock.only_one("round of proposals") as got:
        if got:
            refresh.refresh_proposals(at=clock.now())


@shared_task
def learn_from_routed(**_: object) -> None:
    """Learn from the tickets that were routed, once a day; one at a time."""
    training.train_if_due(at=clock.now())


@shared_task
def sweep_orphans(**_: object) -> None:
    """Remove old drafts, files that no row names, and jobs of drafts that were never filed."""
    files.sweep_orphans(at=clock.now())
    jobs.forget_unfiled(at=clock.now())


def _repeat(round: Callable[..., int]) -> None:
    """Make a round again while it has much to do, but not for so long that others wait."""
    ends = time.monotonic() + LONGEST_ROUND.total_seconds()
    while round(at=clock.now()) >= clock_round.AT_ONCE and time.monotonic() < ends:
        pass


def handle_dispatch(dispatch_id: int) -> None:
    """Act on one dispatch row exactly once: its effect and its mark are one transaction.

    A failure is noted and tried again after growing pauses; others are not held up.
    """
    at = clock.now()
    try:
        with transaction.atomic():
            dispatch = (
                Dispatch.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("entry")
                .filter(pk=dispatch_id, done_at__isnull=True, cancelled_at__isnull=True)
                .first()
            )
            if dispatch is None:
                return
            CONSUMERS[dispatch.consumer](dispatch)
            Dispatch.objects.filter(pk=dispatch_id, done_at__isnull=True).update(
                done_at=at, error=""
            )
    except Exception as error:
        logger.exception("dispatch %s failed", dispatch_id)
        attempts = Dispatch.objects.values_list("attempts", flat=True).get(pk=dispatch_id)
        pause = min(timedelta(seconds=10 * 2 ** min(attempts, DOUBLINGS)), LONGEST_PAUSE)
        history.mark_failed(dispatch_id, repr(error), at + pause)


@shared_task
def ask_owners_of_answers(**_: object) -> None:
    """Ask the owners of known answers whether they are still true."""
    remind.ask_owners(at=clock.now())
