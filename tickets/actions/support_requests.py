"""The one ticket about a VO's request for dedicated user support, filed by the clock.

``supportunits`` keeps the request and knows no tickets; the link is kept here (domain: section 8).
"""

import uuid
from datetime import datetime
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from supportunits.models import SupportRequest, SupportState
from tickets.actions.row import apart
from tickets.actions.submit import submit_ticket
from tickets.actions.work import take_step
from tickets.models import Category, SupportTicket, Ticket
from tickets.workflow import ResolutionCode, StepNotAllowed

# The submission key of a request's ticket: made of its number, so that two workers file one.
_NAMES: Final = uuid.UUID("6f3a1f0e-6c0b-4f55-9a51-7d2a6a1f7f5c")
AT_ONCE: Final = 50
_ENDS: Final = (SupportState.WITHDRAWN, SupportState.REFUSED, SupportState.ACTIVE)


def tell_of_support_requests(*, at: datetime) -> int:
    """File a ticket about each request that has none; end it as its request ended.

    It is withdrawn with the request, unsolved with the reason of a refusal, and solved when the
    support is active (domain: section 8). As often as one likes. Returns how many were filed.
    """
    waiting = SupportRequest.objects.filter(
        ticket_link=None, state__in=(SupportState.REQUESTED, SupportState.ACCEPTED)
    ).select_related("vo", "asked_by")
    filed = 0
    for request in list(waiting.order_by("pk")[:AT_ONCE]):
        with apart(f"about support request {request.pk}"):
            filed += _file(request, at)
    links = SupportTicket.objects.filter(request__state__in=_ENDS).exclude(
        told_state=F("request__state")
    )
    links = links.select_related("ticket__submitter", "request__vo", "request__unit")
    for link in list(links.order_by("pk")[:AT_ONCE]):
        with apart(link.ticket_id):
            _end(link, at)
    return filed


def _file(request: SupportRequest, at: datetime) -> int:
    submitter = _submitter(request)
    if submitter is None:  # nobody could be told what became of it; the admins' page shows it
        return 0
    vo = request.vo
    page = f"{settings.JUNO_BASE_URL}/vos/{quote(vo.name)}/"
    with transaction.atomic():
        ticket = submit_ticket(
            draft_id=uuid.uuid5(_NAMES, str(request.pk)),
            by=submitter,
            at=at,
            vo=vo,
            is_vo_specific=True,
            category=Category.SERVICE_REQUEST,
            subject=_("Dedicated user support for the VO %(vo)s") % {"vo": vo.name},
            description=_(
                "The VO %(vo)s asks for dedicated user support: a support unit of its own.\n\n"
                "1. An admin accepts or refuses the request on the VO's page: %(page)s\n"
                "2. The unit's mailing list is proven, and its supporters are registered.\n"
                "3. The support is active: this ticket is solved then by itself."
            )
            % {"vo": vo.name, "page": page},
        )
        SupportTicket.objects.get_or_create(
            request=request, defaults={"ticket": ticket, "told_state": request.state}
        )
    return 1


def _submitter(request: SupportRequest) -> User | None:
    if request.asked_by and request.asked_by.is_active:
        return request.asked_by
    return User.objects.filter(is_active=True, is_staff=True).order_by("pk").first()


def _end(link: SupportTicket, at: datetime) -> None:
    ticket, request = link.ticket, link.request
    if ticket.is_open:  # else it was answered, or withdrawn by hand: that stays
        try:
            if request.state == SupportState.WITHDRAWN:
                take_step(ticket=ticket, step="withdraw", by=ticket.submitter, at=at)
            else:
                _answer(ticket, request, at)
        except StepNotAllowed:  # answered meanwhile, or a child is open: the next round sees it
            return
    link.told_state = request.state
    link.save(update_fields=["told_state"])


def _answer(ticket: Ticket, request: SupportRequest, at: datetime) -> None:
    facts = {"vo": request.vo.name, "unit": request.unit, "reason": request.reason}
    if request.state == SupportState.REFUSED:
        step, code = "leave-unsolved", ResolutionCode.WONT_FIX
        words = _("Dedicated user support for the VO %(vo)s was refused: %(reason)s")
    else:
        step, code = "solve", ResolutionCode.FIXED
        words = _("Dedicated user support for the VO %(vo)s is active: its unit is %(unit)s.")
    take_step(ticket=ticket, step=step, by=None, at=at, solution=words % facts, code=code)
