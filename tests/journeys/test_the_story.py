"""The main job, end to end: a ticket's whole life with four people and a downtime meanwhile.

Everything is real: the browser, the web process, the worker and beat, the poller and the simulated
GOCDB that it asks over HTTP, the mails in the demo's catcher.
"""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PageOf
from tests.journeys.doing import at_rest, expect_status, number_shown, solve, walk_to, write
from tests.journeys.portal import PATIENCE, Portal, reload_until

pytestmark = pytest.mark.timeout(480)

# A portal that is up already may have heard the story before.
MARK = uuid4().hex[:6]
NAME, PASSWORD = "Grace Okafor", "neutrinos-oscillate-9"
ADDRESS = f"grace-{MARK}@people.example.org"
SUBJECT = f"Pilots end at once on cccondorce02.in2p3.fr, batch {MARK}"
INTERNAL = "The quark-gluon firewall rule of last night is to blame"
QUESTION = "Do they also end on cccondorce01.in2p3.fr?"
REPLY = "Yes, on both of them, since this morning."
SOLUTION = "The rule was taken back, and the pilots run again."
DURING = "Emergency work on the cooling of the machine room"
BEFORE = "One of two power feeds is under maintenance"


def test_a_ticket_lives(portal: Portal, window_of: PageOf, declare: Callable[..., None]) -> None:
    declare("IN2P3-CC", begins_in=-30, minutes=240, severity="WARNING", description=BEFORE)
    portal.manage("poll", "gocdb-downtimes")
    grace, carla, boris = window_of(None), window_of("carla"), window_of("boris")
    _registers(grace)

    number = _files(grace)
    seen = [grace.content()]

    _routes(carla)

    ticket = f"/tickets/{number}/"
    _works(boris, ticket)

    # A downtime that is declared while the ticket is open.
    declare("IN2P3-CC", minutes=60, description=DURING)
    _answers_from_the_mail(grace, number)
    seen.append(grace.content())

    # Nobody polls by hand: beat, the worker and the page that stays open do it. It asks every
    # twenty seconds, and may have heard of the answer already.
    entry = boris.locator("#entries > li", has_text=re.compile("downtime (declared|extended)"))
    expect(entry).to_be_visible(timeout=PATIENCE * 1000)
    expect(entry).to_contain_text("IN2P3-CC")
    expect(entry).to_contain_text("internal")
    expect(boris.locator("#entries > li", has_text=REPLY)).to_be_visible()
    boris.reload()
    expect_status(boris, "in progress")
    expect(boris.locator("#context-now")).to_contain_text(DURING)
    expect(boris.locator(".context-card")).to_contain_text(BEFORE)

    grace.reload()
    expect(grace.locator("#context-now")).to_contain_text(DURING)
    expect(grace.locator("#entries")).not_to_contain_text("downtime declared")
    seen.append(grace.content())

    boris.get_by_role("link", name="Solve…").click()
    expect(boris.get_by_label("And then")).to_have_value("solve")
    solve(boris, SOLUTION)

    _verifies(grace, ticket)
    boris.reload()
    expect_status(boris, "verified")
    expect(boris.locator("#entries")).to_contain_text(INTERNAL)

    seen += [grace.content(), *_mails_to(grace, ADDRESS)]
    assert len(seen) > 6
    assert not [words for words in seen if "quark-gluon" in words]


def _registers(grace: Page) -> None:
    grace.goto("/accounts/signup/")
    grace.get_by_label("Your name").fill(NAME)
    grace.get_by_label("E-mail address").fill(ADDRESS)
    grace.get_by_label("Time zone").select_option("Africa/Lagos")
    grace.get_by_label("Password").fill(PASSWORD)
    grace.get_by_role("main").get_by_role("button", name="Register").click()
    expect(grace.get_by_role("heading", name="Look into your mail")).to_be_visible()
    grace.goto(f"/outbox/caught/?to={ADDRESS}")
    mail = grace.get_by_role("main").get_by_role("listitem").get_by_role("link")
    reload_until(grace, mail)
    mail.click()
    grace.get_by_role("link", name="/confirm-email/").click()
    grace.get_by_role("button", name="Yes, confirm").click()
    grace.goto("/accounts/login/")
    grace.get_by_label("User name or e-mail address").fill(ADDRESS)
    grace.get_by_label("Password").fill(PASSWORD)
    grace.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(grace.get_by_label(f"My place: {NAME}")).to_be_visible()


def _files(grace: Page) -> int:
    grace.get_by_role("link", name="File a ticket").first.click()
    # What she types is read by the page's script.
    grace.wait_for_url("**/tickets/new/**")
    at_rest(grace)
    grace.get_by_label("What happened?").fill(SUBJECT)
    grace.get_by_label("Details").fill("They end after three seconds with exit code 1.")
    # What stands in her words is recognised, and the site's downtime is shown before she sends.
    grace.get_by_role("button", name=re.compile("IN2P3-CC")).first.click()
    where = grace.get_by_role("combobox", name="Where?")
    expect(where).to_have_value(re.compile("IN2P3-CC"))
    running = grace.get_by_role("region", name="IN2P3-CC")
    expect(running).to_contain_text("at risk")
    expect(running).to_contain_text(BEFORE)
    grace.get_by_text("It slows my work down").click()
    grace.get_by_role("button", name="File the ticket").click()
    number = number_shown(grace)
    expect(grace.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    expect_status(grace, "new")
    expect(grace.locator("#ticket-head")).to_contain_text("TPM")
    # The worker adds what was going on there.
    reload_until(grace, grace.locator(".context-card").get_by_text(BEFORE).nth(1))
    return number


def _routes(carla: Page) -> None:
    carla.goto("/tpm/")
    walk_to(carla, SUBJECT)
    carla.keyboard.press("1")
    said = carla.get_by_role("status").filter(has_text="went to IN2P3-CC")
    expect(said).to_be_visible()
    expect(said.get_by_role("button", name="Undo")).to_be_visible()
    expect(carla.locator(".ticket-row", has_text=SUBJECT)).to_have_count(0)


def _works(boris: Page, ticket: str) -> None:
    boris.goto("/tickets/?q=unit:IN2P3-CC status:open")
    boris.get_by_role("link", name=SUBJECT).click()
    expect(boris).to_have_url(re.compile(ticket))
    expect_status(boris, "assigned")
    boris.get_by_role("button", name="Take it").click()
    expect_status(boris, "in progress")
    write(boris, INTERNAL, internal=True)
    write(boris, "Thank you, I look at the CE.")
    write(boris, QUESTION, and_then="ask")
    expect_status(boris, "waiting for reply")


def _answers_from_the_mail(grace: Page, number: int) -> None:
    grace.goto(f"/outbox/caught/?to={ADDRESS}")
    mail = grace.get_by_role("main").get_by_role("listitem").filter(has_text=QUESTION[:12])
    reload_until(grace, mail)
    expect(mail).to_contain_text(f"[JUNO #{number}] {SUBJECT}")
    mail.get_by_role("link").click()
    expect(grace.get_by_role("main")).to_contain_text("waiting for reply")
    grace.get_by_role("link", name=f"/tickets/{number}/").first.click()
    expect_status(grace, "waiting for reply")
    write(grace, REPLY)
    expect_status(grace, "in progress")


def _verifies(grace: Page, ticket: str) -> None:
    grace.goto(ticket)
    expect(grace.get_by_role("region", name="Solution")).to_contain_text(SOLUTION)
    grace.get_by_role("button", name="Verify: it works").click()
    expect_status(grace, "verified")
    expect(grace.get_by_role("main")).to_contain_text("for good")


def _mails_to(page: Page, address: str) -> list[str]:
    """Return the text of all mails that the catcher holds for somebody."""
    page.goto(f"/outbox/caught/?to={address}")
    links = page.get_by_role("main").get_by_role("listitem").get_by_role("link").all()
    texts = []
    for path in [link.get_attribute("href") for link in links]:
        page.goto(path or "")
        texts.append(page.get_by_role("main").inner_text())
    return texts
