"""What happens to shifts by the clock: reminders and the card of every night. All is idempotent."""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from supportunits import shift_notices
from supportunits.actions.shift_meeting import make_card
from supportunits.models import VO, OnCallCard, Shift

REMIND_BEFORE = timedelta(hours=24)
# A worker that was away for so long still tells who is on call; later it is old news.
TELL_WITHIN = timedelta(hours=2)
ASK_AFTER = timedelta(hours=1)
ASK_WITHIN = timedelta(hours=24)
# Who gets the card of the night: the shifts that run or begin until the card after the next.
CARD_TO = timedelta(hours=48)


@transaction.atomic
def tell_shifters(*, at: datetime) -> dict[str, int]:
    """Mail what is due: reminders, "you are on call now", and the question for a missing note.

    Each goes once for a shift, its person and its begin; who takes a shift over hears of it anew.
    """
    shifts = Shift.objects.filter(
        person__isnull=False, person__is_active=True, type__is_active=True
    ).select_related("person", "type__vo")
    soon = shifts.filter(starts_at__gt=at, starts_at__lte=at + REMIND_BEFORE)
    begun = shifts.filter(starts_at__lte=at, starts_at__gt=at - TELL_WITHIN, ends_at__gt=at)
    ended = shifts.filter(
        ends_at__lte=at - ASK_AFTER, ends_at__gt=at - ASK_WITHIN, hand_over__isnull=True
    )
    return {
        "reminded": shift_notices.remind(soon, at=at),
        "on call": shift_notices.tell_on_call(begun, at=at),
        "asked": shift_notices.ask_for_note(ended, at=at),
    }


def make_cards_of_day(*, at: datetime) -> int:
    """Make today's card (UTC) of every VO that has a rota and no card of today; say how many.

    It is mailed to whoever has a shift now or in the next two days, for a portal that is down shows
    no card (domain: section 8).
    """
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = OnCallCard.objects.filter(made_at__gte=midnight).values("vo")
    due = VO.objects.filter(shift_types__is_active=True).exclude(pk__in=made).distinct()
    vos = list(due.order_by("name"))
    for vo in vos:
        with transaction.atomic():
            soon = Shift.objects.filter(
                type__vo=vo,
                type__is_active=True,
                person__is_active=True,
                ends_at__gt=at,
                starts_at__lt=at + CARD_TO,
            )
            card = make_card(vo=vo, at=at)
            shift_notices.tell_card(card, soon.select_related("person"), at=at)
    return len(vos)
