"""The demo's alarms, told in a small world."""

from datetime import timedelta

import pytest

from juno_support.demo.alarms import tell_alarms
from juno_support.outbox.models import Delivery, Gateway
from supportunits.models import Tier
from tests.make import (
    AT,
    join_vo,
    make_site,
    make_site_unit,
    make_user,
    make_vo,
    make_vo_site,
)
from tickets import tasks
from tickets.models import Ticket, TicketType, WallClock

SITES = {"BEIJING-LCG2": "mei", "INFN-T1": "paolo", "IN2P3-CC": "omar", "JINR-T1": "nadia"}


@pytest.fixture
def people(db):
    found = {
        name: make_user(username=name, is_staff=name == "dmitri")
        for name in ("quentin", "jun", "dmitri", *SITES.values())
    }
    juno = make_vo(name="juno")
    for name in ("quentin", "jun"):
        join_vo(vo=juno, user=found[name], is_shifter=True, is_alarmer=True)
    for site, name in SITES.items():
        place = make_site(name=site)
        make_vo_site(vo=juno, site=place, tier=Tier.TIER_1)
        make_site_unit(site=place, members=(found[name],))
    return found


def test_a_drill_a_night_and_one_that_is_looked_at(people, clock_at):
    clock_at(AT)

    assert tell_alarms(people=people, at=AT) == 6

    drilled = {
        str(run.ticket.notified_site): run.minutes
        for run in WallClock.objects.filter(drill__isnull=False).select_related("ticket")
    }
    assert drilled == {"BEIJING-LCG2": 6, "INFN-T1": 14, "IN2P3-CC": 11, "JINR-T1": 83}
    alarms = Ticket.objects.filter(type=TicketType.ALARM).exclude(category="TEST").order_by("pk")
    assert [ticket.status for ticket in alarms] == ["VERIFIED", "IN_PROGRESS"]
    assert {gateway.channel for gateway in Gateway.objects.all()} == {"WEBHOOK", "SMS"}
    assert all(ticket.submitted_at <= AT - timedelta(hours=3) for ticket in alarms)


def test_nobody_is_called_about_the_past(people, clock_at):
    clock_at(AT)
    tell_alarms(people=people, at=AT)

    tasks.sweep_dispatches()
    tasks.climb_alarms()

    assert not Delivery.objects.exists()
    assert not WallClock.objects.filter(next_call_at__isnull=False).exists()
