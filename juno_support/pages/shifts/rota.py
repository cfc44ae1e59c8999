"""The rota of a VO: weeks as a calendar, gaps and overlaps in words; managers change it here."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.audit_lines import trace
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import whole_number
from juno_support.pages.shifts.find import managed_vo, person, vo_of
from juno_support.pages.shifts.forms import AddShiftForm, CopyForm, TypeForm, active_types
from juno_support.pages.shifts.words import length_words, on_call_lines, shift_url, when
from supportunits import policies
from supportunits.actions import rota as rota_actions
from supportunits.models import VO, PlanState, Shift, ShiftPlan, ShiftType
from supportunits.on_call import on_call
from supportunits.rota import Period, doubles, gaps, monday_of, period_of
from supportunits.shift_changes import parts_of_shifts
from supportunits.shift_words import moment_words, utc_words

WEEKS_SHOWN = 4
MOST_NOTES = 30
# Shifts from here on stand in every day that they touch, shorter ones where they begin.
LONG = timedelta(hours=24)
MOST_COPY_NOTES = 8


@dataclass(frozen=True, slots=True)
class Chip:
    """A shift in a day of the calendar."""

    times: str
    name: str
    type: str
    url: str
    title: str
    is_gap: bool
    is_mine: bool
    is_now: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, in the reader's zone."""

    words: str
    iso: str
    is_today: bool
    is_weekend: bool
    chips: list[Chip]


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the calendar."""

    words: str
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the rota in words: a gap, or one person on two shifts."""

    when: SafeString
    words: str
    url: str


@require_safe
@allowed_if(is_signed_in)
def rota_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the rota of a VO, four weeks from the given day on (this week's Monday)."""
    return show(request, vo_of(name))


@require_POST
@checked_inside
def add_shift(request: HttpRequest, name: str) -> HttpResponse:
    """Put a shift on the rota."""
    vo = managed_vo(request.user, name)
    form = AddShiftForm(vo, request.POST)
    if form.is_valid():
        try:
            shift = rota_actions.add_shift(by=person(request), at=clock.now(), **form.cleaned_data)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("It is on the rota."))
            return redirect(_rota_at(vo, shift.starts_at))
    return show(request, vo, add=form)


@require_POST
@checked_inside
def copy_pattern(request: HttpRequest, name: str) -> HttpResponse:
    """Copy the last weeks of a type on to the next ones."""
    vo = managed_vo(request.user, name)
    form = CopyForm(vo, request.POST)
    if not form.is_valid():
        return show(request, vo, copy=form)
    done = rota_actions.copy_pattern(by=person(request), at=clock.now(), **form.cleaned_data)
    words = ngettext("%(n)d shift was copied.", "%(n)d shifts were copied.", done.made)
    messages.success(request, words % {"n": done.made})
    for note in done.notes[:MOST_COPY_NOTES]:
        messages.warning(request, note)
    if len(done.notes) > MOST_COPY_NOTES:
        left = len(done.notes) - MOST_COPY_NOTES
        messages.warning(request, _("And %(n)d more of that kind.") % {"n": left})
    day = form.cleaned_data["first_day"]
    return redirect(_address(vo, day))


@require_POST
@checked_inside
def change_type(request: HttpRequest, name: str) -> HttpResponse:
    """Make a type of shift, change one, or put one out of use and back."""
    vo = managed_vo(request.user, name)
    key = whole_number(request.POST.get("type"))
    kind = get_object_or_404(ShiftType, pk=key, vo=vo) if key is not None else None
    form = TypeForm.of(kind, request.POST) if kind else TypeForm(request.POST, prefix="new")
    if form.is_valid():
        who: dict[str, Any] = {"by": person(request), "at": clock.now()} | form.pattern()
        try:
            if kind is None:
                rota_actions.make_type(vo=vo, **who)
            else:
                rota_actions.change_type(kind=kind, is_active="off" not in request.POST, **who)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect(reverse("shifts:rota", args=[vo.name]) + "#types")
    return show(request, vo, type_form=(kind, form))


def show(
    request: HttpRequest,
    vo: VO,
    *,
    add: AddShiftForm | None = None,
    copy: CopyForm | None = None,
    type_form: tuple[ShiftType | None, TypeForm] | None = None,
) -> HttpResponse:
    """Return the page of the rota; forms that were wrong keep what was typed."""
    user, now = person(request), clock.now()
    first = _first_day(request, now)
    zone = timezone.get_current_timezone()
    within = Period(
        datetime(first.year, first.month, first.day, tzinfo=zone),
        datetime(*_after(first, 7 * WEEKS_SHOWN).timetuple()[:3], tzinfo=zone),
    )
    types = list(active_types(vo))
    shifts = list(
        Shift.objects.filter(
            type__in=types, starts_at__lt=within.ends_at, ends_at__gt=within.starts_at
        )
        .select_related("type", "person")
        .order_by("starts_at", "type__name")
    )
    may_change = policies.may_change_rota(user, vo)
    empty, ends = _empty(types, shifts, within)
    return render(
        request,
        "shifts/rota.html",
        {
            "vo": vo,
            "on_call": on_call_lines(on_call(vo, at=now), user, now),
            "weeks": _weeks(first, shifts, empty, user, now, several=len(types) > 1),
            "notes": _notes(shifts, empty, now),
            "ends": ends,
            "has_types": bool(types),
            "earlier": _address(vo, _after(first, -7 * WEEKS_SHOWN)),
            "later": _address(vo, _after(first, 7 * WEEKS_SHOWN)),
            "is_elsewhere": "from" in request.GET,
            "here": reverse("shifts:rota", args=[vo.name]),
            "reads_log": policies.may_read_shift_log(user, vo),
            "reads_report": policies.may_read_shift_report(user, vo),
            "may_change": may_change,
            **(_management(vo, types, first, now, add, copy, type_form) if may_change else {}),
            "trace": trace(request, parts_of_shifts(vo), sees_addresses=False)
            if may_change
            else None,
        },
        status=422 if add or copy or type_form else 200,
    )


def _management(
    vo: VO,
    types: list[ShiftType],
    first: date,
    now: datetime,
    add: AddShiftForm | None,
    copy: CopyForm | None,
    type_form: tuple[ShiftType | None, TypeForm] | None,
) -> dict[str, Any]:
    every = ShiftType.objects.filter(vo=vo).order_by("-is_active", "name")
    wrong_kind, wrong = type_form or (None, None)
    return {
        "add_form": add or AddShiftForm(vo, initial={"kind": types[0] if types else None}),
        "copy_form": copy or CopyForm(vo, initial={"first_day": _next_monday(now)}),
        "new_type": wrong if wrong and wrong_kind is None else TypeForm(prefix="new"),
        "types": [
            {
                "kind": kind,
                "pattern": pattern_words(kind),
                "form": wrong if wrong and kind == wrong_kind else TypeForm.of(kind),
            }
            for kind in every
        ],
        "drafts": [
            {"url": reverse("shifts:plan", args=[plan.pk]), "words": str(plan.first_day)}
            for plan in ShiftPlan.objects.filter(type__vo=vo, state=PlanState.DRAFT).order_by("-pk")
        ],
    }


def pattern_words(kind: ShiftType) -> str:
    """Return the pattern of a type in words."""
    times = ", ".join(f"{moment:%H:%M}" for moment in kind.hand_overs)
    if kind.days > 1:
        return _("%(days)d days from %(day)s, %(times)s UTC") % {
            "days": kind.days,
            "day": WEEKDAYS_ABBR[kind.weekday],
            "times": times,
        }
    if kind.day_ends_at:
        return _("hand-over at %(times)s UTC, until %(end)s") % {
            "times": times,
            "end": f"{kind.day_ends_at:%H:%M}",
        }
    return _("hand-over at %(times)s UTC, round the clock") % {"times": times}


# --- The calendar ------------------------------------------------------------------------------


def _weeks(
    first: date,
    shifts: list[Shift],
    empty: list[tuple[ShiftType, Period]],
    user: Any,
    now: datetime,
    *,
    several: bool,
) -> list[Week]:
    today = timezone.localtime(now).date()
    chips: dict[date, list[tuple[datetime, Chip]]] = {}
    for shift in shifts:
        for day, times in _days_of(period_of(shift)):
            chip = Chip(
                times=times,
                name=str(shift.person) if shift.person else _("nobody"),
                type=shift.type.name if several else "",
                url=shift_url(shift),
                title=_utc(period_of(shift)),
                is_gap=shift.is_gap,
                is_mine=shift.person_id == user.pk,
                is_now=shift.starts_at <= now < shift.ends_at,
            )
            chips.setdefault(day, []).append((shift.starts_at, chip))
    for kind, period in empty:
        for day, times in _days_of(period):
            name = kind.name if several else ""
            chip = Chip(times, _("nobody"), name, "", _utc(period), True, False, False)
            chips.setdefault(day, []).append((period.starts_at, chip))
    weeks = []
    for number in range(WEEKS_SHOWN):
        monday = _after(first, 7 * number)
        days = [
            Day(
                words=f"{str(WEEKDAYS_ABBR[day.weekday()]).capitalize()} {day.day}",
                iso=day.isoformat(),
                is_today=day == today,
                is_weekend=day.weekday() >= 5,
                chips=[chip for _at, chip in sorted(chips.get(day, []), key=lambda one: one[0])],
            )
            for day in (_after(monday, n) for n in range(7))
        ]
        month = str(MONTHS_3[monday.month]).capitalize()
        weeks.append(Week(f"{monday.day} {month} {monday.year}", days))
    return weeks


def _days_of(period: Period) -> list[tuple[date, str]]:
    """Return the days of the calendar in which a period stands, each with its times in words."""
    begins, ends = timezone.localtime(period.starts_at), timezone.localtime(period.ends_at)
    if period.ends_at - period.starts_at < LONG:
        return [(begins.date(), f"{begins:%H:%M}–{ends:%H:%M}")]
    last = timezone.localtime(period.ends_at - timedelta(seconds=1)).date()
    found: list[tuple[date, str]] = []
    day = begins.date()
    while day <= last and len(found) < 7 * WEEKS_SHOWN + 7:
        if day == begins.date():
            words = _("from %(time)s") % {"time": f"{begins:%H:%M}"}
        elif day == ends.date():
            words = _("until %(time)s") % {"time": f"{ends:%H:%M}"}
        else:
            words = _("all day")
        found.append((day, words))
        day = _after(day, 1)
    return found


def _empty(
    types: list[ShiftType], shifts: list[Shift], within: Period
) -> tuple[list[tuple[ShiftType, Period]], list[str]]:
    """Return what no row of the rota covers, and in words from when on nothing is planned."""
    found: list[tuple[ShiftType, Period]] = []
    ends: list[str] = []
    for kind in types:
        mine = [shift for shift in shifts if shift.type_id == kind.pk]
        # Gaps that stand on the rota are shown as such; a person stands for each here.
        rows = [
            Shift(person_id=0, starts_at=shift.starts_at, ends_at=shift.ends_at) for shift in mine
        ]
        pieces = gaps(kind, rows, within)
        if pieces and pieces[-1].ends_at == within.ends_at:
            last = pieces.pop()
            words = _("%(type)s: nothing is planned from %(when)s on.")
            ends.append(words % {"type": kind.name, "when": _local(last.starts_at)})
        if pieces and not mine:
            pieces = []
        found += [(kind, piece) for piece in pieces]
    return found, ends


def _notes(shifts: list[Shift], empty: list[tuple[ShiftType, Period]], now: datetime) -> list[Note]:
    notes: list[tuple[datetime, Note]] = []
    for shift in shifts:
        if shift.is_gap and shift.ends_at > now:
            notes.append((shift.starts_at, _gap(shift.type, period_of(shift), shift_url(shift))))
    for kind, period in empty:
        if period.ends_at > now:
            notes.append((period.starts_at, _gap(kind, period, "")))
    for one, other in doubles(shifts):
        words = _("%(name)s has two shifts at once: %(one)s and %(other)s.") % {
            "name": one.person,
            "one": one.type.name,
            "other": other.type.name,
        }
        place = when(other.starts_at, min(one.ends_at, other.ends_at))
        notes.append((other.starts_at, Note(place, words, shift_url(other))))
    return [note for _at, note in sorted(notes, key=lambda one: one[0])[:MOST_NOTES]]


def _gap(kind: ShiftType, period: Period, url: str) -> Note:
    words = _("%(type)s: nobody for %(length)s") % {
        "type": kind.name,
        "length": length_words(period),
    }
    return Note(when(period.starts_at, period.ends_at), words, url)


def _first_day(request: HttpRequest, now: datetime) -> date:
    today = timezone.localtime(now).date()
    try:
        day = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        day = today
    return monday_of(day if abs(day - today) < timedelta(days=3660) else today)


def _next_monday(now: datetime) -> date:
    return _after(monday_of(now.date()), 7)


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _address(vo: VO, day: date) -> str:
    return f"{reverse('shifts:rota', args=[vo.name])}?{urlencode({'from': day.isoformat()})}"


def _rota_at(vo: VO, moment: datetime) -> str:
    return _address(vo, timezone.localtime(moment).date())


def _utc(period: Period) -> str:
    return utc_words(period.starts_at, period.ends_at)


def _local(moment: datetime) -> str:
    return moment_words(moment)
