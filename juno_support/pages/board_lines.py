"""The lines of the sites board: those with a problem or a downtime first, the others in a grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Count
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from juno_support.lib import display
from juno_support.lib.strips import Timeline
from juno_support.lib.text import shorten, show_bidi
from juno_support.pages import downtime_lines
from juno_support.pages.board_columns import Column, marks
from monitoring.models import Downtime, Severity
from monitoring.queries import SiteBadge, SiteState
from monitoring.states import BoardState
from monitoring.statuses import SEVERITY, Status
from supportunits.models import Tier, VOSite
from topology.models import Service
from topology.models.site import CertificationStatus

PROBLEM, WARNING, COMING, GONE = "problem", "warning", "coming", "gone"
DESCRIPTION_LENGTH = 90

# The groups in the order of the page, which are also what one can ask for.
GROUPS = {
    PROBLEM: gettext_lazy("critical or down"),
    SiteState.OUTAGE.value: SiteState.OUTAGE.label,
    SiteState.AT_RISK.value: SiteState.AT_RISK.label,
    WARNING: gettext_lazy("warning"),
    COMING: gettext_lazy("downtime coming"),
    SiteState.UNKNOWN.value: gettext_lazy("downtimes unknown"),
    SiteState.NONE.value: SiteState.NONE.label,
}
PROBLEMS = frozenset({PROBLEM, SiteState.OUTAGE.value, SiteState.AT_RISK.value, WARNING})

# Worth a word beside a site's name; certified and unknown are the rule.
STATUS_TONES = {
    CertificationStatus.SUSPENDED: "bad",
    CertificationStatus.CLOSED: "bad",
    CertificationStatus.UNCERTIFIED: "warn",
    CertificationStatus.CANDIDATE: "warn",
}


class SiteRow(NamedTuple):
    """What the board shows of a site itself; columns of ``SITE_COLUMNS``."""

    pk: int
    name: str
    country: str
    certification_status: str
    centre: str | None


SITE_COLUMNS = ("pk", "name", "country", "certification_status", "operations_centre__name")


@dataclass(frozen=True)
class Group:
    """Sites in one state: rows of the table, and items of the grid."""

    state: str
    heading: str
    note: str
    lines: tuple[SafeString, ...]
    cells: tuple[SafeString, ...]


@dataclass
class Place:
    """All that the board knows of one site at ``now``; ``row`` are its states by column.

    ``language`` is the reader's, asked for once, because there are hundreds of places.
    """

    site: SiteRow
    badge: SiteBadge
    columns: Sequence[Column]
    row: Sequence[BoardState | None]
    downtimes: Sequence[Downtime]
    tiers: Sequence[str]
    tickets: Sequence[int]
    services: int
    now: datetime
    language: str

    @cached_property
    def facts(self) -> frozenset[str]:
        """Return what holds of the site, as keys of ``GROUPS``."""
        shown = self.downtime
        found = {COMING if shown and shown.starts_at > self.now else self.badge.state}
        severity, _since = self.worst
        if severity >= SEVERITY[Status.CRITICAL]:
            # What an outage was declared for is no surprise.
            if self.badge.state != SiteState.OUTAGE:
                found.add(PROBLEM)
        elif severity >= SEVERITY[Status.WARNING]:
            found.add(WARNING)
        return frozenset(found)

    @cached_property
    def downtime(self) -> Downtime | None:
        """Return the downtime to name: a running outage, else what runs, else what comes next."""
        if not self.downtimes:
            return None
        running = [one for one in self.downtimes if one.starts_at <= self.now < one.ends_at]
        if running:
            return max(running, key=lambda one: (one.severity == Severity.OUTAGE, one.ends_at))
        coming = [one for one in self.downtimes if one.starts_at > self.now]
        return min(coming, key=lambda one: one.starts_at, default=None)

    @cached_property
    def worst(self) -> tuple[int, float]:
        """Return how bad the worst that counts is, and since which second."""
        worst, since = 0, 0.0
        for column, state in zip(self.columns, self.row, strict=True):
            if state is None or not column.counts:
                continue
            severity = SEVERITY[state.status]
            if severity < worst or not severity:
                continue
            began = state.since.timestamp()
            if severity > worst or began < since:
                worst, since = severity, began
        return worst, since


def groups_of(places: Iterable[Place], timeline: Timeline, *, is_gone: bool) -> list[Group]:
    """Return the sites in groups, in the order of ``GROUPS``; empty groups are left out."""
    lines: dict[str, list[Place]] = {}
    cells: dict[str, list[Place]] = {}
    has_columns = False
    for place in places:
        state = next(group for group in GROUPS if group in place.facts)
        in_grid = place.downtime is None and not place.facts & PROBLEMS
        (cells if in_grid else lines).setdefault(state, []).append(place)
        has_columns = has_columns or bool(place.columns)
    notes = {
        SiteState.UNKNOWN.value: _("Missing data is unknown, not fine."),
        COMING: _("Declared to begin within a week."),
        PROBLEM: _("Outside a declared outage."),
    }
    headings = {state: str(label) for state, label in GROUPS.items()}
    if is_gone:
        headings[SiteState.UNKNOWN.value] = _("no longer in GOCDB")
    elif has_columns:
        headings[SiteState.NONE.value] = _("nothing to report")
    words = {state.value: escape(state.label) for state in SiteState}
    label = escape(_("Downtime"))
    found = []
    for state in GROUPS:
        listed = sorted(lines.get(state, ()), key=lambda place: _order(place, state))
        group = Group(
            state=state,
            heading=headings[state],
            note=notes.get(state, ""),
            lines=tuple(_line(place, timeline, label, words) for place in listed),
            cells=tuple(_cell(place, words) for place in cells.get(state, ())),
        )
        if group.lines or group.cells:
            found.append(group)
    return found


def _order(place: Place, state: str) -> tuple[Any, ...]:
    """Worst first and then the newest; downtimes by their end, coming ones by their start."""
    if state in (PROBLEM, WARNING):
        severity, since = place.worst
        return -severity, -since, place.site.name
    shown = place.downtime
    if shown is None:
        return 0, 0.0, place.site.name
    moment = shown.starts_at if state == COMING else shown.ends_at
    return 0, moment.timestamp(), place.site.name


def _line(place: Place, timeline: Timeline, label: str, words: dict[str, SafeString]) -> SafeString:
    """Return a row of the table; every part is escaped here, because there may be hundreds."""
    site, downtimes = place.site, place.downtimes
    url = escape(site_url(site.name))
    cells = "".join(
        f'<td class="board-source{"" if state else " is-silent"}" data-label="{column.label}">'
        f"<span>{_state_cell(column, state, url, place.now)}</span></td>"
        for column, state in zip(place.columns, place.row, strict=True)
    )
    strip = ""
    if downtimes:
        drawn = ngettext("%(n)d downtime", "%(n)d downtimes", len(downtimes))
        spans = [downtime_lines.span_of(one) for one in downtimes]
        strip = timeline.strip(spans, drawn % {"n": len(downtimes)})
    state = place.badge.state
    return SafeString(
        f'<tr><th scope="row"><a href="{url}">{escape(site.name)}</a> {_tickets(place)}'
        f' {_tags(place)}<span class="board-note">{_where(site)}</span></th>'
        f'<td data-label="{label}"><span><span class="badge-site" data-state="{state}">'
        f"{words[state]}</span>{_downtime(place)}</span></td>"
        f'{cells}<td class="board-strip">{strip}</td></tr>'
    )


def _downtime(place: Place) -> SafeString:
    """Return the most pressing downtime: until when, what it is, and how much it covers."""
    shown, now = place.downtime, place.now
    if shown is None:
        return SafeString("")
    what = downtime_lines.severity_words(shown.severity, shown.classification)
    if text := shorten(show_bidi(shown.description), DESCRIPTION_LENGTH):
        what = f"{what}: {text}"
    services = _services_words(len(shown.affected), place.services)
    if others := sum(1 for one in place.downtimes if one.ends_at > now) - 1:
        more = ngettext("and %(n)d more", "and %(n)d more", others) % {"n": others}
        services = f"{services}, {more}"
    is_coming = shown.starts_at > now
    words = _("from %(moment)s, %(left)s") if is_coming else _("until %(moment)s, %(left)s")
    when = escape(words) % {
        "moment": display.when(shown.starts_at if is_coming else shown.ends_at, now),
        "left": escape(downtime_lines.left_words(shown, now)),
    }
    return SafeString(
        f'<span class="board-note">{when}</span>'
        f'<span class="board-note">{escape(what)} ({escape(services)})</span>'
    )


def _state_cell(column: Column, state: BoardState | None, url: str, now: datetime) -> SafeString:
    cell = column.cell(state, now)
    if state is None:
        return cell
    return SafeString(f'<a class="board-state" href="{url}#source-{column.source}">{cell}</a>')


def _cell(place: Place, words: dict[str, SafeString]) -> SafeString:
    """Return an item of the grid; every part is escaped here, because there are hundreds."""
    state = place.badge.state
    return SafeString(
        f'<li class="board-cell">{_named(place.site, state)}'
        f'<span class="visually-hidden">{words[state]}</span>'
        f"{_tags(place)}{_tickets(place)}{marks(place.columns, place.row, place.language)}</li>"
    )


@lru_cache(maxsize=4096)
def _named(site: SiteRow, state: str) -> SafeString:
    """Write the name of a site with its state's colour; it seldom changes."""
    return SafeString(
        f'<a href="{escape(site_url(site.name))}" title="{_where(site)}">'
        f'<span class="badge-site" data-state="{state}">{escape(site.name)}</span></a>'
    )


@lru_cache(maxsize=4096)
def site_url(name: str) -> str:
    """Return the address of a site's page."""
    return reverse("sites:site", args=[name])


def _where(site: SiteRow) -> SafeString:
    return _place(site.centre or "", site.country)


@lru_cache(maxsize=4096)
def _place(centre: str, country: str) -> SafeString:
    return escape(" · ".join(show_bidi(part) for part in (centre, country) if part))


def _services_words(affected: int, all_services: int) -> str:
    """Say how much of a site a downtime covers: "3 of 37 services"."""
    if affected > all_services:
        return ngettext("%(n)d service", "%(n)d services", affected) % {"n": affected}
    return ngettext("%(n)d of %(all)d service", "%(n)d of %(all)d services", all_services) % {
        "n": affected,
        "all": all_services,
    }


def _tags(place: Place) -> SafeString:
    if not place.tiers and place.site.certification_status not in STATUS_TONES:
        return SafeString("")
    tags = [format_html('<span class="tag tag-accent">{}</span>', words) for words in place.tiers]
    status = CertificationStatus(place.site.certification_status)
    if status in STATUS_TONES:
        tags.append(
            format_html('<span class="tag tag-{}">{}</span>', STATUS_TONES[status], status.label)
        )
    return SafeString(" ".join(tags))


def _tickets(place: Place) -> SafeString:
    if not place.tickets:
        return SafeString("")
    return _count(place.site.name, min(len(place.tickets), 100), place.language)


@lru_cache(maxsize=4096)
def _count(site: str, tickets: int, _language: str) -> SafeString:
    """Write the number of open tickets; it seldom changes."""
    count = "99+" if tickets > 99 else str(tickets)
    words = ngettext("%(n)s open ticket", "%(n)s open tickets", tickets) % {"n": count}
    return format_html(
        '<a class="count" href="{}#tickets" title="{}">{}<span class="visually-hidden"> {}</span>'
        "</a>",
        site_url(site),
        words,
        count,
        words,
    )


# What is read from the database for all sites at once; one query each.


def downtimes_of(timeline: Timeline) -> dict[int, list[Downtime]]:
    """Return the downtimes that touch the timeline, by site."""
    found: dict[int, list[Downtime]] = {}
    for downtime in Downtime.objects.filter(
        withdrawn_at=None,
        ends_at__gt=timeline.starts_at,
        starts_at__lt=timeline.ends_at,
    ).order_by("starts_at", "pk"):
        found.setdefault(downtime.site_id, []).append(downtime)
    return found


def service_counts(site_ids: Iterable[int]) -> dict[int, int]:
    """Return how many services each site has."""
    return dict(
        Service.objects.filter(site__in=list(site_ids), gone_at=None)
        .values("site")
        .annotate(count=Count("pk"))
        .values_list("site", "count")
    )


def tiers() -> dict[int, list[str]]:
    """Return for each site the VOs that use it and its tier there, in words."""
    words = {tier: str(label) for tier, label in Tier.choices}
    found: dict[int, list[str]] = {}
    for site, vo, tier in VOSite.objects.order_by("pk").values_list("site_id", "vo__name", "tier"):
        found.setdefault(site, []).append(f"{vo} {words[tier]}")
    return found
