"""Requests to become a supporter, as lines of the unit's page."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from juno_support.lib import display
from juno_support.lib.text import show_bidi
from supportunits.models import RequestState, SupporterRequest, SupportUnit

_MOST = 50


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """What was wrong with a decision, and the reason that was typed with it."""

    request: int
    words: str
    typed: str


@dataclass(frozen=True, slots=True)
class SupporterRequestLine:
    """One open request, ready to be written."""

    key: int
    name: str
    email: str
    avatar: SafeString
    words: str
    when: SafeString
    problem: str
    typed: str


def open_requests(
    unit: SupportUnit, now: datetime, problem: RequestProblem | None = None
) -> list[SupporterRequestLine]:
    """Return the open requests for a place in the unit, oldest first; for those who decide."""
    rows = SupporterRequest.objects.filter(
        unit=unit, state=RequestState.OPEN, user__is_active=True
    ).select_related("user")
    return [
        SupporterRequestLine(
            key=row.pk,
            name=row.user.get_full_name(),
            email=row.user.email,
            avatar=display.avatar(row.user.get_full_name()),
            words=show_bidi(row.words),
            when=display.when(row.requested_at, now),
            problem=problem.words if problem and problem.request == row.pk else "",
            typed=problem.typed if problem and problem.request == row.pk else "",
        )
        for row in rows.order_by("pk")[:_MOST]
    ]
