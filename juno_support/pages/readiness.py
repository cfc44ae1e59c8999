"""The readiness of a VO's sites: what is missing, and who can mend it."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock, display
from juno_support.pages.readiness_checks import (
    MISSING,
    PARTLY,
    TITLES,
    TONES,
    UNKNOWN,
    WORDS,
    Check,
    checks_of,
    known_about,
)
from supportunits.models import VO, VOSite


@dataclass(frozen=True)
class CheckLine:
    """One point, ready to be shown."""

    title: str
    state: SafeString
    words: str
    mender: str


@dataclass(frozen=True)
class SiteLine:
    """One site: a summary, and every point."""

    name: str
    url: str
    tier: str
    summary: str
    checks: tuple[CheckLine, ...]
    trouble: int


@require_safe
@allowed_if(is_signed_in)
def readiness(request: HttpRequest, name: str) -> HttpResponse:
    """Show every site of a VO by every point, those that lack most first."""
    vo = _find(name)
    listed = list(_sites(vo))
    known = known_about([one.site_id for one in listed], clock.now())
    lines = [_line(one, checks_of(one, known)) for one in listed]
    lines.sort(key=lambda line: -line.trouble)
    ready = sum(1 for line in lines if not line.trouble)
    return render(
        request,
        "pages/readiness.html",
        {
            "vo": vo,
            "sites": lines,
            "titles": [str(title) for title in TITLES.values()],
            "count": ngettext(
                "%(ready)d of %(all)d site lacks nothing that we can know.",
                "%(ready)d of %(all)d sites lack nothing that we can know.",
                len(lines),
            )
            % {"ready": ready, "all": len(lines)},
        },
    )


@require_safe
@allowed_if(is_signed_in)
def readiness_of_site(request: HttpRequest, name: str, site: str) -> HttpResponse:
    """Show every point of one site of a VO, and who can mend it."""
    vo = _find(name)
    listed = get_object_or_404(_sites(vo), site__name__iexact=site[:100])
    known = known_about([listed.site_id], clock.now())
    return render(
        request,
        "pages/readiness_site.html",
        {"vo": vo, "line": _line(listed, checks_of(listed, known)), "site": listed.site},
    )


def _find(name: str) -> VO:
    return get_object_or_404(VO, name__iexact=name[:100])


def _sites(vo: VO) -> QuerySet[VOSite]:
    return (
        VOSite.objects.filter(vo=vo)
        .select_related("vo", "site", "site__operations_centre")
        .order_by("tier", "site__name")
    )


def _line(listed: VOSite, checks: list[Check]) -> SiteLine:
    missing = [check for check in checks if check.state == MISSING]
    partly = [check for check in checks if check.state == PARTLY]
    unknown = [check for check in checks if check.state == UNKNOWN]
    parts = []
    if missing:
        parts.append(ngettext("%(n)d missing", "%(n)d missing", len(missing)) % {"n": len(missing)})
    if partly:
        parts.append(ngettext("%(n)d partly", "%(n)d partly", len(partly)) % {"n": len(partly)})
    if unknown:
        parts.append(ngettext("%(n)d unknown", "%(n)d unknown", len(unknown)) % {"n": len(unknown)})
    return SiteLine(
        name=listed.site.name,
        url=reverse("vos:readiness-site", args=[listed.vo.name, listed.site.name]),
        tier=str(listed.get_tier_display()),
        summary=", ".join(parts) or _("ready"),
        checks=tuple(
            CheckLine(
                title=check.title,
                state=display.pill(str(WORDS[check.state]), TONES[check.state]),
                words=check.words,
                mender=check.mender if check.state not in ("ready", "not-needed") else "",
            )
            for check in checks
        ),
        trouble=10 * len(missing) + len(partly),
    )
