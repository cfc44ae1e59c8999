"""JUNO's rota in the demo: shifters in Beijing, Moscow, Rome and Lyon follow the sun.

Told through the same actions as people use: a type of shift, contacts, absences, a plan of twelve
weeks that the VO manager accepts, then what the shifters write, hand over, ask for and agree on.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5

from juno_support.accounts.models import User
from juno_support.demo.people import CHARACTERS
from supportunits.actions import (
    plans,
    rota,
    shift_clock,
    shift_log,
    shift_meeting,
    shift_people,
    swaps,
)
from supportunits.models import VO, Shift, ShiftType, WishKind
from supportunits.rota import monday_of
from tickets.models import Ticket

# When Beijing gets up, Europe takes over, and the evening begins.
HAND_OVERS = (time(6), time(14), time(22))
WEEKS = 12
WRITTEN_BACK = timedelta(days=4)

_PHONES = {
    "Asia/Shanghai": "+86 10 5550 1{n:02}",
    "Europe/Moscow": "+7 495 555 01 {n:02}",
    "Europe/Rome": "+39 06 5550 1{n:02}",
    "Europe/Paris": "+33 4 55 50 01 {n:02}",
}
_NOTES = (
    "Quiet. {ticket} waits for the site; they promised an answer by tomorrow.",
    "**{site}**: transfers were slow for two hours and recovered by themselves. Keep an eye on it.",
    "Called the site about {ticket}, they are on it. Nothing else is open from my side.",
    "Two downtimes begin tomorrow, both announced. The backlog at {site} is shrinking.",
    "All calm. The certificate of the submission host is renewed.",
)
_LOG = (
    "Pilots at {site} fail with the same error since an hour; looked at {ticket}, same thing.",
    "{site} answered on the phone: a disk server is rebooted, back in 30 minutes.",
    "Asked the submitter of {ticket} for the job ids.",
    "Production asked to hold the large submission at {site} until the downtime is over. Done.",
    "Throughput Beijing to Lyon is back to normal.",
)
_ACTIONS = (
    ("Agree with CNAF on who is called at night for tape", "luca", 6),
    ("Write down how to restart the submission host", "bo", 3),
    ("Ask Dubna for a second contact", "pavel", -2),
)


def begin(*, people: Mapping[str, User], at: datetime) -> None:
    """Make the type of shift, contacts and absences, and accept the manager's plan."""
    juno, manager = VO.objects.get(name="juno"), people["yong"]
    kind = rota.make_type(
        vo=juno,
        name="Shift",
        days=1,
        weekday=0,
        hand_overs=HAND_OVERS,
        day_ends_at=None,
        by=manager,
        at=at,
    )
    team = [one for one in CHARACTERS if one.is_on_rota]
    for number, one in enumerate(team, start=1):
        user = people[one.username]
        shift_people.set_contact(
            user=user,
            phone=_PHONES[one.time_zone].format(n=number),
            im_address=f"matrix:@{one.username}:chat.juno.example.org",
            wakes_at=time(6),
            sleeps_at=time(0),
            by=user,
            at=at,
        )
    first = monday_of(at.date())
    for username, wish, week in (
        ("xin", WishKind.ABSENT, 5),
        ("marc", WishKind.UNWANTED, 4),
        ("sofia", WishKind.WANTED, 6),
    ):
        day = first + timedelta(weeks=week)
        shift_people.add_wish(
            user=people[username],
            kind=wish,
            first_day=day,
            last_day=day + timedelta(days=6),
            by=people[username],
            at=at,
        )
    plan = plans.propose_plan(
        kind=kind,
        first_day=first,
        weeks=WEEKS,
        people=[people[one.username] for one in team],
        by=manager,
        at=at,
        key=_key("plan"),
    )
    plans.accept_plan(plan=plan, by=manager, at=at)


def go_on(*, people: Mapping[str, User], at: datetime) -> None:
    """Tell what the shifters did in the last days, and what they ask of one another now."""
    kind = ShiftType.objects.select_related("vo").get(vo__name="juno", name="Shift")
    worked = Shift.objects.filter(
        type=kind, person__isnull=False, starts_at__gt=at - WRITTEN_BACK, starts_at__lt=at
    ).select_related("person", "type")
    # Such that all that is written comes after them.
    tickets = list(
        Ticket.objects.filter(
            vo=kind.vo, is_restricted=False, submitted_at__lt=at - WRITTEN_BACK
        ).order_by("-pk")[:20]
    )
    sites = ["INFN-T1", "IN2P3-CC", "BEIJING-LCG2", "JINR-T1"]
    for number, shift in enumerate(worked.order_by("starts_at")):
        ticket, site = tickets[number % len(tickets)], sites[number % len(sites)]
        _work(shift, number, ticket, site, at)
    _ask(kind, people, at)
    for number, (what, username, days) in enumerate(_ACTIONS):
        shift_meeting.add_action(
            vo=kind.vo,
            week=monday_of(at.date()) - timedelta(days=7),
            what=what,
            person=people[username],
            due_on=at.date() + timedelta(days=days),
            by=people["yong"],
            at=at - timedelta(days=3),
            key=_key(f"action {number}"),
        )
    shift_clock.make_cards_of_day(at=at)


def _work(shift: Shift, number: int, ticket: Ticket, site: str, at: datetime) -> None:
    person = shift.person
    if person is None:
        return
    shift_log.set_ticks(shift=shift, ticked=shift.type.checks, by=person, at=shift.starts_at)
    written_at = shift.starts_at + timedelta(hours=2, minutes=13 * (number % 5))
    if written_at < at:
        text = _LOG[number % len(_LOG)].format(ticket=f"#{ticket.pk}", site=site)
        named = [ticket.pk] if f"#{ticket.pk}" in text else []
        shift_log.write_log(
            vo=shift.type.vo,
            text=text,
            by=person,
            at=written_at,
            key=_key(f"log {number}"),
            tickets=named,
        )
    ends_at = shift.ends_at - timedelta(minutes=10)
    if ends_at < at:
        note = _NOTES[number % len(_NOTES)].format(ticket=f"#{ticket.pk}", site=site)
        left = shift_log.hand_over(shift=shift, note=note, by=person, at=ends_at)
        following = shift_log.next_shift(shift)
        if following and following.person and following.starts_at < at:
            shift_log.take_over(hand_over=left, by=following.person, at=following.starts_at)


def _ask(kind: ShiftType, people: Mapping[str, User], at: datetime) -> None:
    """Leave one shift without anybody, and have a swap asked for."""
    ahead = Shift.objects.filter(
        type=kind, person__isnull=False, starts_at__gt=at + timedelta(days=2)
    ).order_by("starts_at")
    of_anne = ahead.filter(person=people["anne"]).first()
    if of_anne is not None:
        swaps.ask_swap(
            shift=of_anne,
            asked_of=None,
            in_exchange=None,
            message="I am at a workshop in Padova that day. Who can take it?",
            by=people["anne"],
            at=at - timedelta(hours=5),
        )
    of_olga = ahead.filter(person=people["olga"]).first()
    if of_olga is not None:
        rota.change_shift(
            shift=of_olga,
            person=None,
            starts_at=of_olga.starts_at,
            ends_at=of_olga.ends_at,
            by=people["yong"],
            at=at - timedelta(days=1),
        )


def _key(what: str) -> UUID:
    return uuid5(NAMESPACE_DNS, f"rota of the demo: {what}")
