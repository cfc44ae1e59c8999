"""Where a VO ID card stands: what waits, when it is due, what the Portal says, its support."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import display
from juno_support.lib.text import show_bidi
from juno_support.pages import card_lines
from juno_support.pages.card_edit import card_fields
from supportunits import card_content, policies, portal, readiness, validation
from supportunits.actions.dedicated_support import may_be_withdrawn
from supportunits.models import (
    VO,
    CardRequest,
    CardRequestState,
    CardVersion,
    PortalCopy,
    SupportRequest,
    SupportState,
    SupportUnit,
    UnitKind,
    UnitState,
    VOIDCard,
)
from supportunits.policies import Person
from tickets import policies as ticket_policies
from tickets.models import SupportTicket


@dataclass(frozen=True, slots=True)
class Due:
    """When the card has to be validated, in words."""

    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class SupportPanel:
    """The dedicated user support of a VO, ready to be written."""

    pill: SafeString
    words: str
    reason: str
    ticket: int | None
    ticket_url: str
    unit: str
    unit_url: str
    missing: tuple[str, ...]
    may_ask: bool
    may_withdraw: bool
    may_decide: bool
    units: tuple[str, ...]
    new_name: str


def standing(vo: VO, card: VOIDCard, user: Person, now: datetime) -> dict[str, Any]:
    """Return what the page of a VO says around its card. At most nine queries."""
    may_change = policies.may_change_card(user, vo)
    is_admin = policies.is_admin(user)
    copy: PortalCopy | None = getattr(vo, "portal_copy", None)
    newest = (
        CardVersion.objects.filter(card=card)
        .defer("content")
        .select_related("made_by")
        .order_by("-number")
        .first()
    )
    facts: dict[str, Any] = {
        "may_change_card": may_change,
        "is_admin": is_admin,
        "newest": newest,
        "newest_when": display.when(newest.made_at, now) if newest else "",
        "newest_what": card_fields(
            [name for name in newest.changed_fields if name != "changed_at"] if newest else ()
        ),
        "copy": copy,
        "gone": display.when(copy.gone_at, now) if copy and copy.gone_at else "",
        "support": support_panel(vo, card, user),
    }
    if vo.is_served:
        facts["due"] = _due(validation.validation_of(vo, card, today=now.date()))
    if may_change:
        waiting = CardRequest.objects.filter(card=card, state=CardRequestState.OPEN)
        facts["waiting"] = [
            {
                "url": reverse("vos:change-request", args=[vo.name, row.pk]),
                "what": card_fields(row.new),
                "who": row.asked_by.get_full_name() if row.asked_by else "",
                "when": display.when(row.asked_at, now),
            }
            for row in waiting.select_related("asked_by").order_by("asked_at")[:20]
        ]
        if copy:
            content = card_content.content_of(card)
            facts["differing"] = len(portal.differing_fields(content, copy))
    return facts


def _due(due: validation.Validation) -> Due:
    if due.is_overdue:
        words = (
            _("Overdue since %(day)s: nobody looked for a year whether it is still right.")
            if due.was_validated
            else _("Overdue since %(day)s: nobody ever looked whether it is right.")
        )
        return Due(words % {"day": due.due_on.isoformat()}, "bad")
    words = _("To be validated by %(day)s.") % {"day": due.due_on.isoformat()}
    return Due(words, "warn" if due.is_soon else "neutral")


def support_panel(vo: VO, card: VOIDCard, user: Person) -> SupportPanel:
    """Return where the VO's dedicated user support stands, and what one may do about it."""
    request = (
        SupportRequest.objects.filter(vo=vo)
        .select_related("unit", "ticket_link")
        .order_by("-pk")
        .first()
    )
    state = SupportState(request.state) if request else None
    link: SupportTicket | None = getattr(request, "ticket_link", None)
    readable = link and ticket_policies.visible_tickets(user).filter(pk=link.ticket_id).exists()
    unit = request.unit if request else None
    may_change = policies.may_change_card(user, vo)
    waits = state == SupportState.REQUESTED
    may_decide = waits and policies.is_admin(user)
    return SupportPanel(
        pill=card_lines.support_pill(state),
        words=_words(state),
        reason=show_bidi(request.reason) if request else "",
        ticket=link.ticket_id if link else None,
        ticket_url=reverse("ticket", args=[link.ticket_id]) if link and readable else "",
        unit=unit.name if unit else "",
        unit_url=reverse("units:unit", args=[unit.name]) if unit else "",
        missing=tuple(readiness.what_is_missing(unit))
        if unit and state in (SupportState.ACCEPTED, SupportState.ACTIVE)
        else (),
        may_ask=may_change and state in (None, SupportState.REFUSED, SupportState.WITHDRAWN),
        may_withdraw=may_change and request is not None and may_be_withdrawn(request),
        may_decide=may_decide,
        units=_units_to_choose(vo) if may_decide else (),
        new_name=f"{vo.name.upper()}-Support",
    )


def _units_to_choose(vo: VO) -> tuple[str, ...]:
    units = SupportUnit.objects.filter(vo=vo, kind=UnitKind.VO).exclude(state=UnitState.CLOSED)
    return tuple(units.order_by("name").values_list("name", flat=True))


def _words(state: SupportState | None) -> str:
    if state is None:
        return _("The VO has not asked for it.")
    return {
        SupportState.REQUESTED: _("The request is waiting for an admin."),
        SupportState.ACCEPTED: _(
            "Accepted. It is active once the mailing list is proven and a supporter is registered."
        ),
        SupportState.REFUSED: _("The request was refused."),
        SupportState.WITHDRAWN: _("The request was withdrawn."),
        SupportState.ACTIVE: _("Active: users of the VO reach its own unit."),
    }[state]
