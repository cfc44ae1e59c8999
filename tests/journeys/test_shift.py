"""From alarm to ticket: a site breaks, the shifter finds it proposed and files a TEAM ticket."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, number_shown, write
from tests.journeys.portal import Portal, reload_until

pytestmark = pytest.mark.timeout(480)

SITE = "JINR-T1"
SUBJECT = f"{SITE} is down (DIRAC)"


@pytest.fixture
def broken(portal: Portal) -> Iterator[None]:
    """A site is broken for three quarters of an hour, and its sources were asked."""
    words = ("demo", "incident", "site", SITE, "--in=-45", "--minutes=600", "--json")
    key = json.loads(portal.manage(*words))["key"]
    portal.manage("poll", "argo")
    portal.manage("poll", "dirac-https")
    yield
    portal.manage("demo", "incident", "stop", key)


def test_a_shifter_files_a_team_ticket_from_a_proposal(
    broken: None, window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    quentin = window_of("quentin")
    quentin.goto("/proposals/")
    card = quentin.get_by_role("article").filter(has_text=SITE)
    # The worker may look between the two polls, and propose in the eyes of one source first.
    in_both = card.filter(has_text=SUBJECT).filter(has=quentin.get_by_text("ARGO", exact=True))
    reload_until(quentin, in_both)
    looked_at(quentin, "proposals")

    card.get_by_role("link", name=f"File a TEAM ticket about {SITE}").click()
    expect(quentin.get_by_label("What happened?")).to_have_value(SUBJECT)
    expect(quentin.get_by_label("Which site?").first).to_have_value(SITE)
    expect(quentin.locator("#known-way")).to_contain_text(f"It goes to {SITE}")
    details = quentin.get_by_label("Details")
    details.fill(details.input_value() + "\n\nTransfers from IHEP stopped at the same time.")
    looked_at(quentin, "team-ticket-form")
    quentin.get_by_role("button", name="File the TEAM ticket").click()

    number = number_shown(quentin)
    expect_status(quentin, "assigned")
    head = quentin.locator("#ticket-head")
    expect(head).to_contain_text("TEAM")
    expect(head).to_contain_text(SITE)
    quentin.goto("/proposals/")
    linked = quentin.get_by_role("article").filter(has_text=f"#{number} ")
    expect(linked).to_contain_text(SITE)
    expect(linked.get_by_role("link", name="File a TEAM ticket")).to_have_count(0)

    igor = window_of("igor")
    igor.goto("/outbox/caught/?to=igor@people.example.org")
    reload_until(igor, igor.get_by_text(f"[JUNO #{number}] TEAM Ticket: {SITE}").first)
    igor.goto(f"/tickets/{number}/")
    write(igor, "Which transfers do you mean?", and_then="ask")

    jun = window_of("jun")
    jun.goto(f"/tickets/{number}/")
    expect(jun.get_by_role("link", name="Escalate…")).to_be_visible()
    write(jun, "Those of the raw data.")
    expect_status(jun, "in progress")
