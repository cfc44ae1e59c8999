"""The names that sources use and nobody could match: an admin says what they are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, show_bidi, whole_number
from juno_support.pages.history import thing_words
from juno_support.pages.source_trace import parts_of_names
from monitoring.actions import map_name
from monitoring.models import Entity
from monitoring.names import Candidate, candidates, names, unmapped_by_namespace
from monitoring.observations import EntityKind
from supportunits import policies
from topology.models import NetworkLink, Service, Site
from topology.queries import SiteNotFound, find_site

PAGE = 50
CHOICES = {
    "open": gettext_lazy("Not matched"),
    "by-hand": gettext_lazy("Said by an admin"),
    "aside": gettext_lazy("Nothing of ours"),
    "all": gettext_lazy("All"),
}


@dataclass(frozen=True)
class NameLine:
    """A name, ready to be shown; ``meaning`` is what it is for us, empty while nobody knows."""

    pk: int
    name: str
    plain_name: str
    kind: str
    namespace: str
    said_site: str
    hosts: str
    kept: str
    first: SafeString
    newest: SafeString
    meaning: str
    meaning_url: str
    is_link: bool
    is_service: bool
    is_by_hand: bool
    is_open: bool
    candidates: tuple[Candidate, ...]


@require_safe
@allowed_if(policies.is_admin)
def name_list(request: HttpRequest) -> HttpResponse:
    """Show the names, with what each may mean; an admin decides."""
    now = clock.now()
    given = request.GET
    which = given.get("show", "")
    which = which if which in CHOICES else "open"
    namespace = clean_line(given.get("namespace", ""))[:30]
    words = clean_line(given.get("q", ""))[:100]
    start = whole_number(given.get("from")) or 0
    start = min(start, 1_000_000)
    found = list(names(which=which, namespace=namespace, words=words)[start : start + PAGE + 1])
    shown = found[:PAGE]
    offers = candidates([one for one in shown if not one.is_mapped and not one.is_ignored])
    counts = unmapped_by_namespace()
    query = {"show": which, "namespace": namespace, "q": words}
    here = reverse("sources:names")

    def address(**changes: object) -> str:
        left = {key: value for key, value in (query | changes).items() if value}
        return f"{here}?{urlencode(left)}"

    return render(
        request,
        "monitoring/names.html",
        {
            "lines": [_line(one, offers.get(one.pk, []), now) for one in shown],
            "which": which,
            "words": words,
            "namespace": namespace,
            "tabs": [
                {"label": label, "url": address(show=key), "is_current": key == which}
                for key, label in CHOICES.items()
            ],
            "namespaces": sorted({*counts, *([namespace] if namespace else [])}),
            "counts": sum(counts.values()),
            "sites": Site.objects.filter(gone_at=None)
            .order_by("name")
            .values_list("name", flat=True),
            "links": NetworkLink.objects.order_by("name").values_list("name", flat=True),
            "pager": {
                "newer": address(**{"from": max(start - PAGE, 0)}) if start else "",
                "older": address(**{"from": start + PAGE}) if len(found) > PAGE else "",
            },
            "back": request.get_full_path(),
            "trace": trace(request, parts_of_names(), sees_addresses=True),
        },
    )


@require_POST
@allowed_if(policies.is_admin)
def map_one(request: HttpRequest, number: int) -> HttpResponse:
    """Say that a name is a site, a service of a site, or a link."""
    entity = get_object_or_404(Entity, pk=number)
    target = clean_line(request.POST.get("target", ""))[:200]
    who, at = cast(User, request.user), clock.now()

    def act() -> str:
        if entity.kind == EntityKind.LINK:
            link = NetworkLink.objects.filter(name__iexact=target).first()
            if link is None:
                raise SupportError(_("We know no link named %(name)s.") % {"name": target})
            followers = map_name.map_to_link(entity=entity, link=link, by=who, at=at)
        else:
            try:
                site = find_site(target)
            except SiteNotFound as unknown:
                raise SupportError(str(unknown)) from None
            service = _service(site, clean_line(request.POST.get("service", ""))[:300])
            followers = map_name.map_to_site(
                entity=entity, site=site, service=service, by=who, at=at
            )
        done = _("%(name)s is %(target)s, also for what was kept of it.") % {
            "name": entity.name,
            "target": target,
        }
        if followers:
            more = ngettext(
                "%(n)d more name followed.", "%(n)d more names followed.", followers
            ) % {"n": followers}
            done = f"{done} {more}"
        return done

    return _answer(request, act)


@require_POST
@allowed_if(policies.is_admin)
def set_aside(request: HttpRequest, number: int) -> HttpResponse:
    """Say that a name is nothing of ours."""
    entity = get_object_or_404(Entity, pk=number)

    def act() -> str:
        map_name.set_aside(entity=entity, by=cast(User, request.user), at=clock.now())
        return _("%(name)s is set aside: nothing of ours.") % {"name": entity.name}

    return _answer(request, act)


@require_POST
@allowed_if(policies.is_admin)
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    """Take back what an admin said of a name."""
    entity = get_object_or_404(Entity, pk=number)

    def act() -> str:
        map_name.take_back(entity=entity, by=cast(User, request.user), at=clock.now())
        return _("%(name)s: taken back; the rules alone decide again.") % {"name": entity.name}

    return _answer(request, act)


def _answer(request: HttpRequest, act: Callable[[], str]) -> HttpResponse:
    """Do it, say what happened, and go back to the list that the reader came from."""
    try:
        messages.success(request, act())
    except SupportError as error:
        messages.error(request, str(error))
    here = reverse("sources:names")
    back = request.POST.get("back", "")
    return redirect(back if back == here or back.startswith(f"{here}?") else here)


def _service(site: Site, words: str) -> Service | None:
    """Return the service of the site that is meant: a host, and its type where it has several.

    :raises SupportError: when there is none, or more than one
    """
    if not words:
        return None
    host, _space, kind = words.partition(" ")
    found = Service.objects.filter(site=site, gone_at=None, hostname__iexact=host)
    if kind:
        found = found.filter(service_type__iexact=kind.strip("() "))
    services = list(found[:2])
    if len(services) == 1:
        return services[0]
    if services:
        raise SupportError(
            _("%(host)s has several services.") % {"host": host},
            _("Write the type after the host, as GOCDB has it."),
        )
    raise SupportError(_("%(site)s has no service %(service)s.") % {"site": site, "service": words})


def _line(entity: Entity, offers: list[Candidate], now: datetime) -> NameLine:
    states = entity.states  # type: ignore[attr-defined]
    kept = ngettext("%(n)d state kept", "%(n)d states kept", states) % {"n": states}
    meaning, url = _meaning(entity)
    return NameLine(
        pk=entity.pk,
        name=thing_words(entity.kind, entity.name),
        plain_name=show_bidi(entity.name),
        kind=entity.get_kind_display(),
        namespace=entity.namespace,
        said_site=show_bidi(entity.said_site),
        hosts=", ".join(show_bidi(host) for host in entity.hosts[:5]),
        kept=kept,
        first=display.when(entity.first, now),  # type: ignore[attr-defined]
        newest=display.when(entity.newest, now),  # type: ignore[attr-defined]
        meaning=meaning,
        meaning_url=url,
        is_link=entity.kind == EntityKind.LINK,
        is_service=entity.kind == EntityKind.SERVICE,
        is_by_hand=entity.is_by_hand,
        is_open=not (entity.is_mapped or entity.is_ignored),
        candidates=tuple(offers),
    )


def _meaning(entity: Entity) -> tuple[str, str]:
    if entity.is_ignored:
        return _("nothing of ours"), ""
    if entity.service is not None and entity.site is not None:
        return f"{entity.site.name}: {entity.service}", reverse(
            "sites:site", args=[entity.site.name]
        )
    if entity.site is not None:
        return entity.site.name, reverse("sites:site", args=[entity.site.name])
    if entity.link is not None:
        return entity.link.name, reverse("links:link", args=[entity.link.name])
    if entity.kind == EntityKind.SYSTEM:
        return _("a whole system"), ""
    return "", ""
