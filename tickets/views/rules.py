"""The rules of routing: their list, one of them with what it would have done, and its trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.audit_lines import trace
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi
from tickets import policies
from tickets.routing import changes
from tickets.routing.check_rule import shadows, why_idle
from tickets.routing.forms import RuleForm, written
from tickets.routing.models import AutomaticRouting, RoutingRule
from tickets.routing.preview import Preview, preview
from tickets.routing.queries import rules_in_order
from tickets.routing.save_rule import RuleRefused, next_position, remove_rule, save_rule
from tickets.views.shared import key_or_none, person
from topology.models import Service

LATELY = timedelta(days=30)
_OUTCOMES = {
    "hit": (lambda: _("hit"), "good"),
    "miss": (lambda: _("miss"), "bad"),
    "open": (lambda: _("still at TPM"), "neutral"),
}


@dataclass(frozen=True)
class RuleLine:
    """One rule in the list, ready to be written."""

    url: str
    place: int
    name: str
    unit: str
    conditions: str
    does: SafeString
    idle: str
    used: int


@dataclass(frozen=True)
class TicketLine:
    """One ticket that a rule would have taken."""

    number: int
    subject: str
    unit: str
    when: SafeString
    outcome: SafeString


@require_safe
@allowed_if(policies.sees_rules)
def rule_list(request: HttpRequest) -> HttpResponse:
    """Show all rules in their order, what keeps one from acting, and the trace."""
    at = clock.now()
    rules = list(
        rules_in_order().annotate(used=Count("uses", filter=Q(uses__routed_at__gte=at - LATELY)))
    )
    context = {
        "lines": [_line(rule, rules) for rule in rules],
        "may_write": policies.writes_rules(request.user),
        "trace": trace(request, changes.parts_of_rules(), sees_addresses=False),
    }
    return render(request, "tickets/rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.writes_rules)
def new_rule(request: HttpRequest) -> HttpResponse:
    """Write a rule; before it is saved it shows what it would have done."""
    if request.method == "POST":
        return _answer(request, None)
    form = RuleForm(initial={"key": uuid4(), "position": next_position(), "is_on": True})
    return _show(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.sees_rules)
def rule(request: HttpRequest, key: int) -> HttpResponse:
    """Show a rule with what it would have done, or change it; TPM operators read it."""
    stored = get_object_or_404(rules_in_order(), pk=key)
    if request.method == "POST":
        return _answer(request, stored)
    return _show(request, RuleForm(initial=written(stored), stored=stored), stored, tried=stored)


@require_POST
@allowed_if(policies.writes_rules)
def remove(request: HttpRequest, key: int) -> HttpResponse:
    """Remove a rule."""
    stored = get_object_or_404(RoutingRule, pk=key)
    remove_rule(rule=stored, by=person(request), at=clock.now())
    messages.success(request, _("The rule “%(name)s” is removed.") % {"name": stored.name})
    return redirect("rules")


def _answer(request: HttpRequest, stored: RoutingRule | None) -> HttpResponse:
    if stored is None:
        key = key_or_none(request.POST.get("key"))
        before = RoutingRule.objects.filter(submission_key=key).first() if key else None
        if before is not None:
            return redirect(reverse("rule", args=[before.pk]))
    form = RuleForm(request.POST, stored=stored)
    is_fine = form.is_valid()
    if not is_fine:
        return _show(request, form, stored, tried=form.rule, status=422)
    if request.POST.get("step") == "preview":
        return _show(request, form, stored, tried=form.rule)
    try:
        saved = save_rule(
            rule=stored,
            key=form.cleaned_data["key"],
            by=person(request),
            at=clock.now(),
            **form.values,
        )
    except RuleRefused as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, str(error))
        return _show(request, form, stored, status=422)
    except SupportError as error:
        messages.error(request, str(error))
        return redirect("rules")
    messages.success(request, _("The rule “%(name)s” is saved.") % {"name": saved.name})
    left = [each.name for each in shadows(saved, rules_in_order())]
    if left:
        messages.warning(
            request,
            ngettext(
                "It leaves nothing to the later rule %(names)s.",
                "It leaves nothing to the later rules %(names)s.",
                len(left),
            )
            % {"names": ", ".join(f"“{name}”" for name in left)},
        )
    return redirect(reverse("rule", args=[saved.pk]))


def _show(
    request: HttpRequest,
    form: RuleForm,
    stored: RoutingRule | None,
    *,
    tried: RoutingRule | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    tried_out = preview(tried, at=at) if tried is not None else None
    types = Service.objects.filter(gone_at=None).order_by("service_type")
    context: dict[str, Any] = {
        "form": form,
        "stored": stored,
        "may_write": policies.writes_rules(request.user),
        "idle": why_idle(stored, rules_in_order()) if stored else "",
        "preview": tried_out,
        "tickets": _ticket_lines(tried_out, at) if tried_out else [],
        "service_types": types.values_list("service_type", flat=True).distinct(),
        "conditions": conditions_words(stored) if stored else "",
        "used": _used(stored, at) if stored else None,
        "trace": trace(request, changes.parts_of_rule(stored), sees_addresses=False)
        if stored
        else None,
    }
    return render(request, "tickets/rule.html", context, status=status)


def conditions_words(found: RoutingRule) -> str:
    """Return the conditions of a rule on one line."""
    words = ", ".join(f"“{word}”" for word in found.words)
    parts = [
        _("VO %(name)s") % {"name": found.vo.name} if found.vo else "",
        f"{found.get_ticket_type_display()}" if found.ticket_type else "",
        _("site %(name)s") % {"name": found.site.name} if found.site else "",
        _("sites of %(name)s") % {"name": found.operations_centre.name}
        if found.operations_centre
        else "",
        _("service %(name)s") % {"name": found.service_type} if found.service_type else "",
        _("type “%(name)s”") % {"name": found.issue_type.name} if found.issue_type else "",
        (_("all of %(words)s") if found.all_words else _("any of %(words)s")) % {"words": words}
        if len(found.words) > 1
        else words,
    ]
    return " · ".join(part for part in parts if part)


def _line(found: Any, rules: Sequence[RoutingRule]) -> RuleLine:
    return RuleLine(
        url=reverse("rule", args=[found.pk]),
        place=found.position,
        name=found.name,
        unit=found.unit.name,
        conditions=conditions_words(found),
        does=display.pill(_("routes by itself"), "info")
        if found.is_automatic
        else display.pill(_("suggests"), "neutral"),
        idle=why_idle(found, rules),
        used=found.used,
    )


def _used(stored: RoutingRule, at: datetime) -> dict[str, int]:
    """Return how many tickets a rule routed lately, and how many of them stayed."""
    uses = AutomaticRouting.objects.filter(rule=stored, routed_at__gte=at - LATELY)
    return uses.aggregate(
        routed=Count("pk"), stayed=Count("pk", filter=Q(ticket__unit=stored.unit_id))
    )


def _ticket_lines(found: Preview, at: datetime) -> list[TicketLine]:
    lines = []
    for line in found.lines:
        words, tone = _OUTCOMES[line.outcome]
        lines.append(
            TicketLine(
                number=line.ticket.pk,
                subject=show_bidi(line.ticket.subject),
                unit=line.ticket.unit.name,
                when=display.when(line.ticket.submitted_at, at),
                outcome=display.pill(words(), tone),
            )
        )
    return lines
