"""Assign as TPM does: what was suggested is kept beside what was chosen.

A choice that was taken back within the undo window is known by the dispatches of its entry, which
were cancelled; it counts nowhere.
"""

from datetime import datetime

from django.db import transaction

from juno_support.accounts.models import User
from supportunits import policies as unit_policies
from supportunits.models import SupportUnit, UnitKind
from tickets.actions import assign
from tickets.models import Ticket
from tickets.routing.models import RoutingDecision
from tickets.routing.suggest import Suggestion, suggest_units


@transaction.atomic
def route(
    *,
    ticket: Ticket,
    unit: SupportUnit,
    by: User,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
) -> Ticket:
    """Give the ticket to a unit as :func:`assign.assign_to_unit` does, and raise what it raises.

    Of a TPM operator the suggestions and the choice are kept, so that the hit rate is a figure
    (domain: section 6). What goes back to TPM, and what is restricted, is no choice among them.
    """
    counts = (
        unit_policies.is_tpm_operator(by)
        and not ticket.is_restricted
        and unit.kind not in (UnitKind.TPM, UnitKind.SECURITY)
    )
    suggestions = suggest_units(ticket) if counts else []
    ticket = assign.assign_to_unit(
        ticket=ticket,
        unit=unit,
        by=by,
        at=at,
        reason=reason,
        seen=seen,
    )
    if counts:
        _keep(ticket, suggestions, unit, by, at)
    return ticket


def _keep(
    ticket: Ticket, suggestions: list[Suggestion], unit: SupportUnit, by: User, at: datetime
) -> None:
    chosen = next(
        ((rank, made) for rank, made in enumerate(suggestions, 1) if made.unit.pk == unit.pk), None
    )
    RoutingDecision.objects.create(
        ticket=ticket,
        entry_id=ticket.last_entry_id,
        suggestions=[
            {"unit": made.unit.pk, "origin": made.source}
            | ({"rule": made.rule_id} if made.rule_id else {})
            for made in suggestions
        ],
        unit=unit,
        rank=chosen[0] if chosen else None,
        origin=chosen[1].source if chosen else "",
        decided_by=by,
        decided_at=at,
    )
