"""The whole portal with the demo world, for journeys: real web, worker, beat and upstreams.

Starting it takes half a minute, so all journeys share one. To be quick while writing them, let
``JUNO_JOURNEYS_DATA`` name the ``JUNO_DATA`` of a `make run` that is up.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from juno_support.demo.people import PASSWORD
from juno_support.launcher import state
from tests.journeys.windows import Windows
from tests.launcher.running import CHECKOUT, environment, short_folder, start

# How often downtimes are asked for; the demo's own minute would make a test wait.
_POLL_SECONDS = "15"
# The first start makes a database and tells two weeks of tickets; two cores may be busy.
_START_SECONDS = 300
# What the worker does by the clock: a poll, then a look at the open tickets, each with its pause.
PATIENCE = 150


@dataclass
class Portal:
    """A running portal, and the cookies of those who have signed in."""

    url: str
    data: Path
    signed_in: dict[str, Any] = field(default_factory=dict)

    def manage(self, *words: str) -> str:
        """Run `manage.py` as somebody at the portal's own shell would; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=CHECKOUT,
            env=environment(self.data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def cookies_of(self, username: str, chromium: Browser) -> Any:
        """Return the cookies of a person of the demo, who signs in the first time."""
        if username not in self.signed_in:
            windows = Windows(chromium, self.url)
            page = windows.open()
            sign_in(page, username, PASSWORD)
            self.signed_in[username] = page.context.storage_state()
            windows.close()
        return self.signed_in[username]


@contextlib.contextmanager
def running_portal() -> Iterator[Portal]:
    """Run the portal with its demo world for as long as the block lasts."""
    if folder := os.environ.get("JUNO_JOURNEYS_DATA"):
        data = Path(folder).resolve()
        yield Portal(state.load(data)["JUNO_BASE_URL"], data)
        return
    with short_folder() as folder_of_ours:
        data = folder_of_ours / "data"
        stack = start(data, DEMO="1", JUNO_GOCDB_DOWNTIMES_INTERVAL=_POLL_SECONDS)
        try:
            stack.wait_up(_START_SECONDS)
            yield Portal(f"http://localhost:{stack.port}", data)
        finally:
            if stack.process.poll() is None:
                stack.stop()


def sign_in(page: Page, name: str, password: str) -> None:
    """Sign somebody in by the form."""
    page.goto("/accounts/login/")
    page.get_by_label("User name or e-mail address").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("My place:")).to_be_visible()


def reload_until(page: Page, what: Locator, seconds: float = PATIENCE) -> None:
    """Load the page again until it shows something that a worker brings about."""
    limit = time.monotonic() + seconds
    while True:
        # An answer that comes with the page is there at once; parts that load later take a moment.
        with contextlib.suppress(AssertionError):
            expect(what).to_be_visible(timeout=1_500)
            return
        assert time.monotonic() < limit, f"{page.url} does not show {what} within {seconds} s"
        page.reload()
