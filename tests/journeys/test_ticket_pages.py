"""The form "File a ticket" and the ticket page in a browser: what only a script does, and looks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from juno_support.lib import clock
from tests.cast import Cast
from tests.journeys.doing import at_rest
from tests.make import make_service
from tests.tickets.make import make_ticket, write
from tickets.actions import incident, work
from tickets.models import Attachment, DiaryEntry, Draft, Ticket

PageOf = Callable[..., Page]
Look = Callable[[Page, str], None]


def test_filing_with_the_help_of_the_form(
    cast: Cast, page_of: PageOf, looked_at: Look, tmp_path: Path
) -> None:
    make_service(site=cast.in2p3, hostname="cccream09.in2p3.fr")
    known = make_ticket(
        by=cast.carla,
        at=clock.now(),
        subject="Jobs at IN2P3-CC fail with no input data",
        vo=cast.juno,
        affected_sites=[cast.in2p3],
    )
    page = page_of(cast.ada)
    page.goto("/tickets/new/")
    looked_at(page, "new-ticket")

    page.get_by_label("What happened?").fill("Jobs fail: no input data")
    page.get_by_label("Details").fill("Job 123456 on cccream09.in2p3.fr")
    expect(page.get_by_text(f"#{known.pk} {known.subject}")).to_be_visible()
    page.get_by_role("button", name="Job 123456").click()
    expect(page.locator("#id_jobs")).to_have_value("123456")

    where = page.get_by_role("combobox", name="Where?")
    where.press_sequentially("IN2P")
    page.get_by_role("listbox").get_by_role("option", name="IN2P3-CC").wait_for()
    where.press("ArrowDown")
    where.press("Enter")
    expect(where).to_have_value("IN2P3-CC")
    panel = page.get_by_role("region", name="IN2P3-CC")
    expect(panel).to_contain_text("GOCDB has not been read yet")
    expect(panel).to_contain_text("1 ticket is open about it.")
    expect(page.locator("#draft-saved")).to_contain_text("Draft saved")

    log = tmp_path / "pilot.log"
    log.write_text("exit 137")
    page.get_by_label("Files").set_input_files(log)
    expect(page.get_by_role("link", name="pilot.log")).to_be_visible()
    page.get_by_role("heading", name="More details").click()
    expect(page.get_by_label("cccream09.in2p3.fr")).to_be_visible()
    looked_at(page, "new-ticket-filled")

    page.get_by_label("I cannot work").check()
    page.get_by_role("button", name="File the ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs fail: no input data")

    ticket = Ticket.objects.exclude(pk=known.pk).get()
    assert ticket.priority == 3
    assert ticket.recognised == {"jobs": ["123456"]}
    assert Attachment.objects.get().ticket == ticket
    assert not Draft.objects.exists()
    _rest(page)


# The tick comes at the moment at which an answer to what was typed before does.
_TICK_LATE = """box => {
  document.addEventListener("htmx:beforeOnLoad", () => {
    box.click();
    const told = () => { window.answered = true; };
    document.addEventListener("htmx:afterOnLoad", told, { once: true });
  }, { once: true, capture: true });
}"""


def test_a_tick_stays_when_an_answer_to_older_words_comes(cast: Cast, page_of: PageOf) -> None:
    known = make_ticket(by=cast.ada, at=clock.now(), vo=cast.juno, affected_sites=[cast.in2p3])
    incident.declare_incident(ticket=known, by=cast.carla, at=clock.now())
    page = page_of(cast.ada)
    page.goto("/tickets/new/")
    page.get_by_label("What happened?").fill("Pilots vanish")
    page.get_by_role("combobox", name="Where?").fill("IN2P3-CC")
    page.keyboard.press("Tab")
    offer = page.get_by_label(re.compile(f"join my ticket to #{known.pk}"))
    expect(offer).to_be_visible()
    _rest(page)

    offer.evaluate(_TICK_LATE)
    page.get_by_label("Details").fill("They were there this morning.")
    page.wait_for_function("() => window.answered")
    assert offer.is_checked()
    page.get_by_role("button", name="File the ticket").click()
    expect(page.locator("#ticket-head")).to_contain_text("on hold")
    _rest(page)


def test_a_marked_site_stays_marked_while_one_types_on(cast: Cast, page_of: PageOf) -> None:
    page = page_of(cast.ada)
    page.goto("/tickets/new/")
    where = page.get_by_role("combobox", name="Where?")
    where.press_sequentially("IN2")
    offer = page.get_by_role("listbox").get_by_role("option", name="IN2P3-CC")
    offer.wait_for()
    where.press("ArrowDown")
    shown = offer.element_handle()
    where.press("P")
    page.wait_for_function("offer => !offer.isConnected", arg=shown)
    expect(offer).to_have_attribute("aria-selected", "true")
    where.press("Enter")
    expect(where).to_have_value("IN2P3-CC")
    _rest(page)


def test_a_mistake_brings_the_cursor_to_its_field(cast: Cast, page_of: PageOf) -> None:
    page = page_of(cast.ada)
    page.goto("/tickets/new/")
    page.get_by_label("What happened?").fill("Something")
    page.get_by_role("heading", name="More details").click()
    page.locator("#id_carbon_copies").fill("nobody")
    page.get_by_label("Details", exact=True).fill("It happened.")
    page.get_by_role("button", name="File the ticket").click()

    expect(page.locator("#id_carbon_copies")).to_be_focused()
    expect(page.get_by_text("is no e-mail address")).to_be_visible()
    _rest(page)


def test_a_supporter_works_on_a_ticket(cast: Cast, page_of: PageOf, looked_at: Look) -> None:
    ticket = make_ticket(by=cast.ada, at=clock.now(), vo=cast.juno, affected_sites=[cast.in2p3])
    write(ticket=ticket, by=cast.ada, at=clock.now(), words="```\nA long log\n```")
    page = page_of(cast.boris)
    page.goto(f"/tickets/{ticket.pk}/")
    expect(page.locator("#context-now")).to_contain_text("GOCDB has not been read yet")
    looked_at(page, "ticket")

    page.keyboard.press("t")
    expect(page.locator("#ticket-head")).to_contain_text("in progress")
    expect(page.get_by_role("status").first).to_contain_text("yours")

    at_rest(page)
    page.get_by_role("link", name="Say what, who, by when").click()
    dialog = page.get_by_role("dialog", name="What happens next")
    dialog.get_by_label("What happens next?").fill("Ask the storage team")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#ticket-next")).to_contain_text("Ask the storage team")

    page.get_by_label("Internal note").check()
    expect(page.get_by_role("button", name="Save internal note")).to_be_visible()
    page.get_by_label("Your words").fill("Their proxy is broken")
    looked_at(page, "ticket-internal")
    page.get_by_role("button", name="Save internal note").click()
    expect(page.locator(".entry-internal")).to_contain_text("Their proxy is broken")

    page.get_by_role("link", name="Solve…").click()
    page.get_by_label("Your words").fill("A new proxy helps.")
    page.get_by_role("button", name="Send public answer").click()
    expect(page.get_by_text("Choose how it was resolved.")).to_be_visible()
    expect(page.get_by_label("Your words")).to_have_value("A new proxy helps.")
    page.get_by_label("Resolution code").select_option("FIXED")
    page.get_by_role("button", name="Send public answer").click()
    expect(page.locator("#ticket-head")).to_contain_text("solved")
    looked_at(page, "ticket-solved")
    _rest(page)


def test_the_second_of_two_sees_what_changed_and_keeps_the_words(
    cast: Cast, page_of: PageOf, looked_at: Look
) -> None:
    ticket = make_ticket(by=cast.ada, at=clock.now(), vo=cast.juno)
    page = page_of(cast.boris)
    page.goto(f"/tickets/{ticket.pk}/")
    page.get_by_label("Your words").fill("Solved by a reboot.")
    page.get_by_label("And then").select_option("solve")
    page.get_by_label("Resolution code").select_option("FIXED")
    work.take_step(ticket=ticket, step="take", by=cast.carla, at=clock.now())

    page.get_by_role("button", name="Send public answer").click()

    expect(page.get_by_role("alert")).to_contain_text("Carla Rossi took the ticket")
    expect(page.get_by_label("Your words")).to_have_value("Solved by a reboot.")
    looked_at(page, "ticket-conflict")
    page.get_by_role("button", name="Send public answer").click()
    expect(page.locator("#ticket-head")).to_contain_text("solved")
    assert DiaryEntry.objects.get().text == "Solved by a reboot."
    _rest(page)


def test_news_arrive_without_taking_away_what_is_typed(cast: Cast, page_of: PageOf) -> None:
    ticket = make_ticket(by=cast.ada, at=clock.now(), vo=cast.juno)
    page = page_of(cast.ada)
    # The page asks every twenty seconds; nobody wants to wait for that.
    page.route(
        re.compile(rf"/tickets/{ticket.pk}/$"),
        lambda route: _answer_sooner(route),
    )
    page.goto(f"/tickets/{ticket.pk}/")
    page.get_by_label("Your words").fill("half a sen")

    write(ticket=ticket, by=cast.boris, at=clock.now(), words="We look at it.")

    expect(page.locator("#entries")).to_contain_text("We look at it.")
    expect(page.locator("#ticket-head")).to_contain_text("in progress")
    expect(page.locator("#announce")).to_have_text("1 new entry")
    expect(page.get_by_label("Your words")).to_have_value("half a sen")
    _rest(page)


def _rest(page: Page) -> None:
    """Wait until the page asks for nothing more: what it asks must not meet the clearing up."""
    page.wait_for_load_state("networkidle")


def _answer_sooner(route: Any) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("every 20s", "every 1s"))


def test_everything_works_without_a_script(cast: Cast, page_of: PageOf) -> None:
    ticket = make_ticket(by=cast.ada, at=clock.now(), vo=cast.juno)
    page = page_of(cast.boris, java_script_enabled=False)
    page.goto(f"/tickets/{ticket.pk}/")
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#ticket-head")).to_contain_text("in progress")
    page.get_by_role("link", name="Change: Priority").click()
    page.get_by_label("very urgent").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Your words").fill("Which files?")
    page.get_by_label("And then").select_option("ask")
    page.get_by_role("button", name="Send public answer").click()

    expect(page.locator("#ticket-head")).to_contain_text("waiting for reply")
    expect(page.locator("#ticket-head")).to_contain_text("very urgent")
    _rest(page)
