"""The button of a form is pressed twice at once: one thing is made, and nobody sees an error."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
from django.db import transaction

from supportunits.actions import plans, shift_log, shift_meeting
from tests import make
from tests.beside import beside
from tests.cast import Cast
from tests.make import AT
from tickets.actions import ready_texts

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2026, 1, 19)


@pytest.fixture(params=["log", "action", "plan", "text", "item"])
def press(request: pytest.FixtureRequest, cast: Cast) -> Callable[[], object]:
    """Return what one press of the button does."""
    vo, key, at = cast.juno, uuid4(), AT
    vo.memberships.update(is_shifter=True)
    kind = make.make_shift_type(vo=vo)
    presses: dict[str, Callable[[], object]] = {
        "log": lambda: shift_log.write_log(vo=vo, text="x", by=cast.carla, at=at, key=key),
        "action": lambda: shift_meeting.add_action(
            vo=vo, week=MONDAY, what="x", person=None, due_on=None, by=None, at=at, key=key
        ),
        "plan": lambda: plans.propose_plan(
            kind=kind, first_day=MONDAY, weeks=1, people=[cast.ada], by=None, at=at, key=key
        ),
        "text": lambda: ready_texts.save_text(
            key=key, row=None, title="x", text="x", vo=None, by=cast.carla, at=at
        ),
        "item": lambda: ready_texts.save_item(
            key=key, row=None, words="x", how="", url="", position=1, by=cast.dmitri, at=at
        ),
    }
    return presses[request.param]


def test_two_presses_at_once_make_one_thing(press: Callable[[], object]) -> None:
    made = []
    with transaction.atomic():
        made.append(press())
        second = beside(lambda: made.append(press()))
    second.join(60)

    assert len(made) == 2
    assert made[0] == made[1]
