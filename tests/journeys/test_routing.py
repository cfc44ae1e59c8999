"""Rules of an admin in the browser: looked at before they are saved, at work after filing; what is
suggested says why; how good it is stands on a page; and a red banner when nobody is at TPM.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from juno_support.lib import clock
from juno_support.pages import tpm_banner
from supportunits.models import UnitMembership
from tests.cast import Cast
from tests.journeys.conftest import PageOf
from tests.journeys.doing import file_ticket
from tests.make import make_unit
from tests.tickets.make import make_ticket
from tests.tickets.routing.make import route_ticket
from tickets.models import Ticket
from tickets.routing import decisions, training

pytestmark = pytest.mark.timeout(480)


def test_an_admin_writes_a_rule_and_it_works(
    page_of: PageOf, cast: Cast, looked_at: Callable[[Page, str], None]
) -> None:
    now = clock.now()
    storage = make_unit(name="Storage", title="Disk and tape", members=(cast.boris,))
    for number in range(4):
        route_ticket(by=cast.ada, unit=storage, subject=f"Tape recall {number} hangs",
                     at=now - timedelta(days=6 + number))  # fmt: skip
    route_ticket(by=cast.ada, unit=cast.in2p3_unit, subject="The tape of IN2P3-CC",
                 at=now - timedelta(days=5))  # fmt: skip
    admin = page_of(cast.dmitri)

    admin.goto("/tpm/rules/")
    expect(admin.get_by_text("No rules yet")).to_be_visible()
    admin.get_by_role("link", name="New rule").click()
    admin.get_by_label("Name").fill("Tapes")
    admin.get_by_label("Support unit").fill("Storage")
    admin.get_by_role("button", name="What would it have done?").click()
    expect(admin.get_by_text("Every ticket would fit this rule.")).to_be_visible()

    admin.get_by_label("Words or phrases").fill("tape")
    admin.get_by_label("routes by itself what a user sent to nobody").check()
    admin.get_by_role("button", name="What would it have done?").click()
    tried = admin.get_by_role("region", name="What it would have done in the last 30 days")
    expect(tried.get_by_role("row")).to_have_count(6)
    expect(tried.get_by_text("miss")).to_have_count(1)
    looked_at(admin, "rule-preview")
    admin.get_by_role("button", name="Save the rule").click()
    expect(admin.get_by_text("The rule “Tapes” is saved.")).to_be_visible()

    ada = page_of(cast.ada)
    number = file_ticket(ada, "My tape is stuck", "Since noon the recall hangs.")
    ticket = Ticket.objects.get(pk=number)
    assert ticket.unit == storage
    boris = page_of(cast.boris)
    boris.goto(f"/tickets/{number}/")
    expect(boris.get_by_text("A rule, “Tapes”, gave the ticket to Storage")).to_be_visible()
    admin.goto("/tpm/rules/")
    expect(admin.get_by_role("row", name="Tapes")).to_contain_text("1")
    looked_at(admin, "rules")


def test_what_is_suggested_says_why_and_how_good_it_is(
    page_of: PageOf,
    cast: Cast,
    looked_at: Callable[[Page, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The five hundred are pinned in tests/tickets/routing; here forty are enough.
    monkeypatch.setattr(training.learnt, "LEAST", 30)
    now = clock.now()
    storage, offline = make_unit(name="Storage"), make_unit(name="Offline")
    for number in range(20):
        for unit, words in ((storage, "dcache pool"), (offline, "geant4 crash")):
            route_ticket(by=cast.ada, unit=unit, subject=f"{words} {number}",
                         at=now - timedelta(days=60 - number))  # fmt: skip
    training.train(at=now)
    asked = make_ticket(by=cast.ada, subject="dcache pool is full", at=now)
    decided = make_ticket(by=cast.ada, subject="geant4 crash again", at=now)
    decisions.route(ticket=decided, unit=offline, by=cast.carla, at=now)

    carla = page_of(cast.carla)
    carla.goto(f"/tpm/?ticket={asked.pk}")
    offer = carla.get_by_role("button", name="Storage")
    expect(offer).to_contain_text("went there in 20 of 20 tickets, e.g. #")
    carla.goto("/tpm/suggestions/")
    expect(carla.get_by_text("On tickets that it had not seen")).to_be_visible()
    looked_at(carla, "suggestions")


def test_a_red_banner_until_somebody_stands_in(
    page_of: PageOf, cast: Cast, looked_at: Callable[[Page, str], None]
) -> None:
    UnitMembership.objects.filter(unit=cast.tpm).delete()
    tpm_banner.forget()
    admin = page_of(cast.dmitri)

    admin.goto("/")
    expect(admin.get_by_role("alert")).to_contain_text("Nobody is named to stand in")
    admin.get_by_role("link", name="See who stands in").click()
    admin.get_by_label("Name or e-mail address").fill("Boris")
    admin.get_by_role("button", name="Find").click()
    admin.get_by_role("button", name="Name Boris Lefèvre").click()

    expect(admin.get_by_role("alert")).to_contain_text("Its mail goes to Boris Lefèvre.")
    looked_at(admin, "fallback")
