"""Names of sources are matched by exact rules; nothing is guessed."""

import pytest

from monitoring.matching import NOTHING, Atlas, Target
from monitoring.models import Entity
from monitoring.observations import Name
from tests import make
from topology.models import NetworkLink, Service, Site, SiteAlias

pytestmark = pytest.mark.django_db


@pytest.fixture
def cnaf() -> Site:
    site = make.make_site(name="INFN-T1")
    for number, (host, kind) in enumerate(
        [
            ("ce01.cnaf.example.org", "ARC-CE"),
            ("storm.cnaf.example.org", "SRM"),
            ("storm.cnaf.example.org", "webdav"),
            ("ps.cnaf.example.org", "net.perfSONAR.Latency"),
        ]
    ):
        Service.objects.create(
            source="gocdb", key=f"{number}G0", site=site, hostname=host, service_type=kind
        )
    return site


@pytest.fixture
def lyon() -> Site:
    site = make.make_site(name="IN2P3-CC")
    Service.objects.create(
        source="gocdb",
        key="90G0",
        site=site,
        hostname="ps.in2p3.example.org",
        service_type="net.perfSONAR.Latency",
    )
    return site


def match(thing: Name, namespace: str = "dirac", **members: tuple[str, ...]) -> Target:
    return Atlas(
        namespace, {name.replace("_", "."): hosts for name, hosts in members.items()}
    ).match(thing)


def service(host: str, kind: str) -> Service:
    return Service.objects.get(hostname=host, service_type=kind)


@pytest.mark.parametrize("name", ["INFN-T1", "infn-t1"])
def test_a_site_by_its_name_in_gocdb(cnaf: Site, name: str) -> None:
    assert match(Name("site", name)) == Target(site_id=cnaf.pk)


def test_a_site_by_its_alias_in_that_namespace(cnaf: Site) -> None:
    SiteAlias.objects.create(site=cnaf, namespace="dirac", name="GRID.CNAF.it")
    assert match(Name("site", "GRID.CNAF.it")) == Target(site_id=cnaf.pk)


def test_what_people_call_a_site_is_not_enough(cnaf: Site) -> None:
    SiteAlias.objects.create(site=cnaf, namespace="people", name="Bologna")
    assert match(Name("site", "Bologna")) == NOTHING


def test_a_dirac_site_by_hosts_that_all_are_at_one_site(cnaf: Site, lyon: Site) -> None:
    thing = Name("site", "GRID.CNAF.it")
    hosts = ("ce01.cnaf.example.org", "storm.cnaf.example.org", "unknown.example.org")
    assert match(thing, GRID_CNAF_it=hosts) == Target(site_id=cnaf.pk)
    mixed = (*hosts, "ps.in2p3.example.org")
    assert match(thing, GRID_CNAF_it=mixed) == NOTHING
    assert match(thing, GRID_CNAF_it=("unknown.example.org",)) == NOTHING


def test_a_service_by_host_and_type(cnaf: Site) -> None:
    thing = Name("service", "storm.cnaf.example.org webdav")
    expected = service("storm.cnaf.example.org", "webdav")
    assert match(thing) == Target(site_id=cnaf.pk, service_id=expected.pk)


def test_srm_by_its_old_and_new_name(cnaf: Site) -> None:
    thing = Name("service", "storm.cnaf.example.org SRMv2")
    expected = service("storm.cnaf.example.org", "SRM")
    assert match(thing) == Target(site_id=cnaf.pk, service_id=expected.pk)


def test_a_host_with_several_services_and_another_type_is_only_at_the_site(cnaf: Site) -> None:
    assert match(Name("service", "storm.cnaf.example.org XRootD")) == Target(site_id=cnaf.pk)


def test_a_host_with_one_service_by_itself(cnaf: Site) -> None:
    expected = service("ce01.cnaf.example.org", "ARC-CE")
    assert match(Name("service", "CE01.cnaf.example.org")) == Target(cnaf.pk, expected.pk)


def test_a_host_with_its_key_as_argo_writes_it(cnaf: Site) -> None:
    expected = service("storm.cnaf.example.org", "SRM")
    thing = Name("service", f"storm.cnaf.example.org_{expected.key} XRootD")
    assert match(thing) == Target(cnaf.pk, expected.pk)


def test_an_unknown_host_is_at_the_site_that_the_source_says(cnaf: Site) -> None:
    thing = Name("service", "new.cnaf.example.org SRM", site="INFN-T1")
    assert match(thing) == Target(site_id=cnaf.pk)
    assert match(Name("service", "new.cnaf.example.org SRM")) == NOTHING


def test_a_storage_element_by_its_hosts_or_site(cnaf: Site) -> None:
    by_host = Name("storage", "CNAF-DISK", hosts=("storm.cnaf.example.org",))
    assert match(by_host) == Target(site_id=cnaf.pk)
    assert match(Name("storage", "CNAF-DISK", site="INFN-T1")) == Target(site_id=cnaf.pk)
    assert match(Name("storage", "CNAF-DISK")) == NOTHING


def test_a_link_by_the_hosts_at_its_ends(cnaf: Site, lyon: Site) -> None:
    link = NetworkLink.objects.create(name="CNAF-LYON", kind="LHCOPN", site_a=cnaf, site_b=lyon)
    there = Name("link", "ps.cnaf.example.org ps.in2p3.example.org")
    back = Name("link", "ps.in2p3.example.org ps.cnaf.example.org")
    assert match(there) == match(back) == Target(link_id=link.pk)
    assert match(Name("link", "cnaf-lyon")) == Target(link_id=link.pk)


def test_two_links_between_the_same_sites_are_not_guessed(cnaf: Site, lyon: Site) -> None:
    for name in ("ONE", "TWO"):
        NetworkLink.objects.create(name=name, kind="LHCOPN", site_a=cnaf, site_b=lyon)
    thing = Name("link", "ps.cnaf.example.org ps.in2p3.example.org")
    assert match(thing) == NOTHING


def test_what_an_admin_mapped_helps_others_of_that_namespace(cnaf: Site, at: object) -> None:
    Entity.objects.create(
        namespace="dirac", kind="site", name="GRID.X", site=cnaf, first_seen_at=at
    )
    assert match(Name("storage", "X-DISK", site="GRID.X")) == Target(site_id=cnaf.pk)
    assert match(Name("storage", "X-DISK", site="GRID.X"), namespace="push") == NOTHING


def test_a_whole_system_is_nowhere() -> None:
    assert match(Name("system", "Requests")) == NOTHING
