"""ALARM tickets: who raises them, where, what is refused with which next step; from TEAM."""

import uuid
from datetime import timedelta

import pytest

from juno_support.errors import NotAcceptable
from supportunits.models import Tier, UnitKind, VOSite
from tests.make import AT, join_vo, make_downtime, make_issue_type, make_site, make_unit
from tests.tickets.actions.test_team import file_team
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import write
from tickets.actions import work
from tickets.actions.alarm import convert_to_alarm, submit_alarm_ticket
from tickets.actions.row import NotAllowed
from tickets.models import Category, HistoryEntry, Kind, Priority, Ticket, TicketType
from tickets.workflow import Status


@pytest.fixture
def zoya(cast):
    return make_alarmer(cast)


def test_it_goes_to_the_site_at_top_priority_and_its_clock_runs(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    assert (ticket.type, ticket.unit, ticket.status) == (
        TicketType.ALARM,
        cast.in2p3_unit,
        Status.ASSIGNED,
    )
    assert ticket.priority == Priority.TOP
    assert list(ticket.affected_sites.all()) == [cast.in2p3]
    run = clock_of(ticket)
    assert run.is_running
    assert (run.due_at, run.next_call_at) == (
        AT + timedelta(minutes=60),
        AT + timedelta(minutes=15),
    )
    kinds = list(HistoryEntry.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == [Kind.SUBMITTED, Kind.ALARM_CALLED]


def test_only_alarmers_of_the_concerned_vo_raise_one(roles):
    raised = set()
    for role, person in roles.people.items():
        if person.is_anonymous:
            continue
        fields = {"vo": roles.juno, "notified_site": roles.in2p3}
        try:
            submit_alarm_ticket(
                draft_id=uuid.uuid4(), by=roles[role], at=AT, subject="s", description="d", **fields
            )
        except NotAcceptable as error:
            assert error.field == "vo"
            assert "An admin gives the role" in str(error.next_step)
        else:
            raised.add(role)

    assert raised == {"alarmer"}


@pytest.mark.parametrize("tier", [Tier.TIER_2, Tier.TIER_3, None])
def test_only_tier_0_and_1_of_the_vo_can_be_woken(cast, zoya, tier):
    VOSite.objects.filter(site=cast.in2p3).delete()
    if tier is not None:
        VOSite.objects.create(vo=cast.juno, site=cast.in2p3, tier=tier)

    with pytest.raises(NotAcceptable, match="TEAM ticket") as error:
        raise_alarm(cast, zoya)

    assert error.value.field == "notified_site"
    assert not Ticket.objects.exists()


def test_a_site_without_emergency_address_is_said_with_what_to_do(cast, zoya):
    site = make_site(name="CNAF", emergency_email="")
    VOSite.objects.create(vo=cast.juno, site=site, tier=Tier.TIER_1)

    with pytest.raises(NotAcceptable, match=r"nobody there would be woken.*TEAM ticket"):
        raise_alarm(cast, zoya, notified_site=site)

    site.emergency_email_override = "night@cnaf.example.org"
    site.save()
    assert raise_alarm(cast, zoya, notified_site=site).notified_site == site


def test_in_a_declared_downtime_it_has_to_be_meant(cast, zoya):
    make_downtime(
        site=cast.in2p3, starts_at=AT - timedelta(hours=1), ends_at=AT + timedelta(hours=2)
    )

    with pytest.raises(NotAcceptable, match="downtime until 2026-01-12 10:30 UTC") as error:
        raise_alarm(cast, zoya)
    assert error.value.field == "in_downtime"

    assert raise_alarm(cast, zoya, in_downtime=True).type == TicketType.ALARM


def test_a_downtime_that_is_over_or_to_come_asks_nothing(cast, zoya):
    make_downtime(site=cast.in2p3, starts_at=AT - timedelta(hours=2), ends_at=AT)
    make_downtime(
        site=cast.in2p3, starts_at=AT + timedelta(minutes=1), ends_at=AT + timedelta(hours=2)
    )

    assert raise_alarm(cast, zoya).pk


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"vo": None}, "vo"),
        ({"notified_site": None}, "send_to"),
        ({"mou_area": "Networking"}, "mou_area"),
        ({"subject": " "}, "subject"),
    ],
)
def test_what_is_missing_is_said_at_its_field(cast, zoya, fields, field):
    with pytest.raises(NotAcceptable) as error:
        raise_alarm(cast, zoya, **fields)

    assert error.value.field == field
    assert not Ticket.objects.exists()


def test_a_security_incident_is_no_alarm(cast, zoya):
    with pytest.raises(NotAcceptable) as error:
        raise_alarm(cast, zoya, issue_type=make_issue_type(name="Break-in", is_security=True))

    assert error.value.field == "issue_type"


def test_the_same_draft_twice_raises_one_alarm(cast, zoya):
    draft_id = uuid.uuid4()

    assert raise_alarm(cast, zoya, draft_id=draft_id) == raise_alarm(cast, zoya, draft_id=draft_id)
    assert Ticket.objects.count() == 1
    assert HistoryEntry.objects.filter(kind=Kind.ALARM_CALLED).count() == 1


def test_a_test_is_of_category_test(cast, zoya):
    assert raise_alarm(cast, zoya, is_test=True).category == Category.TEST
    assert raise_alarm(cast, zoya).category == Category.INCIDENT


def test_without_a_unit_it_goes_to_the_operations_centre_then_to_tpm(cast, zoya):
    cast.in2p3_unit.delete()
    assert raise_alarm(cast, zoya).unit == cast.tpm

    ngi = make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )
    assert raise_alarm(cast, zoya).unit == ngi


# From TEAM to ALARM


def test_an_alarmer_makes_an_alarm_of_a_team_ticket(cast):
    zoya = make_alarmer(cast, is_shifter=True)
    ticket = file_team(cast, zoya)

    at = AT + timedelta(hours=3)
    convert_to_alarm(ticket=ticket, by=zoya, at=at)

    ticket.refresh_from_db()
    assert ticket.type == TicketType.ALARM
    assert clock_of(ticket).starts_at == at
    change = HistoryEntry.objects.get(kind=Kind.FIELD_CHANGED)
    assert change.facts == {"field": "type", "change": ["TEAM", "ALARM"]}


def test_nobody_else_makes_an_alarm_of_it_and_it_happens_once(cast):
    zoya = make_alarmer(cast, is_shifter=True)
    ticket = file_team(cast, zoya)

    for person in (cast.boris, cast.carla, cast.dmitri, cast.ada):
        with pytest.raises(NotAllowed):
            convert_to_alarm(ticket=ticket, by=person, at=AT)
    convert_to_alarm(ticket=ticket, by=zoya, at=AT)
    with pytest.raises(NotAllowed, match="Only a TEAM ticket"):
        convert_to_alarm(ticket=ticket, by=zoya, at=AT)

    assert HistoryEntry.objects.filter(kind=Kind.ALARM_CALLED).count() == 1


def test_a_team_ticket_of_a_site_that_cannot_be_woken_stays_one(cast):
    zoya = make_alarmer(cast, is_shifter=True)
    ticket = file_team(cast, zoya, notified_site=make_site(name="SINP"))

    with pytest.raises(NotAcceptable, match="Tier 0 or Tier 1"):
        convert_to_alarm(ticket=ticket, by=zoya, at=AT)

    ticket.refresh_from_db()
    assert ticket.type == TicketType.TEAM


def test_no_field_form_changes_the_type(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    with pytest.raises(NotAllowed):
        work.change_field(ticket=ticket, field="type", value="TEAM", by=cast.carla, at=AT)
    with pytest.raises(NotAllowed):
        work.change_field(ticket=ticket, field="notified_site", value=None, by=cast.carla, at=AT)


def test_any_alarmer_escalates_reopens_and_verifies_but_no_shifter(cast, zoya):
    other = make_alarmer(cast, "rosa")
    ticket = raise_alarm(cast, zoya)
    solution = {"step": "solve", "solution": "Restarted.", "code": "FIXED"}

    work.escalate(ticket=ticket, by=other, at=AT)
    work.take_step(ticket=ticket, by=cast.boris, at=AT, **solution)
    work.take_step(
        ticket=ticket, step="reopen", comment="No.", by=other, at=AT + timedelta(hours=1)
    )
    work.take_step(ticket=ticket, by=cast.boris, at=AT + timedelta(hours=2), **solution)
    verified = work.take_step(ticket=ticket, step="verify", by=other, at=AT + timedelta(hours=3))

    assert verified.status == Status.VERIFIED
    with pytest.raises(NotAllowed):
        work.escalate(ticket=ticket, by=cast.ada, at=AT)


def test_the_answer_of_the_sites_own_supporter_is_a_receipt_also_from_an_alarmer(cast):
    join_vo(vo=cast.juno, user=cast.boris, is_alarmer=True)
    ticket = raise_alarm(cast, make_alarmer(cast))

    write(ticket=ticket, by=cast.boris, words="I look.")

    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS
    assert clock_of(ticket).received_by == cast.boris
