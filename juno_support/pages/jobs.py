"""Job autopsy: what became of DIRAC jobs, on a page of its own and on a ticket's."""

from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import job_ids, show_bidi, whole_number
from monitoring.jobs import MOST_JOBS
from monitoring.look_up import look_up_jobs, seen_jobs, vos_of_sources
from supportunits import policies as unit_policies
from supportunits.models import VO
from tickets import policies, queries
from tickets.actions import jobs as job_actions
from tickets.models import Ticket, TicketType
from tickets.views.job_cards import cards_of_evidence, cards_of_found, draft_of
from tickets.views.shared import person
from tickets.views.submit import draft_address


@require_safe
@allowed_if(policies.may_look_up_jobs)
def look_up(request: HttpRequest) -> HttpResponse:
    """Look the pasted jobs up and show what became of them."""
    user, at = person(request), clock.now()
    pasted = request.GET.get("ids", "")[:4000]
    wanted = job_ids(pasted)
    ticket = _ticket_of(request, user)
    vos = policies.vos_of_jobs(user)
    found = look_up_jobs(wanted, at=at, vos=vos) if wanted else None
    context = {
        "pasted": pasted,
        "ticket": ticket,
        "is_asked": "ids" in request.GET,
        "wanted": wanted,
        "too_many": len(wanted) - MOST_JOBS if len(wanted) > MOST_JOBS else 0,
        "most": MOST_JOBS,
        "look_up": found,
        "missing": ", ".join(str(job) for job in found.missing) if found else "",
        "faults": [(title, show_bidi(why)) for title, why in found.faults] if found else [],
        "cards": cards_of_found(found.found, at=at) if found else [],
        "found_ids": ",".join(str(job.facts.job_id) for job in found.found) if found else "",
        "has_source": any(vos is None or vo in vos for vo in vos_of_sources()),
        "files_team": unit_policies.is_shifter(user),
    }
    return render(request, "pages/jobs.html", context)


@require_POST
@allowed_if(policies.may_look_up_jobs)
def keep(request: HttpRequest) -> HttpResponse:
    """Keep jobs with a ticket, as they were just shown."""
    user, at = person(request), clock.now()
    ids = job_ids(request.POST.get("ids", ""))
    number = whole_number(request.POST.get("ticket", "").strip().lstrip("#"))
    back = f"{reverse('jobs:look-up')}?ids={','.join(str(job) for job in ids[:MOST_JOBS])}"
    try:
        ticket = policies.find_ticket(user, number) if number is not None else None
    except Http404:
        ticket = None
    if ticket is None:
        messages.error(request, _("There is no such ticket for you. Give its number."))
        return redirect(back)
    jobs = seen_jobs(ids, at=at, vos=policies.vos_of_jobs(user))
    try:
        kept = job_actions.keep_jobs(ticket=ticket, jobs=jobs, by=user, at=at)
    except SupportError as error:
        messages.error(request, str(error))
        return redirect(back)
    if not jobs:
        messages.error(request, _("DIRAC does not tell of these jobs just now. Try again."))
        return redirect(back)
    messages.success(
        request,
        ngettext("%(n)d job is kept with the ticket.", "%(n)d jobs are kept with the ticket.", kept)
        % {"n": kept}
        if kept
        else _("They were kept with the ticket already."),
    )
    return redirect(f"{reverse('ticket', args=[ticket.pk])}#jobs")


@require_POST
@allowed_if(policies.may_look_up_jobs)
def start_ticket(request: HttpRequest) -> HttpResponse:
    """Begin a ticket about jobs: its form opens, filled in, and what was found goes along."""
    user, at = person(request), clock.now()
    ids = job_ids(request.POST.get("ids", ""))
    back = f"{reverse('jobs:look-up')}?ids={','.join(str(job) for job in ids[:MOST_JOBS])}"
    jobs = seen_jobs(ids, at=at, vos=policies.vos_of_jobs(user))
    if not jobs:
        messages.error(request, _("DIRAC does not tell of these jobs just now. Try again."))
        return redirect(back)
    is_team = request.POST.get("type") == TicketType.TEAM and unit_policies.is_shifter(user)
    vo = VO.objects.filter(name=jobs[0].vo).values_list("pk", flat=True).first()
    data = draft_of(jobs, type=TicketType.TEAM if is_team else TicketType.USER, vo=vo)
    try:
        draft = job_actions.draft_of_jobs(draft_id=uuid4(), data=data, jobs=jobs, by=user, at=at)
    except SupportError as error:
        messages.error(request, str(error))
        return redirect(back)
    return redirect(draft_address(draft))


@require_safe
@checked_inside
def of_ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the jobs that are kept with a ticket, and those that its words name."""
    user, at = person(request), clock.now()
    ticket = policies.find_ticket(user, number)
    if not policies.sees_jobs(ticket, user):
        raise Http404
    rows = queries.job_evidence(ticket, user)
    kept = {row.job_id for row in rows}
    may_keep = policies.may_keep_jobs(ticket, user)
    named = queries.named_jobs(ticket, user) if may_keep else []
    offered = [job for job in named if job not in kept][:MOST_JOBS]
    context = {
        "ticket": ticket,
        "cards": cards_of_evidence(
            rows,
            at=at,
            redacts_on=ticket.pk if policies.may_redact(ticket, user) else None,
        ),
        "is_part": bool(request.htmx),  # type: ignore[attr-defined]
        "may_look_up": may_keep and bool(vos_of_sources()),
        "offered": offered,
        "offered_ids": ",".join(str(job) for job in offered),
    }
    template = "pages/_ticket_jobs.html" if context["is_part"] else "pages/ticket_jobs.html"
    return render(request, template, context)


def _ticket_of(request: HttpRequest, user: object) -> Ticket | None:
    """Return the ticket that the page was opened from, where jobs can be kept with it."""
    number = whole_number(request.GET.get("ticket"))
    if number is None:
        return None
    try:
        ticket = policies.find_ticket(user, number)
    except Http404:
        return None
    return ticket if policies.may_keep_jobs(ticket, user) else None
