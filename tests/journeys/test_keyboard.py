"""Without a mouse: the TPM desk from j to undo, the skip link, and focus that can be seen."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import file_ticket, walk_to
from tests.journeys.portal import Portal

pytestmark = pytest.mark.timeout(480)

_HAS_A_RING = """() => {
  const style = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  return {
    seen: (outline || style.boxShadow !== "none") && box.width > 0 && box.height > 0,
    what: document.activeElement.outerHTML.slice(0, 120),
    last: document.activeElement === document.body,
  };
}"""


def test_the_desk_by_keyboard(window_of: PageOf) -> None:
    ada, carla = window_of("ada"), window_of("carla")
    subject = "Jobs at JINR-T1 wait for hours"
    number = file_ticket(ada, subject, "More than five hundred.", site="JINR-T1")
    carla.goto("/")
    carla.keyboard.press("Control+k")
    carla.keyboard.type("tpm")
    carla.keyboard.press("Enter")
    carla.wait_for_url("**/tpm/")

    carla.keyboard.press("?")
    expect(carla.get_by_role("dialog", name="Keys of the desk")).to_be_visible()
    carla.keyboard.press("Escape")

    walk_to(carla, subject)
    carla.keyboard.press("k")
    expect(carla.locator(".ticket-row.is-selected")).not_to_contain_text(subject)
    carla.keyboard.press("j")
    # At once: the key waits for the preview of the selected ticket, and acts on no other.
    carla.keyboard.press("1")
    said = carla.get_by_role("status").filter(has_text=f"#{number} went to JINR-T1")
    expect(said).to_be_visible()
    carla.keyboard.press("u")
    expect(carla.locator(".ticket-row.is-selected")).to_contain_text(subject)
    expect(carla.locator("#preview")).to_contain_text(subject)
    ada.reload()
    expect(ada.locator("#ticket-head")).to_contain_text("TPM")

    # To another unit, by typing.
    carla.keyboard.press("a")
    expect(carla.get_by_label(re.compile("^Unit or site"))).to_be_focused()
    carla.keyboard.type("JUNO-Production")
    carla.keyboard.press("Tab")
    carla.keyboard.type("The requests are theirs.")
    carla.keyboard.press("Enter")
    expect(carla.get_by_role("status").filter(has_text="went to JUNO-Production")).to_be_visible()

    carla.keyboard.press("g")
    carla.keyboard.press("q")
    carla.wait_for_url("**/tickets/")
    carla.keyboard.press("/")
    expect(carla.get_by_role("searchbox").or_(carla.get_by_role("combobox")).first).to_be_attached()
    carla.keyboard.type("unit:JUNO-Production")
    carla.keyboard.press("Enter")
    carla.wait_for_url(re.compile("JUNO-Production"))
    walk_to(carla, subject)
    carla.keyboard.press("o")
    carla.wait_for_url(f"**/tickets/{number}/")


def test_the_skip_link_leads_to_the_content(window_of: PageOf) -> None:
    page = window_of("boris")
    page.goto("/tickets/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(
    ("who", "path"), [("ada", "/tickets/new/"), ("boris", "/tickets/"), ("carla", "/tpm/")]
)
def test_focus_can_be_seen(portal: Portal, window_of: PageOf, who: str, path: str) -> None:
    page: Page = window_of(who)
    page.goto(path)
    unseen, places = [], 0
    for _ in range(40):
        page.keyboard.press("Tab")
        ring = page.evaluate(_HAS_A_RING)
        if ring["last"]:
            break
        places += 1
        if not ring["seen"]:
            unseen.append(ring["what"])
    assert places > 10
    assert unseen == []
