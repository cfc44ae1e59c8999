"""The check-list: ticks stay with the ticket, and the history tells whose they are."""

import pytest

from tests.make import AT
from tests.tickets.make import make_ticket
from tickets.actions import checks
from tickets.actions.row import NotAllowed
from tickets.models import CheckItem, CheckTick, HistoryEntry


def test_a_tick_is_kept_with_who_and_when(cast):
    ticket, item = make_ticket(by=cast.ada), CheckItem.objects.get(words="Quota")

    checks.tick(ticket=ticket, item=item, is_done=True, by=cast.carla, at=AT)
    checks.tick(ticket=ticket, item=item, is_done=True, by=cast.boris, at=AT)

    tick = CheckTick.objects.get()
    assert (tick.by, tick.ticked_at) == (cast.carla, AT)
    entry = HistoryEntry.objects.get(kind="ticket.checked")
    assert (entry.facts["done"], entry.is_public) == (True, False)
    assert not entry.dispatches.exists()


def test_a_tick_is_taken_away(cast):
    ticket, item = make_ticket(by=cast.ada), CheckItem.objects.get(words="Quota")
    checks.tick(ticket=ticket, item=item, is_done=True, by=cast.carla, at=AT)

    checks.tick(ticket=ticket, item=item, is_done=False, by=cast.carla, at=AT)

    assert not CheckTick.objects.exists()
    assert HistoryEntry.objects.latest("pk").facts["done"] is False


def test_submitters_tick_nothing(cast):
    with pytest.raises(NotAllowed):
        checks.tick(
            ticket=make_ticket(by=cast.ada),
            item=CheckItem.objects.get(words="Quota"),
            is_done=True,
            by=cast.ada,
            at=AT,
        )
