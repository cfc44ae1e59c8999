"""Open support units, close them, and open them again."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import clean_line, show_bidi
from supportunits import forms as unit_forms
from supportunits import policies
from supportunits.actions import units as unit_actions
from supportunits.models import SupportUnit, UnitKind
from topology.models import OperationsCentre, Site


@dataclass(frozen=True, slots=True)
class Place:
    """A site or an operations centre, with its unit or a button that opens one."""

    name: str
    note: str
    kind: str
    unit_name: str
    unit_url: str


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.may_open_units)
def open_unit(request: HttpRequest) -> HttpResponse:
    """Find a site or operations centre to open its unit; admins open services and units of VOs."""
    may_make = policies.is_admin(request.user)
    form = unit_forms.OpenUnitForm(request.POST or None)
    if request.method == "POST":
        if not may_make:
            raise PermissionDenied
        if form.is_valid():
            try:
                unit = unit_actions.open_unit(
                    name=form.cleaned_data["name"],
                    kind=form.kind,
                    vo=form.cleaned_data["vo"],
                    title=form.cleaned_data["title"],
                    mailing_list=form.cleaned_data["mailing_list"],
                    by=cast(User, request.user),
                    at=clock.now(),
                )
            except SupportError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("%(unit)s is open.") % {"unit": unit.name})
                return redirect("units:unit", name=unit.name)
    search = clean_line(request.GET.get("q", ""))[:100]
    return render(
        request,
        "pages/unit_open.html",
        {
            "form": form if may_make else None,
            "search": search,
            "places": _places(search) if search else [],
        },
        status=422 if form.errors else 200,
    )


def _places(search: str) -> list[Place]:
    centres = list(
        OperationsCentre.objects.filter(gone_at=None, name__icontains=search).order_by("name")[:10]
    )
    sites = list(
        Site.objects.filter(gone_at=None)
        .filter(
            Q(name__icontains=search)
            | Q(official_name__icontains=search)
            | Q(operations_centre__name__icontains=search)
        )
        .order_by("name")[:40]
    )
    units = {
        (unit.kind, unit.operations_centre_id or unit.site_id): unit
        for unit in SupportUnit.objects.filter(
            Q(kind=UnitKind.OPERATIONS_CENTRE, operations_centre__in=centres)
            | Q(kind=UnitKind.SITE, site__in=sites)
        )
    }

    def place(row: Site | OperationsCentre, kind: UnitKind, note: str) -> Place:
        unit = units.get((kind, row.pk))
        return Place(
            name=row.name,
            note=show_bidi(note),
            kind=kind.value,
            unit_name=f"{unit.name}, {unit.get_state_display()}" if unit else "",
            unit_url=reverse("units:unit", args=[unit.name]) if unit else "",
        )

    return [
        *(place(row, UnitKind.OPERATIONS_CENTRE, _("operations centre")) for row in centres),
        *(place(row, UnitKind.SITE, row.official_name or _("site")) for row in sites),
    ]


@require_POST
@allowed_if(policies.may_open_units)
def open_unit_of_place(request: HttpRequest) -> HttpResponse:
    """Open the unit of a site (``site``) or of an operations centre (``centre``), by its name."""
    facts: dict[str, Any] = {"by": request.user, "at": clock.now()}
    if "site" in request.POST:
        site = get_object_or_404(Site, name=request.POST["site"])
        unit = unit_actions.open_site_unit(site=site, **facts)
    else:
        centre = get_object_or_404(OperationsCentre, name=request.POST.get("centre", ""))
        unit = unit_actions.open_operations_centre_unit(centre=centre, **facts)
    messages.success(
        request,
        _("%(unit)s is open: %(state)s.") % {"unit": unit.name, "state": unit.get_state_display()},
    )
    return redirect("units:unit", name=unit.name)
