"""The ticket page: read it, answer, take a step, change one thing."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import View, checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line
from tickets import policies, queries
from tickets.actions import assign, diary, files, follow, redact, submit, work
from tickets.actions.row import ChangedMeanwhile
from tickets.forms import changes as forms
from tickets.forms.reply import PUBLIC, ReplyForm
from tickets.models import Attachment, DiaryEntry, Ticket, TicketPerson
from tickets.views.page import kept_files, reply_form, ticket_context
from tickets.views.shared import key_or_none, number_or_none
from tickets.workflow import BY_NAME, FINAL, OPEN

# The part of a page that htmx puts a small form into.
DIALOG = "change-body"

_SAVE = gettext_lazy("Save")

# Called with the request, the ticket, the person, the moment; returns what was done, in words.
Act = Callable[..., str]


@require_safe
@checked_inside
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show a ticket; its outline to those who may know no more."""
    try:
        found = policies.find_ticket(request.user, number)
    except Http404:
        outlined = policies.find_outline(request.user, number)
        context = {"ticket": outlined, "sites": outlined.affected_sites.order_by("name")}
        return render(request, "tickets/outline.html", context)
    return _page(request, found)


def button(act: Act) -> View:
    """Make a view of a button: load and check, one action, back to the page.

    What the action refuses is said on the page: 409 where somebody else was quicker, 403 where it
    is not for this person, else 422.
    """

    @require_POST
    @checked_inside
    @wraps(act)
    def press(request: HttpRequest, number: int, **arguments: Any) -> HttpResponse:
        user, at = cast(User, request.user), clock.now()
        found = policies.find_ticket(user, number)
        try:
            said = act(request, found, user, at, **arguments)
        except ChangedMeanwhile as error:
            found = policies.find_ticket(user, number)
            return _page(request, found, changed=error, status=409)
        except SupportError as error:
            found = policies.find_ticket(user, number)
            status = 403 if error.is_refusal else 422
            return _page(request, found, problem=str(error), status=status)
        if said:
            messages.success(request, said)
        return redirect("ticket", number)

    return press


@button
def take_step(request: HttpRequest, found: Ticket, user: User, at: datetime, *, step: str) -> str:
    """Take a step of the workflow that needs nothing further."""
    if step not in BY_NAME:
        raise Http404
    work.take_step(
        ticket=found, step=step, by=user, at=at, seen=number_or_none(request.POST.get("seen"))
    )
    return {
        "take": _("The ticket is yours now."),
        "verify": _("Thank you. The ticket is verified."),
    }.get(step, "")


@button
def follow_ticket(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Follow the ticket by mail, or no longer."""
    if request.POST.get("follow") == "no":
        follow.unsubscribe(ticket=found, by=user)
        return _("You do not follow this ticket any more.")
    follow.subscribe(ticket=found, by=user)
    return _("You follow this ticket: you get a mail for every public change.")


@button
def say_me_too(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Say that one has the same problem."""
    follow.say_me_too(ticket=found, by=user, at=at)
    return _("Noted. You follow this ticket from now on.")


@button
def remove_person(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Release a person from the ticket."""
    person = get_object_or_404(User, pk=number_or_none(request.POST.get("person")) or 0)
    part = request.POST.get("part", "")
    if part not in TicketPerson.Part.values:
        raise Http404
    assign.remove_person(ticket=found, person=person, part=TicketPerson.Part(part), by=user, at=at)
    return _("%(person)s is released.") % {"person": person}


@button
def remove_copy(request: HttpRequest, found: Ticket, user: User, at: datetime) -> str:
    """Take an address off the CC."""
    follow.remove_carbon_copy(
        ticket=found, address=clean_line(request.POST.get("address", "")), by=user, at=at
    )
    return _("The address gets no copies any more.")


# Answer


@require_POST
@checked_inside
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Write into the diary, with the step that goes along.

    What cannot be taken comes back with everything that was typed, and with its files: they wait
    under the form's key until it is sent again.
    """
    user, at = cast(User, request.user), clock.now()
    found = policies.find_ticket(user, number)
    if not policies.may_comment(found, user):
        raise PermissionDenied
    # Asked before the form is looked at: its step may be impossible now, because it was taken.
    if _was_sent(request, found, user):
        return redirect(f"{reverse('ticket', args=[number])}#last")
    form = reply_form(found, user, request=request)
    if "drop" in request.POST:
        _drop_file(form, key_or_none(request.POST["drop"]), user)
        return _page(request, found, reply=form)
    if not policies.may_change(found, user) and _wrote_too_much(user, at):
        _keep_files(request, form, found, user, at)
        problem = _("You wrote a lot within an hour; more is not taken for now. Try again later.")
        return _page(request, found, reply=form, problem=problem, status=429)
    if not form.is_valid():
        _keep_files(request, form, found, user, at)
        return _page(request, found, reply=form, status=422)
    key: UUID = form.cleaned_data["key"]
    step = form.step_arguments()
    try:
        with ExitStack() as opened:
            waiting = [_as_upload(file, opened) for file in kept_files(form, user)]
            diary.add_entry(
                ticket=found,
                words=form.cleaned_data["words"],
                is_public=form.cleaned_data["side"] == PUBLIC,
                submission_key=key,
                by=user,
                at=at,
                uploads=[*waiting, *request.FILES.getlist("files")],
                # Words alone are never too late.
                seen=form.cleaned_data["seen"] if step else None,
                **step,
            )
    except SupportError as error:
        _keep_files(request, form, found, user, at)
        return _refuse_reply(request, form, error, user, number)
    submit.discard_draft(draft_id=key, by=user)
    return redirect(f"{reverse('ticket', args=[number])}#last")


def _wrote_too_much(user: User, at: datetime) -> bool:
    most = settings.JUNO_ENTRIES_PER_HOUR
    return most > 0 and queries.words_since(user, at - timedelta(hours=1), most) >= most


def _refuse_reply(
    request: HttpRequest, form: ReplyForm, error: SupportError, user: User, number: int
) -> HttpResponse:
    """Show the page again: what changed meanwhile or what is missing, and the words kept."""
    found = policies.find_ticket(user, number)
    changed = error if isinstance(error, ChangedMeanwhile) else None
    data = request.POST.copy()
    data["seen"] = str(found.last_entry_id)
    again = reply_form(found, user, request=request)
    again.data = data
    if changed is None:
        field = str(getattr(error, "field", ""))
        place = {"comment": "words", "solution": "words"}.get(field, field)
        again.is_valid()
        again.add_error(place if place in again.fields else None, str(error))
    status = 422 if changed is None else 409
    return _page(request, found, reply=again, changed=changed, status=status)


def _was_sent(request: HttpRequest, found: Ticket, user: User) -> bool:
    """Return whether this very form was taken before: the answer got lost, or two clicks."""
    key = key_or_none(request.POST.get("key"))
    return key is not None and found.diary.filter(submission_key=key, author=user).exists()


def _keep_files(
    request: HttpRequest, form: ReplyForm, found: Ticket, user: User, at: datetime
) -> None:
    """Keep the sent files as those of a draft with the form's key, so that they are not lost."""
    uploads = request.FILES.getlist("files")
    key = key_or_none(form.data.get("key"))
    if not uploads or key is None:
        return
    try:
        submit.save_draft(draft_id=key, by=user, at=at, data={"reply_to": found.pk})
        for upload in uploads:
            upload.seek(0)
            files.add_to_draft(draft_id=key, upload=upload, by=user, at=at)
    except SupportError as error:
        messages.error(request, str(error))


def _drop_file(form: ReplyForm, key: UUID | None, user: User) -> None:
    """Take away a file that waits with an answer which could not be sent."""
    for file in kept_files(form, user):
        if file.pk == key:
            files.remove_from_draft(attachment=file, by=user)


def _as_upload(file: Attachment, opened: ExitStack) -> Any:
    return File(opened.enter_context(file.file.open("rb")), name=file.name)


# Change one thing


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


def _owner_of_open(found: Ticket, user: Any) -> bool:
    return policies.is_owner(found, user) and found.status in OPEN


def _comments(found: Ticket, user: Any) -> bool:
    return policies.may_comment(found, user)


def _field(name: str) -> Callable[..., Any]:
    def act(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
        value = given["site"] if name == "notified_site" else given["value"]
        work.change_field(ticket=ticket, field=name, value=value, seen=given["seen"], **who)

    return act


def _priority(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.set_priority(ticket=ticket, priority=given["priority"], seen=given["seen"], **who)


def _unit(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    assign.assign_to_unit(
        ticket=ticket, unit=given["unit"], reason=given["reason"], seen=given["seen"], **who
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
    try:
        other = policies.find_ticket(who["by"], given["number"])
    except Http404:
        raise follow.CannotRefer(
            _("There is no ticket #%(number)s that you may read.") % {"number": given["number"]}
        ) from None
    follow.add_reference(ticket=ticket, other=other, **who)


def _escalate(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.escalate(ticket=ticket, **who)


def _withdraw(ticket: Ticket, given: dict[str, Any], who: dict[str, Any]) -> None:
    work.take_step(
        ticket=ticket, step="withdraw", solution=given["words"], seen=given["seen"], **who
    )


CHANGES: dict[str, SmallForm] = {
    "priority": SmallForm(gettext_lazy("Change the priority"), forms.PriorityChange, _priority),
    "unit": SmallForm(
        gettext_lazy("Give it to another support unit"),
        forms.UnitChange,
        _unit,
        send=gettext_lazy("Assign"),
        allowed=_is_open_supporter,
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
    "next-step": SmallForm(gettext_lazy("What happens next"), forms.NextStepChange, _next_step),
    "vo": SmallForm(gettext_lazy("Change the concerned VO"), forms.VOChange, _field("vo")),
    "scope": SmallForm(gettext_lazy("Say how far it reaches"), forms.ScopeChange, _scope),
    "issue-type": SmallForm(
        gettext_lazy("Change the type of issue"), forms.IssueTypeChange, _field("issue_type")
    ),
    "category": SmallForm(
        gettext_lazy("Change the category"), forms.CategoryChange, _field("category")
    ),
    "subject": SmallForm(
        gettext_lazy("Change the subject"), forms.SubjectChange, _field("subject")
    ),
    "problem-at": SmallForm(
        gettext_lazy("Change the moment of the problem"),
        forms.ProblemChange,
        _field("problem_at"),
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
    ),
    "cc": SmallForm(
        gettext_lazy("Add a CC address"),
        forms.CopyChange,
        _copy,
        send=gettext_lazy("Add"),
        allowed=_supporter,
    ),
    "reference": SmallForm(
        gettext_lazy("Refer to another ticket"),
        forms.ReferenceChange,
        _reference,
        send=gettext_lazy("Connect"),
        allowed=_comments,
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
}


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def change(request: HttpRequest, number: int, what: str) -> HttpResponse:
    """Show one small form, or do what it says."""
    kind = CHANGES.get(what)
    if kind is None:
        raise Http404
    user, at = cast(User, request.user), clock.now()
    found = policies.find_ticket(user, number)
    if not kind.allowed(found, user):
        problem = _not_now(found)
        if request.method == "POST":
            status = 422 if policies.may_change(found, user) else 403
            return _page(request, found, problem=problem, status=status)
        messages.error(request, problem)
        return redirect("ticket", number)
    form = kind.form(request.POST, ticket=found)
    if request.method != "POST":
        return _change_page(request, found, kind, kind.form(ticket=found))
    if not form.is_valid():
        return _change_page(request, found, kind, form, status=422)
    try:
        kind.act(found, form.cleaned_data, {"by": user, "at": at})
    except ChangedMeanwhile as error:
        found = policies.find_ticket(user, number)
        form.data = {**request.POST.dict(), "seen": str(found.last_entry_id)}
        return _change_page(request, found, kind, form, changed=error, status=409)
    except SupportError as error:
        form.add_error(None, str(error))
        return _change_page(request, found, kind, form, status=422)
    return _changed(request, number)


# Take out what must not stay


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def redact_entry(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """Ask, then blank a diary entry."""
    found = policies.find_ticket(request.user, number)
    entry = get_object_or_404(DiaryEntry, pk=key, ticket=found)
    if not entry.is_public and not policies.may_read_internal(found, request.user):
        raise Http404
    return _redact(
        request,
        found,
        gettext_lazy("Take this entry out"),
        lambda **said: redact.redact_entry(entry=entry, **said),
        entry.text,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def redact_words(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """Ask, then blank what was written with a change: a reason, or a next step."""
    found = policies.find_ticket(request.user, number)
    entry = get_object_or_404(queries.timeline(found, request.user), pk=key)
    return _redact(
        request,
        found,
        gettext_lazy("Take these words out"),
        lambda **said: redact.redact_words(entry=entry, **said),
        entry.words,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def redact_file(request: HttpRequest, number: int, key: UUID) -> HttpResponse:
    """Ask, then remove a file for good."""
    found = policies.find_ticket(request.user, number)
    file = get_object_or_404(Attachment, pk=key, ticket=found)
    if not file.is_public and not policies.may_read_internal(found, request.user):
        raise Http404
    return _redact(
        request,
        found,
        gettext_lazy("Take this file out"),
        lambda **said: redact.redact_attachment(attachment=file, **said),
        file.name,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def redact_part(request: HttpRequest, number: int, part: str) -> HttpResponse:
    """Ask, then blank the subject, the description or the solution."""
    found = policies.find_ticket(request.user, number)
    titles = {
        "subject": gettext_lazy("Take the subject out"),
        "description": gettext_lazy("Take the description out"),
        "solution": gettext_lazy("Take the solution out"),
    }
    verbs: dict[str, Callable[..., Ticket]] = {
        "subject": redact.redact_subject,
        "description": redact.redact_description,
        "solution": redact.redact_solution,
    }
    if part not in titles:
        raise Http404
    return _redact(
        request,
        found,
        titles[part],
        lambda **said: verbs[part](ticket=found, **said),
        getattr(found, part),
    )


def _redact(
    request: HttpRequest,
    found: Ticket,
    title: str | Promise,
    verb: Callable[..., Ticket],
    what: str,
) -> HttpResponse:
    kind = SmallForm(
        title,
        forms.RedactChange,
        verb,
        send=gettext_lazy("Take it out for good"),
        words=gettext_lazy(
            "It disappears everywhere: here, in the search, in waiting and sent mails, in files. "
            "Nobody can bring it back. The history keeps that it was there, who took it out, why."
        ),
        tone="bad",
    )
    if not policies.may_redact(found, request.user):
        raise PermissionDenied(_("Only supporters and admins redact. Ask a supporter to do it."))
    if request.method != "POST":
        form: forms.Change = forms.RedactChange(ticket=found)
        return _change_page(request, found, kind, form, excerpt=what)
    form = forms.RedactChange(request.POST, ticket=found)
    if not form.is_valid():
        return _change_page(request, found, kind, form, excerpt=what, status=422)
    try:
        verb(by=request.user, at=clock.now(), why=form.cleaned_data["why"])
    except SupportError as error:
        form.add_error(None, str(error))
        return _change_page(request, found, kind, form, excerpt=what, status=422)
    return _changed(request, found.pk)


# Answers


def _page(request: HttpRequest, found: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    context = ticket_context(request, found, **more)
    return render(request, "tickets/ticket.html", context, status=status)


def _change_page(
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


def _changed(request: HttpRequest, number: int) -> HttpResponse:
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
