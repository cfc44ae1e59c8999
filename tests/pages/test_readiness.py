"""Readiness of a VO's sites: what is missing, who can mend it, and what nobody can know."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from juno_support.accounts.models import User
from juno_support.pages.readiness_checks import TITLES, Check, checks_of, known_about
from monitoring.observations import EntityKind
from supportunits.models import SupportUnit, Tier, UnitState, VOSite
from tests import make
from tests.cast import Cast
from tests.pages import watched
from tickets.actions import wall_clock
from tickets.actions.drill import start_drill
from topology.models import Site

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)
    watched.read_gocdb(at)


def look(cast: Cast, at: datetime, **changes: object) -> dict[str, Check]:
    """Return the points of IN2P3-CC for juno, after some columns of the site were changed."""
    Site.objects.filter(pk=cast.in2p3.pk).update(**changes)
    listed = VOSite.objects.select_related("vo", "site__operations_centre").get(
        vo=cast.juno, site=cast.in2p3
    )
    return {check.point: check for check in checks_of(listed, known_about([cast.in2p3.pk], at))}


def test_a_site_that_lacks_nothing_that_we_can_know(cast: Cast, at: datetime) -> None:
    make.make_service(site=cast.in2p3)
    watched.read("argo", at)
    watched.read("dirac-https", at)
    watched.say(cast.in2p3, "argo", "critical", since=at - HOURS)
    watched.make_entity("dirac-https", EntityKind.SITE, "GRID.IN2P3.fr", site=cast.in2p3)

    points = look(cast, at, scopes=["EGI", "wlcg"])

    assert list(points) == list(TITLES)
    states = {point: check.state for point, check in points.items()}
    assert states.pop("list") == "unknown"
    assert states.pop("drill") == "unknown"
    assert set(states.values()) == {"ready"}
    assert points["dirac"].words == "GRID.IN2P3.fr"


def test_a_site_that_lacks_all(cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    watched.read("diracx", at)
    SupportUnit.objects.filter(pk=cast.in2p3_unit.pk).update(
        state=UnitState.NEEDS_CONTACT, mailing_list=""
    )

    points = look(
        cast,
        at,
        gone_at=at,
        certification_status="Suspended",
        scopes=["Local"],
        emergency_email="",
    )

    states = {point: check.state for point, check in points.items()}
    assert states.pop("drill") == "unknown"
    assert set(states.values()) == {"missing"}
    assert all(check.mender for check in points.values() if check.point != "drill")
    assert points["certified"].mender == "its operations centre, NGI_FRANCE"


@pytest.mark.parametrize(
    ("point", "changes", "state"),
    [
        ("registered", {"source": "local"}, "missing"),
        ("certified", {"certification_status": ""}, "unknown"),
        ("certified", {"certification_status": "Candidate"}, "missing"),
        ("scope", {"scopes": []}, "unknown"),
        ("scope", {"scopes": ["JUNO"]}, "ready"),
        ("emergency", {"emergency_email": ""}, "missing"),
        ("emergency", {"emergency_email": "", "emergency_email_override": "a@b.org"}, "ready"),
        ("services", {}, "missing"),
        ("argo", {}, "unknown"),
        ("dirac", {}, "unknown"),
    ],
)
def test_one_point(
    cast: Cast, at: datetime, point: str, changes: dict[str, object], state: str
) -> None:
    assert look(cast, at, **changes)[point].state == state


def test_services_in_part(cast: Cast, at: datetime) -> None:
    make.make_service(site=cast.in2p3)
    make.make_service(site=cast.in2p3, is_monitored=False)
    make.make_service(site=cast.in2p3, is_in_production=False)

    check = look(cast, at)["services"]

    assert (check.state, check.words) == (
        "partly",
        "1 of 3 services are in production and monitored.",
    )


def test_what_argo_says_counts_only_while_it_is_fresh(cast: Cast, at: datetime) -> None:
    watched.read("argo", at, ago=20 * HOURS)
    state = watched.say(cast.in2p3, "argo", "ok", since=at - 30 * HOURS)
    assert look(cast, at)["argo"].state == "unknown"

    watched.read("argo", at)
    assert look(cast, at)["argo"].state == "ready"
    type(state).objects.filter(pk=state.pk).update(status="unknown")
    assert look(cast, at)["argo"].state == "missing"


def test_no_address_is_missing_where_gocdb_tells_none(cast: Cast, at: datetime) -> None:
    Site.objects.update(emergency_email="")

    assert look(cast, at)["emergency"].state == "unknown"


def test_old_topology_and_commissioning(
    cast: Cast, at: datetime, clock_at: Callable[[datetime], None]
) -> None:
    assert look(cast, at + timedelta(days=3))["registered"].state == "unknown"
    VOSite.objects.filter(site=cast.in2p3).update(is_in_commissioning=True, contact_email="a@b.org")
    assert look(cast, at)["registered"].state == "partly"


@pytest.mark.parametrize(
    ("ago_days", "minutes", "state", "words"),
    [
        (10, 12, "ready", "Confirmed after 12 min, 10 d ago."),
        (10, 90, "partly", "Confirmed after 90 min"),
        (200, 12, "partly", "Confirmed after 12 min"),
        (10, None, "missing", "Nobody confirmed the last one, 10 d ago."),
        (0, None, "unknown", "One is running."),
        (900, 12, "unknown", "No alarm drill is on record."),
    ],
)
def test_the_last_alarm_drill(
    cast: Cast, at: datetime, ago_days: int, minutes: int | None, state: str, words: str
) -> None:
    began = at - timedelta(days=ago_days)
    ticket = start_drill(
        vo=cast.juno, sites=[cast.in2p3], submission_key=uuid4(), by=cast.dmitri, at=began
    ).tickets[0]
    if minutes is not None:
        received = began + timedelta(minutes=minutes)
        wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=received)

    check = look(cast, at)["drill"]

    assert check.state == state
    assert check.words.startswith(words)


def test_the_pages(client_of: ClientOf, cast: Cast, at: datetime) -> None:
    site = make.make_site(name="TIER-2", scopes=["<b>"], emergency_email="secret@example.org")
    make.make_vo_site(vo=cast.juno, site=site, tier=Tier.TIER_2)
    client = client_of(cast.ada)

    every = client.get("/vos/juno/readiness/").text
    one = client.get("/vos/juno/readiness/tier-2/").text

    assert every.count('href="/vos/juno/readiness/') == 3
    assert "0 of 3 sites lack nothing that we can know." in every
    assert "It is in &lt;b&gt;, neither in EGI nor in juno." in one
    assert "Alarms are for Tier 0 and Tier 1." in one
    assert "secret@example.org" not in one
    assert client.get("/vos/juno/readiness/ATLANTIS/").status_code == 404
    assert client.get("/vos/nothing/readiness/").status_code == 404


def test_many_sites_take_few_queries(
    client_of: ClientOf, cast: Cast, django_assert_num_queries: Callable[[int], object]
) -> None:
    for _number in range(30):
        make.make_vo_site(vo=cast.juno, site=make.make_site(), tier=Tier.TIER_2)
    client = client_of(cast.ada)
    client.get("/vos/juno/readiness/")

    with django_assert_num_queries(13):  # type: ignore[attr-defined]
        client.get("/vos/juno/readiness/")
