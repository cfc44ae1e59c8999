"""The list of virtual organisations, and the box that adds one."""

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages import card_lines
from supportunits import policies
from supportunits.actions import vos as vo_actions
from supportunits.models import VO, PortalCopy, VOIDCard
from supportunits.queries import support_state

PAGE = 100


@dataclass(frozen=True, slots=True)
class VOLine:
    """One VO in the list, ready to be written."""

    name: str
    url: str
    scope: str
    status: SafeString | str
    validated: str
    sites: int
    members: int
    support: SafeString | str
    is_gone: bool


@require_safe
@allowed_if(is_signed_in)
def vo_list(request: HttpRequest) -> HttpResponse:
    """Show the VOs: those whose support runs here first, then those that we only know."""
    search = clean_line(request.GET.get("q", ""))[:100]
    vos = (
        VO.objects.select_related("card", "portal_copy")
        .prefetch_related("support_requests")
        .annotate(
            site_count=Count("vo_sites", distinct=True),
            member_count=Count(
                "memberships", filter=Q(memberships__user__is_active=True), distinct=True
            ),
        )
    )
    if search:
        vos = vos.filter(Q(name__icontains=search) | Q(card__description__icontains=search))
    served, colon, name = clean_line(request.GET.get("after", "")).partition(":")
    if colon and served == "yes":
        vos = vos.filter(Q(is_served=False) | Q(name__gt=name[:100]))
    elif colon:
        vos = vos.filter(is_served=False, name__gt=name[:100])
    rows = list(vos.order_by("-is_served", "name")[: PAGE + 1])
    here = reverse("vos:list")
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        place = f"{'yes' if last.is_served else 'no'}:{last.name}"
        more = f"{here}?{urlencode(({'q': search} if search else {}) | {'after': place})}"
    return render(
        request,
        "pages/vos.html",
        {
            "served": [_line(vo) for vo in rows[:PAGE] if vo.is_served],
            "others": [_line(vo) for vo in rows[:PAGE] if not vo.is_served],
            "search": search,
            "more": more,
            "may_make": policies.is_admin(request.user),
        },
    )


@require_POST
@allowed_if(policies.is_admin)
def make_vo(request: HttpRequest) -> HttpResponse:
    """Make a VO whose support runs here, with an empty ID card."""
    try:
        vo = vo_actions.make_vo(
            name=request.POST.get("name", "")[:100],
            is_served=True,
            by=cast(User, request.user),
            at=clock.now(),
        )
    except SupportError as error:
        messages.error(request, str(error))
        return redirect("vos:list")
    messages.success(request, _("%(vo)s is there. Add its sites.") % {"vo": vo.name})
    return redirect("vos:vo", name=vo.name)


def _line(vo: Any) -> VOLine:
    card: VOIDCard | None = getattr(vo, "card", None)
    copy: PortalCopy | None = getattr(vo, "portal_copy", None)
    return VOLine(
        name=vo.name,
        url=reverse("vos:vo", args=[vo.name]),
        scope=show_bidi(card.scope) if card else "",
        status=card_lines.status_pill(card) if card else "",
        validated=card_lines.day(card.validated_date) if card else "",
        sites=vo.site_count,
        members=vo.member_count,
        support=card_lines.support_pill(support_state(vo)),
        is_gone=bool(copy and copy.gone_at),
    )
