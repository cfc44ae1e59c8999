"""The third escalation reaches whoever is on call, by mail and on the phone (domain: section 7)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from juno_support.accounts.models import User
from juno_support.outbox.models import Channel, Delivery, DeliveryState, Gateway
from tests.cast import Cast
from tests.make import AT, make_on_call_contact, make_shift, make_shift_type, make_user
from tests.tickets.make import make_ticket
from tickets import tasks
from tickets.actions import spam, undo, work
from tickets.models import Kind, Ticket, UndoWindow

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def mei(cast: Cast) -> User:
    """Somebody on call for juno when the third step is taken, with a phone."""
    person = make_user(username="mei", name="Mei Chen", time_zone="Asia/Shanghai")
    shift = make_shift_type(vo=cast.juno)
    make_shift(type=shift, person=person, length=7 * DAY)
    make_on_call_contact(user=person, phone="+86 10 555-0100", im_address="@mei:example.org")
    return person


def escalated(cast: Cast, clock_at: Callable[[datetime], None], steps: int) -> Ticket:
    """A ticket that was escalated so often; what came before the last step was told."""
    ticket = make_ticket(by=cast.ada, vo=cast.juno, unit=cast.in2p3_unit)
    for step in range(steps):
        clock_at(AT + 2 * step * DAY)
        tasks.sweep_dispatches()
        work.escalate(ticket=ticket, by=cast.ada, at=AT + 2 * step * DAY)
    return ticket


def told() -> dict[str, Delivery]:
    """Act on what is due; return what tells of the escalation, by its address."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    tasks.sweep_dispatches()
    rows = Delivery.objects.filter(kind=Kind.ESCALATED).exclude(pk__in=before)
    return {row.to_address: row for row in rows}


def test_the_person_on_call_is_mailed_and_no_admin(
    cast: Cast, mei: User, clock_at: Callable[[datetime], None]
) -> None:
    escalated(cast, clock_at, 3)
    mails = told()
    assert mei.email in mails and cast.dmitri.email not in mails
    assert "you are on call for juno" in mails[mei.email].reason


def test_where_nobody_is_on_call_the_admins_are_told_so(
    cast: Cast, clock_at: Callable[[datetime], None]
) -> None:
    escalated(cast, clock_at, 3)
    mails = told()
    assert mails[cast.dmitri.email].reason == "nobody is on call for juno and you are an admin"


def test_who_escalates_while_on_call_is_not_rung_and_the_admins_are_told(
    cast: Cast, clock_at: Callable[[datetime], None]
) -> None:
    make_shift(type=make_shift_type(vo=cast.juno), person=cast.ada, length=7 * DAY)
    make_on_call_contact(user=cast.ada)
    Gateway.objects.create(
        name="Phone", channel=Channel.WEBHOOK, url="https://phone.example.org/", created_at=AT
    )
    escalated(cast, clock_at, 3)

    mails = told()

    assert "nobody else is on call for juno" in mails[cast.dmitri.email].reason
    assert not any(mail.channel == Channel.WEBHOOK for mail in mails.values())


def test_the_second_step_rings_nobody(
    cast: Cast, mei: User, clock_at: Callable[[datetime], None]
) -> None:
    escalated(cast, clock_at, 2)
    mails = told()
    assert mei.email not in mails
    assert "tpm-list@example.org" in mails


def test_phones_ring_by_every_gateway(
    cast: Cast, mei: User, clock_at: Callable[[datetime], None]
) -> None:
    Gateway.objects.create(
        name="Phone", channel=Channel.WEBHOOK, url="https://phone.example.org/", created_at=AT
    )
    Gateway.objects.create(
        name="SMS", channel=Channel.SMS, pattern="{number}@sms.example.org", created_at=AT
    )
    ticket = escalated(cast, clock_at, 3)

    mails = told()

    call = json.loads(mails["+86 10 555-0100"].body)
    assert (call["event"], call["ticket"], call["person"]) == ("escalation", ticket.pk, "Mei Chen")
    assert f"#{ticket.pk}" in call["text"]
    message = mails["86105550100@sms.example.org"]
    assert len(message.body) <= 160 and f"/tickets/{ticket.pk}/" in message.body


@pytest.mark.parametrize("is_written", [True, False])
def test_phones_do_not_ring_about_spam(
    cast: Cast, mei: User, clock_at: Callable[[datetime], None], is_written: bool
) -> None:
    Gateway.objects.create(
        name="Phone", channel=Channel.WEBHOOK, url="https://phone.example.org/", created_at=AT
    )
    ticket = escalated(cast, clock_at, 3)
    if is_written:
        told()
    calls = Delivery.objects.filter(channel=Channel.WEBHOOK)
    assert calls.update(state=DeliveryState.WAITING) == int(is_written)

    spam.discard(ticket=ticket, by=cast.carla, at=AT + 5 * DAY)
    told()

    assert not calls.exclude(state=DeliveryState.CANCELLED).exists()


@pytest.fixture
def discarded(
    cast: Cast, mei: User, clock_at: Callable[[datetime], None]
) -> tuple[Ticket, UndoWindow]:
    """A ticket that was discarded while a phone was still to ring about its escalation."""
    Gateway.objects.create(
        name="Phone", channel=Channel.WEBHOOK, url="https://phone.example.org/", created_at=AT
    )
    ticket = escalated(cast, clock_at, 3)
    told()
    Delivery.objects.filter(channel=Channel.WEBHOOK).update(state=DeliveryState.WAITING)
    window = undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.SPAM,
        do=lambda found: spam.discard(ticket=found, by=cast.carla, at=AT + 5 * DAY),
        by=cast.carla,
        at=AT + 5 * DAY,
    )
    assert window is not None and calls() == {DeliveryState.CANCELLED}
    # Somebody decided this himself: it stays.
    Delivery.objects.filter(channel=Channel.MAIL).update(state=DeliveryState.CANCELLED)
    return ticket, window


def calls() -> set[str]:
    """Return where the calls stand."""
    return set(Delivery.objects.exclude(channel=Channel.MAIL).values_list("state", flat=True))


def test_undoing_a_discard_lets_the_phone_ring(
    cast: Cast, discarded: tuple[Ticket, UndoWindow]
) -> None:
    undo.undo(window=discarded[1], by=cast.carla, at=AT + 5 * DAY + timedelta(seconds=5))

    assert calls() == {DeliveryState.WAITING}
    mails = Delivery.objects.filter(channel=Channel.MAIL)
    assert not mails.exclude(state=DeliveryState.CANCELLED).exists()


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(60, DeliveryState.WAITING), (61, DeliveryState.CANCELLED)],
)
def test_recovered_within_the_hour_it_lets_the_phone_ring(
    cast: Cast, discarded: tuple[Ticket, UndoWindow], minutes: int, expected: str
) -> None:
    at = AT + 5 * DAY + timedelta(minutes=minutes)
    window = undo.with_undo(
        ticket=discarded[0],
        action=UndoWindow.Action.RECOVER,
        do=lambda found: spam.recover(ticket=found, by=cast.carla, at=at),
        by=cast.carla,
        at=at,
    )
    assert calls() == {expected}

    assert window is not None
    undo.undo(window=window, by=cast.carla, at=at)
    assert calls() == {DeliveryState.CANCELLED}, "it is spam after all"


def test_the_next_step_is_one_working_day_after_the_last(cast: Cast) -> None:
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)
    friday = datetime(2026, 1, 16, 12, 0, tzinfo=AT.tzinfo)
    ticket = work.escalate(ticket=ticket, by=cast.ada, at=friday)
    assert ticket.next_escalation_after == friday + 3 * DAY
