"""The calls of an ALARM ticket: who is woken, by which way, with which words (domain: section 7).

At once the site's emergency address and the person on call, by mail; after 15 minutes the person on
call, by the gateways to phones; after 60 minutes the person on call, TPM and the operations centre.
Whoever cannot be reached is never left out silently: where nobody is on call, or no phone can be
rung, the admins are mailed instead and told so; they also hear who of several on call could not be
rung. Whoever raised it, made an alarm of it or reopened it cannot confirm it, and so does not
count as on call; whoever filed the TEAM ticket that another made an alarm does. A receipt takes
back what still waits to ring, and is told to everybody who was called.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.lib import clock as portal_clock
from juno_support.lib import text
from juno_support.outbox import gateways, hooks
from juno_support.outbox.actions import Mail, enqueue_all, withdraw_calls
from juno_support.outbox.models import Channel, Delivery, Gateway
from supportunits import fallback
from supportunits import queries as units
from supportunits.on_call import OnCall, on_call
from tickets.mail import facts, receipt_link, threads, words
from tickets.mail.recipients import Reason, Recipient, Unit, Why, recipients
from tickets.models import Call, Dispatch, HistoryEntry, Kind, Ticket, WallClock


def handle(dispatch: Dispatch) -> None:
    """Write what a call or a receipt sends, in the transaction that marks the dispatch done."""
    at = portal_clock.now()
    entry = dispatch.entry
    ticket = Ticket.objects.select_related(
        "submitter", "unit", "vo", "notified_site__operations_centre"
    ).get(pk=entry.ticket_id)
    # Locked: a receipt comes before the call is written, or finds it there to take back.
    clock = WallClock.objects.select_for_update().get(pk=entry.facts["clock"])
    if entry.kind == Kind.ALARM_RECEIVED:
        withdraw_calls(key_prefix=clock.key_prefix)
        enqueue_all(_tell_who_was_called(entry, ticket, clock), at=at)
    elif clock.is_running:
        enqueue_all(compose(entry, ticket, clock), at=at)


def compose(entry: HistoryEntry, ticket: Ticket, clock: WallClock) -> list[Mail]:
    """Return the mails and calls that one call of the clock makes, in the order of their keys."""
    call = Call(entry.facts["call"])
    there = on_call(ticket.vo, at=entry.happened_at)
    people = [each for each in there if not clock.is_raised_by(each.user.pk)]
    nobody = Why.NOBODY_ELSE_ON_CALL if there else Why.NOBODY_ON_CALL
    writer = _Writer(entry, ticket, clock, call)
    if call == Call.AT_ONCE:
        readers = [*_emergency(ticket), *_on_call_or_admins(people, ticket, nobody)]
    elif call == Call.PHONE:
        calls = writer.calls(people)
        rung = {mail.to_user_id for mail in calls}
        silent = [each.user.name for each in people if each.user.pk not in rung]
        if calls and not silent:
            return sorted(calls, key=lambda mail: mail.key)
        writer.no_phone = not calls
        writer.not_rung = ", ".join(dict.fromkeys(silent))
        mails = [writer.mail(reader) for reader in _once(_people(_admins(), Why.ADMIN))]
        return sorted([*calls, *mails], key=lambda mail: mail.key)
    else:
        readers = [
            *_on_call_or_admins(people, ticket, nobody),
            *_tpm(ticket, clock, at=entry.happened_at),
            *_operations(ticket),
        ]
    mails = [writer.mail(reader) for reader in _once(readers)]
    return sorted(mails, key=lambda mail: mail.key)


@dataclass
class _Writer:
    """Writes the mails and calls of one call."""

    entry: HistoryEntry
    ticket: Ticket
    clock: WallClock
    call: Call
    no_phone: bool = False
    not_rung: str = ""

    def __post_init__(self) -> None:
        self._story = words.Story.load(self.ticket, [self.entry])

    def mail(self, reader: Recipient) -> Mail:
        """Return the mail to one address, with its own link to confirm the receipt."""
        why = reader.reasons[0].why
        person = User.objects.filter(pk=reader.user_id).first() if reader.user_id else None
        with _as_read_by(person, self.ticket, why):
            more = {
                "receipt_url": receipt_link.address_of(self.clock, why=why, user_id=reader.user_id),
                "due": words.moment(self.clock.due_at),
                "began": words.moment(self.clock.starts_at),
                "site": self.ticket.notified_site.name if self.ticket.notified_site else "",
                "no_phone": self.no_phone,
                "not_rung": self.not_rung,
            }
            return _about(
                self.ticket,
                key=_key(self.clock, f"{int(self.call)}", reader.address),
                kind=Kind.ALARM_CALLED,
                reader=reader,
                body=words.body(self._story, [self.entry], reader, more),
                is_first=self.call == Call.AT_ONCE,
            )

    def calls(self, people: Sequence[OnCall]) -> list[Mail]:
        """Return the calls to the phones of those on call, by every gateway there is."""
        by_hook, by_sms = gateways.active(Channel.WEBHOOK), gateways.active(Channel.SMS)
        found = []
        for each in people:
            if each.phone or each.im_address:
                found += [self._hook(each, gateway) for gateway in by_hook]
            for gateway in by_sms:
                address = gateways.number_address(gateway, each.phone)
                if address:
                    found.append(self._sms(each, gateway, address))
        return found

    def _hook(self, person: OnCall, gateway: Gateway) -> Mail:
        ticket = self.ticket
        link = receipt_link.address_of(self.clock, why=Why.ON_CALL, user_id=person.user.pk)
        return self._call(
            person,
            gateway,
            address=person.phone or person.im_address,
            body=hooks.document(
                event="alarm",
                words=self._said(400),
                phone=person.phone,
                im=person.im_address,
                person=person.user.name,
                ticket=ticket.pk,
                is_test=words.is_test_alarm(ticket),
                vo=ticket.vo.name if ticket.vo else "",
                site=ticket.notified_site.name if ticket.notified_site else "",
                url=_page(ticket),
                receipt_url=link,
            ),
        )

    def _sms(self, person: OnCall, gateway: Gateway, address: str) -> Mail:
        page = _page(self.ticket)
        body = f"{self._said(gateways.SMS_LENGTH - len(page) - 1)} {page}"
        return self._call(person, gateway, address=address, body=body)

    def _call(self, person: OnCall, gateway: Gateway, *, address: str, body: str) -> Mail:
        return Mail(
            key=_key(self.clock, f"{int(self.call)}:{gateway.pk}:{person.user.pk}", address),
            kind=Kind.ALARM_CALLED,
            to_address=address,
            to_user_id=person.user.pk,
            reason=Reason(Why.ON_CALL, self._vo).words(),
            about_ticket=self.ticket.pk,
            subject=_subject(self.ticket),
            body=body,
            channel=Channel(gateway.channel),
            gateway_id=gateway.pk,
        )

    def _said(self, most: int) -> str:
        minutes = int((self.entry.happened_at - self.clock.starts_at).total_seconds() // 60)
        said = _("%(test)sALARM #%(number)d %(vo)s, %(site)s: no receipt for %(minutes)d min. ") % {
            "test": "TEST " if words.is_test_alarm(self.ticket) else "",
            "number": self.ticket.pk,
            "vo": self._vo,
            "site": self.ticket.notified_site or "",
            "minutes": minutes,
        }
        subject = text.clean_line(text.show_bidi(self.ticket.subject))
        return (said + text.shorten(subject, max(most - len(said), 1)))[:most].strip()

    @property
    def _vo(self) -> str:
        return self.ticket.vo.name if self.ticket.vo else ""


def _tell_who_was_called(entry: HistoryEntry, ticket: Ticket, clock: WallClock) -> list[Mail]:
    """Return the mails to those who were called and do not hear of the receipt in any case."""
    hears = {
        each.address.casefold()
        for each in recipients(
            facts.of_entry(entry, ticket, actor=entry.actor), facts.of_ticket(ticket)
        )
    }
    if entry.actor is not None:
        hears.add(entry.actor.email.casefold())
    called = Delivery.objects.filter(
        about_ticket=ticket.pk, key__startswith=clock.key_prefix, channel=Channel.MAIL
    )
    story = words.Story.load(ticket, [entry])
    mails = {}
    for address, user_id in called.order_by("pk").values_list("to_address", "to_user_id"):
        if address.casefold() in hears or address.casefold() in mails:
            continue
        reader = Recipient(address, user_id, (Reason(Why.CALLED),), False, False)
        person = User.objects.filter(pk=user_id).first() if user_id else None
        with _as_read_by(person, ticket, Why.EMERGENCY):
            mails[address.casefold()] = _about(
                ticket,
                key=_key(clock, "received", address),
                kind=Kind.ALARM_RECEIVED,
                reader=reader,
                body=words.body(story, [entry], reader),
                is_first=False,
            )
    return sorted(mails.values(), key=lambda mail: mail.key)


# Who is called


def _emergency(ticket: Ticket) -> list[Recipient]:
    site = ticket.notified_site
    if site is None:
        return []
    reason = Reason(Why.EMERGENCY, site.name)
    return [_reader(each, reason) for each in facts.split_addresses(site.emergency_contact)]


def _on_call_or_admins(people: Sequence[OnCall], ticket: Ticket, nobody: Why) -> list[Recipient]:
    vo = ticket.vo.name if ticket.vo else ""
    if people:
        return _people((each.user for each in people), Why.ON_CALL, vo)
    return _people(_admins(), nobody, vo)


def _tpm(ticket: Ticket, clock: WallClock, *, at: datetime) -> list[Recipient]:
    unit = facts.of_unit(units.tpm_unit(), ticket)
    member, listed = Reason(Why.MEMBER, unit.name), Reason(Why.LIST, unit.name)
    found = [_reader(each.address, member, each.user_id) for each in unit.members]
    found += [_reader(unit.mailing_list, listed)] if unit.mailing_list else []
    if not unit.members:
        # Both: whoever is on shift for this VO was called before, and nobody has confirmed.
        there = fallback.on_shift(at=at)
        on_shift = [each for each in there if not clock.is_raised_by(each.pk)]
        found += _people(on_shift, Why.ON_SHIFT)
        found += _people(fallback.people(), Why.STANDING_IN)
    return found or _people(_admins(), Why.ADMIN)


def _operations(ticket: Ticket) -> list[Recipient]:
    centre = ticket.notified_site.operations_centre if ticket.notified_site else None
    if centre is None:
        return []
    unit = units.unit_of_operations_centre(centre)
    heard = facts.of_unit(unit, ticket) if unit else Unit()
    fields = (heard.mailing_list, centre.helpdesk_email or centre.email)
    reason = Reason(Why.OPERATIONS, centre.name)
    found = [_reader(each, reason) for field in fields for each in facts.split_addresses(field)]
    if heard.mailing_list:
        return found
    # Without a list that works the members are called one by one (domain: section 8).
    member = Reason(Why.MEMBER, heard.name)
    return [*found, *(_reader(each.address, member, each.user_id) for each in heard.members)]


def _admins() -> list[User]:
    return list(User.objects.filter(is_staff=True, is_active=True).order_by("pk"))


def _people(people: Iterable[User], why: Why, name: str = "") -> list[Recipient]:
    return [_reader(each.email, Reason(why, name), each.pk) for each in people if each.email]


def _reader(address: str, reason: Reason, user_id: int | None = None) -> Recipient:
    return Recipient(address, user_id, (reason,), may_read_internal=False, is_new=True)


def _once(readers: Iterable[Recipient]) -> list[Recipient]:
    found: dict[str, Recipient] = {}
    for reader in readers:
        found.setdefault(reader.address.casefold(), reader)
    return list(found.values())


# What is written


def _about(
    ticket: Ticket, *, key: str, kind: str, reader: Recipient, body: str, is_first: bool
) -> Mail:
    return Mail(
        key=key,
        kind=kind,
        to_address=reader.address,
        to_user_id=reader.user_id,
        reason="; ".join(reason.words() for reason in reader.reasons),
        about_ticket=ticket.pk,
        subject=_subject(ticket),
        body=body,
        headers=threads.headers(number=ticket.pk, status=ticket.status, is_first=is_first),
        wants_signature=True,
    )


def _subject(ticket: Ticket) -> str:
    return threads.subject(
        number=ticket.pk,
        type=ticket.type,
        words=ticket.subject,
        is_restricted=ticket.is_restricted,
        is_test=words.is_test_alarm(ticket),
    )


@contextmanager
def _as_read_by(person: User | None, ticket: Ticket, why: Why) -> Iterator[None]:
    """Within the block words are in the reader's language and times in the reader's zone."""
    zone = "UTC"
    language = settings.LANGUAGE_CODE
    if person is not None:
        zone = person.time_zone
        if person.language in dict(settings.LANGUAGES):
            language = person.language
    elif why is Why.EMERGENCY and ticket.notified_site is not None:
        zone = ticket.notified_site.zone
    with timezone.override(zone_of(zone)), translation.override(language):
        yield


def _page(ticket: Ticket) -> str:
    return f"{settings.JUNO_BASE_URL}/tickets/{ticket.pk}/"


def _key(clock: WallClock, part: str, address: str) -> str:
    return (
        f"{clock.key_prefix}{part}:{hashlib.sha256(address.casefold().encode()).hexdigest()[:32]}"
    )
