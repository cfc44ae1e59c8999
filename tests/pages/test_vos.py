"""The pages of virtual organisations."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client

from supportunits.actions import vos as vo_actions
from supportunits.models import ContactRole, SupportUnit, Tier, VOSite
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles
from topology.models.site import CertificationStatus

ClientOf = Callable[[Any], Client]


def _write_junos_card(cast: Cast, at: datetime) -> None:
    """Write JUNO's card as domain section 8 has it."""
    make.make_card(vo=cast.juno)
    vo_actions.write_card(
        vo=cast.juno,
        by=None,
        at=at,
        scope="Global",
        status="Production",
        validated_date=date(2015, 6, 5),
        disciplines=[["Natural Sciences", "Physical sciences", "High energy physics"]],
        middlewares=["gLite", "Cloud Computing Resources"],
        enrolment_url="https://voms.ihep.ac.cn:8443/voms/juno/",
        homepage_url="http://english.ihep.cas.cn/rs/fs/juno0815/",
        contacts=[
            {
                "name": "Li Wei",
                "role": ContactRole.MANAGER,
                "email": "li@ihep.example.org",
                "dn": "/C=CN/O=HEP/CN=Li Wei",
            }
        ],
        user_support_list="juno-support@ihep.example.org",
    )


def _fact(page: Any, label: str) -> Any:
    facts = [*page.context["identity"], *page.context["services"]]
    return next(fact for fact in facts if fact.label == label)


def test_the_card_shows_every_field(cast: Cast, client_of: ClientOf, at: datetime) -> None:
    _write_junos_card(cast, at)
    page = client_of(cast.ada).get("/vos/juno/")
    assert _fact(page, "Name").value == "juno"
    assert _fact(page, "Scope").value == "Global"
    assert "Production" in _fact(page, "Status").value
    assert _fact(page, "Validation date").value == "2015-06-05"
    assert _fact(page, "Discipline").paths == (
        ("Natural Sciences", "Physical sciences", "High energy physics"),
    )
    assert _fact(page, "Supported services").value == "gLite, Cloud Computing Resources"
    assert _fact(page, "Enrolment URL").url == "https://voms.ihep.ac.cn:8443/voms/juno/"
    assert _fact(page, "Homepage").url == "http://english.ihep.cas.cn/rs/fs/juno0815/"
    assert _fact(page, "Support procedure URL").value == ""
    assert _fact(page, "GGUS dedicated user support").value == "No"
    assert _fact(page, "VOMS set-up support").value == "No"
    text = page.content.decode()
    for part in ("2015-06-05", "High energy physics", "https://voms.ihep.ac.cn:8443/voms/juno/"):
        assert part in text


def test_addresses_and_dns_are_shown_to_supporters_admins_and_the_manager_only(
    roles: Roles, client_of: ClientOf, at: datetime
) -> None:
    card = roles.juno.card
    make.make_contact(
        card=card, role=ContactRole.DEPUTY, name="Li", email="li@ihep.org", dn="/C=CN/CN=Li"
    )
    card.security_list = "security@ihep.org"
    card.save()
    allowed = {
        "supporter",
        "supporter of another unit",
        "unit manager",
        "TPM operator",
        "CSIRT",
        "admin",
        "VO manager",
    }
    for name in ROLE_NAMES:
        response = client_of(roles[name]).get("/vos/juno/")
        if name in ("anonymous", "left"):
            assert response.status_code == 302
            continue
        page = response.content.decode()
        for secret in ("li@ihep.org", "/C=CN/CN=Li", "security@ihep.org"):
            assert (secret in page) is (name in allowed), (name, secret)


def test_who_changes_the_sites_and_opens_units(roles: Roles, client_of: ClientOf) -> None:
    def answers(path: str) -> dict[str, int]:
        return {name: client_of(roles[name]).post(path).status_code for name in ROLE_NAMES}

    def expected(allowed: set[str], status: int) -> dict[str, int]:
        signed_out = {"anonymous": 302, "left": 302}
        return {
            name: signed_out.get(name, status if name in allowed else 403) for name in ROLE_NAMES
        }

    assert answers("/vos/juno/sites/") == expected({"VO manager", "admin"}, 422)
    assert answers("/vos/juno/open-units/") == expected({"TPM operator", "admin"}, 302)


def test_the_list_tells_those_supported_here_from_others(cast: Cast, client_of: ClientOf) -> None:
    other = make.make_vo(name="biomed", is_served=False)
    make.make_card(vo=other, description="life sciences")
    page = client_of(cast.ada).get("/vos/")
    assert [line.name for line in page.context["served"]] == ["juno"]
    assert [line.name for line in page.context["others"]] == ["biomed"]
    juno = page.context["served"][0]
    assert (juno.sites, juno.members) == (2, 1)
    found = client_of(cast.ada).get("/vos/?q=LIFE")
    assert [line.name for line in found.context["others"]] == ["biomed"]
    assert found.context["served"] == []


def test_long_lists_of_vos_go_on(
    cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("juno_support.pages.vos.PAGE", 2)
    make.make_vo(name="juno-b")
    make.make_vo(name="juno-c")
    for name in ("atlas", "biomed", "cms"):
        make.make_vo(name=name, is_served=False)
    client, path, seen = client_of(cast.ada), "/vos/", []
    while path:
        page = client.get(path)
        seen += [line.name for line in (*page.context["served"], *page.context["others"])]
        path = page.context["more"]
    assert seen == ["juno", "juno-b", "juno-c", "atlas", "biomed", "cms"]


def test_the_sites_say_tier_certification_and_where_tickets_go(
    cast: Cast, client_of: ClientOf
) -> None:
    sinp = make.make_site(
        name="ru-Moscow-SINP-T3", certification_status=CertificationStatus.UNCERTIFIED
    )
    make.make_vo_site(
        vo=cast.juno,
        site=sinp,
        tier=Tier.TIER_3,
        is_in_commissioning=True,
        contact_email="sinp@example.org",
    )
    page = client_of(cast.ada).get("/vos/juno/")
    lines = {line.name: line for line in page.context["sites"]}
    assert list(lines) == ["BEIJING-LCG2", "IN2P3-CC", "ru-Moscow-SINP-T3"]
    assert lines["IN2P3-CC"].unit == "IN2P3-CC"
    assert (lines["BEIJING-LCG2"].tier, lines["BEIJING-LCG2"].unit) == ("Tier 0", "TPM")
    assert lines["ru-Moscow-SINP-T3"].commissioning == "in commissioning"
    assert "uncertified" in lines["ru-Moscow-SINP-T3"].certification


def test_all_units_of_the_vo_are_opened_at_once(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)
    page = client.post("/vos/juno/open-units/", follow=True).content.decode()
    assert "2 units are open now." in page
    assert set(SupportUnit.objects.values_list("name", flat=True)) == {
        "TPM",
        "Security",
        "IN2P3-CC",
        "NGI_FRANCE",
        "BEIJING-LCG2",
    }
    again = client.post("/vos/juno/open-units/", follow=True).content.decode()
    assert "Every site and operations centre of the VO has its unit." in again


def test_the_vo_manager_lists_sites(cast: Cast, client_of: ClientOf) -> None:
    card = make.make_card(vo=cast.juno)
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.ada)
    make.make_site(name="INFN-T1")
    make.make_site(name="NEW", certification_status=CertificationStatus.UNCERTIFIED)
    client = client_of(cast.ada)
    assert client.post("/vos/juno/sites/", {"site": "infn-t1", "tier": 1}).status_code == 302
    assert VOSite.objects.get(site__name="INFN-T1").tier == Tier.TIER_1
    refused = client.post("/vos/juno/sites/", {"site": "NEW", "tier": 3})
    assert refused.status_code == 422
    assert "NEW is not certified." in refused.content.decode()
    unknown = client.post("/vos/juno/sites/", {"site": "NOWHERE", "tier": 3})
    assert "There is no site of that name." in unknown.content.decode()
    page = client.post("/vos/juno/sites/", {"remove": "INFN-T1"}, follow=True)
    assert "INFN-T1 is off the list." in page.content.decode()
    assert not VOSite.objects.filter(site__name="INFN-T1").exists()


def test_types_of_issue_are_the_vos_own_or_the_default_ones(
    cast: Cast, client_of: ClientOf
) -> None:
    client = client_of(cast.ada)
    names = [row.name for row in client.get("/vos/juno/").context["issue_types"]]
    assert "Security" in names
    assert len(names) > 5
    make.make_issue_type(vo=cast.juno, name="Neutrino trouble")
    names = [row.name for row in client.get("/vos/juno/").context["issue_types"]]
    assert names == ["Neutrino trouble"]


@pytest.mark.parametrize(
    "fields",
    [
        {"disciplines": ["flat", ["a", 1]], "groups": "x", "voms_servers": [None, "x", {}]},
        {"resources": [], "registries": {"a": 1}, "acknowledgements": [{"text": None}]},
        {"homepage_url": "javascript:alert(1)", "enrolment_url": "https://[bad"},
        {"acceptable_use_policy": "javascript:alert(1)"},
        {"description": "<script>alert(1)</script> \u202egnp.exe"},
    ],
)
def test_an_odd_card_from_outside_is_still_a_page(
    fields: dict[str, Any], cast: Cast, client_of: ClientOf
) -> None:
    make.make_card(vo=cast.juno, **fields)
    response = client_of(cast.ada).get("/vos/juno/")
    assert response.status_code == 200
    page = response.content.decode()
    assert 'href="javascript:' not in page
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_a_vo_without_card_is_still_a_page(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.ada).get("/vos/JUNO/").content.decode()
    assert "This VO has no ID card." in page
    assert client_of(cast.ada).get("/vos/nosuch/").status_code == 404


def test_a_vos_page_costs_the_same_for_many_sites(
    cast: Cast, client_of: ClientOf, at: datetime, django_assert_max_num_queries: Any
) -> None:
    _write_junos_card(cast, at)
    for _ in range(20):
        make.make_vo_site(vo=cast.juno, site=make.make_site())
    client = client_of(cast.ada)
    client.get("/vos/")  # the first page of all makes the rows of the sources
    with django_assert_max_num_queries(15):
        client.get("/vos/juno/")


def test_only_managers_and_admins_change_team_tickets(roles: Roles, client_of: ClientOf) -> None:
    sent = {
        "has_team_tickets": "on",
        "mou_areas": "Networking\nStorage",
        "propose_after_minutes": "45",
    }
    changed = set()
    for role in ROLE_NAMES:
        vo_actions.VO.objects.filter(pk=roles.juno.pk).update(mou_areas=[])
        client_of(roles[role]).post("/vos/juno/team/", sent)
        roles.juno.refresh_from_db()
        if roles.juno.mou_areas:
            changed.add(role)

    assert changed == {"VO manager", "admin"}
    assert roles.juno.propose_after_minutes == 45


def test_a_mistake_in_the_team_form_is_said_and_the_change_is_traced(
    cast: Cast, client_of: ClientOf
) -> None:
    client = client_of(cast.dmitri)

    wrong = client.post("/vos/juno/team/", {"propose_after_minutes": "0"})
    right = client.post("/vos/juno/team/", {"mou_areas": "Networking"}, follow=True)

    assert wrong.status_code == 422
    assert "greater than or equal to 1" in wrong.content.decode()
    text = right.content.decode()
    assert "The VO does not use them." in text
    told = {change.what for change in right.context["changes"]}
    assert {"TEAM tickets", "MoU areas"} <= told
