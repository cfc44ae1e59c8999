"""What units are asked again and again: one page a unit, and all of them with a search."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display, markdown
from juno_support.lib.text import clean_line, show_bidi, whole_number
from juno_support.pages.unit_finding import find_to_change, find_unit
from supportunits import policies
from supportunits.actions import faq as actions
from supportunits.faqs import FoundFAQ, find_faqs
from supportunits.forms import FAQForm
from supportunits.models import SupportUnit, UnitFAQ
from supportunits.presence import presence_words

PAGE = 30
_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class FAQLine:
    """One unit's page in the list, ready to be written."""

    unit: str
    title: str
    url: str
    questions: list[str]
    more: int
    excerpt: SafeString
    time: str
    hours: SafeString
    changed: SafeString


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a page, ready to be written."""

    url: str
    when: SafeString
    who: str
    is_shown: bool


@require_safe
@allowed_if(is_signed_in)
def faq_list(request: HttpRequest) -> HttpResponse:
    """Show the pages of all units, or those in which the words are found."""
    now = clock.now()
    search = clean_line(request.GET.get("q", ""))[:100]
    after = clean_line(request.GET.get("after", ""))[:100]
    found = find_faqs(search, after=after, limit=PAGE + 1)
    more = ""
    if len(found) > PAGE:
        question = ({"q": search} if search else {}) | {"after": found[PAGE - 1].faq.unit.name}
        more = f"{reverse('units:faqs')}?{urlencode(question)}"
    return render(
        request,
        "pages/unit_faqs.html",
        {"lines": [_line(each, now) for each in found[:PAGE]], "search": search, "more": more},
    )


def _line(found: FoundFAQ, now: datetime) -> FAQLine:
    unit = found.faq.unit
    time, working = presence_words(unit, now)
    return FAQLine(
        unit=unit.name,
        title=show_bidi(unit.title),
        url=reverse("units:faq", args=[unit.name]),
        questions=[show_bidi(each) for each in found.questions],
        more=found.more,
        excerpt=found.excerpt,
        time=time,
        hours=working,
        changed=display.age(found.faq.changed_at, now),
    )


@require_safe
@allowed_if(is_signed_in)
def faq_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a unit's page; those who may change it also read its older versions."""
    unit, now = find_unit(name), clock.now()
    faq = UnitFAQ.objects.filter(unit=unit).select_related("changed_by").first()
    may_change = policies.may_change_unit(request.user, unit)
    shown: Any = faq
    asked = whole_number(request.GET.get("version")) if may_change else None
    if asked is not None:
        shown = get_object_or_404(_versions(unit), pk=asked)
    time, working = presence_words(unit, now)
    return render(
        request,
        "pages/unit_faq.html",
        {
            "unit": unit,
            "faq": faq,
            # nh3 has sanitised it
            "written": mark_safe(markdown.render(shown.text)) if shown else "",  # noqa: S308
            "changed": display.when(shown.changed_at, now) if shown else "",
            "changed_by": _name(shown),
            "is_old": asked is not None,
            "may_change": may_change,
            "versions": _version_lines(unit, shown, now) if may_change else [],
            "time": time,
            "working": working,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def edit_faq(request: HttpRequest, name: str) -> HttpResponse:
    """Write a unit's page; for its managers and admins."""
    unit = find_to_change(request, name)
    faq = UnitFAQ.objects.filter(unit=unit).first()
    form = FAQForm(
        request.POST or None,
        initial={"text": faq.text if faq else "", "seen": actions.mark_of(faq)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.write_faq(
                unit=unit, by=cast(User, request.user), at=clock.now(), **form.cleaned_data
            )
        except SupportError as error:
            form.add_error(None, str(error))
            # The next press is about what is there now; the writer was told.
            data = request.POST.copy()
            data["seen"] = actions.mark_of(faq)
            form.data = data
        else:
            messages.success(request, _("The page of %(unit)s is written.") % {"unit": unit.name})
            return redirect("units:faq", name=unit.name)
    return render(
        request,
        "pages/unit_faq_edit.html",
        {"unit": unit, "form": form, "now_url": reverse("units:faq", args=[unit.name])},
        status=422 if form.errors else 200,
    )


def _versions(unit: SupportUnit) -> Any:
    events: Any = UnitFAQ
    return (
        events.pgh_event_model.objects.filter(unit=unit)
        .select_related("changed_by")
        .order_by("-pgh_id")
    )


def _version_lines(unit: SupportUnit, shown: Any, now: datetime) -> list[Version]:
    here = reverse("units:faq", args=[unit.name])
    return [
        Version(
            url=f"{here}?version={event.pk}",
            when=display.when(event.changed_at, now),
            who=_name(event),
            is_shown=shown is not None and event.changed_at == shown.changed_at,
        )
        for event in _versions(unit)[:_VERSIONS]
    ]


def _name(version: Any) -> str:
    by = version.changed_by if version else None
    return by.get_full_name() if by else ""
