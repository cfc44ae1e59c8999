"""Whom an alarm wakes: addresses, phones and words of each call, and who is told of the receipt."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.outbox.models import Channel, Delivery, DeliveryState, Gateway
from supportunits.models import (
    FallbackPerson,
    ListState,
    SupportUnit,
    UnitKind,
    UnitMembership,
)
from tests.make import (
    AT,
    join_vo,
    make_on_call_contact,
    make_shift,
    make_shift_type,
    make_unit,
    make_user,
    make_vo,
)
from tests.tickets.actions.test_team import file_team
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tickets import tasks
from tickets.actions import spam, wall_clock, work
from tickets.actions.alarm import convert_to_alarm
from tickets.mail import receipt_link
from tickets.mail.recipients import Why
from tickets.models import Kind

EMERGENCY = "emergency@in2p3-cc.example.org"


def after(minutes):
    return AT + timedelta(minutes=minutes)


@pytest.fixture
def zoya(cast, clock_at):
    clock_at(after(120))
    return make_alarmer(cast)


@pytest.fixture
def mei(cast):
    """Somebody on call for juno, with a phone."""
    person = make_user(username="mei", name="Mei Chen", time_zone="Asia/Shanghai")
    make_shift(type=make_shift_type(vo=cast.juno), person=person)
    make_on_call_contact(user=person, phone="+86 10 555-0100", im_address="@mei:example.org")
    return person


@pytest.fixture
def gateways(cast):
    return [
        Gateway.objects.create(
            name="Phone",
            channel=Channel.WEBHOOK,
            url="https://phone.example.org/call",
            created_at=AT,
        ),
        Gateway.objects.create(
            name="SMS",
            channel=Channel.SMS,
            pattern="{number}@sms.example.org",
            created_at=AT,
        ),
    ]


def sent(kind=Kind.ALARM_CALLED, *, new_only=()):
    """Act on what is due; return the calls of that kind which are new, by their reader."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    tasks.sweep_dispatches()
    return {
        row.to_address: row
        for row in Delivery.objects.exclude(pk__in=before).filter(kind=kind).order_by("pk")
    }


def test_at_once_the_emergency_address_and_the_person_on_call(cast, zoya, mei):
    ticket = raise_alarm(cast, zoya)

    mails = sent()

    assert set(mails) == {EMERGENCY, mei.email}
    mail = mails[EMERGENCY]
    assert mail.subject == f"[JUNO #{ticket.pk}] ALARM Ticket: Raw data cannot be written"
    assert "Since 01:40 UTC every transfer" in mail.body
    assert "12 Jan 2026, 10:30 CET" in mail.body, "until when, in the centre's own time"
    assert "12 Jan 2026, 17:30 CST" in mails[mei.email].body
    assert "this is the emergency address of IN2P3-CC" in mail.body
    assert "you are on call for juno" in mails[mei.email].body
    assert "/tickets/alarms/receipt/" in mail.body
    assert mail.wants_signature
    assert mail.next_attempt_at <= after(120), "there is no undo window"


def test_the_contact_of_the_site_and_the_unit_hear_as_of_any_ticket(cast, zoya, mei):
    raise_alarm(cast, zoya)

    filed = sent(Kind.SUBMITTED)

    assert {"contact@in2p3-cc.example.org", cast.boris.email, zoya.email} <= set(filed)
    assert EMERGENCY not in filed, "it has the mail with the link"
    assert all(mail.wants_signature for mail in filed.values())


def test_every_reader_has_a_link_of_its_own_that_says_whose_it_was(cast, zoya, mei):
    ticket = raise_alarm(cast, zoya)
    run = clock_of(ticket)

    emergency = receipt_link.address_of(run, why=Why.EMERGENCY, user_id=None)
    on_call = receipt_link.address_of(run, why=Why.ON_CALL, user_id=mei.pk)
    mails = sent()

    assert emergency in mails[EMERGENCY].body and on_call not in mails[EMERGENCY].body
    assert on_call in mails[mei.email].body
    link = receipt_link.read(on_call.rstrip("/").rsplit("/", 1)[1])
    assert receipt_link.through(link, run) == "the mail to Mei Chen, on call"
    assert "@" not in on_call.split("/receipt/")[1], "no address stands in an address"


@pytest.mark.parametrize("token", ["", "x", "WzEsICJlbWVyZ2VuY3kiLCBudWxsXQ:abc"])
def test_a_forged_link_says_nothing(token):
    assert receipt_link.read(token) is None


def test_where_nobody_is_on_call_the_admins_are_told_so(cast, zoya):
    raise_alarm(cast, zoya)

    mails = sent()

    assert set(mails) == {EMERGENCY, cast.dmitri.email}
    assert "nobody is on call for juno" in mails[cast.dmitri.email].body


@pytest.mark.parametrize("how", ["filed", "converted"])
def test_who_raises_it_while_on_call_is_not_called_and_the_admins_are(
    cast, zoya, mei, gateways, how
):
    join_vo(vo=cast.juno, user=mei, is_alarmer=True, is_shifter=True)
    if how == "filed":
        raise_alarm(cast, mei)
    else:
        quentin = make_user(username="quentin")
        join_vo(vo=cast.juno, user=quentin, is_shifter=True)
        convert_to_alarm(ticket=file_team(cast, quentin), by=mei, at=AT)

    mails = sent()
    wall_clock.climb(at=after(15))
    at_the_quarter = sent()
    wall_clock.climb(at=after(60))

    assert set(mails) == {EMERGENCY, cast.dmitri.email}
    assert "nobody else is on call for juno" in mails[cast.dmitri.email].body
    assert set(at_the_quarter) == {cast.dmitri.email}
    assert "no phone could be rung" in at_the_quarter[cast.dmitri.email].body
    assert mei.email not in sent()


def test_who_filed_what_another_made_an_alarm_is_called(cast, zoya, mei, gateways):
    join_vo(vo=cast.juno, user=mei, is_shifter=True)
    convert_to_alarm(ticket=file_team(cast, mei), by=zoya, at=AT)

    assert set(sent()) == {EMERGENCY, mei.email}
    wall_clock.climb(at=after(15))
    assert set(sent()) == {"+86 10 555-0100", "86105550100@sms.example.org"}


def test_who_else_is_on_call_is_called_alone(cast, zoya, mei, gateways):
    make_shift(type=make_shift_type(vo=cast.juno, name="Experts"), person=zoya)
    raise_alarm(cast, zoya)

    assert set(sent()) == {EMERGENCY, mei.email}
    wall_clock.climb(at=after(15))
    assert set(sent()) == {"+86 10 555-0100", "86105550100@sms.example.org"}


@pytest.mark.parametrize("is_named", [True, False])
def test_after_an_hour_without_tpm_who_is_on_shift_and_who_stands_in(cast, zoya, mei, is_named):
    UnitMembership.objects.filter(unit=cast.tpm).delete()
    SupportUnit.objects.filter(pk=cast.tpm.pk).update(mailing_list="")
    nils, olga = make_user(username="nils"), make_user(username="olga")
    make_shift(type=make_shift_type(vo=make_vo(name="belle")), person=nils)
    if is_named:
        FallbackPerson.objects.create(user=olga, added_at=AT)
    raise_alarm(cast, zoya)
    wall_clock.climb(at=after(59))
    sent()
    wall_clock.climb(at=after(60))

    mails = sent()

    assert set(mails) >= {mei.email, nils.email}
    assert (olga.email in mails) is is_named
    assert cast.dmitri.email not in mails


def test_a_shift_of_another_vo_or_hour_is_not_woken(cast, zoya, mei):
    raise_alarm(cast, zoya, at=after(9 * 60))

    assert mei.email not in sent()


def test_after_a_quarter_of_an_hour_the_phone_rings_by_every_gateway(cast, zoya, mei, gateways):
    ticket = raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))

    calls = sent()

    assert set(calls) == {"+86 10 555-0100", "86105550100@sms.example.org"}
    hook = calls["+86 10 555-0100"]
    assert (hook.channel, hook.gateway) == (Channel.WEBHOOK, gateways[0])
    told = json.loads(hook.body)
    assert told["event"] == "alarm"
    assert told["ticket"] == ticket.pk
    assert (told["phone"], told["im"]) == ("+86 10 555-0100", "@mei:example.org")
    assert (told["site"], told["vo"], told["is_test"]) == ("IN2P3-CC", "juno", False)
    assert "no receipt for 15 min" in told["text"]
    sms = calls["86105550100@sms.example.org"]
    assert sms.channel == Channel.SMS
    assert len(sms.body) <= 160
    assert sms.body.endswith(f"/tickets/{ticket.pk}/")


def test_a_long_subject_leaves_the_text_message_its_link(cast, zoya, mei, gateways):
    ticket = raise_alarm(cast, zoya, subject="x" * 250)
    sent()
    wall_clock.climb(at=after(15))

    sms = sent()["86105550100@sms.example.org"]

    assert len(sms.body) <= 160
    assert sms.body.endswith(f"/tickets/{ticket.pk}/")


@pytest.mark.parametrize("missing", ["gateways", "number", "person"])
def test_where_no_phone_can_be_rung_the_admins_are_told_so(cast, zoya, mei, gateways, missing):
    match missing:
        case "gateways":
            Gateway.objects.update(is_active=False)
        case "number":
            mei.on_call_contact.delete()
        case "person":
            mei.shifts.all().delete()
    raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))

    mails = sent()

    assert set(mails) == {cast.dmitri.email}
    assert "no phone could be rung" in mails[cast.dmitri.email].body


def test_the_admins_hear_who_of_several_on_call_cannot_be_rung(cast, zoya, mei, gateways):
    nils = make_user(username="nils", name="Nils Berg")
    make_shift(type=make_shift_type(vo=cast.juno, name="Night"), person=nils)
    raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))

    told = sent()

    assert set(told) == {"+86 10 555-0100", "86105550100@sms.example.org", cast.dmitri.email}
    assert "cannot be: Nils Berg." in told[cast.dmitri.email].body


def test_a_call_is_written_under_the_lock_of_the_clock(cast, zoya, mei, gateways):
    raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))

    with CaptureQueriesContext(connection) as queries:
        sent()

    assert any(
        "tickets_wallclock" in query["sql"] and "FOR UPDATE" in query["sql"] for query in queries
    )


def test_after_an_hour_on_call_tpm_and_operations(cast, zoya, mei, gateways):
    cast.in2p3.operations_centre.helpdesk_email = "help@ngi.example.org"
    cast.in2p3.operations_centre.save()
    make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
        mailing_list="ngi-list@example.org",
    )
    raise_alarm(cast, zoya)
    wall_clock.climb(at=after(59))
    sent()
    wall_clock.climb(at=after(60))

    mails = sent()

    assert set(mails) == {
        mei.email,
        cast.carla.email,
        cast.tpm.mailing_list,
        "ngi-list@example.org",
        "help@ngi.example.org",
    }
    assert all("Nobody has confirmed the ALARM" in mail.body for mail in mails.values())


def test_where_the_list_of_the_operations_centre_fails_its_members_are_called(
    cast, zoya, mei, gateways
):
    make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
        mailing_list="ngi-list@example.org",
        list_state=ListState.FAILING,
        members=(cast.eve,),
    )
    raise_alarm(cast, zoya)
    wall_clock.climb(at=after(59))
    sent()
    wall_clock.climb(at=after(60))

    mails = sent()

    assert "ngi-list@example.org" not in mails
    assert cast.eve.email in mails


def test_a_receipt_takes_back_what_still_waits_to_ring_and_tells_who_was_called(
    cast, zoya, mei, gateways
):
    ticket = raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))
    sent()
    Delivery.objects.filter(channel=Channel.WEBHOOK).update(state=DeliveryState.WAITING)
    wall_clock.confirm_by_link(
        clock=clock_of(ticket), name="Night desk", through="x", by=None, at=after(16)
    )

    told = sent(Kind.ALARM_RECEIVED)

    assert Delivery.objects.get(channel=Channel.WEBHOOK).state == DeliveryState.CANCELLED
    assert {EMERGENCY, mei.email, zoya.email, cast.boris.email} <= set(told)
    assert "Night desk confirmed the receipt of the alarm after 16 min" in told[EMERGENCY].body


@pytest.mark.parametrize("how", ["discarded", "withdrawn"])
def test_an_alarm_that_ends_takes_back_what_still_waits_to_ring(cast, zoya, mei, gateways, how):
    ticket, other = raise_alarm(cast, zoya), raise_alarm(cast, zoya)
    sent()
    wall_clock.climb(at=after(15))
    sent()
    calls = Delivery.objects.filter(channel__in=(Channel.WEBHOOK, Channel.SMS))
    assert calls.update(state=DeliveryState.WAITING) == 4

    if how == "discarded":
        spam.discard(ticket=ticket, by=cast.carla, at=after(16))
    else:
        work.take_step(ticket=ticket, step="withdraw", by=zoya, at=after(16))

    for about, state in ((ticket, DeliveryState.CANCELLED), (other, DeliveryState.WAITING)):
        assert {call.state for call in calls.filter(about_ticket=about.pk)} == {state}


def test_a_call_that_comes_too_late_is_not_made(cast, zoya, mei, gateways):
    ticket = raise_alarm(cast, zoya)
    wall_clock.climb(at=after(15))
    wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=after(16))

    assert sent() == {}, "the worker was away; meanwhile a person answered"


def test_acting_twice_on_one_call_sends_once(cast, zoya, mei):
    from tickets.mail import alarm
    from tickets.models import Consumer, Dispatch

    raise_alarm(cast, zoya)
    sent()
    before = Delivery.objects.count()

    alarm.handle(Dispatch.objects.get(consumer=Consumer.ALARM))

    assert Delivery.objects.count() == before


def test_a_test_says_so_in_subject_mail_and_message(cast, zoya, mei, gateways):
    ticket = raise_alarm(cast, zoya, is_test=True)

    mails = sent()
    wall_clock.climb(at=after(15))
    calls = sent()

    for mail in mails.values():
        assert mail.subject.startswith(f"[JUNO #{ticket.pk}] TEST ALARM Ticket: ")
        assert "TEST: this alarm only tests the way" in mail.body
    assert json.loads(calls["+86 10 555-0100"].body)["is_test"] is True
    assert calls["86105550100@sms.example.org"].body.startswith("TEST ALARM ")


def test_no_name_and_no_phone_of_who_is_on_call_stands_in_history(cast, zoya, mei, gateways):
    ticket = raise_alarm(cast, zoya)
    wall_clock.climb(at=after(60))

    for entry in ticket.history.filter(kind=Kind.ALARM_CALLED):
        assert set(entry.facts) == {"clock", "call"}
