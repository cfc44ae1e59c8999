"""The figure ``shift_plan``: a rota of twelve weeks, three shifts a day, twenty shifters."""

from __future__ import annotations

import time
from datetime import date, timedelta
from datetime import time as clock_time
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from bench.measure import Figure

WEEKS: Final = 12
# Across the Sunday on which Europe's clocks go forward.
FIRST: Final = date(2026, 2, 16)
_ZONES: Final = (
    *("Asia/Shanghai",) * 7,
    *("Europe/Moscow",) * 4,
    *("Europe/Rome",) * 5,
    *("Europe/Paris",) * 4,
)


def take_plan(figure: Figure) -> None:
    """Make a plan once; people are absent and wish something as they do."""
    from supportunits.models import ShiftType
    from supportunits.planning import Planner, propose
    from supportunits.rota import slots

    kind = ShiftType(days=1, hand_overs=[clock_time(6), clock_time(14), clock_time(22)])
    wanted = slots(kind, FIRST, WEEKS * 7)
    people = []
    for key, zone in enumerate(_ZONES, start=1):
        begins = FIRST + timedelta(days=4 * key)
        days = ((begins, begins + timedelta(days=6)),)
        people.append(
            Planner(
                key,
                ZoneInfo(zone),
                absent=days if key % 4 == 0 else (),
                unwanted=days if key % 4 == 1 else (),
                wanted=days if key % 4 == 2 else (),
            )
        )
    began = time.perf_counter()
    plan = propose(wanted, people)
    figure.times.append((time.perf_counter() - began) * 1000)
    if None in plan.people:
        raise AssertionError("the plan left a slot empty")
