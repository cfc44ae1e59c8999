"""The pictures of README and guides, taken from the demo world.

``make test ARGS=tests/journeys/test_readme_pictures.py JUNO_README_PICTURES=docs/pictures`` writes
them anew; without the variable they go nowhere, so that the way to take them does not rust.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import walk_to
from tests.launcher.running import CHECKOUT

pytestmark = pytest.mark.timeout(480)

MOST_BYTES = 250_000
# What README and guides show.
_SHOWN = re.compile(r"\((?:docs/)?pictures/([\w-]+\.png)\)")


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Page, str], None]:
    """Return a function that takes a picture of what the window shows."""
    folder = Path(os.environ.get("JUNO_README_PICTURES") or tmp_path)

    def take(page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        # A blinking cursor makes two pictures of the same page differ.
        page.screenshot(path=folder / f"{name}.png", caret="hide", animations="disabled")
        assert (folder / f"{name}.png").stat().st_size < MOST_BYTES

    return take


def _open(page: Page, path: str) -> Page:
    page.emulate_media(color_scheme="light")
    page.goto(path)
    return page


def test_the_pictures(window_of: PageOf, keep: Callable[[Page, str], None]) -> None:
    # Two units, so that there is something to see.
    keep(_open(window_of("mei"), "/"), "home")
    boris = window_of("boris")
    keep(_open(boris, "/tickets/"), "queue")
    keep(_open(boris, "/sites/"), "sites")
    keep(_open(window_of("giulia"), "/sites/INFN-T1/"), "site")

    carla = _open(window_of("carla"), "/tpm/")
    walk_to(carla, "Recall from tape fails at CNAF")
    expect(carla.locator("#preview")).to_contain_text("INFN-T1 is affected")
    keep(carla, "tpm-desk")

    nadia = _open(window_of("nadia"), '/tickets/?q="is it the cooling"')
    ticket = nadia.locator(".ticket-link").first
    expect(ticket).to_contain_text("cooling")
    path = ticket.get_attribute("href") or ""
    _open(nadia, path)
    expect(nadia.locator("#context-now")).to_contain_text("at risk")
    keep(nadia, "ticket")

    phone = window_of("nadia", width=390, color_scheme="dark", device_scale_factor=2)
    phone.goto(path)
    keep(phone, "ticket-phone")


def test_the_picture_of_filing_a_ticket(
    window_of: PageOf, keep: Callable[[Page, str], None]
) -> None:
    uma = _open(window_of("uma"), "/tickets/new/")
    uma.get_by_label("What happened?").fill("Recall of run 8123 from tape fails")
    uma.get_by_label("Details").fill("503 from storm-tape-juno.cr.cnaf.infn.it since this morning.")
    uma.get_by_role("combobox", name="Where?").fill("INFN-T1")
    uma.get_by_role("heading", name="File a ticket").click()
    expect(uma.get_by_role("region", name="INFN-T1")).to_contain_text("Tape library")
    uma.set_viewport_size({"width": 1280, "height": 1100})
    keep(uma, "new-ticket")


def test_every_shown_picture_is_there() -> None:
    texts = [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]
    shown = {name for path in texts for name in _SHOWN.findall(path.read_text(encoding="utf-8"))}
    kept = {path.name for path in (CHECKOUT / "docs" / "pictures").glob("*.png")}
    assert shown == kept
    for path in (CHECKOUT / "docs" / "pictures").glob("*.png"):
        assert path.stat().st_size < MOST_BYTES, path.name
