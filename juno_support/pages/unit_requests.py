"""Requests around support units: to become a supporter of one, and to have a new one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import allowed_if, checked_inside
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi
from supportunits import policies
from supportunits.actions import unit_requests as actions
from supportunits.changes import parts_of_unit_requests
from supportunits.forms import RequestUnitForm
from supportunits.models import RequestState, SupporterRequest, UnitRequest

_PAGE = 30
_TONES = {
    RequestState.OPEN: "info",
    RequestState.ACCEPTED: "good",
    RequestState.REFUSED: "bad",
    RequestState.WITHDRAWN: "neutral",
}


@dataclass(frozen=True, slots=True)
class UnitRequestLine:
    """One request for a new unit, ready to be written."""

    key: UUID
    name: str
    title: str
    kind: str
    contact: str
    words: str
    person: str
    manages: bool
    when: SafeString
    state: SafeString
    decided: str
    answer: str
    unit_url: str
    may_decide: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks to become a supporter, ready to be written."""

    person: str
    unit: str
    url: str
    when: SafeString


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.may_request_some_unit)
def request_list(request: HttpRequest) -> HttpResponse:
    """Show requests for new units and a form for another one; admins see and decide all."""
    user = cast(User, request.user)
    form = _form(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.request_unit(by=user, at=clock.now(), **form.cleaned_data)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("You have asked for %(unit)s. An admin decides.") % {"unit": made.name}
            )
            return redirect("units:requests")
    return _show(request, form)


@require_POST
@checked_inside
def decide_request(request: HttpRequest, key: UUID) -> HttpResponse:
    """Accept, refuse or withdraw a request for a new unit."""
    user = cast(User, request.user)
    wanted = get_object_or_404(_visible(user), key=key)
    facts: dict[str, Any] = {"request": wanted, "by": user, "at": clock.now()}
    answer = request.POST.get("answer", "")
    try:
        match request.POST.get("step"):
            case "accept":
                unit = actions.accept_unit(**facts, answer=answer).unit
                messages.success(request, _("%(unit)s is open.") % {"unit": wanted.name})
                if unit is not None:
                    return redirect("units:unit", name=unit.name)
            case "refuse":
                actions.refuse_unit(**facts, answer=answer)
                messages.success(
                    request, _("Refused: %(unit)s. The person is told.") % {"unit": wanted.name}
                )
            case "withdraw":
                actions.withdraw_unit(**facts)
                messages.success(request, _("The request is withdrawn."))
            case _step:
                raise Http404
    except SupportError as error:
        # What was typed stays: it may be a long reason.
        return _show(request, _form(user), problem=(wanted.key, str(error), answer))
    return redirect("units:requests")


def _form(user: User, data: Any = None) -> RequestUnitForm:
    return RequestUnitForm(
        data,
        vos=policies.vos_to_request_for(user),
        may_have_none=policies.may_request_unit(user, None),
        key=uuid4(),
    )


def _visible(user: User) -> QuerySet[UnitRequest]:
    requests = UnitRequest.objects.select_related("vo", "requested_by", "decided_by", "unit")
    return requests if policies.is_admin(user) else requests.filter(requested_by=user)


def _show(
    request: HttpRequest, form: RequestUnitForm, problem: tuple[UUID, str, str] | None = None
) -> HttpResponse:
    user, now = cast(User, request.user), clock.now()
    rows = _visible(user)
    waiting = list(rows.filter(state=RequestState.OPEN).order_by("pk")[:_PAGE])
    decided = list(rows.exclude(state=RequestState.OPEN).order_by("-decided_at")[:_PAGE])
    about, words, typed = problem or (None, "", "")
    return render(
        request,
        "pages/unit_requests.html",
        {
            "waiting": [_line(row, user, now) for row in waiting],
            "decided": [_line(row, user, now) for row in decided],
            "askers": _askers(user, now),
            "form": form,
            "about": about,
            "problem": words,
            "typed": typed,
            "is_admin": policies.is_admin(user),
            "trace": trace(request, parts_of_unit_requests(), sees_addresses=True)
            if policies.is_admin(user)
            else None,
        },
        status=422 if form.errors or problem else 200,
    )


def _askers(user: User, now: datetime) -> list[Asker]:
    """Return for admins who asks to become a supporter, of which unit, oldest first."""
    if not policies.is_admin(user):
        return []
    rows = (
        SupporterRequest.objects.filter(state=RequestState.OPEN, user__is_active=True)
        .select_related("unit", "user")
        .order_by("pk")[:_PAGE]
    )
    return [
        Asker(
            person=row.user.get_full_name(),
            unit=row.unit.name,
            url=reverse("units:unit", args=[row.unit.name]) + "#requests",
            when=display.when(row.requested_at, now),
        )
        for row in rows
    ]


def _line(row: UnitRequest, user: User, now: datetime) -> UnitRequestLine:
    decider = row.decided_by.get_full_name() if row.decided_by else ""
    return UnitRequestLine(
        key=row.key,
        name=row.name,
        title=show_bidi(row.title),
        kind=_("unit of %(vo)s") % {"vo": row.vo.name} if row.vo else row.get_kind_display(),
        contact=row.mailing_list,
        words=show_bidi(row.words),
        person=row.requested_by.get_full_name(),
        manages=row.wants_to_manage,
        when=display.when(row.requested_at, now),
        state=display.pill(row.get_state_display(), _TONES[RequestState(row.state)]),
        decided=decider,
        answer=show_bidi(row.answer),
        unit_url=reverse("units:unit", args=[row.unit.name]) if row.unit else "",
        may_decide=row.state == RequestState.OPEN and policies.is_admin(user),
        may_withdraw=row.state == RequestState.OPEN and row.requested_by_id == user.pk,
    )
