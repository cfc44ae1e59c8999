"""One shift: check-list, hand-over, swap; its manager changes it here."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.pages.shifts.find import person, shift_of
from juno_support.pages.shifts.forms import NoteForm, ShiftForm, SwapForm
from juno_support.pages.shifts.swap import swap_line
from juno_support.pages.shifts.words import contact_of, phone_url, shift_line
from supportunits import policies
from supportunits.actions import rota, shift_log, swaps
from supportunits.models import HandOver, Shift, ShiftSwap, SwapState
from supportunits.shift_words import period_words


@require_safe
@allowed_if(is_signed_in)
def shift_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show a shift: who and when; to its shifter the check-list, hand-over and swap."""
    return _show(request, shift_of(number))


@require_POST
@checked_inside
def tick(request: HttpRequest, number: int) -> HttpResponse:
    """Tick the check-list of one's shift."""
    shift = _own(request, number)
    shift_log.set_ticks(
        shift=shift, ticked=request.POST.getlist("check"), by=person(request), at=clock.now()
    )
    messages.success(request, _("The check-list is kept."))
    return redirect(reverse("shifts:shift", args=[shift.pk]) + "#checks")


@require_POST
@checked_inside
def hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Leave the note to the next shifter."""
    shift = _own(request, number)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            shift_log.hand_over(
                shift=shift, note=form.cleaned_data["note"], by=person(request), at=clock.now()
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            _say_who_gets_it(request, shift)
            return redirect(reverse("shifts:shift", args=[shift.pk]) + "#hand-over")
    return _show(request, shift, note=form)


@require_POST
@checked_inside
def take_over(request: HttpRequest, number: int) -> HttpResponse:
    """Say, as the next shifter, that the note of this shift was read."""
    note = get_object_or_404(HandOver, shift=shift_of(number))
    try:
        shift_log.take_over(hand_over=note, by=person(request), at=clock.now())
    except SupportError as error:
        raise PermissionDenied(str(error)) from error
    messages.success(request, _("You took over."))
    following = shift_log.next_shift(note.shift)
    return redirect("shifts:shift", following.pk) if following else redirect("shifts:home")


@require_POST
@checked_inside
def ask_swap(request: HttpRequest, number: int) -> HttpResponse:
    """Ask a colleague, or all, to take one's shift."""
    shift = _own(request, number)
    form = SwapForm(shift, request.POST, at=clock.now())
    if form.is_valid():
        try:
            swap = swaps.ask_swap(
                shift=shift, by=person(request), at=clock.now(), **form.cleaned_data
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            asked = str(swap.asked_of) if swap.asked_of else _("all shifters")
            messages.success(request, _("%(who)s were asked by mail.") % {"who": asked})
            return redirect(reverse("shifts:shift", args=[shift.pk]) + "#swap")
    return _show(request, shift, swap=form)


@require_POST
@checked_inside
def take(request: HttpRequest, number: int) -> HttpResponse:
    """Take a shift that nobody has."""
    shift = shift_of(number)
    if not policies.is_shifter_of(request.user, shift.type.vo):
        raise PermissionDenied
    try:
        rota.take_gap(shift=shift, by=person(request), at=clock.now())
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The shift is yours now."))
    return redirect("shifts:shift", shift.pk)


@require_POST
@checked_inside
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Give the shift to somebody else, move it, or take it off the rota."""
    shift = shift_of(number)
    if not policies.may_change_rota(request.user, shift.type.vo):
        raise PermissionDenied
    who: dict[str, Any] = {"shift": shift, "by": person(request), "at": clock.now()}
    if "remove" in request.POST:
        try:
            rota.remove_shift(**who)
        except SupportError as error:
            messages.error(request, str(error))
            return redirect("shifts:shift", shift.pk)
        messages.success(request, _("The shift is off the rota."))
        return redirect("shifts:rota", shift.type.vo.name)
    form = ShiftForm.of(shift, request.POST)
    if form.is_valid():
        try:
            rota.change_shift(**form.cleaned_data, **who)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("shifts:shift", shift.pk)
    return _show(request, shift, edit=form)


def _say_who_gets_it(request: HttpRequest, shift: Shift) -> None:
    following = shift_log.next_shift(shift)
    if following is None:
        messages.warning(
            request,
            _(
                "Your note is kept, but nobody has a shift after yours. Whoever takes the next one"
                " reads it on the page of that shift."
            ),
        )
        return
    facts = {
        "name": following.person,
        "when": period_words(following.starts_at, following.ends_at),
    }
    messages.success(
        request, _("Handed over. %(name)s has your note by mail for the shift %(when)s.") % facts
    )
    if following.starts_at > shift.ends_at:
        messages.warning(request, _("Nobody is on shift between yours and that one."))


def _own(request: HttpRequest, number: int) -> Shift:
    """Return the shift, for the one who has it.

    :raises PermissionDenied: for all others
    """
    shift = shift_of(number)
    if shift.person_id != person(request).pk:
        raise PermissionDenied
    return shift


def _show(
    request: HttpRequest,
    shift: Shift,
    *,
    note: NoteForm | None = None,
    swap: SwapForm | None = None,
    edit: ShiftForm | None = None,
) -> HttpResponse:
    user, now = person(request), clock.now()
    vo = shift.type.vo
    is_own = shift.person_id == user.pk
    reads_notes = policies.may_read_shift_log(user, vo) or is_own
    before = shift_log.shift_before(shift) if reads_notes else None
    following = shift_log.next_shift(shift)
    mine_note = HandOver.objects.filter(shift=shift).select_related("written_by", "taken_by")
    own_note = mine_note.first() if reads_notes else None
    contact = contact_of(shift.person) if shift.person else None
    sees_contact = policies.may_see_on_call_contacts(user) or is_own
    ticked = set(shift.ticks.values_list("check_text", flat=True))
    open_swap = (
        ShiftSwap.objects.filter(shift=shift, state=SwapState.OPEN)
        .select_related("shift__type__vo", "in_exchange__type", "asked_by", "asked_of")
        .first()
        if is_own
        else None
    )
    is_over = shift.ends_at <= now
    may_write = is_own and now >= max(shift.starts_at, shift.ends_at - shift_log.EARLY)
    return render(
        request,
        "shifts/shift.html",
        {
            "shift": shift,
            "line": shift_line(shift, now),
            "vo": vo,
            "is_own": is_own,
            "is_over": is_over,
            "is_out_of_use": not shift.type.is_active,
            "is_running": shift.type.is_active and shift.starts_at <= now < shift.ends_at,
            "phone": contact.phone if contact and sees_contact else "",
            "phone_url": phone_url(contact.phone) if contact and sees_contact else "",
            "im_address": contact.im_address if contact and sees_contact else "",
            "checks": [{"text": text, "is_ticked": text in ticked} for text in shift.type.checks],
            "ticked": len(ticked & set(shift.type.checks)),
            "before": _note(before, now),
            "before_number": before.pk if before else 0,
            "may_take_over": bool(is_own and before and _unread(before)),
            "own_note": _of(own_note, now),
            "reads_notes": reads_notes,
            "following": shift_line(following, now) if following else None,
            "is_gap_between": following is not None and following.starts_at > shift.ends_at,
            "note_form": (note or NoteForm(initial={"note": own_note.note if own_note else ""}))
            if may_write
            else None,
            "swap": swap_line(open_swap, user) if open_swap else None,
            "swap_form": (swap or SwapForm(shift, at=now))
            if is_own and not is_over and not open_swap
            else None,
            "may_take": shift.is_gap and not is_over and policies.is_shifter_of(user, vo),
            "edit_form": (edit or ShiftForm.of(shift))
            if policies.may_change_rota(user, vo) and not is_over
            else None,
            "may_remove": shift.starts_at > now,
            "reads_log": policies.may_read_shift_log(user, vo),
        },
        status=422 if note or swap or edit else 200,
    )


def _unread(before: Shift) -> bool:
    found: HandOver | None = getattr(before, "hand_over", None)
    return found is not None and found.taken_at is None


def _note(before: Shift | None, now: Any) -> dict[str, Any] | None:
    return _of(getattr(before, "hand_over", None), now) if before else None


def _of(note: HandOver | None, now: Any) -> dict[str, Any] | None:
    if note is None:
        return None
    return {
        "html": _safe(note.note_html),
        "by": note.written_by.get_full_name(),
        "at": display.when(note.written_at, now),
        "taken": display.when(note.taken_at, now) if note.taken_at else "",
        "taken_by": note.taken_by.get_full_name() if note.taken_by else "",
    }


def _safe(html: str) -> SafeString:
    # What juno_support.lib.markdown rendered and sanitised when it was stored.
    return mark_safe(html)  # noqa: S308
