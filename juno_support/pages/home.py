"""The first page, by role.

A submitter sees *File a ticket* and own tickets, a supporter the units' queues with counts, TPM the
desk, everybody running downtimes and the feeds' health; a visitor what this is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.access import open_to_everyone
from juno_support.lib import calendars, clock, display, working_time
from monitoring.models import Severity
from monitoring.queries import running_and_coming
from supportunits import policies as unit_policies
from supportunits.models import SupportUnit, VOSite
from tickets import policies, queries
from tickets.search.grammar import quoted
from tickets.views import rows
from tickets.views.desk import LISTS, SILENT_DAYS, WAITING_DAYS
from tickets.workflow import Status

TICKETS_SHOWN = 8
DOWNTIMES_SHOWN = 6
UNITS_SHOWN = 8


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
    context: dict[str, Any] = own_tickets(user, at=at)
    context["downtimes"] = running_downtimes(at=at)
    if policies.sees_desk(user):
        context["desk"] = desk_tiles(user, at=at)
    if policies.sees_queue(user):
        context |= queue_of(user, at=at)
    return render(request, "pages/home.html", context)


def own_tickets(user: Any, *, at: datetime) -> dict[str, Any]:
    """Return the reader's own tickets: those that wait for them first, then other open ones."""
    own = queries.own_tickets(user)
    waiting = own.filter(status__in=[Status.WAITING_FOR_REPLY, Status.SOLVED, Status.UNSOLVED])
    others = own.filter(is_open=True).exclude(status=Status.WAITING_FOR_REPLY)
    return {
        "for_you": rows.rows(list(rows.for_list(waiting)[:TICKETS_SHOWN]), user, at=at),
        "own": rows.rows(list(rows.for_list(others)[:TICKETS_SHOWN]), user, at=at),
    }


def queue_of(user: Any, *, at: datetime) -> dict[str, Any]:
    """Return the counts of the queue and of each of the reader's units, and what is new in them."""
    units = list(
        SupportUnit.objects.filter(pk__in=unit_policies.units_of(user)).order_by("name")[
            :UNITS_SHOWN
        ]
    )
    open_tickets = queries.open_tickets(user)
    newest = open_tickets.filter(unit__in=units).order_by("-pk")
    return {
        "rail": [
            Tile(str(count.label), count.text, _list_of(count.query), count.name == "overdue")
            for count in queries.rail(user, at=at)
        ],
        "units": [
            Tile(
                unit.name,
                _text(queries.count_up_to_limit(open_tickets.filter(unit=unit))),
                _list_of(f"unit:{quoted(unit.name)} status:open"),
            )
            for unit in units
        ],
        "newest": rows.rows(list(rows.for_list(newest)[:TICKETS_SHOWN]), user, at=at),
    }


def desk_tiles(user: Any, *, at: datetime) -> list[Tile]:
    """Return how many tickets each list of the TPM desk holds."""
    calendar = calendars.instance_calendar()
    silent_since = working_time.working_days_ago(at, SILENT_DAYS, calendar)
    waiting_since = working_time.working_days_ago(at, WAITING_DAYS, calendar)
    tiles = []
    for name, label in LISTS.items():
        found = queries.desk(user, name, silent_since=silent_since, waiting_since=waiting_since)
        number = queries.count_up_to_limit(found)
        tiles.append(
            Tile(
                str(label), _text(number), f"/tpm/?list={name}", name == "escalated" and number > 0
            )
        )
    return tiles


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


def _text(number: int) -> str:
    return "99+" if number >= queries.COUNT_LIMIT else str(number)
