"""What waits for an admin around VO ID cards: changes, support, validations, differences."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if
from juno_support.lib import clock, display
from juno_support.pages.card_edit import card_fields
from supportunits import card_content, policies, portal, readiness, validation
from supportunits.models import (
    CardRequest,
    CardRequestState,
    PortalCopy,
    SupportRequest,
    SupportState,
)

SHOWN = 100


@require_safe
@allowed_if(policies.is_admin)
def waiting_page(request: HttpRequest) -> HttpResponse:
    """Show open change requests, requests for support, overdue cards and cards that differ."""
    now = clock.now()
    changes = CardRequest.objects.filter(state=CardRequestState.OPEN).select_related(
        "card__vo", "asked_by"
    )
    support = SupportRequest.objects.filter(
        state__in=(SupportState.REQUESTED, SupportState.ACCEPTED)
    ).select_related("vo", "unit", "asked_by")
    return render(
        request,
        "pages/card_waiting.html",
        {
            "changes": [
                {
                    "url": reverse("vos:change-request", args=[row.card.vo.name, row.pk]),
                    "vo": row.card.vo.name,
                    "what": card_fields(row.new),
                    "who": row.asked_by.get_full_name() if row.asked_by else "",
                    "when": display.when(row.asked_at, now),
                }
                for row in changes.order_by("asked_at")[:SHOWN]
            ],
            "support": [
                {
                    "vo": row.vo.name,
                    "state": row.get_state_display(),
                    "who": row.asked_by.get_full_name() if row.asked_by else "",
                    "when": display.when(row.asked_at, now),
                    "missing": ", ".join(readiness.what_is_missing(row.unit)) if row.unit else "",
                }
                for row in support.order_by("asked_at")[:SHOWN]
            ],
            "overdue": [
                {
                    "vo": card.vo.name,
                    "validated": card.validated_date.isoformat()
                    if card.validated_date
                    else _("never"),
                    "due": due.due_on.isoformat(),
                    "days": -due.days,
                }
                for card, due in validation.overdue_cards(today=now.date())[:SHOWN]
            ],
            "differing": _differing(),
        },
    )


def _differing() -> list[dict[str, Any]]:
    """Return the served cards of which the Portal says something else."""
    copies = (
        PortalCopy.objects.filter(vo__is_served=True)
        .select_related("vo__card")
        .prefetch_related("vo__card__contacts")
    )
    differing = []
    for copy in copies.order_by("vo__name")[:SHOWN]:
        fields = portal.differing_fields(card_content.content_of(copy.vo.card), copy)
        if fields or copy.gone_at:
            differing.append(
                {
                    "vo": copy.vo.name,
                    "what": card_fields(fields),
                    "is_gone": copy.gone_at is not None,
                }
            )
    return differing
