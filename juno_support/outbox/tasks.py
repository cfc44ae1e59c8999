"""What the worker does for the outbox."""

from celery import shared_task

from juno_support.lib import clock
from juno_support.outbox import sending


@shared_task
def send_these(delivery_ids: list[int]) -> None:
    """Send mails that were just written; one that is no longer due is left alone."""
    sending.send_all(delivery_ids, now=clock.now)


@shared_task
def send_due() -> None:
    """Send what is due: retries, and what a crash or a broker that was away left behind."""
    sending.send_all(sending.due(clock.now()), now=clock.now)
