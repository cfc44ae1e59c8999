"""Route a new ticket by a rule, without a person: once, and only what nobody sent directly."""

import logging
from datetime import datetime

from django.db import transaction

from juno_support.errors import SupportError
from juno_support.lib import clock
from supportunits import queries as unit_queries
from supportunits.models import UnitKind
from tickets.actions import assign
from tickets.actions.row import locked
from tickets.models import Category, Dispatch, Kind, Ticket, TicketType
from tickets.routing.matching import fits, terms_of
from tickets.routing.models import AutomaticRouting, RoutingRule
from tickets.routing.queries import rules_in_use
from tickets.routing.seen import see
from tickets.workflow import Status

logger = logging.getLogger(__name__)


def handle(dispatch: Dispatch) -> None:
    """Act on the filing of a ticket: whatever the dispatch row is repeated, it is routed once."""
    if dispatch.entry.kind == Kind.SUBMITTED:
        route_by_rules(ticket=dispatch.entry.ticket, at=clock.now())


@transaction.atomic
def route_by_rules(*, ticket: Ticket, at: datetime) -> RoutingRule | None:
    """Give the ticket to the unit of the first automatic rule that fits; return the rule.

    Left alone are tickets of another type than USER, of type Security, spam, and those that
    somebody or a rule has routed already: a person's choice is never turned over.
    """
    rules = list(rules_in_use().filter(is_automatic=True))
    if not rules:
        return None
    ticket = locked(ticket)
    if not _is_untouched(ticket):
        return None
    asks_for_services = any(rule.service_type for rule in rules)
    seen = see([ticket], with_names=False, with_services=asks_for_services)[0]
    for rule in rules:
        if fits(terms_of(rule), seen) and not unit_queries.why_unreachable(rule.unit):
            return _route(ticket, rule, at)
    return None


def _is_untouched(ticket: Ticket) -> bool:
    return (
        ticket.type == TicketType.USER
        and not ticket.is_restricted
        and ticket.category != Category.SPAM
        and ticket.status == Status.NEW
        and ticket.unit.kind == UnitKind.TPM
        and not ticket.unit_changes
        and not ticket.history.filter(kind=Kind.ASSIGNED_TO_UNIT).exists()
        and not AutomaticRouting.objects.filter(ticket=ticket).exists()
    )


def _route(ticket: Ticket, rule: RoutingRule, at: datetime) -> RoutingRule | None:
    try:
        with transaction.atomic():
            routed = assign.assign_to_unit(
                ticket=ticket, unit=rule.unit, by=None, at=at, rule=rule.pk
            )
    except SupportError as error:
        # TPM has it: better late than lost.
        logger.warning("rule %s did not route ticket %s: %s", rule.pk, ticket.pk, error)
        return None
    AutomaticRouting.objects.create(
        ticket=routed, rule=rule, unit=rule.unit, entry_id=routed.last_entry_id, routed_at=at
    )
    return rule
