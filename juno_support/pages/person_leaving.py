"""Somebody left: what it does, told before it is done."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from supportunits import leaving, policies
from supportunits.actions import people as actions
from tickets.queries import open_tickets_with

_MOST = 1000
_SHIFTS_NAMED = 3


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.is_admin)
def leave(request: HttpRequest, username: str) -> HttpResponse:
    """Tell what ends when the person leaves, and end it."""
    person = get_object_or_404(User, username=username)
    by, now = cast(User, request.user), clock.now()
    if request.method == "POST":
        try:
            actions.leave(user=person, by=by, at=now)
        except SupportError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("The account of %(name)s is closed; all roles have ended.")
                % {"name": person.get_full_name()},
            )
        return redirect("people:person", username=person.username)
    if not person.is_active:
        return redirect("people:person", username=person.username)
    effects = leaving.effects_of(person, at=now)
    held = len(open_tickets_with(by, person).values_list("pk")[:_MOST])
    return render(
        request,
        "pages/person_leave.html",
        {
            "person": person,
            "effects": effects,
            "units": [(each, str(each.state.label)) for each in effects.units],
            "shifts": [
                (shift.type, display.when(shift.starts_at, now))
                for shift in effects.shifts[:_SHIFTS_NAMED]
            ],
            "more_shifts": max(len(effects.shifts) - _SHIFTS_NAMED, 0),
            "requests": effects.requests,
            "held": held,
            "held_words": f"{_MOST - 1}+" if held >= _MOST else str(held),
            "is_self": person.pk == by.pk,
        },
    )
