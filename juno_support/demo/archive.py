"""Half a year of closed tickets before the story, so that routing has something to learn from.

They are brought in as an import from an older helpdesk would bring them: in bulk, each with its
history, intervals and words, and nothing more. Told through the actions they would take half a
minute at every start of a demo. Afterwards the portal learns from them, as it does by the clock.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from juno_support.accounts.models import User
from juno_support.demo.plots import PLOTS, SITE, Plot
from juno_support.lib import markdown
from juno_support.lib.text import shorten
from supportunits.models import VO, IssueType, SupportUnit
from tickets.models import (
    AffectedSite,
    HistoryEntry,
    Kind,
    Priority,
    SearchDocument,
    StatusInterval,
    Ticket,
)
from tickets.routing import training
from tickets.search import index
from tickets.workflow import Status
from topology.models import Service, Site

SEED = 20151213
TICKETS = 600
LASTS = timedelta(days=180)
SUBMITTERS = ("ada", "wei", "uma", "chloe", "ivan", "marta", "noah", "quentin", "jun", "vera")
# Solved within days and closed two weeks later, all of it before the story begins.
RESTED = timedelta(days=20)
_OPENINGS = ("", "", "Dear colleagues,\n\n", "Hello,\n\n", "各位好，\n\n", "Hi TPM,\n\n")
# Now and then the right place is another than what the words say.
_SURPRISES = 0.04


@dataclass(frozen=True)
class _Places:
    """What the tickets are about, by name."""

    juno: VO
    tpm: SupportUnit
    units: dict[str, SupportUnit]
    sites: dict[str, Site]
    types: dict[str, IssueType]
    services: dict[tuple[int, str], list[Service]]


def tell_archive(*, people: dict[str, User], ends: datetime) -> int:
    """Bring the old tickets in and learn from them, as of ``ends``; return how many there are."""
    chance = random.Random(SEED)  # noqa: S311 (chance, not secrecy)
    places = _places()
    moments = sorted(ends - chance.random() * LASTS - RESTED for _ in range(TICKETS))
    plots = [chance.choice(PLOTS) for _ in moments]
    made = [
        _ticket(chance, plot, places, people, moment)
        for plot, moment in zip(plots, moments, strict=True)
    ]
    tickets = Ticket.objects.bulk_create(ticket for ticket, _site in made)
    AffectedSite.objects.bulk_create(
        AffectedSite(ticket=ticket, site=site) for ticket, site in made if site is not None
    )
    _write_history(tickets, places.tpm)
    _index(tickets)
    training.train(at=ends)
    return len(tickets)


def _places() -> _Places:
    juno = VO.objects.get(name="juno")
    services: dict[tuple[int, str], list[Service]] = {}
    for service in Service.objects.order_by("pk"):
        services.setdefault((service.site_id, service.service_type), []).append(service)
    units = {unit.name: unit for unit in SupportUnit.objects.all()}
    return _Places(
        juno=juno,
        tpm=units["TPM"],
        units=units,
        sites={site.name: site for site in Site.objects.all()},
        types={kind.name: kind for kind in IssueType.objects.filter(vo=juno)},
        services=services,
    )


def _ticket(
    chance: random.Random, plot: Plot, places: _Places, people: dict[str, User], at: datetime
) -> tuple[Ticket, Site | None]:
    submitter = people[chance.choice(SUBMITTERS)]
    site = places.sites[chance.choice(plot.sites)] if plot.sites else None
    words = _words(chance, plot, places, site, submitter)
    unit = places.units[site.name if plot.unit == SITE and site else plot.unit]
    if unit != places.tpm and chance.random() < _SURPRISES:
        unit = places.units["JUNO-Production"]
    description = chance.choice(_OPENINGS) + chance.choice(plot.texts).format(**words)
    assigned_at = None if unit == places.tpm else at + timedelta(minutes=chance.randrange(10, 200))
    solved_at = (assigned_at or at) + timedelta(hours=chance.uniform(1, 60))
    html = markdown.render(description)
    ticket = Ticket(
        submission_key=UUID(int=chance.getrandbits(128), version=4),
        subject=chance.choice(plot.subjects).format(**words),
        description=description,
        description_html=html,
        renderer_version=markdown.RENDERER_VERSION,
        submitter=submitter,
        vo=places.juno,
        unit=unit,
        # Half of the people leave the site to the text.
        issue_type=places.types[plot.issue_type] if chance.random() < 0.8 else None,
        priority=Priority.LESS_URGENT,
        submitted_priority=Priority.LESS_URGENT,
        problem_at=at,
        status=Status.CLOSED,
        resolution_code=plot.code,
        solution=plot.solution.format(**words),
        solution_html=markdown.render(plot.solution.format(**words)),
        submitted_at=at,
        updated_at=solved_at + timedelta(days=14),
        public_word_at=solved_at,
        assigned_at=assigned_at,
        solved_at=solved_at,
        last_line=shorten(markdown.plain(html), 160),
    )
    return ticket, site if chance.random() < 0.5 else None


def _words(
    chance: random.Random, plot: Plot, places: _Places, site: Site | None, submitter: User
) -> dict[str, str]:
    fitting = [
        service
        for kind in plot.types
        for service in (places.services.get((site.pk, kind), []) if site else [])
    ]
    run = chance.randrange(1100, 4100)
    return {
        "host": chance.choice(fitting).hostname if fitting else "the service",
        "site": site.name if site else "Beijing",
        "dirac": f"GRID.{site.name}" if site else "GRID",
        "job": str(chance.randrange(30_000_000, 40_000_000)),
        "run": str(run),
        "n": str(chance.randrange(12, 900)),
        "node": f"wn{chance.randrange(1, 400):03}",
        "path": f"/juno/data/raw/{run // 1000}000/{run}/RUN.{run}.rtraw",
        "name": submitter.name,
    }


@dataclass(frozen=True)
class _Step:
    """One thing that happened to an old ticket, and where it was from then on."""

    kind: Kind
    at: datetime
    facts: dict[str, object]
    unit: SupportUnit
    status: Status
    actor_id: int | None = None


def _write_history(tickets: Sequence[Ticket], tpm: SupportUnit) -> None:
    entries: list[HistoryEntry] = []
    intervals: list[StatusInterval] = []
    for ticket in tickets:
        steps = _steps(ticket, tpm)
        entries += [
            HistoryEntry(
                ticket=ticket,
                kind=step.kind,
                actor_id=step.actor_id,
                happened_at=step.at,
                is_public=True,
                facts=step.facts,
            )
            for step in steps
        ]
        ends = [*(step.at for step in steps[1:]), None]
        intervals += [
            StatusInterval(
                ticket=ticket,
                unit=step.unit,
                status=step.status,
                priority=ticket.priority,
                starts_at=step.at,
                ends_at=ends_at,
            )
            for step, ends_at in zip(steps, ends, strict=True)
        ]
    # As they would have been written: in the order of time, whatever the ticket.
    entries.sort(key=lambda entry: entry.happened_at)
    last = {entry.ticket_id: entry.pk for entry in HistoryEntry.objects.bulk_create(entries)}
    StatusInterval.objects.bulk_create(intervals)
    for ticket in tickets:
        ticket.last_entry_id = last[ticket.pk]
    Ticket.objects.bulk_update(tickets, ["last_entry_id"])


def _steps(ticket: Ticket, tpm: SupportUnit) -> list[_Step]:
    filed = {"unit": tpm.pk, "status": Status.NEW, "priority": ticket.priority}
    steps = [
        _Step(Kind.SUBMITTED, ticket.submitted_at, filed, tpm, Status.NEW, ticket.submitter_id)
    ]
    if ticket.assigned_at is not None:
        given: dict[str, object] = {
            "unit": [tpm.pk, ticket.unit_id],
            "status": [Status.NEW, Status.ASSIGNED],
        }
        steps.append(
            _Step(Kind.ASSIGNED_TO_UNIT, ticket.assigned_at, given, ticket.unit, Status.ASSIGNED)
        )
    solved: dict[str, object] = {
        "status": [steps[-1].status, Status.SOLVED],
        "step": "solve",
        "code": ticket.resolution_code,
    }
    closed: dict[str, object] = {"status": [Status.SOLVED, Status.CLOSED], "step": "close"}
    solved_at = ticket.solved_at or ticket.updated_at
    return [
        *steps,
        _Step(Kind.STATUS_CHANGED, solved_at, solved, ticket.unit, Status.SOLVED),
        _Step(Kind.STATUS_CHANGED, ticket.updated_at, closed, ticket.unit, Status.CLOSED),
    ]


def _index(tickets: Sequence[Ticket]) -> None:
    values: list[Any] = []
    for ticket in tickets:
        texts = [(True, text) for text in (ticket.subject, ticket.description, ticket.solution)]
        values += [ticket.pk, *index.vectors(texts)]
    marks = ", ".join(["(%s, %s::tsvector, %s::tsvector, %s)"] * len(tickets))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {SearchDocument._meta.db_table}"  # noqa: S608 (a name of ours)
            f" (ticket_id, public, supporters, is_full) VALUES {marks}",
            values,
        )
