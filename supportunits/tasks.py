"""The one door for background work on support units. Every task is idempotent."""

from celery import shared_task

from juno_support.lib import clock
from supportunits.actions import mailing_list


@shared_task(ignore_result=True)
def review_lists(**_: object) -> None:
    """Have mailing lists proven again in time, and let proofs lapse after a year."""
    mailing_list.review_lists(at=clock.now())
