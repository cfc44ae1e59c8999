"""A real browser on a running portal: pages signed in as somebody, axe, pictures.

Chromium missing is a failure, not a skip: a test that never runs holds nothing.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from juno_support.accounts.models import User
from tests.journeys.portal import Portal, running_portal
from tests.journeys.windows import NARROW, WIDE, Windows

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

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
    # Two busy cores take their time; what is there goes on at once.
    expect.set_options(timeout=15_000)
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
    windows = Windows(chromium, live_server.url)

    def open_page(user: User | None = None, width: int = WIDE["width"], **options: Any) -> Page:
        page = windows.open(width, **options)
        if user is not None:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies["sessionid"]
            page.context.add_cookies(
                [{"name": "sessionid", "value": cookie.value, "url": live_server.url}]
            )
        return page

    yield open_page
    windows.close()
    assert windows.complaints == []


@pytest.fixture(scope="package")
def portal() -> Iterator[Portal]:
    """Run the whole portal with its demo world, once for all journeys that meet people in it."""
    with running_portal() as portal:
        yield portal


@pytest.fixture
def declare(portal: Portal) -> Iterator[Callable[..., None]]:
    """Return a function that declares a downtime in the simulated GOCDB; it ends with the test.

    ``declare("IN2P3-CC", begins_in=-30, minutes=60, severity="WARNING", description="…")``
    """
    keys = []

    def declare(site: str, **how: object) -> None:
        options = {name.replace("begins_in", "in"): value for name, value in how.items()}
        words = [f"--{name}={value}" for name, value in options.items()]
        keys.append(json.loads(portal.manage("demo", "downtime", site, "--json", *words))["key"])

    yield declare
    for key in keys:
        portal.manage("demo", "change", key, "--end")


@pytest.fixture
def window_of(portal: Portal, chromium: Browser) -> Iterator[PageOf]:
    """Return a function that opens a window on the demo, signed in as one of its people.

    ``window_of("ada", width=390)`` opens a narrow one; ``window_of(None)`` is for nobody. The test
    fails at its end if a page broke the content security policy or a script failed.
    """
    windows = Windows(chromium, portal.url)

    def open_window(username: str | None, width: int = WIDE["width"], **options: Any) -> Page:
        cookies = portal.cookies_of(username, chromium) if username else None
        return windows.open(width, storage_state=cookies, **options)

    yield open_window
    windows.close()
    assert windows.complaints == []


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
        # A click has led here, perhaps, and the end of the page is still to come.
        page.wait_for_load_state()
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
