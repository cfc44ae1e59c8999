"""Who hears of a history entry by mail, why, and how much (domain: section 11). Pure.

Rules, in the order in which the code applies them:

- Some kinds are quiet: what only tidies up, or what others see on the page when they look.
- A public change goes to the submitter (public diary, answer and question always; the rest by
  notification mode), the on-behalf-of address, CC, subscribers, assigned and involved supporters,
  the unit's members and its list.
- Of a TEAM ticket every shifter of the VO is an owner, of an ALARM ticket every alarmer: they hear
  what is said in the public diary, what is asked, that an alarm was received and how it ends, as
  the submitter does (section 1); the rest is on the page.
- The calls of an alarm are told by ``mail.alarm``, to whom they are made.
- An internal note goes to assigned and involved supporters, the unit's members, and to its list,
  in full only where the list's manager declared it closed to supporters.
- Some kinds add somebody: the notified site when a ticket is filed; the operations centre of a
  suspended site when a ticket is filed for the site or given to its unit (section 6); TPM when one
  is reopened or escalated for the second time, who is on call (else the admins) at the third, the
  person who was added or has the next step.
- Of what passes on from another ticket (a master, an incident) hears the public side alone, and its
  unit when the ticket goes on.
- What monitoring notes is quiet, but for a recovery: assigned and involved supporters hear of it.
- Where a unit has nobody to read, TPM reads. Where TPM has no supporter, whoever is on shift hears,
  else the people whom an admin named for that, beside TPM's list if it has one; else the admins.
- Nobody is told anything of a ticket that is discarded as spam.
- Type Security: CSIRT and submitter only; the mail itself carries no text.
- Nobody is told of an own change, except the submitter that the ticket was filed.
- One mail an address, with all its reasons. Where one of them is a list that others read, the mail
  holds only what the list may hold.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.translation import gettext as _

from tickets.models import Kind
from tickets.workflow import Status

QUIET = frozenset(
    {
        Kind.PERSON_REMOVED,
        Kind.REFERENCE_ADDED,
        Kind.RELATION_ENDED,
        Kind.INCIDENT_DECLARED,
        Kind.INCIDENT_ENDED,
        Kind.CC_ADDED,
        Kind.CC_REMOVED,
        Kind.ME_TOO,
        Kind.REDACTED,
        Kind.JOBS_KEPT,
        Kind.UNDONE,
        Kind.DISCARDED,
        Kind.RECOVERED,
        Kind.CHECKED,
    }
)
"""Kinds of which nobody is told by mail."""

# Of these the submitter hears also in the mode "solution only".
_ALWAYS = frozenset({Kind.SUBMITTED, Kind.PUBLIC_ENTRY, Kind.RELATED, Kind.ALARM_RECEIVED})
_ALWAYS_STATUS = frozenset({Status.SOLVED, Status.UNSOLVED, Status.WAITING_FOR_REPLY})


class Why(StrEnum):
    """What an address is to the ticket."""

    SUBMITTER = "submitter"
    ON_BEHALF = "on behalf of"
    CC = "cc"
    SHIFTER = "shifter"
    ALARMER = "alarmer"
    SUBSCRIBER = "subscriber"
    ASSIGNED = "assigned"
    INVOLVED = "involved"
    ADDED = "added"
    NEXT_STEP = "next step"
    MEMBER = "member"
    LIST = "list"
    SITE = "site"
    ON_SHIFT = "on shift"
    STANDING_IN = "standing in"
    ADMIN = "admin"
    EMERGENCY = "emergency"
    ON_CALL = "on call"
    NOBODY_ON_CALL = "nobody on call"
    NOBODY_ELSE_ON_CALL = "nobody else on call"
    OPERATIONS = "operations"
    CALLED = "called"


_LISTS = frozenset({Why.LIST, Why.SITE, Why.OPERATIONS})


@dataclass(frozen=True)
class Reason:
    """Why somebody gets a mail; ``name`` is the unit's, the site's or the VO's."""

    why: Why
    name: str = ""

    def words(self) -> str:
        """Return the reason in words that complete "You get this because …"."""
        return _WORDS[self.why]() % {"name": self.name}


# Functions, because the words are looked up in the reader's language.
_WORDS: dict[Why, Callable[[], str]] = {
    Why.SUBMITTER: lambda: _("you filed this ticket"),
    Why.ON_BEHALF: lambda: _("this ticket was filed on your behalf"),
    Why.CC: lambda: _("your address is in CC"),
    Why.SHIFTER: lambda: _("you are a shifter of %(name)s"),
    Why.SUBSCRIBER: lambda: _("you follow this ticket"),
    Why.ASSIGNED: lambda: _("you are assigned to this ticket"),
    Why.INVOLVED: lambda: _("you are involved in this ticket"),
    Why.ADDED: lambda: _("you were asked to work on this ticket"),
    Why.NEXT_STEP: lambda: _("the next step is yours"),
    Why.MEMBER: lambda: _("you are a member of %(name)s"),
    Why.LIST: lambda: _("this address is the mailing list of %(name)s"),
    Why.SITE: lambda: _("this address is the contact of %(name)s"),
    Why.ALARMER: lambda: _("you are an alarmer of %(name)s"),
    Why.EMERGENCY: lambda: _("this is the emergency address of %(name)s"),
    Why.ON_CALL: lambda: _("you are on call for %(name)s"),
    Why.NOBODY_ON_CALL: lambda: _("nobody is on call for %(name)s and you are an admin"),
    Why.NOBODY_ELSE_ON_CALL: lambda: _(
        "nobody else is on call for %(name)s than who raised this, and you are an admin"
    ),
    Why.OPERATIONS: lambda: _("this is the address of the operations centre %(name)s"),
    Why.CALLED: lambda: _("you were called about this alarm"),
    Why.ON_SHIFT: lambda: _("you are on shift, and TPM has no supporter"),
    Why.STANDING_IN: lambda: _("nobody is at TPM, and you are named to stand in"),
    Why.ADMIN: lambda: _("you are an admin of this portal"),
}


@dataclass(frozen=True)
class Person:
    """Somebody with an account.

    :ivar reads_internal: whether the policies let the person read this ticket's internal diary
    """

    user_id: int
    address: str
    reads_internal: bool = False


@dataclass(frozen=True)
class Unit:
    """A support unit as far as mail is concerned, without people whose account is inactive."""

    name: str = ""
    members: tuple[Person, ...] = ()
    mailing_list: str = ""
    list_is_closed: bool = False

    @property
    def hears(self) -> bool:
        """Whether anybody reads what is sent to the unit."""
        return bool(self.members or self.mailing_list)


@dataclass(frozen=True)
class Centre:
    """The operations centre of a suspended site; empty for other sites."""

    name: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class TicketFacts:
    """What matters of a ticket. Everybody in it may read the ticket at this moment.

    :ivar on_shift: who is on shift, where TPM has no supporter
    :ivar standing_in: whom an admin named, where nobody is at TPM and nobody is on shift
    :ivar on_call: who is on call for the ticket's VO at this moment
    :ivar shifters: of a TEAM ticket, those of its VO; of an ALARM ticket its alarmers
    :ivar vo_name: that VO's
    :ivar site_centre: of the notified site, where that is suspended
    :ivar unit_centre: of the site whose unit has the ticket, where that is suspended
    """

    submitter: Person
    unit: Unit
    tpm: Unit
    security: Unit
    on_shift: tuple[Person, ...] = ()
    standing_in: tuple[Person, ...] = ()
    admins: tuple[Person, ...] = ()
    on_call: tuple[Person, ...] = ()
    is_restricted: bool = False
    is_spam: bool = False
    solution_only: bool = False
    on_behalf_address: str = ""
    carbon_copies: tuple[str, ...] = ()
    subscribers: tuple[Person, ...] = ()
    assigned: tuple[Person, ...] = ()
    involved: tuple[Person, ...] = ()
    site_name: str = ""
    site_addresses: tuple[str, ...] = ()
    site_centre: Centre = Centre()
    unit_centre: Centre = Centre()
    vo_name: str = ""
    shifters: tuple[Person, ...] = ()
    is_alarm: bool = False


@dataclass(frozen=True)
class EntryFacts:
    """What matters of a history entry.

    :ivar status: the status that the entry led to, or empty
    :ivar field: the field that changed, or empty
    :ivar level: the step of an escalation, or 0
    :ivar person: whom the entry names: who was added, who has the next step
    :ivar is_passed: whether it happened to this ticket only because it follows another
    :ivar is_child: whether a ticket was filed together with its parent
    :ivar tells_recovery: whether monitoring says that the ticket's sites are well again
    """

    kind: str
    actor: Person | None = None
    is_public: bool = True
    status: str = ""
    field: str = ""
    level: int = 0
    person: Person | None = None
    tells_recovery: bool = False
    is_passed: bool = False
    is_child: bool = False


@dataclass(frozen=True)
class Recipient:
    """One address that hears of an entry.

    :ivar reasons: never empty
    :ivar may_read_internal: whether the mail may hold the internal diary and words for supporters
    :ivar is_new: whether the ticket itself is news to it, so that the mail tells it from the start
    """

    address: str
    user_id: int | None
    reasons: tuple[Reason, ...]
    may_read_internal: bool
    is_new: bool

    @property
    def is_submitter(self) -> bool:
        """Whether the submitter is meant."""
        return any(reason.why is Why.SUBMITTER for reason in self.reasons)

    @property
    def is_owner(self) -> bool:
        """Whether it is somebody who may answer, verify and reopen as the submitter may."""
        return any(
            reason.why in (Why.SUBMITTER, Why.SHIFTER, Why.ALARMER) for reason in self.reasons
        )


@dataclass(frozen=True)
class _Ear:
    """One reason for one address to hear."""

    address: str
    reason: Reason
    user_id: int | None = None
    reads_internal: bool = False
    is_new: bool = False

    @property
    def is_open_list(self) -> bool:
        return self.reason.why in _LISTS and not self.reads_internal


def recipients(entry: EntryFacts, ticket: TicketFacts) -> list[Recipient]:
    """Return who hears of the entry: each address once, in a stable order."""
    if entry.kind in QUIET or entry.kind == Kind.ALARM_CALLED or ticket.is_spam:
        return []
    if entry.kind == Kind.CONTEXT:
        ears = _recovery(entry, ticket)
    elif entry.kind == Kind.REMINDED:
        ears = _reminded(ticket) if entry.is_public else []
    elif entry.kind == Kind.RESPONSE_DUE:
        return []  # not of one ticket: ``tickets.mail.late``
    elif ticket.is_restricted:
        ears = _security(entry, ticket)
    elif entry.is_public:
        ears = [*_public(entry, ticket), *_further(entry, ticket)]
    else:
        ears = [*_internal(entry, ticket), *_further(entry, ticket)]
    return _merged(ear for ear in ears if ear.address and not _is_own(ear, entry))


def _public(entry: EntryFacts, ticket: TicketFacts) -> list[_Ear]:
    is_filed = entry.kind == Kind.SUBMITTED
    if entry.is_child:
        # Its parent confirms all of them at once.
        return _workers(ticket, is_new=True)
    ears = []
    if _submitter_hears(entry, ticket):
        ears.append(_person(ticket.submitter, Why.SUBMITTER, internal=False))
    if entry.kind in _ALWAYS or entry.status in _ALWAYS_STATUS:
        shift = Reason(Why.ALARMER if ticket.is_alarm else Why.SHIFTER, ticket.vo_name)
        ears += [
            _Ear(each.address, shift, each.user_id, is_new=is_filed) for each in ticket.shifters
        ]
    ears.append(_Ear(ticket.on_behalf_address, Reason(Why.ON_BEHALF), is_new=is_filed))
    ears += [_Ear(address, Reason(Why.CC), is_new=is_filed) for address in ticket.carbon_copies]
    ears += [_person(each, Why.SUBSCRIBER, internal=False) for each in ticket.subscribers]
    if entry.kind == Kind.RELATED or (entry.is_passed and entry.status != Status.IN_PROGRESS):
        # Of many tickets at once, as a rule; what its unit is to do with them is on the other.
        return ears
    return ears + _workers(ticket, is_new=is_filed or entry.kind == Kind.ASSIGNED_TO_UNIT)


def _internal(entry: EntryFacts, ticket: TicketFacts) -> list[_Ear]:
    # Only entries of the diary are everybody's at work; the others concern whom they name.
    return _workers(ticket, is_new=False) if entry.kind == Kind.INTERNAL_ENTRY else []


def _reminded(ticket: TicketFacts) -> list[_Ear]:
    # Whoever can answer it, in every mode: the ticket stands still until somebody does.
    submitter = _person(ticket.submitter, Why.SUBMITTER, internal=False)
    if ticket.is_restricted:
        return [submitter]
    shift = Reason(Why.SHIFTER, ticket.vo_name)
    return [
        submitter,
        *(_Ear(each.address, shift, each.user_id) for each in ticket.shifters),
        _Ear(ticket.on_behalf_address, Reason(Why.ON_BEHALF)),
    ]


def _recovery(entry: EntryFacts, ticket: TicketFacts) -> list[_Ear]:
    # One site may have many tickets: only who works on this one, never a unit or a list.
    ears = [
        *(_person(each, Why.ASSIGNED) for each in ticket.assigned),
        *(_person(each, Why.INVOLVED) for each in ticket.involved),
    ]
    return [ear for ear in ears if entry.tells_recovery and ear.reads_internal]


def _workers(ticket: TicketFacts, *, is_new: bool) -> list[_Ear]:
    return [
        *(_person(each, Why.ASSIGNED) for each in ticket.assigned),
        *(_person(each, Why.INVOLVED) for each in ticket.involved),
        *_unit_or_fallback(ticket.unit, ticket, is_new=is_new),
    ]


def _further(entry: EntryFacts, ticket: TicketFacts) -> list[_Ear]:
    ears: list[_Ear] = []
    own = entry.actor.user_id if entry.actor else None
    tpm_hears = entry.status == Status.REOPENED or entry.level >= 2
    if tpm_hears:
        # Who escalates while on shift or on call knows already: somebody else has to hear of it.
        others_on_shift = tuple(each for each in ticket.on_shift if each.user_id != own)
        there = replace(ticket, on_shift=others_on_shift)
        ears += _unit_or_fallback(ticket.tpm, there, is_new=True)
    if entry.level >= 3:
        whose = ticket.vo_name or _("all VOs")
        others = [each for each in ticket.on_call if each.user_id != own]
        nobody = Why.NOBODY_ELSE_ON_CALL if ticket.on_call else Why.NOBODY_ON_CALL
        ears += [_named(each, Why.ON_CALL, whose) for each in others] or [
            _named(each, nobody, whose) for each in ticket.admins
        ]
    if entry.kind == Kind.SUBMITTED:
        site = Reason(Why.SITE, ticket.site_name)
        ears += [_Ear(address, site, is_new=True) for address in ticket.site_addresses]
        ears += _of_centre(ticket.site_centre)
    if entry.kind == Kind.ASSIGNED_TO_UNIT:
        ears += _of_centre(ticket.unit_centre)
    if entry.person is not None and entry.kind == Kind.PERSON_ADDED:
        ears.append(_person(entry.person, Why.ADDED, is_new=True))
    if entry.person is not None and entry.kind == Kind.NEXT_STEP:
        ears.append(_person(entry.person, Why.NEXT_STEP))
    return ears


def _security(entry: EntryFacts, ticket: TicketFacts) -> list[_Ear]:
    if entry.kind == Kind.PERSON_ADDED:
        added = entry.person.user_id if entry.person else None
        csirt = [member for member in ticket.security.members if member.user_id == added]
        return [_person(member, Why.ADDED) for member in csirt]
    ears = []
    if entry.is_public and _submitter_hears(entry, ticket):
        ears.append(_person(ticket.submitter, Why.SUBMITTER, internal=False))
    # Not the list: who reads it is not known. But where CSIRT has no members, silence is worse:
    # these mails carry no text, and TPM may know that such a ticket exists.
    if ticket.security.members:
        ears += [_member(each, ticket.security) for each in ticket.security.members]
    else:
        ears += _unit_or_fallback(ticket.security, ticket, is_new=False)
    return ears


def _submitter_hears(entry: EntryFacts, ticket: TicketFacts) -> bool:
    return (
        not ticket.solution_only
        or entry.kind in _ALWAYS
        or entry.status in _ALWAYS_STATUS
        # it changes who may read the ticket
        or entry.field == "vo"
    )


def _unit_or_fallback(unit: Unit, ticket: TicketFacts, *, is_new: bool) -> list[_Ear]:
    if unit.hears and unit.name != ticket.tpm.name:
        return _of_unit(unit, is_new=is_new)
    ears = [
        *(_of_unit(ticket.tpm, is_new=is_new) if ticket.tpm.hears else ()),
        *(_person(each, Why.ON_SHIFT, is_new=is_new) for each in ticket.on_shift),
        *(_person(each, Why.STANDING_IN, is_new=is_new) for each in ticket.standing_in),
    ]
    return ears or [_person(each, Why.ADMIN, is_new=is_new) for each in ticket.admins]


def _of_unit(unit: Unit, *, is_new: bool) -> list[_Ear]:
    listed = _Ear(
        unit.mailing_list,
        Reason(Why.LIST, unit.name),
        reads_internal=unit.list_is_closed,
        is_new=is_new,
    )
    return [*(_member(member, unit, is_new=is_new) for member in unit.members), listed]


def _of_centre(centre: Centre) -> list[_Ear]:
    reason = Reason(Why.OPERATIONS, centre.name)
    return [_Ear(address, reason, is_new=True) for address in centre.addresses]


def _member(person: Person, unit: Unit, *, is_new: bool = False) -> _Ear:
    return _Ear(
        person.address,
        Reason(Why.MEMBER, unit.name),
        person.user_id,
        person.reads_internal,
        is_new,
    )


def _person(person: Person, why: Why, *, internal: bool = True, is_new: bool = False) -> _Ear:
    return _Ear(
        person.address,
        Reason(why),
        person.user_id,
        person.reads_internal and internal,
        is_new,
    )


def _named(person: Person, why: Why, name: str) -> _Ear:
    reason = Reason(why, name)
    return _Ear(person.address, reason, person.user_id, person.reads_internal, is_new=True)


def _is_own(ear: _Ear, entry: EntryFacts) -> bool:
    if entry.actor is None or ear.reason.why in _LISTS:
        return False
    if entry.kind == Kind.SUBMITTED and ear.reason.why is Why.SUBMITTER:
        return False
    return (
        ear.user_id == entry.actor.user_id
        or ear.address.casefold() == entry.actor.address.casefold()
    )


def _merged(ears: Iterable[_Ear]) -> list[Recipient]:
    by_address: dict[str, list[_Ear]] = {}
    for ear in ears:
        by_address.setdefault(ear.address.casefold(), []).append(ear)
    return [
        Recipient(
            address=same[0].address,
            user_id=next((ear.user_id for ear in same if ear.user_id is not None), None),
            reasons=tuple(dict.fromkeys(ear.reason for ear in same)),
            may_read_internal=any(ear.reads_internal for ear in same)
            and not any(ear.is_open_list for ear in same),
            is_new=any(ear.is_new for ear in same),
        )
        for same in by_address.values()
    ]
