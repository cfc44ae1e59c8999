"""A new VO: from an imported card to an active support unit with members, and a ticket there.

Everything in the browser, in the demo world, with the real worker.
"""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from tests.journeys.conftest import PageOf
from tests.journeys.doing import file_ticket
from tests.journeys.portal import reload_until

pytestmark = pytest.mark.timeout(900)

# A name of its own each time: the portal may have seen the story before.
NAME = f"hyperk{uuid4().hex[:4]}"
VO = f"{NAME}.example.org"
UNIT = f"{NAME.upper()}-Support"
LIST = f"support@{VO}"
DESCRIPTION = (
    "Hyper-Kamiokande measures neutrinos from an accelerator and from the sky in a water tank."
)


def test_from_an_imported_card_to_a_ticket_at_its_unit(window_of: PageOf, tmp_path: Path) -> None:
    dmitri, tomas = window_of("dmitri"), window_of("tomas")
    _import_the_card(dmitri, tmp_path)
    _serve_it_and_link_its_manager(dmitri)

    _change_the_card(tomas)
    _approve(dmitri)
    tomas.goto(f"/vos/{VO}/")
    expect(tomas.get_by_role("main")).to_contain_text(DESCRIPTION)

    tomas.get_by_role("button", name="Ask for dedicated user support").click()
    panel = tomas.get_by_role("region", name="Dedicated user support")
    expect(panel).to_contain_text("requested")
    ticket = panel.get_by_role("link", name=re.compile(r"^#\d+"))
    reload_until(tomas, ticket)
    carla = window_of("carla")
    carla.goto(ticket.get_attribute("href") or "")
    expect(carla.locator("h1")).to_contain_text("Dedicated user support")
    expect(carla.get_by_role("main")).to_contain_text("TPM")

    _accept(dmitri)
    _add_a_supporter(dmitri)
    _prove_the_list(dmitri)
    tomas.goto(f"/vos/{VO}/")
    reload_until(tomas, panel.get_by_text("Active: users of the VO reach its own unit."))

    eve = window_of("eve")
    subject = "Jobs of Hyper-Kamiokande do not start"
    number = file_ticket(eve, subject, "All of them wait since this morning.")
    _route(carla, number)
    uma = window_of("uma")
    uma.goto(f"/tickets/?q=unit:{UNIT}")
    expect(uma.get_by_role("main")).to_contain_text(subject)


def _import_the_card(dmitri: Page, folder: Path) -> None:
    contacts = [{"name": "Tomáš Novák", "role": "VO MANAGER", "email": "tomas@example.org"}]
    card = CardRecord(
        VO,
        {
            "scope": "Global",
            "status": "Production",
            "contacts": contacts,
            "user_support_list": LIST,
            "description": "Neutrinos.",
        },
    )
    document = folder / "hyperk.xml"
    # One good card, and one that is refused.
    document.write_bytes(write_cards([card]).replace(b"</data>", b'<Vo key="a/b"/></data>'))
    dmitri.goto("/vos/")
    dmitri.get_by_role("link", name="Import cards").click()
    dmitri.get_by_label("File").set_input_files(document)
    dmitri.get_by_role("button", name="Look at what would change").click()
    main = dmitri.get_by_role("main")
    expect(main).to_contain_text("Nothing is changed yet.")
    expect(main).to_contain_text("its name has signs that cannot stand in an address")
    dmitri.get_by_role("button", name="Import it").click()
    expect(main).to_contain_text("1 card was taken over.")


def _serve_it_and_link_its_manager(dmitri: Page) -> None:
    dmitri.goto(f"/vos/{VO}/")
    expect(dmitri.get_by_role("main")).to_contain_text("its card is a mirror")
    dmitri.get_by_role("button", name="Support it here").click()
    dmitri.get_by_role("link", name="Link Tomáš Novák").click()
    dmitri.get_by_label("Name, user name or e-mail address").fill("tomas")
    dmitri.get_by_role("button", name="Find", exact=True).click()
    dmitri.get_by_role("button", name="Link to Tomáš Novák").click()
    expect(dmitri.get_by_role("main")).to_contain_text("with the rights of this role")


def _change_the_card(tomas: Page) -> None:
    tomas.goto(f"/vos/{VO}/")
    tomas.get_by_role("link", name="Change the card").click()
    expect(tomas.get_by_role("main")).to_contain_text("A VO needs a security contact")
    tomas.get_by_label("Description").first.fill("Too short.")
    tomas.get_by_role("button", name="Add a row VOMS servers").click()
    server = tomas.get_by_role("group", name="VOMS servers 1")
    server.get_by_label("Host").fill("voms.hyperk.example.org")
    tomas.get_by_role("button", name="Ask for the change").click()
    expect(tomas.get_by_role("main")).to_contain_text("10 characters, 50 needed")
    # What was typed is still there.
    expect(server.get_by_label("Host")).to_have_value("voms.hyperk.example.org")
    tomas.get_by_label("Description").first.fill(DESCRIPTION)
    tomas.get_by_label("Security contact").fill("csirt@hyperk.example.org")
    tomas.get_by_role("button", name="Ask for the change").click()
    expect(tomas.get_by_role("main")).to_contain_text("waiting for an admin")


def _approve(dmitri: Page) -> None:
    dmitri.goto("/vos/-/waiting/")
    dmitri.get_by_role("region", name="Changes to decide").get_by_role("link", name=VO).click()
    main = dmitri.get_by_role("main")
    expect(main).to_contain_text("voms.hyperk.example.org")
    dmitri.get_by_role("button", name="Approve all").click()
    expect(main).to_contain_text("Decided: approved.")


def _accept(dmitri: Page) -> None:
    dmitri.goto(f"/vos/{VO}/")
    panel = dmitri.get_by_role("region", name="Dedicated user support")
    panel.get_by_label("Name of the new unit").fill(UNIT)
    panel.get_by_role("button", name="Accept").click()
    expect(panel).to_contain_text("its list is not proven")
    expect(panel).to_contain_text("it has no supporter")


def _add_a_supporter(dmitri: Page) -> None:
    dmitri.goto(f"/units/{UNIT}/?person=uma")
    dmitri.get_by_role("button", name=re.compile("Uma Kittisak")).first.click()
    expect(dmitri.get_by_role("region", name="Supporters")).to_contain_text("Uma Kittisak")


def _prove_the_list(dmitri: Page) -> None:
    dmitri.goto(f"/units/{UNIT}/")
    dmitri.get_by_role("button", name="Send a test mail").click()
    expect(dmitri.get_by_role("main")).to_contain_text("A test mail is on its way")
    dmitri.goto(f"/outbox/caught/?to={LIST}")
    mail = dmitri.get_by_role("main").get_by_role("link", name=re.compile(UNIT)).first
    reload_until(dmitri, mail)
    mail.click()
    link = dmitri.locator(".mail-text a[href*='/units/-/list/']").first
    dmitri.goto(link.get_attribute("href") or "")
    dmitri.get_by_role("button", name="Yes, we read this list").click()
    expect(dmitri.get_by_role("heading", name="The list is proven")).to_be_visible()


def _route(carla: Page, number: int) -> None:
    carla.goto(f"/tpm/?ticket={number}")
    carla.get_by_label(re.compile("^Unit or site")).fill(UNIT)
    preview = carla.get_by_role("article", name="Ticket")
    preview.get_by_role("button", name="Assign", exact=True).click()
    expect(carla.get_by_role("status").filter(has_text=UNIT).first).to_be_visible()
