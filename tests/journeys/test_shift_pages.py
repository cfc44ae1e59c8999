"""The rota at work in a browser: every page of it, and the story of a shift from plan to report."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from juno_support.accounts.models import User
from juno_support.lib import clock
from juno_support.outbox.models import Delivery
from supportunits.actions import plans, shift_clock, shift_log, shift_meeting
from supportunits.models import ContactRole, Shift, ShiftPlan, ShiftType
from supportunits.rota import monday_of
from tests import make
from tests.cast import Cast
from tests.journeys.conftest import PageOf
from tests.journeys.windows import NARROW
from tests.tickets.make import make_ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(480)]

HAND_OVERS = (time(6), time(14), time(22))
ZONES = ["Asia/Shanghai"] * 3 + ["Europe/Moscow"] * 2 + ["Europe/Rome"] * 2 + ["Europe/Paris"] * 2
NAMES = ("Bo Sun", "Dan Wu", "Xin Li", "Olga Belova", "Pavel Sokolov", "Luca Conti")
NAMES += ("Sofia Ricci", "Anne Girard", "Marc Petit")


@pytest.fixture
def team(cast: Cast) -> list[User]:
    """Shifters of juno in Beijing, Moscow, Rome and Lyon."""
    people = [
        make.make_user(username=name.split()[0].lower(), name=name, time_zone=zone)
        for name, zone in zip(NAMES, ZONES, strict=True)
    ]
    for person in people:
        make.join_vo(vo=cast.juno, user=person, is_shifter=True)
        make.make_on_call_contact(user=person, im_address=f"matrix:@{person.username}:juno.org")
    return people


@pytest.fixture
def within_a_shift(db: None) -> Iterator[None]:
    """Move the clock on where a hand-over is near: the shift that runs must run to the end."""
    now = clock.now()
    ends = (datetime.combine(now.date(), each, UTC) for each in HAND_OVERS)
    left = min((end - now) % timedelta(days=1) for end in ends)
    on = left + timedelta(minutes=1) if left < timedelta(minutes=10) else timedelta(0)
    clock.advance(on)
    yield
    clock.advance(-on)


@pytest.fixture
def kind(cast: Cast, team: list[User], within_a_shift: None) -> ShiftType:
    """A rota of four weeks that began last week; Ada manages juno, Boris is a shifter, too."""
    now = clock.now()
    make.join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    make.make_contact(card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=cast.ada)
    kind = make.make_shift_type(vo=cast.juno, name="Shift", days=1, hand_overs=list(HAND_OVERS))
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


def test_a_rota_from_the_plan_to_the_report(
    cast: Cast,
    kind: ShiftType,
    running: Shift,
    page_of: PageOf,
    looked_at: Callable[[Page, str], None],
) -> None:
    """A plan is proposed and accepted, a shift swapped, the running one worked and handed over."""
    now = clock.now()
    manager = page_of(cast.ada)
    manager.goto("/shifts/juno/plan/")
    manager.get_by_label("From", exact=True).fill((now.date() + timedelta(weeks=8)).isoformat())
    manager.get_by_label("Weeks").fill("2")
    manager.get_by_role("checkbox", name=re.compile("Boris")).uncheck()
    manager.get_by_role("button", name="Propose").click()
    expect(manager.get_by_text("Every slot has somebody.")).to_be_visible()
    looked_at(manager, "plan")
    slot = manager.locator("#slot-0")
    slot.get_by_role("combobox").select_option(label="Marc Petit")
    slot.get_by_role("button", name="Give").click()
    expect(manager.locator("#slot-0 strong")).to_have_text("Marc Petit")
    manager.get_by_role("button", name="Accept the plan").click()
    expect(manager.get_by_text("42 shifts are on the rota.")).to_be_visible()
    assert ShiftPlan.objects.latest("pk").state == "ACCEPTED"

    # A colleague is asked, and answers on the page to which the mail leads.
    mine = Shift.objects.filter(starts_at__gt=now, person__isnull=False).order_by("starts_at")[3]
    asker = page_of(mine.person, width=NARROW["width"])
    asker.goto(f"/shifts/-/shift/{mine.pk}/")
    asker.get_by_label("Ask", exact=False).first.select_option(label="Boris Lefèvre (Europe/Paris)")
    asker.get_by_label("A word").fill("My train is late that day.")
    asker.get_by_role("button", name="Ask for a swap").click()
    expect(asker.get_by_text("were asked by mail")).to_be_visible()
    mail = Delivery.objects.get(kind="shift.swap-asked")
    assert mail.to_address == cast.boris.email
    link = re.search(r"/shifts/-/swaps/\d+/", mail.body)
    assert link is not None
    boris = page_of(cast.boris, width=NARROW["width"])
    boris.goto(link[0])
    expect(boris.get_by_text("My train is late that day.")).to_be_visible()
    looked_at(boris, "swap")
    boris.get_by_role("button", name="I take it").click()
    expect(boris.get_by_role("heading", name="Boris Lefèvre")).to_be_visible()

    # Whoever is on shift is TPM operator, works and hands over.
    shifter = page_of(running.person, width=NARROW["width"])
    assert shifter.goto("/tpm/").status == 200  # type: ignore[union-attr]
    shifter.goto(f"/shifts/-/shift/{running.pk}/")
    for box in shifter.get_by_role("checkbox").all():
        box.check()
    shifter.get_by_role("button", name="Keep the check-list").click()
    expect(shifter.get_by_text("4/4")).to_be_visible()
    shifter.goto("/shifts/juno/log/")
    shifter.get_by_label("What happened").fill("IN2P3-CC rebooted a disk server.")
    shifter.get_by_role("button", name="Write").click()
    entry = shifter.get_by_role("listitem").filter(has_text="rebooted a disk server")
    expect(entry.get_by_role("link", name="IN2P3-CC")).to_be_visible()
    shifter.goto(f"/shifts/-/shift/{running.pk}/")
    shifter.get_by_label("Note to the next shifter").fill("IN2P3-CC is back. **All calm.**")
    shifter.get_by_role("button", name="Hand over").click()
    expect(shifter.get_by_text("Handed over.")).to_be_visible()

    # The clock goes on to the next shift: the role goes with it.
    following = shift_log.next_shift(running)
    assert following is not None and following.person is not None
    on = running.ends_at - clock.now() + timedelta(minutes=5)
    clock.advance(on)
    try:
        if following.person != running.person:
            assert shifter.goto("/tpm/").status == 403  # type: ignore[union-attr]
        after = page_of(following.person)
        assert after.goto("/tpm/").status == 200  # type: ignore[union-attr]
        after.goto(f"/shifts/-/shift/{following.pk}/")
        expect(after.get_by_text("IN2P3-CC is back.")).to_be_visible()
        after.get_by_role("button", name="I have read it and take over").click()
        expect(after.get_by_text("You took over.")).to_be_visible()
        after.goto(f"/shifts/juno/report/?shift={running.pk}")
        expect(after.get_by_text("rebooted a disk server")).to_be_visible()
        expect(after.get_by_text("handed over", exact=True)).to_be_visible()
        after.goto("/shifts/juno/meeting/")
        expect(after.get_by_text("Ask CNAF for a second contact", exact=True)).to_be_visible()
    finally:
        clock.advance(-on)


def test_twelve_weeks_round_the_clock_across_both_daylight_saving_sundays(
    cast: Cast, team: list[User], page_of: PageOf
) -> None:
    """The manager makes the type of shift, and plans twelve weeks around each of the Sundays."""
    make.make_contact(card=make.make_card(vo=cast.juno), role=ContactRole.MANAGER, account=cast.ada)
    cast.ada.time_zone = "UTC"
    cast.ada.save()
    manager = page_of(cast.ada)
    manager.goto("/shifts/juno/")
    manager.get_by_text("Make a type of shift").click()
    form = manager.locator("#types details").last
    form.get_by_label("Name", exact=True).fill("Shift")
    form.get_by_label("Days that one shift lasts").fill("1")
    form.get_by_label("Hand-over times (UTC)").fill("06:00 14:00 22:00")
    form.get_by_role("button", name="Make it").click()
    expect(manager.get_by_text("Saved.")).to_be_visible()

    for month in (3, 10):
        sunday = _next_change_of_clocks(month)
        first = monday_of(sunday) - timedelta(weeks=6)
        manager.goto("/shifts/juno/plan/")
        manager.get_by_label("From", exact=True).fill(first.isoformat())
        manager.get_by_label("Weeks").fill("12")
        manager.get_by_role("button", name="Propose").click()
        expect(manager.get_by_text("Every slot has somebody.")).to_be_visible()
        manager.get_by_role("button", name="Accept the plan").click()
        expect(manager.get_by_text("252 shifts are on the rota.")).to_be_visible()

        # What the rota says, page after page: one shift after the other, each with a person.
        manager.goto(f"/shifts/juno/?from={first.isoformat()}")
        shown: dict[str, str] = {}
        for _ in range(4):
            for chip in manager.locator(".rota-chip:not(.is-gap)").all():
                shown[str(chip.get_attribute("title"))] = chip.locator(".rota-name").inner_text()
            before = manager.url
            manager.get_by_role("link", name="Later").click()
            # The page before has the same heading; the whole of the next one is to be read.
            manager.wait_for_url(lambda url, before=before: url != before)
            expect(manager.get_by_role("heading", name="Rota of juno")).to_be_visible()
        assert len(shown) == 252
        assert set(shown.values()) == set(NAMES)
        shifts = list(Shift.objects.filter(starts_at__date__gte=first).order_by("starts_at")[:252])
        for one, after in pairwise(shifts):
            assert one.ends_at == after.starts_at
        assert shifts[0].starts_at < _noon(sunday) < shifts[-1].ends_at
        assert shifts[-1].ends_at - shifts[0].starts_at == timedelta(weeks=12)
        for shift in shifts:
            assert shift.person is not None
            at_home = shift.starts_at.astimezone(ZoneInfo(shift.person.time_zone))
            until = (shift.ends_at - timedelta(seconds=1)).astimezone(at_home.tzinfo)
            assert at_home.hour >= 6 and until.date() == at_home.date(), shift


def _next_change_of_clocks(month: int) -> date:
    """Return the next last Sunday of a month, far enough ahead for a plan around it."""
    today = clock.now().date()
    for year in (today.year, today.year + 1, today.year + 2):
        last = date(year, month, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday > today + timedelta(weeks=8):
            return sunday
    raise AssertionError("There is such a Sunday every year.")


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
