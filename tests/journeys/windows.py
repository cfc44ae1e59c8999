"""Windows of a real browser, and what their pages complained of."""

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

# Wide and narrow, as designed for.
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
# What a browser says about an answer that a test asked for is no fault of the page.
# Neither is what htmx says about a request that the page itself gave up: the form of a ticket
# keeps what is typed, and drops that for newer words or when it is sent. Other requests that
# failed have a second name, which is heard.
_EXPECTED = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d"
    r"|htmx:(afterRequest|sendAbort)\b"
)


class Windows:
    """Opens windows on one portal; ``complaints`` are failed scripts and broken security policies.

    :param url: where relative addresses lead
    """

    def __init__(self, chromium: Browser, url: str) -> None:
        self.chromium = chromium
        self.url = url
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(self, width: int = WIDE["width"], **options: Any) -> Page:
        """Open a window with cookies of its own; ``options`` are those of a browser context."""
        context = self.chromium.new_context(
            base_url=self.url,
            viewport=NARROW if width <= NARROW["width"] else WIDE,  # type: ignore[arg-type]
            # Colours in the middle of a transition are nobody's colours.
            reduced_motion="reduce",
            **options,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _EXPECTED.match(message.text):
            self.complaints.append(message.text)
