"""Tell units, their managers and TPM which tickets wait for a response: one mail a round each.

Many tickets of a unit may turn amber at the same moment (all that came in over a weekend, on Monday
morning). The clock writes an entry for each and has the last one mailed; here all of that round are
put together, so that each recipient gets one mail however many there are (domain: section 7).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.lib import text
from juno_support.outbox.actions import Mail
from supportunits import fallback
from supportunits.models import SupportUnit, UnitKind, UnitMembership, UnitState
from tickets.mail import threads, words
from tickets.mail.recipients import Reason, Why
from tickets.models import HistoryEntry, Kind, Priority, Ticket

MOST_LINES = 100
"""Tickets that one mail names of each colour; the queue has the rest."""


@dataclass(frozen=True)
class _Late:
    """A ticket that turned amber or red in this round and still waits."""

    ticket: Ticket
    tells_amber: bool
    tells_red: bool


@dataclass
class _Reader:
    """An address and what it hears of."""

    address: str
    user_id: int | None
    zone: str
    reasons: dict[Reason, None] = field(default_factory=dict)
    amber: dict[int, _Late] = field(default_factory=dict)
    red: dict[int, _Late] = field(default_factory=dict)


@dataclass(frozen=True)
class _Member:
    user_id: int
    address: str
    is_manager: bool


def compose(entry: HistoryEntry, key: str, *, at: datetime) -> list[Mail]:
    """Return the mails about all tickets of the entry's round that still wait, by their keys.

    The unit hears of amber; its managers and TPM hear of red, and so does the unit where amber and
    red came in one. Of tickets of type Security only the security unit hears, without words.
    """
    late = _still_late(entry)
    if not late:
        return []
    units = {each.ticket.unit_id: each.ticket.unit for each in late}
    tpm = SupportUnit.objects.get(kind=UnitKind.TPM)
    units[tpm.pk] = tpm
    members = _members(units)
    at_tpm = _of_unit(tpm, members) + ([] if tpm.pk in members else _behind_tpm(at)) or _admins()
    readers: dict[str, _Reader] = {}
    for each in late:
        unit = each.ticket.unit
        everybody = _of_unit(unit, members)
        if each.tells_amber and not each.tells_red:
            _hear(readers, everybody or at_tpm, each, is_red=False)
        if each.tells_red:
            managers = [one for one in everybody if one[1] and one[1].is_manager]
            ears = everybody if each.tells_amber or not managers else managers
            if not each.ticket.is_restricted:
                ears = [*ears, *at_tpm]
            _hear(readers, ears or at_tpm, each, is_red=True)
    people = User.objects.in_bulk([each.user_id for each in readers.values() if each.user_id])
    mails = [_mail(each, people.get(each.user_id or 0), entry, key) for each in readers.values()]
    return sorted(mails, key=lambda mail: mail.key)


_Ear = tuple[str, _Member | None, Reason, str]
"""An address, the member behind it (None: a list), why it hears, its zone where it is a list."""


def _still_late(entry: HistoryEntry) -> list[_Late]:
    numbers = [*entry.facts.get("round", ()), entry.pk]
    entries = (
        HistoryEntry.objects.filter(pk__in=numbers, kind=Kind.RESPONSE_DUE)
        .select_related("ticket__unit", "ticket__vo")
        .order_by("pk")
    )
    return [
        _Late(
            ticket=each.ticket,
            tells_amber="amber" in each.facts["colours"],
            tells_red="red" in each.facts["colours"],
        )
        for each in entries
        # Answered, or given to another unit, since the round: no news any more.
        if each.ticket.due_at is not None and each.ticket.unit_id == each.facts["unit"]
    ]


def _members(units: Iterable[int]) -> dict[int, list[_Member]]:
    found: dict[int, list[_Member]] = {}
    # Who has no address hears nothing: a unit of such members alone is one without members.
    rows = (
        UnitMembership.objects.filter(
            unit__in=list(units), unit__state=UnitState.ACTIVE, user__is_active=True
        )
        .exclude(user__email="")
        .order_by("pk")
    )
    for unit, user, address, is_manager in rows.values_list(
        "unit_id", "user_id", "user__email", "is_manager"
    ):
        found.setdefault(unit, []).append(_Member(user, address, is_manager))
    return found


def _of_unit(unit: SupportUnit, members: dict[int, list[_Member]]) -> list[_Ear]:
    ears: list[_Ear] = [
        (member.address, member, Reason(Why.MEMBER, unit.name), "")
        for member in members.get(unit.pk, ())
    ]
    if unit.working_list and unit.state != UnitState.CLOSED and unit.kind != UnitKind.SECURITY:
        ears.append((unit.working_list, None, Reason(Why.LIST, unit.name), unit.time_zone))
    return ears


def _behind_tpm(at: datetime) -> list[_Ear]:
    """Return who reads for TPM while it has no supporter: who is on shift, else who stands in."""
    if on_shift := fallback.on_shift(at=at):
        return _people(on_shift, Why.ON_SHIFT)
    return _people(fallback.people(), Why.STANDING_IN)


def _admins() -> list[_Ear]:
    return _people(User.objects.filter(is_staff=True, is_active=True).order_by("pk"), Why.ADMIN)


def _people(people: Iterable[User], why: Why) -> list[_Ear]:
    return [(user.email, _Member(user.pk, user.email, False), Reason(why), "") for user in people]


def _hear(readers: dict[str, _Reader], ears: Iterable[_Ear], late: _Late, *, is_red: bool) -> None:
    for address, member, reason, zone in ears:
        if not address:
            continue
        reader = readers.setdefault(
            address.casefold(), _Reader(address, member.user_id if member else None, zone)
        )
        reader.reasons[reason] = None
        (reader.red if is_red else reader.amber)[late.ticket.pk] = late


def _mail(reader: _Reader, person: User | None, entry: HistoryEntry, key: str) -> Mail:
    language = person.language if person else settings.LANGUAGE_CODE
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    zone: ZoneInfo = zone_of(person.time_zone if person else reader.zone)
    tickets = [late.ticket for late in {**reader.red, **reader.amber}.values()]
    only = tickets[0] if len(tickets) == 1 else None
    digest = hashlib.sha256(reader.address.casefold().encode()).hexdigest()[:32]
    with timezone.override(zone), translation.override(language):
        return Mail(
            key=f"{key}:{entry.pk}:{digest}",
            kind=Kind.RESPONSE_DUE,
            to_address=reader.address,
            to_user_id=reader.user_id,
            reason="; ".join(reason.words() for reason in reader.reasons),
            about_ticket=only.pk if only else None,
            names_tickets=() if only else tuple(sorted(ticket.pk for ticket in tickets)),
            subject=_subject(only, len(tickets), len(reader.red)),
            body=_body(reader),
            headers=threads.headers(number=only.pk, status=only.status, is_first=False)
            if only
            else {"Reply-To": threads.reply_to()},
        )


def _subject(only: Ticket | None, waiting: int, late: int) -> str:
    if only is not None:
        return threads.subject(
            number=only.pk, type=only.type, words=only.subject, is_restricted=only.is_restricted
        )
    facts = {"tag": settings.JUNO_MAIL_TAG, "n": waiting, "late": late}
    if late:
        return _("[%(tag)s] %(n)d tickets wait for a response, %(late)d are late") % facts
    return _("[%(tag)s] %(n)d tickets wait for a response") % facts


def _body(reader: _Reader) -> str:
    names = {late.ticket.unit.name for late in [*reader.amber.values(), *reader.red.values()]}
    line = "is:late,amber"
    if len(names) == 1:
        line = f'unit:"{names.pop()}" {line}'
    template = Engine.get_default().get_template(f"mail/{Kind.RESPONSE_DUE}.txt")
    return template.render(
        Context(
            {
                "red": _lines([late.ticket for late in reader.red.values()]),
                "amber": _lines([late.ticket for late in reader.amber.values()]),
                "more_red": max(len(reader.red) - MOST_LINES, 0),
                "more_amber": max(len(reader.amber) - MOST_LINES, 0),
                "queue": f"{settings.JUNO_BASE_URL}/tickets/?{urlencode({'q': line})}",
                "reasons": [reason.words() for reason in reader.reasons],
                "instance": settings.JUNO_INSTANCE_NAME,
            },
            autoescape=False,  # plain text: nothing to escape
        )
    )


def _lines(tickets: Sequence[Ticket]) -> list[dict[str, str]]:
    earliest = sorted(tickets, key=lambda ticket: (ticket.due_at or ticket.submitted_at, ticket.pk))
    return [
        {
            "number": str(ticket.pk),
            "subject": _("Security ticket")
            if ticket.is_restricted
            else text.clean_line(text.show_bidi(ticket.subject)),
            "unit": ticket.unit.name,
            "priority": str(Priority(ticket.priority).label),
            "due": words.moment(ticket.due_at) if ticket.due_at else "",
            "url": f"{settings.JUNO_BASE_URL}/tickets/{ticket.pk}/",
        }
        for ticket in earliest[:MOST_LINES]
    ]
