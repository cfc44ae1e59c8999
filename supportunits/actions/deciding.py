"""Decide requests: what is common to a request for a place in a unit and one for a new unit."""

from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean
from supportunits.models import RequestState, SupporterRequest, UnitRequest

Request = TypeVar("Request", SupporterRequest, UnitRequest)


class AlreadyDecided(SupportError):
    """Somebody decided the request meanwhile."""


class WordsMissing(SupportError):
    """A request needs its why, a refusal its reason."""


def locked_open(request: Request) -> Request:
    """Return the request's row, locked.

    :raises AlreadyDecided: it is not open any more
    """
    row: Request = (
        type(request)
        ._default_manager.select_for_update(no_key=True, of=("self",))
        .get(pk=request.pk)
    )
    if row.state != RequestState.OPEN:
        decider = row.decided_by.get_full_name() if row.decided_by else _("the portal")
        raise AlreadyDecided(
            _("This request was decided meanwhile: %(state)s, by %(name)s.")
            % {"state": row.get_state_display(), "name": decider}
        )
    return row


def needed(words: str, missing: str) -> str:
    """Return the words without what does not belong into text.

    :param missing: what to say where there are none
    :raises WordsMissing: there are none
    """
    words = clean(words).strip()
    if not words:
        raise WordsMissing(missing)
    return words


def decide(
    row: Request, state: RequestState, *, answer: str, by: User | None, at: datetime
) -> Request:
    """Store the decision."""
    row.state = state
    row.answer = clean(answer).strip()
    row.decided_by = by
    row.decided_at = at
    row.save()
    return row
