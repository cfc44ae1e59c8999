"""One short story a role, in the demo world, with the real worker."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import at_rest, expect_status, file_ticket, number_shown, solve, write
from tests.journeys.portal import Portal, reload_until

pytestmark = pytest.mark.timeout(480)


def test_a_submitter_escalates_and_withdraws(window_of: PageOf) -> None:
    ada = window_of("ada")
    ada.goto("/")
    ada.get_by_role("main").get_by_role("link", name="File a ticket").click()
    ada.get_by_label("What happened?").fill("The proxy of my production ends too early")
    ada.get_by_label("Details").fill("After 12 hours, although I asked for 96.")
    ada.get_by_role("button", name="Save draft").click()
    expect(ada.get_by_text("The draft is saved.")).to_be_visible()
    # A draft waits, and is the same ticket when it is filed.
    ada.goto("/tickets/new/")
    ada.get_by_role("link", name=re.compile("The proxy of my production")).first.click()
    expect(ada.get_by_label("Details")).to_have_value(re.compile("96"))
    ada.get_by_role("button", name="File the ticket").click()
    number = number_shown(ada)

    ada.get_by_role("link", name="Escalate…").click()
    dialog = ada.get_by_role("dialog")
    dialog.get_by_role("button", name="Escalate").click()
    expect_status(ada, "escalated, step 1 of 3")
    expect(ada.get_by_role("link", name="Escalate…")).to_have_count(0)

    ada.get_by_role("link", name="Withdraw…").click()
    dialog.get_by_label("Why").fill("It was my own setting.")
    dialog.get_by_role("button", name="Withdraw").click()
    expect_status(ada, "unsolved")
    ada.goto(f"/tickets/?q=%23{number}")
    expect_status(ada, "unsolved")


def test_a_supporter_works_from_the_queue(window_of: PageOf) -> None:
    ada, omar = window_of("ada"), window_of("omar")
    subject = "Reading from tape at IN2P3-CC takes a day"
    ada.goto("/tickets/new/")
    ada.get_by_label("What happened?").fill(subject)
    ada.get_by_label("Details").fill("Run 9001, forty files.")
    ada.get_by_role("heading", name="More details").click()
    ada.get_by_label("A site").first.fill("IN2P3-CC")
    ada.get_by_role("button", name="File the ticket").click()
    number = number_shown(ada)
    expect_status(ada, "assigned")

    omar.goto("/")
    omar.get_by_role("link", name=subject).first.click()
    expect_status(omar, "assigned")
    # Words that are half written stay when a button beside them is pressed.
    omar.get_by_role("radio", name="Internal note").check()
    omar.get_by_label("Your words").fill("Two drives, perhaps")
    omar.locator("h1").click()
    omar.keyboard.press("t")
    expect_status(omar, "in progress")
    expect(omar.get_by_role("button", name="Take it")).to_have_count(0)
    expect(omar.get_by_label("Your words")).to_have_value("Two drives, perhaps")
    expect(omar.get_by_role("radio", name="Internal note")).to_be_checked()
    omar.get_by_role("radio", name="Public answer").check()
    omar.get_by_label("And then").select_option("solve")
    omar.get_by_label("Resolution code").select_option("WORK_AROUND")
    omar.get_by_role("link", name="Say what, who, by when").click()
    dialog = omar.get_by_role("dialog")
    dialog.get_by_label("What happens next?").fill("The second robot is switched on")
    dialog.get_by_role("button", name="Save").click()
    expect(omar.locator("#ticket-next")).to_contain_text("The second robot")
    expect(omar.get_by_label("And then")).to_have_value("solve")
    expect(omar.get_by_label("Resolution code")).to_have_value("WORK_AROUND")
    solve(omar, "Two drives were off; both work again.")

    ada.reload()
    expect(ada.get_by_role("main")).to_contain_text("Does it work for you?")
    write(ada, "Still 20 hours for one file.", and_then="reopen")
    expect_status(ada, "reopened")
    omar.goto("/tickets/?q=unit:IN2P3-CC status:reopened")
    expect(omar.locator(".ticket-row", has_text=f"#{number}")).to_contain_text("reopened")


def test_tpm_routes_again_with_a_reason(window_of: PageOf) -> None:
    ada, carla = window_of("ada"), window_of("carla")
    number = file_ticket(ada, "J24.2 crashes in the waveform fit", "Segmentation fault, run 7700.")
    carla.goto(f"/tpm/?ticket={number}")
    carla.get_by_label(re.compile("^Unit or site")).fill("JUNO-Offline")
    carla.get_by_role("article", name="Ticket").get_by_role(
        "button", name="Assign", exact=True
    ).click()
    expect(carla.get_by_role("status").filter(has_text="JUNO-Offline")).to_be_visible()

    carla.goto(f"/tpm/?ticket={number}")
    carla.get_by_label(re.compile("^Unit or site")).fill("JUNO-Production")
    carla.get_by_role("article", name="Ticket").get_by_role(
        "button", name="Assign", exact=True
    ).click()
    expect(carla.get_by_role("alert")).to_contain_text("Say why")
    carla.get_by_label(re.compile("^Reason")).fill("It happens in production only.")
    carla.get_by_role("button", name="Assign", exact=True).click()
    expect(carla.get_by_role("status").filter(has_text="JUNO-Production")).to_be_visible()
    ada.reload()
    expect(ada.locator("#ticket-head")).to_contain_text("JUNO-Production")


def test_a_unit_manager_changes_hours_and_people(window_of: PageOf) -> None:
    giulia = window_of("giulia")
    giulia.goto("/units/INFN-T1/")
    giulia.get_by_text("Change the hours").click()
    giulia.locator("[name=closes_at]").fill("18:30")
    giulia.locator("form", has=giulia.locator("[value=hours]")).get_by_role(
        "button", name="Save"
    ).click()
    expect(giulia.get_by_role("region", name="Working hours")).to_contain_text("18:30")
    expect(giulia.get_by_role("main")).to_contain_text("What was changed")

    # The field asks while one types.
    at_rest(giulia)
    giulia.get_by_label("Name or e-mail address of a new supporter").fill("Marta")
    giulia.get_by_role("button", name="Add Marta Gallo").click()
    people = giulia.get_by_role("region", name="Supporters")
    expect(people).to_contain_text("Marta Gallo")
    marta = window_of("marta")
    marta.goto("/")
    expect(marta.get_by_role("main").get_by_role("link", name="Open the queue")).to_be_visible()
    giulia.get_by_role("button", name="Remove Marta Gallo").click()
    expect(people).not_to_contain_text("Marta Gallo")
    marta.reload()
    expect(marta.get_by_role("main").get_by_role("link", name="Open the queue")).to_have_count(0)


def test_a_vo_member_says_me_too_and_reads_the_public_side(window_of: PageOf) -> None:
    ada, carla, wei = window_of("ada"), window_of("carla"), window_of("wei")
    number = file_ticket(ada, "No output from the calibration jobs", "All of run 8150.")
    carla.goto(f"/tickets/{number}/")
    write(carla, "Perhaps the sandbox server was filled by its owner.", internal=True)

    wei.goto(f"/tickets/{number}/")
    expect(wei.get_by_role("form", name="Write into the diary")).to_have_count(0)
    wei.get_by_role("button", name="Me too").click()
    expect(wei.locator("#ticket-head")).to_contain_text("1 has the same problem")
    expect(wei.get_by_role("main")).not_to_contain_text("sandbox server")

    # Who belongs to another VO sees where, which type, how it stands and how old it is.
    tomas = window_of("tomas")
    tomas.goto(f"/tickets/{number}/")
    expect(tomas.get_by_role("main")).not_to_contain_text("calibration")


def test_an_admin_sees_a_source_fail_and_recover(portal: Portal, window_of: PageOf) -> None:
    dmitri = window_of("dmitri")
    dmitri.goto("/sources/")
    source = dmitri.locator("#gocdb-downtimes")
    portal.manage("demo", "fail", "gocdb-downtimes", "http500")
    try:
        source.get_by_role("button", name="Try now").click()
        failed = dmitri.locator("#gocdb-downtimes-state").get_by_text(re.compile("failed"))
        reload_until(dmitri, failed.first)
        expect(source).to_contain_text("500")
        # The old data stay, and say from when they are.
        dmitri.goto("/sites/INFN-T1/")
        expect(dmitri.get_by_role("main")).to_contain_text("Tape library")
    finally:
        portal.manage("demo", "fail", "gocdb-downtimes", "none")
    dmitri.goto("/sources/")
    source.get_by_role("button", name="Try now").click()
    well = dmitri.locator("#gocdb-downtimes-state").get_by_text(re.compile("^(ok|unchanged)"))
    reload_until(dmitri, well.first)


def test_an_admin_knows_a_contact_better(window_of: PageOf) -> None:
    dmitri = window_of("dmitri")
    dmitri.goto("/sites/IN2P3-CC/")
    dmitri.get_by_text("Set what you know better").click()
    dmitri.get_by_label(re.compile("^Contact")).fill("night-shift@in2p3-cc.example.org")
    dmitri.get_by_role("region", name="Contacts").get_by_role("button", name="Save").click()
    contacts = dmitri.get_by_role("region", name="Contacts")
    expect(contacts).to_contain_text("night-shift@in2p3-cc.example.org")
    expect(contacts).to_contain_text("by an admin")
    # Addresses are for supporters; everybody else sees none.
    nobody = window_of(None)
    nobody.goto("/sites/IN2P3-CC/")
    expect(nobody.get_by_role("main")).not_to_contain_text("@")
