"""The page of names that nobody could match: likely meanings are offered, an admin decides."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from juno_support.accounts.models import User
from monitoring.models import Entity
from monitoring.names import candidates, unmapped_by_namespace
from monitoring.observations import EntityKind
from tests import make
from tests.cast import Cast
from tests.pages import watched

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)
    for source in ("argo", "dirac-https", "perfsonar"):
        watched.read(source, at)


def offered(entity: Entity) -> list[str]:
    """Return what is offered for a name."""
    return [candidate.target for candidate in candidates([entity])[entity.pk]]


def test_a_likely_site_is_offered_and_never_applied(cast: Cast, at: datetime) -> None:
    make.make_site(name="INFN-T1")
    entity = watched.make_entity("dirac-https", EntityKind.SITE, "GRID.BEIJING.cn")

    assert offered(entity) == ["BEIJING-LCG2"]
    assert unmapped_by_namespace() == {"dirac": 1}


def test_hosts_of_the_same_domain_tell_more(cast: Cast) -> None:
    for number in range(3):
        make.make_service(site=cast.in2p3, hostname=f"ce{number}.in2p3.fr")
    make.make_service(site=cast.beijing, hostname="ce.ihep.ac.cn")
    lyon = watched.make_entity("argo", EntityKind.SERVICE, "xrd.in2p3.fr XRootD")
    beijing = watched.make_entity("argo", EntityKind.SERVICE, "xrd.IHEP.ac.cn XRootD")
    tokyo = watched.make_entity("argo", EntityKind.SERVICE, "xrd.kek.ac.jp XRootD")

    found = candidates([lyon, beijing, tokyo])

    assert found[lyon.pk][0].target == "IN2P3-CC"
    assert "3 hosts of in2p3.fr" in found[lyon.pk][0].why
    assert found[beijing.pk][0].target == "BEIJING-LCG2"
    assert found[tokyo.pk] == []


def test_a_link_between_the_sites_of_both_hosts(cast: Cast) -> None:
    make.make_service(site=cast.in2p3, hostname="ce.in2p3.fr")
    make.make_service(site=cast.beijing, hostname="ce.ihep.ac.cn")
    watched.make_link(cast.in2p3, cast.beijing, "THE-LINK")
    watched.make_link(cast.in2p3, make.make_site(name="OTHER"), "NO-LINK")
    entity = watched.make_entity("perfsonar", EntityKind.LINK, "ps.ihep.ac.cn ps.in2p3.fr")

    assert offered(entity) == ["THE-LINK"]


def test_only_admins_see_it(client_of: ClientOf, cast: Cast) -> None:
    for person in (cast.ada, cast.boris):
        assert client_of(person).get("/sources/names/").status_code == 403
    assert "Every name is matched." in client_of(cast.dmitri).get("/sources/names/").text


def test_an_admin_says_what_it_is_and_takes_it_back(
    client_of: ClientOf, cast: Cast, at: datetime
) -> None:
    entity = watched.make_entity(
        "dirac-https", EntityKind.SITE, "GRID.<b>LYON</b>.fr \u202e", said_site="somewhere"
    )
    watched.make_state(entity, "dirac-https", "ok", since=at - timedelta(hours=3))
    admin = client_of(cast.dmitri)
    page = admin.get("/sources/names/?namespace=dirac").text
    assert "GRID.&lt;b&gt;LYON&lt;/b&gt;.fr ⟨RLO⟩" in page
    assert "the source puts it at somewhere" in page
    assert "1 state kept" in page
    assert "1 name that nobody could match" in admin.get("/sources/").text

    wrong = admin.post(f"/sources/names/{entity.pk}/map/", {"target": "ATLANTIS"}, follow=True)
    assert "We know no site named" in wrong.text
    done = admin.post(
        f"/sources/names/{entity.pk}/map/",
        {"target": "in2p3-cc", "back": "/sources/names/?show=by-hand"},
    )
    assert done["Location"] == "/sources/names/?show=by-hand"
    entity.refresh_from_db()
    assert entity.site == cast.in2p3
    assert "said by an admin" in admin.get("/sources/names/?show=by-hand").text
    assert "nobody could match" not in admin.get("/sources/").text

    admin.post(f"/sources/names/{entity.pk}/back/")
    admin.post(f"/sources/names/{entity.pk}/aside/", {"back": "https://evil.example.org/"})
    entity.refresh_from_db()
    assert (entity.site, entity.is_ignored) == (None, True)
    assert "nothing of ours" in admin.get("/sources/names/?show=aside").text


def test_a_service_is_named_by_host_and_type(client_of: ClientOf, cast: Cast) -> None:
    entity = watched.make_entity("argo", EntityKind.SERVICE, "old.in2p3.fr SRM")
    for kind in ("SRM", "XRootD"):
        make.make_service(site=cast.in2p3, hostname="new.in2p3.fr", service_type=kind)
    admin = client_of(cast.dmitri)
    address = f"/sources/names/{entity.pk}/map/"

    both = admin.post(address, {"target": "IN2P3-CC", "service": "new.in2p3.fr"}, follow=True)
    none = admin.post(address, {"target": "IN2P3-CC", "service": "gone.in2p3.fr"}, follow=True)
    admin.post(address, {"target": "IN2P3-CC", "service": "new.in2p3.fr (xrootd)"})

    assert "has several services" in both.text
    assert "has no service" in none.text
    entity.refresh_from_db()
    assert entity.service is not None
    assert entity.service.service_type == "XRootD"


def test_a_link_is_named(client_of: ClientOf, cast: Cast) -> None:
    link = watched.make_link(cast.in2p3, cast.beijing, "THE-LINK")
    entity = watched.make_entity("perfsonar", EntityKind.LINK, "a.org b.org")
    admin = client_of(cast.dmitri)

    wrong = admin.post(f"/sources/names/{entity.pk}/map/", {"target": "IN2P3-CC"}, follow=True)
    admin.post(f"/sources/names/{entity.pk}/map/", {"target": "the-link"})

    assert "We know no link named" in wrong.text
    entity.refresh_from_db()
    assert entity.link == link


def test_many_names_take_few_queries(
    client_of: ClientOf, cast: Cast, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(120):
        watched.make_entity("argo", EntityKind.SERVICE, f"ce.site{number:03}.org SRM")
    admin = client_of(cast.dmitri)
    admin.get("/sources/names/")

    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        page = admin.get("/sources/names/").text

    assert "ce.site049.org" in page
    assert "ce.site050.org" not in page
    assert "from=50" in page
    assert "ce.site119.org" in admin.get("/sources/names/?from=100").text
