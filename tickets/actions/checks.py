"""Tick the lines of the check-list for first-line answers: who looked after what, and when."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from tickets import history, policies
from tickets.actions.row import NotAllowed, locked, store
from tickets.models import CheckItem, CheckTick, Kind, Ticket


@transaction.atomic
def tick(*, ticket: Ticket, item: CheckItem, is_done: bool, by: User, at: datetime) -> Ticket:
    """Tick a line of the check-list, or take the tick away. Twice the same changes nothing.

    The tick stays with the ticket; its history tells it on the internal side, nobody by mail.

    :raises NotAllowed: if ``by`` does not work on the ticket
    """
    ticket = locked(ticket)
    if not policies.may_change(ticket, by):
        raise NotAllowed(_("Only supporters tick the check-list."))
    if is_done:
        _row, has_changed = CheckTick.objects.get_or_create(
            ticket=ticket, item=item, defaults={"by": by, "ticked_at": at}
        )
    else:
        gone, _rows = CheckTick.objects.filter(ticket=ticket, item=item).delete()
        has_changed = gone > 0
    if not has_changed:
        return ticket
    history.record(
        ticket=ticket,
        kind=Kind.CHECKED,
        by=by,
        at=at,
        is_public=False,
        consumers=(),
        item=item.pk,
        done=is_done,
    )
    return store(ticket)
