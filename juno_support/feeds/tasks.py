"""Background work: polls that are due, and old records of polls."""

import logging
import threading
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from juno_support.feeds import actions, polling, queries
from juno_support.lib import clock

logger = logging.getLogger(__name__)

# Sources that do not answer may hold all of a worker's threads but these: mail and tickets go on.
KEPT_FREE = 4
_SLOTS = threading.BoundedSemaphore(max(1, settings.JUNO_WORKER_THREADS - KEPT_FREE))

KEEP_RUNS = timedelta(days=60)
WAIT_SECONDS = 60


@shared_task(ignore_result=True)
def poll_due(**_: Any) -> None:
    """Start a poll of every source that is due."""
    for standing in queries.standings(clock.now()):
        if standing.is_due(clock.now()):
            poll_source.delay(name=standing.kind.name)


@shared_task(ignore_result=True)
def poll_source(*, name: str, force: bool = False, trust: bool = False, **_: Any) -> None:
    """Poll one source, unless another process is at it or has been meanwhile.

    :param force: poll although it is not due; an admin asked for it
    :param trust: take over what would be suspicious
    """
    standing = queries.standing_of(name, clock.now())
    if not (force or standing.is_due(clock.now())):
        return
    # A person who presses a button waits for a slot; what is due comes again with the next tick.
    if not _SLOTS.acquire(timeout=WAIT_SECONDS if force else 0):
        logger.info("poll of %s waits: as many polls are running as may", name)
        return
    try:
        polling.poll(name, now=clock.now, trust=trust)
    except polling.PollIsRunning:
        logger.info("poll of %s is running already", name)
        return
    finally:
        _SLOTS.release()
    # Whoever waited for this source need not wait for the next tick as well.
    poll_due()


@shared_task(ignore_result=True)
def forget_old_runs(**_: Any) -> None:
    """Remove the records of polls that nobody will ask about any more."""
    actions.forget_old_runs(before=clock.now() - KEEP_RUNS)


@worker_ready.connect
def poll_at_start(**_: Any) -> None:
    """Poll as soon as there is a worker: a new portal should not wait for the first tick."""
    poll_due.delay()
