"""Change one thing of a ticket: small forms, each a dialog, or a page without script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from juno_support.access import checked_inside
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from supportunits.models import UnitKind
from tickets import policies
from tickets.actions import alarm, assign, follow, incident, relations, work
from tickets.actions.hanging import CannotRelate
from tickets.actions.row import ChangedMeanwhile
from tickets.forms import changes as forms
from tickets.forms import relations as relation_forms
from tickets.models import BounceReason, Ticket
from tickets.routing import decisions
from tickets.views.page import show_ticket
from tickets.views.shared import person
from tickets.workflow import FINAL, OPEN

# The part of a page that htmx puts a small form into.
DIALOG = "change-body"

_SAVE = gettext_lazy("Save")


@dataclass(frozen=True)
class SmallForm:
    """One small form: its words, its fields, who may use it, and the action."""

    title: str | Promise
    form: type[forms.Change]
    act: Callable[..., Any]
    send: str | Promise = _SAVE
    words: str | Promise = ""
    tone: str = ""
    allowed: Callable[[Ticket, Any], bool] = field(
        default=lambda found, user: policies.may_change(found, user) and found.status not in FINAL
    )


def _is_open_supporter(found: Ticket, user: Any) -> bool:
    return policies.may_change(found, user) and found.status in OPEN


def _supporter(found: Ticket, user: Any) -> bool:
    return policies.may_change(found, user)


def _edits(found: Ticket, user: Any) -> bool:
    return policies.may_edit(found, user) and found.status not in FINAL


def _owner_of_open(found: Ticket, user: Any) -> bool:
    return policies.is_owner(found, user) and found.status in OPEN


def _comments(found: Ticket, user: Any) -> bool:
    return policies.may_comment(found, user)


def _field(name: str) -> Callable[..., Any]:
    def act(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
        value = given["site"] if name == "notified_site" else given["value"]
        work.change_field(ticket=ticket, field=name, value=value, seen=given["seen"], **who)

    return act


def _other(number: int, user: Any) -> Ticket:
    """Return the ticket of a number that somebody typed; said in words where there is none."""
    try:
        return policies.find_ticket(user, number)
    except Http404:
        raise CannotRelate(
            _("There is no ticket #%(number)s that you may read.") % {"number": number}
        ) from None


def _duplicate(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    master = _other(given["number"], who["by"])
    relations.mark_duplicate(ticket=ticket, master=master, seen=given["seen"], **who)


def _parent(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    relations.make_child(ticket=ticket, parent=_other(given["number"], who["by"]), **who)


def _join(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    lead = policies.find_outline(who["by"], given["incident"])
    incident.join_incident(ticket=ticket, incident=lead, seen=given["seen"], **who)


def _priority(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.set_priority(ticket=ticket, priority=given["priority"], seen=given["seen"], **who)


def _unit(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    decisions.route(
        ticket=ticket, unit=given["unit"], reason=given["reason"], seen=given["seen"], **who
    )


def _give_back(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    assign.return_to_tpm(
        ticket=ticket,
        why=BounceReason(given["why"]),
        reason=given["reason"],
        seen=given["seen"],
        **who,
    )


def _assign(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    assign.assign_person(ticket=ticket, person=given["person"], **who)


def _involve(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    assign.involve(ticket=ticket, person=given["person"], **who)


def _next_step(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.set_next_step(
        ticket=ticket,
        what=given["what"],
        person=given["person"],
        due_at=given["due_at"],
        seen=given["seen"],
        **who,
    )


def _scope(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    for name in ("is_vo_specific", "affects_whole_vo"):
        ticket = work.change_field(ticket=ticket, field=name, value=given[name], **who)


def _sites(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.set_affected_sites(ticket=ticket, sites=given["sites"], seen=given["seen"], **who)


def _copy(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    follow.add_carbon_copy(ticket=ticket, address=given["address"], **who)


def _reference(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    other = _other(given["number"], who["by"])
    follow.add_reference(ticket=ticket, other=other, **who)


def _escalate(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.escalate(ticket=ticket, **who)


def _withdraw(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.take_step(
        ticket=ticket, step="withdraw", solution=given["words"], seen=given["seen"], **who
    )


def _to_alarm(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    alarm.convert_to_alarm(ticket=ticket, in_downtime=given.get("in_downtime", False), **who)


CHANGES: dict[str, SmallForm] = {
    "priority": SmallForm(
        gettext_lazy("Change the priority"), forms.PriorityChange, _priority, allowed=_edits
    ),
    "unit": SmallForm(
        gettext_lazy("Give it to another support unit"),
        forms.UnitChange,
        _unit,
        send=gettext_lazy("Assign"),
        allowed=_is_open_supporter,
    ),
    "give-back": SmallForm(
        gettext_lazy("Give it back to TPM"),
        forms.GiveBackChange,
        _give_back,
        send=gettext_lazy("Give it back"),
        words=gettext_lazy(
            "TPM finds who can help. How often a ticket moved is shown at the desk."
        ),
        allowed=lambda found, user: (
            _is_open_supporter(found, user) and found.unit.kind != UnitKind.TPM
        ),
    ),
    "assign": SmallForm(
        gettext_lazy("Assign a supporter"),
        forms.PersonChange,
        _assign,
        send=gettext_lazy("Assign"),
        allowed=_supporter,
    ),
    "involve": SmallForm(
        gettext_lazy("Involve a supporter"),
        forms.PersonChange,
        _involve,
        send=gettext_lazy("Involve"),
        words=gettext_lazy("Who is involved is told of everything."),
        allowed=_supporter,
    ),
    "next-step": SmallForm(
        gettext_lazy("What happens next"), forms.NextStepChange, _next_step, allowed=_edits
    ),
    "vo": SmallForm(gettext_lazy("Change the concerned VO"), forms.VOChange, _field("vo")),
    "scope": SmallForm(
        gettext_lazy("Say how far it reaches"), forms.ScopeChange, _scope, allowed=_edits
    ),
    "issue-type": SmallForm(
        gettext_lazy("Change the type of issue"),
        forms.IssueTypeChange,
        _field("issue_type"),
        allowed=_edits,
    ),
    "mou-area": SmallForm(
        gettext_lazy("Change the MoU area"),
        forms.AreaChange,
        _field("mou_area"),
        allowed=lambda found, user: (
            _edits(found, user) and found.vo is not None and bool(found.vo.mou_areas)
        ),
    ),
    "category": SmallForm(
        gettext_lazy("Change the category"), forms.CategoryChange, _field("category")
    ),
    "subject": SmallForm(
        gettext_lazy("Change the subject"), forms.SubjectChange, _field("subject"), allowed=_edits
    ),
    "problem-at": SmallForm(
        gettext_lazy("Change the moment of the problem"),
        forms.ProblemChange,
        _field("problem_at"),
        allowed=_edits,
    ),
    "eta": SmallForm(
        gettext_lazy("Say when a solution is expected"), forms.EtaChange, _field("eta_at")
    ),
    "sites": SmallForm(
        gettext_lazy("Change the affected sites"),
        forms.SitesChange,
        _sites,
        allowed=lambda found, user: policies.may_comment(found, user) and found.status not in FINAL,
    ),
    "notified-site": SmallForm(
        gettext_lazy("Change the notified site"),
        forms.NotifiedSiteChange,
        _field("notified_site"),
        allowed=lambda found, user: (
            policies.may_change(found, user)
            and found.status not in FINAL
            and not policies.keeps_notified_site(found)
        ),
    ),
    "cc": SmallForm(
        gettext_lazy("Add a CC address"),
        forms.CopyChange,
        _copy,
        send=gettext_lazy("Add"),
        allowed=policies.may_add_copies,
    ),
    "reference": SmallForm(
        gettext_lazy("Refer to another ticket"),
        forms.ReferenceChange,
        _reference,
        send=gettext_lazy("Connect"),
        allowed=_comments,
    ),
    "duplicate": SmallForm(
        gettext_lazy("Mark as a duplicate"),
        relation_forms.DuplicateChange,
        _duplicate,
        send=gettext_lazy("It is a duplicate"),
        allowed=_is_open_supporter,
    ),
    "parent": SmallForm(
        gettext_lazy("Make it the child of another ticket"),
        relation_forms.ParentChange,
        _parent,
        send=gettext_lazy("Make it a child"),
    ),
    "join": SmallForm(
        gettext_lazy("Join a running incident"),
        relation_forms.JoinChange,
        _join,
        send=gettext_lazy("Join"),
        words=gettext_lazy(
            "The ticket then waits on hold, and is answered and solved together with the incident."
        ),
        allowed=lambda found, user: policies.may_comment(found, user) and found.status in OPEN,
    ),
    "escalate": SmallForm(
        gettext_lazy("Escalate this ticket"),
        forms.Confirmation,
        _escalate,
        send=gettext_lazy("Escalate"),
        words=gettext_lazy(
            "First the support unit is asked for attention, then TPM as well, then the admins as "
            "well. The next step is possible one working day after the last."
        ),
        tone="warn",
        allowed=_owner_of_open,
    ),
    "withdraw": SmallForm(
        gettext_lazy("Withdraw this ticket"),
        forms.WithdrawChange,
        _withdraw,
        send=gettext_lazy("Withdraw"),
        words=gettext_lazy("Nobody works on it any more. You can reopen it for ten working days."),
        tone="bad",
        allowed=_owner_of_open,
    ),
    "to-alarm": SmallForm(
        gettext_lazy("Make it an ALARM ticket"),
        forms.AlarmChange,
        _to_alarm,
        send=gettext_lazy("Raise the alarm"),
        words=gettext_lazy(
            "The site's emergency address and the person on call are mailed at once. A person has "
            "to confirm within 60 minutes, day and night; until then more and more people are "
            "called. It cannot be made a TEAM ticket again."
        ),
        tone="bad",
        allowed=lambda found, user: policies.may_convert(found, user) and found.status in OPEN,
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def change(request: HttpRequest, number: int, what: str) -> HttpResponse:
    """Show one small form, or do what it says."""
    kind = CHANGES.get(what)
    if kind is None:
        raise Http404
    user, at = person(request), clock.now()
    found = policies.find_ticket(user, number)
    if not kind.allowed(found, user):
        problem = _not_now(found)
        if request.method == "POST":
            status = 422 if policies.may_change(found, user) else 403
            return show_ticket(request, found, problem=problem, status=status)
        messages.error(request, problem)
        return redirect("ticket", number)
    form = kind.form(request.POST if request.method == "POST" else None, ticket=found)
    form.offer(user, at)
    if request.method != "POST":
        return change_page(request, found, kind, form)
    if not form.is_valid():
        return change_page(request, found, kind, form, status=422)
    try:
        kind.act(found, form.cleaned_data, {"by": user, "at": at})
    except ChangedMeanwhile as error:
        found = policies.find_ticket(user, number)
        form.data = {**request.POST.dict(), "seen": str(found.last_entry_id)}
        return change_page(request, found, kind, form, changed=error, status=409)
    except SupportError as error:
        form.add_error(None, str(error))
        return change_page(request, found, kind, form, status=422)
    return changed_page(request, number)


def change_page(
    request: HttpRequest,
    found: Ticket,
    kind: SmallForm,
    form: forms.Change,
    *,
    changed: ChangedMeanwhile | None = None,
    excerpt: str = "",
    status: int = 200,
) -> HttpResponse:
    """Show a small form: alone to htmx, which puts it into a dialog; else as a page."""
    context = {
        "ticket": found,
        "kind": kind,
        "form": form,
        "changed": changed,
        "changes": [
            {
                "who": str(entry.actor or _("The portal")),
                "what": entry.get_kind_display(),
                "when": display.when(entry.happened_at, clock.now()),
            }
            for entry in (changed.entries if changed else ())
        ],
        "excerpt": excerpt[:400],
        "address": request.path,
        "in_dialog": _in_dialog(request),
    }
    template = "tickets/_change.html" if _in_dialog(request) else "tickets/change.html"
    return render(request, template, context, status=status)


def changed_page(request: HttpRequest, number: int) -> HttpResponse:
    """Go back to the page; a dialog is told to close, and the page to fetch itself afresh."""
    if _in_dialog(request):
        return HttpResponse(status=204, headers={"HX-Trigger": "ticket:changed"})
    return redirect("ticket", number)


def _in_dialog(request: HttpRequest) -> bool:
    return bool(request.htmx) and request.htmx.target == DIALOG  # type: ignore[attr-defined]


def _not_now(found: Ticket) -> str:
    if found.status in FINAL:
        return _(
            "The ticket is %(status)s, which is final. Write a late comment, or make a follow-up "
            "ticket."
        ) % {"status": found.get_status_display()}
    return _("You cannot change this, or not while the ticket is %(status)s.") % {
        "status": found.get_status_display()
    }
