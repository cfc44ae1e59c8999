"""Who may do what with a ticket. The one place that pages, API, mail, search and counts ask.

Every question about tickets starts from :func:`visible_tickets`; a single ticket is loaded and
checked in one call by :func:`find_ticket`.
"""

import logging
from enum import IntEnum
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from supportunits import policies as units
from supportunits.models import VO
from tickets.models import Ticket, TicketType, WallClock
from tickets.workflow import FINAL, Who

logger = logging.getLogger(__name__)


class Reading(IntEnum):
    """How much of a ticket somebody may read.

    OUTLINE is site, type, status and age; PUBLIC adds subject, description and public diary; ALL
    adds the internal diary and addresses.
    """

    NOTHING = 0
    OUTLINE = 1
    PUBLIC = 2
    ALL = 3


def reads(ticket: Ticket, user: Any) -> Reading:
    """Return how much of the ticket the user may read (domain: section 1).

    Restricted tickets (type Security) are for CSIRT, admins and their submitter; TPM sees that
    they exist.
    """
    if not user.is_authenticated or not user.is_active:
        return Reading.NOTHING
    if ticket.is_restricted:
        if units.is_csirt(user) or units.is_admin(user):
            return Reading.ALL
        if ticket.submitter_id == user.pk:
            return Reading.PUBLIC
        return Reading.OUTLINE if units.is_tpm_operator(user) else Reading.NOTHING
    if reads_everything(user):
        return Reading.ALL
    if ticket.submitter_id == user.pk:
        return Reading.PUBLIC
    if ticket.vo_id is not None and ticket.vo_id in units.vos_of(user):
        return Reading.PUBLIC
    return Reading.OUTLINE


def reads_everything(user: Any) -> bool:
    """Return whether the user reads both sides of every ticket that is not restricted."""
    return units.is_supporter(user) or units.is_tpm_operator(user) or units.is_admin(user)


def visible_to(user: Any) -> Q:
    """Return the condition on tickets that says: the user reads at least their public side."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if units.is_csirt(user) or units.is_admin(user):
        # Always true; an empty Q would vanish from conditions that are put together.
        return ~Q(pk__in=[])
    if reads_everything(user):
        return Q(is_restricted=False) | Q(submitter=user)
    vos = units.vos_of(user)
    if not vos:
        return Q(submitter=user)
    return Q(submitter=user) | Q(vo__in=vos, is_restricted=False)


def visible_tickets(user: Any) -> QuerySet[Ticket]:
    """Return the tickets whose public side, at least, the user may read."""
    return Ticket.objects.filter(visible_to(user))


def outlined_tickets(user: Any) -> QuerySet[Ticket]:
    """Return the tickets of which the user may know at least site, type, status and age."""
    if not user.is_authenticated or not user.is_active:
        return Ticket.objects.none()
    return Ticket.objects.filter(Q(is_restricted=False) | visible_to(user))


def find_outline(user: Any, number: int) -> Ticket:
    """Return a ticket of which the user may know at least the outline.

    :raises Http404: where not even that may be known
    """
    ticket = Ticket.objects.filter(pk=number).first()
    if ticket is None or reads(ticket, user) < Reading.OUTLINE:
        raise Http404
    return ticket


def find_ticket(user: Any, number: int) -> Ticket:
    """Return a ticket that the user may read, with what its page shows of other rows.

    :raises Http404: also where it exists and may not be read, so that nothing is given away
    """
    # Not more: planning takes twice as long with each further table, and most tickets have no
    # notified site and no next step.
    named = Ticket.objects.select_related("submitter", "vo", "unit", "issue_type")
    # Not first(): that orders and cuts what has one row at most, and takes its time for it.
    ticket = next(iter(named.filter(pk=number)), None)
    if ticket is None or reads(ticket, user) < Reading.PUBLIC:
        raise Http404
    note_reading(ticket, user)
    return ticket


def note_reading(ticket: Ticket, user: Any) -> None:
    """Write into the log that somebody reads a restricted ticket only as an admin (section 1)."""
    if (
        ticket.is_restricted
        and units.is_admin(user)
        and not units.is_csirt(user)
        and ticket.submitter_id != user.pk
    ):
        logger.warning("admin %s reads restricted ticket %s", user.pk, ticket.pk)


def is_owner(ticket: Ticket, user: Any) -> bool:
    """Return whether the ticket is the user's: the submitter's; of a TEAM ticket any shifter's of
    its VO; of an ALARM ticket any alarmer's of its VO.
    """
    return ticket.submitter_id == user.pk or _shares(ticket, user)


def _shares(ticket: Ticket, user: Any) -> bool:
    """Return whether the ticket is the user's by a role in its VO: TEAM ones are every shifter's,
    ALARM ones every alarmer's.
    """
    if ticket.is_restricted or ticket.vo is None:
        return False
    if ticket.type == TicketType.TEAM:
        return units.is_shifter_of(user, ticket.vo)
    return ticket.type == TicketType.ALARM and units.is_alarmer_of(user, ticket.vo)


def keeps_notified_site(ticket: Ticket) -> bool:
    """Return whether the notified site is fixed: of TEAM and ALARM tickets (domain: section 2)."""
    return ticket.type in (TicketType.TEAM, TicketType.ALARM)


def may_convert(ticket: Ticket, user: Any) -> bool:
    """Return whether the user may make an ALARM ticket of this TEAM ticket: alarmers of its VO."""
    return (
        ticket.type == TicketType.TEAM
        and ticket.vo is not None
        and units.is_alarmer_of(user, ticket.vo)
    )


def may_confirm_receipt(ticket: Ticket, user: Any, *, run: WallClock | None) -> bool:
    """Return whether the user may say that the alarm has reached a person: supporters, but not who
    raised it (domain: section 7).

    :param run: the run of the clock that waits for a receipt, if one does
    """
    return (
        ticket.type == TicketType.ALARM
        and not (run and run.is_raised_by(user.pk))
        and may_change(ticket, user)
    )


def roles_in(ticket: Ticket, user: Any) -> frozenset[Who]:
    """Return what the user is to the ticket, in the workflow's terms."""
    if user is None:
        return frozenset({Who.SYSTEM})
    roles = set()
    if is_owner(ticket, user):
        roles.add(Who.OWNER)
    if may_change(ticket, user):
        roles.add(Who.SUPPORTER)
    return frozenset(roles)


def may_change(ticket: Ticket, user: Any) -> bool:
    """Return whether the user works on the ticket as a supporter."""
    if ticket.is_restricted:
        return units.is_csirt(user)
    return units.is_supporter(user) or units.is_tpm_operator(user)


def may_edit(ticket: Ticket, user: Any) -> bool:
    """Return whether the user changes what the ticket says: supporters; on TEAM tickets also every
    shifter of the VO, on ALARM tickets every alarmer (domain: section 1).

    Not who only filed it: a shifter whose role ended, or whose TEAM ticket was made an alarm. What
    the units decide among themselves (unit, people, category, ETA) is for supporters alone.
    """
    return may_change(ticket, user) or _shares(ticket, user)


def may_add_copies(ticket: Ticket, user: Any) -> bool:
    """Return whether the user adds CC addresses: who edits; on a final ticket supporters alone."""
    return may_change(ticket, user) or (ticket.status not in FINAL and may_edit(ticket, user))


def works_in_its_unit(ticket: Ticket, user: Any) -> bool:
    """Return whether the user is of the ticket's support unit, and did not file the ticket."""
    return (
        ticket.submitter_id != user.pk
        and ticket.unit_id in units.units_of(user)
        and may_change(ticket, user)
    )


def speaks_for_support(ticket: Ticket, user: Any) -> bool:
    """Return whether the user's words on the ticket are support's, not of the side that asked.

    An alarmer or shifter of the VO may be a supporter too, or on shift; only who is of the ticket's
    unit then speaks for it.
    """
    if is_owner(ticket, user):
        return works_in_its_unit(ticket, user)
    return may_change(ticket, user)


def may_read_internal(ticket: Ticket, user: Any) -> bool:
    """Return whether the user reads the internal diary."""
    return reads(ticket, user) == Reading.ALL


def may_comment(ticket: Ticket, user: Any) -> bool:
    """Return whether the user may write into the public diary: the owner and supporters."""
    return is_owner(ticket, user) or may_change(ticket, user)


def may_say_me_too(ticket: Ticket, user: Any) -> bool:
    """Return whether the user may say *me too*: a reader of an open ticket of somebody else."""
    return (
        reads(ticket, user) >= Reading.PUBLIC
        and not is_owner(ticket, user)
        and ticket.status not in FINAL
    )


def may_redact(ticket: Ticket, user: Any) -> bool:
    """Return whether the user may take out what must not stay: supporters and admins."""
    return may_change(ticket, user) or units.is_admin(user)


def may_see_addresses(user: Any) -> bool:
    """Return whether the user sees other people's e-mail addresses and DNs."""
    return reads_everything(user) or units.is_csirt(user)


def may_look_up_jobs(user: Any) -> bool:
    """Return whether the user looks DIRAC jobs up: supporters, TPM operators, shifters of a VO."""
    return units.is_supporter(user) or units.is_tpm_operator(user) or units.is_shifter(user)


def vos_of_jobs(user: Any) -> frozenset[str] | None:
    """Return the names of the VOs whose jobs the user may look up; None for all."""
    if units.is_supporter(user) or units.is_tpm_operator(user):
        return None
    shifts = units.shifter_of(user)
    return frozenset(VO.objects.filter(pk__in=shifts).values_list("name", flat=True))


def may_see_jobs_of(user: Any, vo: str) -> bool:
    """Return whether the user may look up jobs of the VO of that name."""
    names = vos_of_jobs(user) if may_look_up_jobs(user) else frozenset()
    return names is None or vo in names


def sees_jobs(ticket: Ticket, user: Any) -> bool:
    """Return whether the user sees the jobs that are kept with the ticket: whoever reads its
    internal side, and the shifters of its VO.
    """
    reading = reads(ticket, user)
    if reading == Reading.ALL:
        return True
    return (
        reading == Reading.PUBLIC
        and not ticket.is_restricted
        and ticket.vo_id is not None
        and ticket.vo_id in units.shifter_of(user)
    )


def may_keep_jobs(ticket: Ticket, user: Any) -> bool:
    """Return whether the user keeps jobs with the ticket: of those who see them, who looks up."""
    if ticket.is_restricted:
        return may_change(ticket, user)
    return sees_jobs(ticket, user) and may_look_up_jobs(user)


def sees_queue(user: Any) -> bool:
    """Return whether the queue is a place for this user: whoever helps."""
    return reads_everything(user) or units.is_csirt(user)


def may_discard(ticket: Ticket, user: Any) -> bool:
    """Return whether the user discards the ticket as spam, or recovers it: TPM operators."""
    return units.is_tpm_operator(user) and not ticket.is_restricted


def may_escalate(ticket: Ticket, user: Any) -> bool:
    """Return whether the user takes the next step of the escalation: the owner; at the desk, TPM
    operators too.
    """
    return is_owner(ticket, user) or (units.is_tpm_operator(user) and not ticket.is_restricted)


def may_write_ready_texts(user: Any) -> bool:
    """Return whether the user writes ready texts: TPM operators and admins."""
    return units.is_tpm_operator(user) or units.is_admin(user)


def sees_desk(user: Any) -> bool:
    """Return whether the TPM desk is a place for this user."""
    return units.is_tpm_operator(user)


def sees_desk_settings(user: Any) -> bool:
    """Return whether the user sees how the desk is set up: TPM operators and admins."""
    return units.is_tpm_operator(user) or units.is_admin(user)


def writes_rules(user: Any) -> bool:
    """Return whether the user writes the rules of routing: admins."""
    return units.is_admin(user)


def sees_rules(user: Any) -> bool:
    """Return whether the user reads the rules, and how often suggestions were right."""
    return units.is_tpm_operator(user) or units.is_admin(user)
