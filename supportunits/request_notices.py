"""Mail about requests: for a place in a unit, and for a new unit."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from supportunits import notices
from supportunits.models import RequestState, SupporterRequest, UnitRequest


def tell_supporter_asked(*, request: SupporterRequest, at: datetime) -> None:
    """Tell those who decide: the unit's managers, else the admins."""
    person, unit = request.user, request.unit
    notices.send(
        kind="unit.supporter-asked",
        key=f"supporter-asked:{request.pk}",
        to=notices.managers_of(unit) or notices.admins(),
        subject=_("%(name)s asks to become a supporter of %(unit)s")
        % {"name": person.get_full_name(), "unit": unit.name},
        reason=_("you decide who supports %(unit)s") % {"unit": unit.name},
        facts={
            "person": person.get_full_name(),
            "address": person.email,
            "unit": unit.name,
            "words": notices.quoted(request.words),
            "unit_url": notices.url_of(unit) + "#requests",
        },
        at=at,
    )


def tell_supporter_decided(*, request: SupporterRequest, at: datetime) -> None:
    """Tell the person and the unit's managers, one of whom may have decided."""
    person, unit = request.user, request.unit
    notices.send(
        kind="unit.supporter-decided",
        key=f"supporter-decided:{request.pk}",
        to=[notices.person(person), *notices.managers_of(unit)],
        subject=_("%(unit)s: request of %(name)s %(state)s")
        % {
            "unit": unit.name,
            "name": person.get_full_name(),
            "state": request.get_state_display(),
        },
        reason=_("you asked to support %(unit)s, or you manage it") % {"unit": unit.name},
        facts={
            "is_accepted": request.state == RequestState.ACCEPTED,
            "decider": request.decided_by.get_full_name() if request.decided_by else "",
            "person": person.get_full_name(),
            "unit": unit.name,
            "answer": notices.quoted(request.answer),
            "unit_url": notices.url_of(unit),
        },
        at=at,
    )


def tell_unit_requested(*, request: UnitRequest, at: datetime) -> None:
    """Tell the admins that somebody asks for a new unit."""
    person = request.requested_by
    notices.send(
        kind="unit.requested",
        key=f"unit-requested:{request.pk}",
        to=notices.admins(),
        subject=_("%(name)s asks for the support unit %(unit)s")
        % {"name": person.get_full_name(), "unit": request.name},
        reason=_("you are an admin of this portal"),
        facts={
            "person": person.get_full_name(),
            "name": request.name,
            "kind": request.vo.name if request.vo else request.get_kind_display(),
            "words": notices.quoted(request.words),
            "url": settings.JUNO_BASE_URL + reverse("units:requests"),
        },
        at=at,
    )


def tell_unit_decided(*, request: UnitRequest, at: datetime) -> None:
    """Tell the person who asked for a unit what became of it."""
    notices.send(
        kind="unit.request-decided",
        key=f"unit-request-decided:{request.pk}",
        to=[notices.person(request.requested_by)],
        subject=_("Support unit %(unit)s: %(state)s")
        % {"unit": request.name, "state": request.get_state_display()},
        reason=_("you asked for this unit"),
        facts={
            "is_accepted": request.state == RequestState.ACCEPTED,
            "decider": request.decided_by.get_full_name() if request.decided_by else "",
            "name": request.name,
            "answer": notices.quoted(request.answer),
            "unit_url": notices.url_of(request.unit) if request.unit else "",
        },
        at=at,
    )
