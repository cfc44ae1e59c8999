"""A real browser on a running portal: pages signed in as somebody, axe, pictures.

Chromium missing is a failure, not a skip: a test that never runs holds nothing.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from juno_support.accounts.models import User

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Wide and narrow, as designed for.
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
# What a browser says about an answer that a test asked for is no fault of the page.
_EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

PageOf = Callable[..., Page]


@pytest.fixture(scope="package")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """Start Debian's Chromium once for all journeys; it ends before other tests begin.

    Playwright keeps a loop running in this thread, and Django takes that for asynchronous code.
    The calls of a journey to the database are not, so Django is told to let them through.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.fail(
            "The journeys need Chromium: `apt-get install chromium`"
            " (`make test` does it where it may)."
        )
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=CHROMIUM_ARGUMENTS, headless=True
        )
        yield browser
        browser.close()
    patch.undo()


@pytest.fixture
def page_of(live_server: Any, chromium: Browser) -> Iterator[PageOf]:
    """Return a function that opens a window of its own, signed in as somebody (None: nobody).

    ``page_of(user, width=390)`` opens a narrow one; relative addresses lead to the portal. The
    test fails at its end if a page broke the content security policy or a script failed.
    """
    complaints: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not _EXPECTED.match(message.text):
            complaints.append(message.text)

    def open_page(user: User | None = None, width: int = WIDE["width"], **options: Any) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=NARROW if width <= NARROW["width"] else WIDE,
            # Colours in the middle of a transition are nobody's colours.
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies["sessionid"]
            context.add_cookies(
                [{"name": "sessionid", "value": cookie.value, "url": live_server.url}]
            )
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(page_of: PageOf) -> Page:
    """Return a window of somebody who is not signed in."""
    return page_of(None)


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[Page, User], None]:
    """Return a function that signs a window in as somebody, without the form."""

    def sign_in_as(page: Page, user: User) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        page.context.add_cookies(
            [
                {
                    "name": "sessionid",
                    "value": client.cookies["sessionid"].value,
                    "url": live_server.url,
                }
            ]
        )

    return sign_in_as


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Return a check that axe finds nothing on the page, light and dark, and nothing overflows."""

    def check(page: Page) -> None:
        found = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for violation in Axe().run(page).response["violations"]:
                places = "; ".join(node["html"][:200] for node in violation["nodes"][:5])
                found.append(f"{scheme}: {violation['id']} ({violation['help']}): {places}")
        page.emulate_media(color_scheme="no-override")
        assert found == [], f"axe on {page.url}"
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, f"{page.url} is {too_wide} px wider than its window"

    return check


@pytest.fixture
def looked_at(axe: Callable[[Page], None]) -> Callable[[Page, str], None]:
    """Return a function that checks a page by axe, wide and narrow, and keeps pictures of it.

    Pictures are kept in the folder that ``JUNO_PICTURES`` names, as NAME-1280-light.png and so on.
    """
    folder = os.environ.get("JUNO_PICTURES", "")

    def look(page: Page, name: str) -> None:
        before = page.viewport_size
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            axe(page)
            if folder:
                Path(folder).mkdir(parents=True, exist_ok=True)
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    picture = Path(folder) / f"{name}-{size['width']}-{scheme}.png"
                    page.screenshot(path=picture, full_page=True)
                page.emulate_media(color_scheme="no-override")
        if before:
            page.set_viewport_size(before)

    return look
