"""Alarm drills of a VO: the table of minutes to receipt, who is missing, and the one step that
starts the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from monitoring import queries as monitoring
from supportunits import policies as unit_policies
from supportunits.models import ALARM_TIERS, VO, VOSite
from tickets import queries
from tickets.actions.alarm import why_not_listed
from tickets.actions.drill import quarter_of, quarter_words, start_drill
from tickets.models import WallClock
from tickets.views.shared import key_or_none, person
from topology.models import Site

QUARTERS = 6
Quarter = tuple[int, int]


@dataclass(frozen=True)
class Line:
    """One centre: its results by quarter, newest first, and whether it can be tested now.

    :ivar cells: each with the words of its quarter
    :ivar problem: why it cannot be woken, with the next possible step; empty where it can
    :ivar note: what to know before it is tested: a declared downtime
    """

    key: int
    name: str
    tier: str
    cells: list[tuple[str, SafeString]]
    is_missing: bool
    problem: str
    note: str


@require_safe
@checked_inside
def drills(request: HttpRequest, name: str) -> HttpResponse:
    """Show how long each centre needed in each quarter, and who is missing in this one."""
    return _page(request, _find(request, name))


@require_POST
@checked_inside
def start(request: HttpRequest, name: str) -> HttpResponse:
    """Start a drill at the chosen centres."""
    vo = _find(request, name)
    key = key_or_none(request.POST.get("key"))
    numbers = map(whole_number, request.POST.getlist("sites"))
    chosen = {number for number in numbers if number is not None}
    sites = [row.site for row in _centres(vo) if row.site_id in chosen]
    try:
        started = start_drill(
            vo=vo, sites=sites, submission_key=key or uuid4(), by=person(request), at=clock.now()
        )
    except SupportError as error:
        status = 403 if error.is_refusal else 422
        return _page(request, vo, problem=str(error), chosen=chosen, status=status)
    number = len(started.tickets)
    messages.success(
        request,
        ngettext(
            "The drill is started at %(n)d centre.",
            "The drill is started at %(n)d centres.",
            number,
        )
        % {"n": number},
    )
    for _site, words in started.refused:
        messages.warning(request, words)
    return redirect("alarm-drills", vo.name)


def _page(
    request: HttpRequest,
    vo: VO,
    *,
    problem: str = "",
    chosen: set[int] | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    quarters = _last_quarters(at)
    newest = _newest(vo, quarters)
    centres = list(_centres(vo))
    downtimes = _downtimes([row.site for row in centres], at)
    lines = [_line(row, quarters, newest, downtimes, at) for row in centres]
    missing = [line.name for line in lines if line.is_missing]
    may_start = unit_policies.may_start_drills(person(request), vo)
    context = {
        "vo": vo,
        "lines": lines,
        "quarters": [quarter_words(quarter) for quarter in quarters],
        "missing": ", ".join(missing),
        "may_start": may_start,
        "chosen": chosen
        if chosen is not None
        else {line.key for line in lines if line.is_missing and not (line.problem or line.note)},
        "key": uuid4(),
        "problem": problem,
    }
    return render(request, "tickets/drills.html", context, status=status)


def _find(request: HttpRequest, name: str) -> VO:
    vo = VO.objects.filter(name__iexact=name[:100]).first()
    if vo is None or not unit_policies.may_see_drills(person(request), vo):
        raise Http404
    return vo


def _centres(vo: VO) -> Any:
    return (
        VOSite.objects.filter(vo=vo, tier__in=ALARM_TIERS)
        .select_related("site", "vo")
        .order_by("tier", "site__name")
    )


def _last_quarters(at: datetime) -> list[Quarter]:
    """Return the newest quarters, this one first."""
    year, quarter = quarter_of(at)
    last = year * 4 + quarter - 1
    return [(each // 4, each % 4 + 1) for each in range(last, last - QUARTERS, -1)]


def _newest(vo: VO, quarters: list[Quarter]) -> dict[tuple[int, Quarter], WallClock]:
    """Return the newest drill of each centre in each quarter; one query."""
    year, quarter = quarters[-1]
    since = datetime(year, 3 * quarter - 2, 1, tzinfo=UTC)
    found: dict[tuple[int, Quarter], WallClock] = {}
    for run in queries.drill_clocks(vo=vo, since=since):
        site = run.ticket.notified_site_id
        if site is not None:
            found.setdefault((site, quarter_of(run.starts_at)), run)
    return found


def _downtimes(sites: list[Site], at: datetime) -> dict[int, datetime]:
    """Return until when the sites that are in a declared downtime are in it; one query."""
    running = monitoring.running_downtimes(sites, at=at)
    return {downtime.site_id: downtime.ends_at for downtime in running}


def _line(
    row: VOSite,
    quarters: list[Quarter],
    newest: Mapping[tuple[int, Quarter], WallClock],
    downtimes: Mapping[int, datetime],
    at: datetime,
) -> Line:
    problem = why_not_listed(row)
    this = newest.get((row.site_id, quarters[0]))
    ends_at = downtimes.get(row.site_id)
    return Line(
        key=row.site_id,
        name=row.site.name,
        tier=str(row.get_tier_display()),
        cells=[
            (quarter_words(quarter), _cell(newest.get((row.site_id, quarter)), at))
            for quarter in quarters
        ],
        is_missing=this is None or (this.minutes is None and not this.is_running),
        problem=str(problem) if problem else "",
        note=_("in a declared downtime until %(end)s") % {"end": display.utc_text(ends_at)}
        if ends_at
        else "",
    )


def _cell(run: WallClock | None, at: datetime) -> SafeString:
    if run is None:
        return SafeString('<span class="muted">–</span>')
    if run.received_at is not None:
        tone = "good" if run.received_at <= run.due_at else "warn"
        shown = display.pill(_("%(n)d min") % {"n": run.minutes or 0}, tone)
    elif run.is_running and at < run.due_at:
        shown = display.pill(_("running"), "info")
    else:
        shown = display.pill(_("no receipt"), "bad")
    return format_html('<a href="/tickets/{}/">{}</a>', run.ticket_id, shown)
