"""Close a unit, after telling what becomes of its tickets and people; open it again."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.pages.unit_finding import find_unit
from juno_support.pages.unit_words import queue_of
from supportunits import policies, queries
from supportunits.actions import units as actions
from supportunits.models import RequestState, SupporterRequest, UnitMembership, UnitState
from tickets import policies as ticket_policies

_MOST = 1000


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.is_admin)
def close_unit(request: HttpRequest, name: str) -> HttpResponse:
    """Tell what closing a unit does, and close it; or open a closed one again."""
    unit = find_unit(name)
    user = cast(User, request.user)
    if request.method == "POST":
        is_closed = unit.state == UnitState.CLOSED
        step = actions.reopen_unit if is_closed else actions.close_unit
        try:
            unit = step(unit=unit, by=user, at=clock.now())
        except SupportError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("%(unit)s: %(state)s.") % {"unit": unit.name, "state": unit.get_state_display()},
            )
        return redirect("units:unit", name=unit.name)
    if unit.state == UnitState.CLOSED:
        return redirect("units:unit", name=unit.name)
    open_tickets = ticket_policies.visible_tickets(user).filter(unit=unit, is_open=True)
    count = len(open_tickets.order_by("-pk").values_list("pk")[:_MOST])
    return render(
        request,
        "pages/unit_close.html",
        {
            "unit": unit,
            "count": count,
            "count_words": f"{_MOST - 1}+" if count >= _MOST else str(count),
            "open_url": queue_of(unit),
            "heir": queries.heir_of(unit),
            "members": UnitMembership.objects.filter(unit=unit, user__is_active=True).count(),
            "requests": SupporterRequest.objects.filter(unit=unit, state=RequestState.OPEN).count(),
            "may_close": unit.kind not in actions.NEVER_CLOSED,
        },
    )
