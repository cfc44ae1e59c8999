"""The TPM desk: twenty tickets without a mouse, undone in between; and without a script."""

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import at_rest, walk_to
from tests.journeys.portal import Portal

pytestmark = pytest.mark.timeout(600)

_FILE = """
import uuid
from juno_support.accounts.models import User
from juno_support.lib import clock
from tickets.actions import submit
from topology.models import Site
eve = User.objects.get(username="eve")
sites = list(Site.objects.filter(name="JINR-T1"))
print([submit.submit_ticket(
    draft_id=uuid.uuid4(), by=eve, at=clock.now(), subject=f"{batch} no. {n:02}",
    description="Pilots end with exit code 1.", affected_sites=sites,
).pk for n in range(many)])
"""
_TELL = """
import json
from tickets.models import Ticket
print(json.dumps({t.pk: [t.unit.name, t.status, t.category, t.diary.count()]
                  for t in Ticket.objects.filter(pk__in=numbers).select_related("unit")}))
"""


def _file(portal: Portal, many: int) -> tuple[str, list[int]]:
    """File tickets as Eve would; return their common words and their numbers."""
    batch = f"Batch {uuid4().hex[:6]}"
    said = portal.manage("shell", "-v0", "-c", f"batch, many = {batch!r}, {many}\n{_FILE}")
    return batch, json.loads(said.strip().splitlines()[-1])


def _tell(portal: Portal, numbers: list[int]) -> dict[int, list[str]]:
    """Return unit, status, category and number of diary entries of each ticket."""
    said = portal.manage("shell", "-v0", "-c", f"numbers = {numbers!r}\n{_TELL}")
    return {int(key): row for key, row in json.loads(said.strip().splitlines()[-1]).items()}


def _expect_shown(page: Page, subject: str) -> None:
    """Expect a ticket to be the selected one, with its preview, and the focus on its line."""
    expect(page.locator(".ticket-row.is-selected")).to_contain_text(subject)
    expect(page.locator("#preview h2").first).to_have_text(subject)
    at_rest(page)


def test_twenty_tickets_by_keyboard_alone(window_of: PageOf, portal: Portal) -> None:
    batch, numbers = _file(portal, 20)
    names = [f"{batch} no. {number:02}" for number in range(20)]
    page = window_of("carla")
    keys = page.keyboard
    page.goto("/tpm/")
    walk_to(page, names[0])

    # Eight suggestions are accepted; the third is taken back in between, and accepted again.
    for place in range(8):
        _expect_shown(page, names[place])
        keys.press("1")
        said = page.get_by_role("status").filter(has_text=f"#{numbers[place]} went to JINR-T1")
        expect(said).to_be_visible()
        if place == 2:
            at_rest(page)
            keys.press("u")
            _expect_shown(page, names[2])
            keys.press("1")
            expect(said).to_be_visible()

    # Four go to a unit that is typed, and found although it is not written in full.
    for place in range(8, 12):
        _expect_shown(page, names[place])
        keys.press("a")
        expect(page.get_by_label(re.compile("^Unit or site"))).to_be_focused()
        keys.type("JUNO-Produc" if place == 8 else "JUNO-Production")
        keys.press("Enter")
        expect(
            page.get_by_role("status").filter(has_text=f"#{numbers[place]} went to JUNO-Production")
        ).to_be_visible()

    # Two are duplicates of the first.
    for place in (12, 13):
        _expect_shown(page, names[place])
        keys.press("2")
        expect(page.get_by_label("Duplicate of")).to_be_focused()
        keys.type(f"#{numbers[0]}")
        keys.press("Enter")
        said = page.get_by_role("status").filter(has_text=f"#{numbers[place]} is a duplicate now")
        expect(said).to_be_visible()

    # Two questions from a ready text, whose field is filled in; a key typed there is only a letter.
    for place in (14, 15):
        _expect_shown(page, names[place])
        keys.press("3")
        words = page.get_by_label("Your question")
        expect(words).to_be_focused()
        chip = page.get_by_role("link", name="Which job?")
        while not chip.evaluate("chip => chip === document.activeElement"):
            keys.press("Shift+Tab")
        keys.press("Enter")
        expect(words).to_have_value(re.compile("^Dear Eve Martin,"))
        expect(words).to_be_focused()
        keys.type(" Thanks, juxtaposed h, s, u and 1.")
        expect(words).to_have_value(re.compile("and 1.$"))
        keys.press("Control+Enter")
        expect(page.get_by_role("status").filter(has_text="the submitter is asked")).to_be_visible()

    # Two wait for a date.
    for place in (16, 17):
        _expect_shown(page, names[place])
        keys.press("h")
        expect(page.get_by_label("Reason", exact=True).last).to_be_focused()
        keys.type("Waits for the maintenance of the site.")
        keys.press("Tab")
        keys.type("12312098")
        keys.press("Tab")
        keys.type("1000AM")
        keys.press("Enter")
        expect(page.get_by_role("status").filter(has_text="is on hold")).to_be_visible()

    # One is spam, taken for none, and spam after all.
    _expect_shown(page, names[18])
    keys.press("s")
    expect(page.get_by_role("status").filter(has_text="discarded as spam")).to_be_visible()
    at_rest(page)
    keys.press("u")
    _expect_shown(page, names[18])
    keys.press("s")
    expect(page.get_by_role("status").filter(has_text="discarded as spam")).to_be_visible()
    _expect_shown(page, names[19])

    # The last is selected, and assigned with all that are selected.
    keys.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    keys.press("a")
    page.wait_for_url(re.compile("/tpm/selected/"))
    expect(page.get_by_label("Unit or site")).to_be_focused()
    keys.type("JUNO-Production")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/tpm/\?.*done="))

    told = _tell(portal, numbers)
    rows = [told[number] for number in numbers]
    assert [row[:2] for row in rows[:8]] == [["JINR-T1", "ASSIGNED"]] * 8
    assert [row[:2] for row in rows[8:12]] == [["JUNO-Production", "ASSIGNED"]] * 4
    assert [row[1] for row in rows[12:14]] == ["ON_HOLD"] * 2
    assert [(row[1], row[3]) for row in rows[14:16]] == [("WAITING_FOR_REPLY", 1)] * 2
    assert [row[1] for row in rows[16:18]] == ["ON_HOLD"] * 2
    assert rows[18][1:3] == ["CLOSED", "SPAM"]
    assert rows[19][:2] == ["JUNO-Production", "ASSIGNED"]


def test_the_desk_without_a_script(window_of: PageOf, portal: Portal) -> None:
    batch, numbers = _file(portal, 4)
    page = window_of("carla", java_script_enabled=False)

    def show(place: int) -> None:
        page.goto(f"/tpm/?ticket={numbers[place]}")
        expect(page.locator("#preview h2").first).to_have_text(f"{batch} no. {place:02}")

    show(0)
    page.get_by_role("button", name=re.compile("^1? ?JINR-T1")).first.click()
    expect(page.get_by_text(f"#{numbers[0]} went to JINR-T1")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#preview h2").first).to_have_text(f"{batch} no. 00")

    show(1)
    page.get_by_role("link", name="Ask the submitter").click()
    page.get_by_role("link", name="Which job?").click()
    expect(page.get_by_label("Your question")).to_have_value(re.compile("^Dear Eve Martin,"))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text(f"#{numbers[1]}: the submitter is asked.")).to_be_visible()

    show(2)
    page.get_by_role("button", name="Quota").click()
    expect(page.get_by_role("button", name="Quota", pressed=True)).to_be_visible()
    page.get_by_role("link", name="Duplicate of").click()
    page.get_by_label("Duplicate of").fill("the other")
    page.get_by_role("button", name="It is a duplicate").click()
    expect(page.get_by_text("Begin with the ticket's number")).to_be_visible()
    expect(page.get_by_label("Duplicate of")).to_have_value("the other")
    page.get_by_label("Duplicate of").fill(str(numbers[0]))
    page.get_by_role("button", name="It is a duplicate").click()
    expect(page.get_by_text("is a duplicate now")).to_be_visible()

    page.goto("/tpm/")
    for place in (0, 3):
        page.get_by_role("checkbox", name=f"Select #{numbers[place]}").check()
    page.get_by_role("button", name="Discard as spam").click()
    page.get_by_role("button", name="Discard", exact=True).click()
    expect(page.get_by_text(f"#{numbers[3]} is discarded as spam.")).to_be_visible()
    page.goto(f"/tpm/?list=discarded&ticket={numbers[3]}")
    page.get_by_role("button", name="Recover: it is no spam").click()
    expect(page.get_by_text(f"#{numbers[3]} is recovered")).to_be_visible()

    told = _tell(portal, numbers)
    assert [told[number][1] for number in numbers] == [
        "CLOSED",
        "WAITING_FOR_REPLY",
        "ON_HOLD",
        "NEW",
    ]


def test_the_desk_looks_as_designed(window_of: PageOf, looked_at) -> None:
    page = window_of("carla")
    page.goto("/tpm/")
    looked_at(page, "desk")
    for key, name in (("2", "duplicate"), ("3", "ask"), ("h", "hold")):
        page.goto("/tpm/?list=new")
        page.keyboard.press(key)
        expect(page.locator("#desk-form form")).to_be_visible()
        looked_at(page, f"desk-{name}")
    page.goto("/tpm/?list=discarded")
    looked_at(page, "desk-discarded")
    page.goto("/tpm/texts/")
    looked_at(page, "ready-texts")
    page.get_by_role("link", name="Change Which job?").click()
    expect(page.locator("#ready-preview .prose")).to_be_visible()
    looked_at(page, "ready-text")
    page.goto("/tpm/check-list/")
    looked_at(page, "check-list")
    admin = window_of("dmitri")
    admin.goto("/tpm/check-list/")
    looked_at(admin, "check-list-admin")
