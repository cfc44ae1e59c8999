"""Find the open tickets at whose sites something changed, a bounded number a round.

Three things make a ticket worth a look: a downtime near now, a state that began or ended since the
last round, and the clock, where something was held back. How far the last round came is kept, so
that what happens while no worker runs is found by the next one.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from monitoring import queries as monitoring
from monitoring.alarms import sites_with_news
from monitoring.conditions import SiteConditions
from monitoring.models import Downtime
from monitoring.statuses import Status
from tickets.actions.context import Answers, fingerprint_of, refresh_context
from tickets.actions.news import SOON, series_of
from tickets.actions.row import apart
from tickets.models import AffectedSite, ContextRound, Ticket, TicketWatch, WatchedSite
from topology.models import Site

# How far around now downtimes can make a difference to an open ticket.
LOOK_BACK = timedelta(days=2)
LOOK_AHEAD = monitoring.COMING_WITHIN
TICKETS_AT_ONCE = 100
SITES_AT_ONCE = 40
# A poll's rows carry the moment when it began, and are there when it is over.
LONGEST_POLL = timedelta(minutes=15)
FIRST_LOOK = timedelta(days=1)
_THE_ROW = 1


def refresh_contexts(*, at: datetime) -> int:
    """Refresh the open tickets of every site whose conditions changed; returns how many changed."""
    last = ContextRound.objects.filter(pk=_THE_ROW).first()
    # The demo's clock may have been turned back since.
    since = min(last.looked_at, at) - LONGEST_POLL if last is not None else at - FIRST_LOOK
    known = {watched.site_id: watched for watched in WatchedSite.objects.all()}
    answers = Answers(at)
    sites = _worth_a_look(since, at, known.values())
    changed = 0
    for first in range(0, len(sites), SITES_AT_ONCE):
        some = sites[first : first + SITES_AT_ONCE]
        conditions = monitoring.conditions_at(sites=some, moment=at)
        for site, found in zip(some, conditions.sites, strict=True):
            changed += _tell(known.get(site.pk) or WatchedSite(site=site), found, at, answers)
    changed += _look_again(at, answers)
    ContextRound(pk=_THE_ROW, looked_at=at).save()
    return changed


def _worth_a_look(since: datetime, at: datetime, watched: Iterable[WatchedSite]) -> list[Site]:
    """Return the sites of open tickets where something may have changed."""
    near = Downtime.objects.filter(
        ends_at__gt=at - LOOK_BACK, starts_at__lt=at + LOOK_AHEAD
    ).values_list("site", flat=True)
    moving = {each.site_id for each in watched if each.fingerprint or each.told_down_to is not None}
    wanted = moving | set(near) | sites_with_news(since)
    if not wanted:
        return []
    of_tickets = Q(
        pk__in=AffectedSite.objects.filter(ticket__is_open=True, site__in=wanted).values("site")
    ) | Q(
        pk__in=Ticket.objects.filter(is_open=True, notified_site__in=wanted).values("notified_site")
    )
    return list(Site.objects.filter(of_tickets | Q(pk__in=moving), pk__in=wanted).order_by("pk"))


def _tell(watched: WatchedSite, found: SiteConditions, at: datetime, answers: Answers) -> int:
    """Refresh a few open tickets of a site where something changed, or that are still to be told.

    A change at a busy site must not hold up mail and new tickets: the others follow in the next
    rounds.
    """
    fingerprint = fingerprint_of([found]) if found.downtimes or found.coming else ""
    digest = _digest(found)
    is_known = (watched.fingerprint, watched.states) == (fingerprint, digest)
    if is_known and watched.told_down_to is None:
        return 0
    below = watched.told_down_to if is_known else None
    batch = _open_tickets(watched.site_id, below)
    changed = _refresh(batch, at, answers)
    watched.fingerprint, watched.states, watched.changed_at = fingerprint, digest, at
    watched.told_down_to = batch[-1].pk if len(batch) == TICKETS_AT_ONCE else None
    watched.save()
    return changed


def _open_tickets(site: int, below: int | None) -> list[Ticket]:
    """Return the newest open tickets that affect the site or notify it."""
    tickets = Ticket.objects.filter(is_open=True)
    if below is not None:
        tickets = tickets.filter(pk__lt=below)
    found: dict[int, Ticket] = {}
    for of_site in (Q(affectedsite__site=site), Q(notified_site=site)):
        for ticket in tickets.filter(of_site).order_by("-pk")[:TICKETS_AT_ONCE]:
            found[ticket.pk] = ticket
    return [found[number] for number in sorted(found, reverse=True)][:TICKETS_AT_ONCE]


def _look_again(at: datetime, answers: Answers) -> int:
    """Refresh tickets whose moment has come: something was held back, or was not certain."""
    due = list(
        TicketWatch.objects.filter(look_again_at__lte=at, ticket__is_open=True)
        .select_related("ticket")
        .order_by("look_again_at")[:TICKETS_AT_ONCE]
    )
    # One that fails must not stand first for ever.
    if due:
        numbers = [watch.pk for watch in due]
        TicketWatch.objects.filter(pk__in=numbers).update(look_again_at=at + SOON)
    return _refresh([watch.ticket for watch in due], at, answers)


def _refresh(tickets: Sequence[Ticket], at: datetime, answers: Answers) -> int:
    changed = 0
    for ticket in tickets:
        with apart(ticket.pk):
            if refresh_context(ticket=ticket, at=at, answers=answers) is not None:
                changed += 1
    return changed


def _digest(site: SiteConditions) -> str:
    """Return a digest of the states of a site that can be trusted; empty where there are none."""
    facts = [
        (series_of(state), state.status, state.since.isoformat())
        for state in (*site.statuses, *site.links)
        if not (state.stale or state.doubt or state.status == Status.UNKNOWN)
    ]
    if not facts:
        return ""
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()
