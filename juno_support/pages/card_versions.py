"""The versions of a VO ID card: all of them, one, and what differs between two."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from juno_support.pages.card_edit import card_fields
from juno_support.pages.vo_finding import find_vo
from supportunits import card_content, policies
from supportunits.models import CardVersion, VOIDCard

PAGE = 30


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in the list, ready to be written."""

    number: int
    url: str
    when: SafeString
    who: str
    source: str
    what: str


@require_safe
@allowed_if(is_signed_in)
def version_list(request: HttpRequest, name: str) -> HttpResponse:
    """List a card's versions, newest first."""
    vo = find_vo(name)
    versions = CardVersion.objects.filter(card=vo.card).select_related("made_by").defer("content")
    before = whole_number(request.GET.get("before"))
    if before is not None:
        versions = versions.filter(number__lt=before)
    rows = list(versions.order_by("-number")[: PAGE + 1])
    now, more = clock.now(), ""
    if len(rows) > PAGE:
        question = urlencode({"before": rows[PAGE - 1].number})
        more = f"{reverse('vos:versions', args=[vo.name])}?{question}"
    lines = [
        VersionLine(
            number=row.number,
            url=reverse("vos:version", args=[vo.name, row.number]),
            when=display.when(row.made_at, now),
            who=row.made_by.get_full_name() if row.made_by else "",
            source=row.get_source_display(),
            what=card_fields([name for name in row.changed_fields if name != "changed_at"]),
        )
        for row in rows[:PAGE]
    ]
    return render(request, "pages/card_versions.html", {"vo": vo, "lines": lines, "more": more})


@require_safe
@allowed_if(is_signed_in)
def version_page(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show one version whole, and what differs from another one (the one before it)."""
    vo = find_vo(name)
    version = _version(vo.card, number)
    wanted = whole_number(request.GET.get("with"))
    other = number - 1 if wanted is None else wanted
    older = CardVersion.objects.filter(card=vo.card, number=other).first()
    words: dict[str, Any] = {"with_addresses": policies.may_see_addresses_of_card(request.user, vo)}
    facts = [
        (label, card_content.in_words(field, version.content.get(field), **words))
        for field, label in card_content.LABELS.items()
    ]
    numbers = CardVersion.objects.filter(card=vo.card).order_by("-number")
    return render(
        request,
        "pages/card_version.html",
        {
            "vo": vo,
            "version": version,
            "older": older,
            "when": display.when(version.made_at, clock.now()),
            "who": version.made_by.get_full_name() if version.made_by else "",
            "differences": card_content.differences(older.content, version.content, **words)
            if older
            else [],
            "facts": facts,
            "numbers": list(numbers.values_list("number", flat=True)[:200]),
        },
    )


def _version(card: VOIDCard, number: int) -> CardVersion:
    return get_object_or_404(
        CardVersion.objects.select_related("made_by"), card=card, number=number
    )
