"""Network links: how each direction is, how it was, and where admins enter and change them."""

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, open_to_everyone
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds.queries import freshness
from juno_support.lib import clock
from juno_support.lib.text import clean_line
from juno_support.pages import downtime_lines, history
from juno_support.pages.link_lines import link_line, sites_of_hosts, within
from juno_support.pages.public_board import public_with_board
from juno_support.pages.source_trace import parts_of_link
from monitoring import states
from monitoring.models import Downtime
from monitoring.queries import current_conditions_for_sites
from monitoring.status_rows import sources_of_states
from monitoring.statuses import SEVERITY, Status
from supportunits import policies
from topology.actions.links import save_link
from topology.forms import LinkForm
from topology.models import LinkKind, NetworkLink, Site


@dataclass(frozen=True)
class Filter:
    """Which links the reader wants to see; empty means all."""

    words: str
    kind: str
    only_problems: bool

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address."""
        kind = request.GET.get("kind", "")
        return cls(
            words=clean_line(request.GET.get("q", ""))[:100],
            kind=kind if kind in LinkKind.values else "",
            only_problems="problems" in request.GET,
        )

    @property
    def is_set(self) -> bool:
        """Say whether anything is left out."""
        return any((self.words, self.kind, self.only_problems))

    def links(self) -> QuerySet[NetworkLink]:
        """Return the links that fit, by network and name."""
        links = NetworkLink.objects.select_related("site_a", "site_b").order_by("kind", "name")
        if self.kind:
            links = links.filter(kind=self.kind)
        if self.words:
            links = links.filter(
                Q(name__icontains=self.words)
                | Q(provider__icontains=self.words)
                | Q(site_a__name__icontains=self.words)
                | Q(site_b__name__icontains=self.words)
            )
        return links


@require_safe
@open_to_everyone
@public_with_board
def link_list(request: HttpRequest) -> HttpResponse:
    """Show the links with both directions of each; public where the board is."""
    return _show_list(request)


@require_POST
@allowed_if(policies.is_admin)
def add_link(request: HttpRequest) -> HttpResponse:
    """Enter a link."""
    form = LinkForm(request.POST)
    if form.is_valid() and (link := _save(request, form, None)):
        messages.success(
            request,
            _("%(name)s is entered. What the sources tell of it appears with their next polls.")
            % {"name": link.name},
        )
        return redirect("links:link", name=link.name)
    return _show_list(request, form=form, status=422)


@require_safe
@open_to_everyone
@public_with_board
def link_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one link with its history; public where the board is."""
    return _show(request, _find(name))


@require_POST
@allowed_if(policies.is_admin)
def change_link(request: HttpRequest, name: str) -> HttpResponse:
    """Change a link."""
    link = _find(name)
    form = LinkForm(request.POST)
    if form.is_valid() and (changed := _save(request, form, link)):
        messages.success(request, _("%(name)s is changed.") % {"name": changed.name})
        return redirect("links:link", name=changed.name)
    return _show(request, link, form=form, status=422)


def _find(name: str) -> NetworkLink:
    links = NetworkLink.objects.select_related("site_a", "site_b")
    return get_object_or_404(links, name=name[:100])


def _save(request: HttpRequest, form: LinkForm, link: NetworkLink | None) -> NetworkLink | None:
    try:
        return save_link(
            link=link, by=cast(User, request.user), at=clock.now(), **form.cleaned_data
        )
    except SupportError as error:
        form.add_error(None, str(error))
        return None


def _show_list(
    request: HttpRequest, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    wanted = Filter.of(request)
    links = list(wanted.links())
    all_ages = freshness(now)
    ages = sources_of_states(all_ages)
    axis = history.timeline_of("7d", now)
    ids = [link.pk for link in links]
    series = states.history_of_links(ids, starts_at=axis.starts_at, ends_at=now, ages=ages)
    sites = {pk for link in links for pk in (link.site_a_id, link.site_b_id)}
    badges = current_conditions_for_sites(sites, at=now, ages=all_ages)
    words = {pk: downtime_lines.badge(badge.state) for pk, badge in badges.items()}
    hosts = sites_of_hosts(sites)
    lines = [link_line(link, series.get(link.pk, []), axis, ages, words, hosts) for link in links]
    if wanted.only_problems:
        lines = [line for line in lines if line.worst >= SEVERITY[Status.WARNING]]
    lines.sort(key=lambda line: -line.worst)
    is_admin = policies.is_admin(request.user)
    telling = {one.source for found in series.values() for one in found}
    return render(
        request,
        "topology/links.html",
        {
            "links": lines,
            "axis": axis.cells(),
            "filter": wanted,
            "kinds": LinkKind.choices,
            "count": ngettext("%(n)d link", "%(n)d links", len(lines)) % {"n": len(lines)},
            "ages": [history.age_of(name, age, now) for name, age in ages.items()
                     if name in telling],
            "is_admin": is_admin,
            "form": (form or LinkForm()) if is_admin else None,
            "is_wrong": form is not None,
            "sites": _site_names() if is_admin else [],
        },
        status=status,
    )  # fmt: skip


def _show(
    request: HttpRequest, link: NetworkLink, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    span = history.span_of(request)
    axis = history.timeline_of(span, now)
    all_ages = freshness(now)
    ages = sources_of_states(all_ages)
    # A week at least, for the picture of both directions.
    week = history.timeline_of("7d", now)
    series = states.history_of_links(
        [link.pk],
        starts_at=min(axis.starts_at, week.starts_at),
        ends_at=now,
        ages=ages,
    ).get(link.pk, [])
    ends = (link.site_a, link.site_b)
    badges = current_conditions_for_sites([site.pk for site in ends], at=now, ages=all_ages)
    words = {pk: downtime_lines.badge(badge.state) for pk, badge in badges.items()}
    telling = {one.source for one in series}
    is_admin = policies.is_admin(request.user)
    return render(
        request,
        "topology/link.html",
        {
            "link": link_line(
                link, series, week, ages, words, sites_of_hosts([site.pk for site in ends])
            ),
            "history": history.history_of(
                within(series, axis),
                axis,
                span=span,
                ages={name: age for name, age in ages.items() if name in telling},
                downtimes=Downtime.objects.filter(
                    site__in=ends, ends_at__gt=axis.starts_at, starts_at__lt=axis.ends_at
                ),
                heading=_("Both directions"),
            ),
            "is_admin": is_admin,
            "form": (form or LinkForm.of(link)) if is_admin else None,
            "is_wrong": form is not None,
            "sites": _site_names() if is_admin else [],
            "trace": trace(request, parts_of_link(link), sees_addresses=True)
            if policies.may_see_addresses(request.user)
            else None,
        },
        status=status,
    )


def _site_names() -> list[str]:
    return list(Site.objects.filter(gone_at=None).order_by("name").values_list("name", flat=True))
