"""Collect from the database what decides about the recipients of a mail."""

import re
from collections.abc import Iterable

from juno_support.accounts.models import NotificationMode, User
from juno_support.lib import clock
from supportunits import fallback
from supportunits import queries as units
from supportunits.models import (
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitState,
    VOMembership,
    VOSite,
)
from supportunits.on_call import on_call
from tickets import policies
from tickets.actions.work import LAST_ESCALATION
from tickets.mail.recipients import Centre, EntryFacts, Person, TicketFacts, Unit
from tickets.models import Category, HistoryEntry, Kind, Ticket, TicketPerson, TicketType
from topology.models import CertificationStatus, Site

# Sources write several addresses into one field.
_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+")


def of_ticket(ticket: Ticket) -> TicketFacts:
    """Return what matters of the ticket now: who is on it, and may read it at this moment."""
    parts = TicketPerson.objects.filter(ticket=ticket).select_related("user").order_by("pk")
    by_part: dict[str, list[User]] = {}
    for row in parts:
        by_part.setdefault(row.part, []).append(row.user)
    subscribers = User.objects.filter(subscriptions__ticket=ticket).order_by("pk")
    tpm = of_unit(units.tpm_unit(), ticket)
    on_shift, standing_in = _behind_tpm(tpm, ticket)
    return TicketFacts(
        submitter=Person(ticket.submitter_id, ticket.submitter.email)
        if ticket.submitter.is_active
        else Person(ticket.submitter_id, ""),
        unit=of_unit(ticket.unit, ticket),
        tpm=tpm,
        on_shift=on_shift,
        standing_in=standing_in,
        security=of_unit(units.security_unit(), ticket) if ticket.is_restricted else Unit(),
        admins=_readers(ticket, User.objects.filter(is_staff=True, is_active=True)),
        on_call=_on_call(ticket),
        is_restricted=ticket.is_restricted,
        is_spam=ticket.category == Category.SPAM,
        solution_only=ticket.notification_mode == NotificationMode.SOLUTION_ONLY,
        on_behalf_address=ticket.on_behalf_of_email,
        carbon_copies=tuple(ticket.carbon_copies.order_by("pk").values_list("address", flat=True)),
        subscribers=_readers(ticket, subscribers),
        assigned=_readers(ticket, by_part.get(TicketPerson.Part.ASSIGNED, [])),
        involved=_readers(ticket, by_part.get(TicketPerson.Part.INVOLVED, [])),
        site_name=ticket.notified_site.name if ticket.notified_site else "",
        site_addresses=_site_addresses(ticket),
        site_centre=_centre_of_suspended(ticket.notified_site),
        unit_centre=_centre_of_suspended(ticket.unit.site),
        vo_name=ticket.vo.name if ticket.vo else "",
        shifters=_owners(ticket),
        is_alarm=ticket.type == TicketType.ALARM,
    )


def of_entry(entry: HistoryEntry, ticket: Ticket, *, actor: User | None) -> EntryFacts:
    """Return what matters of a history entry.

    :param actor: whose action it belongs to; None for the system
    """
    status = entry.facts.get("status", "")
    return EntryFacts(
        kind=entry.kind,
        actor=Person(actor.pk, actor.email) if actor else None,
        is_public=entry.is_public,
        status=status[1] if isinstance(status, list) else status,
        field=entry.facts.get("field", ""),
        level=entry.facts.get("level", 0),
        person=_named(entry, ticket),
        is_child=bool(entry.facts.get("with_parent")),
        is_passed=bool(entry.facts.get("passed")),
        tells_recovery=bool(entry.facts.get("recovered")),
    )


def split_addresses(field: str) -> tuple[str, ...]:
    """Return the addresses of a field in which a source may have written several."""
    return tuple(part for part in _BETWEEN_ADDRESSES.split(field) if part)


def _on_call(ticket: Ticket) -> tuple[Person, ...]:
    # They hear of the last escalation only; whoever is on shift is TPM operator, and reads it.
    if ticket.escalation_level < LAST_ESCALATION:
        return ()
    people = {each.user.pk: each.user for each in on_call(ticket.vo, at=clock.now())}
    return _readers(ticket, people.values())


def _named(entry: HistoryEntry, ticket: Ticket) -> Person | None:
    if entry.kind not in (Kind.PERSON_ADDED, Kind.NEXT_STEP) or not entry.facts.get("person"):
        return None
    found = _readers(ticket, User.objects.filter(pk=entry.facts["person"]))
    return found[0] if found else None


def _readers(ticket: Ticket, people: Iterable[User]) -> tuple[Person, ...]:
    found = []
    for user in people:
        reading = policies.reads(ticket, user)
        if reading >= policies.Reading.PUBLIC:
            found.append(Person(user.pk, user.email, reading == policies.Reading.ALL))
    return tuple(found)


def of_unit(unit: SupportUnit, ticket: Ticket) -> Unit:
    """Return who of a unit hears of the ticket: members of an active one, and its list."""
    # Membership of an active unit is what makes a supporter (policies); asking the policies for
    # each member would cost two queries a person. CSIRT alone reads restricted tickets.
    members: tuple[Person, ...] = ()
    if unit.state == UnitState.ACTIVE:
        reads_internal = not ticket.is_restricted or unit.kind == UnitKind.SECURITY
        members = tuple(
            Person(user_id, address, reads_internal)
            for user_id, address in UnitMembership.objects.filter(unit=unit, user__is_active=True)
            .order_by("pk")
            .values_list("user_id", "user__email")
        )
    closed = unit.state == UnitState.CLOSED
    return Unit(
        name=unit.name,
        members=members,
        # A list from which mail comes back is not written to: members are, one by one.
        mailing_list="" if closed else unit.working_list,
        list_is_closed=unit.list_is_closed,
    )


def _behind_tpm(tpm: Unit, ticket: Ticket) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
    """Return who is on shift, and who stands in for TPM; each only where nobody before is there."""
    if tpm.members:
        return (), ()
    on_shift = _readers(ticket, fallback.on_shift(at=clock.now()))
    return (on_shift, ()) if on_shift else ((), _readers(ticket, fallback.people()))


_OWNING_ROLE = {TicketType.TEAM: "is_shifter", TicketType.ALARM: "is_alarmer"}


def _owners(ticket: Ticket) -> tuple[Person, ...]:
    """Return those who own a TEAM or ALARM ticket beside its submitter: the shifters or the
    alarmers of its VO.
    """
    role = _OWNING_ROLE.get(TicketType(ticket.type))
    if role is None or ticket.is_restricted or ticket.vo_id is None:
        return ()
    # The role makes them readers of the public side (policies); asking for each would cost two
    # queries a person.
    return tuple(
        Person(user_id, address)
        for user_id, address in VOMembership.objects.filter(
            vo=ticket.vo_id, user__is_active=True, **{role: True}
        )
        .order_by("pk")
        .values_list("user_id", "user__email")
    )


def _site_addresses(ticket: Ticket) -> tuple[str, ...]:
    site = ticket.notified_site
    if site is None:
        return ()
    # A site in commissioning is reached by the contact that the VO named (domain: section 6).
    commissioning = VOSite.objects.filter(site=site, is_in_commissioning=True).exclude(
        contact_email=""
    )
    by_vo = commissioning.filter(vo=ticket.vo_id).first()
    contact = by_vo.contact_email if by_vo else site.contact
    if not contact and (other := commissioning.first()):
        contact = other.contact_email
    return tuple(dict.fromkeys(split_addresses(contact)))


def _centre_of_suspended(site: Site | None) -> Centre:
    # A suspended site keeps its tickets, and its operations centre is told as well (section 6).
    if site is None or site.certification_status != CertificationStatus.SUSPENDED:
        return Centre()
    centre = site.operations_centre
    if centre is None:
        return Centre()
    return Centre(centre.name, split_addresses(centre.helpdesk_email or centre.email))
