"""The people of the tests: five with names who tell the stories, and one account for each role."""

from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser

from juno_support.accounts.models import User
from supportunits.models import VO, ContactRole, SupportUnit, Tier, UnitKind
from tests import make
from topology.models import Site


@dataclass(frozen=True)
class Cast:
    """The five, and the places they belong to.

    Ada (Beijing) submits; she is a member of the VO juno. Boris (Lyon) supports IN2P3-CC. Carla
    (Rome) is TPM operator. Dmitri (Moscow) is admin. Eve has an account and nothing else.
    """

    ada: User
    boris: User
    carla: User
    dmitri: User
    eve: User
    juno: VO
    in2p3: Site
    beijing: Site
    in2p3_unit: SupportUnit
    tpm: SupportUnit


def make_cast() -> Cast:
    """Make the five people, the VO juno, two sites, IN2P3-CC's unit and TPM."""
    ada = make.make_user(username="ada", name="Ada Liang", time_zone="Asia/Shanghai")
    boris = make.make_user(username="boris", name="Boris Lefèvre", time_zone="Europe/Paris")
    carla = make.make_user(username="carla", name="Carla Rossi", time_zone="Europe/Rome")
    dmitri = make.make_user(
        username="dmitri",
        name="Dmitri Orlov",
        time_zone="Europe/Moscow",
        is_staff=True,
    )
    eve = make.make_user(username="eve", name="Eve Nobody")
    juno = make.make_vo(name="juno")
    make.join_vo(vo=juno, user=ada)
    france = make.make_operations_centre(name="NGI_FRANCE")
    in2p3 = make.make_site(name="IN2P3-CC", operations_centre=france, time_zone="Europe/Paris")
    beijing = make.make_site(name="BEIJING-LCG2", time_zone="Asia/Shanghai")
    make.make_vo_site(vo=juno, site=in2p3, tier=Tier.TIER_1)
    make.make_vo_site(vo=juno, site=beijing, tier=Tier.TIER_0)
    return Cast(
        ada=ada,
        boris=boris,
        carla=carla,
        dmitri=dmitri,
        eve=eve,
        juno=juno,
        in2p3=in2p3,
        beijing=beijing,
        in2p3_unit=make.make_site_unit(site=in2p3, members=(boris,), time_zone="Europe/Paris"),
        tpm=make.make_unit(kind=UnitKind.TPM, members=(carla,)),
    )


@dataclass(frozen=True)
class Role:
    """What an account of the ROLES table is.

    :ivar vo: "juno", "other" or empty; the flags below it belong to that membership
    :ivar unit: "in2p3", "other", "tpm", "security" or empty
    :ivar contact: the role of the card's contact that an admin linked to the account
    """

    name: str
    vo: str = ""
    is_shifter: bool = False
    is_alarmer: bool = False
    unit: str = ""
    is_manager: bool = False
    contact: str = ""
    is_staff: bool = False
    is_active: bool = True
    has_account: bool = True


# One account for each thing a person can be. The submitter is the one who files the tickets of a
# test; the account itself is like that of somebody who is nothing.
ROLES = (
    Role("anonymous", has_account=False),
    Role("nobody"),
    Role("submitter"),
    Role("VO member", vo="juno"),
    Role("VO shifter", vo="juno", is_shifter=True),
    Role("alarmer", vo="juno", is_alarmer=True),
    Role("member of another VO", vo="other"),
    Role("VO manager", contact=ContactRole.MANAGER),
    Role("supporter", unit="in2p3"),
    Role("supporter of another unit", unit="other"),
    Role("unit manager", unit="in2p3", is_manager=True),
    Role("TPM operator", unit="tpm"),
    Role("CSIRT", unit="security"),
    Role("admin", is_staff=True),
    Role("left", vo="juno", is_shifter=True, unit="in2p3", is_active=False),
)
ROLE_NAMES = tuple(role.name for role in ROLES)


@dataclass(frozen=True)
class Roles:
    """The accounts of the ROLES table by name, and the places that their roles speak of."""

    juno: VO
    other_vo: VO
    in2p3: Site
    in2p3_unit: SupportUnit
    other_unit: SupportUnit
    tpm: SupportUnit
    security: SupportUnit
    people: dict[str, User | AnonymousUser] = field(default_factory=dict)

    def __getitem__(self, role: str) -> User | AnonymousUser:
        """Return a fresh object of the account, as a request would load it."""
        person = self.people[role]
        return person if person.is_anonymous else User.objects.get(pk=person.pk)


def make_roles() -> Roles:
    """Make every account of the table. About forty inserts: for tests that walk the table."""
    users = {
        role.name: make.make_user(
            username=role.name.lower().replace(" ", "-"),
            name=role.name,
            is_staff=role.is_staff,
            is_active=role.is_active,
        )
        for role in ROLES
        if role.has_account
    }

    def of_unit(unit: str, manager: bool) -> tuple[User, ...]:
        return tuple(
            users[role.name] for role in ROLES if role.unit == unit and role.is_manager == manager
        )

    vos = {"juno": make.make_vo(name="juno"), "other": make.make_vo(name="other")}
    card = make.make_card(vo=vos["juno"])
    for role in ROLES:
        if role.vo:
            make.join_vo(
                vo=vos[role.vo],
                user=users[role.name],
                is_shifter=role.is_shifter,
                is_alarmer=role.is_alarmer,
            )
        if role.contact:
            make.make_contact(card=card, role=role.contact, account=users[role.name])
    in2p3 = make.make_site(
        name="IN2P3-CC",
        operations_centre=make.make_operations_centre(name="NGI_FRANCE"),
        time_zone="Europe/Paris",
    )
    make.make_vo_site(vo=vos["juno"], site=in2p3, tier=Tier.TIER_1)
    return Roles(
        juno=vos["juno"],
        other_vo=vos["other"],
        in2p3=in2p3,
        in2p3_unit=make.make_site_unit(
            site=in2p3,
            members=of_unit("in2p3", False),
            managers=of_unit("in2p3", True),
        ),
        other_unit=make.make_unit(name="Other", members=of_unit("other", False)),
        tpm=make.make_unit(kind=UnitKind.TPM, members=of_unit("tpm", False)),
        security=make.make_unit(kind=UnitKind.SECURITY, members=of_unit("security", False)),
        people={"anonymous": AnonymousUser(), **users},
    )
