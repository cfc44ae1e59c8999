"""Who is responsible for a site, and who is meant by a typed name."""

from typing import Any

import pytest

from supportunits import queries
from supportunits.models import IS_ROUTABLE, SupportUnit, UnitKind, UnitState
from tests import make
from tests.cast import Cast
from topology.models import SiteAlias
from topology.models.site import CertificationStatus


def _names(units: list) -> list[str]:
    return [unit.name for unit in units]


def test_every_portal_has_tpm_and_security(db: None) -> None:
    assert queries.tpm_unit().kind == UnitKind.TPM
    assert queries.security_unit().kind == UnitKind.SECURITY


def test_units_of_places(cast: Cast) -> None:
    centre = cast.in2p3.operations_centre
    assert centre is not None
    assert queries.unit_of_site(cast.in2p3) == cast.in2p3_unit
    assert queries.unit_of_site(cast.beijing) is None
    assert queries.unit_of_operations_centre(centre) is None


def test_the_chain_is_site_then_centre_then_tpm(cast: Cast, django_assert_num_queries: Any) -> None:
    make.make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )
    with django_assert_num_queries(1):
        chain = queries.chain_for_site(cast.in2p3)
    assert _names(chain) == ["IN2P3-CC", "NGI_FRANCE", "TPM"]


@pytest.mark.parametrize("state", [UnitState.CLOSED, UnitState.NEEDS_CONTACT])
def test_a_site_unit_that_cannot_be_reached_is_passed_over(state: str, cast: Cast) -> None:
    site = make.make_site(name="CPPM", operations_centre=cast.in2p3.operations_centre)
    make.make_site_unit(site=site, state=state)
    assert _names(queries.chain_for_site(site)) == ["TPM"]
    make.make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=site.operations_centre,
    )
    assert queries.unit_for_notified_site(site).name == "NGI_FRANCE"


def test_mail_only_units_are_reached(cast: Cast) -> None:
    make.make_site_unit(site=cast.beijing)
    assert _names(queries.chain_for_site(cast.beijing)) == ["BEIJING-LCG2", "TPM"]


@pytest.mark.parametrize("state", UnitState)
def test_tpm_gets_tickets_in_whatever_state_but_closed(cast: Cast, state: UnitState) -> None:
    tpm = make.make_unit(kind=UnitKind.TPM, state=state)
    is_open = state != UnitState.CLOSED

    assert tpm.is_routable == is_open
    assert SupportUnit.objects.filter(IS_ROUTABLE, pk=tpm.pk).exists() == is_open
    assert queries.heir_of(cast.in2p3_unit) == (tpm if is_open else None)


def test_tpm_is_the_end_in_whatever_state(cast: Cast) -> None:
    make.make_unit(kind=UnitKind.TPM, state=UnitState.NEEDS_CONTACT)
    assert _names(queries.chain_for_site(cast.beijing)) == ["TPM"]


def test_a_site_without_a_centre_has_nobody_elses(cast: Cast) -> None:
    # units without operations centre must not match sites without one
    make.make_unit(name="Storage")
    assert _names(queries.chain_for_site(cast.beijing)) == ["TPM"]


@pytest.mark.parametrize(
    ("status", "commissioned", "is_refused"),
    [
        (CertificationStatus.CERTIFIED, False, False),
        (CertificationStatus.UNKNOWN, False, False),
        (CertificationStatus.SUSPENDED, False, False),
        (CertificationStatus.UNCERTIFIED, False, True),
        (CertificationStatus.CANDIDATE, False, True),
        (CertificationStatus.CLOSED, False, True),
        (CertificationStatus.UNCERTIFIED, True, False),
        (CertificationStatus.CLOSED, True, False),
    ],
)
def test_which_sites_can_be_notified(
    status: str, commissioned: bool, is_refused: bool, cast: Cast
) -> None:
    site = make.make_site(certification_status=status)
    if commissioned:
        make.make_vo_site(
            vo=cast.juno,
            site=site,
            is_in_commissioning=True,
            contact_email="us@example.org",
        )
    if is_refused:
        with pytest.raises(queries.SiteCannotBeNotified) as error:
            queries.check_notifiable(site)
        assert site.name in error.value.message
        assert error.value.next_step
    else:
        queries.check_notifiable(site)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("IN2P3-CC", "IN2P3-CC"),
        ("in2p3", "IN2P3-CC"),
        ("in2p3cc", "IN2P3-CC"),
        ("IN2P2-CC", "IN2P3-CC"),
        ("Lyon", "IN2P3-CC"),
        ("lyonn", "IN2P3-CC"),
        ("LCG.IN2P3.fr", "IN2P3-CC"),
        ("tpm", "TPM"),
        ("ticket proces managment", "TPM"),
        ("beijing", "BEIJING-LCG2, through TPM"),
        ("bejing", "BEIJING-LCG2, through TPM"),
        ("offline", "JUNO offline software"),
        ("ofline sofware", "JUNO offline software"),
    ],
)
def test_typed_text_finds_the_unit_that_is_meant(text: str, first: str, cast: Cast) -> None:
    make.make_unit(name="JUNO offline software")
    make.make_unit(name="JUNO online and DAQ")
    SiteAlias.objects.create(site=cast.in2p3, namespace="people", name="Lyon")
    SiteAlias.objects.create(site=cast.in2p3, namespace="dirac", name="LCG.IN2P3.fr")
    found = queries.find_units(text)
    assert found, text
    assert found[0].label == first


def test_a_site_leads_to_its_operations_centre(cast: Cast) -> None:
    make.make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )
    make.make_site(name="GRIF", operations_centre=cast.in2p3.operations_centre)
    match = queries.find_units("grif")[0]
    assert (match.label, match.unit.name) == ("GRIF, through NGI_FRANCE", "NGI_FRANCE")


def test_a_site_and_its_own_unit_are_one_answer(cast: Cast) -> None:
    SiteAlias.objects.create(site=cast.in2p3, namespace="people", name="IN2P3 Lyon")
    found = queries.find_units("in2p3")
    assert [match.label for match in found] == ["IN2P3-CC"]


def test_units_that_cannot_be_reached_are_not_offered(cast: Cast) -> None:
    make.make_unit(name="Closed storage", state=UnitState.CLOSED)
    make.make_unit(name="Storage without contact", mailing_list="")
    assert queries.find_units("storage") == []


@pytest.mark.parametrize("text", ["", "   ", "%", "'; drop table", "\x00", "😀" * 200])
def test_odd_text_finds_nothing_and_breaks_nothing(text: str, cast: Cast) -> None:
    assert queries.find_units(text) == []


def test_vanished_sites_are_not_offered(cast: Cast, at: Any) -> None:
    make.make_site(name="OLDSITE-LCG2", gone_at=at)
    assert queries.find_units("oldsite") == []


@pytest.mark.parametrize("left", ["closed", "gone"])
def test_units_of_sites_that_left_are_not_offered(cast: Cast, at: Any, left: str) -> None:
    site = make.make_site(
        name="JINR",
        certification_status="Closed" if left == "closed" else "Certified",
        gone_at=at if left == "gone" else None,
    )
    unit = make.make_site_unit(site=site, name="Oldsite support")
    assert queries.find_units("oldsite") == []

    make.make_vo_site(
        vo=cast.juno, site=site, is_in_commissioning=True, contact_email="a@example.org"
    )
    assert [match.unit for match in queries.find_units("oldsite")] == [unit]


def test_the_look_up_is_bounded(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make.make_site(name=f"LAB-{number}")
    with django_assert_max_num_queries(4):
        found = queries.find_units("lab", limit=8)
    assert len(found) == 8
