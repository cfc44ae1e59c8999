"""Take out of a ticket what must not stay: ask, then blank it for good."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from tickets import policies, queries
from tickets.actions import redact
from tickets.answers.change import withdraw_made_from
from tickets.forms import changes as forms
from tickets.models import LED, Attachment, DiaryEntry, Ticket, TicketRelation
from tickets.views.changes import SmallForm, change_page, changed_page
from tickets.views.relation_rows import ticket_link


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
        came_from=_came_from(entry),
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
        came_from=_came_from(file),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def redact_job(request: HttpRequest, number: int, key: int) -> HttpResponse:
    """Ask, then remove what was kept of a job."""
    found = policies.find_ticket(request.user, number)
    if not policies.sees_jobs(found, request.user):
        raise Http404
    job = next((row for row in queries.job_evidence(found, request.user) if row.pk == key), None)
    if job is None:
        raise Http404
    return _redact(
        request,
        found,
        gettext_lazy("Take this job out"),
        lambda **said: redact.redact_job(job=job, ticket=found, **said),
        str(job.job_id),
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
        "solution": _redact_solution,
    }
    if part not in titles:
        raise Http404
    return _redact(
        request,
        found,
        titles[part],
        lambda **said: verbs[part](ticket=found, **said),
        getattr(found, part),
        came_from=_solution_came_from(found) if part == "solution" else None,
    )


@transaction.atomic
def _redact_solution(*, ticket: Ticket, by: User, at: datetime, why: str) -> Ticket:
    """Blank the solution, and offer the known answers that were made of it no more."""
    withdraw_made_from(ticket=ticket, by=by, at=at)
    return redact.redact_solution(ticket=ticket, by=by, at=at, why=why)


def _came_from(row: DiaryEntry | Attachment) -> int | None:
    """Return the number of the ticket where an entry or a file came from, if it is there still."""
    origin: DiaryEntry | Attachment = row
    while origin.passed_from is not None:
        origin = origin.passed_from
    gone = origin.redacted_at is not None
    return None if origin.pk == row.pk or gone else origin.ticket_id


def _solution_came_from(ticket: Ticket) -> int | None:
    """Return the number of the ticket that this one follows and whose solution it got."""
    followed = TicketRelation.objects.filter(
        ticket=ticket, kind__in=LED, other__solution=ticket.solution
    )
    return followed.values_list("other_id", flat=True).first() if ticket.solution else None


def _what_goes(came_from: int | None) -> str | Promise:
    if came_from is None:
        return gettext_lazy(
            "It disappears everywhere: here, in the search, in waiting and sent mails, in files. "
            "Nobody can bring it back. The history keeps that it was there, who took it out, why."
        )
    return format_html(
        _(
            "It came from {ticket}, and stays there and on what else follows that one: what must "
            "not stay anywhere is taken out there. From here, the search and the mails about this "
            "ticket it disappears. Nobody can bring it back. The history keeps that it was there, "
            "who took it out, why."
        ),
        ticket=ticket_link(came_from),
    )


def _redact(
    request: HttpRequest,
    found: Ticket,
    title: str | Promise,
    verb: Callable[..., Ticket],
    what: str,
    came_from: int | None = None,
) -> HttpResponse:
    kind = SmallForm(
        title,
        forms.RedactChange,
        verb,
        send=gettext_lazy("Take it out for good"),
        words=_what_goes(came_from),
        tone="bad",
    )
    if not policies.may_redact(found, request.user):
        raise PermissionDenied(_("Only supporters and admins redact. Ask a supporter to do it."))
    if request.method != "POST":
        form: forms.Change = forms.RedactChange(ticket=found)
        return change_page(request, found, kind, form, excerpt=what)
    form = forms.RedactChange(request.POST, ticket=found)
    if not form.is_valid():
        return change_page(request, found, kind, form, excerpt=what, status=422)
    try:
        verb(by=request.user, at=clock.now(), why=form.cleaned_data["why"])
    except SupportError as error:
        form.add_error(None, str(error))
        return change_page(request, found, kind, form, excerpt=what, status=422)
    return changed_page(request, found.pk)
