"""Two tickets over a weekend: filed on Friday, one for Beijing, one for Rome, and left alone.

The demo's clock is moved from colour to colour: each unit's Monday begins at its own hour. The
portal is this journey's own, because others would not expect its weekend.
"""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from juno_support.lib.working_time import Calendar, is_working_day
from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, number_shown, write
from tests.journeys.portal import PATIENCE, Portal, running_portal
from tests.journeys.windows import WIDE, Windows

pytestmark = pytest.mark.timeout(1500)

ROME, BEIJING = ZoneInfo("Europe/Rome"), ZoneInfo("Asia/Shanghai")
MARK = uuid4().hex[:6]
TO_BEIJING, TO_ROME = f"Slots in Beijing {MARK}", f"Tapes in Bologna {MARK}"
AMBER, RED = "Three quarters of the time to respond", "The time to respond has passed"


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """Run a portal whose clock this journey moves."""
    with running_portal() as portal:
        yield portal


@pytest.fixture
def window_of(portal: Portal, chromium: Browser) -> Iterator[PageOf]:
    """Return a function that opens a window on that portal."""
    windows = Windows(chromium, portal.url)

    def open_window(username: str, width: int = WIDE["width"]) -> Page:
        return windows.open(width, storage_state=portal.cookies_of(username, chromium))

    yield open_window
    windows.close()
    assert windows.complaints == []


def test_a_ticket_goes_through_yellow_amber_and_red_across_a_weekend(
    portal: Portal, window_of: PageOf
) -> None:
    friday = _plain_friday(_now(portal))
    monday = friday + timedelta(days=3)
    _move(portal, friday.replace(hour=16, tzinfo=ROME))
    ada = window_of("ada")
    in_beijing = _file(ada, TO_BEIJING, "BEIJING-LCG2")
    in_rome = _file(ada, TO_ROME, "INFN-T1")
    expect_status(ada, "assigned")

    # Saturday: nobody works, nothing moves.
    _move(portal, (friday + timedelta(days=1)).replace(hour=12, tzinfo=ROME))
    hao = window_of("hao")
    _expect_colours(hao, beijing="green", rome="green")

    # Monday in Beijing, where Rome sleeps: four working hours from half past eight.
    _move(portal, monday.replace(hour=10, minute=35, tzinfo=BEIJING))
    _expect_colours(hao, beijing="yellow", rome="green")
    _move(portal, monday.replace(hour=11, minute=35, tzinfo=BEIJING))
    _expect_colours(hao, beijing="amber", rome="green")
    _expect_told(hao, "hao@people.example.org", in_beijing, AMBER)
    _move(portal, monday.replace(hour=12, minute=35, tzinfo=BEIJING))
    _expect_colours(hao, beijing="red", rome="green")
    carla = window_of("carla")
    _expect_told(carla, "tpm@juno.example.org", in_beijing, RED)
    _expect_told(hao, "hao@people.example.org", in_beijing, RED)  # Hao manages the unit
    hao.goto("/tickets/?q=is:late")
    expect(hao.locator(".ticket-row", has_text=TO_BEIJING)).to_be_visible()
    expect(hao.locator(".ticket-row", has_text=TO_ROME)).to_have_count(0)

    # Monday in Rome: an hour and a half of Friday had passed.
    giulia = window_of("giulia")
    _move(portal, monday.replace(hour=9, minute=20, tzinfo=ROME))
    _expect_colours(giulia, beijing="red", rome="yellow")
    _move(portal, monday.replace(hour=10, minute=20, tzinfo=ROME))
    _expect_colours(giulia, beijing="red", rome="amber")
    _expect_told(giulia, "giulia@people.example.org", in_rome, AMBER)

    # Rome answers in time, Beijing after the end.
    giulia.goto(f"/tickets/{in_rome}/")
    write(giulia, "The tape robot is being repaired; tomorrow it works again.")
    expect_status(giulia, "in progress")
    expect(giulia.locator("#ticket-head .clock")).to_have_count(0)
    expect(giulia.locator(".response-list")).to_contain_text(re.compile("INFN-T1 answered after"))
    hao.goto(f"/tickets/{in_beijing}/")
    expect(hao.locator("#ticket-head .clock")).to_have_attribute("data-clock", "red")
    entry = hao.locator("#entries > li", has_text="BEIJING-LCG2's managers and TPM were told")
    expect(entry).to_contain_text("internal")
    hao.get_by_role("button", name="Take it").click()
    expect_status(hao, "in progress")
    expect(hao.locator(".response-list")).to_contain_text("too late")

    # Rome's hour of red comes, and nobody is told.
    _move(portal, monday.replace(hour=12, tzinfo=ROME))
    giulia.goto("/tickets/?q=is:late")
    expect(giulia.locator(".ticket-row", has_text=TO_ROME)).to_have_count(0)
    ada.goto(f"/tickets/{in_rome}/")
    expect(ada.locator("#entries")).not_to_contain_text("were told")


def _plain_friday(now: datetime) -> datetime:
    """Return the next Friday, at noon, around which both units have a plain weekend."""
    china, italy = Calendar(country="CN"), Calendar(country="IT")
    day = now.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        day += timedelta(days=1)
        around = [(day + timedelta(days=after)).date() for after in range(4)]
        if day.weekday() == 4 and all(
            [is_working_day(calendar, each) for each in around] == [True, False, False, True]
            for calendar in (china, italy)
        ):
            return day


def _now(portal: Portal) -> datetime:
    said = portal.manage("demo", "clock").strip()
    return datetime.strptime(said, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)


def _move(portal: Portal, to: datetime) -> None:
    seconds = int((to - _now(portal)).total_seconds())
    assert seconds > 0, f"the clock has passed {to} already"
    portal.manage("demo", "clock", f"--advance={seconds}s")


def _file(page: Page, subject: str, unit: str) -> int:
    page.goto("/tickets/new/")
    page.get_by_label("What happened?").fill(subject)
    page.get_by_label("Details").fill("Nothing moves since noon.")
    page.locator("input[name=priority][value='4']").check()
    page.get_by_role("heading", name="More details").click()
    page.get_by_label("Or a support unit").select_option(label=unit)
    page.get_by_role("button", name="File the ticket").click()
    return number_shown(page)


def _expect_colours(page: Page, *, beijing: str, rome: str) -> None:
    page.goto(f"/tickets/?q={MARK}")
    for subject, colour in ((TO_BEIJING, beijing), (TO_ROME, rome)):
        row = page.locator(".ticket-row", has_text=subject)
        expect(row.locator(".clock")).to_have_attribute("data-clock", colour)


def _expect_told(page: Page, address: str, number: int, heading: str) -> None:
    """Wait for a mail to an address that names the ticket under a heading."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        page.goto(f"/outbox/caught/?to={address}")
        links = page.get_by_role("main").get_by_role("listitem").get_by_role("link").all()
        for path in [link.get_attribute("href") for link in links[:5]]:
            page.goto(path or "")
            words = page.locator(".mail-text").inner_text()
            before, found, _after = words.partition(f"#{number} ")
            headings = [each for each in (RED, AMBER) if each in before]
            if found and headings and max(headings, key=before.rindex) == heading:
                return
        time.sleep(2)
    raise AssertionError(f"no mail to {address} says of #{number}: {heading}")
