"""Make rules and routed tickets for tests."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from juno_support.accounts.models import User
from supportunits.models import SupportUnit
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets.actions import assign
from tickets.models import Ticket
from tickets.routing.models import RoutingRule
from tickets.routing.save_rule import next_position, save_rule


def make_rule(*, unit: SupportUnit, by: User, at: datetime = AT, **fields: Any) -> RoutingRule:
    """Write a rule, behind those that there are."""
    fields.setdefault("name", f"Rule {uuid.uuid4().hex[:6]}")
    fields.setdefault("position", next_position())
    fields.setdefault("words", [])
    return save_rule(rule=None, key=uuid.uuid4(), unit=unit, by=by, at=at, **fields)


def route_ticket(
    *, by: User, unit: SupportUnit, at: datetime = AT - timedelta(days=10), **fields: Any
) -> Ticket:
    """File a ticket and give it to a unit as TPM would; it settled there long ago."""
    ticket = make_ticket(by=by, at=at, **fields)
    return assign.assign_to_unit(ticket=ticket, unit=unit, by=None, at=at + timedelta(hours=1))
