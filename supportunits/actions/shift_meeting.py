"""The weekly meeting: minutes and actions. The printable card of every night."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import form_key, markdown
from juno_support.lib.text import clean, clean_line
from supportunits.actions.trace import traced
from supportunits.models import (
    VO,
    MeetingAction,
    OnCallCard,
    Shift,
    ShiftMeeting,
    VOSite,
)
from supportunits.shift_notices import shifters_of

MINUTES_BYTES = 64 * 1024
CARD_DAYS = 8
# Older cards tell of people who are reached otherwise now.
CARDS_KEPT = 14


class MeetingImpossible(SupportError):
    """An action says nothing, or the minutes are far too long."""


@traced
def write_minutes(
    *, vo: VO, week: date, minutes: str, by: User | None, at: datetime
) -> ShiftMeeting:
    """Write the minutes of the meeting about a week, which replaces what was there (and is traced).

    :raises MeetingImpossible: far too long
    """
    minutes = clean(minutes).strip()
    if len(minutes.encode()) > MINUTES_BYTES:
        raise MeetingImpossible(_("This is too long."), _("Write 64 kB at the most."))
    meeting, _is_new = ShiftMeeting.objects.update_or_create(
        vo=vo,
        week=week,
        defaults={"minutes": minutes, "minutes_html": markdown.render(minutes)},
    )
    return meeting


@traced
def add_action(
    *,
    vo: VO,
    week: date,
    what: str,
    person: User | None,
    due_on: date | None,
    by: User | None,
    at: datetime,
    key: UUID,
) -> MeetingAction:
    """Note what the meeting agreed on; the same key twice gives the same action once.

    :raises MeetingImpossible: it says nothing
    """
    form_key.wait_for(key)
    known = MeetingAction.objects.filter(submission_key=key).first()
    if known is not None:
        return known
    what = clean_line(what)[:300]
    if not what:
        raise MeetingImpossible(_("Write what is to be done."))
    return MeetingAction.objects.create(
        vo=vo, week=week, what=what, person=person, due_on=due_on, made_at=at, submission_key=key
    )


@traced
def set_done(
    *, action: MeetingAction, is_done: bool, by: User | None, at: datetime
) -> MeetingAction:
    """Say that an action is done, or that it is not after all."""
    action = MeetingAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
    if is_done != (action.done_at is not None):
        action.done_at = at if is_done else None
        action.save(update_fields=["done_at"])
    return action


def make_card(*, vo: VO, at: datetime) -> OnCallCard:
    """Make the VO's card as of now: who is on call in the next days, phones, emergency addresses.

    It is for a day on which the portal is down, so it holds everything itself; times are UTC.
    Older cards than the last fourteen go.
    """
    ahead = at + timedelta(days=CARD_DAYS)
    shifts = (
        Shift.objects.filter(type__vo=vo, type__is_active=True, ends_at__gt=at, starts_at__lt=ahead)
        .select_related("type", "person__on_call_contact")
        .order_by("starts_at", "type__name")
    )
    sites = VOSite.objects.filter(vo=vo).select_related("site").order_by("tier", "site__name")
    people = [(person, getattr(person, "on_call_contact", None)) for person in _with_contact(vo)]
    content: dict[str, Any] = {
        "shifts": [
            {
                "type": shift.type.name,
                "person": str(shift.person) if shift.person else "",
                "starts_at": shift.starts_at.isoformat(),
                "ends_at": shift.ends_at.isoformat(),
            }
            for shift in shifts
        ],
        "shifters": [
            {
                "name": person.get_full_name(),
                "zone": person.time_zone,
                "email": person.email,
                "phone": contact.phone if contact else "",
                "im_address": contact.im_address if contact else "",
            }
            for person, contact in people
        ],
        "sites": [
            {
                "name": listed.site.name,
                "tier": listed.tier,
                "emergency": listed.site.emergency_contact,
                "phone": listed.site.telephone,
            }
            for listed in sites
        ],
    }
    card = OnCallCard.objects.create(vo=vo, made_at=at, content=content)
    kept = OnCallCard.objects.filter(vo=vo).order_by("-made_at").values_list("pk", flat=True)
    OnCallCard.objects.filter(vo=vo).exclude(pk__in=list(kept[:CARDS_KEPT])).delete()
    return card


def _with_contact(vo: VO) -> list[User]:
    keys = [person.pk for person in shifters_of(vo)]
    return list(
        User.objects.filter(pk__in=keys).select_related("on_call_contact").order_by("name", "pk")
    )
