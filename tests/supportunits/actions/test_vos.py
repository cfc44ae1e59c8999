"""VOs: cards, members, contacts and sites."""

from datetime import date, datetime
from typing import Any

import pytest

from supportunits import policies, queries
from supportunits.actions import vos
from supportunits.actions.addresses import NotAnAddress
from supportunits.models import ContactRole, IssueType, Tier, VOSite
from tests import make
from tests.cast import Cast
from topology.models.site import CertificationStatus


def test_a_vo_is_made_with_its_card(cast: Cast, at: datetime) -> None:
    vo = vos.make_vo(name="juno-test", is_served=True, by=cast.dmitri, at=at)
    assert queries.support_state(vo) is None
    assert not vo.card.needs_dedicated_support
    for name in ("", "JUNO", "a/b"):
        with pytest.raises(vos.VONameImpossible):
            vos.make_vo(name=name, by=cast.dmitri, at=at)


def test_a_card_is_written_and_linked_contacts_stay_linked(cast: Cast, at: datetime) -> None:
    make.make_card(vo=cast.juno)
    wang = {"name": "Wang Li", "role": ContactRole.MANAGER, "email": "wang@example.org"}
    card = vos.write_card(
        vo=cast.juno,
        by=None,
        at=at,
        scope="Global",
        validated_date=date(2015, 6, 5),
        contacts=[wang, {"name": "Old", "role": ContactRole.DEPUTY}],
    )
    assert card.changed_at == at
    vos.link_contact(
        contact=card.contacts.get(name="Wang Li"), account=cast.ada, by=cast.dmitri, at=at
    )
    assert policies.manages_vo(cast.ada, cast.juno)
    vos.write_card(
        vo=cast.juno,
        by=None,
        at=at,
        contacts=[wang | {"email": "li@example.org", "account": cast.eve}],
    )
    contact = card.contacts.get()
    assert (contact.email, contact.account) == ("li@example.org", cast.ada)
    assert not policies.manages_vo(cast.eve, cast.juno)


def test_unknown_fields_of_a_card_are_a_mistake(cast: Cast, at: datetime) -> None:
    make.make_card(vo=cast.juno)
    for field in ("vo_id", "id", "colour"):
        fields: dict[str, Any] = {field: 1}
        with pytest.raises(TypeError):
            vos.write_card(vo=cast.juno, by=None, at=at, **fields)


def test_unlinking_takes_the_right(cast: Cast, at: datetime) -> None:
    contact = make.make_contact(
        card=make.make_card(vo=cast.juno), role=ContactRole.DEPUTY, account=cast.ada
    )
    assert policies.manages_vo(cast.ada, cast.juno)
    vos.link_contact(contact=contact, account=None, by=cast.dmitri, at=at)
    policies.forget(cast.ada)
    assert not policies.manages_vo(cast.ada, cast.juno)


def test_members_have_just_the_roles_given(cast: Cast, at: datetime) -> None:
    vos.set_vo_member(vo=cast.juno, user=cast.eve, is_shifter=True, by=None, at=at)
    assert policies.is_shifter_of(cast.eve, cast.juno)
    vos.set_vo_member(vo=cast.juno, user=cast.eve, is_alarmer=True, by=None, at=at)
    assert policies.is_alarmer_of(cast.eve, cast.juno)
    assert not policies.is_shifter_of(cast.eve, cast.juno)
    vos.remove_vo_member(vo=cast.juno, user=cast.eve, by=None, at=at)
    assert not policies.is_member_of_vo(cast.eve, cast.juno)
    with pytest.raises(vos.NotInVO):
        vos.remove_vo_member(vo=cast.juno, user=cast.eve, by=None, at=at)


def test_a_sites_tier_changes_in_place(cast: Cast, at: datetime) -> None:
    vos.set_vo_site(vo=cast.juno, site=cast.in2p3, tier=Tier.TIER_0, by=None, at=at)
    assert VOSite.objects.get(vo=cast.juno, site=cast.in2p3).tier == Tier.TIER_0


@pytest.mark.parametrize("status", [CertificationStatus.UNCERTIFIED, CertificationStatus.CANDIDATE])
def test_an_uncertified_site_is_listed_only_in_commissioning(
    status: str, cast: Cast, at: datetime
) -> None:
    sinp = make.make_site(name="ru-Moscow-SINP-T3", certification_status=status)
    listed: dict[str, Any] = {
        "vo": cast.juno,
        "site": sinp,
        "tier": Tier.TIER_3,
        "by": None,
        "at": at,
    }
    with pytest.raises(vos.SiteNeedsCommissioning):
        vos.set_vo_site(**listed)
    with pytest.raises(vos.ContactMissing):
        vos.set_vo_site(**listed, is_in_commissioning=True)
    with pytest.raises(NotAnAddress):
        vos.set_vo_site(**listed, is_in_commissioning=True, contact_email="sinp")
    vo_site = vos.set_vo_site(**listed, is_in_commissioning=True, contact_email="sinp@example.org")
    assert vo_site.is_in_commissioning


@pytest.mark.parametrize("status", [CertificationStatus.UNKNOWN, CertificationStatus.SUSPENDED])
def test_a_status_not_known_bars_nobody(status: str, cast: Cast, at: datetime) -> None:
    site = make.make_site(certification_status=status)
    vos.set_vo_site(vo=cast.juno, site=site, tier=Tier.TIER_2, by=None, at=at)


def test_closed_and_vanished_sites_are_not_listed(cast: Cast, at: datetime) -> None:
    closed = make.make_site(certification_status=CertificationStatus.CLOSED)
    vanished = make.make_site(gone_at=at)
    for site in (closed, vanished):
        with pytest.raises(vos.SiteIsClosed):
            vos.set_vo_site(vo=cast.juno, site=site, tier=Tier.TIER_2, by=None, at=at)


def test_a_site_is_taken_off_the_list(cast: Cast, at: datetime) -> None:
    vos.remove_vo_site(vo=cast.juno, site=cast.in2p3, by=None, at=at)
    assert not VOSite.objects.filter(vo=cast.juno, site=cast.in2p3).exists()
    with pytest.raises(vos.NotInVO):
        vos.remove_vo_site(vo=cast.juno, site=cast.in2p3, by=None, at=at)


def test_a_vos_types_of_issue_keep_their_order_and_old_ones_stay(cast: Cast, at: datetime) -> None:
    vos.set_issue_types(
        vo=cast.juno, types=[("Jobs", "Other"), ("Security", "Security")], by=None, at=at
    )
    vos.set_issue_types(
        vo=cast.juno, types=[("Security", "Security"), ("Data", "Other")], by=None, at=at
    )
    types = IssueType.objects.filter(vo=cast.juno).order_by("is_active", "position")
    assert [(type.name, type.is_active, type.is_security) for type in types] == [
        ("Jobs", False, False),
        ("Security", True, True),
        ("Data", True, False),
    ]


def test_team_tickets_are_on_and_need_what_the_vo_lists(cast: Cast, at: datetime) -> None:
    assert cast.juno.has_team_tickets
    assert cast.juno.mou_areas == []

    vos.set_team_tickets(
        vo=cast.juno,
        has_team_tickets=False,
        mou_areas=["Networking services", "  ", "Data acceptance ", "Networking services"],
        propose_after_minutes=45,
        by=cast.dmitri,
        at=at,
    )

    cast.juno.refresh_from_db()
    assert not cast.juno.has_team_tickets
    assert cast.juno.mou_areas == ["Networking services", "Data acceptance"]
    assert cast.juno.propose_after_minutes == 45


@pytest.mark.parametrize("areas", [["x" * 201], [f"area {n}" for n in range(51)]])
def test_a_list_of_mou_areas_has_its_limits(cast: Cast, at: datetime, areas: list[str]) -> None:
    with pytest.raises(vos.TooManyAreas):
        vos.set_team_tickets(
            vo=cast.juno,
            has_team_tickets=True,
            mou_areas=areas,
            propose_after_minutes=None,
            by=cast.dmitri,
            at=at,
        )

    cast.juno.refresh_from_db()
    assert cast.juno.mou_areas == []
