"""Keep with a ticket what monitoring said about its sites, and note what changes while it is open.

``tickets`` asks, ``monitoring`` answers and knows no tickets. The snapshot of the submission is
evidence: it says what was known of the moment of the problem. Later ones are taken when the
conditions at one of its sites have changed: a downtime, or a state (``news``).
"""

import copy
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.functional import cached_property

from juno_support.lib import clock
from monitoring import queries as monitoring
from tickets import history
from tickets.actions import news
from tickets.actions.evidence import small
from tickets.actions.row import locked, store
from tickets.models import ContextSnapshot, Dispatch, Kind, Ticket, TicketWatch
from tickets.workflow import OPEN
from topology.models import Site


def handle(dispatch: Dispatch) -> None:
    """Attach the context to a submitted ticket, or see what its new sites change (a consumer of
    history entries).
    """
    ticket, at = dispatch.entry.ticket, clock.now()
    if dispatch.entry.kind == Kind.SUBMITTED:
        attach_context(ticket=ticket, at=at)
    else:
        refresh_context(ticket=ticket, at=at)


class Answer:
    """What monitoring says of some sites at a moment, and what is made of it for tickets."""

    def __init__(self, *, about: dict[str, Any], at: datetime) -> None:
        """Ask.

        :param about: sites, services and VO, as ``monitoring.conditions_at`` takes them
        """
        self.conditions = monitoring.conditions_at(moment=at, everything=True, **about)
        self.picture = news.picture(self.conditions, about["services"])
        self.fingerprint = fingerprint_of(self.conditions.sites)

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What a snapshot keeps of it."""
        return small(self.conditions, only_faults=True)


class Answers:
    """The answers of one round: tickets about the same sites ask only once."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._known: dict[tuple[Any, ...], Answer] = {}

    def of(self, ticket: Ticket) -> Answer:
        """Return what is said about a ticket."""
        about = _about(ticket)
        key = (
            tuple(site.pk for site in about["sites"]),
            tuple(sorted(service.pk for service in about["services"])),
            about["vo"],
        )
        if key not in self._known:
            self._known[key] = Answer(about=about, at=self._at)
        return self._known[key]


@transaction.atomic
def attach_context(*, ticket: Ticket, at: datetime) -> ContextSnapshot:
    """Keep what is known of the moment of the problem; once, a second call finds the first."""
    ticket = locked(ticket)
    before = ContextSnapshot.objects.filter(
        ticket=ticket, reason=ContextSnapshot.Reason.SUBMISSION
    ).first()
    if before is not None:
        return before
    about = _about(ticket)
    then = monitoring.conditions_at(moment=ticket.problem_at, asked_at=at, **about)
    now = Answer(about=about, at=at)
    snapshot = ContextSnapshot.objects.create(
        ticket=ticket,
        reason=ContextSnapshot.Reason.SUBMISSION,
        moment=ticket.problem_at,
        taken_at=at,
        data={"then": small(then), "now": now.kept},
        fingerprint=now.fingerprint,
    )
    _begin_watch(ticket, now)
    return snapshot


@transaction.atomic
def refresh_context(
    *, ticket: Ticket, at: datetime, answers: Answers | None = None
) -> ContextSnapshot | None:
    """Take a new snapshot if the conditions at the ticket's sites changed, and write them into the
    history as an internal entry. Returns None where nothing is new or the ticket is not open.

    :param answers: those of the same moment, where several tickets are looked at
    """
    ticket = locked(ticket)
    # What it holds may be long, and is needed only if something is new.
    last = ContextSnapshot.objects.filter(ticket=ticket).defer("data").order_by("-pk").first()
    if ticket.status not in OPEN or last is None:
        return None
    now = (answers or Answers(at)).of(ticket)
    found = _look(ticket, now, at)
    if now.fingerprint == last.fingerprint and not found.changes and found.recovered is None:
        return None
    snapshot = ContextSnapshot.objects.create(
        ticket=ticket,
        reason=ContextSnapshot.Reason.CHANGE,
        moment=at,
        taken_at=at,
        data={"now": now.kept},
        fingerprint=now.fingerprint,
    )
    changes: list[dict[str, Any]] = []
    if now.fingerprint != last.fingerprint:
        changes += _changes(last.data["now"]["sites"], now.kept["sites"])
    changes += found.changes
    if changes or found.recovered:
        facts: dict[str, Any] = {"snapshot": snapshot.pk, "changes": changes}
        if found.recovered:
            facts["recovered"] = found.recovered
        history.record(
            ticket=ticket,
            kind=Kind.CONTEXT,
            by=None,
            at=at,
            is_public=False,
            # Changes are read on the page; that a site is well again is worth a mail.
            consumers=history.MAIL_ONLY if found.recovered else (),
            **facts,
        )
        store(ticket)
    return snapshot


def _about(ticket: Ticket) -> dict[str, Any]:
    """Return what monitoring is asked about a ticket."""
    return {
        "sites": _sites_of(ticket),
        "services": list(ticket.affected_services.all()),
        "vo": ticket.vo.name if ticket.vo else None,
    }


def _begin_watch(ticket: Ticket, now: Answer) -> None:
    watch = TicketWatch(ticket=ticket)
    news.begin(watch, now.picture, now.conditions)
    watch.save()


def _look(ticket: Ticket, now: Answer, at: datetime) -> news.News:
    """Return what is new of states; of a ticket that was never watched nothing is told yet."""
    watch = TicketWatch.objects.filter(ticket=ticket).first()
    if watch is None:
        _begin_watch(ticket, now)
        return news.News()
    before = _memory(watch)
    found = news.look(watch, now.picture, now.conditions, at=at)
    if _memory(watch) != before:
        watch.save()
    return found


def _memory(watch: TicketWatch) -> tuple[Any, ...]:
    return tuple(
        copy.deepcopy(getattr(watch, field.attname)) for field in TicketWatch._meta.concrete_fields
    )


def _sites_of(ticket: Ticket) -> list[Site]:
    sites = list(ticket.affected_sites.order_by("name"))
    if ticket.notified_site is not None and ticket.notified_site not in sites:
        sites.append(ticket.notified_site)
    return sites


def fingerprint_of(sites: Iterable[monitoring.SiteConditions]) -> str:
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
