"""What a rule would have done to last month's tickets, stored or only written so far.

Walks from the newest ticket back, in slices and under a time budget, and says how far it came.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from supportunits.models import UnitKind
from tickets.models import AffectedSite, Ticket
from tickets.routing.matching import fits, terms_of
from tickets.routing.models import RoutingRule
from tickets.routing.queries import seen_by_tpm
from tickets.routing.seen import see

MONTH: Final = timedelta(days=30)
SLICE: Final = 500
MOST_SLICES: Final = 20
MOST_SECONDS: Final = 2.0
MOST_SHOWN: Final = 50
MOST_COUNTED: Final = 10_000


@dataclass(frozen=True)
class Line:
    """A ticket that fits, where it really is, and whether that is the rule's unit.

    :ivar outcome: ``hit``, ``miss``, or ``open`` where TPM has it still
    """

    ticket: Ticket
    outcome: str


@dataclass
class Preview:
    """What the rule would have done.

    :ivar total: tickets that TPM was to route in these days; stops at ten thousand
    :ivar fitting: how many of those looked at fit
    :ivar looked_back_to: how far it came where the time was over; None where it saw all
    """

    total: int = 0
    fitting: int = 0
    hits: int = 0
    misses: int = 0
    still_open: int = 0
    lines: list[Line] = field(default_factory=list)
    looked_back_to: datetime | None = None

    @property
    def fits_nearly_all(self) -> bool:
        """Whether the rule says too little to be one."""
        return self.total >= 10 and self.fitting * 10 >= self.total * 9


def preview(
    rule: RoutingRule, *, at: datetime, seconds: float = MOST_SECONDS, slices: int = MOST_SLICES
) -> Preview:
    """Return what a rule would have done to the tickets of the last thirty days.

    Tickets of type Security, spam and tests are no part of it. At most four queries a slice.

    :param rule: need not be stored
    """
    ends = time.monotonic() + seconds
    since = at - MONTH
    found = Preview()
    month = seen_by_tpm().filter(submitted_at__gte=since, submitted_at__lte=at)
    found.total = month.order_by()[:MOST_COUNTED].count()
    candidates = _candidates(rule, month)
    terms = terms_of(rule)
    cursor: tuple[datetime, int] | None = None
    for _slice in range(slices):
        rows = list(_below(candidates, cursor)[:SLICE])
        seen = see(rows, with_names=False, with_services=bool(rule.service_type))
        for ticket, its in zip(rows, seen, strict=True):
            if fits(terms, its):
                _add(found, ticket, rule)
        if len(rows) < SLICE:
            return found
        cursor = (rows[-1].submitted_at, rows[-1].pk)
        if time.monotonic() > ends:
            break
    found.looked_back_to = cursor[0] if cursor else None
    return found


def _candidates(rule: RoutingRule, month: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Return the tickets that fulfil what the database decides quickly, newest first."""
    if rule.vo_id:
        month = month.filter(vo=rule.vo_id)
    if rule.ticket_type:
        month = month.filter(type=rule.ticket_type)
    if rule.issue_type_id:
        month = month.filter(issue_type=rule.issue_type_id)
    affected = AffectedSite.objects.filter(ticket=OuterRef("pk"))
    if rule.site_id:
        month = month.filter(Exists(affected.filter(site=rule.site_id)))
    if rule.operations_centre_id:
        month = month.filter(
            Exists(affected.filter(site__operations_centre=rule.operations_centre_id))
        )
    return (
        month.select_related("unit")
        .defer("description_html", "solution", "solution_html")
        .order_by("-submitted_at", "-pk")
    )


def _below(candidates: QuerySet[Ticket], cursor: tuple[datetime, int] | None) -> QuerySet[Ticket]:
    if cursor is None:
        return candidates
    moment, key = cursor
    return candidates.filter(
        Q(submitted_at__lt=moment) | Q(submitted_at=moment, pk__lt=key), submitted_at__lte=moment
    )


def _add(found: Preview, ticket: Ticket, rule: RoutingRule) -> None:
    found.fitting += 1
    if ticket.unit_id == rule.unit_id:
        outcome = "hit"
        found.hits += 1
    elif ticket.unit.kind == UnitKind.TPM and ticket.is_open:
        outcome = "open"
        found.still_open += 1
    else:
        outcome = "miss"
        found.misses += 1
    if len(found.lines) < MOST_SHOWN:
        found.lines.append(Line(ticket, outcome))
