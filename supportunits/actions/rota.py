"""Types of shift, and who is on which shift."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib.text import clean_line
from supportunits import policies, shift_notices
from supportunits.actions.trace import traced
from supportunits.models import (
    VO,
    Shift,
    ShiftSwap,
    ShiftType,
    ShiftWish,
    SwapState,
    VOMembership,
    WishKind,
)
from supportunits.rota import Period, period_of
from supportunits.shift_words import period_words

MOST_CHECKS = 20
MOST_HAND_OVERS = 12
LONGEST = timedelta(days=35)


class ShiftTypeImpossible(SupportError):
    """A type of shift has no name, one that is taken, or a pattern that cannot be."""


class ShiftImpossible(SupportError):
    """The times of a shift cannot be: it ends before it begins, or lasts too long."""


class ShiftOverlaps(SupportError):
    """At that time there is another shift of the type, or the person has one of another type."""


class NotAShifter(SupportError):
    """Only active shifters of the VO take its shifts."""


class ShiftIsOver(SupportError):
    """What is over is not changed any more."""


@traced
def make_type(
    *,
    vo: VO,
    name: str,
    days: int,
    weekday: int,
    hand_overs: Iterable[time],
    day_ends_at: time | None,
    by: User | None,
    at: datetime,
    checks: Iterable[str] | None = None,
) -> ShiftType:
    """Make a type of shift for the VO.

    :param days: how many days one shift lasts
    :param weekday: on which day a shift of several days begins; 0 is Monday
    :param hand_overs: times of the day in UTC; several cut a day into as many shifts
    :param day_ends_at: when the last shift of a day ends (UTC); None: round the clock
    :param checks: what to make sure of before a shift; None: the usual four
    :raises ShiftTypeImpossible: no name, a name that is taken, or an impossible pattern
    """
    VO.objects.select_for_update(no_key=True).get(pk=vo.pk)
    kind = ShiftType(vo=vo)
    _set_pattern(kind, name, days, weekday, hand_overs, day_ends_at)
    if checks is not None:
        kind.checks = _checks(checks)
    kind.save()
    return kind


@traced
def change_type(
    *,
    kind: ShiftType,
    name: str,
    days: int,
    weekday: int,
    hand_overs: Iterable[time],
    day_ends_at: time | None,
    checks: Iterable[str],
    is_active: bool,
    by: User | None,
    at: datetime,
) -> ShiftType:
    """Change a type of shift. Shifts that are on the rota stay as they are.

    Those of a type that is put out of use call nobody and make nobody TPM until it is back in use.

    :raises ShiftTypeImpossible: as for :func:`make_type`
    """
    kind = ShiftType.objects.select_for_update(no_key=True).get(pk=kind.pk)
    _set_pattern(kind, name, days, weekday, hand_overs, day_ends_at)
    kind.checks = _checks(checks)
    kind.is_active = is_active
    kind.save()
    return kind


def _set_pattern(
    kind: ShiftType,
    name: str,
    days: int,
    weekday: int,
    hand_overs: Iterable[time],
    day_ends_at: time | None,
) -> None:
    name = clean_line(name)[:100]
    if not name:
        raise ShiftTypeImpossible(_("A type of shift needs a name."))
    if ShiftType.objects.filter(vo=kind.vo, name__iexact=name).exclude(pk=kind.pk).exists():
        raise ShiftTypeImpossible(
            _("%(vo)s has a type of shift named %(name)s already.")
            % {"vo": kind.vo.name, "name": name}
        )
    moments = sorted(set(hand_overs))
    if not moments or len(moments) > MOST_HAND_OVERS:
        raise ShiftTypeImpossible(
            _("Write one to %(most)s hand-over times, such as 06:00 14:00 22:00.")
            % {"most": MOST_HAND_OVERS}
        )
    if not 1 <= days <= 28 or not 0 <= weekday <= 6:
        raise ShiftTypeImpossible(_("A shift lasts 1 to 28 days."))
    if days > 1 and len(moments) > 1:
        raise ShiftTypeImpossible(
            _("A shift of several days has one hand-over time."),
            _("Write one time, or let a shift last one day."),
        )
    if days > 1 and day_ends_at is not None:
        raise ShiftTypeImpossible(
            _("A shift of several days goes round the clock."),
            _("Leave the end of the day empty, or let a shift last one day."),
        )
    kind.name, kind.days, kind.weekday = name, days, weekday
    kind.hand_overs, kind.day_ends_at = moments, day_ends_at


def _checks(checks: Iterable[str]) -> list[str]:
    lines = list(dict.fromkeys(line for each in checks if (line := clean_line(each))))
    if len(lines) > MOST_CHECKS or any(len(line) > 200 for line in lines):
        raise ShiftTypeImpossible(
            _("A check-list has %(most)s lines at the most, each of 200 characters.")
            % {"most": MOST_CHECKS}
        )
    return lines


@traced
def add_shift(
    *,
    kind: ShiftType,
    person: User | None,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    at: datetime,
) -> Shift:
    """Put a shift on the rota; without a person it is a gap. Its shifter is mailed.

    :raises ShiftImpossible: it ends before it begins, or lasts longer than five weeks
    :raises ShiftOverlaps: another shift of the type is there, or the person is on another one
    :raises NotAShifter: the person is none of the VO's, or left
    """
    kind = lock_type(kind)
    shift = Shift(type=kind, person=person, starts_at=starts_at, ends_at=ends_at)
    check_shift(shift)
    shift.save()
    shift_notices.tell_rota_changed(
        vo=kind.vo, given=[shift], key=f"shift:{shift.pk}", by=by, at=at
    )
    return shift


@traced
def change_shift(
    *,
    shift: Shift,
    person: User | None,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    at: datetime,
) -> Shift:
    """Change who has a shift, or when it is. Who has it, and who had it, are mailed.

    :raises ShiftIsOver: it ended
    :raises ShiftImpossible, ShiftOverlaps, NotAShifter: as for :func:`add_shift`
    """
    shift = lock_shift(shift)
    refuse_over(shift, at)
    before = copy(shift)
    if shift.person != person:
        end_swaps(shift, at)
    shift.person, shift.starts_at, shift.ends_at = person, starts_at, ends_at
    check_shift(shift)
    shift.save()
    if (before.person, period_of(before)) != (person, period_of(shift)):
        shift_notices.tell_rota_changed(
            vo=shift.type.vo,
            given=[shift],
            taken=[before],
            key=f"shift:{shift.pk}",
            by=by,
            at=at,
        )
    return shift


@traced
def remove_shift(*, shift: Shift, by: User | None, at: datetime) -> None:
    """Take a shift off the rota. Who had it is mailed.

    :raises ShiftIsOver: it began: what was is kept
    """
    shift = lock_shift(shift)
    if shift.starts_at <= at:
        raise ShiftIsOver(
            _("This shift began already; it stays on the rota."), _("Give it to somebody else.")
        )
    shift_notices.tell_rota_changed(
        vo=shift.type.vo, taken=[shift], key=f"shift:{shift.pk}", by=by, at=at
    )
    shift.delete()


@traced
def take_gap(*, shift: Shift, by: User, at: datetime) -> Shift:
    """Take a shift that nobody has.

    :raises ShiftOverlaps: somebody else was quicker, or the person is on another one
    :raises ShiftIsOver, NotAShifter: as for :func:`change_shift`
    """
    shift = lock_shift(shift)
    refuse_over(shift, at)
    if shift.person_id is not None:
        raise ShiftOverlaps(
            _("%(name)s has this shift meanwhile.") % {"name": shift.person},
            _("Look for another gap."),
        )
    shift.person = by
    check_shift(shift)
    shift.save(update_fields=["person"])
    policies.forget(by)
    return shift


@traced
def free_shifts_of(
    *, user: User, by: User | None, at: datetime, vo: VO | None = None
) -> list[Shift]:
    """Make gaps of all shifts that the person still has, of one VO or all, and tell its managers.

    For somebody who leaves, or is a shifter no more (domain: section 1). Of a running shift the
    rest becomes the gap.

    :returns: the gaps
    """
    mine = Q(person=user, ends_at__gt=at)
    if vo is not None:
        mine &= Q(type__vo=vo)
    freed = []
    for shift in Shift.objects.filter(mine).select_related("type__vo").order_by("starts_at", "pk"):
        try:
            shift = lock_shift(shift)
        except ShiftIsOver:  # taken off the rota meanwhile
            continue
        if shift.person_id != user.pk:  # somebody else has it meanwhile
            continue
        end_swaps(shift, at)
        if shift.starts_at < at:
            ends_at, shift.ends_at = shift.ends_at, at
            shift.save(update_fields=["ends_at"])
            shift = Shift.objects.create(type=shift.type, starts_at=at, ends_at=ends_at)
        else:
            shift.person = None
            shift.save(update_fields=["person"])
        freed.append(shift)
    policies.forget(user)
    if freed:
        shift_notices.tell_of_gaps(freed, person=user, at=at)
    return freed


@dataclass
class Copied:
    """What copying a pattern did: what it made, and in words what it left out.

    :ivar given: the shifts that somebody has by it
    """

    made: int = 0
    given: list[Shift] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@traced
def copy_pattern(
    *, kind: ShiftType, first_day: date, weeks: int, by: User | None, at: datetime
) -> Copied:
    """Copy the shifts of the last weeks before a day to as many weeks from that day on.

    The times are the same in UTC. Where a shift is already, it stays; a gap of the same time is
    filled. Who is no shifter any more, or absent, leaves a gap. People are mailed their new shifts.
    """
    kind = lock_type(kind)
    begins = datetime.combine(first_day, time(0), tzinfo=UTC)
    length = timedelta(weeks=weeks)
    pattern = list(
        Shift.objects.filter(type=kind, starts_at__gte=begins - length, starts_at__lt=begins)
        .select_related("person")
        .order_by("starts_at")
    )
    there = list(
        Shift.objects.filter(
            type=kind, starts_at__lt=begins + length + LONGEST, ends_at__gt=begins
        ).select_related("type")
    )
    done = Copied()
    for old in pattern:
        new = Shift(
            type=kind,
            person=old.person,
            starts_at=old.starts_at + length,
            ends_at=old.ends_at + length,
        )
        _place(new, there, done)
    shift_notices.tell_rota_changed(
        vo=kind.vo, given=done.given, key=f"copy:{kind.pk}:{first_day}", by=by, at=at
    )
    return done


def _place(new: Shift, there: list[Shift], done: Copied) -> None:
    words = period_words(new.starts_at, new.ends_at)
    old = [one for one in there if period_of(one).overlaps(period_of(new))]
    if any(not one.is_gap for one in old):
        done.notes.append(_("%(when)s: a shift is there already.") % {"when": words})
        return
    if new.person is not None:
        try:
            refuse_no_shifter(new.type.vo, new.person)
            refuse_double(new)
        except SupportError as error:
            done.notes.append(f"{words}: {error.message}")
            new.person = None
    if new.person is not None and is_absent(new.person, period_of(new)):
        done.notes.append(_("%(when)s: %(name)s is absent.") % {"when": words, "name": new.person})
        new.person = None
    if old and new.person is None:
        return
    gap = next((one for one in old if period_of(one) == period_of(new)), None)
    if gap is not None:
        gap.person = new.person
        gap.save(update_fields=["person"])
    else:
        there[:] = [one for one in there if one not in old]
        there += [*cut_gaps(old, period_of(new)), new]
        new.save()
    done.given.append(new)
    done.made += 1


def cut_gaps(gaps: Iterable[Shift], period: Period) -> list[Shift]:
    """Make room in gaps; what lies before and after it stays a gap. Returns these."""
    left = []
    for gap in gaps:
        for starts_at, ends_at in (
            (gap.starts_at, min(period.starts_at, gap.ends_at)),
            (max(period.ends_at, gap.starts_at), gap.ends_at),
        ):
            if starts_at < ends_at:
                left.append(Shift(type=gap.type, starts_at=starts_at, ends_at=ends_at))
        gap.delete()
    for rest in left:
        rest.save()
    return left


# --- What all of them ask ----------------------------------------------------------------------


def lock_type(kind: ShiftType) -> ShiftType:
    """Let one change of a type's rota at a time go on, until the end of its transaction."""
    return (
        ShiftType.objects.select_for_update(of=("self",), no_key=True)
        .select_related("vo")
        .get(pk=kind.pk)
    )


def lock_shift(shift: Shift) -> Shift:
    """Return the shift as it is now, with its type's rota locked.

    :raises ShiftIsOver: it was taken off the rota meanwhile
    """
    kind = lock_type(shift.type)
    found = Shift.objects.select_related("person").filter(pk=shift.pk).first()
    if found is None:
        raise ShiftIsOver(_("This shift was taken off the rota meanwhile."))
    found.type = kind
    return found


def refuse_over(shift: Shift, at: datetime) -> None:
    """Refuse to change what is over.

    :raises ShiftIsOver: it ended
    """
    if shift.ends_at <= at:
        raise ShiftIsOver(
            _("This shift ended %(when)s.") % {"when": period_words(shift.starts_at, shift.ends_at)}
        )


def end_swaps(shift: Shift, at: datetime) -> None:
    """End what its holder asked for the shift, which has another holder now."""
    ShiftSwap.objects.filter(shift=shift, state=SwapState.OPEN).update(
        state=SwapState.WITHDRAWN, answered_at=at
    )


def check_shift(shift: Shift) -> None:
    """Refuse a shift that cannot be as it is about to be stored.

    :raises ShiftImpossible, ShiftOverlaps, NotAShifter: see :func:`add_shift`
    """
    if shift.ends_at <= shift.starts_at:
        raise ShiftImpossible(
            _("The shift ends before it begins."), _("Write an end that is later than its begin.")
        )
    if shift.ends_at - shift.starts_at > LONGEST:
        raise ShiftImpossible(_("A shift lasts five weeks at the most."))
    other = (
        Shift.objects.filter(
            type=shift.type, starts_at__lt=shift.ends_at, ends_at__gt=shift.starts_at
        )
        .exclude(pk=shift.pk)
        .select_related("person")
        .first()
    )
    if other is not None:
        raise ShiftOverlaps(
            _("It overlaps the shift of %(name)s, %(when)s.")
            % {
                "name": other.person or _("nobody"),
                "when": period_words(other.starts_at, other.ends_at),
            },
            _("Change that one first, or choose other times."),
        )
    if shift.person is not None:
        refuse_no_shifter(shift.type.vo, shift.person)
        refuse_double(shift)


def refuse_no_shifter(vo: VO, person: User) -> None:
    """Refuse somebody who takes no shifts of the VO.

    :raises NotAShifter: the person is none of the VO's, or left
    """
    if not person.is_active:
        raise NotAShifter(
            _("The account of %(name)s is inactive.") % {"name": person.get_full_name()},
            _("Choose somebody else."),
        )
    if not VOMembership.objects.filter(vo=vo, user=person, is_shifter=True).exists():
        raise NotAShifter(
            _("%(name)s is no shifter of %(vo)s.")
            % {"name": person.get_full_name(), "vo": vo.name},
            _("Choose a shifter, or ask an admin to make the person one."),
        )


def refuse_double(shift: Shift) -> None:
    """Refuse a second shift of the same person at the same time.

    :raises ShiftOverlaps: there is one, of whatever type
    """
    other = (
        Shift.objects.filter(
            person=shift.person, starts_at__lt=shift.ends_at, ends_at__gt=shift.starts_at
        )
        .exclude(pk=shift.pk)
        .select_related("type__vo")
        .first()
    )
    if other is not None:
        raise ShiftOverlaps(
            _("%(name)s has another shift then: %(type)s of %(vo)s, %(when)s.")
            % {
                "name": shift.person,
                "type": other.type.name,
                "vo": other.type.vo.name,
                "when": period_words(other.starts_at, other.ends_at),
            },
            _("Choose somebody else, or other times."),
        )


def is_absent(person: User, period: Period) -> bool:
    """Return whether the person said to be absent at that time, by the days of the own zone."""
    zone = zone_of(person.time_zone)
    return ShiftWish.objects.filter(
        user=person,
        kind=WishKind.ABSENT,
        first_day__lte=(period.ends_at - timedelta(seconds=1)).astimezone(zone).date(),
        last_day__gte=period.starts_at.astimezone(zone).date(),
    ).exists()
