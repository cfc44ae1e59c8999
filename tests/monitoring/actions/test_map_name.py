"""What an admin says a name is, holds for all that was kept of it, and can be taken back."""

from datetime import datetime, timedelta

import pytest
from django.apps import apps

from juno_support.errors import SupportError
from monitoring.actions import map_name
from monitoring.models import Entity, StatusInterval
from monitoring.names import unmapped_by_namespace
from monitoring.observations import EntityKind
from tests import make
from tests.cast import Cast
from tests.pages import watched
from topology.models import SiteAlias

pytestmark = pytest.mark.django_db

HOURS = timedelta(hours=1)


@pytest.fixture
def strange(cast: Cast, at: datetime) -> Entity:
    """A DIRAC site that nobody could match, with two states and a storage element at it."""
    watched.read("dirac-https", at)
    site = watched.make_entity("dirac-https", EntityKind.SITE, "GRID.LYON.fr")
    watched.make_state(site, "dirac-https", "ok", since=at - 9 * HOURS, until=at - HOURS)
    watched.make_state(site, "dirac-https", "down", since=at - HOURS)
    storage = watched.make_entity(
        "dirac-https", EntityKind.STORAGE, "LYON-DISK", said_site="grid.lyon.fr"
    )
    watched.make_state(storage, "dirac-https", "ok", since=at - HOURS)
    watched.make_entity("dirac-https", EntityKind.STORAGE, "ELSEWHERE", said_site="GRID.X.xx")
    return site


def sites_of(name: str) -> set[int | None]:
    """Return the sites that the intervals of a name carry."""
    return set(StatusInterval.objects.filter(entity__name=name).values_list("site_id", flat=True))


def test_a_site_takes_what_was_kept_and_its_things_follow(
    cast: Cast, strange: Entity, at: datetime
) -> None:
    followers = map_name.map_to_site(entity=strange, site=cast.in2p3, by=cast.dmitri, at=at)

    assert followers == 1
    assert sites_of("GRID.LYON.fr") == {cast.in2p3.pk}
    assert sites_of("LYON-DISK") == {cast.in2p3.pk}
    assert SiteAlias.objects.get(namespace="dirac").site == cast.in2p3
    assert unmapped_by_namespace() == {"dirac": 1}
    strange.refresh_from_db()
    assert strange.is_by_hand
    events = apps.get_model("monitoring", "EntityEvent").objects.filter(pgh_obj=strange)
    assert {event.pgh_context.metadata["user"] for event in events} == {cast.dmitri.pk}


def test_another_site_may_be_said_later(cast: Cast, strange: Entity, at: datetime) -> None:
    map_name.map_to_site(entity=strange, site=cast.in2p3, by=cast.dmitri, at=at)
    map_name.map_to_site(entity=strange, site=cast.beijing, by=cast.dmitri, at=at)

    assert sites_of("GRID.LYON.fr") == {cast.beijing.pk}
    assert SiteAlias.objects.get(namespace="dirac").site == cast.beijing


def test_taken_back_it_is_open_again_with_its_followers(
    cast: Cast, strange: Entity, at: datetime
) -> None:
    map_name.map_to_site(entity=strange, site=cast.in2p3, by=cast.dmitri, at=at)
    map_name.take_back(entity=strange, by=cast.dmitri, at=at)

    assert sites_of("GRID.LYON.fr") == {None}
    assert sites_of("LYON-DISK") == {None}
    assert not SiteAlias.objects.filter(namespace="dirac").exists()
    assert unmapped_by_namespace() == {"dirac": 3}


def test_taken_back_the_rules_decide(cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    entity = watched.make_entity("argo", EntityKind.SITE, "IN2P3-CC")
    map_name.map_to_site(entity=entity, site=cast.beijing, by=cast.dmitri, at=at)
    map_name.take_back(entity=entity, by=cast.dmitri, at=at)

    entity.refresh_from_db()
    assert (entity.site, entity.is_by_hand) == (cast.in2p3, False)


def test_set_aside_is_not_open_and_no_sites(cast: Cast, strange: Entity, at: datetime) -> None:
    map_name.map_to_site(entity=strange, site=cast.in2p3, by=cast.dmitri, at=at)
    map_name.set_aside(entity=strange, by=cast.dmitri, at=at)

    assert sites_of("GRID.LYON.fr") == {None}
    assert unmapped_by_namespace() == {"dirac": 1}
    assert not SiteAlias.objects.filter(namespace="dirac").exists()
    map_name.take_back(entity=strange, by=cast.dmitri, at=at)
    assert unmapped_by_namespace()["dirac"] >= 2


def test_a_service_of_another_site_is_refused(cast: Cast, at: datetime) -> None:
    watched.read("argo", at)
    entity = watched.make_entity("argo", EntityKind.SERVICE, "ce.example.org SRM")
    service = make.make_service(site=cast.in2p3)
    with pytest.raises(SupportError, match="is not at"):
        map_name.map_to_site(
            entity=entity, site=cast.beijing, service=service, by=cast.dmitri, at=at
        )
    map_name.map_to_site(entity=entity, site=cast.in2p3, service=service, by=cast.dmitri, at=at)

    entity.refresh_from_db()
    assert (entity.site, entity.service) == (cast.in2p3, service)
    assert not SiteAlias.objects.filter(namespace="argo").exists()


def test_a_link_brings_its_other_direction(cast: Cast, at: datetime) -> None:
    watched.read("perfsonar", at)
    link = watched.make_link(cast.in2p3, cast.beijing)
    there = watched.make_entity("perfsonar", EntityKind.LINK, "a.org b.org")
    back = watched.make_entity("perfsonar", EntityKind.LINK, "B.org a.org")
    assert map_name.map_to_link(entity=there, link=link, by=cast.dmitri, at=at) == 1

    back.refresh_from_db()
    assert back.link == link
    with pytest.raises(SupportError, match="at no single site"):
        map_name.map_to_site(entity=there, site=cast.in2p3, by=cast.dmitri, at=at)


def test_only_a_link_can_be_a_link(cast: Cast, strange: Entity, at: datetime) -> None:
    link = watched.make_link(cast.in2p3, cast.beijing)
    with pytest.raises(SupportError, match="is no link"):
        map_name.map_to_link(entity=strange, link=link, by=cast.dmitri, at=at)
