"""One problem, many tickets: an incident is declared, joined, answered once and solved once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, file_ticket, number_shown, solve, write
from tests.journeys.portal import Portal, reload_until

pytestmark = pytest.mark.timeout(480)

SITE = "BEIJING-LCG2"
NEWS = "The cooling of row 7 failed; the nodes come back one by one."
SOLUTION = "The cooling was repaired and all nodes are up."


def test_one_answer_answers_all_and_one_solution_solves_all(
    portal: Portal, window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    wei, uma, noah = (window_of(name) for name in ("wei", "uma", "noah"))
    first = file_ticket(wei, "Half of my jobs died at 10:40", "Exit 137, all in row 7.", site=SITE)
    second = file_ticket(uma, "Jobs killed in Beijing", "Signal 9, again and again.", site=SITE)

    hao = window_of("hao")
    hao.goto(f"/tickets/{first}/")
    hao.keyboard.press("i")
    expect(hao.get_by_text("This ticket is the incident").first).to_be_visible()

    # Who files now is offered it.
    noah.goto("/tickets/new/")
    noah.get_by_label("What happened?").fill("Pilots vanish in Beijing")
    noah.get_by_label("Details").fill("They were there this morning.")
    noah.get_by_label("Where?").first.fill(SITE)
    noah.keyboard.press("Tab")
    offer = noah.get_by_label(re.compile(f"join my ticket to #{first}"))
    expect(offer).to_be_visible()
    offer.check()
    looked_at(noah, "incident-offer")
    noah.get_by_role("button", name="File the ticket").click()
    third = number_shown(noah)
    expect_status(noah, "on hold")

    # TPM joins the others with one key; a fourth by the form.
    carla = window_of("carla")
    carla.goto(f"/tickets/{second}/")
    carla.keyboard.press("j")
    expect(carla.get_by_text("Part of the incident").first).to_be_visible()
    expect_status(carla, "on hold")
    ivan = window_of("ivan")
    fourth = file_ticket(ivan, "No pilots", "Since 10:40 there is no new pilot.")
    carla.goto(f"/tickets/{fourth}/")
    carla.keyboard.press("j")
    dialog = carla.get_by_role("dialog")
    dialog.get_by_label(re.compile(f"#{first} ")).check()
    dialog.get_by_role("button", name="Join", exact=True).click()
    expect_status(carla, "on hold")

    hao.goto(f"/tickets/{first}/")
    expect(hao.get_by_text("This answers 3 further tickets")).to_be_visible()
    looked_at(hao, "incident")
    write(hao, NEWS)
    for window, number in ((uma, second), (noah, third), (ivan, fourth)):
        window.goto(f"/tickets/{number}/")
        reload_until(window, window.get_by_role("listitem").filter(has_text=NEWS))
        expect_status(window, "on hold")
    uma.goto("/outbox/caught/?to=uma@people.example.org")
    reload_until(uma, uma.get_by_text(f"[JUNO #{second}] Jobs killed in Beijing").first)

    solve(hao, SOLUTION)
    for window, number in ((uma, second), (noah, third), (ivan, fourth)):
        window.goto(f"/tickets/{number}/")
        reload_until(window, window.get_by_role("region", name="Solution"))
        expect(window.get_by_role("region", name="Solution")).to_contain_text(SOLUTION)
    noah.get_by_role("button", name="Verify: it works").click()
    expect_status(noah, "verified")
    noah.get_by_role("button", name="Make a follow-up ticket").click()
    expect(noah.get_by_role("heading", level=1)).to_contain_text("Follow-up: Pilots vanish")
