"""Three weeks of tickets, told through the same actions as people use, in the order of time.

Everything that happens is an event with its moment; an event may plan later ones. What would happen
after now is not told, so that young tickets are new and old ones are done. The same moment gives
the same story: all chance comes from one seeded source.
"""

import heapq
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile

from juno_support.accounts.models import User
from juno_support.demo import clocks, pictures
from juno_support.demo.past import Past, UpstreamFailed
from juno_support.demo.plots import PLOTS, SITE, Plot
from juno_support.demo.relations import Chapter, plan_relations
from juno_support.demo.scenes import SCENES, Line, Scene
from juno_support.demo.simulators import dirac_jobs
from juno_support.errors import SupportError
from supportunits.models import VO, IssueType, SupportUnit, UnitMembership
from tickets import history
from tickets.actions import assign, close, context, diary, files, follow, submit, watch, work
from tickets.actions.team import submit_team_ticket
from tickets.models import (
    BounceReason,
    HistoryEntry,
    LastSeen,
    Priority,
    Ticket,
    TicketPerson,
)
from tickets.routing import decisions
from tickets.workflow import OPEN, Status
from topology.models import Service, Site

logger = logging.getLogger(__name__)

SEED = 20150605
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOOK_ROUND_EVERY = 8 * HOUR
TOPOLOGY_EVERY = 60 * HOUR
# So far back open tickets hear what happens at their sites.
CHANGES_KNOWN = timedelta(days=7)
# So far back tickets know what ARGO, DIRAC and the links were like.
STATES_KNOWN = timedelta(days=3)
# Of links one poll tells the last day.
LINKS_KNOWN = timedelta(days=4)
LINKS_EVERY = 23 * HOUR
# What has rested for so long, everybody has read.
READ_AFTER = DAY
# Tickets a day, for each of the three weeks.
DAILY = (3, 7, 8)
# Whatever the weekday is: so many come in during the last hours, so that TPM has something to do.
FRESH = 7
SUBMITTERS = (
    "ada",
    "wei",
    "uma",
    "chloe",
    "ivan",
    "marta",
    "noah",
    "quentin",
    "jun",
    "vera",
)

_WRONG_UNIT = (
    "This is not ours: the error comes from another place, see the log. Back to TPM.",
    "We do not run this service. Please ask the site.",
    "Looks like a problem of the storage, not of the job. Please reassign.",
)
_ROUTING = ("", "", "Looks like a matter of the site.", "Proxy and membership are fine, I checked.")
_THANKS = (
    "It works again, thank you very much!",
    "Thanks for the quick help.",
    "Confirmed, thank you.",
    "Merci beaucoup!",
    "谢谢! It works now.",
)
_STILL_BROKEN = (
    "I am afraid that it is back since this morning, with the same message.",
    "It works for small files, the large ones still fail.",
)
_NEXT_STEPS = (
    "Wait for the vendor's answer",
    "Restart the service in the maintenance window",
    "Check the other nodes of the same kind",
    "Compare with the last release",
    "Ask the network group for a trace",
)
_HOLD_REASONS = (
    "The spare part arrives next week.",
    "Waits for the next release.",
    "Waits for the maintenance window of the site.",
)
_LEFT_UNSOLVED = (
    ("WONT_FIX", "The old queue is not repaired any more; please use the new one."),
    ("DUPLICATE", "The same problem is handled in an older ticket of the site."),
    ("INVALID", "The proxy had expired. With a new one everything works."),
)
_COPIES = (
    "group-leader@physics.example.org",
    "computing-board@juno.example.org",
    "grid-team@uni.example.org",
)

Event = Callable[[datetime], None]


def tell_story(*, people: dict[str, User], past: Past, begins: datetime, at: datetime) -> int:
    """Tell the story up to ``at``; return how many tickets it has."""
    teller = _Teller(people, past, begins, at)
    with history.telling_the_past():
        teller.tell()
    return teller.told


@dataclass
class _Case:
    """A ticket while its story is told."""

    ticket: Ticket
    plot: Plot
    words: dict[str, str]
    submitter: User
    unit: SupportUnit
    site: Site | None
    fate: str


class _Teller:
    """Knows the people and places, and plays the events in order."""

    def __init__(self, people: dict[str, User], past: Past, begins: datetime, at: datetime) -> None:
        self.people = people
        self.past = past
        self.begins = begins
        self.at = at
        self.told = 0
        # Chance is wanted here, not secrecy; with a seed, so that it is the same story each time.
        self.chance = random.Random(SEED)  # noqa: S311
        self._number = count()
        self._events: list[tuple[datetime, int, Event]] = []
        self._plots: list[Plot] = []
        self._recent: list[_Case] = []
        self.juno = VO.objects.get(name="juno")
        self.vos = {vo.name: vo for vo in VO.objects.all()}
        self.sites = {site.name: site for site in Site.objects.all()}
        self.units = {unit.name: unit for unit in SupportUnit.objects.all()}
        self.services: dict[str, list[Service]] = {}
        for service in Service.objects.select_related("site").order_by("pk"):
            self.services.setdefault(service.site.name, []).append(service)
        self.issue_types = {kind.name: kind for kind in IssueType.objects.filter(vo=self.juno)}
        by_id = {user.pk: user for user in people.values()}
        self.members: dict[str, list[User]] = {}
        for membership in UnitMembership.objects.select_related("unit").order_by("pk"):
            self.members.setdefault(membership.unit.name, []).append(by_id[membership.user_id])

    # --- time -----------------------------------------------------------------------------

    def plan(self, moment: datetime, event: Event) -> None:
        """Have something happen at a moment."""
        heapq.heappush(self._events, (moment, next(self._number), event))

    def tell(self) -> None:
        """Play everything up to now."""
        moment = self.begins + LOOK_ROUND_EVERY
        while moment < self.at:
            self.plan(moment, self._look_round)
            moment += LOOK_ROUND_EVERY
        moment = self.begins + TOPOLOGY_EVERY
        while moment < self.at:
            self.plan(moment, self.past.poll_topology)
            moment += TOPOLOGY_EVERY
        moment = self.at - LINKS_KNOWN
        while moment < self.at:
            self.plan(moment, lambda moment: self.past.poll_states(moment, "perfsonar"))
            moment += LINKS_EVERY
        for day in range(21):
            for _ in range(DAILY[day // 7]):
                self._plan_submission(self.begins + day * DAY)
        for _ in range(FRESH):
            submitter = self.people[self.chance.choice(SUBMITTERS)]
            moment = self.at - self._hours(0.1, 9)
            self.plan(moment, partial(self._submit, submitter))
        for scene in SCENES:
            self._plan_scene(scene)
        self.told += plan_relations(
            Chapter(
                self.plan,
                self.people,
                self.sites,
                self.units,
                self.issue_types,
                self.vos,
                self.at,
            )
        )
        for waiting in clocks.WAITING:
            moment = clocks.began(self.units[waiting.unit], waiting, self.at)
            self.plan(moment, partial(self._submit_waiting, waiting))
        while self._events and self._events[0][0] <= self.at:
            moment, _, event = heapq.heappop(self._events)
            try:
                event(moment)
            except UpstreamFailed:
                raise
            except SupportError as error:
                # Whatever the hour of the build is: a line that does not fit is not told.
                logger.warning("not told, %s: %s", moment, error)
        clocks.look_round(self.at)
        self._mark_read()

    def _mark_read(self) -> None:
        """Let people have read what rested for a day, and what they wrote themselves."""
        tickets = Ticket.objects.order_by("pk")
        rested = list(
            tickets.filter(updated_at__lt=self.at - READ_AFTER, is_restricted=False).values_list(
                "pk", "last_entry_id"
            )
        )
        seen = {(user.pk, pk): entry for user in self.people.values() for pk, entry in rested}
        own = tickets.filter(updated_at__lt=self.at - 3 * HOUR).values_list(
            "submitter", "pk", "last_entry_id"
        )
        written = HistoryEntry.objects.exclude(actor=None).order_by("pk")
        for user, ticket, entry in (*own, *written.values_list("actor", "ticket", "pk")):
            seen[user, ticket] = max(entry, seen.get((user, ticket), 0))
        LastSeen.objects.bulk_create(
            LastSeen(user_id=user, ticket_id=ticket, entry_id=entry)
            for (user, ticket), entry in seen.items()
        )

    def _look_round(self, moment: datetime) -> None:
        """Do what the portal does by the clock."""
        if moment > self.at - STATES_KNOWN:
            self.past.poll_states(moment, "argo", "dirac-https")
        if moment > self.at - CHANGES_KNOWN:
            self.past.poll_downtimes(moment)
            watch.refresh_contexts(at=moment)
        clocks.look_round(moment)
        close.wake_held(at=moment)
        close.close_overdue(at=moment)

    def _at_work(self, person: User, moment: datetime, *, on_weekends: bool = False) -> datetime:
        """Return the first moment from then on at which the person is likely to sit at a desk."""
        local = moment.astimezone(ZoneInfo(person.time_zone))
        for _ in range(10):
            if local.hour < 9:
                local = local.replace(hour=9, minute=self.chance.randrange(50))
            elif local.hour >= 18:
                local = (local + DAY).replace(hour=9, minute=self.chance.randrange(50))
            if local.weekday() >= 5 and not on_weekends:
                local = (local + DAY).replace(hour=9, minute=self.chance.randrange(50))
                continue
            break
        return local.astimezone(moment.tzinfo)

    def _hours(self, least: float, most: float) -> timedelta:
        return timedelta(hours=self.chance.uniform(least, most))

    # --- a ticket begins ------------------------------------------------------------------

    def _plan_submission(self, day: datetime) -> None:
        submitter = self.people[self.chance.choice(SUBMITTERS)]
        wanted = day + timedelta(minutes=self.chance.randrange(24 * 60))
        # Physicists work on weekends, too, if less.
        moment = self._at_work(submitter, wanted, on_weekends=self.chance.random() < 0.4)
        self.plan(moment, lambda moment: self._submit(submitter, moment))

    def _submit(self, submitter: User, moment: datetime) -> None:
        if not self._plots:
            self._plots = list(PLOTS)
            self.chance.shuffle(self._plots)
        plot = self._plots.pop()
        site = self.sites[self.chance.choice(plot.sites)] if plot.sites else None
        hosts = self._hosts(site, plot)
        words = self._words(submitter, site, hosts, moment)
        unit = self._unit_of(plot, site)
        variant = self.chance.randrange(len(plot.texts))
        is_direct = site is not None and plot.unit == SITE and self.chance.random() < 0.2
        draft = self._key()
        if plot.log and self.chance.random() < 0.6:
            self._attach(draft, "pilot.log", plot.log.encode(), submitter, moment)
        if "See the plot" in plot.texts[variant]:
            bars = [self.chance.randrange(20, 180) for _ in range(24)]
            self._attach(draft, "vertices.png", pictures.histogram(bars), submitter, moment)
        on_behalf = self.chance.random() < 0.05
        self.past.poll_downtimes(moment)
        ticket = submit.submit_ticket(
            draft_id=draft,
            by=submitter,
            at=moment,
            subject=self.chance.choice(plot.subjects).format(**words),
            description=plot.texts[variant].format(**words),
            problem_at=moment - (self._hours(0.5, 9) if self.chance.random() < 0.5 else HOUR * 0),
            problem_zone=submitter.time_zone,
            vo=self.juno,
            affected_sites=[site] if site else [],
            affected_services=hosts[:1] if self.chance.random() < 0.7 else [],
            notified_site=site if is_direct else None,
            issue_type=self.issue_types[plot.issue_type],
            priority=Priority(self.chance.choice(plot.priorities)),
            carbon_copies=[self.chance.choice(_COPIES)] if self.chance.random() < 0.12 else [],
            on_behalf_of_name="Prof. Anna Weber" if on_behalf else "",
            on_behalf_of_email="anna.weber@physics.example.org" if on_behalf else "",
            is_vo_specific=self.chance.random() < 0.3,
        )
        context.attach_context(ticket=ticket, at=moment)
        self.told += 1
        case = _Case(ticket, plot, words, submitter, unit, site, self._fate())
        self._recent = [*self._recent[-40:], case]
        self._plan_company(case, moment)
        if is_direct:
            self._plan_work(case, moment)
        else:
            self._plan_routing(case, moment)

    def _submit_waiting(self, waiting: clocks.Waiting, moment: datetime) -> None:
        """File a ticket that its unit leaves unanswered."""
        submit.submit_ticket(
            draft_id=self._key(),
            by=self.people[waiting.submitter],
            at=moment,
            subject=waiting.subject,
            description=waiting.text,
            vo=self.juno,
            unit=self.units[waiting.unit],
            affected_sites=[self.sites[waiting.unit]],
            priority=waiting.priority,
        )
        self.told += 1

    def _plan_company(self, case: _Case, moment: datetime) -> None:
        """Let others say that they have the same problem, and let an impatient one escalate."""
        if self.chance.random() < 0.18:
            others = [name for name in SUBMITTERS if self.people[name] != case.submitter]
            for name in self.chance.sample(others, self.chance.randrange(1, 5)):
                person = self.people[name]
                self.plan(
                    self._at_work(person, moment + self._hours(0.5, 20)),
                    partial(self._me_too, case, person),
                )
        if case.fate == "silent":
            later = self._at_work(case.submitter, moment + self._hours(50, 90))
            self.plan(later, lambda moment: self._escalate(case, moment))

    def _fate(self) -> str:
        fates = ("solve", "wait", "hold", "withdraw", "unsolved", "silent")
        return self.chance.choices(fates, weights=(78, 6, 4, 3, 4, 5))[0]

    def _hosts(self, site: Site | None, plot: Plot) -> list[Service]:
        if site is None:
            return []
        fitting = [one for one in self.services[site.name] if one.service_type in plot.types]
        self.chance.shuffle(fitting)
        return fitting

    def _job(self, site: Site | None, moment: datetime) -> int:
        """Return a job that had failed by then, which the simulated DIRACs know for some days."""
        earlier = timedelta(minutes=600 + self.chance.randrange(41_000_000, 43_000_000) % 400)
        return dirac_jobs.failed_job(site.name if site else "", moment - earlier)

    def _words(
        self, submitter: User, site: Site | None, hosts: list[Service], moment: datetime
    ) -> dict[str, str]:
        run = self.chance.randrange(4100, 9800)
        name = site.name if site else "Beijing"
        dirac = {
            "BEIJING-LCG2": "GRID.IHEP.cn",
            "IN2P3-CC": "GRID.IN2P3.fr",
            "INFN-T1": "GRID.INFN-CNAF.it",
            "JINR-T1": "GRID.JINR-CONDOR.ru",
        }.get(name, f"GRID.{name}")
        return {
            "host": hosts[0].hostname if hosts else "the service",
            "site": name,
            "dirac": dirac,
            "job": str(self._job(site, moment)),
            "run": str(run),
            "n": str(self.chance.randrange(12, 900)),
            "node": f"wn{self.chance.randrange(1, 400):03}",
            "path": f"/juno/data/raw/{run // 1000}000/{run}/RUN.{run}.JUNODAQ.Physics.ds-2"
            f".global_trigger.{self.chance.randrange(1, 400):04}.rtraw",
            "name": submitter.name,
        }

    def _unit_of(self, plot: Plot, site: Site | None) -> SupportUnit:
        if plot.unit != SITE:
            return self.units[plot.unit]
        if site is None:
            raise ValueError(f"{plot.subjects[0]}: a site's problem without a site")
        return self.units[site.name]

    # --- TPM ------------------------------------------------------------------------------

    def _plan_routing(self, case: _Case, moment: datetime) -> None:
        operators = self.members["TPM"]
        arrivals = [
            (self._at_work(person, moment + self._hours(0.1, 1.5)), person.pk, person)
            for person in operators
        ]
        arrival, _, operator = min(arrivals)
        self.plan(arrival, lambda moment: self._route(case, operator, moment))

    def _route(self, case: _Case, operator: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        if case.plot.unit == "TPM":
            self._plan_work(case, moment, by=operator)
            return
        unit = case.unit
        is_wrong = self.chance.random() < 0.1
        if is_wrong:
            wrong = [name for name in ("JUNO-Production", "JUNO-Data-Management", "JUNO-Offline")
                     if name != unit.name]  # fmt: skip
            unit = self.units[self.chance.choice(wrong)]
        decisions.route(
            ticket=case.ticket,
            unit=unit,
            reason=self.chance.choice(_ROUTING) or ("" if self._is_new(case) else "Now it fits."),
            by=operator,
            at=moment,
        )
        if self.chance.random() < 0.07:
            raised = min(case.ticket.priority + 1, Priority.TOP)
            work.set_priority(ticket=case.ticket, priority=raised, by=operator, at=moment)
        if is_wrong:
            person = self.chance.choice(self.members[unit.name])
            later = self._at_work(person, moment + self._hours(0.5, 5))
            self.plan(later, lambda moment: self._send_back(case, person, operator, moment))
        else:
            self._plan_work(case, moment)

    def _send_back(self, case: _Case, person: User, operator: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        reason = self.chance.choice(_WRONG_UNIT)
        assign.return_to_tpm(
            ticket=case.ticket, why=BounceReason.NOT_OURS, reason=reason, by=person, at=moment
        )
        later = self._at_work(operator, moment + self._hours(0.2, 2))
        self.plan(later, lambda moment: self._route_again(case, operator, moment))

    def _route_again(self, case: _Case, operator: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        decisions.route(
            ticket=case.ticket,
            unit=case.unit,
            reason="Sorry, now to the right place.",
            by=operator,
            at=moment,
        )
        self._plan_work(case, moment)

    # --- the unit -------------------------------------------------------------------------

    def _plan_work(self, case: _Case, moment: datetime, by: User | None = None) -> None:
        person = by or self.chance.choice(self.members[case.unit.name])
        slow = 120 if case.fate == "silent" else 10 / case.ticket.priority
        later = self._at_work(person, moment + self._hours(0.2, 1) + self._hours(0, slow))
        if case.fate == "withdraw":
            soon = moment + self._hours(0.5, 8)
            self.plan(soon, lambda moment: self._withdraw(case, moment))
        self.plan(later, lambda moment: self._begin_work(case, person, moment))

    def _begin_work(self, case: _Case, person: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        plot, chance = case.plot, self.chance
        if plot.answers and chance.random() < 0.75:
            self._write(case, chance.choice(plot.answers), person, moment)
        else:
            work.take(ticket=case.ticket, by=person, at=moment)
        if plot.internal and chance.random() < 0.7:
            minutes = timedelta(minutes=chance.randrange(4, 50))
            text = chance.choice(plot.internal)
            self.plan(
                moment + minutes,
                lambda moment: self._write(case, text, person, moment, is_public=False),
            )
        if chance.random() < 0.35:
            work.set_next_step(
                ticket=case.ticket,
                what=chance.choice(_NEXT_STEPS),
                person=person,
                due_at=self._at_work(person, moment + self._hours(6, 70)),
                by=person,
                at=moment,
            )
        if chance.random() < 0.08:
            helper = chance.choice([*self.members["TPM"], *self.members["JUNO-Data-Management"]])
            if not TicketPerson.objects.filter(ticket=case.ticket, user=helper).exists():
                assign.involve(ticket=case.ticket, person=helper, by=person, at=moment)
        if chance.random() < 0.15:
            self._refer(case, person, moment)
        # What TPM can answer itself, it answers soon.
        slowness = 0.2 if plot.unit == "TPM" else 1 / case.ticket.priority
        later = self._at_work(person, moment + self._hours(0.2, 30 * slowness))
        if plot.question and (case.fate == "wait" or chance.random() < 0.7):
            self.plan(
                self._at_work(person, moment + self._hours(0.1, 2)),
                lambda moment: self._ask(case, person, moment),
            )
        elif case.fate == "hold":
            self.plan(later, lambda moment: self._hold(case, person, moment))
        elif case.fate == "unsolved":
            self.plan(later, lambda moment: self._leave_unsolved(case, person, moment))
        else:
            self.plan(
                later + self._hours(0, 80 * slowness),
                lambda moment: self._solve(case, person, moment),
            )

    def _ask(self, case: _Case, person: User, moment: datetime) -> None:
        if not self._is_open(case) or case.plot.question is None:
            return
        question, answer = case.plot.question
        self._write(case, question, person, moment, step="ask")
        if case.fate == "wait":
            return
        later = self._at_work(case.submitter, moment + self._hours(0.3, 20), on_weekends=True)
        self.plan(later, lambda moment: self._answer(case, answer, person, moment))

    def _answer(self, case: _Case, answer: str, person: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        self._write(case, answer, case.submitter, moment)
        later = self._at_work(person, moment + self._hours(0.5, 40 / case.ticket.priority))
        self.plan(later, lambda moment: self._solve(case, person, moment))

    def _hold(self, case: _Case, person: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        work.take_step(
            ticket=case.ticket,
            step="hold",
            reason=self.chance.choice(_HOLD_REASONS),
            until=moment + self._hours(5 * 24, 12 * 24),
            by=person,
            at=moment,
        )

    def _leave_unsolved(self, case: _Case, person: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        code, text = self.chance.choice(_LEFT_UNSOLVED)
        work.take_step(
            ticket=case.ticket,
            step="leave-unsolved",
            solution=text,
            code=code,
            by=person,
            at=moment,
        )

    def _solve(self, case: _Case, person: User, moment: datetime) -> None:
        if not self._is_open(case):
            return
        work.take_step(
            ticket=case.ticket,
            step="solve",
            solution=case.plot.solution.format(**case.words),
            code=case.plot.code,
            by=person,
            at=moment,
        )
        later = self._at_work(case.submitter, moment + self._hours(1, 60), on_weekends=True)
        mood = self.chance.random()
        if mood < 0.08:
            self.plan(later, lambda moment: self._reopen(case, person, moment))
        elif mood < 0.6:
            self.plan(later, lambda moment: self._verify(case, moment))

    def _verify(self, case: _Case, moment: datetime) -> None:
        if self._status(case) != Status.SOLVED:
            return
        if self.chance.random() < 0.4:
            self._write(case, self.chance.choice(_THANKS), case.submitter, moment)
        work.take_step(ticket=case.ticket, step="verify", by=case.submitter, at=moment)

    def _reopen(self, case: _Case, person: User, moment: datetime) -> None:
        if self._status(case) != Status.SOLVED:
            return
        text = self.chance.choice(_STILL_BROKEN)
        self._write(case, text, case.submitter, moment, step="reopen")
        later = self._at_work(person, moment + self._hours(2, 30))
        self.plan(later, lambda moment: self._begin_work(case, person, moment))

    # --- what the submitter and others do -------------------------------------------------

    def _withdraw(self, case: _Case, moment: datetime) -> None:
        if not self._is_open(case):
            return
        self._write(case, "It was my own mistake, sorry for the noise.", case.submitter, moment)
        work.take_step(ticket=case.ticket, step="withdraw", by=case.submitter, at=moment)

    def _escalate(self, case: _Case, moment: datetime) -> None:
        if self._status(case) not in (Status.NEW, Status.ASSIGNED):
            return
        text = "Nobody has answered for days. Is somebody looking at this?"
        self._write(case, text, case.submitter, moment)
        work.escalate(ticket=case.ticket, by=case.submitter, at=moment)

    def _me_too(self, case: _Case, person: User, moment: datetime) -> None:
        if self._is_open(case):
            follow.say_me_too(ticket=case.ticket, by=person, at=moment)

    def _refer(self, case: _Case, person: User, moment: datetime) -> None:
        for other in reversed(self._recent):
            is_alike = other.plot is case.plot or (other.site and other.site == case.site)
            if other is not case and is_alike:
                follow.add_reference(ticket=case.ticket, other=other.ticket, by=person, at=moment)
                return

    # --- scenes ---------------------------------------------------------------------------

    def _plan_scene(self, scene: Scene) -> None:
        moment = self._when(scene, scene.submitter, self.at - timedelta(hours=scene.hours_ago))
        self.plan(moment, lambda moment: self._open_scene(scene, moment))

    def _when(self, scene: Scene, who: str, moment: datetime) -> datetime:
        """Return when a line is played; what is told of the last two days stays where it is."""
        if scene.is_exact or scene.hours_ago < 48:
            return moment
        return self._at_work(self.people[who], moment, on_weekends=True)

    def _open_scene(self, scene: Scene, moment: datetime) -> None:
        submitter = self.people[scene.submitter]
        draft = self._key()
        for name, content in scene.files:
            self._attach(draft, name, content.encode(), submitter, moment)
        sites = [self.sites[name] for name in scene.sites]
        self.past.poll_downtimes(moment)
        vo = self.vos.get(scene.vo)
        file = submit_team_ticket if scene.is_team else submit.submit_ticket
        ticket = file(
            draft_id=draft,
            by=submitter,
            at=moment,
            subject=scene.subject,
            description=scene.text,
            problem_at=moment - timedelta(hours=scene.problem_hours_before),
            problem_zone=submitter.time_zone,
            vo=vo,
            affected_sites=sites,
            affected_services=[
                one
                for site in sites
                for one in self.services[site.name]
                if one.hostname in scene.hosts
            ],
            notified_site=self.sites[scene.notified_site] if scene.notified_site else None,
            issue_type=self.issue_types[scene.issue_type] if vo == self.juno else None,
            priority=Priority(scene.priority),
            carbon_copies=scene.copies,
            affects_whole_vo=scene.affects_whole_vo,
        )
        context.attach_context(ticket=ticket, at=moment)
        self.told += 1
        at = moment
        for line in scene.lines:
            at = self._when(scene, line.who, at + timedelta(hours=line.hours_later))
            self.plan(at, partial(self._play, ticket, line))

    def _play(self, ticket: Ticket, line: Line, moment: datetime) -> None:
        person = self.people[line.who]
        ticket = Ticket.objects.get(pk=ticket.pk)
        match line.does:
            case "assign":
                unit = self.units[line.to]
                assign.assign_to_unit(
                    ticket=ticket, unit=unit, reason=line.text, by=person, at=moment
                )
            case "return":
                assign.return_to_tpm(ticket=ticket, reason=line.text, by=person, at=moment)
            case "take":
                work.take(ticket=ticket, by=person, at=moment)
            case "involve":
                other = self.people[line.to]
                assign.involve(ticket=ticket, person=other, by=person, at=moment)
            case "me too":
                follow.say_me_too(ticket=ticket, by=person, at=moment)
            case "escalate":
                work.escalate(ticket=ticket, by=person, at=moment)
            case "priority":
                work.set_priority(ticket=ticket, priority=int(line.to), by=person, at=moment)
            case "next step":
                due_at = moment + timedelta(hours=float(line.to))
                work.set_next_step(
                    ticket=ticket, what=line.text, person=person, due_at=due_at,
                    by=person, at=moment,
                )  # fmt: skip
            case "hold":
                until = moment + timedelta(hours=float(line.to))
                work.take_step(
                    ticket=ticket, step="hold", reason=line.text, until=until,
                    by=person, at=moment,
                )  # fmt: skip
            case "solve" | "leave-unsolved" as answer:
                work.take_step(
                    ticket=ticket, step=answer, solution=line.text, code=line.to,
                    by=person, at=moment,
                )  # fmt: skip
            case "verify":
                work.take_step(ticket=ticket, step="verify", by=person, at=moment)
            case "say" | "ask" | "reopen" | "note" as kind:
                step = kind if kind in ("ask", "reopen") else None
                diary.add_entry(
                    ticket=ticket, words=line.text, is_public=kind != "note", step=step,
                    submission_key=self._key(), by=person, at=moment,
                )  # fmt: skip
            case other:
                raise ValueError(f"Nobody knows how to {other}.")

    # --- little things --------------------------------------------------------------------

    def _key(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def _attach(self, draft: UUID, name: str, content: bytes, by: User, at: datetime) -> None:
        upload = SimpleUploadedFile(name, content)
        files.add_to_draft(draft_id=draft, upload=upload, by=by, at=at)

    def _write(
        self,
        case: _Case,
        text: str,
        by: User,
        at: datetime,
        *,
        is_public: bool = True,
        step: str | None = None,
    ) -> None:
        arguments: dict[str, Any] = {"step": step} if step else {}
        diary.add_entry(
            ticket=case.ticket,
            words=text.format(**case.words),
            is_public=is_public,
            submission_key=self._key(),
            by=by,
            at=at,
            **arguments,
        )

    def _status(self, case: _Case) -> str:
        return Ticket.objects.values_list("status", flat=True).get(pk=case.ticket.pk)

    def _is_open(self, case: _Case) -> bool:
        return self._status(case) in OPEN

    def _is_new(self, case: _Case) -> bool:
        return self._status(case) == Status.NEW
