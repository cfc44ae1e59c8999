"""A request to swap: asked on the shift's page, answered on its own."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from juno_support.access import checked_inside
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi
from juno_support.pages.shifts.find import person
from juno_support.pages.shifts.words import when
from supportunits import policies
from supportunits.actions import swaps
from supportunits.models import ShiftSwap, SwapState

_TONES = {
    SwapState.OPEN: "info",
    SwapState.ACCEPTED: "good",
    SwapState.REFUSED: "bad",
    SwapState.WITHDRAWN: "neutral",
}


@dataclass(frozen=True, slots=True)
class SwapLine:
    """A request to swap, ready to be written."""

    asker: str
    asked: str
    url: str
    type: str
    vo: str
    when: SafeString
    exchange: SafeString | str
    message: str
    state: SafeString
    is_own: bool


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def swap_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show a request to swap; take or refuse the shift, or withdraw the request.

    For who asked, who is asked (all shifters of the VO, where all are) and who manages the rota.
    A link in a mail leads here; only the buttons change anything.
    """
    swap = _find(request.user, number)
    problem = ""
    if request.method == "POST":
        try:
            return _answer(request, swap)
        except SupportError as error:
            problem = str(error)
            swap = _find(request.user, number)
    user = person(request)
    is_open = swap.state == SwapState.OPEN and swap.shift.ends_at > clock.now()
    is_asked = swap.asked_by != user and swap.asked_of in (user, None)
    return render(
        request,
        "shifts/swap.html",
        {
            "swap": swap_line(swap, user),
            "problem": problem,
            "is_open": is_open,
            "may_accept": is_open and is_asked and policies.is_shifter_of(user, swap.shift.type.vo),
            "may_refuse": is_open and swap.asked_of == user,
            "may_withdraw": is_open and swap.asked_by == user,
            "answered": display.when(swap.answered_at, clock.now()) if swap.answered_at else "",
            "answered_by": swap.answered_by.get_full_name() if swap.answered_by else "",
        },
        status=409 if problem else 200,
    )


def _answer(request: HttpRequest, swap: ShiftSwap) -> HttpResponse:
    who: dict[str, Any] = {"swap": swap, "by": person(request), "at": clock.now()}
    step = request.POST.get("step", "")
    if step == "accept":
        swaps.accept_swap(**who)
        messages.success(request, _("The shift is yours now. The rota says so."))
        return redirect("shifts:shift", swap.shift_id)
    if step == "refuse":
        swaps.refuse_swap(**who)
        messages.success(
            request, _("%(name)s hears that you cannot take it.") % {"name": swap.asked_by}
        )
    elif step == "withdraw":
        swaps.withdraw_swap(**who)
        messages.success(request, _("The request is withdrawn. The shift stays yours."))
    else:
        raise Http404
    return redirect("shifts:home")


def _find(user: Any, number: int) -> ShiftSwap:
    swap = (
        ShiftSwap.objects.select_related(
            "shift__type__vo",
            "shift__person",
            "in_exchange__type",
            "asked_by",
            "asked_of",
            "answered_by",
        )
        .filter(pk=number)
        .first()
    )
    if swap is None:
        raise Http404
    vo = swap.shift.type.vo
    concerned = user in (swap.asked_by, swap.asked_of) or policies.may_change_rota(user, vo)
    if not concerned and not (swap.asked_of_id is None and policies.is_shifter_of(user, vo)):
        raise PermissionDenied
    return swap


def swap_line(swap: ShiftSwap, user: Any) -> SwapLine:
    """Return a request as a line. Its shift and people must be loaded."""
    exchange = swap.in_exchange
    state = SwapState(swap.state)
    return SwapLine(
        asker=swap.asked_by.get_full_name(),
        asked=str(swap.asked_of) if swap.asked_of_id else _("all shifters"),
        url=reverse("shifts:swap", args=[swap.pk]),
        type=swap.shift.type.name,
        vo=swap.shift.type.vo.name,
        when=when(swap.shift.starts_at, swap.shift.ends_at),
        exchange=when(exchange.starts_at, exchange.ends_at) if exchange else "",
        message=show_bidi(swap.message),
        state=display.pill(str(state.label), _TONES[state]),
        is_own=swap.asked_by_id == user.pk,
    )
