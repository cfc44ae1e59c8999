"""What is known before a ticket is sent: what goes on at its sites, who has reported it already."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.search import TrigramSimilarity
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.accounts.models import User
from juno_support.lib import display
from monitoring import queries as monitoring
from monitoring.conditions import SiteConditions
from monitoring.models import Severity
from monitoring.observations import EntityKind
from monitoring.statuses import BAD
from tickets import policies, queries
from tickets.models import Ticket
from tickets.views.conditions import SiteLines, site_lines
from tickets.views.states import doubts
from topology.models import Service, Site

MOST_TICKETS_SHOWN = 5
# People see that something is wrong before a source does.
BEFORE_IT_WAS_NOTICED = timedelta(hours=1)


@dataclass(frozen=True)
class TicketLine:
    """A ticket that is perhaps about the same.

    :ivar is_of_trouble: it was filed since the site's present trouble began
    """

    number: int
    subject: str
    status: SafeString
    age: SafeString
    unit: str
    is_own: bool = False
    said: bool = False
    is_of_trouble: bool = False


@dataclass(frozen=True)
class SitePanel:
    """A chosen site: its conditions, and the open tickets about it."""

    site: SiteLines
    headline: str
    advice: SafeString
    doubt: str
    tickets: list[TicketLine]
    others: int


def ticket_line(
    ticket: Ticket,
    at: datetime,
    *,
    user: User | None = None,
    said: bool = False,
    trouble_since: datetime | None = None,
) -> TicketLine:
    """Return a ticket as a line; with what the user has to do with it, if one is given."""
    return TicketLine(
        number=ticket.pk,
        subject=ticket.subject,
        status=display.status_pill(ticket.status, str(ticket.get_status_display())),
        age=display.age(ticket.submitted_at, at),
        unit=ticket.unit.name,
        is_own=user is not None and ticket.submitter_id == user.pk,
        said=said,
        is_of_trouble=trouble_since is not None
        and ticket.submitted_at >= trouble_since - BEFORE_IT_WAS_NOTICED,
    )


def site_panels(
    sites: list[Site],
    user: User,
    at: datetime,
    *,
    vo: str | None = None,
    services: Iterable[Service] = (),
) -> list[SitePanel]:
    """Return what is going on at the chosen sites, and the open tickets about it.

    Tickets that were filed since it began stand first: very likely they are about the same.
    """
    if not sites:
        return []
    found = monitoring.conditions_at(sites=sites, services=services, moment=at, vo=vo)
    conditions = found.as_json()
    shown = {lines.name: lines for lines in site_lines(conditions, now=at, strips={})}
    doubt = " ".join(doubts(conditions))
    about = _open_numbers(sites, user)
    numbers = [number for each in about.values() for number in each]
    tickets = {
        ticket.pk: ticket
        for ticket in queries.open_tickets(user).filter(pk__in=numbers).select_related("unit")
    }
    said = set(user.me_toos.filter(ticket__in=list(tickets)).values_list("ticket_id", flat=True))
    panels = []
    for site, condition in zip(sites, found.sites, strict=True):
        since = trouble_since(condition)
        lines = [
            ticket_line(tickets[number], at, user=user, said=number in said, trouble_since=since)
            for number in about.get(site.pk, ())
            if number in tickets
        ]
        lines.sort(key=lambda line: not line.is_of_trouble)
        every = len(about.get(site.pk, ()))
        panels.append(
            SitePanel(
                site=shown[site.name],
                headline=_headline(every),
                advice=_advice(since, lines, at),
                doubt=doubt,
                tickets=lines[:MOST_TICKETS_SHOWN],
                others=every - len(lines[:MOST_TICKETS_SHOWN]),
            )
        )
    return panels


def trouble_since(site: SiteConditions) -> datetime | None:
    """Return since when a site is in an outage, or bad in the eyes of a source that is reliable;
    None if it is not.
    """
    outages = [
        fact.starts_at
        for fact in site.downtimes
        if fact.severity == Severity.OUTAGE and fact.covers_asked and fact.withdrawn_at is None
    ]
    bad = [
        state.since
        for state in site.statuses
        if state.status in BAD
        and state.kind == EntityKind.SITE
        and not state.stale
        and not state.doubt
    ]
    return min((*outages, *bad), default=None)


def _advice(since: datetime | None, lines: list[TicketLine], at: datetime) -> SafeString:
    """Say what to do rather than to file the same again; empty where nothing is wrong."""
    if since is None:
        return SafeString("")
    if any(line.is_of_trouble for line in lines):
        words = _(
            "This may be your problem: the site has been in trouble since {since}, and it is "
            "reported already. If it is the same, say “Me too” instead of filing it again."
        )
    else:
        words = _(
            "This may be your problem: the site has been in trouble since {since}. "
            "If it is an announced downtime, a ticket will not end it sooner."
        )
    return format_html(words, since=display.when(since, at))


def _open_numbers(sites: list[Site], user: User) -> dict[int, list[int]]:
    """Return the numbers of the open tickets about each site that the user may know of."""
    found: dict[int, list[int]] = {}
    known = policies.outlined_tickets(user).filter(is_open=True, is_restricted=False)
    for site_id, number in (
        known.filter(affectedsite__site__in=sites)
        .order_by("-pk")
        .values_list("affectedsite__site_id", "pk")[:200]
    ):
        found.setdefault(site_id, []).append(number)
    return found


def _headline(tickets: int) -> str:
    if not tickets:
        return _("No ticket is open about it.")
    return ngettext(
        "%(count)d ticket is open about it.", "%(count)d tickets are open about it.", tickets
    ) % {"count": tickets}


def hidden_similar(user: User, subject: str) -> int:
    """Return how many similar open tickets there are that the user may not read."""
    if len(subject.strip()) < 4 or policies.reads_everything(user):
        return 0
    newest = (
        policies.outlined_tickets(user)
        .filter(is_open=True, is_restricted=False)
        .exclude(policies.visible_to(user))
        .order_by("-pk")
        .values("pk")[:300]
    )
    return (
        policies.outlined_tickets(user)
        .filter(pk__in=newest)
        .annotate(likeness=TrigramSimilarity("subject", subject[:250]))
        .filter(likeness__gte=queries.SIMILAR_FROM)
        .count()
    )
