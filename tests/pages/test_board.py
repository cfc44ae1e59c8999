"""The sites board: who may see it, what comes first, and that it stays quick with 400 sites."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import SOURCES
from monitoring.models import Downtime
from supportunits.models import Tier
from tests import make
from tests.cast import Cast
from topology.models import Site

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)


def read_all(at: datetime) -> None:
    """Record that both sources were read a minute ago."""
    for kind in SOURCES:
        FeedRun.objects.create(
            source=ensure_source(kind),
            started_at=at - timedelta(minutes=1),
            finished_at=at,
            outcome=Outcome.OK,
            window_starts_at=at - timedelta(days=30),
        )


def declare(site: Site, starts_at: datetime, ends_at: datetime, **fields: object) -> Downtime:
    given = {
        "severity": "OUTAGE",
        "classification": "SCHEDULED",
        "description": "cooling",
        "affected": [
            {
                "key": "1G0",
                "site": site.name,
                "hostname": "ce.example.org",
                "service_type": "SRM",
                "endpoints": [],
            }
        ],
    } | fields
    return Downtime.objects.create(
        source="gocdb",
        key=f"{Downtime.objects.count() + 1}G0",
        site=site,
        declared_at=starts_at,
        starts_at=starts_at,
        ends_at=ends_at,
        first_seen_at=starts_at,
        changed_at=starts_at,
        **given,
    )


def test_anybody_sees_it_where_the_instance_says_so(client: Client) -> None:
    assert client.get("/sites/").status_code == 200
    with override_settings(JUNO_PUBLIC_BOARD=False):
        answer = client.get("/sites/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/sites/")


def test_running_before_coming_before_the_rest(client: Client, cast: Cast, at: datetime) -> None:
    read_all(at)
    for name in ("A-FINE", "B-COMING", "C-AT-RISK", "D-OUTAGE"):
        make.make_site(name=name)
    declare(Site.objects.get(name="B-COMING"), at + 5 * HOURS, at + 9 * HOURS)
    declare(Site.objects.get(name="C-AT-RISK"), at - HOURS, at + HOURS, severity="WARNING")
    declare(Site.objects.get(name="D-OUTAGE"), at - HOURS, at + HOURS)

    page = client.get("/sites/").content.decode()

    places = [page.index(f"/sites/{name}/") for name in
              ("D-OUTAGE", "C-AT-RISK", "B-COMING", "A-FINE")]  # fmt: skip
    assert places == sorted(places)
    assert 'data-state="none"' in page
    assert "too old" not in page


def test_old_data_say_unknown_and_never_fine(client: Client, cast: Cast, at: datetime) -> None:
    page = client.get("/sites/").content.decode()

    assert "too old" in page
    assert 'data-state="unknown"' in page
    assert 'data-state="none"' not in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("q=in2p3", "IN2P3-CC", "BEIJING-LCG2"),
        ("q=ngi_france", "IN2P3-CC", "BEIJING-LCG2"),
        ("centre=NGI_FRANCE", "IN2P3-CC", "BEIJING-LCG2"),
        ("vo=juno", "BEIJING-LCG2", "OTHER-SITE"),
        ("state=outage", "BEIJING-LCG2", "IN2P3-CC"),
        ("state=none", "IN2P3-CC", "BEIJING-LCG2"),
        ("state=gone", "GONE-SITE", "IN2P3-CC"),
        ("state=nonsense", "IN2P3-CC", "GONE-SITE"),
    ],
)
def test_filters(
    client: Client, cast: Cast, at: datetime, query: str, shown: str, hidden: str
) -> None:
    read_all(at)
    make.make_site(name="OTHER-SITE")
    make.make_site(name="GONE-SITE", gone_at=at)
    declare(cast.beijing, at - HOURS, at + HOURS)

    page = client.get(f"/sites/?{query}").content.decode()

    assert f"/sites/{shown}/" in page
    assert f"/sites/{hidden}/" not in page


def test_nothing_fits(client: Client, cast: Cast) -> None:
    assert "No site fits." in client.get("/sites/?q=atlantis").content.decode()


def test_no_sites_yet(client: Client, db: None) -> None:
    assert "No sites yet." in client.get("/sites/").content.decode()


def test_what_feeds_say_is_escaped_and_bidi_is_shown(
    client: Client, cast: Cast, at: datetime
) -> None:
    declare(cast.in2p3, at, at + HOURS, description="<script>alert(1)</script> \u202eevil")

    page = client.get("/sites/").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "⟨RLO⟩evil" in page


def test_the_board_of_four_hundred_sites_takes_few_queries(
    client_of: ClientOf,
    cast: Cast,
    at: datetime,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    read_all(at)
    for number in range(400):
        site = make.make_site(name=f"SITE-{number:03}")
        if number % 10 == 0:
            declare(site, at - HOURS, at + HOURS)
        if number % 20 == 0:
            make.make_vo_site(vo=cast.juno, site=site, tier=Tier.TIER_2)
    client = client_of(cast.boris)
    client.get("/sites/")

    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        page = client.get("/sites/").content.decode()

    assert page.count("/sites/SITE-") == 400
    assert "style=" not in page
