"""The columns of the sites board: what the sources say, and what may be made of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from juno_support.accounts.models import User
from monitoring.observations import EntityKind
from monitoring.states import BoardState, board_states
from tests import make
from tests.cast import Cast
from tests.pages import watched
from tests.pages.test_board import declare

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)
    watched.read_gocdb(at)


def row_of(page: str, site: str) -> str:
    """Return the row of the table in which a site stands."""
    rows = [row for row in page.split("<tr>")[1:] if f"/sites/{site}/" in row]
    assert len(rows) == 1, f"{site} stands in {len(rows)} rows"
    return rows[0].split("</tr>")[0]


def test_the_worst_is_told_with_its_oldest_moment(cast: Cast, at: datetime) -> None:
    watched.read("dirac-https", at)
    watched.say(cast.in2p3, "dirac-https", "ok", since=at - HOURS, metric="rss")
    watched.say(cast.in2p3, "dirac-https", "critical", since=at - 5 * HOURS, metric="jobs")
    watched.say(cast.in2p3, "dirac-https", "critical", since=at - 2 * HOURS, metric="pilots")
    storage = watched.make_entity("dirac-https", EntityKind.STORAGE, site=cast.in2p3)
    watched.make_state(storage, "dirac-https", "down", since=at - 9 * HOURS)

    assert board_states([cast.in2p3.pk]) == {
        cast.in2p3.pk: {"dirac-https": BoardState("critical", at - 5 * HOURS, 1)}
    }
    assert board_states() == board_states([cast.in2p3.pk, cast.beijing.pk])


def test_without_a_word_of_the_site_the_worst_of_its_things_stands(
    cast: Cast, at: datetime
) -> None:
    watched.read("argo", at)
    for number, status in enumerate(("ok", "unknown", "warning", "warning")):
        service = watched.make_entity("argo", EntityKind.SERVICE, site=cast.in2p3)
        watched.make_state(service, "argo", status, since=at - number * HOURS)

    assert board_states()[cast.in2p3.pk]["argo"] == BoardState("warning", at - 3 * HOURS, 0)


def test_a_column_for_each_source_in_use_and_problems_first(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at)
    watched.read("dirac-https", at, ago=timedelta(minutes=7))
    watched.say(cast.in2p3, "argo", "ok", since=at - HOURS)
    watched.say(cast.in2p3, "dirac-https", "critical", since=at - 3 * HOURS)
    watched.say(cast.beijing, "argo", "warning", since=at - HOURS)

    page = client.get("/sites/").content.decode()

    head = page.split("</thead>")[0]
    assert head.index("ARGO") < head.index("DIRAC<")
    assert "DiracX" not in head
    assert "7 min ago" in head
    assert page.index("/sites/IN2P3-CC/") < page.index("/sites/BEIJING-LCG2/")
    lyon, beijing = row_of(page, "IN2P3-CC"), row_of(page, "BEIJING-LCG2")
    assert 'data-state="critical">critical</span><span class="board-note">3 h</span>' in lyon
    assert "/sites/IN2P3-CC/#source-dirac-https" in lyon
    assert 'data-state="warning">warning</span>' in beijing
    assert "not reported" in beijing


def test_an_old_source_says_unknown_and_is_no_problem(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at, ago=20 * HOURS)
    watched.say(cast.in2p3, "argo", "critical", since=at - 30 * HOURS)
    declare(cast.in2p3, at + HOURS, at + 2 * HOURS)

    page = client.get("/sites/").content.decode()

    assert "What ARGO tells is 20 h old: too old to say what is going on now." in page
    assert "20 h old</span></th>" in page
    assert 'data-state="unknown">unknown</span>' in row_of(page, "IN2P3-CC")
    assert "was critical" in row_of(page, "IN2P3-CC")
    assert 'id="group-problem"' not in page


def test_several_old_sources_are_one_warning(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at, ago=20 * HOURS)
    watched.read("maddash", at, ago=3 * HOURS)
    watched.read("dirac-https", at)

    page = client.get("/sites/").content.decode()

    assert "shown as unknown: ARGO (20 h old), MaDDash (3 h old)." in page
    assert page.count("Too old to say") == 1


def test_a_source_in_doubt_is_shown_as_such_and_is_no_problem(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at, doubt="its own check is <b>CRITICAL</b>")
    watched.say(cast.in2p3, "argo", "critical", since=at - HOURS)
    watched.say(cast.beijing, "argo", "ok", since=at - HOURS)
    declare(cast.in2p3, at + HOURS, at + 2 * HOURS)

    page = client.get("/sites/").content.decode()

    assert "cannot be trusted just now: its own check is &lt;b&gt;CRITICAL" in page
    assert "in doubt</span></th>" in page
    assert "critical</span>" in row_of(page, "IN2P3-CC")
    assert "in doubt" in row_of(page, "IN2P3-CC")
    assert 'aria-label="ARGO: ok (in doubt)"' in page
    assert 'id="group-problem"' not in page


def test_an_outage_explains_and_a_period_at_risk_does_not(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at)
    for site, severity in ((cast.in2p3, "OUTAGE"), (cast.beijing, "WARNING")):
        watched.say(site, "argo", "critical", since=at - HOURS)
        declare(site, at - HOURS, at + HOURS, severity=severity)

    page = client.get("/sites/").content.decode()

    problem, outage = page.index('id="group-problem"'), page.index('id="group-outage"')
    assert problem < page.index("/sites/BEIJING-LCG2/") < outage < page.index("/sites/IN2P3-CC/")


def test_only_with_problems(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    watched.say(cast.in2p3, "argo", "warning", since=at - HOURS)
    watched.say(cast.beijing, "argo", "unknown", since=at - HOURS)
    coming = make.make_site(name="COMING")
    declare(coming, at + HOURS, at + 2 * HOURS)

    page = client.get("/sites/?problems=1").content.decode()

    assert "/sites/IN2P3-CC/" in page
    assert "/sites/BEIJING-LCG2/" not in page
    assert "/sites/COMING/" not in page
    assert "/sites/BEIJING-LCG2/" in client.get("/sites/?state=none").content.decode()
    assert "/sites/IN2P3-CC/" in client.get("/sites/?state=warning").content.decode()
    assert "/sites/COMING/" not in client.get("/sites/?state=problem").content.decode()


def test_a_bad_link_is_told_at_both_ends(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("perfsonar", at)
    link = watched.make_link(cast.in2p3, cast.beijing)
    there = watched.make_entity("perfsonar", EntityKind.LINK, "a b", link=link)
    back = watched.make_entity("perfsonar", EntityKind.LINK, "b a", link=link)
    watched.make_state(there, "perfsonar", "ok", since=at - HOURS, metric="loss")
    watched.make_state(back, "perfsonar", "down", since=at - 4 * HOURS, metric="loss")

    page = client.get("/sites/").content.decode()

    for site in ("IN2P3-CC", "BEIJING-LCG2"):
        assert "down</span>" in row_of(page, site)
        assert "4 h, 1 bad" in row_of(page, site)


def test_whole_systems_that_are_not_in_order(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("dirac-https", at)
    system = watched.make_entity("dirac-https", EntityKind.SYSTEM, "ReqManager")
    watched.make_state(
        system, "dirac-https", "warning", since=at - HOURS, summary="312 failed requests"
    )

    page = client.get("/sites/").content.decode()

    assert "ReqManager" in page
    assert "312 failed requests" in page


def test_many_sites_by_five_sources_take_few_queries(
    client_of: ClientOf,
    cast: Cast,
    at: datetime,
    django_assert_num_queries: Callable[[int], object],
) -> None:
    for source in watched.STATE_SOURCES:
        watched.read(source, at)
    for number in range(60):
        site = make.make_site(name=f"SITE-{number:03}")
        watched.make_link(cast.in2p3, site)
        for source in watched.STATE_SOURCES:
            status = "critical" if number % 10 == 0 else "ok"
            watched.say(site, source, status, since=at - HOURS)
    client = client_of(cast.boris)
    client.get("/sites/")

    with django_assert_num_queries(16):  # type: ignore[attr-defined]
        page = client.get("/sites/").content.decode()

    assert page.count('class="marks"') == 60 - 6 + 2 + 1
    assert "style=" not in page
