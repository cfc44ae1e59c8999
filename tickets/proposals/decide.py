"""What people decide about a proposal: a ticket, later, not worth one. And who may."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import text
from supportunits import policies as units
from tickets import policies
from tickets.actions import diary, follow
from tickets.actions.row import NotAllowed
from tickets.models import Decision, Proposal, Ticket
from tickets.proposals import words

REASON_LENGTH = 250
LONGEST_SNOOZE = timedelta(days=7)


class ReasonMissing(SupportError):
    """A dismissal needs a reason."""


class NotOpen(SupportError):
    """The proposal has ended, or has a ticket already."""


def sees_proposals(user: Any) -> bool:
    """Return whether proposals are a matter for the person: shifters and TPM operators."""
    return units.is_shifter(user) or units.is_tpm_operator(user)


def visible_proposals(user: Any) -> QuerySet[Proposal]:
    """Return the proposals of the VOs on whose shift the person is; TPM operators see all."""
    if units.is_tpm_operator(user):
        return Proposal.objects.all()
    return Proposal.objects.filter(vo__in=units.shifter_of(user))


def find_proposal(user: Any, key: int) -> Proposal:
    """Return a proposal that the person may see, with its site and VO.

    :raises Http404: also where it exists and is for other VOs
    """
    found = visible_proposals(user).select_related("site", "vo", "ticket").filter(pk=key).first()
    if found is None:
        raise Http404
    return found


@transaction.atomic
def dismiss(*, proposal: Proposal, reason: str, by: User, at: datetime) -> Proposal:
    """Say that it is not worth a ticket. It comes back if more gets bad than was bad now.

    :raises ReasonMissing: without a reason
    :raises NotOpen: if it has ended, or has an open ticket
    :raises NotAllowed: if it is not the person's
    """
    reason = text.clean_line(reason)[:REASON_LENGTH]
    if not reason:
        raise ReasonMissing(_("Say why it is not worth a ticket; the next shift reads it."))
    proposal = _locked(proposal, by)
    return _decide(
        proposal,
        Decision.DISMISSED,
        by,
        at,
        reason=reason,
        dismissed_series=proposal.series,
    )


@transaction.atomic
def snooze(*, proposal: Proposal, until: datetime, by: User, at: datetime) -> Proposal:
    """Put it off until a moment, seven days at the most. Raises as :func:`dismiss`.

    :raises ReasonMissing: if the moment is not ahead
    """
    if not at < until <= at + LONGEST_SNOOZE:
        raise ReasonMissing(_("Say until when, seven days at the most."))
    return _decide(_locked(proposal, by), Decision.SNOOZED, by, at, snoozed_until=until)


@transaction.atomic
def bring_back(*, proposal: Proposal, by: User, at: datetime) -> Proposal:
    """Take a decision back: it is to be decided again. Raises as :func:`dismiss`."""
    return _decide(_locked(proposal, by), "", by, at)


@transaction.atomic
def link_filed(*, proposal: Proposal, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Link the ticket that was filed for a proposal; returns the ticket that it has now.

    Where somebody else was quicker, the first ticket stays, and the two refer to one another.

    :raises NotAllowed: if the proposal is not the person's
    """
    proposal = _row(proposal, by)
    before = proposal.ticket
    if before is not None and before.pk != ticket.pk and before.is_open:
        if policies.reads(before, by) >= policies.Reading.PUBLIC:
            follow.add_reference(ticket=ticket, other=before, by=by, at=at)
        return before
    _decide(proposal, Decision.TICKET, by, at, ticket=ticket)
    return ticket


@transaction.atomic
def add_to_ticket(
    *, proposal: Proposal, ticket: Ticket, submission_key: UUID, by: User, at: datetime
) -> Ticket:
    """Link an open ticket that is about the same: its owner writes the evidence into its public
    diary, another reader says *me too*.

    :raises NotOpen: if the proposal has ended or has an open ticket, or this ticket is not open
    :raises NotAllowed: if the person may do neither
    """
    proposal = _locked(proposal, by)
    if not ticket.is_open:
        raise NotOpen(
            _("#%(number)s is not open any more.") % {"number": ticket.pk},
            _("Reopen it, or file another ticket."),
        )
    if policies.may_comment(ticket, by):
        diary.add_entry(
            ticket=ticket,
            words=words.description(proposal),
            is_public=True,
            submission_key=submission_key,
            by=by,
            at=at,
        )
    else:
        follow.say_me_too(ticket=ticket, by=by, at=at)
    _decide(proposal, Decision.TICKET, by, at, ticket=ticket)
    return ticket


def _row(proposal: Proposal, by: User) -> Proposal:
    found = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("site", "vo", "ticket")
        .get(pk=proposal.pk)
    )
    if not visible_proposals(by).filter(pk=found.pk).exists():
        raise NotAllowed(_("Only shifters of the VO and TPM decide about this."))
    return found


def _locked(proposal: Proposal, by: User) -> Proposal:
    found = _row(proposal, by)
    if found.ended_at is not None:
        raise NotOpen(
            _("This is over: %(how)s.") % {"how": found.get_ending_display()},
            _("There is nothing to decide any more."),
        )
    if found.ticket is not None and found.ticket.is_open:
        raise NotOpen(
            _("There is a ticket already: #%(number)s.") % {"number": found.ticket.pk},
            _("Go on there."),
        )
    return found


def _decide(proposal: Proposal, decision: str, by: User, at: datetime, **fields: Any) -> Proposal:
    """Write a decision; what belongs to an earlier one is cleared."""
    plain: dict[str, Any] = {
        "reason": "",
        "snoozed_until": None,
        "dismissed_series": [],
    }
    values = plain | {"decision": decision, "decided_by": by, "decided_at": at} | fields
    for name, value in values.items():
        setattr(proposal, name, value)
    proposal.save(update_fields=list(values))
    return proposal
