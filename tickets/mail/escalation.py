"""Ring whoever is on call when a submitter escalates for the third time (domain: section 7).

Mail goes to them as to everybody else (``recipients``); this is the way to their phones.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from juno_support.lib import text
from juno_support.outbox import gateways, hooks
from juno_support.outbox.actions import Mail
from juno_support.outbox.models import Channel, Gateway
from supportunits.on_call import OnCall, on_call
from tickets.mail.recipients import Reason, Why
from tickets.models import Category, HistoryEntry, Kind, Ticket

TO_ON_CALL = 3
"""The step of an escalation at which the person on call hears of it."""


def calls(entry: HistoryEntry) -> list[Mail]:
    """Return the calls to the phones of those on call; none before the third step.

    Whoever escalates while on call is not rung: the admins hear of it instead (``recipients``).
    Of a ticket of type Security nobody but CSIRT hears, of spam nobody.
    """
    if entry.kind != Kind.ESCALATED or entry.facts["level"] < TO_ON_CALL:
        return []
    ticket = Ticket.objects.select_related("vo").get(pk=entry.ticket_id)
    if ticket.is_restricted or ticket.category == Category.SPAM:
        return []
    by_hook, by_sms = gateways.active(Channel.WEBHOOK), gateways.active(Channel.SMS)
    found: list[Mail] = []
    for each in on_call(ticket.vo, at=entry.happened_at):
        if each.user.pk == entry.actor_id:
            continue
        if each.phone or each.im_address:
            found += [_by_hook(entry, ticket, each, gateway) for gateway in by_hook]
        for gateway in by_sms:
            if address := gateways.number_address(gateway, each.phone):
                found.append(_by_sms(entry, ticket, each, gateway, address))
    return found


def _by_hook(entry: HistoryEntry, ticket: Ticket, person: OnCall, gateway: Gateway) -> Mail:
    return _call(
        entry,
        ticket,
        person,
        gateway,
        address=person.phone or person.im_address,
        body=hooks.document(
            event="escalation",
            words=_said(ticket, 400),
            phone=person.phone,
            im=person.im_address,
            person=person.user.name,
            ticket=ticket.pk,
            vo=ticket.vo.name if ticket.vo else "",
            url=_page(ticket),
        ),
    )


def _by_sms(
    entry: HistoryEntry, ticket: Ticket, person: OnCall, gateway: Gateway, address: str
) -> Mail:
    page = _page(ticket)
    body = f"{_said(ticket, gateways.SMS_LENGTH - len(page) - 1)} {page}"
    return _call(entry, ticket, person, gateway, address=address, body=body)


def _call(
    entry: HistoryEntry,
    ticket: Ticket,
    person: OnCall,
    gateway: Gateway,
    *,
    address: str,
    body: str,
) -> Mail:
    tag = f"[{settings.JUNO_MAIL_TAG} #{ticket.pk}]"
    return Mail(
        key=f"escalation-call:{entry.pk}:{gateway.pk}:{person.user.pk}",
        kind=Kind.ESCALATED,
        to_address=address,
        to_user_id=person.user.pk,
        reason=Reason(Why.ON_CALL, ticket.vo.name if ticket.vo else "").words(),
        about_ticket=ticket.pk,
        subject=f"{tag} {_('escalated')}",
        body=body,
        channel=Channel(gateway.channel),
        gateway_id=gateway.pk,
    )


def _said(ticket: Ticket, most: int) -> str:
    said = _("Ticket #%(number)d was escalated to you, who are on call. ") % {"number": ticket.pk}
    subject = text.clean_line(text.show_bidi(ticket.subject))
    return (said + text.shorten(subject, max(most - len(said), 1)))[:most].strip()


def _page(ticket: Ticket) -> str:
    return f"{settings.JUNO_BASE_URL}/tickets/{ticket.pk}/"
