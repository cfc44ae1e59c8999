"""What one does with a VO ID card by a button: validate, serve, take over, ask for support."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import allowed_if, checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.pages.vo_finding import find_vo
from supportunits import card_content, card_links, policies, portal, queries
from supportunits.actions import card_requests, dedicated_support
from supportunits.actions import vos as vo_actions
from supportunits.models import VO, SupportUnit


@require_POST
@allowed_if(policies.is_admin)
def serve_vo(request: HttpRequest, name: str) -> HttpResponse:
    """Have the VO's support run in this portal, or no more."""
    vo, is_served = find_vo(name), request.POST.get("served") == "yes"
    vo_actions.set_served(vo=vo, is_served=is_served, by=cast(User, request.user), at=clock.now())
    words = (
        _("%(vo)s is supported here now. Link its manager to an account.")
        if is_served
        else _("%(vo)s is not supported here any more. Its card is a mirror again.")
    )
    messages.success(request, words % {"vo": vo.name})
    return redirect("vos:vo", name=vo.name)


@require_POST
@checked_inside
def validate_card(request: HttpRequest, name: str) -> HttpResponse:
    """Say that the card is right: the yearly validation."""
    vo = _changeable(request, name)
    card_requests.validate(vo=vo, by=cast(User, request.user), at=clock.now())
    messages.success(request, _("The card is validated for a year."))
    return redirect("vos:vo", name=vo.name)


@require_POST
@checked_inside
def change_support(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for dedicated user support, withdraw it; admins accept or refuse it."""
    vo = _changeable(request, name)
    facts: dict[str, Any] = {"by": request.user, "at": clock.now()}
    here = reverse("vos:vo", args=[vo.name]) + "#support"
    try:
        match request.POST.get("step"):
            case "ask":
                dedicated_support.ask_support(vo=vo, **facts)
                words = _("You have asked for dedicated user support. TPM gets a ticket about it.")
            case "withdraw":
                dedicated_support.withdraw_support(vo=vo, **facts)
                words = _("The request is withdrawn.")
            case "accept":
                _accept(request, vo, facts)
                words = _("Accepted. The unit needs a proven list and one supporter now.")
            case "refuse":
                dedicated_support.refuse_support(
                    request=_newest(vo), reason=request.POST.get("reason", ""), **facts
                )
                words = _("Refused. The VO's managers are told.")
            case _step:
                raise Http404
    except SupportError as error:
        if error.is_refusal:
            raise PermissionDenied from error
        messages.error(request, str(error))
    else:
        messages.success(request, words)
    return redirect(here)


def _accept(request: HttpRequest, vo: VO, facts: dict[str, Any]) -> None:
    chosen = request.POST.get("unit", "")
    unit = get_object_or_404(SupportUnit, name=chosen, vo=vo) if chosen else None
    dedicated_support.accept_support(
        request=_newest(vo), unit=unit, unit_name=request.POST.get("name", "")[:100], **facts
    )


def _newest(vo: VO) -> Any:
    found = queries.support_request(vo)
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def portal_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show what differs between the card and the Portal; an admin takes single fields over."""
    vo = find_vo(name)
    if not policies.may_change_card(request.user, vo) and not policies.is_admin(request.user):
        raise PermissionDenied
    problem = ""
    if request.method == "POST":
        fields = request.POST.getlist("fields")
        if not policies.is_admin(request.user):
            raise PermissionDenied
        if not fields:
            problem = _("Tick what the card shall take over.")
        else:
            try:
                card_requests.take_over(
                    vo=vo, fields=fields, by=cast(User, request.user), at=clock.now()
                )
            except SupportError as error:
                problem = str(error)
            else:
                messages.success(request, _("The card says what the Portal says there."))
                return redirect("vos:portal", name=vo.name)
    copy, now = getattr(vo, "portal_copy", None), clock.now()
    content = card_content.content_of(vo.card)
    theirs = copy.content.get("contacts") if copy else None
    links = card_links.changes_of_links(vo.card, theirs) if theirs is not None else []
    return render(
        request,
        "pages/card_portal.html",
        {
            "vo": vo,
            "copy": copy,
            "problem": problem,
            "imported": display.when(copy.imported_at, now) if copy else "",
            "changed": display.when(copy.changed_at, now) if copy else "",
            "gone": display.when(copy.gone_at, now) if copy and copy.gone_at else "",
            "differences": portal.portal_differences(content, copy, with_addresses=True)
            if copy
            else [],
            "links": [link.in_words() for link in links],
            "may_take": policies.is_admin(request.user) and vo.is_served,
        },
        status=422 if problem else 200,
    )


def _changeable(request: HttpRequest, name: str) -> VO:
    vo = find_vo(name)
    if not policies.may_change_card(request.user, vo):
        raise PermissionDenied
    return vo
