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
def note_bounces(**_: object) -> None:
    """Count what servers refused for good at the units whose mailing lists were written to."""
    mailing_list.note_bounces(at=clock.now())


@shared_task(ignore_result=True)
def tell_shifters(**_: object) -> None:
    """Remind of shifts that begin soon, tell who is on call now, ask for missing notes."""
    shift_clock.tell_shifters(at=clock.now())


@shared_task(ignore_result=True)
def make_cards(**_: object) -> None:
    """Make the printable cards of the night, once a day (UTC)."""
    shift_clock.make_cards_of_day(at=clock.now())


@shared_task(ignore_result=True)
def look_after_cards(**_: object) -> None:
    """Remind of cards to validate, and forget uploads that nobody imported."""
    remind_of_cards.remind_of_validations(at=clock.now())
    remind_of_cards.forget_uploads(at=clock.now())


@shared_task(ignore_result=True)
def activate_support(**_: object) -> None:
    """Make dedicated user support active whose unit has a proven list and a supporter."""
    dedicated_support.activate_ready(at=clock.now())


@shared_task(ignore_result=True)
def mail_announcements(**_: object) -> None:
    """Mail what was announced and is to be mailed."""
    announcements.mail_announcements(at=clock.now())
