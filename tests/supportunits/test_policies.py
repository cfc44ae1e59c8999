"""Who is what: a table over all roles, written by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from juno_support.accounts.models import User
from juno_support.lib import clock
from supportunits import policies
from supportunits.models import ContactRole, UnitKind, UnitState
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles

SUPPORTERS = {
    "supporter",
    "supporter of another unit",
    "unit manager",
    "TPM operator",
    "CSIRT",
}
MEMBERS_OF_JUNO = {"VO member", "VO shifter", "alarmer"}

TABLE: dict[str, tuple[Callable[[Any, Roles], bool], set[str]]] = {
    "is_admin": (lambda user, world: policies.is_admin(user), {"admin"}),
    "is_supporter": (lambda user, world: policies.is_supporter(user), SUPPORTERS),
    "is_tpm_operator": (
        lambda user, world: policies.is_tpm_operator(user),
        {"TPM operator"},
    ),
    "is_csirt": (lambda user, world: policies.is_csirt(user), {"CSIRT"}),
    "is in IN2P3-CC's unit": (
        lambda user, world: world.in2p3_unit.pk in policies.units_of(user),
        {"supporter", "unit manager"},
    ),
    "manages IN2P3-CC's unit": (
        lambda user, world: policies.manages_unit(user, world.in2p3_unit),
        {"unit manager"},
    ),
    "manages another unit": (
        lambda user, world: policies.manages_unit(user, world.other_unit),
        set(),
    ),
    "may change IN2P3-CC's unit": (
        lambda user, world: policies.may_change_unit(user, world.in2p3_unit),
        {"unit manager", "admin"},
    ),
    "may open units": (
        lambda user, world: policies.may_open_units(user),
        {"TPM operator", "admin"},
    ),
    "may see addresses": (
        lambda user, world: policies.may_see_addresses(user),
        SUPPORTERS | {"admin"},
    ),
    "is member of juno": (
        lambda user, world: policies.is_member_of_vo(user, world.juno),
        MEMBERS_OF_JUNO,
    ),
    "is member of the other VO": (
        lambda user, world: policies.is_member_of_vo(user, world.other_vo),
        {"member of another VO"},
    ),
    "has juno among the VOs": (
        lambda user, world: world.juno.pk in policies.vos_of(user),
        MEMBERS_OF_JUNO,
    ),
    "is shifter of juno": (
        lambda user, world: policies.is_shifter_of(user, world.juno),
        {"VO shifter"},
    ),
    "is shifter of the other VO": (
        lambda user, world: policies.is_shifter_of(user, world.other_vo),
        set(),
    ),
    "is shifter of any VO": (
        lambda user, world: policies.is_shifter(user),
        {"VO shifter"},
    ),
    "has juno among the VOs of the shifts": (
        lambda user, world: world.juno.pk in policies.shifter_of(user),
        {"VO shifter"},
    ),
    "may change juno's TEAM tickets": (
        lambda user, world: policies.may_change_team_tickets(user, world.juno),
        {"VO manager", "admin"},
    ),
    "may change juno's rota": (
        lambda user, world: policies.may_change_rota(user, world.juno),
        {"VO manager", "admin"},
    ),
    "sees contacts of people on call": (
        lambda user, world: policies.may_see_on_call_contacts(user),
        SUPPORTERS | {"VO shifter", "admin"},
    ),
    "reads juno's shift log": (
        lambda user, world: policies.may_read_shift_log(user, world.juno),
        SUPPORTERS | {"VO shifter", "admin"},
    ),
    "writes into juno's shift log": (
        lambda user, world: policies.may_write_shift_log(user, world.juno),
        {"VO shifter", "TPM operator"},
    ),
    "is on shift": (lambda user, world: policies.is_on_shift(user), set()),
    "is alarmer of juno": (
        lambda user, world: policies.is_alarmer_of(user, world.juno),
        {"alarmer"},
    ),
    "manages juno": (
        lambda user, world: policies.manages_vo(user, world.juno),
        {"VO manager"},
    ),
    "manages the other VO": (
        lambda user, world: policies.manages_vo(user, world.other_vo),
        set(),
    ),
    "may change juno's sites": (
        lambda user, world: policies.may_change_vo_sites(user, world.juno),
        {"VO manager", "admin"},
    ),
}


def test_every_role_has_what_the_table_says_and_no_more(roles: Roles) -> None:
    for question, (ask, allowed) in TABLE.items():
        granted = {name for name in ROLE_NAMES if ask(roles[name], roles)}
        assert granted == allowed, question


@pytest.mark.parametrize("role", ["VO shifter", "unit manager", "VO manager", "admin"])
def test_all_facts_of_a_person_cost_two_queries(
    role: str, roles: Roles, django_assert_num_queries: Any
) -> None:
    person = roles[role]
    clock.now()  # the offset of a clock that can be moved is a question of its own
    with django_assert_num_queries(2):
        for ask, _ in TABLE.values():
            ask(person, roles)


def test_nobody_costs_no_query(roles: Roles, django_assert_num_queries: Any) -> None:
    anonymous, left = roles["anonymous"], roles["left"]
    with django_assert_num_queries(0):
        for ask, _ in TABLE.values():
            assert not ask(anonymous, roles)
            assert not ask(left, roles)


@pytest.mark.parametrize("state", [UnitState.CLOSED, UnitState.NEEDS_CONTACT])
def test_members_of_a_unit_that_is_not_active_are_no_supporters(state: str, cast: Cast) -> None:
    make.make_unit(name="Old", managers=(cast.eve,), state=state)
    assert not policies.is_supporter(cast.eve)
    assert policies.units_of(cast.eve) == frozenset()


def test_closing_tpm_takes_the_role_of_its_operators(cast: Cast) -> None:
    make.make_unit(kind=UnitKind.TPM, state=UnitState.CLOSED)
    assert not policies.is_tpm_operator(cast.carla)


@pytest.mark.parametrize(
    ("role", "manages"),
    [
        (ContactRole.MANAGER, True),
        (ContactRole.DEPUTY, True),
        (ContactRole.EXPERT, False),
        (ContactRole.SHIFTER, False),
    ],
)
def test_only_a_linked_manager_or_deputy_manages_the_vo(
    role: str, manages: bool, cast: Cast
) -> None:
    card = make.make_card(vo=cast.juno)
    make.make_contact(card=card, role=role, account=cast.eve)
    assert policies.manages_vo(cast.eve, cast.juno) is manages


def test_a_contact_with_the_same_name_and_address_gives_nothing(cast: Cast) -> None:
    card = make.make_card(vo=cast.juno)
    make.make_contact(card=card, role=ContactRole.MANAGER, name=cast.eve.name, email=cast.eve.email)
    assert not policies.manages_vo(cast.eve, cast.juno)


def test_a_role_that_changed_counts_after_forget(cast: Cast) -> None:
    assert not policies.is_supporter(cast.eve)
    make.make_unit(name="New", members=(cast.eve,))
    assert not policies.is_supporter(cast.eve)
    policies.forget(cast.eve)
    assert policies.is_supporter(cast.eve)
    assert policies.is_supporter(User.objects.get(pk=cast.eve.pk))
