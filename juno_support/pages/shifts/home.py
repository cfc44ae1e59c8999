"""The first page of shifts: who is on call now, my shifts, what waits for me."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock
from juno_support.pages.shifts.find import person
from juno_support.pages.shifts.swap import SwapLine, swap_line
from juno_support.pages.shifts.words import ShiftLine, on_call_lines, shift_line
from supportunits import policies
from supportunits.models import VO, OnCallContact, Shift, ShiftSwap, SwapState
from supportunits.on_call import on_call

MINE_SHOWN = 6
GAPS_SHOWN = 6
GAPS_AHEAD = timedelta(weeks=4)
NOTES_BACK = timedelta(days=7)


@require_safe
@allowed_if(is_signed_in)
def shifts_home(request: HttpRequest) -> HttpResponse:
    """Show who is on call now, the reader's next shifts, and what waits for the reader."""
    user, now = person(request), clock.now()
    vos = list(VO.objects.filter(shift_types__is_active=True).distinct().order_by("name"))
    mine = Shift.objects.filter(person=user).select_related("type__vo", "person")
    shifter_of = policies.shifter_of(user)
    return render(
        request,
        "shifts/home.html",
        {
            "on_call": on_call_lines(on_call(None, at=now), user, now),
            "sees_contacts": policies.may_see_on_call_contacts(user),
            "mine": [
                shift_line(shift, now)
                for shift in mine.filter(ends_at__gt=now, type__is_active=True).order_by(
                    "starts_at"
                )[:MINE_SHOWN]
            ],
            "notes": [
                shift_line(shift, now)
                for shift in mine.filter(
                    ends_at__lte=now, ends_at__gt=now - NOTES_BACK, hand_over__isnull=True
                ).order_by("-ends_at")
            ],
            "swaps": open_swaps(user, now),
            "gaps": _gaps(shifter_of, now),
            "is_shifter": bool(shifter_of),
            "has_contact": OnCallContact.objects.filter(user=user).exclude(phone="").exists(),
            "vos": [_vo_links(vo, user) for vo in vos],
            "may_make": [
                vo
                for vo in VO.objects.filter(is_served=True).exclude(pk__in=[one.pk for one in vos])
                if policies.may_change_rota(user, vo)
            ],
        },
    )


def open_swaps(user: Any, now: datetime) -> list[SwapLine]:
    """Return the open requests that the reader may answer, and the reader's own."""
    swaps = (
        ShiftSwap.objects.filter(state=SwapState.OPEN, shift__ends_at__gt=now)
        .filter(
            Q(asked_of=user)
            | Q(asked_by=user)
            | Q(asked_of=None, shift__type__vo__in=policies.shifter_of(user))
        )
        .select_related(
            "shift__type__vo", "shift__person", "in_exchange__type", "asked_by", "asked_of"
        )
        .order_by("shift__starts_at")
    )
    return [swap_line(swap, user) for swap in swaps]


def _gaps(vos: frozenset[int], now: datetime) -> list[ShiftLine]:
    if not vos:
        return []
    gaps = Shift.objects.filter(
        person=None,
        type__vo__in=vos,
        type__is_active=True,
        ends_at__gt=now,
        starts_at__lt=now + GAPS_AHEAD,
    )
    found = gaps.select_related("type__vo").order_by("starts_at")[:GAPS_SHOWN]
    return [shift_line(gap, now) for gap in found]


def _vo_links(vo: VO, user: Any) -> dict[str, Any]:
    reads_log = policies.may_read_shift_log(user, vo)
    reads_report = policies.may_read_shift_report(user, vo)
    return {
        "name": vo.name,
        "rota": reverse("shifts:rota", args=[vo.name]),
        "log": reverse("shifts:log", args=[vo.name]) if reads_log else "",
        "since": reverse("shifts:since", args=[vo.name]) if reads_log else "",
        "report": reverse("shifts:report", args=[vo.name]) if reads_report else "",
        "meeting": reverse("shifts:meeting", args=[vo.name]) if reads_report else "",
        "card": reverse("shifts:card", args=[vo.name]) if reads_log else "",
        "people": reverse("shifts:people", args=[vo.name]),
    }
