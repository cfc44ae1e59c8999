"""What pages ask about proposals. Each question starts from what the person may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet

from monitoring.models import StatusInterval
from monitoring.models.interval import Period
from supportunits import policies as units
from tickets import queries
from tickets.models import AffectedSite, Decision, Proposal, Ticket
from tickets.proposals.alarms import key_of, series_of_fact
from tickets.proposals.decide import sees_proposals, visible_proposals

MOST_SHOWN = 100
MOST_TICKETS = 5
MOST_STRETCHES = 4000
RECENT = timedelta(hours=24)

# How many ``to_decide`` finds, for every page's menu: Django would put it together anew each time.
_COUNT_TO_DECIDE = """
SELECT count(*) FROM (
    SELECT 1
    FROM tickets_proposal proposal
    LEFT JOIN tickets_ticket ticket ON ticket.id = proposal.ticket_id
    WHERE proposal.ended_at IS NULL
        AND (%(sees_all)s OR proposal.vo_id = ANY(%(vos)s))
        AND proposal.decision <> 'DISMISSED'
        AND NOT (proposal.decision = 'SNOOZED' AND proposal.snoozed_until > %(at)s)
        AND NOT (proposal.decision = 'TICKET' AND coalesce(ticket.is_open, false))
    LIMIT %(most)s
) few
"""


@dataclass(frozen=True)
class Lists:
    """Proposals by what is to be done: decide, wait for a ticket, nothing for now, nothing."""

    to_decide: list[Proposal] = field(default_factory=list)
    with_ticket: list[Proposal] = field(default_factory=list)
    put_aside: list[Proposal] = field(default_factory=list)
    ended: list[Proposal] = field(default_factory=list)


def to_decide(user: Any, *, at: datetime) -> QuerySet[Proposal]:
    """Return what waits for somebody's decision, the longest bad first.

    What was put off comes back when its time is over; what has a ticket comes back when that is
    solved and the site is still bad.
    """
    put_off = Q(decision=Decision.DISMISSED) | Q(decision=Decision.SNOOZED, snoozed_until__gt=at)
    return (
        visible_proposals(user)
        .filter(ended_at=None)
        .exclude(put_off)
        .exclude(decision=Decision.TICKET, ticket__is_open=True)
        .order_by("since", "pk")
    )


def count_to_decide(user: Any, *, at: datetime) -> int:
    """Return how many wait, at most ``queries.COUNT_LIMIT``; one query, none for others."""
    if not sees_proposals(user):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT_TO_DECIDE,
            {
                "at": at,
                "sees_all": units.is_tpm_operator(user),
                "vos": list(units.shifter_of(user)),
                "most": queries.COUNT_LIMIT,
            },
        )
        number: int = cursor.fetchone()[0]
    return number


def lists(user: Any, *, at: datetime) -> Lists:
    """Return all proposals that go on, and those that ended within a day; two queries."""
    named = visible_proposals(user).select_related(
        "site", "vo", "ticket__unit", "ticket__vo", "decided_by"
    )
    waiting = {proposal.pk for proposal in to_decide(user, at=at).only("pk")[:MOST_SHOWN]}
    found = Lists(
        ended=list(named.filter(ended_at__gt=at - RECENT).order_by("-ended_at")[:MOST_SHOWN])
    )
    for proposal in named.filter(ended_at=None).order_by("since", "pk")[: 2 * MOST_SHOWN]:
        if proposal.pk in waiting:
            found.to_decide.append(proposal)
        elif proposal.decision == Decision.TICKET:
            found.with_ticket.append(proposal)
        else:
            found.put_aside.append(proposal)
    return found


class Stretch(NamedTuple):
    """A bad thing was in one state from ``since`` to ``until`` (None: still)."""

    since: datetime
    until: datetime | None
    status: str


def evidence_history(
    proposals: Iterable[Proposal], *, starts_at: datetime, ends_at: datetime, most_lines: int
) -> dict[tuple[int, str], list[Stretch]]:
    """Return how the first lines of evidence went, by site and series; one query.

    Of very many stretches (``MOST_STRETCHES``) the oldest are left out.
    """
    shown: dict[tuple[int, str], list[Stretch]] = {}
    names = set()
    for proposal in proposals:
        for fact in proposal.evidence[:most_lines]:
            shown[proposal.site_id, series_of_fact(fact)] = []
            names.add(fact["entity"])
    if not shown:
        return {}
    rows = (
        StatusInterval.objects.annotate(period=Period())
        .filter(
            site__in={site for site, _series in shown},
            entity__name__in=names,
            period__overlap=DateTimeTZRange(starts_at, ends_at, "[]"),
        )
        .order_by("-since")
        .values_list(
            "site_id",
            "source__name",
            "metric",
            "vo",
            "entity__kind",
            "entity__name",
            "since",
            "until",
            "status",
        )
    )
    for site, *series, since, until, status in rows[:MOST_STRETCHES]:
        found = shown.get((site, key_of(*series)))
        if found is not None:
            found.append(Stretch(since, until, status))
    return shown


def known_tickets(user: Any, proposals: Iterable[Proposal]) -> dict[int, list[Ticket]]:
    """Return for each proposal the open tickets of its VO about its site, newest first.

    Tickets that affect the site, and such that notify it. Three queries.
    """
    proposals = list(proposals)
    if not proposals:
        return {}
    sites = {proposal.site_id for proposal in proposals}
    about: dict[int, set[int]] = {site: set() for site in sites}
    for site, number in AffectedSite.objects.filter(
        site__in=sites, ticket__is_open=True, ticket__vo__in={each.vo_id for each in proposals}
    ).values_list("site_id", "ticket_id"):
        about[site].add(number)
    readable = queries.open_tickets(user).filter(
        vo__in={each.vo_id for each in proposals}, is_restricted=False
    )
    for site, number in readable.filter(notified_site__in=sites).values_list(
        "notified_site_id", "pk"
    ):
        about[site].add(number)
    tickets = {
        ticket.pk: ticket
        for ticket in readable.filter(
            pk__in={number for numbers in about.values() for number in numbers}
        ).select_related("unit", "vo")
    }
    found = {}
    for proposal in proposals:
        same = [
            tickets[number]
            for number in sorted(about[proposal.site_id], reverse=True)
            if number in tickets and tickets[number].vo_id == proposal.vo_id
        ]
        found[proposal.pk] = same[:MOST_TICKETS]
    return found
