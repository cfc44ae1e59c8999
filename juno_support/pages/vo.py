"""The page of one virtual organisation: its ID card, its sites, its units."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi
from juno_support.pages import card_lines, card_standing
from juno_support.pages.unit_words import missing, state_pill
from supportunits import changes, policies, queries
from supportunits.actions import units as unit_actions
from supportunits.actions import vos as vo_actions
from supportunits.forms import TeamTicketsForm, VOSiteForm
from supportunits.models import (
    VO,
    IssueType,
    SupportUnit,
    UnitKind,
    VOIDCard,
    VOMembership,
    VOSite,
)
from supportunits.presence import presence_words
from topology.models import Site
from topology.models.site import CertificationStatus

_CERTIFICATION_TONES = {
    CertificationStatus.UNKNOWN: "unknown",
    CertificationStatus.CANDIDATE: "info",
    CertificationStatus.UNCERTIFIED: "warn",
    CertificationStatus.CERTIFIED: "good",
    CertificationStatus.SUSPENDED: "bad",
    CertificationStatus.CLOSED: "neutral",
}


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site of a VO, ready to be written."""

    name: str
    url: str
    official_name: str
    tier: str
    certification: SafeString
    commissioning: str
    unit: str
    unit_url: str
    unit_state: SafeString
    unit_note: str


@require_safe
@allowed_if(is_signed_in)
def vo_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a VO: its ID card with all fields, its sites, people and types of issue."""
    return _show(request, _find(name))


@require_POST
@allowed_if(policies.may_open_units)
def open_units(request: HttpRequest, name: str) -> HttpResponse:
    """Open the units of all sites of the VO and of their operations centres."""
    vo = _find(name)
    found = unit_actions.open_units_for_vo(vo=vo, by=cast(User, request.user), at=clock.now())
    count = len(found.opened)
    if count:
        words = ngettext("%(n)d unit is open now.", "%(n)d units are open now.", count)
        messages.success(request, words % {"n": count})
    else:
        messages.info(request, _("Every site and operations centre of the VO has its unit."))
    for unit in found.without_contact:
        messages.warning(
            request,
            _("%(unit)s has no contact yet: no ticket reaches it.") % {"unit": unit.name},
        )
    return redirect(reverse("vos:vo", args=[vo.name]) + "#sites")


@require_POST
@checked_inside
def change_sites(request: HttpRequest, name: str) -> HttpResponse:
    """List a site, change how it is listed, or take it off the list."""
    vo = _find(name)
    if not policies.may_change_vo_sites(request.user, vo):
        raise PermissionDenied
    facts: dict[str, Any] = {"vo": vo, "by": request.user, "at": clock.now()}
    here = reverse("vos:vo", args=[vo.name]) + "#sites"
    if "remove" in request.POST:
        site = get_object_or_404(Site, name=request.POST["remove"])
        try:
            vo_actions.remove_vo_site(site=site, **facts)
        except SupportError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(site)s is off the list.") % {"site": site.name})
        return redirect(here)
    form = VOSiteForm(request.POST)
    if form.is_valid():
        listed = Site.objects.filter(name__iexact=form.cleaned_data.pop("site").strip()).first()
        if listed is None:
            form.add_error("site", _("There is no site of that name. Names come from GOCDB."))
        else:
            try:
                vo_actions.set_vo_site(site=listed, **form.cleaned_data, **facts)
            except SupportError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("%(site)s is on the list.") % {"site": listed.name})
                return redirect(here)
    return _show(request, vo, form)


@require_POST
@checked_inside
def change_team_tickets(request: HttpRequest, name: str) -> HttpResponse:
    """Say whether the VO's shifters file TEAM tickets, and what these need."""
    vo = _find(name)
    if not policies.may_change_team_tickets(request.user, vo):
        raise PermissionDenied
    form = TeamTicketsForm(request.POST)
    if form.is_valid():
        try:
            vo_actions.set_team_tickets(
                vo=vo, by=cast(User, request.user), at=clock.now(), **form.cleaned_data
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect(reverse("vos:vo", args=[vo.name]) + "#team")
    return _show(request, vo, wrong_team=form)


def _find(name: str) -> VO:
    return get_object_or_404(VO.objects.select_related("card", "portal_copy"), name__iexact=name)


def _team_form(vo: VO) -> TeamTicketsForm:
    return TeamTicketsForm(
        initial={
            "has_team_tickets": vo.has_team_tickets,
            "mou_areas": "\n".join(vo.mou_areas),
            "propose_after_minutes": vo.propose_after_minutes,
        }
    )


def _show(
    request: HttpRequest,
    vo: VO,
    wrong: VOSiteForm | None = None,
    wrong_team: TeamTicketsForm | None = None,
) -> HttpResponse:
    user = request.user
    card: VOIDCard | None = getattr(vo, "card", None)
    sees_addresses = policies.may_see_addresses_of_card(user, vo)
    may_change = policies.may_change_vo_sites(user, vo)
    members = VOMembership.objects.filter(vo=vo, user__is_active=True).aggregate(
        all=Count("pk"),
        shifters=Count("pk", filter=Q(is_shifter=True)),
        alarmers=Count("pk", filter=Q(is_alarmer=True)),
    )
    return render(
        request,
        "pages/vo.html",
        {
            "vo": vo,
            "card": card,
            "status": card_lines.status_pill(card) if card else "",
            "identity": card_lines.identity(card) if card else [],
            "services": card_lines.services(vo, card) if card else [],
            "description": show_bidi(card.description) if card else "",
            "policy": card_lines.policy(card) if card else card_lines.Fact(""),
            "lists": card_lines.lists(card) if card and sees_addresses else [],
            "sees_addresses": sees_addresses,
            "contacts": card_lines.contacts(card, sees_addresses) if card else [],
            "voms": card_lines.voms(card) if card else [],
            "groups": card_lines.groups(card) if card else [],
            "resources": card_lines.resources(card) if card else [],
            "requirements": card_lines.requirements(card) if card else "",
            "acknowledgements": card_lines.acknowledgements(card) if card else [],
            "registries": card_lines.registries(card) if card else [],
            "sites": _sites(vo),
            "units": _units(vo),
            "issue_types": _issue_types(vo),
            "members": members,
            "may_open": policies.may_open_units(user),
            "sees_drills": policies.may_see_drills(user, vo),
            "may_change": may_change,
            "form": (wrong or VOSiteForm()) if may_change else None,
            "team_form": (wrong_team or _team_form(vo))
            if policies.may_change_team_tickets(user, vo)
            else None,
            "trace": trace(request, changes.parts_of_vo(vo), sees_addresses=True)
            if sees_addresses
            else None,
        }
        | (card_standing.standing(vo, card, user, clock.now()) if card else {}),
        status=422 if wrong or wrong_team else 200,
    )


def _sites(vo: VO) -> list[SiteLine]:
    vo_sites = list(
        VOSite.objects.filter(vo=vo).select_related("site").order_by("tier", "site__name")
    )
    chains = queries.chains_for_sites([vo_site.site for vo_site in vo_sites])
    return [_site_line(vo_site, chains[vo_site.site_id][0]) for vo_site in vo_sites]


def _site_line(vo_site: VOSite, unit: SupportUnit) -> SiteLine:
    site = vo_site.site
    status = CertificationStatus(site.certification_status)
    note = ""
    if unit.kind == UnitKind.TPM:
        note = _("no unit of the site can be reached")
    elif unit.kind == UnitKind.OPERATIONS_CENTRE:
        note = _("its operations centre")
    return SiteLine(
        name=site.name,
        url=f"/sites/{site.name}/",
        official_name=show_bidi(site.official_name),
        tier=vo_site.get_tier_display(),
        certification=display.pill(str(status.label), _CERTIFICATION_TONES[status]),
        commissioning=_("in commissioning") if vo_site.is_in_commissioning else "",
        unit=unit.name,
        unit_url=reverse("units:unit", args=[unit.name]),
        unit_state=state_pill(unit),
        unit_note=note,
    )


@dataclass(frozen=True, slots=True)
class VOUnitLine:
    """A unit of the VO."""

    name: str
    url: str
    title: str
    state: SafeString
    missing: str
    time: str
    hours: SafeString


def _units(vo: VO) -> list[VOUnitLine]:
    now = clock.now()
    lines = []
    for unit in SupportUnit.objects.filter(vo=vo).order_by("name"):
        time, working = presence_words(unit, now)
        lines.append(
            VOUnitLine(
                name=unit.name,
                url=reverse("units:unit", args=[unit.name]),
                title=show_bidi(unit.title),
                state=state_pill(unit),
                missing=missing(unit),
                time=time,
                hours=working,
            )
        )
    return lines


def _issue_types(vo: VO) -> list[IssueType]:
    """Return the VO's own types of issue, or the default list where it keeps none."""
    types = list(
        IssueType.objects.filter(Q(vo=vo) | Q(vo=None), is_active=True).order_by("position")
    )
    own = [issue_type for issue_type in types if issue_type.vo_id is not None]
    return own or types
