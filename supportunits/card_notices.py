"""Mail about VO ID cards: requests to change them, their yearly validation, dedicated support."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from supportunits import notices, policies
from supportunits.card_content import LABELS
from supportunits.card_links import LinkChange
from supportunits.models import (
    VO,
    CardRequest,
    CardRequestState,
    ContactRole,
    SupportRequest,
    SupportState,
    VOIDCard,
)
from supportunits.notices import To
from supportunits.validation import Validation


def tell_change_asked(*, request: CardRequest, at: datetime) -> None:
    """Tell the admins that somebody wants a card to say something else."""
    vo = request.card.vo
    notices.send(
        kind="card.change-asked",
        key=f"card-change-asked:{request.pk}",
        to=notices.admins(),
        subject=_("Change of the VO ID card of %(vo)s") % {"vo": vo.name},
        reason=_("you are an admin of this portal"),
        facts={
            "person": _name(request.asked_by),
            "vo": vo.name,
            "fields": _fields(request.new),
            "words": notices.quoted(request.note),
            "url": _url_of_request(request),
        },
        at=at,
    )


def tell_change_decided(*, request: CardRequest, at: datetime) -> None:
    """Tell whoever asked what became of it."""
    vo = request.card.vo
    refused = [name for name in request.new if name not in request.approved_fields]
    notices.send(
        kind="card.change-decided",
        key=f"card-change-decided:{request.pk}",
        to=[notices.person(request.asked_by)] if request.asked_by else [],
        subject=_("Change of the VO ID card of %(vo)s: %(state)s")
        % {"vo": vo.name, "state": request.get_state_display()},
        reason=_("you asked for this change"),
        facts={
            "decider": _name(request.decided_by),
            "vo": vo.name,
            "is_whole": request.state == CardRequestState.APPROVED,
            "approved": _fields(request.approved_fields),
            "refused": _fields(refused),
            "words": notices.quoted(request.reason),
            "url": _url_of_request(request),
        },
        at=at,
    )


def tell_rights_lost(
    *, card: VOIDCard, links: Iterable[LinkChange], by: User | None, at: datetime
) -> None:
    """Tell people that they lost a role with their contact on the card, and who looks after it.

    :param by: who changed the card
    """
    vo = card.vo
    for link in links:
        if not link.is_lost:
            continue
        notices.send(
            kind="card.rights-lost",
            key=f"card-rights-lost:{card.pk}:{link.account.pk}:{link.role}:{at.isoformat()}",
            to=[
                *([notices.person(link.account)] if link.account.is_active else []),
                *managers_of_vo(vo),
                *notices.admins(),
            ],
            subject=_("%(name)s has no rights as %(role)s of %(vo)s any more")
            % {
                "name": link.account.get_full_name(),
                "role": ContactRole(link.role).label,
                "vo": vo.name,
            },
            reason=_("you had this role, or look after this VO's card"),
            facts={
                "name": link.account.get_full_name(),
                "contact": link.name,
                "role": ContactRole(link.role).label,
                "vo": vo.name,
                "decider": by.get_full_name() if by else "",
                "url": url_of_vo(vo),
            },
            at=at,
        )


def tell_validation_due(*, vo: VO, validation: Validation, at: datetime) -> None:
    """Remind the VO's managers of the yearly validation; the admins too where it is overdue."""
    managers = managers_of_vo(vo)
    is_overdue = validation.is_overdue
    to = [*managers, *notices.admins()] if is_overdue or not managers else managers
    notices.send(
        kind="card.validation-due",
        key=f"card-validation:{vo.pk}:{validation.due_on}:{validation.reminder}",
        to=to,
        subject=(
            _("The VO ID card of %(vo)s is overdue for validation")
            if is_overdue
            else _("Validate the VO ID card of %(vo)s by %(day)s")
        )
        % {"vo": vo.name, "day": validation.due_on.isoformat()},
        reason=_("you look after this VO's card"),
        facts={
            "vo": vo.name,
            "day": validation.due_on.isoformat(),
            "is_overdue": is_overdue,
            "url": url_of_vo(vo),
        },
        at=at,
    )


def tell_support_decided(*, request: SupportRequest, at: datetime) -> None:
    """Tell the VO's managers what became of their request for dedicated user support."""
    vo = request.vo
    asked = [notices.person(request.asked_by)] if request.asked_by else []
    notices.send(
        kind="card.support-decided",
        key=f"card-support:{request.pk}:{request.state}",
        to=[*asked, *managers_of_vo(vo)],
        subject=_("Dedicated user support for %(vo)s: %(state)s")
        % {"vo": vo.name, "state": request.get_state_display()},
        reason=_("you look after this VO's card"),
        facts={
            "vo": vo.name,
            "state": request.state,
            "is_accepted": request.state == SupportState.ACCEPTED,
            "is_active": request.state == SupportState.ACTIVE,
            "unit": request.unit.name if request.unit else "",
            "unit_url": notices.url_of(request.unit) if request.unit else "",
            "words": notices.quoted(request.reason),
            "url": url_of_vo(vo),
        },
        at=at,
    )


def managers_of_vo(vo: VO) -> list[To]:
    """Return the accounts that an admin linked to the card's managers and deputies."""
    people = User.objects.filter(
        is_active=True, vo_contacts__card__vo=vo, vo_contacts__role__in=policies.MANAGING_ROLES
    )
    return [notices.person(user) for user in people.distinct().order_by("pk")]


def url_of_vo(vo: VO) -> str:
    """Return the full address of the VO's page."""
    return f"{settings.JUNO_BASE_URL}/vos/{quote(vo.name)}/"


def _url_of_request(request: CardRequest) -> str:
    path = reverse("vos:change-request", args=[request.card.vo.name, request.pk])
    return f"{settings.JUNO_BASE_URL}{path}"


def _fields(names: Any) -> str:
    return ", ".join(str(LABELS[name]) for name in LABELS if name in names)


def _name(user: User | None) -> str:
    return user.get_full_name() if user else _("Somebody who left")
