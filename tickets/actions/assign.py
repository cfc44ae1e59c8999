"""Give a ticket to a support unit or to people, or back to TPM."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import SupportUnit, UnitKind
from tickets import history, policies
from tickets.actions import passing
from tickets.actions.row import NotAllowed, locked, refuse_stale, store
from tickets.models import BounceReason, Kind, Ticket, TicketPerson
from tickets.workflow import Status, Who, find_step

UNIT_FIELDS = (
    "unit",
    "status",
    "assigned_at",
    "unit_changes",
    "waiting_since",
    "hold_until",
    "escalation_level",
    "next_escalation_after",
)


class UnitNotRoutable(SupportError):
    """The unit cannot receive tickets."""


class AlreadyThere(SupportError):
    """The ticket is with that unit, or the person has that part, already."""


class ReasonMissing(SupportError):
    """A re-assignment needs a reason."""


@transaction.atomic
def assign_to_unit(
    *,
    ticket: Ticket,
    unit: SupportUnit,
    by: User | None,
    at: datetime,
    reason: str = "",
    bounce: BounceReason | None = None,
    seen: int | None = None,
    rule: int | None = None,
) -> Ticket:
    """Give the ticket to a support unit.

    A ticket that already was somebody's needs a reason; each change after the first unit counts
    as a bounce. The persons assigned in the previous unit are released.

    :param bounce: why a unit gives it back to TPM
    :param rule: the key of the routing rule that does it
    :raises StepNotAllowed: if the workflow or the person's role forbids it
    :raises UnitNotRoutable: if the unit is closed or has no contact, or its site left
    :raises AlreadyThere: if the ticket is with that unit already
    :raises ReasonMissing: if a reason is needed
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.ASSIGNED_TO_UNIT, Kind.STATUS_CHANGED), by=by)
    step = find_step("assign", status=ticket.status, roles=policies.roles_in(ticket, by))
    if unreachable := unit_queries.why_unreachable(unit):
        raise UnitNotRoutable(
            unreachable,
            _("Choose another unit.")
            if unit.is_routable
            else _("Choose another unit, or give this one a contact first."),
        )
    if ticket.is_restricted != (unit.kind == UnitKind.SECURITY):
        raise UnitNotRoutable(
            _("Security tickets stay with the security unit, and only they go there."),
            _("A ticket becomes one only by being filed with a type of issue for security."),
        )
    if unit.pk == ticket.unit_id:
        raise AlreadyThere(_("The ticket is with %(unit)s already.") % {"unit": unit.name})
    if ticket.status != Status.NEW and not reason.strip():
        raise ReasonMissing(
            _("Say why the ticket goes to another unit."),
            _("One line is enough; both units read it."),
        )

    TicketPerson.objects.filter(ticket=ticket, part=TicketPerson.Part.ASSIGNED).delete()
    was_new = ticket.status == Status.NEW
    old_unit, old_status = ticket.unit_id, ticket.status
    ticket.unit = unit
    ticket.status = step.to
    ticket.assigned_at = at
    ticket.waiting_since = None
    ticket.hold_until = None
    if not was_new:
        ticket.unit_changes += 1
    if old_status == Status.ON_HOLD:
        passing.let_loose(ticket, by=by, at=at)
    history.turn_interval(ticket, at)
    facts: dict[str, Any] = {"bounce": bounce.value} if bounce else {}
    if rule is not None:
        facts["rule"] = rule
    history.record(
        ticket=ticket,
        kind=Kind.ASSIGNED_TO_UNIT,
        by=by,
        at=at,
        is_public=True,
        unit=[old_unit, unit.pk],
        status=[old_status, ticket.status],
        words=reason,
        **facts,
    )
    return store(ticket, *UNIT_FIELDS)


def return_to_tpm(
    *,
    ticket: Ticket,
    reason: str,
    by: User,
    at: datetime,
    why: BounceReason | None = None,
    seen: int | None = None,
) -> Ticket:
    """Give the ticket back to TPM, with a reason. Raises as :func:`assign_to_unit`.

    :param why: a reason of the short list; words are then needed only for *another reason*
    """
    if why is not None and why != BounceReason.OTHER and not reason.strip():
        reason = str(why.label)
    return assign_to_unit(
        ticket=ticket,
        unit=unit_queries.tpm_unit(),
        reason=reason,
        by=by,
        at=at,
        bounce=why,
        seen=seen,
    )


def assign_person(*, ticket: Ticket, person: User, by: User, at: datetime) -> Ticket:
    """Make a supporter the one who works on the ticket. Raises as :func:`involve`."""
    return _add_person(ticket, person, TicketPerson.Part.ASSIGNED, by, at)


def involve(*, ticket: Ticket, person: User, by: User, at: datetime) -> Ticket:
    """Involve another supporter: reads everything, is told of everything.

    :raises NotAllowed: if ``by`` may not, or the person is no supporter (then CC is the way)
    :raises AlreadyThere: if the person is involved already
    """
    return _add_person(ticket, person, TicketPerson.Part.INVOLVED, by, at)


@transaction.atomic
def remove_person(
    *, ticket: Ticket, person: User, part: TicketPerson.Part, by: User, at: datetime
) -> Ticket:
    """Release a person from the ticket.

    :raises NotAllowed: if ``by`` may not
    """
    ticket = locked(ticket)
    _check_supporter(ticket, by)
    gone, _rows = TicketPerson.objects.filter(ticket=ticket, user=person, part=part).delete()
    if gone:
        history.record(
            ticket=ticket,
            kind=Kind.PERSON_REMOVED,
            by=by,
            at=at,
            is_public=False,
            consumers=(),
            person=person.pk,
            part=part,
        )
        store(ticket)
    return ticket


@transaction.atomic
def _add_person(
    ticket: Ticket, person: User, part: TicketPerson.Part, by: User, at: datetime
) -> Ticket:
    ticket = locked(ticket)
    _check_supporter(ticket, by)
    helps = (
        unit_policies.is_csirt(person)
        if ticket.is_restricted
        else unit_policies.is_supporter(person) or unit_policies.is_tpm_operator(person)
    )
    if not helps:
        raise NotAllowed(
            _("%(person)s is no supporter.") % {"person": person},
            _("Add the address as CC, or ask for a membership of a support unit."),
        )
    _row, is_new = TicketPerson.objects.get_or_create(ticket=ticket, user=person, part=part)
    if not is_new:
        raise AlreadyThere(_("%(person)s is there already.") % {"person": person})
    history.record(
        ticket=ticket,
        kind=Kind.PERSON_ADDED,
        by=by,
        at=at,
        is_public=False,
        person=person.pk,
        part=part,
    )
    return store(ticket)


def _check_supporter(ticket: Ticket, by: User) -> None:
    if Who.SUPPORTER not in policies.roles_in(ticket, by):
        raise NotAllowed(_("Only supporters change who works on a ticket."))
