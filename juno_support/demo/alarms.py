"""The demo's alarms: a drill of last quarter, one night that went well, one that is looked at now.

Told through the same actions as people use. The two gateways to phones end at the demo's own
catcher, so that a visitor who raises an alarm and moves the clock sees them ring.
"""

# ruff: noqa: E501 (people write long lines)

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.conf import settings
from django.urls import reverse

from juno_support.accounts.models import User
from juno_support.outbox import gateways
from juno_support.outbox.models import Channel
from supportunits.models import ALARM_TIERS, VO, VOSite
from tickets import history
from tickets.actions import context, diary, wall_clock, work
from tickets.actions.alarm import convert_to_alarm, submit_alarm_ticket
from tickets.actions.drill import start_drill
from tickets.actions.team import submit_team_ticket
from tickets.models import Ticket, WallClock
from topology.models import Site

_OURS = UUID("6f1c3f0a-6d1e-4b56-9a0f-3f1f4f2a9f11")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# Minutes to the receipt in last quarter's drill; who is not named here never answered.
_DRILL_MINUTES = {
    "BEIJING-LCG2": 6,
    "INFN-T1": 14,
    "IN2P3-CC": 11,
    "JINR-T1": 83,
}


def tell_alarms(*, people: dict[str, User], at: datetime) -> int:
    """Tell of alarms up to ``at``; return how many tickets that are."""
    _open_gateways(people["dmitri"], at - timedelta(days=120))
    juno = VO.objects.get(name="juno")
    with history.telling_the_past():
        drilled = _last_drill(juno, people["dmitri"], at - timedelta(days=80))
        _a_night_that_went_well(juno, people, at - timedelta(days=5, hours=4))
        _one_that_is_looked_at(juno, people, at - 3 * HOUR)
    return drilled + 2


def _open_gateways(by: User, at: datetime) -> None:
    gateways.save(
        gateway=None,
        name="Duty phones",
        channel=Channel.WEBHOOK,
        where=settings.JUNO_BASE_URL + reverse("outbox:catch-call"),
        is_active=True,
        secret="the demo's phone and the portal know this",  # noqa: S106 - the demo is open
        by=by,
        at=at,
    )
    gateways.save(
        gateway=None,
        name="SMS by mail",
        channel=Channel.SMS,
        where="{number}@sms.example.org",
        is_active=True,
        secret=None,
        by=by,
        at=at,
    )


def _last_drill(juno: VO, by: User, at: datetime) -> int:
    listed = VOSite.objects.filter(vo=juno, tier__in=ALARM_TIERS).select_related("site")
    sites = [row.site for row in listed.order_by("site__name")]
    drill = start_drill(vo=juno, sites=sites, submission_key=_key("drill"), by=by, at=at)
    for ticket in drill.tickets:
        site = str(ticket.notified_site)
        minutes = _DRILL_MINUTES.get(site)
        if minutes is None:
            continue
        _climb(ticket, at + minutes * MINUTE)
        received = at + minutes * MINUTE
        wall_clock.confirm_by_link(
            clock=WallClock.objects.get(ticket=ticket),
            name="operator on duty",
            through=f"the mail to the emergency address of {site}",
            by=None,
            at=received,
        )
    for ticket in drill.tickets:
        # Nobody keeps the tests of last quarter open.
        work.take_step(ticket=ticket, step="withdraw", by=by, at=at + timedelta(days=2))
    return len(drill.tickets)


def _a_night_that_went_well(juno: VO, people: dict[str, User], at: datetime) -> None:
    site = Site.objects.get(name="IN2P3-CC")
    ticket = submit_team_ticket(
        draft_id=_key("night"),
        by=people["quentin"],
        at=at,
        vo=juno,
        notified_site=site,
        subject="Raw data of run 8119 pile up before Lyon",
        description="Transfers from Beijing to ccdcatli.in2p3.fr have stopped an hour ago. The buffer in Beijing holds for **nine hours** more.",
        priority=3,
    )
    context.attach_context(ticket=ticket, at=at)
    raised = at + 2 * HOUR
    _say(
        ticket,
        people["quentin"],
        "Nothing has moved. I raise the alarm: at six the buffer is full.",
        raised,
    )
    convert_to_alarm(ticket=_afresh(ticket), by=people["quentin"], at=raised, in_downtime=True)
    _climb(ticket, raised + 19 * MINUTE)
    wall_clock.confirm_by_link(
        clock=WallClock.objects.get(ticket=ticket),
        name="night operator, CC-IN2P3",
        through="the mail to the emergency address of IN2P3-CC",
        by=None,
        at=raised + 19 * MINUTE,
    )
    _say(
        ticket,
        people["omar"],
        "The door's certificate ended at midnight. A new one is in place.",
        raised + 50 * MINUTE,
    )
    work.take_step(
        ticket=_afresh(ticket), step="solve", by=people["omar"], at=raised + 70 * MINUTE,
        solution="The certificate of the transfer door had ended. It was renewed, and its end is watched from now on.",
        code="FIXED",
    )  # fmt: skip
    work.take_step(ticket=_afresh(ticket), step="verify", by=people["jun"], at=raised + 6 * HOUR)


def _one_that_is_looked_at(juno: VO, people: dict[str, User], at: datetime) -> None:
    ticket = submit_alarm_ticket(
        draft_id=_key("now"),
        by=people["jun"],
        at=at,
        vo=juno,
        notified_site=Site.objects.get(name="JINR-T1"),
        subject="Tape in Dubna takes no raw data",
        description="Every write to the tape buffer ends with *no space left* since this hour. Run 8131 is being taken.",
        in_downtime=True,
    )
    context.attach_context(ticket=ticket, at=at)
    _climb(ticket, at + 24 * MINUTE)
    wall_clock.confirm_receipt(ticket=_afresh(ticket), by=people["nadia"], at=at + 24 * MINUTE)
    work.take(ticket=_afresh(ticket), by=people["nadia"], at=at + 25 * MINUTE)
    _say(
        ticket,
        people["nadia"],
        "Two of six drives hang, so the buffer fills up. The library is being restarted.",
        at + 55 * MINUTE,
    )
    work.set_next_step(
        ticket=_afresh(ticket), what="Tell how far the buffer is down", person=people["nadia"],
        due_at=at + 5 * HOUR, by=people["nadia"], at=at + 56 * MINUTE,
    )  # fmt: skip


def _climb(ticket: Ticket, until: datetime) -> None:
    """Make the calls that were due before a moment, each at its own."""
    run = WallClock.objects.get(ticket=ticket)
    while run.next_call_at is not None and run.next_call_at < until:
        wall_clock.climb(at=run.next_call_at)
        run.refresh_from_db()


def _say(ticket: Ticket, by: User, words: str, at: datetime) -> None:
    diary.add_entry(
        ticket=_afresh(ticket), words=words, is_public=True, by=by, at=at,
        submission_key=_key(f"{ticket.pk}:{words}"),
    )  # fmt: skip


def _afresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def _key(name: str) -> UUID:
    return uuid5(_OURS, name)
