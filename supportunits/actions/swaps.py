"""Ask colleagues to take a shift, and answer."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from supportunits import policies, shift_notices
from supportunits.actions.rota import (
    check_shift,
    end_swaps,
    lock_shift,
    lock_type,
    refuse_no_shifter,
    refuse_over,
)
from supportunits.actions.trace import traced
from supportunits.models import Shift, ShiftSwap, SwapState


class SwapImpossible(SupportError):
    """A shift cannot be swapped in the way that was asked for."""


class SwapIsAnswered(SupportError):
    """Somebody answered, or the request was withdrawn."""


@traced
def ask_swap(
    *,
    shift: Shift,
    asked_of: User | None,
    in_exchange: Shift | None,
    message: str,
    by: User,
    at: datetime,
) -> ShiftSwap:
    """Ask a colleague (None: all shifters of the VO) to take one's shift, by mail and page.

    :param in_exchange: the colleague's shift that one would take instead; None: nothing
    :raises SwapImpossible: it is somebody else's shift, is offered already, or the shift in
        exchange is not the colleague's
    :raises ShiftIsOver, NotAShifter: the shift ended; the colleague takes no shifts of the VO
    """
    shift = lock_shift(shift)
    refuse_over(shift, at)
    if shift.person_id != by.pk:
        raise SwapImpossible(_("This is not your shift (any more)."))
    if ShiftSwap.objects.filter(shift=shift, state=SwapState.OPEN).exists():
        raise SwapImpossible(
            _("This shift is offered already."), _("Withdraw that request before you ask again.")
        )
    if asked_of is not None:
        if asked_of.pk == by.pk:
            raise SwapImpossible(_("You cannot ask yourself."), _("Choose a colleague."))
        refuse_no_shifter(shift.type.vo, asked_of)
    if in_exchange is not None:
        if asked_of is None or in_exchange.person_id != asked_of.pk:
            raise SwapImpossible(
                _("The shift in exchange is not a shift of the one you ask."),
                _("Choose one of the colleague's shifts, or none."),
            )
        refuse_over(in_exchange, at)
    swap = ShiftSwap.objects.create(
        shift=shift,
        asked_by=by,
        asked_of=asked_of,
        in_exchange=in_exchange,
        message=clean_line(message)[:500],
        asked_at=at,
    )
    shift_notices.tell_of_swap(swap, at=at)
    return swap


@traced
def accept_swap(*, swap: ShiftSwap, by: User, at: datetime) -> ShiftSwap:
    """Take the shift; the one in exchange goes to who asked. The rota follows at once.

    :raises SwapIsAnswered: it was answered or withdrawn, or the shift changed hands meanwhile
    :raises SwapImpossible: somebody else is asked
    :raises ShiftIsOver, ShiftOverlaps, NotAShifter: the rota does not let it be
    """
    swap, shift, exchange = _locked(swap)
    _refuse_others(swap, by)
    refuse_over(shift, at)
    if shift.person_id != swap.asked_by_id or (
        swap.in_exchange_id and (exchange is None or exchange.person_id != by.pk)
    ):
        raise SwapIsAnswered(_("The shift changed hands meanwhile. Nothing was swapped."))
    asker = swap.asked_by
    # The two may touch the same time: first both are free, then each is checked and given.
    Shift.objects.filter(pk__in=[shift.pk, swap.in_exchange_id]).update(person=None)
    if exchange is not None:
        refuse_over(exchange, at)
        end_swaps(exchange, at)
    for one, person in ((shift, by), (exchange, asker)):
        if one is not None:
            one.person = person
            check_shift(one)
            one.save(update_fields=["person"])
    for person in (by, asker):
        policies.forget(person)
    return _answer(swap, SwapState.ACCEPTED, by, at)


@traced
def refuse_swap(*, swap: ShiftSwap, by: User, at: datetime) -> ShiftSwap:
    """Say no, as the one who was asked. The shift stays where it is.

    :raises SwapIsAnswered: it was answered or withdrawn
    :raises SwapImpossible: all shifters were asked (who does not want to says nothing), or another
    """
    swap, _shift, _exchange = _locked(swap)
    if swap.asked_of_id != by.pk:
        raise SwapImpossible(_("Not you were asked."))
    return _answer(swap, SwapState.REFUSED, by, at)


@traced
def withdraw_swap(*, swap: ShiftSwap, by: User, at: datetime) -> ShiftSwap:
    """Take the request back, as the one who made it.

    :raises SwapIsAnswered: it was answered or withdrawn
    :raises SwapImpossible: somebody else made it
    """
    swap, _shift, _exchange = _locked(swap)
    if swap.asked_by_id != by.pk:
        raise SwapImpossible(_("Only %(name)s can withdraw it.") % {"name": swap.asked_by})
    return _answer(swap, SwapState.WITHDRAWN, by, at)


def _locked(swap: ShiftSwap) -> tuple[ShiftSwap, Shift, Shift | None]:
    shift = lock_shift(swap.shift)
    swap = (
        ShiftSwap.objects.select_for_update(of=("self",))
        .select_related("asked_by", "asked_of")
        .get(pk=swap.pk)
    )
    swap.shift = shift
    if swap.state != SwapState.OPEN:
        raise SwapIsAnswered(
            _("This request is %(state)s already.") % {"state": swap.get_state_display()}
        )
    exchange = None
    if swap.in_exchange_id is not None:
        exchange = Shift.objects.select_related("person").filter(pk=swap.in_exchange_id).first()
        if exchange is not None:
            exchange.type = lock_type(exchange.type)
            swap.in_exchange = exchange
    return swap, shift, exchange


def _refuse_others(swap: ShiftSwap, by: User) -> None:
    if swap.asked_of_id is not None and swap.asked_of_id != by.pk:
        raise SwapImpossible(_("Not you were asked."))
    if swap.asked_by_id == by.pk:
        raise SwapImpossible(_("It is your own shift."), _("Withdraw the request to keep it."))


def _answer(swap: ShiftSwap, state: SwapState, by: User, at: datetime) -> ShiftSwap:
    swap.state, swap.answered_by, swap.answered_at = state, by, at
    swap.save(update_fields=["state", "answered_by", "answered_at"])
    if state != SwapState.WITHDRAWN:
        shift_notices.tell_answer(swap, at=at)
    return swap
