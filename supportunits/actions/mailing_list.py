"""Prove that a unit's mailing list is read, and notice when it is not (domain: section 8).

A test mail with a signed, expiring link goes to the list alone, so whoever follows the link has
read the list: no account is asked for. The proof holds for a year; the clock sends the next test
mail in time, twice more as reminders, and then lets the proof lapse.
"""

import logging
from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.outbox.models import Channel, Delivery, DeliveryState
from supportunits import list_notices
from supportunits.actions.trace import traced
from supportunits.actions.units import UnitIsClosed, locked, restate
from supportunits.models import ListBounce, ListState, ListTest, SupportUnit, UnitState

logger = logging.getLogger(__name__)

LINK_LIFE = timedelta(days=14)
PROOF_LIFE = timedelta(days=365)
# A test mail and its two reminders, so long before the proof ends.
REMINDERS = (timedelta(days=30), timedelta(days=14), timedelta(days=3))
LEAST_PAUSE = timedelta(minutes=10)
MOST_BOUNCES = 3
# What was refused longer ago says nothing about a list that is named today.
BOUNCE_MEMORY = timedelta(days=1)
SAME_TIME = timedelta(minutes=2)

_signer = Signer(salt="supportunits.list-test")


class NoList(SupportError):
    """The unit has no mailing list."""


class TestedLately(SupportError):
    """A test mail left a moment ago."""


class LinkIsNoGood(SupportError):
    """The link was not written by us, or proves nothing any more."""


@traced
def send_test(*, unit: SupportUnit, by: User | None, at: datetime) -> ListTest:
    """Send a test mail with a link to the unit's list.

    :raises UnitIsClosed: the unit is closed
    :raises NoList: it has no list
    :raises TestedLately: another one left within ten minutes
    """
    unit = locked(unit)
    if unit.state == UnitState.CLOSED:
        raise UnitIsClosed(
            _("%(unit)s is closed.") % {"unit": unit.name}, _("Open it again first.")
        )
    if not unit.mailing_list:
        raise NoList(
            _("%(unit)s has no mailing list.") % {"unit": unit.name},
            _("Write its address first, under “Change the contact”."),
        )
    latest = latest_test(unit)
    if latest is not None and at - latest.sent_at < LEAST_PAUSE:
        raise TestedLately(
            _("A test mail left for %(address)s a moment ago.") % {"address": latest.address},
            _("Look whether it has arrived; after ten minutes another one can be sent."),
        )
    test = ListTest.objects.create(
        unit=unit, address=unit.mailing_list, sent_at=at, sent_by=by, expires_at=at + LINK_LIFE
    )
    list_notices.send_test(test=test, token=token_of(test), at=at)
    return test


def token_of(test: ListTest) -> str:
    """Return the signed token of a test mail's link."""
    return _signer.sign(str(test.pk))


def latest_test(unit: SupportUnit) -> ListTest | None:
    """Return the last test mail to the list that the unit has now, or None."""
    return (
        ListTest.objects.filter(unit=unit, address__iexact=unit.mailing_list)
        .select_related("sent_by", "followed_by")
        .order_by("-pk")
        .first()
    )


def find_test(token: str, *, at: datetime) -> ListTest:
    """Return the test mail that a link belongs to, if following it can still prove the list.

    A link that was followed stays good while the proof holds: people open it twice.

    :raises LinkIsNoGood: not signed by us, expired, of another address, of a closed unit
    """
    try:
        key = int(_signer.unsign(token))
    except (BadSignature, ValueError) as error:
        raise LinkIsNoGood(
            _("This is not a link of ours."),
            _("Copy it from the mail as a whole, or ask for another test mail."),
        ) from error
    test = ListTest.objects.select_related("unit").filter(pk=key).first()
    if test is None or test.unit.mailing_list.casefold() != test.address.casefold():
        raise LinkIsNoGood(
            _("The unit has another mailing list by now."),
            _("Only a link that went to that list can prove it."),
        )
    if test.followed_at is not None and test.unit.list_state != ListState.PROVEN:
        raise LinkIsNoGood(
            _("This link was followed already, and what it proved holds no more."),
            _("Ask the unit's manager for another test mail."),
        )
    if test.followed_at is None and at >= test.expires_at:
        raise LinkIsNoGood(
            _("This link has expired."), _("Ask the unit's manager for another test mail.")
        )
    if test.unit.state == UnitState.CLOSED:
        raise LinkIsNoGood(_("%(unit)s is closed.") % {"unit": test.unit.name})
    return test


@traced
def prove(*, token: str, by: User | None, at: datetime) -> SupportUnit:
    """Note that somebody followed the link of a test mail: the list is read.

    The second time changes nothing.

    :param by: the person, where signed in; a list's reader needs no account
    :raises LinkIsNoGood: see :func:`find_test`
    """
    unit = locked(find_test(token, at=at).unit)
    # Again, now that nobody can change the list or follow the link meanwhile.
    test = find_test(token, at=at)
    if test.followed_at is not None:
        return unit
    test.followed_at, test.followed_by = at, by
    test.save(update_fields=["followed_at", "followed_by"])
    unit.list_state = ListState.PROVEN
    unit.list_proven_at = at
    unit.list_bounces = 0
    unit.save(update_fields=["list_state", "list_proven_at", "list_bounces"])
    return restate(unit)


@traced
def note_bounce(
    *, unit: SupportUnit, address: str, at: datetime, is_first: bool = False
) -> SupportUnit:
    """Count a hard bounce of the unit's list; the third one in a row marks it, and TPM is told.

    From then on the unit's members are mailed one by one; a unit without members needs a contact.
    Another address, or a proof, ends it. A bounce of an address that the unit no longer has
    changes nothing.

    :param is_first: the list took a mail since the bounce before, so that counting begins anew
    """
    unit = locked(unit)
    if not unit.mailing_list or address.casefold() != unit.mailing_list.casefold():
        return unit
    unit.list_bounces = 1 if is_first else unit.list_bounces + 1
    fields = ["list_bounces"]
    is_news = unit.list_bounces >= MOST_BOUNCES and unit.list_state != ListState.FAILING
    if is_news:
        unit.list_state = ListState.FAILING
        fields.append("list_state")
    unit.save(update_fields=fields)
    unit = restate(unit)
    if is_news:
        list_notices.tell_list_fails(unit=unit, at=at)
    return unit


def note_bounces(*, at: datetime) -> int:
    """Count the mails to lists of units that a server refused for good lately; returns how many.

    A server that refuses everything says nothing about a list: it must have taken another mail at
    about that time. A mail that the list took in between begins the count anew: single refusals
    over a year are no dead list. Doing it again counts nothing twice: what was counted is kept.
    """
    taken = Delivery.objects.filter(
        state=DeliveryState.SENT,
        channel=Channel.MAIL,
        sent_at__gte=OuterRef("refused_at") - SAME_TIME,
        sent_at__lte=OuterRef("refused_at") + SAME_TIME,
    )
    refused = Delivery.objects.filter(
        Exists(taken),
        channel=Channel.MAIL,
        refused_at__gt=at - BOUNCE_MEMORY,
        list_bounce=None,
    )
    bounced = list(refused.order_by("refused_at", "pk"))
    if not bounced:
        return 0
    units: dict[str, list[SupportUnit]] = {}
    for unit in SupportUnit.objects.exclude(mailing_list="").order_by("pk"):
        units.setdefault(unit.mailing_list.casefold(), []).append(unit)
    counted = 0
    for mail in bounced:
        readers = units.get(mail.to_address.casefold(), [])
        try:
            counted += bool(readers) and _count(mail, readers, at)
        except Exception:
            # What goes wrong with one list costs the others nothing; the next round tries again.
            logger.exception("the bounce of mail %s was left for the next round", mail.pk)
    return counted


@transaction.atomic
def _count(mail: Delivery, units: list[SupportUnit], at: datetime) -> bool:
    is_first = _took_a_mail_since(mail)
    _row, is_new = ListBounce.objects.get_or_create(delivery=mail, defaults={"noted_at": at})
    if is_new:
        for unit in units:
            note_bounce(unit=unit, address=mail.to_address, at=at, is_first=is_first)
    return is_new


def _took_a_mail_since(refused: Delivery) -> bool:
    """Return whether the address took a mail between the bounce counted before and this one."""
    mails = Delivery.objects.filter(channel=Channel.MAIL, to_address__iexact=refused.to_address)
    counted = mails.filter(list_bounce__isnull=False, refused_at__lte=refused.refused_at)
    before = counted.aggregate(latest=Max("refused_at"))["latest"]
    taken = mails.filter(state=DeliveryState.SENT, sent_at__lt=refused.refused_at)
    return (taken.filter(sent_at__gt=before) if before else taken).exists()


def review_lists(*, at: datetime) -> None:
    """Let proofs lapse that are a year old; before that, send the next test mail and reminders.

    Doing it again does nothing more: each of the three mails has its time, and a test mail that
    left since then counts for it.
    """
    soon = SupportUnit.objects.filter(
        list_state=ListState.PROVEN, list_proven_at__lte=at - PROOF_LIFE + REMINDERS[0]
    ).exclude(state=UnitState.CLOSED)
    for unit in soon.order_by("pk"):
        try:
            _review(unit=unit, at=at)
        except Exception:
            # What goes wrong with one list costs the others nothing; the next round tries again.
            logger.exception("the list of unit %s was left for the next round", unit.pk)


@transaction.atomic
def _review(*, unit: SupportUnit, at: datetime) -> None:
    unit = locked(unit)
    if unit.list_state != ListState.PROVEN or unit.list_proven_at is None:
        return
    ends_at = unit.list_proven_at + PROOF_LIFE
    if at >= ends_at:
        _lapse(unit=unit, by=None, at=at)
        return
    due = max((ends_at - before for before in REMINDERS if ends_at - before <= at), default=None)
    latest = latest_test(unit)
    if due is not None and (latest is None or latest.sent_at < due):
        send_test(unit=unit, by=None, at=at)


@traced
def _lapse(*, unit: SupportUnit, by: User | None, at: datetime) -> None:
    unit.list_state = ListState.LAPSED
    unit.save(update_fields=["list_state"])
    list_notices.tell_proof_lapsed(unit=unit, at=at)
