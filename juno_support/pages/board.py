"""The sites board: sites by sources, what is wrong first, and all the others at a glance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from juno_support.access import open_to_everyone
from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib import clock, display
from juno_support.lib.strips import Cell, Timeline
from juno_support.pages import board_lines, downtime_lines
from juno_support.pages.board_columns import (
    Column,
    age_words,
    columns_of,
    states_by_site,
    warnings_of,
)
from juno_support.pages.board_lines import (
    GONE,
    GROUPS,
    PROBLEMS,
    SITE_COLUMNS,
    Group,
    Place,
    SiteRow,
)
from juno_support.pages.public_board import public_with_board
from monitoring.queries import DOWNTIMES, current_conditions_for_sites
from monitoring.states import system_states
from monitoring.status_rows import sources_of_states
from monitoring.statuses import Status
from monitoring.words import source_name
from supportunits.models import VO
from tickets.queries import open_numbers_of_sites
from topology.models import OperationsCentre, Site

DAYS_BACK = 1
DAYS_AHEAD = 7
# With more columns than these the others get less room.
ROOMY = 5


@dataclass(frozen=True)
class Filter:
    """What the reader wants to see; empty means everything."""

    words: str
    centre: str
    vo: str
    state: str
    only_problems: bool

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address."""
        given = request.GET
        state = given.get("state", "")
        return cls(
            words=given.get("q", "").strip()[:100],
            centre=given.get("centre", "")[:100],
            vo=given.get("vo", "")[:100],
            state=state if state in GROUPS or state == GONE else "",
            only_problems="problems" in given,
        )

    @property
    def is_set(self) -> bool:
        """Say whether anything is left out."""
        return any((self.words, self.centre, self.vo, self.state, self.only_problems))

    def sites(self) -> list[SiteRow]:
        """Return the sites that fit, by name; gone ones only when asked for."""
        sites = Site.objects.filter(gone_at__isnull=self.state != GONE)
        if self.words:
            sites = sites.filter(
                Q(name__icontains=self.words)
                | Q(official_name__icontains=self.words)
                | Q(country__icontains=self.words)
                | Q(operations_centre__name__icontains=self.words)
                | Q(pk__in=Site.objects.filter(aliases__name__icontains=self.words).values("pk"))
            )
        if self.centre:
            sites = sites.filter(operations_centre__name=self.centre)
        if self.vo:
            sites = sites.filter(vo_sites__vo__name=self.vo)
        return [SiteRow(*row) for row in sites.order_by("name").values_list(*SITE_COLUMNS)]

    def shows(self, facts: frozenset[str]) -> bool:
        """Say whether a site of which these facts hold is wanted."""
        if self.only_problems and not facts & PROBLEMS:
            return False
        return self.state in ("", GONE) or self.state in facts


@require_safe
@open_to_everyone
@public_with_board
def site_board(request: HttpRequest) -> HttpResponse:
    """Show all sites, those with a problem first; public where the instance says so."""
    now = clock.now()
    wanted = Filter.of(request)
    sites = wanted.sites()
    ages = freshness(now)
    state_ages = sources_of_states(ages)
    columns = columns_of(state_ages, now)
    timeline = Timeline.around(now, days_back=DAYS_BACK, days_ahead=DAYS_AHEAD)
    groups = _groups(sites, wanted, columns, ages, timeline, request.user)
    listed = [group for group in groups if group.lines]
    return render(
        request,
        "monitoring/board.html",
        {
            "listed": listed,
            "grids": [group for group in groups if group.cells],
            "columns": columns,
            "warnings": warnings_of(columns),
            "width": 3 + len(columns),
            "is_crowded": len(columns) > ROOMY,
            "systems": _systems(state_ages, now),
            "axis": [
                # A crowded table has room for the day of the month only.
                Cell(cell.words.split()[-1], cell.is_now) if len(columns) > ROOMY else cell
                for cell in timeline.cells()
            ],
            "filter": wanted,
            "centres": OperationsCentre.objects.filter(gone_at=None)
            .order_by("name")
            .values_list("name", flat=True),
            "vos": VO.objects.filter(vo_sites__isnull=False)
            .distinct()
            .order_by("name")
            .values_list("name", flat=True),
            "states": [*GROUPS.items(), (GONE, _("no longer in GOCDB"))],
            "shapes": [(status.value, status.label) for status in Status],
            "count": ngettext("%(n)d site", "%(n)d sites", len(sites)) % {"n": len(sites)},
            "age": downtime_lines.age_words(ages[DOWNTIMES], now),
            "short_age": age_words(ages[DOWNTIMES].last_success, now),
            "is_stale": ages[DOWNTIMES].stale,
        },
    )


def _groups(
    sites: list[SiteRow],
    wanted: Filter,
    columns: list[Column],
    ages: dict[str, Freshness],
    timeline: Timeline,
    user: Any,
) -> list[Group]:
    ids = [site.pk for site in sites]
    now = timeline.now
    badges = current_conditions_for_sites(ids, at=now, ages=ages)
    rows = states_by_site(ids, columns) if columns else {}
    downtimes = board_lines.downtimes_of(timeline)
    tiers = board_lines.tiers()
    services = board_lines.service_counts(downtimes.keys() & badges.keys())
    numbers = open_numbers_of_sites(user, ids) if user.is_authenticated else {}
    language = get_language() or ""
    places = (
        Place(
            site=site,
            badge=badges[site.pk],
            columns=columns,
            row=rows.get(site.pk, ()),
            downtimes=downtimes.get(site.pk, ()),
            tiers=tiers.get(site.pk, ()),
            tickets=numbers.get(site.pk, ()),
            services=services.get(site.pk, 0),
            now=now,
            language=language,
        )
        for site in sites
    )
    return board_lines.groups_of(
        (place for place in places if wanted.shows(place.facts)),
        timeline,
        is_gone=wanted.state == GONE,
    )


def _systems(ages: dict[str, Freshness], now: datetime) -> list[dict[str, Any]]:
    """Return the states of whole systems that are not in order, ready to be shown."""
    return [
        {
            "state": display.state(state.status, Status(state.status).label),
            "source": source_name(state.source),
            "name": state.entity,
            "summary": state.summary or state.raw_status,
            "age": display.age(state.since, now),
            "url": state.evidence_url,
        }
        for state in system_states(ages=ages)
        if state.status != Status.OK and not state.stale
    ]
