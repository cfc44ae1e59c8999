"""A change request of a VO ID card: what was asked for, and an admin's decision."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi, whole_number
from juno_support.pages.vo_finding import find_vo
from supportunits import card_content, card_links, policies
from supportunits.actions import card_requests, cards
from supportunits.actions.card_requests import CardChangedMeanwhile, CardFailsChecks
from supportunits.models import CardRequest, CardRequestState

TONES = {
    CardRequestState.OPEN: "warn",
    CardRequestState.APPROVED: "good",
    CardRequestState.PARTLY: "info",
    CardRequestState.REFUSED: "bad",
    CardRequestState.WITHDRAWN: "neutral",
}


@require_safe
@checked_inside
def change_request(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show a change request with old and new; admins decide here."""
    return _show(request, _find(request, name, number))


@require_POST
@checked_inside
def decide_change(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Approve the whole, approve what is ticked, refuse, or withdraw."""
    row = _find(request, name, number)
    facts: dict[str, Any] = {"request": row, "by": cast(User, request.user), "at": clock.now()}
    approved = {"approve": list(row.new), "chosen": request.POST.getlist("fields"), "refuse": []}
    step = request.POST.get("step", "")
    reason = request.POST.get("reason", "")
    try:
        if step == "withdraw":
            card_requests.withdraw(**facts)
            messages.success(request, _("The request is withdrawn."))
        elif step in approved:
            seen = whole_number(request.POST.get("seen")) or 0
            row = card_requests.decide(approved=approved[step], reason=reason, seen=seen, **facts)
            messages.success(request, _("Decided: %(state)s.") % {"state": row.get_state_display()})
        else:
            raise Http404
    except CardChangedMeanwhile as change:
        return _show(request, row, problem=str(change), reason=reason, change=change, status=409)
    except CardFailsChecks as failure:
        words = " ".join(each for found in failure.findings.values() for each in found)
        return _show(request, row, problem=words, reason=reason, status=422)
    except SupportError as error:
        status = 403 if error.is_refusal else 422
        return _show(request, row, problem=str(error), reason=reason, status=status)
    return redirect("vos:change-request", name=row.card.vo.name, number=row.pk)


def _find(request: HttpRequest, name: str, number: int) -> CardRequest:
    vo = find_vo(name)
    if not policies.may_change_card(request.user, vo):
        raise PermissionDenied
    rows = CardRequest.objects.select_related("card__vo", "asked_by", "decided_by")
    return get_object_or_404(rows, card=vo.card, pk=number)


def _show(
    request: HttpRequest,
    row: CardRequest,
    *,
    problem: str = "",
    reason: str = "",
    change: CardChangedMeanwhile | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    content = card_content.content_of(row.card)
    stale = card_content.changed_fields(row.old, {name: content[name] for name in row.old})
    words: dict[str, Any] = {"with_addresses": True}
    becomes = card_requests.outcome(row, content) if row.is_open else row.new
    links = (
        card_links.changes_of_links(row.card, becomes["contacts"])
        if row.is_open and "contacts" in becomes
        else []
    )
    meanwhile = card_content.differences(row.old, content, fields=stale, **words)
    return render(
        request,
        "pages/card_request.html",
        {
            "vo": row.card.vo,
            "row": row,
            "state": display.pill(row.get_state_display(), TONES[CardRequestState(row.state)]),
            "asked_by": row.asked_by.get_full_name() if row.asked_by else _("somebody who left"),
            "asked": display.when(row.asked_at, now),
            "decided_by": row.decided_by.get_full_name() if row.decided_by else "",
            "decided": display.when(row.decided_at, now) if row.decided_at else "",
            "note": show_bidi(row.note),
            "answer": show_bidi(row.reason),
            "approved": ", ".join(str(card_content.LABELS[name]) for name in row.approved_fields),
            "differences": card_content.differences(
                content if row.is_open else row.old,
                becomes,
                fields=list(row.new),
                **words,
            ),
            "links": [link.in_words() for link in links],
            "meanwhile": meanwhile if row.is_open else [],
            "left_out": ", ".join(map(show_bidi, card_requests.left_out(row, content))),
            "may_decide": row.is_open and policies.is_admin(request.user),
            "may_withdraw": row.is_open,
            "seen": cards.newest_number(row.card),
            "problem": problem,
            "reason": reason,
            "checked": change is None,
            "edit_url": reverse("vos:edit", args=[row.card.vo.name]),
        },
        status=status,
    )
