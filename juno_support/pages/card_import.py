"""Import the Operations Portal's cards: upload, look, apply; and export one card."""

from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.models import User
from juno_support.lib import clock, display
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import clean_line
from juno_support.pages.vo_finding import find_vo
from supportunits import card_content, policies, portal
from supportunits.actions import import_cards as actions
from supportunits.actions.import_cards import Plan, Planned
from supportunits.card_content import Difference
from supportunits.models import CardUpload
from supportunits.parsers.card_writing import write_cards

MOST_MEGABYTES: Final = 16
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class ChangedCard:
    """A card that says something else than before."""

    name: str
    is_served: bool
    is_known: bool
    differences: list[Difference]


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.is_admin)
def import_page(request: HttpRequest) -> HttpResponse:
    """Take a document of the Portal, and go on to what it would change."""
    if request.method != "POST":
        return _ask(request)
    file = request.FILES.get("file")
    if file is None:
        return _ask(request, problem=_("Choose a file first."))
    if (file.size or 0) > MOST_MEGABYTES * 1024 * 1024:
        return _ask(
            request,
            problem=_("The file is larger than %(most)s MB. Import it with the command.")
            % {"most": MOST_MEGABYTES},
        )
    try:
        upload, _plan = actions.keep_upload(
            key=_key(request.POST.get("key", "")),
            name=clean_line(file.name or ""),
            body=file.read(),
            by=cast(User, request.user),
            at=clock.now(),
        )
    except AnswerNotUnderstood as error:
        return _ask(request, problem=error.reason)
    return redirect("vos:import-preview", key=upload.key)


@require_safe
@allowed_if(policies.is_admin)
def import_preview(request: HttpRequest, key: UUID) -> HttpResponse:
    """Show what importing an uploaded document would change, or what it has changed."""
    upload = get_object_or_404(CardUpload.objects.select_related("uploaded_by"), key=key)
    facts: dict[str, Any] = {
        "upload": upload,
        "uploaded": display.when(upload.uploaded_at, clock.now()),
    }
    if upload.applied_at is not None:
        facts |= {
            "result": upload.result,
            "applied": display.when(upload.applied_at, clock.now()),
        }
    else:
        plan = actions.plan_import(bytes(upload.body))
        facts |= {"result": plan.as_json(), "plan": plan} | _lines(plan)
    return render(request, "pages/card_import_preview.html", facts)


@require_POST
@allowed_if(policies.is_admin)
def import_apply(request: HttpRequest, key: UUID) -> HttpResponse:
    """Import the document that was looked at."""
    upload = get_object_or_404(CardUpload, key=key)
    result = actions.apply_upload(upload=upload, by=cast(User, request.user), at=clock.now())
    count = result["new"] + result["changed"]
    words = ngettext("%(n)d card was taken over.", "%(n)d cards were taken over.", count)
    messages.success(request, words % {"n": count})
    return redirect("vos:import-preview", key=upload.key)


@require_safe
@allowed_if(is_signed_in)
def export_card(request: HttpRequest, name: str) -> HttpResponse:
    """Give a card as the Portal's XML; with addresses to those who may see them."""
    vo = find_vo(name)
    layout = "old" if request.GET.get("format") == "old" else "new"
    record = portal.as_record(
        vo.card, with_addresses=policies.may_see_addresses_of_card(request.user, vo)
    )
    response = HttpResponse(write_cards([record], layout=layout), content_type="application/xml")
    # The name may be of any script; a header takes ASCII.
    safe = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in vo.name)
    response["Content-Disposition"] = f'attachment; filename="{safe}.xml"'
    return response


def _ask(request: HttpRequest, *, problem: str = "") -> HttpResponse:
    now = clock.now()
    uploads = CardUpload.objects.select_related("uploaded_by").defer("body")
    return render(
        request,
        "pages/card_import.html",
        {
            "key": uuid4(),
            "problem": problem,
            "most": MOST_MEGABYTES,
            "uploads": [
                {
                    "key": upload.key,
                    "name": upload.name,
                    "when": display.when(upload.uploaded_at, now),
                    "who": upload.uploaded_by.get_full_name() if upload.uploaded_by else "",
                    "is_applied": upload.applied_at is not None,
                }
                for upload in uploads.order_by("-uploaded_at")[:10]
            ],
        },
        status=422 if problem else 200,
    )


def _lines(plan: Plan) -> dict[str, Any]:
    changed = [planned for planned in plan.changed if _tells(planned)]
    return {
        "changed": [_changed(planned) for planned in changed[:SHOWN]],
        "more_changed": max(0, len(changed) - SHOWN),
        "new": [planned.record.name for planned in plan.new],
        "gone": [vo.name for vo in plan.gone],
    }


def _tells(planned: Planned) -> bool:
    """Return whether more changed than the Portal's own numbers and dates."""
    return bool(set(planned.changed) - card_content.PORTALS_OWN)


def _changed(planned: Planned) -> ChangedCard:
    fields = [name for name in planned.changed if name not in card_content.PORTALS_OWN]
    return ChangedCard(
        name=planned.vo.name if planned.vo else planned.record.name,
        is_served=planned.is_served,
        is_known=bool(planned.before),
        differences=card_content.differences(
            planned.before, planned.record.fields, fields=fields, with_addresses=True
        )
        if planned.before
        else [],
    )


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
