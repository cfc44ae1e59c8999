"""The composer of a ticket's page: empty, filled in, or as it was sent."""

from typing import Any

from django.http import HttpRequest

from juno_support.lib import clock
from juno_support.lib.text import whole_number
from tickets import policies
from tickets.answers import rights
from tickets.answers.models import Audience
from tickets.desk import ready
from tickets.forms.reply import INTERNAL, PUBLIC, ReplyForm, steps_for_composer
from tickets.models import Attachment, Ticket
from tickets.views.shared import key_or_none
from tickets.workflow import Who, steps_from


def reply_form(
    ticket: Ticket,
    user: Any,
    *,
    request: HttpRequest,
) -> ReplyForm:
    """Return the composer as it was sent."""
    roles = policies.roles_in(ticket, user)
    return ReplyForm(
        request.POST,
        steps=_composer_steps(ticket, roles),
        writes_internal=Who.SUPPORTER in roles,
    )


def kept_files(reply: ReplyForm | None, user: Any) -> list[Attachment]:
    """Return the files that were sent with an answer that could not be taken."""
    key = key_or_none(reply.data.get("key")) if reply is not None and reply.is_bound else None
    if key is None:
        return []
    return list(Attachment.objects.filter(draft=key, uploader=user).order_by("uploaded_at"))


def ready_words(request: HttpRequest, ticket: Ticket) -> str:
    """Return the ready text that the address names, filled in for the ticket; else nothing."""
    key = whole_number(request.GET.get("text"))
    text = ready.texts_for(ticket).filter(pk=key).first() if key is not None else None
    return ready.fill(text.text, ticket=ticket, me=request.user, at=clock.now()) if text else ""


def known_answer(request: HttpRequest) -> dict[str, Any]:
    """Return the words of the known answer that the address names; a supporters' one inside."""
    key = whole_number(request.GET.get("answer"))
    answer = rights.visible_answers(request.user).filter(pk=key).first() if key else None
    if answer is None:
        return {}
    side = PUBLIC if answer.audience == Audience.PUBLIC else INTERNAL
    return {"answer": answer.pk, "words": answer.text, "side": side}


def fresh_reply(
    ticket: Ticket, user: Any, roles: frozenset[Who], *, step: str, filled: dict[str, Any]
) -> ReplyForm:
    """Return an empty composer.

    :param step: the step that is chosen already, where it is possible
    :param filled: what stands in it already
    """
    steps = _composer_steps(ticket, roles)
    return ReplyForm(
        steps=steps,
        writes_internal=Who.SUPPORTER in roles,
        seen=ticket.last_entry_id,
        step=step if any(each.name == step for each in steps) else "",
        filled=filled,
    )


def _composer_steps(ticket: Ticket, roles: frozenset[Who]) -> list[Any]:
    return steps_for_composer(
        steps_from(ticket.status, roles), ticket.status, is_owner=Who.OWNER in roles
    )
