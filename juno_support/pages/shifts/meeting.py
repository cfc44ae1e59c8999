"""The weekly meeting of a VO: the report of the week, minutes, actions with who and by when."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from juno_support.access import checked_inside
from juno_support.accounts.audit import page_of
from juno_support.accounts.audit_lines import lines
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import show_bidi, whole_number
from juno_support.pages.shifts.find import person, reported_vo
from juno_support.pages.shifts.forms import ActionForm, MinutesForm
from juno_support.pages.shifts.report import report, week_of, week_period
from supportunits import policies
from supportunits.actions import shift_meeting
from supportunits.models import VO, MeetingAction, ShiftMeeting
from supportunits.shift_changes import parts_of_meetings

DONE_SHOWN = 10
CHANGES_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def meeting_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a week for its meeting: what is agreed and not done, minutes, report.

    Who writes the log writes here, and so does who manages the rota.
    """
    vo = reported_vo(request.user, name)
    user, now = person(request), clock.now()
    monday = week_of(request.GET.get("week", ""), now)
    may_write = policies.may_write_shift_log(user, vo) or policies.may_change_rota(user, vo)
    minutes_form: MinutesForm | None = None
    action_form: ActionForm | None = None
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        who: dict[str, Any] = {"by": user, "at": now}
        here = f"{reverse('shifts:meeting', args=[vo.name])}?week={monday.isoformat()}"
        if "action" in request.POST:
            _set_done(vo, request, who)
            return redirect(here)
        try:
            if "minutes" in request.POST:
                minutes_form = MinutesForm(request.POST)
                if minutes_form.is_valid():
                    shift_meeting.write_minutes(
                        vo=vo, week=monday, **minutes_form.cleaned_data, **who
                    )
                    messages.success(request, _("The minutes are kept."))
                    return redirect(here)
            else:
                action_form = ActionForm(vo, request.POST)
                if action_form.is_valid():
                    shift_meeting.add_action(vo=vo, week=monday, **action_form.cleaned_data, **who)
                    return redirect(f"{here}#actions")
        except SupportError as error:
            (minutes_form or action_form or MinutesForm()).add_error(None, str(error))
    meeting = ShiftMeeting.objects.filter(vo=vo, week=monday).first()
    return render(
        request,
        "shifts/meeting.html",
        report(vo, user, week_period(monday), now)
        | {
            "monday": monday.isoformat(),
            "earlier": (monday - timedelta(days=7)).isoformat(),
            "later": (monday + timedelta(days=7)).isoformat(),
            # Rendered and sanitised when it was stored.
            "minutes": mark_safe(meeting.minutes_html) if meeting else "",  # noqa: S308
            "minutes_form": (
                minutes_form or MinutesForm(initial={"minutes": meeting.minutes if meeting else ""})
            )
            if may_write
            else None,
            "action_form": (action_form or ActionForm(vo)) if may_write else None,
            "todo": _actions(vo, now, done=False),
            "done": _actions(vo, now, done=True),
            "changes": lines(
                page_of(parts_of_meetings(vo), sees_addresses=False, size=CHANGES_SHOWN).changes,
                now,
            )
            if may_write
            else [],
            "report_url": f"{reverse('shifts:report', args=[vo.name])}?week={monday.isoformat()}",
        },
        status=422 if minutes_form or action_form else 200,
    )


def _set_done(vo: VO, request: HttpRequest, who: dict[str, Any]) -> None:
    action = get_object_or_404(MeetingAction, vo=vo, pk=whole_number(request.POST["action"]))
    shift_meeting.set_done(action=action, is_done="done" in request.POST, **who)


def _actions(vo: VO, now: datetime, *, done: bool) -> list[dict[str, Any]]:
    found = MeetingAction.objects.filter(vo=vo, done_at__isnull=not done).select_related("person")
    ordered = found.order_by("-done_at")[:DONE_SHOWN] if done else found.order_by("due_on", "pk")
    return [
        {
            "key": action.pk,
            "what": show_bidi(action.what),
            "who": str(action.person) if action.person else _("nobody yet"),
            "due": action.due_on.isoformat() if action.due_on else "",
            "is_late": bool(action.due_on and action.due_on < now.date() and not done),
            "week": action.week.isoformat(),
        }
        for action in ordered
    ]
