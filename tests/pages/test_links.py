"""The pages of network links."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.feeds import polling
from juno_support.lib.strips import Span, Timeline
from juno_support.pages.link_lines import worst_of_each_moment
from monitoring.observations import EntityKind
from tests import make
from tests.cast import Cast
from tests.loopback import Asked, serving
from tests.pages import watched
from tests.pages.test_board import declare
from topology.models import LinkKind, NetworkLink

pytestmark = pytest.mark.django_db


def test_links_with_both_ends(client: Client, cast: Cast) -> None:
    assert "No network links yet." in client.get("/links/").content.decode()
    NetworkLink.objects.create(
        name="IHEP-CCIN2P3-LHCONE-001",
        kind=LinkKind.LHCONE,
        site_a=cast.beijing,
        site_b=cast.in2p3,
        is_backup=True,
        provider="CSTNet \u202eevil",
    )

    page = client.get("/links/").content.decode()

    assert "IHEP-CCIN2P3-LHCONE-001" in page
    assert "backup" in page
    assert "/sites/BEIJING-LCG2/" in page
    assert "/sites/IN2P3-CC/" in page
    assert "⟨RLO⟩" in page


ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)


@pytest.fixture
def link(cast: Cast, at: datetime, clock_at: Callable[[datetime], None]) -> NetworkLink:
    """A link that perfSONAR measures in both directions, one of them bad."""
    clock_at(at)
    watched.read_gocdb(at)
    watched.read("perfsonar", at)
    link = watched.make_link(cast.beijing, cast.in2p3, "IHEP-CCIN2P3-LHCONE-001")
    there = watched.make_entity("perfsonar", EntityKind.LINK, "ps.ihep.cn ps.in2p3.fr", link=link)
    back = watched.make_entity("perfsonar", EntityKind.LINK, "ps.in2p3.fr ps.ihep.cn", link=link)
    for entity, status, loss in ((there, "ok", 0.0), (back, "down", 100.0)):
        watched.make_state(
            entity,
            "perfsonar",
            status,
            since=at - 3 * HOURS,
            metric="loss",
            details={"loss_percent": loss},
            evidence_url="https://ps.example.org/graph",
        )
    return link


def test_each_direction_by_metric_with_its_figures(client: Client, link: NetworkLink) -> None:
    page = client.get("/links/").text

    _head, there, back = page.split('<strong class="link-way">')
    assert there.startswith("ps.ihep.cn → ps.in2p3.fr")
    assert back.startswith("ps.in2p3.fr → ps.ihep.cn")
    assert 'data-state="ok"' in there
    assert "loss 0 %" in there
    assert 'data-state="down"' in back
    assert "loss 100 %" in back
    assert "3 h</span>" in back
    assert 'class="fill-down"' in back
    assert "https://ps.example.org/graph" in back


def test_hosts_of_the_two_sites_are_one_direction(
    client: Client, link: NetworkLink, at: datetime
) -> None:
    for site, hosts in (
        (link.site_a, ("PS.ihep.cn", "ps2.ihep.cn")),
        (link.site_b, ("ps.in2p3.fr", "ps2.in2p3.fr")),
    ):
        for host in hosts:
            make.make_service(site=site, hostname=host)
    other = watched.make_entity("perfsonar", EntityKind.LINK, "ps2.ihep.cn ps2.in2p3.fr", link=link)
    watched.make_state(other, "perfsonar", "warning", since=at - HOURS, metric="throughput")

    page = client.get("/links/").text

    assert page.count('class="link-way"') == 2
    there = page.split(">BEIJING-LCG2 → IN2P3-CC</strong>")[1].split('class="link-way"')[0]
    assert "perfSONAR loss" in there
    assert "perfSONAR throughput" in there
    assert 'title="ps.ihep.cn → ps.in2p3.fr, ps2.ihep.cn → ps2.in2p3.fr"' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=in2p3", True),
        ("q=atlantis", False),
        ("kind=LHCONE", True),
        ("kind=LHCOPN", False),
        ("problems=1", True),
    ],
)
def test_filters(client: Client, link: NetworkLink, query: str, shown: bool) -> None:
    assert (f"/links/{link.name}/" in client.get(f"/links/?{query}").text) is shown


def test_a_quiet_link_is_unknown_and_no_problem(
    client: Client, cast: Cast, link: NetworkLink
) -> None:
    watched.make_link(cast.in2p3, cast.beijing, "QUIET")

    assert "No source measures it. That is unknown, not fine." in client.get("/links/").text
    assert "QUIET" not in client.get("/links/?problems=1").text


def test_old_data_are_unknown(
    client: Client, link: NetworkLink, at: datetime, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(at + 9 * HOURS)

    page = client.get("/links/").text

    assert "was down when it was last read" in page
    assert "too old to say what is going on now" in page
    assert client.get("/links/?problems=1").text.count("was down") == 0


def test_the_page_of_a_link(client: Client, link: NetworkLink, at: datetime) -> None:
    declare(link.site_a, at - HOURS, at + HOURS)

    page = client.get(f"/links/{link.name}/?span=24h").text

    assert "Both directions" in page
    assert "perfSONAR loss" in page
    assert "1 downtime" in page
    assert "The same as a table" in page
    assert client.get("/links/ATLANTIS/").status_code == 404


def test_the_worst_of_each_moment(at: datetime) -> None:
    axis = Timeline(at - 10 * HOURS, at, at, days_a_cell=1)
    spans = [
        Span(at - 20 * HOURS, None, "ok"),
        Span(at - 6 * HOURS, at - 4 * HOURS, "warning"),
        Span(at - 5 * HOURS, at - 2 * HOURS, "down"),
    ]

    assert worst_of_each_moment(spans, axis) == [
        Span(at - 10 * HOURS, at - 6 * HOURS, "ok"),
        Span(at - 6 * HOURS, at - 5 * HOURS, "warning"),
        Span(at - 5 * HOURS, at - 2 * HOURS, "down"),
        Span(at - 2 * HOURS, at, "ok"),
    ]
    assert worst_of_each_moment([], axis) == []


def typed(**changes: str) -> dict[str, str]:
    """Return what an admin types for a link."""
    return {
        "name": "CERN-CNAF-LHCOPN-001",
        "kind": "LHCOPN",
        "site_a": "IN2P3-CC",
        "site_b": "beijing-lcg2",
        "provider": "GÉANT",
        "note": "two lines\nof it",
    } | changes


def test_an_admin_enters_and_changes_a_link(client_of: ClientOf, cast: Cast) -> None:
    admin = client_of(cast.dmitri)

    answer = admin.post("/links/-/add/", typed(is_backup="on"))

    assert answer["Location"] == "/links/CERN-CNAF-LHCOPN-001/"
    link = NetworkLink.objects.get()
    assert (link.site_a, link.site_b, link.is_backup) == (cast.in2p3, cast.beijing, True)
    assert "GÉANT" in admin.get(answer["Location"]).text
    answer = admin.post("/links/CERN-CNAF-LHCOPN-001/change/", typed(name="NEW", provider=""))
    assert answer["Location"] == "/links/NEW/"
    link.refresh_from_db()
    assert (link.name, link.provider, link.is_backup) == ("NEW", "", False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"site_b": "IN2P3-CC"}, "between two sites"),
        ({"site_b": "ATLANTIS"}, "We know no site named"),
        ({"name": "A/B"}, "cannot be named"),
        ({"name": "-"}, "cannot be named"),
        ({"name": "TAKEN"}, "a link named TAKEN already"),
        ({"kind": "OTHERNET"}, "valid choice"),
    ],
)
def test_what_no_link_can_be(
    client_of: ClientOf, cast: Cast, changes: dict[str, str], words: str
) -> None:
    watched.make_link(cast.in2p3, cast.beijing, "TAKEN")

    answer = client_of(cast.dmitri).post("/links/-/add/", typed(**changes))

    assert answer.status_code == 422
    assert words in answer.text
    assert NetworkLink.objects.count() == 1


def test_many_links_take_few_queries(
    client: Client,
    cast: Cast,
    link: NetworkLink,
    at: datetime,
    django_assert_num_queries: Callable[[int], object],
) -> None:
    for number in range(20):
        other = watched.make_link(cast.in2p3, make.make_site(), f"LINK-{number}")
        entity = watched.make_entity("perfsonar", EntityKind.LINK, link=other)
        watched.make_state(entity, "perfsonar", "ok", since=at - HOURS, metric="loss")
    client.get("/announcements/")  # what each process remembers for seconds

    with django_assert_num_queries(5):  # type: ignore[attr-defined]
        client.get("/links/")
    with django_assert_num_queries(6):  # type: ignore[attr-defined]
        client.get(f"/links/{link.name}/")


SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "dirac" / "elmond"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_what_a_real_archive_measured(
    client: Client, cast: Cast, clock_at: Callable[[datetime], None]
) -> None:
    documents = {}
    for path in SAMPLES.glob("*.json"):
        document = json.loads(path.read_text())
        if isinstance(document, dict):
            documents[document["_url"].split("?time-range")[0]] = document

    def answer(asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        listing = f"{asked.path}?event-type={asked.query.get('event-type')}"
        document = documents.get(asked.path) or documents.get(listing)
        return json.dumps(document["body"] if document else "not there").encode()

    for site, hosts in (
        (cast.beijing, ("ps-lat.ihep.ac.cn", "ps-bw.ihep.ac.cn")),
        (cast.in2p3, ("ps-lat.cr.cnaf.infn.it", "ps-bw.cr.cnaf.infn.it")),
    ):
        for host in hosts:
            make.make_service(site=site, hostname=host)
    watched.make_link(cast.beijing, cast.in2p3, "IHEP-CNAF-LHCONE-001")
    with (
        serving(answer) as server,
        override_settings(JUNO_PERFSONAR_URL=f"{server.url}/esmond/perfsonar/archive"),
    ):
        for moment in (
            # The second after the packets were lost, and six hours after the throughput broke in.
            datetime(2026, 11, 21, 0, 5, 1, tzinfo=UTC),
            datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        ):
            polling.poll("perfsonar", now=lambda moment=moment: moment)
            clock_at(moment)
            page = client.get("/links/").text
            assert "IHEP-CNAF-LHCONE-001" in page
            if moment.hour == 0:
                assert "loss 40.1 %" in page
                assert "61.4 ms" in page
            else:
                # Nothing measured the loss since: it is unknown, whatever it was.
                assert "loss 40.1 %" not in page
                assert "210" in page
                assert "low" in page
