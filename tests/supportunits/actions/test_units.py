"""Opening, changing and closing units, and the state that follows."""

from datetime import datetime, time
from typing import Any

import pytest

from supportunits.actions import members, units
from supportunits.actions.addresses import NotAnAddress
from supportunits.models import SupportUnit, UnitKind, UnitState
from tests import make
from tests.cast import Cast
from topology.models.site import CertificationStatus


def test_a_unit_with_an_address_is_mail_only(cast: Cast, at: datetime) -> None:
    unit = units.open_unit(
        name=" Offline  software ",
        kind=UnitKind.SERVICE,
        mailing_list=" offline@example.org ",
        by=cast.dmitri,
        at=at,
    )
    unit.refresh_from_db()
    assert unit.name == "Offline software"
    assert unit.mailing_list == "offline@example.org"
    assert unit.state == UnitState.MAIL_ONLY
    assert unit.is_routable


def test_a_unit_without_an_address_needs_a_contact(cast: Cast, at: datetime) -> None:
    unit = units.open_unit(name="Online", kind=UnitKind.SERVICE, by=cast.dmitri, at=at)
    assert unit.state == UnitState.NEEDS_CONTACT
    assert not unit.is_routable


def test_a_vo_unit_is_active_with_its_first_supporter(cast: Cast, at: datetime) -> None:
    unit = units.open_unit(
        name="JUNO production",
        kind=UnitKind.VO,
        vo=cast.juno,
        mailing_list="production@example.org",
        by=cast.dmitri,
        at=at,
    )
    assert unit.state == UnitState.MAIL_ONLY
    members.add_member(unit=unit, user=cast.eve, by=cast.dmitri, at=at)
    unit.refresh_from_db()
    assert unit.state == UnitState.ACTIVE


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": "", "kind": UnitKind.SERVICE}, units.UnitMissesSomething),
        ({"name": "a/b", "kind": UnitKind.SERVICE}, units.UnitMissesSomething),
        ({"name": "x", "kind": UnitKind.VO}, units.UnitMissesSomething),
        ({"name": "x", "kind": UnitKind.SITE}, units.UnitMissesSomething),
        ({"name": "in2p3-cc", "kind": UnitKind.SERVICE}, units.NameTaken),
        (
            {"name": "x", "kind": UnitKind.SERVICE, "mailing_list": "nobody"},
            NotAnAddress,
        ),
        (
            {"name": "x", "kind": UnitKind.SERVICE, "time_zone": "Mars/Olympus"},
            units.HoursImpossible,
        ),
        (
            {"name": "x", "kind": UnitKind.SERVICE, "weekdays": []},
            units.HoursImpossible,
        ),
        (
            {
                "name": "x",
                "kind": UnitKind.SERVICE,
                "opens_at": time(17),
                "closes_at": time(17),
            },
            units.HoursImpossible,
        ),
    ],
)
def test_what_cannot_be_opened_is_refused_in_words(
    fields: dict[str, Any], error: type[Exception], cast: Cast, at: datetime
) -> None:
    before = SupportUnit.objects.count()
    with pytest.raises(error):
        units.open_unit(**fields, by=cast.dmitri, at=at)
    assert SupportUnit.objects.count() == before


def test_a_site_unit_takes_what_the_site_says(cast: Cast, at: datetime) -> None:
    site = make.make_site(
        name="JINR-T1",
        official_name="JINR Tier 1",
        contact_email="not an address; t1@jinr.example.org, other@jinr.example.org",
        time_zone="Europe/Moscow",
        country_code="RU",
    )
    unit = units.open_site_unit(site=site, by=cast.dmitri, at=at)
    assert (unit.kind, unit.name, unit.title) == (UnitKind.SITE, "JINR-T1", "JINR Tier 1")
    assert unit.mailing_list == "t1@jinr.example.org"
    assert unit.state == UnitState.MAIL_ONLY
    assert (unit.time_zone, unit.holiday_country) == ("Europe/Moscow", "RU")


def test_an_admins_contact_of_the_site_wins(cast: Cast, at: datetime) -> None:
    site = make.make_site(name="X", contact_email="feed@x.org", contact_email_override="ours@x.org")
    unit = units.open_site_unit(site=site, by=None, at=at)
    assert unit.mailing_list == "ours@x.org"


def test_a_site_with_an_unknown_country_and_no_contact_still_gets_a_unit(
    cast: Cast, at: datetime
) -> None:
    site = make.make_site(name="X", contact_email="", country_code="QQ", time_zone="Nowhere")
    unit = units.open_site_unit(site=site, by=None, at=at)
    unit.refresh_from_db()
    assert unit.state == UnitState.NEEDS_CONTACT
    assert (unit.time_zone, unit.holiday_country) == ("UTC", "")


def test_opening_a_site_unit_twice_is_one_unit(cast: Cast, at: datetime) -> None:
    again = units.open_site_unit(site=cast.in2p3, by=cast.dmitri, at=at)
    assert again == cast.in2p3_unit
    assert again.state == UnitState.ACTIVE


def test_a_name_that_is_taken_gets_the_kind_beside_it(cast: Cast, at: datetime) -> None:
    make.make_unit(name="JINR-T1")
    unit = units.open_site_unit(site=make.make_site(name="JINR-T1"), by=None, at=at)
    assert unit.name == "JINR-T1 (site)"


def test_units_of_a_vo_are_opened_once(cast: Cast, at: datetime) -> None:
    first = units.open_units_for_vo(vo=cast.juno, by=cast.dmitri, at=at)
    assert {unit.name for unit in first.opened} == {"NGI_FRANCE", "BEIJING-LCG2"}
    assert {unit.name for unit in first.there} == {"TPM", "IN2P3-CC"}
    assert first.without_contact == []
    second = units.open_units_for_vo(vo=cast.juno, by=cast.dmitri, at=at)
    assert second.opened == []
    assert len(second.there) == 4


def test_a_closed_unit_of_a_vos_site_stays_closed(cast: Cast, at: datetime) -> None:
    units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    units.open_units_for_vo(vo=cast.juno, by=cast.dmitri, at=at)
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.state == UnitState.CLOSED


def test_sites_in_commissioning_get_a_unit_too(cast: Cast, at: datetime) -> None:
    sinp = make.make_site(
        name="ru-Moscow-SINP-T3", certification_status=CertificationStatus.UNCERTIFIED
    )
    make.make_vo_site(
        vo=cast.juno,
        site=sinp,
        is_in_commissioning=True,
        contact_email="sinp@example.org",
    )
    opened = units.open_units_for_vo(vo=cast.juno, by=None, at=at).opened
    assert "ru-Moscow-SINP-T3" in {unit.name for unit in opened}


def test_taking_the_address_away_makes_it_need_a_contact(cast: Cast, at: datetime) -> None:
    unit = make.make_unit(name="Storage")
    unit = units.change_unit(unit=unit, changes={"mailing_list": ""}, by=None, at=at)
    assert unit.state == UnitState.NEEDS_CONTACT


def test_a_unit_with_members_stays_active_without_an_address(cast: Cast, at: datetime) -> None:
    unit = units.change_unit(unit=cast.in2p3_unit, changes={"mailing_list": ""}, by=None, at=at)
    assert unit.state == UnitState.ACTIVE


def test_only_what_may_be_changed_is_changed(cast: Cast, at: datetime) -> None:
    with pytest.raises(TypeError):
        units.change_unit(unit=cast.in2p3_unit, changes={"state": UnitState.CLOSED}, by=None, at=at)


def test_closing_and_opening_again_keeps_the_members(cast: Cast, at: datetime) -> None:
    closed = units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    assert closed.state == UnitState.CLOSED
    assert units.reopen_unit(unit=closed, by=cast.dmitri, at=at).state == UnitState.ACTIVE


def test_tpm_and_security_are_never_closed(cast: Cast, at: datetime) -> None:
    with pytest.raises(units.UnitIsNeeded):
        units.close_unit(unit=cast.tpm, by=cast.dmitri, at=at)


def test_every_change_leaves_who_and_when(cast: Cast, at: datetime) -> None:
    units.change_unit(
        unit=cast.in2p3_unit,
        changes={"mailing_list": "new@example.org"},
        by=cast.dmitri,
        at=at,
    )
    unit_model: Any = SupportUnit
    events = list(
        unit_model.pgh_event_model.objects.filter(pgh_obj=cast.in2p3_unit).order_by("pgh_id")
    )
    old, new = events[-2], events[-1]
    assert (old.mailing_list, new.mailing_list) == (
        "in2p3-cc-list@example.org",
        "new@example.org",
    )
    assert new.pgh_context.metadata["user"] == cast.dmitri.pk
    assert new.pgh_context.metadata["at"] == at.isoformat()
