"""Alarms for tests: an alarmer of juno, and what she raises."""

import uuid
from typing import Any

from juno_support.accounts.models import User
from tests.cast import Cast
from tests.make import AT, join_vo, make_user
from tickets.actions.alarm import submit_alarm_ticket
from tickets.models import Ticket, WallClock


def make_alarmer(cast: Cast, username: str = "zoya", **roles: bool) -> User:
    """Make an alarmer of juno."""
    person = make_user(username=username)
    join_vo(vo=cast.juno, user=person, is_alarmer=True, **roles)
    return person


def raise_alarm(cast: Cast, by: User, **fields: Any) -> Ticket:
    """Raise an alarm about IN2P3-CC."""
    fields.setdefault("vo", cast.juno)
    fields.setdefault("notified_site", cast.in2p3)
    fields.setdefault("subject", "Raw data cannot be written")
    fields.setdefault("description", "Since 01:40 UTC every transfer ends with a time-out.")
    return submit_alarm_ticket(
        draft_id=fields.pop("draft_id", uuid.uuid4()), by=by, at=fields.pop("at", AT), **fields
    )


def clock_of(ticket: Ticket) -> WallClock:
    """Return the newest run of the ticket's clock."""
    return WallClock.objects.filter(ticket=ticket).latest("starts_at")
