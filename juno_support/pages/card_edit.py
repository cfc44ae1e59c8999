"""The page on which a VO's manager changes the VO ID card: a change request for an admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from juno_support.pages.vo_finding import find_vo
from supportunits import card_content, policies
from supportunits.actions import card_requests, cards
from supportunits.actions.card_requests import CardChangedMeanwhile, CardFailsChecks
from supportunits.card_checks import check_card
from supportunits.card_forms import (
    PARTS,
    CardForm,
    Rows,
    form_values,
    typed_rows,
    typed_values,
    untouched,
    with_keys,
)
from supportunits.models import VO, CardRequest, CardRequestState

_NEEDS: Final = tuple(f"need_{name}" for name in card_content.RESOURCES)
# Name, title, plain fields and list of each section, in the order of the page.
_SECTIONS: Final = (
    ("who", gettext_lazy("Who the VO is"), "card-text",
     ("scope", "status", "alias", "grid_id", "description", "disciplines"), ""),
    ("services", gettext_lazy("Services and addresses"), "globe",
     ("middlewares", "enrolment_url", "homepage_url", "support_procedure_url", "needs_voms_help",
      "is_monitored"), ""),
    ("policy", gettext_lazy("Acceptable use policy"), "journal-text",
     ("acceptable_use_policy_type", "acceptable_use_policy"), ""),
    ("contacts", gettext_lazy("Contacts"), "person", (), "contacts"),
    ("lists", gettext_lazy("Mailing lists"), "envelope",
     ("admins_list", "operations_list", "user_support_list", "users_list", "security_list"), ""),
    ("voms_servers", gettext_lazy("VOMS servers"), "key", (), "voms_servers"),
    ("registries", gettext_lazy("Other registries"), "database", (), "registries"),
    ("groups", gettext_lazy("Groups and roles"), "people", (), "groups"),
    ("resources", gettext_lazy("Resources needed"), "server", _NEEDS, ""),
    ("acknowledgements", gettext_lazy("Acknowledgements"), "journal-text", (), "acknowledgements"),
)  # fmt: skip
_WIDE: Final = ("description", "disciplines", "acceptable_use_policy", "need_other_requirements")


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the form, with what the checks say of it."""

    bound: Any
    findings: tuple[str, ...]
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page."""

    key: str
    title: str
    icon: str
    lines: tuple[Line, ...]
    rows: Rows | None
    findings: tuple[str, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def edit_card(request: HttpRequest, name: str) -> HttpResponse:
    """Show the card as a form; add and remove rows; ask for the changes."""
    vo = find_vo(name)
    if not policies.may_change_card(request.user, vo):
        raise PermissionDenied
    content = card_content.content_of(vo.card)
    if request.method != "POST":
        return _show(request, vo, content, form_values(content), _rows_of(content))
    if "add" in request.POST or "remove" in request.POST:
        return _change_rows(request, vo, content)
    return _send(request, vo, content)


def _change_rows(request: HttpRequest, vo: VO, content: Mapping[str, Any]) -> HttpResponse:
    """Add an empty row, or take one away; nothing is checked, and nothing typed is lost."""
    data = request.POST
    typed = {part: typed_rows(part, data) for part in PARTS}
    if data.get("add") in PARTS:
        typed[data["add"]].append({"is_used": True})
    part, _dash, place = data.get("remove", "").rpartition("-")
    if part in PARTS and (number := whole_number(place)) is not None:
        del typed[part][number : number + 1]
    rows = {part: Rows.of(part, values) for part, values in typed.items()}
    values = typed_values(_form(content), data)
    return _show(request, vo, content, values, rows)


def _send(request: HttpRequest, vo: VO, content: dict[str, Any]) -> HttpResponse:
    data = request.POST
    form = _form(content, data)
    rows = {part: Rows.sent(part, data) for part in PARTS}
    broken = [part for part in rows.values() if not part.is_valid()]
    if not form.is_valid() or broken:
        return _show(request, vo, content, form, rows, status=422)
    fields = form.content() | {part: found.content() for part, found in rows.items()}
    _keep_what_is_alike(fields, content)
    fields["voms_servers"] = with_keys(fields["voms_servers"], content["voms_servers"] or [])
    try:
        made = card_requests.ask_change(
            vo=vo,
            fields=fields,
            note=form.cleaned_data["note"],
            key=_key(data.get("key", "")),
            by=cast(User, request.user),
            at=clock.now(),
            seen=whole_number(data.get("seen")) or 0,
        )
    except CardFailsChecks as failure:
        for name, words in failure.findings.items():
            if name in rows:
                rows[name].errors += words
            else:
                form.add_error(name, words)
        return _show(request, vo, content, form, rows, status=422)
    except CardChangedMeanwhile as change:
        return _show_merged(request, vo, change, fields, form.cleaned_data["note"])
    except SupportError as error:
        form.add_error(None, str(error))
        return _show(request, vo, content, form, rows, status=422)
    messages.success(request, _("You have asked for the change. An admin decides."))
    return redirect("vos:change-request", name=vo.name, number=made.pk)


def _keep_what_is_alike(fields: dict[str, Any], content: Mapping[str, Any]) -> None:
    """Leave the card's own spelling where the form alone would change it, by trimming lines."""
    for name, value in untouched(content).items():
        if fields[name] == value:
            fields[name] = content.get(name)


def _show_merged(
    request: HttpRequest, vo: VO, change: CardChangedMeanwhile, typed: dict[str, Any], note: str
) -> HttpResponse:
    """Show what somebody else changed; what this person did not touch becomes what it is now."""
    merged = dict(change.now)
    for name, value in typed.items():
        if not card_content.same(name, change.before.get(name), value):
            merged[name] = value
    differences = card_content.differences(
        change.before, change.now, fields=change.fields, with_addresses=True
    )
    values = form_values(merged) | {"note": note}
    return _show(
        request, vo, change.now, values, _rows_of(merged), meanwhile=differences, status=409
    )


def _rows_of(content: Mapping[str, Any]) -> dict[str, Rows]:
    return {
        part: Rows.of(part, [row for row in content.get(part) or [] if isinstance(row, dict)])
        for part in PARTS
    }


def _form(content: Mapping[str, Any], data: Any = None, **options: Any) -> CardForm:
    return CardForm(data, supported=content.get("middlewares") or [], **options)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _show(
    request: HttpRequest,
    vo: VO,
    content: Mapping[str, Any],
    form: CardForm | Mapping[str, Any],
    rows: dict[str, Rows],
    *,
    meanwhile: Any = (),
    status: int = 200,
) -> HttpResponse:
    """Write the page.

    :param form: the form with what is wrong in it, or only its values
    :param meanwhile: what somebody else changed since the person began
    """
    if not isinstance(form, CardForm):
        form = _form(content, initial=dict(form))
    findings: dict[str, list[str]] = {}
    for finding in check_card(content, vo_name=vo.name):
        findings.setdefault(finding.field, []).append(finding.words)
    now = clock.now()
    waiting = CardRequest.objects.filter(card=vo.card, state=CardRequestState.OPEN)
    return render(
        request,
        "pages/card_edit.html",
        {
            "vo": vo,
            "form": form,
            "sections": [_section(form, rows, findings, *each) for each in _SECTIONS],
            "note": form["note"],
            "key": request.POST.get("key") or uuid4(),
            "seen": cards.newest_number(vo.card),
            "meanwhile": meanwhile,
            "waiting": [
                {
                    "url": reverse("vos:change-request", args=[vo.name, row.pk]),
                    "who": row.asked_by.get_full_name() if row.asked_by else "",
                    "when": display.when(row.asked_at, now),
                    "what": card_fields(row.new),
                }
                for row in waiting.select_related("asked_by").order_by("asked_at")[:20]
            ],
        },
        status=status,
    )


def card_fields(names: Any) -> str:
    """Return the names of fields, in words, in the order of the card."""
    return ", ".join(
        str(card_content.LABELS[name]) for name in card_content.LABELS if name in names
    )


def _section(
    form: CardForm,
    rows: dict[str, Rows],
    findings: Mapping[str, list[str]],
    key: str,
    title: Any,
    icon: str,
    names: tuple[str, ...],
    part: str,
) -> Section:
    return Section(
        key=key,
        title=str(title),
        icon=icon,
        lines=tuple(
            Line(form[name], tuple(findings.get(name, ())), name in _WIDE) for name in names
        ),
        rows=rows.get(part),
        findings=tuple(findings.get(part, ())) if part else (),
    )
