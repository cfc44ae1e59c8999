"""The pages of virtual organisations: all of them, and one with its ID card and sites."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

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
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages.units import change_lines, missing, state_pill
from supportunits import changes, policies, queries
from supportunits.actions import units as unit_actions
from supportunits.actions import vos as vo_actions
from supportunits.forms import TeamTicketsForm, VOSiteForm
from supportunits.models import (
    VO,
    CardStatus,
    DedicatedSupport,
    IssueType,
    SupportUnit,
    UnitKind,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)
from topology.models import Site
from topology.models.site import CertificationStatus

PAGE = 100

_STATUS_TONES = {
    CardStatus.PRODUCTION: "good",
    CardStatus.PENDING: "warn",
    CardStatus.LEAVING: "warn",
    CardStatus.DELETED: "neutral",
}
_CERTIFICATION_TONES = {
    CertificationStatus.UNKNOWN: "unknown",
    CertificationStatus.CANDIDATE: "info",
    CertificationStatus.UNCERTIFIED: "warn",
    CertificationStatus.CERTIFIED: "good",
    CertificationStatus.SUSPENDED: "bad",
    CertificationStatus.CLOSED: "neutral",
}
_SUPPORT_TONES = {
    DedicatedSupport.NO: "neutral",
    DedicatedSupport.REQUESTED: "warn",
    DedicatedSupport.ACCEPTED: "info",
    DedicatedSupport.REFUSED: "bad",
    DedicatedSupport.ACTIVE: "good",
}


@dataclass(frozen=True, slots=True)
class VOLine:
    """One VO in the list, ready to be written."""

    name: str
    url: str
    scope: str
    status: SafeString | str
    validated: str
    sites: int
    members: int
    support: SafeString | str


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the card: its name and its value, with an address where it is one.

    :ivar paths: values that are paths, from broad to narrow
    """

    label: str
    value: SafeString | str = ""
    url: str = ""
    paths: tuple[tuple[str, ...], ...] = ()


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


# --- The list --------------------------------------------------------------------------------


@require_safe
@allowed_if(is_signed_in)
def vo_list(request: HttpRequest) -> HttpResponse:
    """Show the VOs: those whose support runs here first, then those that we only know."""
    search = clean_line(request.GET.get("q", ""))[:100]
    vos = VO.objects.select_related("card").annotate(
        site_count=Count("vo_sites", distinct=True),
        member_count=Count(
            "memberships", filter=Q(memberships__user__is_active=True), distinct=True
        ),
    )
    if search:
        vos = vos.filter(Q(name__icontains=search) | Q(card__description__icontains=search))
    served, colon, name = clean_line(request.GET.get("after", "")).partition(":")
    if colon and served == "yes":
        vos = vos.filter(Q(is_served=False) | Q(name__gt=name[:100]))
    elif colon:
        vos = vos.filter(is_served=False, name__gt=name[:100])
    rows = list(vos.order_by("-is_served", "name")[: PAGE + 1])
    here = reverse("vos:list")
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        place = f"{'yes' if last.is_served else 'no'}:{last.name}"
        more = f"{here}?{urlencode(({'q': search} if search else {}) | {'after': place})}"
    return render(
        request,
        "pages/vos.html",
        {
            "served": [_line(vo) for vo in rows[:PAGE] if vo.is_served],
            "others": [_line(vo) for vo in rows[:PAGE] if not vo.is_served],
            "search": search,
            "more": more,
            "may_make": policies.is_admin(request.user),
        },
    )


@require_POST
@allowed_if(policies.is_admin)
def make_vo(request: HttpRequest) -> HttpResponse:
    """Make a VO whose support runs here, with an empty ID card."""
    try:
        vo = vo_actions.make_vo(
            name=request.POST.get("name", "")[:100],
            is_served=True,
            by=cast(User, request.user),
            at=clock.now(),
        )
    except SupportError as error:
        messages.error(request, str(error))
        return redirect("vos:list")
    messages.success(request, _("%(vo)s is there. Add its sites.") % {"vo": vo.name})
    return redirect("vos:vo", name=vo.name)


def _line(vo: Any) -> VOLine:
    card: VOIDCard | None = getattr(vo, "card", None)
    return VOLine(
        name=vo.name,
        url=reverse("vos:vo", args=[vo.name]),
        scope=show_bidi(card.scope) if card else "",
        status=_status(card) if card else "",
        validated=_day(card.validated_date) if card else "",
        sites=vo.site_count,
        members=vo.member_count,
        support=_support(card) if card else "",
    )


def _status(card: VOIDCard) -> SafeString:
    return display.pill(card.get_status_display(), _STATUS_TONES[CardStatus(card.status)])


def _support(card: VOIDCard) -> SafeString:
    state = DedicatedSupport(card.dedicated_support)
    return display.pill(str(state.label), _SUPPORT_TONES[state])


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


# --- One VO ----------------------------------------------------------------------------------


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
    return get_object_or_404(VO.objects.select_related("card"), name__iexact=name)


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
    user, now = request.user, clock.now()
    card: VOIDCard | None = getattr(vo, "card", None)
    sees_addresses = policies.may_see_addresses(user) or policies.manages_vo(user, vo)
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
            "status": _status(card) if card else "",
            "support": _support(card) if card else "",
            "support_words": _support_words(card) if card else "",
            "identity": _identity(card) if card else [],
            "services": _services(vo, card) if card else [],
            "description": show_bidi(card.description) if card else "",
            "policy": _policy(card) if card else Fact(""),
            "lists": _lists(card) if card and sees_addresses else [],
            "sees_addresses": sees_addresses,
            "contacts": _contacts(card, sees_addresses) if card else [],
            "voms": _voms(card) if card else [],
            "groups": _groups(card) if card else [],
            "resources": _resources(card) if card else [],
            "acknowledgements": _acknowledgements(card) if card else [],
            "registries": _registries(card) if card else [],
            "sites": _sites(vo),
            "units": _units(vo),
            "issue_types": _issue_types(vo),
            "members": members,
            "may_open": policies.may_open_units(user),
            "may_change": may_change,
            "form": (wrong or VOSiteForm()) if may_change else None,
            "team_form": (wrong_team or _team_form(vo))
            if policies.may_change_team_tickets(user, vo)
            else None,
            "changes": change_lines(changes.changes_of_vo(vo), now) if may_change else [],
        },
        status=422 if wrong or wrong_team else 200,
    )


def _link(label: str, address: str) -> Fact:
    """Return a field whose value is an address; only addresses of the web become links."""
    return Fact(label, show_bidi(address), url=address if _is_of_the_web(address) else "")


def _is_of_the_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:  # brackets that open no IPv6 address
        return False


def _yes_no(value: bool) -> str:
    return _("Yes") if value else _("No")


def _identity(card: VOIDCard) -> list[Fact]:
    return [
        Fact(_("Name"), card.vo.name),
        Fact(_("Alias"), show_bidi(card.alias)),
        Fact(_("Scope"), show_bidi(card.scope)),
        Fact(_("Status"), _status(card)),
        Fact(_("Validation date"), _day(card.validated_date)),
        Fact(_("Created"), _day(card.created_date)),
        Fact(_("Last change"), display.when(card.changed_at) if card.changed_at else ""),
        Fact(_("Serial number"), card.serial),
        Fact(_("Grid id"), card.grid_id),
        Fact(
            _("Discipline"),
            paths=tuple(
                tuple(str(part) for part in path) if isinstance(path, list) else (str(path),)
                for path in card.disciplines
            ),
        ),
    ]


def _services(vo: VO, card: VOIDCard) -> list[Fact]:
    return [
        Fact(_("Supported services"), ", ".join(card.middlewares)),
        _link(_("Enrolment URL"), card.enrolment_url),
        _link(_("Homepage"), card.homepage_url),
        _link(_("Support procedure URL"), card.support_procedure_url),
        Fact(_("GGUS dedicated user support"), _yes_no(card.needs_dedicated_support)),
        Fact(_("VOMS set-up support"), _yes_no(card.needs_voms_help)),
        Fact(_("TEAM tickets"), _yes_no(vo.has_team_tickets)),
        Fact(_("Monitored"), _yes_no(card.is_monitored)),
    ]


def _policy(card: VOIDCard) -> Fact:
    text = card.acceptable_use_policy.strip()
    if _is_of_the_web(text) and len(text.split()) == 1:
        return _link("", text)
    return Fact("", show_bidi(text))


def _lists(card: VOIDCard) -> list[Fact]:
    return [
        Fact(_("Admins"), card.admins_list),
        Fact(_("Operations"), card.operations_list),
        Fact(_("User support"), card.user_support_list),
        Fact(_("Users"), card.users_list),
        Fact(_("Security"), card.security_list),
    ]


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact of the card; addresses are empty for those who may not see them."""

    name: str
    role: str
    avatar: SafeString
    email: str
    phone: str
    dn: str
    account: str


def _contacts(card: VOIDCard, sees_addresses: bool) -> list[ContactLine]:
    order = {"VO MANAGER": 0, "VO DEPUTY": 1, "VO EXPERT": 2, "VO SHIFTER": 3}
    contacts = sorted(
        VOContact.objects.filter(card=card).select_related("account"),
        key=lambda contact: (order.get(contact.role, 9), contact.name),
    )
    return [
        ContactLine(
            name=show_bidi(contact.name),
            role=contact.get_role_display(),
            avatar=display.avatar(contact.name),
            email=contact.email if sees_addresses else "",
            phone=contact.phone if sees_addresses else "",
            dn=contact.dn if sees_addresses else "",
            account=contact.account.get_full_name() if contact.account else "",
        )
        for contact in contacts
    ]


def _records(value: Any) -> list[dict[str, Any]]:
    """Return those members of a JSON list that are objects: imported cards may hold anything."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _word(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else show_bidi(str(value))


def _voms(card: VOIDCard) -> list[dict[str, Any]]:
    return [
        {
            "hostname": _word(server, "hostname"),
            "https_port": _word(server, "https_port"),
            "vomses_port": _word(server, "vomses_port"),
            "is_admin": _yes_no(bool(server.get("is_admin_server"))),
            "members": _link("", _word(server, "members_list_url")),
            "dn": _word(server, "dn"),
            "ca_dn": _word(server, "ca_dn"),
        }
        for server in _records(card.voms_servers)
    ]


def _groups(card: VOIDCard) -> list[dict[str, str]]:
    return [
        {key: _word(group, key) for key in ("name", "kind", "description", "share")}
        for group in _records(card.groups)
    ]


def _resources(card: VOIDCard) -> list[Fact]:
    if not isinstance(card.resources, dict):
        return []
    return [
        Fact(show_bidi(str(label)), show_bidi(str(value)))
        for label, value in card.resources.items()
        if value not in (None, "")
    ]


def _acknowledgements(card: VOIDCard) -> list[dict[str, Any]]:
    return [
        {
            "grant": _word(record, "grant"),
            "text": _word(record, "text"),
            "relationship": _word(record, "relationship"),
            "publication": _link("", _word(record, "publication_url")),
        }
        for record in _records(card.acknowledgements)
    ]


def _registries(card: VOIDCard) -> list[Fact]:
    return [
        _link(_word(record, "kind"), _word(record, "url")) for record in _records(card.registries)
    ]


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


def _units(vo: VO) -> list[VOUnitLine]:
    return [
        VOUnitLine(
            name=unit.name,
            url=reverse("units:unit", args=[unit.name]),
            title=show_bidi(unit.title),
            state=state_pill(unit),
            missing=missing(unit),
        )
        for unit in SupportUnit.objects.filter(vo=vo).order_by("name")
    ]


def _issue_types(vo: VO) -> list[IssueType]:
    """Return the VO's own types of issue, or the default list where it keeps none."""
    types = list(
        IssueType.objects.filter(Q(vo=vo) | Q(vo=None), is_active=True).order_by("position")
    )
    own = [issue_type for issue_type in types if issue_type.vo_id is not None]
    return own or types


def _support_words(card: VOIDCard) -> str:
    return {
        DedicatedSupport.NO: _("The VO has not asked for it."),
        DedicatedSupport.REQUESTED: _("The request is waiting for an admin."),
        DedicatedSupport.ACCEPTED: _(
            "Accepted. It is active once the mailing list is proven and a supporter is registered."
        ),
        DedicatedSupport.REFUSED: _("The request was refused."),
        DedicatedSupport.ACTIVE: _("Active: users of the VO reach its own unit."),
    }[DedicatedSupport(card.dedicated_support)]
