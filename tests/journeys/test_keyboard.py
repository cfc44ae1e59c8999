"""Without a mouse: the TPM desk from j to undo, the skip link, and focus that can be seen."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import at_rest, file_ticket, walk_to

pytestmark = pytest.mark.timeout(480)

# The ring is drawn around what has the focus, or around the line or card that it stands for.
_HAS_A_RING = """() => {
  const focused = document.activeElement;
  const ring = (element) => {
    const style = getComputedStyle(element);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    const box = element.getBoundingClientRect();
    return (outline || style.boxShadow !== "none") && box.width > 2 && box.height > 2;
  };
  const around = [];
  for (let each = focused; each && each.tagName !== "MAIN" && around.length < 4;) {
    around.push(each);
    each = each.parentElement;
  }
  return {
    seen: around.some(ring),
    what: focused.outerHTML.slice(0, 120),
    last: focused === document.body,
  };
}"""


def test_the_desk_by_keyboard(window_of: PageOf) -> None:
    ada, carla = window_of("ada"), window_of("carla")
    subject = f"Jobs at JINR-T1 wait for hours, batch {uuid4().hex[:6]}"
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
    at_rest(carla)
    carla.keyboard.press("u")
    expect(carla.locator(".ticket-row.is-selected")).to_contain_text(subject)
    expect(carla.locator("#preview")).to_contain_text(subject)
    ada.reload()
    expect(ada.locator("#ticket-head")).to_contain_text("TPM")

    # To another unit, by typing.
    at_rest(carla)
    carla.keyboard.press("a")
    expect(carla.get_by_label(re.compile("^Unit or site"))).to_be_focused()
    carla.keyboard.type("JUNO-Production")
    carla.keyboard.press("Tab")
    carla.keyboard.type("The requests are theirs.")
    carla.keyboard.press("Enter")
    expect(carla.get_by_role("status").filter(has_text="went to JUNO-Production")).to_be_visible()

    at_rest(carla)
    carla.keyboard.press("g")
    carla.keyboard.press("q")
    carla.wait_for_url("**/tickets/")
    carla.keyboard.press("/")
    expect(carla.locator("input[type=search]:focus")).to_be_visible()
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
def test_focus_can_be_seen(window_of: PageOf, who: str, path: str) -> None:
    page = window_of(who)
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
    assert places > 8
    assert unseen == []
