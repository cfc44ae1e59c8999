"""Which changes of a VO's shifts belong on their pages; ``audit`` tells them."""

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.audit import Part
from supportunits.models import VO, MeetingAction, Shift, ShiftMeeting, ShiftType, ShiftWish


def parts_of_shifts(vo: VO) -> tuple[Part, ...]:
    """Return what is told on a VO's rota: types of shift, and who had which."""
    types = ShiftType.objects.filter(vo=vo)
    return (
        Part(
            ShiftType,
            {"vo_id": vo.pk},
            noun=_("shift type %(name)s"),
            words={
                "name": _("name"),
                "days": _("days"),
                "weekday": _("begins on"),
                "hand_overs": _("hand-overs (UTC)"),
                "day_ends_at": _("last shift ends (UTC)"),
                "checks": _("check-list"),
                "is_active": _("in use"),
            },
            quiet={"vo"},
            shown={"weekday": lambda day: str(WEEKDAYS.get(day, day))},
        ),
        Part(
            Shift,
            {"type_id__in": types.values("pk")},
            noun=_("%(type)s from %(starts_at)s"),
            words={"person": _("person"), "starts_at": _("begins"), "ends_at": _("ends")},
            quiet={"type"},
        ),
    )


def parts_of_meetings(vo: VO) -> tuple[Part, ...]:
    """Return what is told on the page of a VO's weekly meetings."""
    return (
        Part(
            ShiftMeeting,
            {"vo_id": vo.pk},
            noun=_("meeting of the week of %(week)s"),
            words={"minutes": _("minutes")},
            quiet={"vo", "week", "minutes_html"},
        ),
        Part(
            MeetingAction,
            {"vo_id": vo.pk},
            noun=_("action “%(what)s”"),
            words={
                "what": _("what"),
                "person": _("person"),
                "due_on": _("due"),
                "done_at": _("done"),
            },
            quiet={"vo", "week", "made_at", "submission_key"},
        ),
    )


def parts_of_wishes(user_id: int) -> tuple[Part, ...]:
    """Return what is told of a person's wishes and absences, on the person's page."""
    return (
        Part(
            ShiftWish,
            {"user_id": user_id},
            noun=_("%(kind)s from %(first_day)s to %(last_day)s"),
            words={},
            quiet={"user", "kind", "first_day", "last_day"},
        ),
    )
