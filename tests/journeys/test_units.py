"""A new unit comes to life: asked for, opened, given people, its list proven, all in its trace."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.portal import reload_until

pytestmark = pytest.mark.timeout(480)

UNIT, LIST = "JUNO-Simulation", "simulation@juno.example.org"
PAGE = f"/units/{UNIT}/"


def _ask_for_a_place(page: Page, why: str) -> None:
    page.goto(PAGE)
    page.get_by_text("Become a supporter of this unit").click()
    page.get_by_label("Why?").fill(why)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("nobody has decided yet")).to_be_visible()


def _approve(page: Page, name: str, word: str) -> None:
    page.goto(PAGE)
    asking = page.get_by_role("region", name="Who asks to become a supporter")
    asking.get_by_label(f"A word to {name}").fill(word)
    asking.get_by_role("button", name=f"Approve {name}").click()
    expect(page.get_by_text(f"{name} is a supporter of {UNIT} now.")).to_be_visible()


def _caught(page: Page, address: str, subject: str) -> None:
    page.goto(f"/outbox/caught/?to={address}")
    link = page.get_by_role("link", name=re.compile(subject))
    reload_until(page, link.first)
    link.first.click()
    expect(page.get_by_role("region", name="Mail")).to_be_visible()
    page.wait_for_load_state()


def test_a_unit_is_asked_for_and_comes_to_life(
    window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    # A VO manager asks for a unit, and an admin opens it: it is reached by mail only.
    vera = window_of("vera")
    vera.goto("/units/-/requests/")
    vera.get_by_label("Name").fill(UNIT)
    vera.get_by_label("VO", exact=True).select_option("juno")
    vera.get_by_label("Mailing list").fill(LIST)
    vera.get_by_label("What it is for").fill("Generators, detector simulation, digitisation.")
    vera.get_by_role("button", name="Ask for the unit").click()
    expect(vera.get_by_text(f"You have asked for {UNIT}.")).to_be_visible()

    dmitri = window_of("dmitri")
    dmitri.goto("/units/-/requests/")
    looked_at(dmitri, "unit-requests")
    dmitri.get_by_role("button", name=f"Open the unit {UNIT}").click()
    expect(dmitri.get_by_role("heading", name=UNIT)).to_be_visible()
    expect(dmitri.get_by_text("it needs a supporter to be active")).to_be_visible()

    # The first who asks is approved by the admin, and manages the unit from then on.
    ivan = window_of("ivan")
    _ask_for_a_place(ivan, "I simulate backgrounds and wrote half of it.")
    _approve(dmitri, "Ivan Petrov", "Welcome. You manage it.")
    dmitri.get_by_role("button", name="Ivan Petrov manages the unit").click()
    expect(dmitri.get_by_text(f"Ivan Petrov manages {UNIT} now.")).to_be_visible()
    expect(dmitri.get_by_text("it needs a supporter to be active")).to_have_count(0)

    # The second is approved by the manager, and both hear of it.
    marta = window_of("marta")
    _ask_for_a_place(marta, "I look after the energy scale.")
    _approve(ivan, "Marta Gallo", "Gladly.")
    _caught(marta, "marta@people.example.org", f"{UNIT}: request of Marta Gallo accepted")
    expect(marta.get_by_text("Gladly.")).to_be_visible()

    # The list is proven by somebody who reads it, without an account.
    ivan.goto(PAGE)
    ivan.get_by_role("button", name="Send a test mail").click()
    expect(ivan.get_by_text(f"A test mail is on its way to {LIST}.")).to_be_visible()
    looked_at(ivan, "unit")
    reader = window_of(None)
    _caught(reader, LIST, "Does somebody read the list")
    found = re.search(r"https?://\S+/units/-/list/(\S+)/", reader.get_by_role("main").inner_text())
    assert found is not None
    reader.goto(f"/units/-/list/{found[1]}/")
    looked_at(reader, "unit-prove")
    reader.get_by_role("button", name="Yes, we read this list").click()
    expect(reader.get_by_role("heading", name="The list is proven")).to_be_visible()

    # The unit's page tells it all: who, when, old and new.
    ivan.goto(PAGE)
    expect(ivan.get_by_role("button", name="Send a test mail")).to_have_count(0)
    trace = ivan.locator("#trace")
    trace.locator("summary").click()
    for what, old, new, who in (
        ("mailing list", "not proven", "proven", "the portal"),
        ("state", "mail-only", "active", "Dmitri Orlov"),
        ("request of Marta Gallo: state", "open", "accepted", "Ivan Petrov"),
    ):
        row = trace.get_by_role("row").filter(has_text=what).filter(has_text=who)
        expect(row.first).to_contain_text(old)
        expect(row.first).to_contain_text(new)
    expect(trace.get_by_text("member Marta Gallo: added")).to_be_visible()
    looked_at(ivan, "unit-trace")
