"""Every page, as somebody whose page it is: axe finds nothing, wide and narrow, light and dark.

Nothing is wider than its window, no script fails, no security policy is broken (the windows watch
for these two). The pages of registration and sign-in are walked in test_signin.py.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from tests.journeys.conftest import PageOf
from tests.journeys.doing import expect_status, file_ticket, write
from tests.journeys.portal import Portal, reload_until
from tests.journeys.windows import Windows
from tests.rules.test_access_by_role import TABLE

pytestmark = pytest.mark.timeout(480)

# An address's name: (who looks, path). N is a ticket of Ada's with everything on it.
PAGES: dict[str, list[tuple[str | None, str]]] = {
    "home": [(None, "/"), ("ada", "/"), ("boris", "/"), ("carla", "/"), ("eve", "/")],
    "help": [(None, "/help/")],
    "help-page": [("ada", "/help/submitter/")],
    "profile": [("ada", "/accounts/profile/")],
    "outbox:outbox": [("dmitri", "/outbox/"), ("dmitri", "/outbox/?state=ALL")],
    "outbox:caught": [(None, "/outbox/caught/")],
    "outbox:gateways": [("dmitri", "/outbox/gateways/")],
    "outbox:new-gateway": [("dmitri", "/outbox/gateways/new/")],
    "outbox:gateway": [("dmitri", "/outbox/gateways/1/")],
    "alarm-drills": [("ada", "/alarm-drills/juno/"), ("yong", "/alarm-drills/juno/")],
    "units:list": [("eve", "/units/")],
    "units:open": [("dmitri", "/units/-/open/")],
    "units:unit": [("boris", "/units/IN2P3-CC/"), ("ada", "/units/JUNO-Offline/")],
    "vos:list": [("ada", "/vos/")],
    "vos:vo": [("yong", "/vos/juno/"), ("dmitri", "/vos/biomed/")],
    "vos:versions": [("eve", "/vos/biomed/versions/")],
    "vos:version": [("eve", "/vos/biomed/versions/2/")],
    "vos:waiting": [("dmitri", "/vos/-/waiting/")],
    "vos:import": [("dmitri", "/vos/-/import/")],
    "vos:readiness": [("ada", "/vos/juno/readiness/")],
    "vos:readiness-site": [("ada", "/vos/juno/readiness/INFN-T1/")],
    "people:list": [("dmitri", "/people/")],
    "people:person": [("dmitri", "/people/carla/")],
    "sites:board": [(None, "/sites/")],
    "sites:site": [("dmitri", "/sites/INFN-T1/"), (None, "/sites/ru-Moscow-SINP-T3/")],
    "downtimes:calendar": [(None, "/downtimes/"), ("boris", "/downtimes/?view=month")],
    "links:list": [(None, "/links/"), ("dmitri", "/links/")],
    "links:link": [("dmitri", "/links/CNAF-IN2P3-LHCOPN-001/")],
    "sources:list": [("dmitri", "/sources/")],
    "sources:names": [("dmitri", "/sources/names/"), ("dmitri", "/sources/names/?show=all")],
    "jobs:look-up": [("boris", "/jobs/")],
    "ticket-jobs": [("boris", "/tickets/N/jobs/")],
    "sources:push-new": [("dmitri", "/sources/push/new/")],
    "sources:diracx-login": [("dmitri", "/sources/diracx/login/")],
    "queue-selected": [("boris", "/tickets/selected/?ticket=700&ticket=701")],
    "queue": [
        ("boris", "/tickets/"),
        ("boris", "/tickets/?pick=1"),
        ("boris", "/tickets/?q=sitte:INFN-T1 vo:juno"),
        ("ada", "/tickets/"),
        ("eve", "/tickets/"),
    ],
    "new-ticket": [("ada", "/tickets/new/"), ("ada", "/tickets/new/?site=INFN-T1")],
    "new-team-ticket": [("quentin", "/tickets/new/team/?sites=INFN-T1")],
    "new-alarm-ticket": [("quentin", "/tickets/new/alarm/?sites=INFN-T1")],
    "proposals": [("quentin", "/proposals/")],
    "ticket": [
        ("boris", "/tickets/N/"),
        ("ada", "/tickets/N/"),
        ("wei", "/tickets/N/"),
        ("tomas", "/tickets/N/"),
    ],
    "change-ticket": [("boris", "/tickets/N/change/unit/")],
    "redact-part": [("boris", "/tickets/N/redact/subject/")],
    "ticket-now": [("boris", "/tickets/N/now/")],
    "answers": [("ada", "/answers/"), ("carla", "/answers/?show=withdrawn")],
    "answer": [("ada", "/answers/1/"), ("carla", "/answers/1/")],
    "new-answer": [("carla", "/answers/new/")],
    "change-answer": [("carla", "/answers/1/change/")],
    "announcements": [(None, "/announcements/")],
    "announcement": [("dmitri", "/announcements/1/")],
    "announce": [("dmitri", "/announcements/new/"), ("yong", "/announcements/new/")],
    "change-announcement": [("dmitri", "/announcements/1/change/")],
    "units:fallback": [("dmitri", "/units/-/fallback/")],
    "units:faqs": [("ada", "/units/-/faq/")],
    "units:faq": [("ada", "/units/JUNO-Offline/faq/")],
    "units:requests": [("dmitri", "/units/-/requests/")],
    "people:leave": [("dmitri", "/people/carla/leave/")],
    "shifts:home": [("quentin", "/shifts/")],
    "shifts:me": [("quentin", "/shifts/-/me/")],
    "shifts:rota": [("quentin", "/shifts/juno/"), ("eve", "/shifts/juno/")],
    "shifts:people": [("quentin", "/shifts/juno/people/")],
    "shifts:shift": [("quentin", "/shifts/-/shift/1/")],
    "shifts:log": [("quentin", "/shifts/juno/log/")],
    "shifts:since": [("quentin", "/shifts/juno/since/")],
    "shifts:card": [("quentin", "/shifts/juno/card/")],
    "suggestions": [("carla", "/tpm/suggestions/")],
    "rules": [("dmitri", "/tpm/rules/")],
    "new-rule": [("dmitri", "/tpm/rules/new/")],
    "rule": [("dmitri", "/tpm/rules/1/")],
    "check-list": [("carla", "/tpm/check-list/")],
    "ready-texts": [("carla", "/tpm/texts/")],
    "new-ready-text": [("carla", "/tpm/texts/new/")],
    "ready-text": [("carla", "/tpm/texts/1/")],
    "tpm-desk": [("carla", "/tpm/"), ("carla", "/tpm/?list=problems")],
}
# What has an address and is no page that somebody looks at.
NO_PAGES = {
    "calendar-downtimes",  # for calendar programs
    "healthz",
    "readyz",
    "metrics",
    "attachment",
    # Parts of a page, which stand in it when it is walked.
    "completions",
    "find-units",
    "filled-text",
    "find-tickets",
    "fitting-answers",
    "hearers",
    "ready-offers",
    "since",
    "ticket-answers",
    "site-offers",
    "vos:export",  # a document for the Operations Portal
    # Walked below: their numbers are not known before.
    "vos:contact",
    "vos:import-preview",
    # Walked in the stories of the desk and of a unit.
    "tpm-selected",
    "units:prove",
    # Walked below, where a source is made first.
    "sources:push-source",
    # Walked in the test of the mail catcher below: its number is not known before.
    "outbox:caught-mail",
}
VISITS = [visit for visits in PAGES.values() for visit in visits]


@pytest.fixture(scope="module")
def number(portal: Portal, chromium: Browser) -> int:
    """Return the number of a ticket of Ada's with words of both sides, about a site in downtime."""
    windows = Windows(chromium, portal.url)
    ada, paolo = (
        windows.open(storage_state=portal.cookies_of(who, chromium)) for who in ("ada", "paolo")
    )
    number = file_ticket(
        ada,
        "Stage-in from storm-tape-juno.cr.cnaf.infn.it is slow",
        "See\n\n```\ngfal-copy: 0.3 MB/s\n```\n\n| run | minutes |\n|---|---|\n| 8123 | 70 |\n",
        site="INFN-T1",
    )
    paolo.goto(f"/tickets/{number}/")
    paolo.get_by_role("button", name="Take it").click()
    expect_status(paolo, "in progress")
    write(paolo, "The robot of the library is being replaced.", internal=True)
    write(paolo, "Which files do you need first?", and_then="ask")
    windows.close()
    return number


def test_no_page_is_left_out() -> None:
    asked = {name for name, (method, _who) in TABLE.items() if method == "get"}
    assert asked - set(PAGES) == NO_PAGES


@pytest.mark.parametrize(
    ("who", "path"), VISITS, ids=[f"{who or 'nobody'} {path}" for who, path in VISITS]
)
def test_a_page(
    window_of: PageOf,
    looked_at: Callable[[Page, str], None],
    number: int,
    who: str | None,
    path: str,
) -> None:
    page = window_of(who)
    answer = page.goto(path.replace("N", str(number), 1) if "/N/" in path else path)
    assert answer is not None and answer.status == 200
    page.wait_for_load_state("networkidle")
    looked_at(page, f"{who or 'nobody'}{path.partition('?')[0].replace('/', '-')}".rstrip("-"))


def test_a_source_that_tells_by_itself(
    window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    page = window_of("dmitri")
    page.goto("/sources/push/new/")
    page.get_by_label("Name", exact=True).fill("cern-noc")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("Copy it now").wait_for()
    looked_at(page, "push-token")
    page.goto("/sources/push/push-cern-noc/")
    assert page.locator("#token").count() == 0
    page.get_by_label("Or paste the list").fill(
        "link,start,end,state,reference\n"
        "CERN-CNAF-LHCOPN-001,2026-01-05 10:00,2026-01-05 11:30,down,NOC-17\n"
        "CERN-CNAF-LHCOPN-001,yesterday,,down,\n"
    )
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("Nothing of it is kept yet.").wait_for()
    looked_at(page, "push-preview")
    page.get_by_role("button", name="Take this event").click()
    page.get_by_text("1 event was taken, 1 state changed.").wait_for()


def test_a_caught_mail(
    window_of: PageOf, looked_at: Callable[[Page, str], None], number: int
) -> None:
    page = window_of(None)
    page.goto("/outbox/caught/?to=@")
    mail = page.get_by_role("main").get_by_role("link", name=re.compile(f"#{number}")).first
    reload_until(page, mail)
    mail.click()
    expect(page.get_by_role("region", name="Mail")).to_be_visible()
    looked_at(page, "caught-mail")


def test_pages_that_are_not_there(
    window_of: PageOf, looked_at: Callable[[Page, str], None]
) -> None:
    page = window_of("eve")
    for path, status in (("/sites/No-Such-Site/", 404), ("/tpm/", 403), ("/tickets/999999/", 404)):
        answer = page.goto(path)
        assert answer is not None and answer.status == status
        looked_at(page, f"refused{path.replace('/', '-')}".rstrip("-"))


def test_the_pages_of_a_card(
    window_of: PageOf, looked_at: Callable[[Page, str], None], tmp_path: Path
) -> None:
    yong, dmitri = window_of("yong"), window_of("dmitri")
    yong.goto("/vos/juno/edit/")
    yong.get_by_role("button", name="Add a row Groups and roles").click()
    yong.get_by_label("Homepage").fill("not an address")
    yong.get_by_role("button", name="Ask for the change").click()
    yong.get_by_text("no address of the web").first.wait_for()
    looked_at(yong, "card-edit")

    dmitri.goto("/vos/-/waiting/")
    changes = dmitri.get_by_role("region", name="Changes to decide")
    changes.get_by_role("link", name="juno").first.click()
    dmitri.get_by_role("button", name="Approve all").wait_for()
    looked_at(dmitri, "card-request")
    dmitri.goto("/vos/juno/portal/")
    looked_at(dmitri, "card-portal")
    dmitri.goto("/vos/juno/")
    dmitri.get_by_role("link", name="Change Vera Neumann").click()
    expect(dmitri).not_to_have_url(re.compile("/vos/juno/$"))
    dmitri.goto(f"{dmitri.url}?q=a")
    looked_at(dmitri, "card-contact")

    document = tmp_path / "cards.xml"
    cards = [CardRecord("biomed", {"description": "Changed."}), CardRecord("newcomer", {})]
    document.write_bytes(write_cards(cards).replace(b"</data>", b'<Vo key="a/b"/></data>'))
    dmitri.goto("/vos/-/import/")
    dmitri.get_by_label("File").set_input_files(document)
    dmitri.get_by_role("button", name="Look at what would change").click()
    dmitri.get_by_text("Nothing is changed yet.").wait_for()
    looked_at(dmitri, "card-import")
