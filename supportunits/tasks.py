"""What supportunits does by the clock."""

from celery import shared_task

from juno_support.lib import clock
from supportunits.actions import shift_clock


@shared_task
def tell_shifters() -> dict[str, int]:
    """Remind of shifts that begin soon, tell who is on call now, ask for missing notes."""
    return shift_clock.tell_shifters(at=clock.now())


@shared_task
def make_cards() -> int:
    """Make the printable cards of the night, once a day (UTC)."""
    return shift_clock.make_cards_of_day(at=clock.now())
