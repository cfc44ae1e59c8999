"""Sites, hosts and services that a text names: by every name that people and systems use."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.models import Entity
from monitoring.observations import EntityKind
from tests.make import AT, make_service, make_site
from tickets.routing.recognise import recognise, service_types_in_words
from topology.models import SiteAlias


@pytest.fixture
def cnaf(db):
    site = make_site(name="INFN-T1", official_name="Centro Nazionale CNAF of INFN")
    SiteAlias.objects.create(site=site, namespace="people", name="CNAF")
    SiteAlias.objects.create(site=site, namespace="dirac", name="GRID.INFN-CNAF.it")
    make_service(
        site=site, hostname="storm-fe.cnaf.example.org", service_type="SRM",
        url="https://storm-fe.cnaf.example.org:8444/srm/managerv2",
    )  # fmt: skip
    make_service(site=site, hostname="storm-fe.cnaf.example.org", service_type="webdav")
    make_service(
        site=site, hostname="xrd01.cnaf.example.org", service_type="XRootD",
        endpoints=[{"name": "door", "url": "root://door.cnaf.example.org:1094//store"}],
    )  # fmt: skip
    Entity.objects.create(
        namespace="dirac", kind=EntityKind.STORAGE, name="CNAF-DISK", site=site, first_seen_at=AT
    )
    return site


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("INFN-T1 is down", "INFN-T1 is named in the text"),
        ("nothing works at infn-t1.", "INFN-T1 is named in the text"),
        ("Transfers to CNAF fail", "“CNAF” in the text is INFN-T1"),
        ("cnaf: timeout", "“cnaf” in the text is INFN-T1"),
        ("pilots at GRID.INFN-CNAF.it wait", "“GRID.INFN-CNAF.it” in the text is INFN-T1"),
        ("the Centro Nazionale CNAF of INFN", "“Centro Nazionale CNAF of INFN” in the text"),
        ("CNAF-DISK is full", "“CNAF-DISK” in the text is INFN-T1"),
        ("storm-fe.cnaf.example.org hangs", "storm-fe.cnaf.example.org is a host of INFN-T1"),
        (
            "srm://storm-fe.cnaf.example.org:8444/srm/managerv2?SFN=/x",
            "storm-fe.cnaf.example.org:8444 is the SRM of INFN-T1",
        ),
        (
            "root://door.cnaf.example.org:1094//store/a.root",
            "door.cnaf.example.org:1094 is the XRootD of INFN-T1",
        ),
    ],
)
def test_every_name_of_a_site(cnaf, text, reason):
    found = recognise([text])[0].sites

    assert [named.site for named in found] == [cnaf]
    assert reason in found[0].reason


@pytest.mark.parametrize(
    "text", ["", "cnafx", "the inf-t1", "mail to x@cnaf.example.org", "CNAF_DISK2", "🙂 作业失败"]
)
def test_what_only_looks_alike_is_no_name(cnaf, text):
    assert recognise([text])[0].sites == ()


def test_a_name_in_chinese(db):
    site = make_site(name="BEIJING-LCG2")
    SiteAlias.objects.create(site=site, namespace="people", name="高能所")

    assert [named.site for named in recognise(["提交到高能所的作业失败"])[0].sites] == [site]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the CE rejects jobs", "ARC-CE"),
        ("two CEs are down", "org.opensciencegrid.htcondorce"),
        ("our VOMS proxy", "VOMS"),
        ("the storage element is full", "SRM"),
        ("SE full", "webdav"),
        ("recall from tape", "wlcg.webdav.tape"),
        ("perfSONAR shows loss", "net.perfSONAR.Latency"),
        ("从磁带读取失败", "wlcg.webdav.tape"),
    ],
)
def test_services_in_words(text, kind):
    assert kind in service_types_in_words(text)


def test_words_of_other_languages_are_no_services():
    assert service_types_in_words("ce serveur se plaint") == set()


def test_a_gone_site_is_not_named(cnaf):
    type(cnaf).objects.filter(pk=cnaf.pk).update(gone_at=AT)

    assert recognise(["CNAF and INFN-T1"])[0].sites == ()


def test_the_number_of_questions_does_not_grow(cnaf):
    texts = [f"CNAF {n} at storm-fe.cnaf.example.org, host{n}.example.org" for n in range(60)]

    with CaptureQueriesContext(connection) as queries:
        found = recognise(texts)

    assert all(each.sites for each in found)
    assert len(queries) <= 4


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=300))
def test_any_text_can_be_read(text):
    from tickets.routing.features import features_of
    from tickets.routing.recognise import _names_in

    service_types_in_words(text)
    _names_in(text, [])
    assert len(features_of(text)) == len(set(features_of(text)))
