"""The ticket page: read it, answer, take a step, follow it."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import View, checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import clean_line, whole_number
from tickets import policies, queries
from tickets.actions import assign, diary, files, follow, submit, work
from tickets.actions.row import ChangedMeanwhile
from tickets.answers import rights
from tickets.answers.change import count_solved
from tickets.forms.reply import PUBLIC, ReplyForm
from tickets.models import Attachment, Ticket, TicketPerson
from tickets.views.composer import kept_files, reply_form
from tickets.views.page import show_ticket
from tickets.views.shared import key_or_none, person
from tickets.workflow import BY_NAME

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
    return show_ticket(request, found)


def button(act: Act) -> View:
    """Make a view of a button: load and check, one action, back to the page.

    What the action refuses is said on the page: 409 where somebody else was quicker, 403 where it
    is not for this person, else 422.
    """

    @require_POST
    @checked_inside
    @wraps(act)
    def press(request: HttpRequest, number: int, **arguments: Any) -> HttpResponse:
        user, at = person(request), clock.now()
        found = policies.find_ticket(user, number)
        try:
            said = act(request, found, user, at, **arguments)
        except ChangedMeanwhile as error:
            found = policies.find_ticket(user, number)
            return show_ticket(request, found, changed=error, status=409)
        except SupportError as error:
            found = policies.find_ticket(user, number)
            status = 403 if error.is_refusal else 422
            return show_ticket(request, found, problem=str(error), status=status)
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
        ticket=found, step=step, by=user, at=at, seen=whole_number(request.POST.get("seen"))
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
    person = get_object_or_404(User, pk=whole_number(request.POST.get("person")) or 0)
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
    user, at = person(request), clock.now()
    found = policies.find_ticket(user, number)
    if not policies.may_comment(found, user):
        raise PermissionDenied
    # Asked before the form is looked at: its step may be impossible now, because it was taken.
    if _was_sent(request, found, user):
        return redirect(f"{reverse('ticket', args=[number])}#last")
    form = reply_form(found, user, request=request)
    if "drop" in request.POST:
        _drop_file(form, key_or_none(request.POST["drop"]), user)
        return show_ticket(request, found, reply=form)
    if not policies.may_change(found, user) and _wrote_too_much(user, at):
        _keep_files(request, form, found, user, at)
        problem = _("You wrote a lot within an hour; more is not taken for now. Try again later.")
        return show_ticket(request, found, reply=form, problem=problem, status=429)
    if not form.is_valid():
        _keep_files(request, form, found, user, at)
        return show_ticket(request, found, reply=form, status=422)
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
    if step.get("step") == "solve":
        _count_answer(form.cleaned_data["answer"], found, user, at)
    return redirect(f"{reverse('ticket', args=[number])}#last")


def _count_answer(key: int | None, ticket: Ticket, user: User, at: datetime) -> None:
    """Count the known answer whose words the solution began as."""
    answer = rights.visible_answers(user).filter(pk=key).first() if key else None
    if answer is not None:
        count_solved(answer=answer, ticket=ticket, by=user, at=at)


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
    return show_ticket(request, found, reply=again, changed=changed, status=status)


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
