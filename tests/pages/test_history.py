"""What the sources say of a site: strips, words, the same as a table, and honest doubts."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from juno_support.accounts.models import User
from monitoring.observations import EntityKind
from tests import make
from tests.cast import Cast
from tests.pages import watched
from tests.pages.test_board import declare

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)
    watched.read_gocdb(at)


def history(client: Client, query: str = "") -> str:
    """Return the part of IN2P3-CC's page that tells its history."""
    answer = client.get(f"/sites/IN2P3-CC/{query}")
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page.split('id="history"')[1].split("</section>")[0]


def test_without_any_source_of_states(client: Client, cast: Cast) -> None:
    page = history(client)

    assert "No source of states is in use yet" in page
    assert "no downtime declared" in page


def test_silence_is_not_fine(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at)

    assert "That is unknown, not fine." in history(client)


def test_a_series_is_drawn_said_and_listed(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    first = watched.say(cast.in2p3, "argo", "ok", since=at - 30 * DAYS, until=at - 5 * HOURS)
    watched.make_state(
        first.entity,
        "argo",
        "critical",
        since=at - 5 * HOURS,
        raw_status="CRITICAL",
        summary="CE: <b>timed out</b> \u202e",
        evidence_url="https://argo.example.org/page",
    )

    page = history(client, "?span=24h")

    assert 'class="fill-critical"' in page
    assert 'class="fill-ok"' in page
    assert "ARGO: ok 79 %, critical 21 %" in page
    assert 'data-state="critical">critical</span>' in page
    assert "5 h</time>" in page
    assert ">CRITICAL</span>" in page
    assert "CE: &lt;b&gt;timed out&lt;/b&gt; ⟨RLO⟩" in page
    assert page.count('href="https://argo.example.org/page"') == 2
    assert 'id="source-argo"' in page
    table = page.split("<tbody>")[1]
    assert table.index("critical") < table.index("ok</span>")
    assert "still" in table


def test_the_length_of_time_is_chosen(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    watched.say(cast.in2p3, "argo", "warning", since=at - 20 * DAYS, until=at - 10 * DAYS)

    assert "fill-warning" in history(client, "?span=30d")
    assert "not reported any more" in history(client, "?span=30d")
    assert "fill-warning" not in history(client)
    assert 'aria-current="true">7 days' in history(client, "?span=nonsense")


def test_old_data_end_when_they_were_read(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at, ago=12 * HOURS)
    watched.say(cast.in2p3, "argo", "ok", since=at - 30 * DAYS)

    page = history(client, "?span=24h")

    assert "too old to say what is going on now" in page
    assert "ok 49 %, no record 51 %" in page
    assert "was ok when it was last read" in page
    assert 'data-state="unknown">unknown</span>' in page


def test_doubt_is_said(client: Client, cast: Cast, at: datetime) -> None:
    watched.read("argo", at, doubt="inconsistent")
    watched.say(cast.in2p3, "argo", "critical", since=at - HOURS)

    page = history(client)

    assert "it says that it cannot be trusted: inconsistent" in page
    assert "in doubt" in page


def test_bad_services_first_and_those_in_order_folded(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at)
    for number in range(20):
        entity = watched.make_entity(
            "argo", EntityKind.SERVICE, f"ce{number:02}.example.org SRM", site=cast.in2p3
        )
        status = {17: "critical", 18: "warning"}.get(number, "ok")
        watched.make_state(entity, "argo", status, since=at - HOURS)

    page = history(client)

    shown, folded = page.split("18 in order")
    assert shown.index("ce17.example.org") < shown.index("ce18.example.org")
    assert "ce00.example.org" not in shown
    assert "ce00.example.org" in folded


def test_links_storage_and_systems_have_their_places(
    client: Client, cast: Cast, at: datetime
) -> None:
    for source in ("perfsonar", "dirac-https"):
        watched.read(source, at)
    link = watched.make_link(cast.in2p3, cast.beijing)
    watched.make_state(
        watched.make_entity("perfsonar", EntityKind.LINK, "a.org b.org", link=link),
        "perfsonar",
        "warning",
        since=at - HOURS,
        metric="loss",
        details={"loss_percent": 0.25},
    )
    watched.make_state(
        watched.make_entity("dirac-https", EntityKind.STORAGE, "LYON-DISK", site=cast.in2p3),
        "dirac-https",
        "down",
        since=at - HOURS,
        metric="write",
        vo="juno",
    )
    watched.make_state(
        watched.make_entity("dirac-https", EntityKind.SYSTEM, "ReqManager"),
        "dirac-https",
        "ok",
        since=at - HOURS,
        metric="requests",
    )

    page = history(client)

    places = [
        page.index(word)
        for word in ("Storage elements", "LYON-DISK", "Links", "a.org → b.org", "ReqManager")
    ]
    assert places == sorted(places)
    assert "DIRAC writing for juno" in page
    assert "loss 0.25 %" in page


def test_downtimes_stand_on_the_same_axis(client: Client, cast: Cast, at: datetime) -> None:
    declare(cast.in2p3, at - HOURS, at + HOURS)
    declare(cast.in2p3, at - 40 * DAYS, at - 39 * DAYS)

    page = history(client)

    assert "1 downtime" in page
    assert 'class="fill-bad"' in page


def test_many_series_take_few_queries(
    client_of: ClientOf,
    cast: Cast,
    at: datetime,
    django_assert_num_queries: Callable[[int], object],
) -> None:
    for source in watched.STATE_SOURCES:
        watched.read(source, at)
        watched.say(cast.in2p3, source, "ok", since=at - DAYS)
    for number in range(30):
        other = make.make_site(name=f"OTHER-{number}")
        watched.make_link(cast.in2p3, other)
        entity = watched.make_entity("argo", EntityKind.SERVICE, site=cast.in2p3)
        watched.make_state(entity, "argo", "ok", since=at - DAYS)
    client = client_of(cast.boris)
    client.get("/sites/IN2P3-CC/")

    with django_assert_num_queries(20):  # type: ignore[attr-defined]
        client.get("/sites/IN2P3-CC/")


def test_of_very_many_stretches_the_newest_are_listed(
    client: Client, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at)
    entity = watched.make_entity("argo", site=cast.in2p3)
    minute = timedelta(minutes=1)
    for number in range(310):
        watched.make_state(
            entity,
            "argo",
            ("ok", "critical")[number % 2],
            since=at - (number + 1) * minute,
            until=at - number * minute,
        )

    page = history(client, "?span=24h")

    assert page.split("<tbody>")[1].count("<tr>") == 300
    assert "10 older lines are left out" in page
    assert page.count("<rect") < 300
