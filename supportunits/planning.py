"""Propose a follow-the-sun rota: who takes which slot, fairly, each in waking hours.

Own code and not a solver: the usual libraries (OR-Tools, PuLP with CBC) are 20 to 100 MB of
binaries in web and worker, for a problem of a few hundred slots in which the constraints are local
and "fair" needs no proof of the optimum. Three steps, each plain to follow: give the slots that
few people can take first; free somebody for a slot that stayed empty, by passing one of their
shifts on; then give single slots away and exchange pairs as long as that makes the plan better.

What must hold: nobody while asleep (slots shorter than a day), absent, on another shift, within
eleven hours of one, or more than seven days in a row. What is weighed: hours, weekends and nights
evenly shared, wishes, and the same hours for some days in a row. The same input gives the same
plan. Pure: no database.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from supportunits.rota import Period

REST = timedelta(hours=11)
MOST_DAYS_IN_A_ROW = 7
# Shifts from here on cannot be slept around: then waking hours, rest and nights mean nothing.
LONG = timedelta(hours=20)
MOST_SECONDS = 4.0
_NIGHT = (time(22), time(6))
_DAY = timedelta(days=1)

# What each thing weighs against one hour of uneven load.
_WEEKEND, _NIGHTS, _UNWANTED, _WANTED, _BROKEN_ROW = 40.0, 25.0, 220.0, -160.0, 24.0


@dataclass(frozen=True)
class Planner:
    """A person to plan with. Days are days of the person's zone, both ends included."""

    key: int
    zone: ZoneInfo
    wakes_at: time = time(6)
    sleeps_at: time = time(0)
    absent: tuple[tuple[date, date], ...] = ()
    wanted: tuple[tuple[date, date], ...] = ()
    unwanted: tuple[tuple[date, date], ...] = ()
    taken: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """How much somebody has in a plan; what was taken before counts too."""

    shifts: int = 0
    hours: float = 0.0
    weekends: int = 0
    nights: int = 0
    against_wish: int = 0


@dataclass(frozen=True)
class Plan:
    """A proposed rota: for each slot a person's key or None, and of each empty one the reasons.

    :ivar reasons: by the slot's position how many people each constraint keeps away
    """

    people: list[int | None]
    reasons: dict[int, dict[str, int]]


def is_awake(person: Planner, slot: Period) -> bool:
    """Return whether the whole slot is in the person's waking hours, by the clock on the wall."""
    if slot.ends_at - slot.starts_at >= LONG:
        return True
    local = slot.starts_at.astimezone(person.zone).date()
    # Who goes to bed after midnight may still be up from the day before.
    for day in (local - _DAY, local):
        wakes, sleeps = _waking(person, day)
        if wakes <= slot.starts_at and slot.ends_at <= sleeps:
            return True
    return False


def _waking(person: Planner, day: date) -> tuple[datetime, datetime]:
    wakes = datetime.combine(day, person.wakes_at, tzinfo=person.zone)
    next_day = day + _DAY if person.sleeps_at <= person.wakes_at else day
    sleeps = datetime.combine(next_day, person.sleeps_at, tzinfo=person.zone)
    # Compared in UTC: two times of one zone would be compared as the wall shows them.
    return wakes.astimezone(UTC), sleeps.astimezone(UTC)


def local_days(person: Planner, slot: Period) -> tuple[date, date]:
    """Return the first and the last day that the slot touches where the person lives."""
    last = slot.ends_at - timedelta(seconds=1)
    return slot.starts_at.astimezone(person.zone).date(), last.astimezone(person.zone).date()


def _touches(days: tuple[date, date], ranges: Sequence[tuple[date, date]]) -> bool:
    return any(first <= days[1] and days[0] <= last for first, last in ranges)


def is_weekend(person: Planner, slot: Period) -> bool:
    """Return whether the slot begins on a Saturday or Sunday where the person lives."""
    return slot.starts_at.astimezone(person.zone).weekday() >= 5


def is_night(person: Planner, slot: Period) -> bool:
    """Return whether the slot touches 22 to 06 where the person lives; never of long ones."""
    if slot.ends_at - slot.starts_at >= LONG:
        return False
    begins = slot.starts_at.astimezone(person.zone)
    ends = slot.ends_at.astimezone(person.zone)
    if begins.time() >= _NIGHT[0] or begins.time() < _NIGHT[1]:
        return True
    return ends.date() > begins.date() or ends.time() > _NIGHT[0]


@dataclass
class _Facts:
    """What is true of a person and a slot, worked out once."""

    weekend: bool
    night: bool
    days: tuple[date, date]
    wish: float


@dataclass
class _Rota:
    """The plan while it is made: who has what, and how the load lies."""

    slots: Sequence[Period]
    people: Mapping[int, Planner]
    able: list[dict[int, _Facts]]
    holder: list[int | None]
    held: dict[int, set[int]]
    load: dict[int, list[float]] = field(default_factory=dict)

    def give(self, slot: int, person: int | None) -> None:
        """Let the person have the slot, and nobody else."""
        before = self.holder[slot]
        if before is not None:
            self.held[before].discard(slot)
            self._count(before, slot, -1)
        self.holder[slot] = person
        if person is not None:
            self.held[person].add(slot)
            self._count(person, slot, 1)

    def _count(self, person: int, slot: int, sign: int) -> None:
        facts, load = self.able[slot][person], self.load[person]
        load[0] += sign * self.slots[slot].hours
        load[1] += sign * facts.weekend
        load[2] += sign * facts.night

    def conflicts(self, person: int, slot: int) -> list[int] | None:
        """Return what the person would have to give up for the slot; None where that is no use."""
        mine, long = self.slots[slot], self.slots[slot].ends_at - self.slots[slot].starts_at >= LONG
        rest = timedelta(0) if long else REST
        for taken in self.people[person].taken:
            if _too_near(mine, taken, rest):
                return None
        near = [other for other in self.held[person] if _too_near(mine, self.slots[other], rest)]
        if not near and not long and self._row_with(person, slot) > MOST_DAYS_IN_A_ROW:
            return None
        return near

    def _row_with(self, person: int, slot: int) -> int:
        facts = self.able[slot]
        days = {self.able[other][person].days[0] for other in self.held[person]}
        days |= {local_days(self.people[person], one)[0] for one in self.people[person].taken}
        day = facts[person].days[0]
        length = 1
        for step in (-_DAY, _DAY):
            one = day + step
            while one in days and length <= MOST_DAYS_IN_A_ROW:
                length += 1
                one += step
        return length

    def price(self, person: int, slot: int) -> float:
        """Return how much worse the plan gets with the person on the slot (who has it not yet)."""
        facts, load = self.able[slot][person], self.load[person]
        hours = self.slots[slot].hours
        cost = hours * (2 * load[0] + hours) / 16 + facts.wish
        if facts.weekend:
            cost += _WEEKEND * (2 * load[1] + 1) / 2
        if facts.night:
            cost += _NIGHTS * (2 * load[2] + 1) / 2
        return cost + self._row_price(person, slot)

    def _row_price(self, person: int, slot: int) -> float:
        # The same hours on the days around are worth something.
        mine = self.slots[slot]
        around = 0
        for other in self.held[person]:
            distance = abs(self.slots[other].starts_at - mine.starts_at)
            around += distance == _DAY
        return _BROKEN_ROW * (2 - around)


def _too_near(one: Period, other: Period, rest: timedelta) -> bool:
    return one.starts_at < other.ends_at + rest and other.starts_at < one.ends_at + rest


def propose(
    slots: Sequence[Period], people: Sequence[Planner], *, seconds: float = MOST_SECONDS
) -> Plan:
    """Return a plan for the slots, which are in the order of time.

    :param seconds: when to stop making it better; it is whole before that
    """
    until = monotonic() + seconds
    rota = _prepared(slots, people)
    for slot in sorted(range(len(slots)), key=lambda one: (len(rota.able[one]), one)):
        free = [person for person in rota.able[slot] if rota.conflicts(person, slot) == []]
        if free:
            rota.give(slot, min(free, key=lambda one: (rota.price(one, slot), one)))
    for slot, person in enumerate(rota.holder):
        if person is None:
            _free_somebody(rota, slot)
    while monotonic() < until and (_move(rota, until) or _exchange(rota, until)):
        pass
    empty = [slot for slot, person in enumerate(rota.holder) if person is None]
    return Plan(rota.holder, {slot: _reasons(rota, slot) for slot in empty})


def _prepared(slots: Sequence[Period], people: Sequence[Planner]) -> _Rota:
    by_key = {person.key: person for person in sorted(people, key=lambda one: one.key)}
    able: list[dict[int, _Facts]] = []
    for slot in slots:
        of_slot = {}
        for key, person in by_key.items():
            days = local_days(person, slot)
            if _touches(days, person.absent) or not is_awake(person, slot):
                continue
            wish = _UNWANTED * _touches(days, person.unwanted)
            wish += _WANTED * _touches(days, person.wanted)
            of_slot[key] = _Facts(is_weekend(person, slot), is_night(person, slot), days, wish)
        able.append(of_slot)
    rota = _Rota(slots, by_key, able, [None] * len(slots), {key: set() for key in by_key})
    for key, person in by_key.items():
        figures = figures_of(person, person.taken)
        rota.load[key] = [figures.hours, figures.weekends, figures.nights]
    return rota


def _free_somebody(rota: _Rota, slot: int) -> bool:
    """Fill an empty slot by passing on the shifts that keep somebody from it."""
    for person in sorted(rota.able[slot], key=lambda one: rota.price(one, slot)):
        in_the_way = rota.conflicts(person, slot)
        if not in_the_way:
            continue
        for other in in_the_way:
            rota.give(other, None)
        rota.give(slot, person)
        moved = []
        for other in in_the_way:
            others = [one for one in rota.able[other] if rota.conflicts(one, other) == []]
            if not others:
                break
            rota.give(other, min(others, key=lambda one: (rota.price(one, other), one)))
            moved.append(other)
        if len(moved) == len(in_the_way) and rota._row_with(person, slot) <= MOST_DAYS_IN_A_ROW:
            return True
        for other in moved:
            rota.give(other, None)
        rota.give(slot, None)
        for other in in_the_way:
            rota.give(other, person)
    return False


def _move(rota: _Rota, until: float) -> bool:
    """Give each slot to whom it costs least; return whether anything changed."""
    changed = False
    for slot, holder in enumerate(rota.holder):
        if holder is None or len(rota.able[slot]) < 2:
            continue
        if monotonic() > until:
            return False
        rota.give(slot, None)
        best, best_price = holder, rota.price(holder, slot)
        for person in rota.able[slot]:
            price = rota.price(person, slot)
            if price < best_price - 1e-9 and rota.conflicts(person, slot) == []:
                best, best_price = person, price
        rota.give(slot, best)
        changed = changed or best != holder
    return changed


def _exchange(rota: _Rota, until: float) -> bool:
    """Exchange two slots of two people where that is better; return whether anything changed."""
    changed = False
    for one in range(len(rota.slots)):
        for other in range(one + 1, min(one + 60, len(rota.slots))):
            if monotonic() > until:
                return False
            changed = _exchange_pair(rota, one, other) or changed
    return changed


def _exchange_pair(rota: _Rota, one: int, other: int) -> bool:
    first, second = rota.holder[one], rota.holder[other]
    if first is None or second is None or first == second:
        return False
    if second not in rota.able[one] or first not in rota.able[other]:
        return False
    rota.give(one, None)
    rota.give(other, None)
    before = rota.price(first, one) + rota.price(second, other)
    after = rota.price(second, one) + rota.price(first, other)
    is_better = (
        after < before - 1e-9
        and rota.conflicts(second, one) == []
        and rota.conflicts(first, other) == []
    )
    rota.give(one, second if is_better else first)
    rota.give(other, first if is_better else second)
    return is_better


def _reasons(rota: _Rota, slot: int) -> dict[str, int]:
    """Return why nobody has the slot: asleep, absent, on another shift, no rest, too many days."""
    found: Counter[str] = Counter()
    mine = rota.slots[slot]
    for key, person in rota.people.items():
        theirs = [*person.taken, *(rota.slots[other] for other in rota.held[key])]
        if not is_awake(person, mine):
            found["asleep"] += 1
        elif _touches(local_days(person, mine), person.absent):
            found["absent"] += 1
        elif any(mine.overlaps(other) for other in theirs):
            found["on_shift"] += 1
        elif rota.conflicts(key, slot) != []:
            near = any(_too_near(mine, other, REST) for other in theirs)
            found["no_rest" if near else "too_many_days"] += 1
    return dict(found)


def figures_of(person: Planner, periods: Sequence[Period]) -> Figures:
    """Return the person's load of these shifts."""
    return Figures(
        shifts=len(periods),
        hours=sum(one.hours for one in periods),
        weekends=sum(is_weekend(person, one) for one in periods),
        nights=sum(is_night(person, one) for one in periods),
        against_wish=sum(_touches(local_days(person, one), person.unwanted) for one in periods),
    )


def hours_to_move(slots: Sequence[Period], people: Sequence[Planner]) -> int | None:
    """Return by how many hours to move all hand-overs so that somebody is awake for every slot.

    The smallest move, later before earlier; None where no move helps. Looks at every seventh day
    and the last one, so that both sides of a change to or from daylight saving are among them.
    """
    if not slots:
        return None
    first = slots[0].starts_at
    sample = [
        one
        for one in slots
        if (one.starts_at - first).days % 7 == 0 or slots[-1].starts_at - one.starts_at < _DAY
    ]
    for hours in sorted(range(-12, 12), key=lambda n: (abs(n), -n)):
        moved = [
            Period(one.starts_at + timedelta(hours=hours), one.ends_at + timedelta(hours=hours))
            for one in sample
        ]
        if all(any(is_awake(person, one) for person in people) for one in moved):
            return hours
    return None
