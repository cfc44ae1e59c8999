"""The pages of shifts in a browser, with a rota of real size: wide, narrow, light, dark, axe."""

from collections.abc import Callable
from datetime import time, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from juno_support.lib import clock
from supportunits.actions import plans, shift_clock, shift_log, shift_meeting, swaps
from supportunits.models import ContactRole, Shift, ShiftPlan, ShiftType
from supportunits.rota import monday_of
from tests import make
from tests.cast import Cast
from tests.journeys.conftest import PageOf
from tests.journeys.windows import NARROW
from tests.tickets.make import make_ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(480)]

ZONES = ["Asia/Shanghai"] * 3 + ["Europe/Moscow"] * 2 + ["Europe/Rome"] * 2 + ["Europe/Paris"] * 2
NAMES = ("Bo Sun", "Dan Wu", "Xin Li", "Olga Belova", "Pavel Sokolov", "Luca Conti")
NAMES += ("Sofia Ricci", "Anne Girard", "Marc Petit")


@pytest.fixture
def kind(cast: Cast) -> ShiftType:
    """A rota of four weeks that began last week; Ada manages juno, Boris is a shifter, too."""
    now = clock.now()
    team = [
        make.make_user(username=name.split()[0].lower(), name=name, time_zone=zone)
        for name, zone in zip(NAMES, ZONES, strict=True)
    ]
    for person in team:
        make.join_vo(vo=cast.juno, user=person, is_shifter=True)
        make.make_on_call_contact(user=person, im_address=f"matrix:@{person.username}:juno.org")
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    make.make_contact(card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=cast.ada)
    kind = make.make_shift_type(
        vo=cast.juno, name="Shift", days=1, hand_overs=[time(6), time(14), time(22)]
    )
    plan = plans.propose_plan(
        kind=kind,
        first_day=monday_of(now.date()) - timedelta(days=7),
        weeks=4,
        people=team,
        by=cast.ada,
        at=now - timedelta(days=15),
        key=uuid4(),
    )
    plans.accept_plan(plan=plan, by=cast.ada, at=now - timedelta(days=15))
    return kind


@pytest.fixture
def running(cast: Cast, kind: ShiftType) -> Shift:
    """The shift that runs, with a log and the note of the one before."""
    now = clock.now()
    shift = Shift.objects.select_related("person", "type__vo").get(
        starts_at__lte=now, ends_at__gt=now
    )
    ticket = make_ticket(by=cast.ada, at=now, vo=cast.juno, affected_sites=[cast.in2p3])
    before = shift_log.shift_before(shift)
    assert before is not None and before.person is not None and shift.person is not None
    shift_log.hand_over(
        shift=before,
        note=f"**IN2P3-CC** was slow for two hours.\n\n- #{ticket.pk} waits for the site",
        by=before.person,
        at=before.ends_at,
    )
    for text in ("IN2P3-CC answered on the phone.", f"Looked at #{ticket.pk} with production."):
        shift_log.write_log(
            vo=cast.juno, text=text, by=shift.person, at=now, key=uuid4(), tickets=[ticket.pk]
        )
    for what, person in (("Ask CNAF for a second contact", cast.boris), ("Write it down", None)):
        shift_meeting.add_action(
            vo=cast.juno,
            week=monday_of(now.date()),
            what=what,
            person=person,
            due_on=now.date() - timedelta(days=1),
            by=cast.ada,
            at=now,
            key=uuid4(),
        )
    shift_clock.make_cards_of_day(at=now)
    return shift


def test_every_page_of_shifts_looks_as_it_should(
    cast: Cast,
    kind: ShiftType,
    running: Shift,
    page_of: PageOf,
    looked_at: Callable[[Page, str], None],
) -> None:
    manager = page_of(cast.ada)
    manager.goto("/shifts/juno/")
    expect(manager.get_by_role("heading", name="Rota of juno")).to_be_visible()
    looked_at(manager, "rota")
    manager.goto("/shifts/juno/plan/")
    looked_at(manager, "propose-plan")
    shifter = page_of(running.person, width=NARROW["width"])
    for name, address in (
        ("shifts-home", "/shifts/"),
        ("shift", f"/shifts/-/shift/{running.pk}/"),
        ("shift-log", "/shifts/juno/log/"),
        ("since-my-last-shift", "/shifts/juno/since/"),
        ("shift-report", "/shifts/juno/report/"),
        ("weekly-meeting", "/shifts/juno/meeting/"),
        ("on-call-card", "/shifts/juno/card/"),
        ("shifters", "/shifts/juno/people/"),
        ("my-shifts", "/shifts/-/me/"),
    ):
        shifter.goto(address)
        looked_at(shifter, name)


def test_a_draft_of_a_plan_and_a_swap_look_as_they_should(
    cast: Cast, kind: ShiftType, page_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    now = clock.now()
    manager = page_of(cast.ada)
    manager.goto("/shifts/juno/plan/")
    manager.get_by_label("From").fill((now.date() + timedelta(weeks=8)).isoformat())
    manager.get_by_label("Weeks").fill("2")
    for box in manager.get_by_role("checkbox").all()[:5]:
        box.uncheck()
    manager.get_by_role("button", name="Propose").click()
    expect(manager.get_by_role("heading", name="How the load lies")).to_be_visible()
    looked_at(manager, "plan")
    manager.get_by_role("button", name="Accept the plan").click()
    expect(manager.get_by_text("shifts are on the rota.")).to_be_visible()
    assert ShiftPlan.objects.latest("pk").state == "ACCEPTED"

    mine = Shift.objects.filter(starts_at__gt=now, person__isnull=False).order_by("starts_at")[0]
    assert mine.person is not None
    swap = swaps.ask_swap(
        shift=mine,
        asked_of=cast.boris,
        in_exchange=None,
        message="My train is late.",
        by=mine.person,
        at=now,
    )
    boris = page_of(cast.boris, width=NARROW["width"])
    boris.goto(f"/shifts/-/swaps/{swap.pk}/")
    looked_at(boris, "swap")
    boris.get_by_role("button", name="I take it").click()
    expect(boris.get_by_role("heading", name="Boris Lefèvre")).to_be_visible()
