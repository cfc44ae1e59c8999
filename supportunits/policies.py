"""What somebody is to the support units and VOs: every role in one place (domain: section 1).

Each question takes anybody, also an anonymous visitor. People whose account is inactive have
nothing. All facts about a person cost two queries, once for each user object (a request makes a
fresh one); actions that change a role call ``forget``. Whoever is on shift at that moment is TPM
operator: the role comes and goes with the clock, without anybody's doing. It ends with the type of
shift, too, when that is put out of use.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, QuerySet, Value

from juno_support.accounts.models import User
from juno_support.lib import clock
from supportunits.models import (
    VO,
    Audience,
    ContactRole,
    Shift,
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitState,
    VOContact,
    VOMembership,
)

Person = User | AnonymousUser

MANAGING_ROLES = (ContactRole.MANAGER, ContactRole.DEPUTY)
"""The roles on a card that give a linked account rights."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person is, as sets of primary keys. Closed and member-less units do not count."""

    units: frozenset[int] = frozenset()
    managed_units: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    vos: frozenset[int] = frozenset()
    shifter_of: frozenset[int] = frozenset()
    alarmer_of: frozenset[int] = frozenset()
    managed_vos: frozenset[int] = frozenset()
    on_shift_for: frozenset[int] = frozenset()


_NOTHING = Facts()


def facts(user: Person) -> Facts:
    """Return all that the person is to units and VOs; two queries at the first question."""
    if not user.is_authenticated or not user.is_active:
        return _NOTHING
    known: Facts | None = getattr(user, "_support_facts", None)
    if known is None:
        known = _load(user.pk)
        user._support_facts = known  # type: ignore[attr-defined]
    return known


def forget(user: Person) -> None:
    """Make the next question read afresh; called by actions after they changed a role."""
    user.__dict__.pop("_support_facts", None)


def _load(user_id: int) -> Facts:
    units = list(
        UnitMembership.objects.filter(user_id=user_id, unit__state=UnitState.ACTIVE).values_list(
            "unit_id", "unit__kind", "is_manager"
        )
    )
    memberships = VOMembership.objects.filter(user_id=user_id).values_list(
        F("vo_id"), F("is_shifter"), F("is_alarmer"), Value(False), Value(False)
    )
    # A contact without an account linked by an admin gives nobody anything, nor does a mirror's.
    managed = VOContact.objects.filter(
        account_id=user_id, role__in=MANAGING_ROLES, card__vo__is_served=True
    ).values_list(F("card__vo_id"), Value(False), Value(False), Value(True), Value(False))
    now = clock.now()
    on_shift = Shift.objects.filter(
        person_id=user_id, starts_at__lte=now, ends_at__gt=now, type__is_active=True
    ).values_list(F("type__vo_id"), Value(False), Value(False), Value(False), Value(True))
    vos = list(memberships.union(managed, on_shift, all=True))
    return Facts(
        units=frozenset(unit for unit, _, _ in units),
        managed_units=frozenset(unit for unit, _, manages in units if manages),
        kinds=frozenset(kind for _, kind, _ in units),
        vos=frozenset(vo for vo, *_, manages, shift in vos if not manages and not shift),
        shifter_of=frozenset(vo for vo, shifter, *_ in vos if shifter),
        alarmer_of=frozenset(vo for vo, _, alarmer, *_ in vos if alarmer),
        managed_vos=frozenset(vo for vo, *_, manages, _ in vos if manages),
        on_shift_for=frozenset(vo for vo, *_, shift in vos if shift),
    )


def is_admin(user: Person) -> bool:
    """Return whether the person is an admin (staff)."""
    return bool(user.is_authenticated and user.is_active and user.is_staff)


def is_supporter(user: Person) -> bool:
    """Return whether the person is a member of at least one active unit."""
    return bool(facts(user).units)


def is_tpm_operator(user: Person) -> bool:
    """Return whether the person is a member of the TPM unit, or on shift at this moment."""
    known = facts(user)
    return UnitKind.TPM in known.kinds or bool(known.on_shift_for)


def is_on_shift(user: Person) -> bool:
    """Return whether the person is on shift at this moment, for whatever VO."""
    return bool(facts(user).on_shift_for)


def is_csirt(user: Person) -> bool:
    """Return whether the person is a member of the security unit."""
    return UnitKind.SECURITY in facts(user).kinds


def units_of(user: Person) -> frozenset[int]:
    """Return the primary keys of the active units that the person is a member of."""
    return facts(user).units


def manages_unit(user: Person, unit: SupportUnit) -> bool:
    """Return whether the person is a manager of this unit."""
    return unit.pk in facts(user).managed_units


def vos_of(user: Person) -> frozenset[int]:
    """Return the primary keys of the VOs that the person is a member of."""
    return facts(user).vos


def is_member_of_vo(user: Person, vo: VO) -> bool:
    """Return whether the person is a member of this VO."""
    return vo.pk in facts(user).vos


def is_shifter(user: Person) -> bool:
    """Return whether the person is a shifter of at least one VO."""
    return bool(facts(user).shifter_of)


def shifter_of(user: Person) -> frozenset[int]:
    """Return the primary keys of the VOs that the person is a shifter of."""
    return facts(user).shifter_of


def is_shifter_of(user: Person, vo: VO) -> bool:
    """Return whether the person is a shifter of this VO."""
    return vo.pk in facts(user).shifter_of


def is_alarmer(user: Person) -> bool:
    """Return whether the person is an alarmer of at least one VO."""
    return bool(facts(user).alarmer_of)


def alarmer_of(user: Person) -> frozenset[int]:
    """Return the primary keys of the VOs that the person is an alarmer of."""
    return facts(user).alarmer_of


def is_alarmer_of(user: Person, vo: VO) -> bool:
    """Return whether the person may file and verify ALARM tickets of this VO."""
    return vo.pk in facts(user).alarmer_of


def manages_vo(user: Person, vo: VO) -> bool:
    """Return whether an admin linked the person to the card's manager or deputy."""
    return vo.pk in facts(user).managed_vos


def may_see_addresses(user: Person) -> bool:
    """Return whether e-mail addresses and DNs of others are shown to the person."""
    return is_supporter(user) or is_tpm_operator(user) or is_admin(user)


def may_change_unit(user: Person, unit: SupportUnit) -> bool:
    """Return whether the person may change members, contact and hours of this unit."""
    return manages_unit(user, unit) or is_admin(user)


def may_open_units(user: Person) -> bool:
    """Return whether the person may open a unit for a site or an operations centre."""
    return is_admin(user) or is_tpm_operator(user)


def may_request_unit(user: Person, vo: VO | None) -> bool:
    """Return whether the person may ask for a unit of this VO, or for one of a service (None)."""
    if is_admin(user) or is_tpm_operator(user):
        return True
    return vo is not None and manages_vo(user, vo)


def vos_to_request_for(user: Person) -> QuerySet[VO]:
    """Return the VOs for which the person may ask for a unit."""
    if is_admin(user) or is_tpm_operator(user):
        return VO.objects.all()
    return VO.objects.filter(pk__in=facts(user).managed_vos)


def may_request_some_unit(user: Person) -> bool:
    """Return whether there is any unit that the person may ask for."""
    return is_admin(user) or is_tpm_operator(user) or bool(facts(user).managed_vos)


def may_change_team_tickets(user: Person, vo: VO) -> bool:
    """Return whether the person may change how the VO's shifters file TEAM tickets."""
    return manages_vo(user, vo) or is_admin(user)


def may_change_vo_sites(user: Person, vo: VO) -> bool:
    """Return whether the person may change the VO's sites, tiers and commissioning."""
    return manages_vo(user, vo) or is_admin(user)


def may_change_rota(user: Person, vo: VO) -> bool:
    """Return whether the person may change the VO's types of shift, rota and plans."""
    return manages_vo(user, vo) or is_admin(user)


def may_see_on_call_contacts(user: Person) -> bool:
    """Return whether phones and IM addresses of people on call are shown to the person."""
    return is_shifter(user) or may_see_addresses(user)


def may_read_shift_log(user: Person, vo: VO) -> bool:
    """Return whether the person reads the VO's shift log: its shifters, TPM and supporters."""
    return is_shifter_of(user, vo) or may_see_addresses(user)


def may_read_shift_report(user: Person, vo: VO) -> bool:
    """Return whether the person reads the VO's reports and meetings: also who manages its rota."""
    return may_read_shift_log(user, vo) or may_change_rota(user, vo)


def may_write_shift_log(user: Person, vo: VO) -> bool:
    """Return whether the person writes into the VO's shift log: its shifters and TPM."""
    return is_shifter_of(user, vo) or is_tpm_operator(user)


def may_change_card(user: Person, vo: VO) -> bool:
    """Return whether the person may ask for changes of the VO's card (domain: section 8)."""
    return vo.is_served and (manages_vo(user, vo) or is_admin(user))


def may_see_addresses_of_card(user: Person, vo: VO) -> bool:
    """Return whether addresses and DNs on the VO's card are shown to the person."""
    return may_see_addresses(user) or manages_vo(user, vo)


def may_start_drills(user: Person, vo: VO) -> bool:
    """Return whether the person may start the VO's alarm drills: its managers and admins."""
    return manages_vo(user, vo) or is_admin(user)


def may_see_drills(user: Person, vo: VO) -> bool:
    """Return whether the person sees how the VO's alarm drills went: its people, who helps."""
    return is_supporter(user) or may_start_drills(user, vo) or is_member_of_vo(user, vo)


def may_announce(user: Person) -> bool:
    """Return whether the person may announce anything: admins, TPM operators, VO managers."""
    return is_admin(user) or is_tpm_operator(user) or bool(facts(user).managed_vos)


def may_announce_to(user: Person, audience: str, vo: VO | None) -> bool:
    """Return whether the person may announce to this audience; a VO's manager to that VO only."""
    if is_admin(user) or is_tpm_operator(user):
        return True
    return audience == Audience.VO and vo is not None and manages_vo(user, vo)
