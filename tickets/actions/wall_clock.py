"""The wall clock of ALARM tickets: start it, climb, stop it with a receipt (domain: section 7).

The clock is a row with the moment of its next call. A sweep by the clock asks for what is due, and
makes each call while it holds the ticket's row: the history entry of the call and the next deadline
are one transaction, so that two workers, or one that died half-way, make each call exactly once.
What a call sends is the business of a consumer (``tickets.mail.alarm``).
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from juno_support.outbox import actions as outbox
from tickets import history, policies
from tickets.actions.row import NotAllowed, apart, locked, store
from tickets.models import (
    CALL_AFTER,
    RECEIPT_WITHIN,
    AlarmDrill,
    Call,
    Consumer,
    Kind,
    ReceiptHow,
    Ticket,
    WallClock,
)
from tickets.workflow import OPEN

AT_ONCE = 200


class ReceiptNotPossible(SupportError):
    """There is nothing to confirm: the ticket raised no alarm, or its clock has stopped."""


def start(
    ticket: Ticket,
    *,
    by: User | None,
    at: datetime,
    drill: AlarmDrill | None = None,
    again: WallClock | None = None,
) -> WallClock:
    """Start the clock of an ALARM ticket and make the first call.

    Inside the transaction of whoever filed, converted or reopened it; the caller stores the ticket.
    A run that nobody confirmed ends here.

    :param again: the run that goes on with this one; whoever raised that one raised this
    """
    stop(ticket, at=at)
    clock = WallClock(
        ticket=ticket,
        drill=again.drill if again else drill,
        raised_by=again.raised_by if again else by,
        starts_at=at,
        due_at=at + RECEIPT_WITHIN,
        next_call=Call.PHONE,
        next_call_at=at + CALL_AFTER[Call.PHONE],
    )
    clock.save(force_insert=True)
    _record_call(ticket, clock, Call.AT_ONCE, by=by, at=at)
    return clock


def stop(ticket: Ticket, *, at: datetime) -> None:
    """End the run of the clock, if one is going on: nobody is called any more, nor rung by a call
    that waits already.

    Inside the transaction of whoever ended the ticket.
    """
    # Locked: a call is written before this, and found here, or not written at all.
    clock = (
        WallClock.objects.select_for_update()
        .filter(ticket=ticket, received_at=None, ended_at=None)
        .first()
    )
    if clock is None:
        return
    clock.ended_at, clock.next_call, clock.next_call_at = at, None, None
    clock.save(update_fields=["ended_at", "next_call", "next_call_at"])
    outbox.withdraw_calls(key_prefix=clock.key_prefix)


@transaction.atomic
def confirm_receipt(*, ticket: Ticket, by: User, at: datetime) -> WallClock:
    """Confirm the receipt by the button on the ticket.

    :raises NotAllowed: to whoever raised it, and to people who do not work on tickets
    :raises ReceiptNotPossible: where nobody waits for a receipt any more
    """
    ticket = locked(ticket)
    if not policies.may_confirm_receipt(ticket, by, run=_running_or_none(ticket)):
        raise NotAllowed(
            _("Supporters confirm the receipt of an alarm, not who raised it."),
            _("The mail to the emergency address holds a link for the centre itself."),
        )
    clock = _running(ticket)
    return _receive(ticket, clock, by=by, how=ReceiptHow.BUTTON, at=at)


@transaction.atomic
def confirm_by_link(
    *,
    clock: WallClock,
    name: str,
    through: str,
    by: User | None,
    at: datetime,
    reader: int | None = None,
) -> WallClock:
    """Confirm the receipt as whoever holds the mail with the link.

    :param name: who it is, in the person's own words
    :param through: whose mail held the link, in words
    :param by: the account, where the person is signed in
    :param reader: the key of the account that the mail was written to, if it was a person's
    :raises ReceiptNotPossible: without a name, to whoever raised the alarm (who may be on call as
        well), by the link of an earlier run, or where nobody waits for a receipt any more
    """
    name = clean_line(name)[:150] or (by.name if by else "")
    if not name:
        raise ReceiptNotPossible(_("Say who you are."), _("A name or a role is enough."))
    ticket = locked(clock.ticket)
    running = _running(ticket)
    if running.is_raised_by(reader) or running.is_raised_by(by.pk if by else None):
        raise ReceiptNotPossible(
            _("You raised this alarm yourself."), _("Somebody else has to confirm it.")
        )
    if running.pk != clock.pk:
        raise ReceiptNotPossible(
            _("This link belongs to an earlier alarm of this ticket; it was raised again since."),
            _("Use the link in the newest mail."),
        )
    return _receive(ticket, running, by=by, how=ReceiptHow.LINK, at=at, name=name, through=through)


def is_running(ticket: Ticket) -> bool:
    """Return whether the ticket's alarm waits for a receipt."""
    return WallClock.objects.filter(ticket=ticket, received_at=None, ended_at=None).exists()


def after_step(ticket: Ticket, *, step: str, by: User | None, at: datetime) -> None:
    """Do what a step of the workflow means for the clock; the caller stores the ticket.

    A supporter who works on the ticket has received it; whoever raised the alarm has not, and what
    the asking side answers is no receipt. A reopened ticket raises the alarm again; what the owner
    or the system ended needs no receipt any more.
    """
    if step == "reopen":
        start(ticket, by=by, at=at)
        return
    running = _running_or_none(ticket)
    if running is None:
        return
    is_answer = step == "answered" and by is not None and policies.is_owner(ticket, by)
    if (
        by is not None
        and step in _WORK
        and not is_answer
        and policies.may_confirm_receipt(ticket, by, run=running)
    ):
        _receive(ticket, running, by=by, how=ReceiptHow.WORK, at=at)
    elif ticket.status not in OPEN:
        stop(ticket, at=at)


def after_answer(ticket: Ticket, *, by: User, at: datetime) -> None:
    """Take the public words of a supporter as the receipt; the caller holds the ticket's lock.

    Not those of the side that raised the alarm: an alarmer on shift is TPM operator as well.
    """
    if not policies.speaks_for_support(ticket, by):
        return
    running = _running_or_none(ticket)
    if running is not None and policies.may_confirm_receipt(ticket, by, run=running):
        _receive(ticket, running, by=by, how=ReceiptHow.WORK, at=at)


_WORK = frozenset({"take", "ask", "answered", "hold", "resume", "solve", "leave-unsolved"})


def climb(*, at: datetime) -> int:
    """Make every call that is due; returns how many. One indexed query where none is.

    Each ticket is a transaction of its own; a call that failed is due at the next sweep.
    """
    due = list(
        WallClock.objects.filter(next_call_at__lte=at)
        .order_by("next_call_at")
        .values_list("pk", "ticket_id")[:AT_ONCE]
    )
    made = 0
    for key, number in due:
        with apart(number):
            made += _climb_one(key, number, at)
    return made


def _climb_one(key: int, number: int, at: datetime) -> int:
    # The ticket's row first, as everybody who changes it does; whoever waits here sees what the
    # other worker has done.
    ticket = locked(Ticket(pk=number))
    clock = WallClock.objects.select_for_update().get(pk=key)
    made = 0
    while clock.next_call_at is not None and clock.next_call_at <= at:
        call = Call(clock.next_call or Call.PHONE)
        following = Call(call + 1) if call + 1 in CALL_AFTER else None
        clock.next_call = following
        clock.next_call_at = clock.starts_at + CALL_AFTER[following] if following else None
        _record_call(ticket, clock, call, by=None, at=at)
        made += 1
    if made:
        clock.save(update_fields=["next_call", "next_call_at"])
        store(ticket)
    return made


def _record_call(
    ticket: Ticket, clock: WallClock, call: Call, *, by: User | None, at: datetime
) -> None:
    history.record(
        ticket=ticket,
        kind=Kind.ALARM_CALLED,
        by=by,
        at=at,
        is_public=True,
        consumers=(Consumer.ALARM,),
        clock=clock.pk,
        call=int(call),
    )


def _running_or_none(ticket: Ticket) -> WallClock | None:
    return WallClock.objects.filter(ticket=ticket, received_at=None, ended_at=None).first()


def _running(ticket: Ticket) -> WallClock:
    """Return the run that waits for a receipt, its row locked."""
    clock = (
        WallClock.objects.select_for_update()
        .filter(ticket=ticket, received_at=None, ended_at=None)
        .first()
    )
    if clock is None:
        raise ReceiptNotPossible(
            _("Nobody waits for a receipt of this alarm any more."),
            _("What became of it stands on the ticket."),
        )
    return clock


def _receive(
    ticket: Ticket,
    clock: WallClock,
    *,
    by: User | None,
    how: ReceiptHow,
    at: datetime,
    name: str = "",
    through: str = "",
) -> WallClock:
    clock.next_call = clock.next_call_at = None
    clock.received_at, clock.received_by = at, by
    clock.received_name, clock.received_how = name, how
    clock.received_through = clean_line(through)[:200]
    clock.save(
        update_fields=[
            "next_call",
            "next_call_at",
            "received_at",
            "received_by",
            "received_name",
            "received_how",
            "received_through",
        ]
    )
    ticket.public_word_at = at
    history.record(
        ticket=ticket,
        kind=Kind.ALARM_RECEIVED,
        by=by,
        at=at,
        is_public=True,
        consumers=(Consumer.MAIL, Consumer.ALARM),
        words=name,
        clock=clock.pk,
        how=how,
        minutes=clock.minutes,
    )
    store(ticket, "public_word_at")
    return clock
