"""Follow a ticket: subscribe, say me too, CC addresses, refer to other tickets."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from tickets import history, policies
from tickets.actions.row import NotAllowed, locked, store
from tickets.actions.submit import MOST_COPIES, names_too_many_copies
from tickets.models import CarbonCopy, CrossReference, Kind, MeToo, Subscription, Ticket


class CannotRefer(SupportError):
    """The two tickets cannot be connected."""


class NoAddress(SupportError):
    """There is no such e-mail address, or there are too many."""


@transaction.atomic
def subscribe(*, ticket: Ticket, by: User) -> None:
    """Follow the public side of the ticket by mail.

    :raises NotAllowed: if the person may not read it
    """
    if policies.reads(ticket, by) < policies.Reading.PUBLIC:
        raise NotAllowed(_("Only those who may read a ticket can follow it."))
    Subscription.objects.get_or_create(ticket=ticket, user=by)


@transaction.atomic
def unsubscribe(*, ticket: Ticket, by: User) -> None:
    """Follow the ticket no longer."""
    Subscription.objects.filter(ticket=ticket, user=by).delete()


@transaction.atomic
def say_me_too(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Say that one has the same problem, and follow the ticket from then on. Twice is once.

    :raises NotAllowed: for the submitter, for who may not read it, on a final ticket
    """
    ticket = locked(ticket)
    if not policies.may_say_me_too(ticket, by):
        raise NotAllowed(_("You cannot say “me too” on this ticket."))
    _row, is_new = MeToo.objects.get_or_create(ticket=ticket, user=by, defaults={"said_at": at})
    Subscription.objects.get_or_create(ticket=ticket, user=by)
    if is_new:
        history.record(ticket=ticket, kind=Kind.ME_TOO, by=by, at=at, is_public=True, consumers=())
        store(ticket)
    return ticket


@transaction.atomic
def add_carbon_copy(*, ticket: Ticket, address: str, by: User, at: datetime) -> Ticket:
    """Add an address that gets copies of the public side; it gives no right.

    :raises NotAllowed: for others than supporters and, until a TEAM ticket is final, shifters of
        its VO (the submitter sets CC when filing)
    :raises NoAddress: if it is no address, or there are too many on the ticket, or within a day of
        one who is no supporter
    """
    ticket = locked(ticket)
    _check_editor(ticket, by)
    if not policies.may_add_copies(ticket, by):
        raise NotAllowed(
            _("This ticket is %(status)s, which is final: only supporters add CC addresses.")
            % {"status": ticket.get_status_display()}
        )
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise NoAddress(_("“%(address)s” is no e-mail address.") % {"address": address}) from None
    if ticket.carbon_copies.count() >= MOST_COPIES:
        raise NoAddress(
            _("A ticket can have %(most)s CC addresses.") % {"most": MOST_COPIES},
            _("Use a mailing list."),
        )
    if not ticket.carbon_copies.filter(address__iexact=address).exists():
        if names_too_many_copies(by=by, number=1, at=at):
            raise NoAddress(
                _("You named as many CC addresses within a day as are taken."),
                _("Ask a supporter to add it, or try again tomorrow."),
            )
        copy = CarbonCopy.objects.create(ticket=ticket, address=address)
        history.record(
            ticket=ticket,
            kind=Kind.CC_ADDED,
            by=by,
            at=at,
            is_public=False,
            consumers=(),
            copy=copy.pk,
        )
        store(ticket)
    return ticket


@transaction.atomic
def remove_carbon_copy(*, ticket: Ticket, address: str, by: User, at: datetime) -> Ticket:
    """Take an address off the copies.

    :raises NotAllowed: for others than supporters and, on TEAM tickets, shifters of the VO
    """
    ticket = locked(ticket)
    _check_editor(ticket, by)
    gone, _rows = ticket.carbon_copies.filter(address__iexact=address.strip()).delete()
    if gone:
        history.record(
            ticket=ticket, kind=Kind.CC_REMOVED, by=by, at=at, is_public=False, consumers=()
        )
        store(ticket)
    return ticket


@transaction.atomic
def add_reference(*, ticket: Ticket, other: Ticket, by: User, at: datetime) -> Ticket:
    """Connect two tickets that the person may read; the back-link is there at once.

    :raises CannotRefer: to itself
    :raises NotAllowed: if the person may not read the other, or not write here
    """
    if ticket.pk == other.pk:
        raise CannotRefer(_("A ticket cannot refer to itself."))
    if policies.reads(other, by) < policies.Reading.PUBLIC:
        raise NotAllowed(_("There is no ticket with this number that you may read."))
    lower, upper = sorted([ticket, other], key=lambda each: each.pk)
    # Always in this order, so that two people connecting the same pair do not wait in a circle.
    lower, upper = locked(lower), locked(upper)
    here = lower if lower.pk == ticket.pk else upper
    if not policies.may_comment(here, by):
        raise NotAllowed(_("Only the submitter and supporters connect this ticket with others."))
    _row, is_new = CrossReference.objects.get_or_create(lower=lower, upper=upper)
    if is_new:
        for each, its_other in ((lower, upper), (upper, lower)):
            if its_other.is_restricted and not each.is_restricted:
                # Who reads this ticket must not learn from it that the other exists.
                continue
            history.record(
                ticket=each,
                kind=Kind.REFERENCE_ADDED,
                by=by,
                at=at,
                is_public=True,
                consumers=(),
                other=its_other.pk,
            )
            store(each)
    return here


_SEE = """
    WITH before AS (
        SELECT entry_id FROM tickets_lastseen WHERE ticket_id = %(ticket)s AND user_id = %(user)s
    )
    INSERT INTO tickets_lastseen (ticket_id, user_id, entry_id)
    VALUES (%(ticket)s, %(user)s, %(entry)s)
    ON CONFLICT (user_id, ticket_id) DO UPDATE SET entry_id = excluded.entry_id
        WHERE tickets_lastseen.entry_id < excluded.entry_id
    RETURNING (SELECT entry_id FROM before)
"""


def mark_seen(*, ticket: Ticket, by: User) -> int | None:
    """Remember up to which history entry the person has seen the ticket. One statement.

    :returns: the last entry that was seen before, where there is something new since; else None
    """
    # A mark that a power cut takes back is no loss: the page need not wait for the disk. The
    # setting travels with the statement and ends with it, unless others are in the transaction.
    see = _SEE if connection.in_atomic_block else f"SET LOCAL synchronous_commit = off; {_SEE}"
    with connection.cursor() as cursor:
        cursor.execute(see, {"ticket": ticket.pk, "user": by.pk, "entry": ticket.last_entry_id})
        row = cursor.fetchone()
    return row[0] if row else None


def _check_editor(ticket: Ticket, by: User) -> None:
    if not policies.may_edit(ticket, by):
        raise NotAllowed(
            _("Only supporters change the CC; of a TEAM ticket, the shifters of its VO as well.")
        )
