"""Hang a ticket on another, and take it loose: duplicates, parents and their children."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from tickets import history, policies
from tickets.actions import passing
from tickets.actions.hanging import (
    HOLD_FIELDS,
    CannotRelate,
    check_may_wait,
    check_pair,
    check_reads,
    end,
    hold,
    in_force,
    last_answer,
    locked_pair,
    make_follower,
    relate,
    wake,
)
from tickets.actions.row import NotAllowed, locked, refuse_stale, store
from tickets.models import Kind, Passing, RelationKind, Ticket
from tickets.workflow import ANSWERED, OPEN, ResolutionCode


@transaction.atomic
def mark_duplicate(
    *,
    ticket: Ticket,
    master: Ticket,
    by: User,
    at: datetime,
    seen: int | None = None,
) -> Ticket:
    """Say that the ticket is a duplicate of another, its master (domain: section 5).

    It waits on hold; what supporters say in public on the master, and the master's solution, pass
    on to it. Where the named master is a duplicate itself, its own master is meant. Where the
    master is solved already, its solution passes on at once.

    To be undone at the desk, call it through ``undo.with_undo`` with ``among=[master]``.

    :raises NotAllowed: for others than supporters
    :raises CannotRelate: to itself or to one of its own duplicates, of a Security ticket, to a
        final one, where it follows another already
    :raises StepNotAllowed: if the ticket is not open
    """
    passing.alone()
    top = _top(master)
    if top.pk == ticket.pk != master.pk:
        raise CannotRelate(
            _("#%(number)s is a duplicate of this ticket.") % {"number": master.pk},
            _("Take that one loose first."),
        )
    ticket, master = locked_pair(ticket, top)
    refuse_stale(ticket, seen=seen, kinds=(Kind.STATUS_CHANGED, Kind.RELATED), by=by)
    if not policies.may_change(ticket, by):
        raise NotAllowed(_("Only supporters mark duplicates."))
    check_reads(master, by)
    if master.resolution_code == ResolutionCode.WITHDRAWN:
        raise CannotRelate(
            _("#%(number)s was withdrawn: there is no answer to pass on.") % {"number": master.pk},
            _("Name an open ticket."),
        )
    make_follower(ticket, master, RelationKind.DUPLICATE, by=by, at=at)
    if master.status in ANSWERED:
        _pass_answer(master, ticket, at)
    return ticket


@transaction.atomic
def unmark(*, ticket: Ticket, by: User, at: datetime, seen: int | None = None) -> Ticket:
    """Take a duplicate loose: it is worked on by itself again.

    :raises NotAllowed: for others than supporters and the submitter
    :raises CannotRelate: if it is no duplicate
    """
    return take_loose(ticket=ticket, kind=RelationKind.DUPLICATE, by=by, at=at, seen=seen)


@transaction.atomic
def take_loose(
    *, ticket: Ticket, kind: RelationKind, by: User, at: datetime, seen: int | None = None
) -> Ticket:
    """End that the ticket follows another as its duplicate, or in an incident.

    Raises as :func:`unmark`.
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.RELATION_ENDED,), by=by)
    if not (policies.may_change(ticket, by) or policies.is_owner(ticket, by)):
        raise NotAllowed(_("Only the submitter and supporters take a ticket loose."))
    relation = in_force(ticket, kind)
    if relation is None:
        raise CannotRelate(
            _("This ticket is no duplicate.")
            if kind == RelationKind.DUPLICATE
            else _("This ticket is not part of an incident.")
        )
    end(ticket, relation, by=by, at=at)
    return store(ticket, *HOLD_FIELDS)


@transaction.atomic
def make_child(*, ticket: Ticket, parent: Ticket, by: User, at: datetime) -> Ticket:
    """Say that the ticket is a child of another: the parent waits for it (domain: section 5).

    :returns: the child
    :raises NotAllowed: for others than supporters
    :raises CannotRelate: to itself or in a circle, of a Security ticket, where the child has a
        parent already, or one of the two is final
    :raises StepNotAllowed: if the parent is not open
    """
    passing.alone()
    child, parent = locked_pair(ticket, parent)
    if not policies.may_change(child, by):
        raise NotAllowed(_("Only supporters make a ticket the child of another."))
    check_reads(parent, by)
    check_pair(child, parent)
    if in_force(child, RelationKind.CHILD) is not None:
        raise CannotRelate(_("This ticket has a parent already."), _("Take it loose first."))
    add_child(child, parent, by=by, at=at)
    return child


def add_child(child: Ticket, parent: Ticket, *, by: User, at: datetime) -> None:
    """Hang a child on its parent. The caller has locked both and looked whether it may be."""
    check_may_wait(parent)
    relate(child, parent, RelationKind.CHILD, by, at)
    if child.status in OPEN:
        hold(parent, by=by, at=at)
    for each, other, role in ((parent, child, "parent"), (child, parent, "child")):
        history.record(
            ticket=each,
            kind=Kind.RELATED,
            by=by,
            at=at,
            is_public=True,
            consumers=(),
            relation=RelationKind.CHILD,
            other=other.pk,
            role=role,
        )
        store(each, *HOLD_FIELDS)


@transaction.atomic
def free_child(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """End that the ticket is the child of another; the parent goes on if it was the last.

    :raises NotAllowed: for others than supporters
    :raises CannotRelate: if it is no child
    """
    if not policies.may_change(ticket, by):
        raise NotAllowed(_("Only supporters take a child loose."))
    relation = in_force(ticket, RelationKind.CHILD)
    if relation is None:
        raise CannotRelate(_("This ticket is no child of another."))
    child, parent = locked_pair(ticket, relation.other)
    relation = in_force(child, RelationKind.CHILD)
    if relation is None or relation.other_id != parent.pk:
        raise CannotRelate(_("This ticket is no child of another."))
    passing.end_relation(relation, child, by=by, at=at)
    history.record(
        ticket=parent,
        kind=Kind.RELATION_ENDED,
        by=by,
        at=at,
        is_public=True,
        consumers=(),
        relation=RelationKind.CHILD,
        other=child.pk,
        role="parent",
    )
    wake(parent, by=by, at=at, because=RelationKind.CHILD)
    store(parent, *HOLD_FIELDS)
    return store(child)


def _top(master: Ticket) -> Ticket:
    """Return the master of a master that is a duplicate itself."""
    relation = in_force(master, RelationKind.DUPLICATE)
    while relation is not None:
        master = relation.other
        relation = in_force(master, RelationKind.DUPLICATE)
    return master


def _pass_answer(master: Ticket, ticket: Ticket, at: datetime) -> None:
    answer = last_answer(master)
    if answer is None:
        return
    # Where it was passed on to this ticket before, as when it was loose meanwhile, once more.
    Passing.objects.update_or_create(
        entry=answer,
        ticket=ticket,
        defaults={"not_before": history.earliest(at), "done_at": None, "attempts": 0},
    )
    passing.hand_on(answer.pk, at)
