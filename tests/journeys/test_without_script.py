"""Everything that counts works in a browser that runs no script."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, number_shown, solve

pytestmark = pytest.mark.timeout(480)

SUBJECT = "Transfers to storm-webdav-juno.cr.cnaf.infn.it time out"


def _suggested(carla: Page) -> Locator:
    """The first suggestion of the desk's preview."""
    preview = carla.get_by_role("article", name="Ticket")
    return preview.get_by_role("button", name=re.compile("INFN-T1")).first


@pytest.mark.parametrize("width", [1280, 390])
def test_a_ticket_lives_without_a_script(window_of: PageOf, width: int) -> None:
    subject = f"{SUBJECT} ({width})"
    ada, carla, paolo = (
        window_of(who, width=width, java_script_enabled=False) for who in ("ada", "carla", "paolo")
    )
    ada.goto("/tickets/new/")
    ada.get_by_label("What happened?").fill(subject)
    ada.get_by_label("Details").fill("Since noon, all of them.")
    ada.get_by_label("Where?").fill("INFN-T1")
    ada.get_by_role("button", name="Save draft").click()
    # What the script shows while one types, the draft shows when it is saved.
    expect(ada.get_by_role("region", name="INFN-T1")).to_contain_text("outage")
    ada.get_by_role("button", name="File the ticket").click()
    number = number_shown(ada)
    expect_status(ada, "new")

    carla.goto(f"/tpm/?ticket={number}")
    _suggested(carla).click()
    went = carla.get_by_role("status").filter(has_text=f"#{number} went to INFN-T1")
    expect(went).to_be_visible()
    carla.get_by_role("button", name="Undo").click()
    # Until then the next ticket is shown, with suggestions of its own.
    expect(carla.locator("#preview h2").first).to_have_text(subject)
    _suggested(carla).click()
    expect(went).to_be_visible()

    paolo.goto(f"/tickets/{number}/")
    paolo.get_by_role("button", name="Take it").click()
    expect_status(paolo, "in progress")
    composer = paolo.get_by_role("form", name="Write into the diary")
    composer.get_by_label("Your words").fill("Which protocol do you use?")
    composer.get_by_label("And then").select_option("ask")
    composer.get_by_role("button", name=re.compile("^Send")).click()
    expect_status(paolo, "waiting for reply")
    paolo.get_by_role("link", name="Look at what is going on there now").click()
    expect(paolo.get_by_role("main")).to_contain_text("Tape library")

    ada.goto(f"/tickets/{number}/")
    ada.get_by_label("Your words").fill("davs, as always.")
    ada.get_by_role("button", name="Send").click()
    expect_status(ada, "in progress")

    paolo.goto(f"/tickets/{number}/?step=solve")
    # A mistake is said at the field, and the words are kept.
    composer.get_by_label("Your words").fill("The gateway was restarted.")
    composer.get_by_role("button", name=re.compile("^Send")).click()
    expect(composer).to_contain_text("Choose how it was resolved.")
    expect(composer.get_by_label("Your words")).to_have_value("The gateway was restarted.")
    solve(paolo, "The gateway was restarted.")
    ada.reload()
    ada.get_by_role("button", name="Verify: it works").click()
    expect_status(ada, "verified")
