"""The first page, by role.

A submitter sees *File a ticket* and own tickets, a supporter the units' queues with counts, TPM the
desk, everybody running downtimes and the feeds' health; a visitor what this is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.access import open_to_everyone
from juno_support.lib import clock, display
from monitoring.models import Severity
from monitoring.queries import running_and_coming
from supportunits import policies as unit_policies
from supportunits.models import SupportUnit, VOSite
from tickets import policies, queries
from tickets.desk import lists
from tickets.models import Ticket
from tickets.proposals.decide import sees_proposals
from tickets.search.grammar import quoted
from tickets.views import rows
from tickets.views.proposals import brief
from tickets.workflow import ANSWERED, Status

TICKETS_SHOWN = 8
DOWNTIMES_SHOWN = 6
UNITS_SHOWN = 8
PROPOSALS_SHOWN = 5


@dataclass(frozen=True)
class Tile:
    """A count with a link to what was counted. ``is_hot`` asks for attention."""

    label: str
    number: str
    url: str
    is_hot: bool = False


@dataclass(frozen=True)
class RunningDowntime:
    """One line of the running downtimes, as ready strings."""

    site: str
    url: str
    state: SafeString
    until: SafeString
    left: str


@dataclass(frozen=True)
class RunningDowntimes:
    """Running downtimes at sites of the VOs that are served here, and how many more there are."""

    shown: list[RunningDowntime]
    more: int
    elsewhere: int


@open_to_everyone
def home(request: HttpRequest) -> HttpResponse:
    """Show what the reader comes for; say what this is to those who are not signed in."""
    at = clock.now()
    user = request.user
    if not user.is_authenticated:
        downtimes = running_downtimes(at=at) if settings.JUNO_PUBLIC_BOARD else None
        return render(request, "pages/welcome.html", {"downtimes": downtimes})
    helps = policies.sees_queue(user)
    context: dict[str, Any] = brief_lists(user, with_units=helps, at=at)
    context["downtimes"] = running_downtimes(at=at)
    if sees_proposals(user):
        context["proposals"], more = brief(user, at=at, most=PROPOSALS_SHOWN)
        context["more_proposals"] = more
        context["sees_proposals"] = True
    if policies.sees_desk(user):
        context["desk"] = desk_tiles(user, at=at)
    if helps:
        context |= queue_tiles(user, at=at)
    return render(request, "pages/home.html", context)


def brief_lists(user: Any, *, with_units: bool, at: datetime) -> dict[str, list[rows.Row]]:
    """Return the short lists of tickets.

    ``for_you``: own tickets that wait for an answer or a verification; ``own``: other open ones;
    ``newest``: the newest open tickets of the reader's units.
    """
    own = queries.own_tickets(user)
    lists: dict[str, QuerySet[Ticket]] = {
        "for_you": own.filter(status__in=[Status.WAITING_FOR_REPLY, *ANSWERED]),
        "own": own.filter(is_open=True).exclude(status=Status.WAITING_FOR_REPLY),
    }
    if with_units:
        lists["newest"] = (
            queries.open_tickets(user).filter(unit__in=unit_policies.units_of(user)).order_by("-pk")
        )
    found = {
        name: list(rows.for_list(tickets, user)[:TICKETS_SHOWN]) for name, tickets in lists.items()
    }
    # One ticket may stand in two lists; its row is made once.
    tickets = {ticket["id"]: ticket for each in found.values() for ticket in each}
    made = {row.number: row for row in rows.rows(list(tickets.values()), at=at)}
    return {name: [made[ticket["id"]] for ticket in each] for name, each in found.items()}


def queue_tiles(user: Any, *, at: datetime) -> dict[str, list[Tile]]:
    """Return the counts of the queue (``rail``) and of each of the reader's units (``units``)."""
    units = list(
        SupportUnit.objects.filter(pk__in=unit_policies.units_of(user)).order_by("name")[
            :UNITS_SHOWN
        ]
    )
    open_tickets = queries.open_tickets(user)
    numbers = queries.count_up_to_limit([open_tickets.filter(unit=unit) for unit in units])
    return {
        "rail": [
            Tile(
                str(count.label),
                count.text,
                _list_of(count.query),
                count.name in ("overdue", "late") and count.number > 0,
            )
            for count in queries.rail(user, at=at)
        ],
        "units": [
            Tile(
                unit.name,
                queries.count_text(number),
                _list_of(f"unit:{quoted(unit.name)} status:open"),
            )
            for unit, number in zip(units, numbers, strict=True)
        ],
    }


def desk_tiles(user: Any, *, at: datetime) -> list[Tile]:
    """Return how many tickets each list of the TPM desk holds."""
    return [
        Tile(
            str(each.label),
            queries.count_text(number),
            f"/tpm/?list={each.name}",
            each.name == "escalated" and number > 0,
        )
        for each, number in zip(lists.LISTS.values(), lists.counts(user, at=at), strict=True)
        # What was thrown away is no work.
        if each.name != "discarded"
    ]


def running_downtimes(*, at: datetime) -> RunningDowntimes:
    """Return the downtimes that run now, those of served VOs' sites by name; two queries."""
    served = VOSite.objects.filter(site=OuterRef("site"), vo__is_served=True)
    running = running_and_coming(at=at, within=timedelta(0)).annotate(is_ours=Exists(served))
    ours = [downtime for downtime in running if downtime.is_ours]
    return RunningDowntimes(
        shown=[
            RunningDowntime(
                site=downtime.site.name,
                url=f"/sites/{downtime.site.name}/",
                state=(
                    display.pill(_("outage"), "bad")
                    if downtime.severity == Severity.OUTAGE
                    else display.pill(_("at risk"), "warn")
                ),
                until=display.when(downtime.ends_at, at),
                left=display.duration_text(downtime.ends_at - at),
            )
            for downtime in ours[:DOWNTIMES_SHOWN]
        ],
        more=max(0, len(ours) - DOWNTIMES_SHOWN),
        elsewhere=len(running) - len(ours),
    )


def _list_of(query: str) -> str:
    return f"/tickets/?{urlencode({'q': query})}"
