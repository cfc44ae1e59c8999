"""The one door for background work on support units and shifts. Every task is idempotent."""

from celery import shared_task

from juno_support.lib import clock
from supportunits.actions import (
    announcements,
    dedicated_support,
    mailing_list,
    remind_of_cards,
    shift_clock,
)


@shared_task(ignore_result=True)
def review_lists(**_: object) -> None:
    """Have mailing lists proven again in time, and let proofs lapse after a year."""
    mailing_list.review_lists(at=clock.now())


@shared_task(ignore_result=True)
def tell_shifters(**_: object) -> None:
    """Remind of shifts that begin soon, tell who is on call now, ask for missing notes."""
    shift_clock.tell_shifters(at=clock.now())


@shared_task(ignore_result=True)
def make_cards(**_: object) -> None:
    """Make the printable cards of the night, once a day (UTC)."""
    shift_clock.make_cards_of_day(at=clock.now())


@shared_task(ignore_result=True)
from supportunits.actions import (
    announcements,
    dedicated_support,
    mailing_list,
    remind_of_cards,
    shift_clock,
)
