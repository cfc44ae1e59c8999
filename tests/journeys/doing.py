"""What people do again and again in journeys, as they do it in the browser."""

import re

from playwright.sync_api import Page, expect

# What htmx marks from a request until the answer stands in the page and listens.
_BUSY = ".htmx-request, .htmx-swapping, .htmx-added, .htmx-settling"


def at_rest(page: Page) -> None:
    """Wait until the page's scripts run, and what htmx asked for stands in it and listens.

    What a test sees, it sees before that: a key would be lost, what is typed would be answered by
    nobody, and a link would lead away instead of opening a dialog.
    """
    page.wait_for_load_state("domcontentloaded")
    expect(page.locator(_BUSY)).to_have_count(0)


def file_ticket(page: Page, subject: str, details: str, *, site: str = "") -> int:
    """File a ticket by the form and return its number."""
    page.goto("/tickets/new/")
    page.get_by_label("What happened?").fill(subject)
    page.get_by_label("Details").fill(details)
    if site:
        page.get_by_label("Where?").first.fill(site)
    page.get_by_role("button", name="File the ticket").click()
    return number_shown(page)


def number_shown(page: Page) -> int:
    """Return the number of the ticket that the page shows."""
    page.wait_for_url(re.compile(r"/tickets/\d+/"))
    found = re.search(r"/tickets/(\d+)/", page.url)
    assert found is not None
    return int(found[1])


def write(page: Page, words: str, *, internal: bool = False, and_then: str = "") -> None:
    """Write into the diary of the ticket that the page shows, and wait until it stands there.

    :param and_then: the name of a step of the workflow: ask, reopen
    """
    at_rest(page)
    composer = page.get_by_role("form", name="Write into the diary")
    if internal:
        composer.get_by_role("radio", name="Internal note").check()
    composer.get_by_label("Your words").fill(words)
    if and_then:
        composer.get_by_label("And then").select_option(and_then)
    send = "Save internal note" if internal else re.compile("^Send")
    composer.get_by_role("button", name=send).click()
    expect(page.get_by_role("listitem").filter(has_text=words)).to_be_visible()
    # The news that the page asks for by itself may show the words before the answer to the form
    # is there, which empties the form.
    expect(composer.get_by_label("Your words")).to_have_value("")
    at_rest(page)


def solve(page: Page, solution: str) -> None:
    """Solve the ticket that the page shows (code: fixed)."""
    at_rest(page)
    composer = page.get_by_role("form", name="Write into the diary")
    composer.get_by_label("Your words").fill(solution)
    composer.get_by_label("And then").select_option("solve")
    composer.get_by_label("Resolution code").select_option("FIXED")
    composer.get_by_role("button", name=re.compile("^Send")).click()
    expect_status(page, "solved")
    expect(page.get_by_role("region", name="Solution")).to_contain_text(solution)


def expect_status(page: Page, status: str) -> None:
    """Expect the head of the ticket to name this status; the page can be used then."""
    expect(page.locator("#ticket-head .ticket-head-top")).to_contain_text(status)
    at_rest(page)


def walk_to(page: Page, subject: str) -> None:
    """Press j on a list of tickets until the line with this subject is selected."""
    chosen = page.locator(".ticket-row.is-selected")
    wanted = page.locator(".ticket-row", has_text=subject)
    expect(wanted).to_be_visible()
    at_rest(page)
    for _ in range(page.locator(".ticket-row").count()):
        if chosen.count() and subject in chosen.inner_text():
            return
        page.keyboard.press("j")
    expect(chosen).to_contain_text(subject)
