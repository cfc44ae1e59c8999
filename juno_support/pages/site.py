"""The page of one site: what is going on, what it is, and who answers there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, open_to_everyone
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib import clock, display
from juno_support.lib.strips import Timeline
from juno_support.lib.text import show_bidi
from juno_support.pages import downtime_lines, history
from juno_support.pages.board_lines import STATUS_TONES
from juno_support.pages.downtime_lines import DowntimeLine, downtime_line
from juno_support.pages.public_board import public_with_board
from monitoring import states
from monitoring.models import Downtime
from monitoring.queries import (
    DOWNTIMES,
    SiteState,
    current_conditions_for_sites,
    downtimes_of_site,
)
from monitoring.status_rows import sources_of_states
from supportunits import changes, policies
from supportunits.models import SupportUnit, VOSite
from tickets.queries import open_tickets
from tickets.views import rows
from topology.actions.overrides import override_site
from topology.forms import OverridesForm
from topology.models import NetworkLink, Service, Site
from topology.models.site import CertificationStatus
from topology.queries import SiteNotFound, find_site

DAYS_BACK = 14
DAYS_AHEAD = 14
DOWNTIMES_SHOWN = 60
TICKETS_SHOWN = 20
SERVICES_SHOWN = 500


@dataclass(frozen=True)
class Notice:
    """Something that the reader should know before anything else."""

    tone: str
    text: str


@dataclass(frozen=True)
class Host:
    """A host that offers a type of service; ``tag`` says what is out of the ordinary."""

    name: str
    portal_url: str
    tag: str
    scopes: str


@dataclass(frozen=True)
class ServiceType:
    """The hosts of a site that offer one type of service."""

    name: str
    hosts: tuple[Host, ...]


@require_safe
@open_to_everyone
@public_with_board
def site_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a site; public where the board is. Addresses are shown to supporters only."""
    site = Site.objects.select_related("operations_centre").filter(name=name).first()
    if site is None:
        return _another_name(request, name)
    return _show(request, site)


@require_POST
@allowed_if(policies.is_admin)
def override(request: HttpRequest, name: str) -> HttpResponse:
    """Set an admin's words about a site, which win over the source's."""
    site = get_object_or_404(Site.objects.select_related("operations_centre"), name=name)
    form = OverridesForm(request.POST)
    if form.is_valid():
        try:
            override_site(
                site=site, changes=form.cleaned_data, by=cast(User, request.user), at=clock.now()
            )
        except SupportError as error:
            form.add_error("time_zone_override", str(error))
        else:
            messages.success(request, _("Your words about %(site)s hold.") % {"site": site.name})
            return redirect("sites:site", name=site.name)
    return _show(request, site, form=form, status=422)


def _another_name(request: HttpRequest, name: str) -> HttpResponse:
    """Lead to the site that is known by this name, or say which names come near."""
    if len(name) > 200:
        raise Http404
    try:
        return redirect("sites:site", name=find_site(name).name)
    except SiteNotFound as unknown:
        return render(
            request,
            "topology/no_such_site.html",
            {"name": show_bidi(name), "similar": unknown.similar},
            status=404,
        )


def _show(
    request: HttpRequest, site: Site, *, form: OverridesForm | None = None, status: int = 200
) -> HttpResponse:
    now, user = clock.now(), request.user
    ages = freshness(now)
    badge = current_conditions_for_sites([site.pk], at=now, ages=ages)[site.pk]
    timeline = Timeline.around(now, days_back=DAYS_BACK, days_ahead=DAYS_AHEAD, days_a_cell=7)
    services = _services(site)
    downtimes = downtimes_of_site(site, limit=DOWNTIMES_SHOWN)
    is_admin = policies.is_admin(user)
    sees_addresses = policies.may_see_addresses(user)
    context: dict[str, Any] = {
        "site": site,
        "may_announce": policies.may_announce(user),
        "badge": downtime_lines.badge(badge.state),
        "state": badge.state,
        "state_words": _state_words(badge.state, badge.until, ages[DOWNTIMES], now),
        "notices": _notices(site, ages[DOWNTIMES], now),
        "history": _history(request, site, downtimes, ages, now),
        "groups": _downtime_groups(downtimes, timeline, now),
        "axis": timeline.cells(),
        "age": downtime_lines.age_words(ages[DOWNTIMES], now),
        "topology_age": downtime_lines.age_words(ages["gocdb-topology"], now),
        "services": services,
        "service_count": sum(len(kind.hosts) for kind in services),
        "status": _status_pill(site),
        "names": {
            "official": show_bidi(site.official_name),
            "description": show_bidi(site.description),
        },
        "local_time": _local_time(site, now),
        "aliases": list(site.aliases.order_by("name").values_list("name", flat=True)),
        "vos": [
            (listed.vo.name, listed.get_tier_display(), listed.is_in_commissioning)
            for listed in VOSite.objects.filter(site=site).select_related("vo").order_by("vo__name")
        ],
        "links": [
            link.name
            for link in NetworkLink.objects.filter(site_a=site).union(
                NetworkLink.objects.filter(site_b=site)
            )
        ],
        "sees_addresses": sees_addresses,
        "is_admin": is_admin,
        "new_url": f"/tickets/new/?{urlencode({'sites': site.name})}",
        "queue_url": f"/tickets/?{urlencode({'q': f'site:{site.name} status:open'})}",
    }
    if user.is_authenticated:
        context["unit"] = SupportUnit.objects.filter(site=site).first()
        context["may_open_unit"] = policies.may_open_units(user)
        tickets = open_tickets(user).filter(affectedsite__site=site).order_by("-pk")
        context["tickets"] = rows.rows(list(rows.for_list(tickets, user)[:TICKETS_SHOWN]), at=now)
    if sees_addresses:
        context["contacts"] = list(site.contacts.order_by("role", "name"))
        context["trace"] = trace(request, changes.parts_of_site(site), sees_addresses=True)
    if is_admin:
        context["form"] = form or OverridesForm(
            initial={field: getattr(site, field) for field in OverridesForm.base_fields}
        )
    return render(request, "topology/site.html", context, status=status)


def _history(
    request: HttpRequest,
    site: Site,
    downtimes: list[Downtime],
    ages: dict[str, Freshness],
    now: datetime,
) -> history.History:
    span = history.span_of(request)
    axis = history.timeline_of(span, now)
    state_ages = sources_of_states(ages)
    return history.history_of(
        states.history_of_site(site.pk, starts_at=axis.starts_at, ends_at=now, ages=state_ages)
        if state_ages
        else [],
        axis,
        span=span,
        ages=state_ages,
        downtimes=downtimes,
    )


def _state_words(state: str, until: datetime | None, age: Freshness, now: datetime) -> str:
    """Say in a sentence what the state means now."""
    match state:
        case SiteState.OUTAGE | SiteState.AT_RISK if until:
            moment = display.local_text(until, now)
            if state == SiteState.OUTAGE:
                return _("A declared outage is running until %(moment)s.") % {"moment": moment}
            return _("The site is declared at risk until %(moment)s.") % {"moment": moment}
        case SiteState.NONE:
            return _("No downtime is declared for now.")
    if age.stale:
        return _("Nobody knows: the data about downtimes are too old.")
    return _("Nobody knows: GOCDB does not have this site.")


def _notices(site: Site, age: Freshness, now: datetime) -> list[Notice]:
    found = []
    if site.gone_at:
        found.append(
            Notice(
                "warn",
                _("GOCDB does not list this site any more (since %(moment)s).")
                % {"moment": display.local_text(site.gone_at, now)},
            )
        )
    if site.certification_status == CertificationStatus.SUSPENDED:
        found.append(Notice("warn", _("The site is suspended: it may not run production.")))
    if site.certification_status == CertificationStatus.CLOSED:
        found.append(Notice("warn", _("The site is closed.")))
    if site.source == "local":
        found.append(
            Notice("info", _("This site is not in GOCDB; nobody declares downtimes for it."))
        )
    if age.stale:
        found.append(
            Notice(
                "warn",
                _("The data about downtimes are old: %(age)s. What is not shown is unknown.")
                % {"age": downtime_lines.age_words(age, now)},
            )
        )
    return found


def _downtime_groups(
    downtimes: list[Any], timeline: Timeline, now: datetime
) -> list[tuple[str, list[DowntimeLine]]]:
    """Return running, coming and past downtimes; the past ones newest first."""
    running: list[DowntimeLine] = []
    coming: list[DowntimeLine] = []
    past: list[DowntimeLine] = []
    for downtime in downtimes:
        line = downtime_line(downtime, timeline, now)
        if downtime.withdrawn_at or downtime.ends_at <= now:
            past.append(line)
        elif downtime.starts_at > now:
            coming.insert(0, line)
        else:
            running.append(line)
    groups = [(_("Running"), running), (_("Coming"), coming), (_("Past"), past)]
    return [(heading, lines) for heading, lines in groups if lines]


def _services(site: Site) -> list[ServiceType]:
    services = Service.objects.filter(site=site, gone_at=None).order_by("service_type", "hostname")
    hosts: dict[str, list[Host]] = {}
    for service in services[:SERVICES_SHOWN]:
        tag = ""
        if not service.is_in_production:
            tag = _("not in production")
        elif not service.is_monitored:
            tag = _("not monitored")
        hosts.setdefault(show_bidi(service.service_type), []).append(
            Host(
                name=show_bidi(service.hostname),
                portal_url=service.portal_url,
                tag=tag,
                scopes=", ".join(service.scopes),
            )
        )
    return [ServiceType(name, tuple(found)) for name, found in hosts.items()]


def _status_pill(site: Site) -> SafeString:
    status = CertificationStatus(site.certification_status)
    if status == CertificationStatus.UNKNOWN:
        return display.pill(str(status.label), "unknown")
    tone = STATUS_TONES.get(status, "good")
    return display.pill(str(status.label), tone)


def _local_time(site: Site, now: datetime) -> str:
    """Return the time of day at the site, empty where nobody told its zone."""
    if not (site.time_zone or site.time_zone_override):
        return ""
    return f"{now.astimezone(zone_of(site.zone)):%H:%M} {site.zone}"
