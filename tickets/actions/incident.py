"""The incident switch: one ticket is the incident, others join it, one answer answers all.

Joined tickets wait on hold and follow the incident as duplicates follow their master: what a
supporter says in public, and the solution, pass on to each (domain: section 5).
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from tickets import history, policies
from tickets.actions import passing, relations
from tickets.actions.hanging import (
    CannotRelate,
    check_may_wait,
    in_force,
    locked_pair,
    make_follower,
)
from tickets.actions.row import NotAllowed, locked, refuse_stale, store
from tickets.models import LED, Incident, Kind, RelationKind, Ticket


@transaction.atomic
def declare_incident(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Declare a ticket the incident that others can join. Twice is once.

    :raises NotAllowed: for others than supporters
    :raises CannotRelate: for a Security ticket, or one that follows another itself
    :raises StepNotAllowed: if the ticket is not open
    """
    passing.alone()
    ticket = locked(ticket)
    if not policies.may_change(ticket, by):
        raise NotAllowed(_("Only supporters declare an incident."))
    if ticket.is_restricted:
        raise CannotRelate(_("Security tickets stay by themselves."))
    check_may_wait(ticket)
    followed = in_force(ticket, *LED)
    if followed is not None:
        raise CannotRelate(
            _("This ticket follows #%(number)s.") % {"number": followed.other_id},
            _("Declare that one, or take this one loose first."),
        )
    incident, is_new = Incident.objects.get_or_create(
        ticket=ticket, defaults={"declared_by": by, "declared_at": at}
    )
    if not is_new and incident.ended_at is None:
        return ticket
    if not is_new:
        incident.declared_by, incident.declared_at, incident.ended_at = by, at, None
        incident.save(update_fields=["declared_by", "declared_at", "ended_at"])
    history.record(
        ticket=ticket, kind=Kind.INCIDENT_DECLARED, by=by, at=at, is_public=True, consumers=()
    )
    return store(ticket)


@transaction.atomic
def join_incident(
    *, ticket: Ticket, incident: Ticket, by: User, at: datetime, seen: int | None = None
) -> Ticket:
    """Join a ticket to the incident: it waits on hold, and is answered and solved with it.

    Its submitter may do that without being able to read the incident.

    :raises NotAllowed: for others than the submitter and supporters
    :raises CannotRelate: if the other is no running incident, the ticket follows another already,
        or it is a Security ticket
    :raises StepNotAllowed: if the ticket is not open
    """
    if not (policies.may_change(ticket, by) or policies.is_owner(ticket, by)):
        raise NotAllowed(_("Only the submitter and supporters join a ticket to an incident."))
    passing.alone()
    ticket, incident = locked_pair(ticket, incident)
    refuse_stale(ticket, seen=seen, kinds=(Kind.STATUS_CHANGED, Kind.RELATED), by=by)
    if not Incident.objects.filter(ticket=incident, ended_at=None).exists():
        raise CannotRelate(
            _("#%(number)s is no running incident.") % {"number": incident.pk},
            _("It may have ended meanwhile."),
        )
    make_follower(ticket, incident, RelationKind.JOINED, by=by, at=at)
    return ticket


def leave_incident(*, ticket: Ticket, by: User, at: datetime, seen: int | None = None) -> Ticket:
    """Take a joined ticket loose. Raises as ``relations.take_loose``."""
    return relations.take_loose(ticket=ticket, kind=RelationKind.JOINED, by=by, at=at, seen=seen)


@transaction.atomic
def end_incident(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """End an incident that was none, or is over without a solution: what joined goes on alone.

    Solving the ticket ends it, too; then all are solved with it.

    :raises NotAllowed: for others than supporters
    :raises CannotRelate: if the ticket is no running incident
    """
    ticket = locked(ticket)
    if not policies.may_change(ticket, by):
        raise NotAllowed(_("Only supporters end an incident."))
    ended = passing.end_incident(ticket, by=by, at=at)
    if ended is None:
        raise CannotRelate(_("This ticket is no running incident."))
    passing.pass_on(ended, at=at, to_followers=True)
    return store(ticket)
