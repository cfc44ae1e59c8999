"""The page of network links between sites."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from juno_support.access import open_to_everyone
from juno_support.lib import clock
from juno_support.lib.text import show_bidi
from juno_support.pages import downtime_lines
from monitoring.queries import current_conditions_for_sites
from topology.models import NetworkLink


@dataclass(frozen=True)
class LinkLine:
    """A link, ready to be shown, with the state of the site at each end."""

    name: str
    kind: str
    is_backup: bool
    provider: str
    note: str
    ends: tuple[tuple[str, SafeString], ...]


@require_safe
@open_to_everyone
def link_list(request: HttpRequest) -> HttpResponse:
    """Show the links with their two sites; public where the board is."""
    if not (settings.JUNO_PUBLIC_BOARD or request.user.is_authenticated):
        return redirect_to_login(request.get_full_path())
    links = list(
        NetworkLink.objects.select_related("site_a", "site_b").order_by("kind", "name", "pk")
    )
    sites = {site.pk for link in links for site in (link.site_a, link.site_b)}
    badges = current_conditions_for_sites(sites, at=clock.now())
    lines = [
        LinkLine(
            name=link.name,
            kind=link.get_kind_display(),
            is_backup=link.is_backup,
            provider=show_bidi(link.provider),
            note=show_bidi(link.note),
            ends=tuple(
                (site.name, downtime_lines.badge(badges[site.pk].state))
                for site in (link.site_a, link.site_b)
            ),
        )
        for link in links
    ]
    return render(request, "topology/links.html", {"links": lines})
