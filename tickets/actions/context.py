"""Keep with a ticket what monitoring said about its sites, and note what changes while it is open.

``tickets`` asks, ``monitoring`` answers and knows no tickets. The snapshot of the submission is
evidence: it says what was known of the moment of the problem. Later ones are taken when the
conditions at an affected site have changed.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from juno_support.lib import clock
from monitoring import queries as monitoring
from monitoring.models import Downtime
from tickets import history
from tickets.actions.evidence import small
from tickets.actions.row import apart, locked, store
from tickets.models import ContextSnapshot, Dispatch, Kind, Ticket, WatchedSite
from tickets.workflow import OPEN
from topology.models import Site

# How far around now downtimes can make a difference to an open ticket.
LOOK_BACK = timedelta(days=2)
LOOK_AHEAD = monitoring.COMING_WITHIN
TICKETS_AT_ONCE = 100


def handle(dispatch: Dispatch) -> None:
    """Attach the context to a submitted ticket, or see what its new sites change (a consumer of
    history entries).
    """
    ticket, at = dispatch.entry.ticket, clock.now()
    if dispatch.entry.kind == Kind.SUBMITTED:
        attach_context(ticket=ticket, at=at)
    else:
        refresh_context(ticket=ticket, at=at)


@transaction.atomic
def attach_context(*, ticket: Ticket, at: datetime) -> ContextSnapshot:
    """Keep what is known of the moment of the problem; once, a second call finds the first."""
    ticket = locked(ticket)
    before = ContextSnapshot.objects.filter(
        ticket=ticket, reason=ContextSnapshot.Reason.SUBMISSION
    ).first()
    if before is not None:
        return before
    sites = _sites_of(ticket)
    about: dict[str, Any] = {
        "sites": sites,
        "services": list(ticket.affected_services.all()),
        "vo": ticket.vo.name if ticket.vo else None,
    }
    then = monitoring.conditions_at(moment=ticket.problem_at, asked_at=at, **about)
    now = monitoring.conditions_at(moment=at, **about)
    return ContextSnapshot.objects.create(
        ticket=ticket,
        reason=ContextSnapshot.Reason.SUBMISSION,
        moment=ticket.problem_at,
        taken_at=at,
        data={"then": small(then), "now": small(now)},
        fingerprint=_fingerprint(now.sites),
    )


@transaction.atomic
def refresh_context(*, ticket: Ticket, at: datetime) -> ContextSnapshot | None:
    """Take a new snapshot if the conditions at the ticket's sites changed, and write them into the
    history as an internal entry. Returns None where nothing is new or the ticket is not open.
    """
    ticket = locked(ticket)
    last = ContextSnapshot.objects.filter(ticket=ticket).order_by("-pk").first()
    if ticket.status not in OPEN or last is None:
        return None
    now = monitoring.conditions_at(sites=_sites_of(ticket), moment=at)
    fingerprint = _fingerprint(now.sites)
    if fingerprint == last.fingerprint:
        return None
    snapshot = ContextSnapshot.objects.create(
        ticket=ticket,
        reason=ContextSnapshot.Reason.CHANGE,
        moment=at,
        taken_at=at,
        data={"now": now.as_json()},
        fingerprint=fingerprint,
    )
    changes = list(_changes(last.data["now"]["sites"], snapshot.data["now"]["sites"]))
    if changes:
        history.record(
            ticket=ticket,
            kind=Kind.CONTEXT,
            by=None,
            at=at,
            is_public=False,
            consumers=(),
            snapshot=snapshot.pk,
            changes=changes,
        )
        store(ticket)
    return snapshot


def refresh_contexts(*, at: datetime) -> int:
    """Refresh the open tickets of every site whose conditions changed; returns how many changed.

    Looks at the sites that have a downtime near now, and at those that had one when last looked.
    """
    near = Downtime.objects.filter(
        ends_at__gt=at - LOOK_BACK, starts_at__lt=at + LOOK_AHEAD
    ).values("site")
    known = {watched.site_id: watched for watched in WatchedSite.objects.all()}
    moving = [
        watched.site_id
        for watched in known.values()
        if watched.fingerprint or watched.told_down_to is not None
    ]
    sites = list(Site.objects.filter(Q(pk__in=near) | Q(pk__in=moving)))
    changed = 0
    conditions = monitoring.conditions_at(sites=sites, moment=at)
    for site, found in zip(sites, conditions.sites, strict=True):
        fingerprint = _fingerprint([found]) if found.downtimes or found.coming else ""
        watched = known.get(site.pk) or WatchedSite(site=site)
        is_known = watched.fingerprint == fingerprint
        if is_known and watched.told_down_to is None:
            continue
        below = watched.told_down_to if is_known else None
        open_tickets = Ticket.objects.filter(is_open=True, affectedsite__site=site)
        if below is not None:
            open_tickets = open_tickets.filter(pk__lt=below)
        # A few a round: a change at a busy site must not hold up mail and new tickets.
        batch = list(open_tickets.order_by("-pk")[:TICKETS_AT_ONCE])
        for ticket in batch:
            with apart(ticket.pk):
                if refresh_context(ticket=ticket, at=at) is not None:
                    changed += 1
        watched.fingerprint, watched.changed_at = fingerprint, at
        watched.told_down_to = batch[-1].pk if len(batch) == TICKETS_AT_ONCE else None
        watched.save()
    return changed


def _sites_of(ticket: Ticket) -> list[Site]:
    sites = list(ticket.affected_sites.order_by("name"))
    if ticket.notified_site is not None and ticket.notified_site not in sites:
        sites.append(ticket.notified_site)
    return sites


def _fingerprint(sites: Iterable[monitoring.SiteConditions]) -> str:
    """Return a digest of the declared downtimes: how old the data are makes no difference."""
    facts = [
        (site.site, fact.key, fact.severity, fact.phase, str(fact.starts_at), str(fact.ends_at))
        for site in sites
        for fact in (*site.downtimes, *site.coming)
    ]
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()


def _changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield what is different between two kept answers, a fact for each downtime."""
    old_sites = {site["site"]: site for site in before}
    for site in after:
        old = _by_key(old_sites.get(site["site"], {}))
        new = _by_key(site)
        over = {fact["key"] for fact in site["recent"]}
        extended = {fact["extends"] for fact in new.values() if fact["extends"]}
        for key, fact in new.items():
            if key not in old:
                what = "extended" if fact["extends"] else "declared"
            elif old[key]["phase"] != fact["phase"]:
                what = "began"
            elif _essence(old[key]) != _essence(fact):
                what = "changed"
            else:
                continue
            yield _change(site["site"], what, fact)
        for key, fact in old.items():
            # Going over into its extension is no recovery.
            if key not in new and key not in extended:
                yield _change(site["site"], "ended" if key in over else "withdrawn", fact)


def _by_key(site: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {fact["key"]: fact for fact in (*site.get("downtimes", ()), *site.get("coming", ()))}


def _essence(fact: dict[str, Any]) -> tuple[Any, ...]:
    return fact["severity"], fact["starts_at"], fact["ends_at"]


def _change(site: str, what: str, fact: dict[str, Any]) -> dict[str, Any]:
    kept = ("key", "severity", "starts_at", "ends_at", "phase")
    return {"site": site, "what": what, **{name: fact[name] for name in kept}}
