"""Asking to become a supporter of a unit, deciding, and leaving, on the unit's page."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import whole_number
from juno_support.pages.supporter_lines import RequestProblem
from juno_support.pages.unit import show_unit
from juno_support.pages.unit_finding import find_to_change, find_unit
from supportunits.actions import members as member_actions
from supportunits.actions import supporters as actions
from supportunits.forms import AskToSupportForm
from supportunits.models import SupporterRequest


@require_POST
@allowed_if(is_signed_in)
def ask_to_support(request: HttpRequest, name: str) -> HttpResponse:
    """Ask to become a supporter of the unit."""
    unit, user = find_unit(name), cast(User, request.user)
    form = AskToSupportForm(request.POST)
    if form.is_valid():
        try:
            actions.ask_to_support(
                unit=unit, user=user, by=user, at=clock.now(), **form.cleaned_data
            )
        except SupportError as error:
            form.add_error(None, str(error))
    if form.errors:
        return show_unit(request, unit, wrong={"ask": form})
    messages.success(
        request,
        _("You have asked to become a supporter of %(unit)s. You will get a mail.")
        % {"unit": unit.name},
    )
    return redirect(reverse("units:unit", args=[unit.name]) + "#members")


@require_POST
@allowed_if(is_signed_in)
def withdraw_request(request: HttpRequest, name: str) -> HttpResponse:
    """Take one's own request for a place in the unit back."""
    unit, user = find_unit(name), cast(User, request.user)
    mine = actions.open_request(unit, user)
    try:
        if mine is not None:
            actions.withdraw(request=mine, by=user, at=clock.now())
    except SupportError as error:  # decided at this very moment
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("You do not ask for a place in %(unit)s any more.") % {"unit": unit.name}
        )
    return redirect(reverse("units:unit", args=[unit.name]) + "#members")


@require_POST
@allowed_if(is_signed_in)
def leave_unit(request: HttpRequest, name: str) -> HttpResponse:
    """Stop being a supporter of the unit."""
    unit, user = find_unit(name), cast(User, request.user)
    try:
        member_actions.remove_member(unit=unit, user=user, by=user, at=clock.now())
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("You are no supporter of %(unit)s any more.") % {"unit": unit.name}
        )
    return redirect("units:unit", name=unit.name)


@require_POST
@checked_inside
def decide_supporter(request: HttpRequest, name: str) -> HttpResponse:
    """Approve or refuse a request to become a supporter; for the unit's managers and admins."""
    unit = find_to_change(request, name)
    wanted = get_object_or_404(
        SupporterRequest.objects.select_related("unit", "user", "decided_by"),
        unit=unit,
        pk=whole_number(request.POST.get("request")) or 0,
    )
    answer = request.POST.get("answer", "")
    facts: dict[str, Any] = {
        "request": wanted,
        "by": request.user,
        "at": clock.now(),
        "answer": answer,
    }
    words = {"name": wanted.user.get_full_name(), "unit": unit.name}
    try:
        match request.POST.get("step"):
            case "approve":
                actions.approve(**facts)
                messages.success(request, _("%(name)s is a supporter of %(unit)s now.") % words)
            case "refuse":
                actions.refuse(**facts)
                messages.success(request, _("Refused; %(name)s is told.") % words)
            case _step:
                raise Http404
    except SupportError as error:
        return show_unit(request, unit, problem=RequestProblem(wanted.pk, str(error), answer))
    return redirect(reverse("units:unit", args=[unit.name]) + "#requests")
