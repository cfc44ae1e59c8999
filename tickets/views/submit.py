"""File a ticket: three questions, drafts that are kept, what is known before it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import checked_inside
from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable, SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean, shorten, whole_number
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from tickets import policies, queries
from tickets.actions import files, follow, several, submit
from tickets.actions.follow_up import link
from tickets.answers.find import About, offer_answers
from tickets.forms.places import offer_sites
from tickets.forms.submit import TicketForm, draft_data, is_worth_keeping
from tickets.models import Attachment, Draft, RelationKind, Ticket, TicketType
from tickets.proposals import words as proposal_words
from tickets.proposals.decide import find_proposal, link_filed
from tickets.views.answers import offer_lines
from tickets.views.incidents import join_filed, running_incidents
from tickets.views.known import hidden_similar, site_panels, ticket_line
from tickets.views.recognised import job_lookup, offers, with_fact
from tickets.views.shared import key_or_none, person
from tickets.workflow import FINAL

MOST_SITES_SHOWN = 5
MOST_DRAFTS_SHOWN = 5
_FORM_OF: dict[str, str] = {
    TicketType.TEAM: "new-team-ticket",
    TicketType.ALARM: "new-alarm-ticket",
}
# Of the form's own buttons, those that only change the draft and show the form again.
_ASIDE = ("use", "remove", "me_too", "keep", "attach")


@dataclass(frozen=True)
class Entry:
    """A way to file: the form, its addresses and page, and the action that files.

    :ivar ticket_type: a draft of another type than USER remembers it
    :ivar prefilled: what the address asks to be filled in
    :ivar filed: what is to be done besides, once the ticket is there
    """

    ticket_type: TicketType
    form: type[TicketForm]
    address: str
    saves: str
    template: str
    file: Callable[..., Ticket]
    prefilled: Callable[[HttpRequest, User], dict[str, Any]]
    filed: Callable[[HttpRequest, Ticket, User, datetime], None]


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def new_ticket(request: HttpRequest) -> HttpResponse:
    """Show the form, keep a draft, or file the ticket and go to it."""
    return serve(request, USER_ENTRY)


@require_POST
@checked_inside
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is typed, and answer with what is known about it; htmx calls this while typing."""
    return keep_typed(request, USER_ENTRY)


def serve(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Show the form of an entry, keep a draft, or file the ticket and go to it.

    The draft's id is the submission key: the same one twice leads to the same ticket.
    """
    user, at = person(request), clock.now()
    if request.method != "POST":
        return _show(request, entry, user, at)
    draft_id = key_or_none(request.POST.get("draft")) or uuid4()
    before = _filed(user, draft_id)
    if before is not None:
        return redirect("ticket", before)
    refused = _attach(request, draft_id, user, at)
    if refused is None and any(name in request.POST for name in _ASIDE):
        return _aside(request, entry, draft_id, user, at)
    form = entry.form(request.POST, user=user, at=at)
    form.is_valid()
    if refused is not None:
        form.add_error(None, str(refused))
    status = 422
    if not form.errors:
        too_many = _too_many(user, at)
        if too_many is not None:
            form.add_error(None, str(too_many))
            status = 429
    if not form.errors:
        try:
            ticket = _file(request, entry, form, draft_id, user, at)
        except NotAcceptable as error:
            _put_at_field(form, error)
        else:
            words = _filed_words(ticket, may_be_parent=len(form.notified_sites) > 1)
            messages.success(request, words)
            return redirect("ticket", ticket.pk)
    _keep(request, entry, draft_id, user, at)
    return _form_page(request, entry, form, draft_id, user, at, status=status)


@transaction.atomic
def _file(
    request: HttpRequest, entry: Entry, form: TicketForm, draft_id: UUID, user: User, at: datetime
) -> Ticket:
    """File the ticket and do what was asked for besides: a crash between them leaves the draft.

    What cannot be done besides is told, and costs the ticket nothing.
    """
    ticket = entry.file(
        draft_id=draft_id, by=user, at=at, language=user.language, **form.arguments()
    )
    # First what takes the lock of relations: whoever holds it may wait for the other tickets' rows.
    join_filed(request, ticket, user, at)
    _refer_back(request, ticket, user, at)
    entry.filed(request, ticket, user, at)
    return ticket


def keep_typed(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Keep what is typed into the form of an entry, and answer with what is known about it."""
    user, at = person(request), clock.now()
    draft_id = key_or_none(request.POST.get("draft"))
    if draft_id is None or _filed(user, draft_id) is not None:
        return HttpResponse(status=204)
    saved = _keep(request, entry, draft_id, user, at)
    form = entry.form(user=user, at=at, initial=draft_data(request.POST, entry.form))
    context = _known(form, user, at, request.POST)
    context |= {
        "form": form,
        "join": whole_number(request.POST.get("join")),
        "saved_at": at if saved else None,
        "sites_changed": request.POST.get("sites_shown", "") != context["sites_shown"],
        "vo_changed": request.POST.get("vo_shown", "") != context["vo_shown"],
    }
    return render(request, "tickets/_new_known.html", context)


@require_POST
@checked_inside
def discard_draft(request: HttpRequest, key: UUID) -> HttpResponse:
    """Throw a draft of one's own away."""
    submit.discard_draft(draft_id=key, by=person(request))
    messages.success(request, _("The draft is gone."))
    return redirect("new-ticket")


@require_safe
@checked_inside
def offer_names(request: HttpRequest) -> HttpResponse:
    """Offer sites for what is typed so far, for the type-ahead."""
    return render(
        request, "tickets/_site_offers.html", {"offers": offer_sites(request.GET.get("q", ""))}
    )


def _show(request: HttpRequest, entry: Entry, user: User, at: datetime) -> HttpResponse:
    key = key_or_none(request.GET.get("draft"))
    if key is not None:
        before = _filed(user, key)
        if before is not None:
            return redirect("ticket", before)
        draft = Draft.objects.filter(pk=key, owner=user).exclude(data__has_key="reply_to").first()
        if draft is None:
            raise Http404
        if draft.data.get("type", TicketType.USER) != entry.ticket_type:
            return redirect(draft_address(draft))
        form = entry.form(user=user, at=at, initial=draft.data)
        return _form_page(
            request, entry, form, key, user, at, saved_at=draft.updated_at, follows=draft.data
        )
    initial = entry.prefilled(request, user)
    form = entry.form(user=user, at=at, initial=initial)
    return _form_page(request, entry, form, uuid4(), user, at, follows=initial)


def draft_address(draft: Draft) -> str:
    """Return the address at which a draft goes on: that of its type's form."""
    form = _FORM_OF.get(str(draft.data.get("type")), "new-ticket")
    return f"{reverse(form)}?draft={draft.pk}"


def _form_page(
    request: HttpRequest,
    entry: Entry,
    form: TicketForm,
    draft_id: UUID,
    user: User,
    at: datetime,
    *,
    status: int = 200,
    saved_at: datetime | None = None,
    follows: Mapping[str, Any] | None = None,
) -> HttpResponse:
    carried = follows or request.POST
    follow_up = whole_number(str(carried.get("follow_up") or ""))
    context = _known(form, user, at, request.POST) | {
        "form": form,
        "here": reverse(entry.address),
        "saves": reverse(entry.saves),
        "proposal": whole_number(str(carried.get("proposal") or "")),
        "files_team": unit_policies.is_shifter(user),
        "raises_alarms": unit_policies.is_alarmer(user),
        "draft_id": draft_id,
        "saved_at": saved_at,
        "attached": _attached(draft_id, user),
        "drafts": [] if request.method == "POST" else _other_drafts(draft_id, user),
        "follow_up": follow_up,
        "security": _security_contacts(),
        "join": whole_number(str(carried.get("join") or "")),
        "most_bytes": settings.JUNO_ATTACHMENT_MAX_BYTES,
        "opens_more": form.opens_more or form.is_security,
    }
    return render(request, entry.template, context, status=status)


def _known(form: TicketForm, user: User, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known about what is typed: recognised facts, similar tickets, the sites."""
    sites = form.chosen_sites
    subject = str(form["subject"].value() or "")
    similar = queries.similar_open_tickets(user, subject, sites, at=at)
    words = f"{subject} {str(form['description'].value() or '')[:500]}"
    about = About(
        vo=whole_number(str(form["vo"].value() or "")),
        sites=frozenset(site.pk for site in sites),
    )
    return {
        "facts": offers(form),
        "job_lookup": job_lookup(form, user),
        "similar": [ticket_line(ticket, at) for ticket in similar],
        "hidden_similar": hidden_similar(user, subject),
        "answers": [] if form.is_security else offer_lines(offer_answers(user, words, about)),
        "conditions": site_panels(
            sites[:MOST_SITES_SHOWN],
            user,
            at,
            vo=form.vo_name,
            services=form.chosen_services,
        ),
        "incidents": running_incidents(user, sites),
        "unknown_sites": form.unknown_sites,
        "sites_shown": ",".join(str(site.pk) for site in sites),
        "vo_shown": str(form["vo"].value() or ""),
    }


# Drafts and their files


def _keep(request: HttpRequest, entry: Entry, draft_id: UUID, user: User, at: datetime) -> bool:
    """Save the draft, if there is something to save; False where there is not, or may not be."""
    data = draft_data(request.POST, entry.form)
    if not is_worth_keeping(data):
        return False
    return _store(draft_id, data, request, entry, user, at)


def _store(
    draft_id: UUID,
    data: dict[str, Any],
    request: HttpRequest,
    entry: Entry,
    user: User,
    at: datetime,
) -> bool:
    if entry.ticket_type != TicketType.USER:
        data["type"] = entry.ticket_type.value
    for name in ("follow_up", "proposal", "join"):
        number = whole_number(request.POST.get(name))
        if number is not None:
            data[name] = number
    try:
        submit.save_draft(draft_id=draft_id, by=user, at=at, data=data)
    except NotAcceptable:
        return False
    return True


def _aside(
    request: HttpRequest, entry: Entry, draft_id: UUID, user: User, at: datetime
) -> HttpResponse:
    """Do what a button of the form asks besides filing, keep everything, show the form again."""
    data = draft_data(request.POST, entry.form)
    place = ""
    if "use" in request.POST:
        with_fact(data, request.POST["use"])
        place = "#where"
    if "remove" in request.POST:
        _remove(request.POST["remove"], user)
        place = "#files"
    if "attach" in request.POST:
        place = "#files"
    number = whole_number(request.POST.get("me_too"))
    if number is not None:
        ticket = policies.find_ticket(user, number)
        try:
            follow.say_me_too(ticket=ticket, by=user, at=at)
        except SupportError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("You have the same problem as #%(number)s and follow it now. Your draft is kept.")
                % {"number": number},
            )
    if not _store(draft_id, data, request, entry, user, at):
        return redirect(entry.address)
    if "keep" in request.POST:
        messages.success(request, _("The draft is saved. You find it here whenever you come back."))
    return redirect(f"{reverse(entry.address)}?draft={draft_id}{place}")


def _attach(
    request: HttpRequest, draft_id: UUID, user: User, at: datetime
) -> files.FileRefused | None:
    """Keep the sent files with the draft, so that a mistake elsewhere does not lose them."""
    for upload in request.FILES.getlist("files"):
        try:
            files.add_to_draft(draft_id=draft_id, upload=upload, by=user, at=at)
        except files.FileRefused as error:
            return error
    return None


def _remove(key: str, user: User) -> None:
    found = key_or_none(key)
    attachment = Attachment.objects.filter(pk=found, uploader=user).first() if found else None
    if attachment is not None:
        files.remove_from_draft(attachment=attachment, by=user)


def _attached(draft_id: UUID, user: User) -> list[Attachment]:
    return list(Attachment.objects.filter(draft=draft_id, uploader=user).order_by("uploaded_at"))


def _other_drafts(draft_id: UUID, user: User) -> list[dict[str, Any]]:
    found = queries.drafts(user).exclude(pk=draft_id).exclude(data__has_key="reply_to")
    return [
        {
            "key": draft.pk,
            "url": draft_address(draft),
            "title": shorten(str(draft.data.get("subject") or ""), 80) or _("without a subject"),
            "sites": str(draft.data.get("sites") or draft.data.get("notified_site") or ""),
            "updated_at": draft.updated_at,
        }
        for draft in found[:MOST_DRAFTS_SHOWN]
    ]


# Small questions


def _filed(user: User, draft_id: UUID) -> int | None:
    """Return the number of the ticket that a draft became."""
    filed = queries.own_tickets(user).filter(submission_key=draft_id)
    return next(iter(filed.order_by().values_list("pk", flat=True)), None)


def _too_many(user: User, at: datetime) -> SupportError | None:
    most = settings.JUNO_SUBMISSIONS_PER_HOUR
    if most <= 0:
        return None
    since = at - timedelta(hours=1)
    newest = list(queries.own_tickets(user).values_list("submitted_at", flat=True)[:most])
    if len(newest) < most or newest[-1] <= since:
        return None
    return SupportError(
        _("You filed %(most)s tickets within an hour; more are not taken for now.")
        % {"most": most},
        _("Your draft is kept. Send it from %(moment)s on, or write to the tickets that are open.")
        % {"moment": display.local_text(newest[-1] + timedelta(hours=1), at)},
    )


def _put_at_field(form: TicketForm, error: NotAcceptable) -> None:
    field: str | None = error.field
    if field == "send_to":
        field = "unit" if form.cleaned_data.get("unit") else "notified_site"
    form.add_error(field if field in form.fields else None, str(error))


def _refer_back(request: HttpRequest, ticket: Ticket, user: User, at: datetime) -> None:
    """Connect a follow-up with the ticket that it follows."""
    number = whole_number(request.POST.get("follow_up"))
    if number is None:
        return
    try:
        before = policies.find_ticket(user, number)
        if before.status in FINAL:
            link(new=ticket, old=before, by=user, at=at)
        else:
            follow.add_reference(ticket=ticket, other=before, by=user, at=at)
    except (SupportError, Http404):
        messages.warning(request, _("#%(number)s could not be referred to.") % {"number": number})


def _filed_words(ticket: Ticket, *, may_be_parent: bool) -> SafeString:
    if may_be_parent and (children := ticket.related.filter(kind=RelationKind.CHILD).count()):
        return format_html(
            _("Filed as #{number}, which waits for {children} tickets, one for each site."),
            number=ticket.pk,
            children=children,
        )
    return format_html(
        _("Your ticket is filed as #{number} and is with {unit} now."),
        number=ticket.pk,
        unit=ticket.unit.name,
    )


def prefilled(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what the address asks to be filled in: a proposal, a follow-up, or single fields."""
    key = whole_number(request.GET.get("proposal"))
    if key is not None:
        return proposal_words.prefilled(find_proposal(user, key))
    number = whole_number(request.GET.get("follow_up"))
    if number is not None:
        before = policies.find_ticket(user, number)
        return {
            "follow_up": number,
            "subject": shorten(_("Follow-up: %(subject)s") % {"subject": before.subject}, 250),
            "description": _("This follows #%(number)s.") % {"number": number} + "\n\n",
            "sites": ", ".join(before.affected_sites.values_list("name", flat=True)),
            "vo": before.vo_id,
            # Of type Security too, where that is: its subject must not become public by a click.
            "issue_type": before.issue_type_id,
        }
    asked = {
        name: clean(request.GET[name][:4000])
        for name in ("subject", "description", "sites", "notified_site", "jobs", "hosts")
        if name in request.GET
    }
    for name in ("priority", "vo", "unit", "issue_type"):
        if whole_number(request.GET.get(name)) is not None:
            asked[name] = request.GET[name]
    return asked


def _security_contacts() -> dict[str, str]:
    unit = unit_queries.security_unit()
    return {
        "unit": unit.title or unit.name,
        "address": unit.mailing_list,
        "infrastructure": settings.JUNO_SECURITY_CONTACT,
    }


def link_proposal(request: HttpRequest, ticket: Ticket, user: User, at: datetime) -> None:
    """Link the proposal that the ticket was filed for, if there is one."""
    key = whole_number(request.POST.get("proposal"))
    if key is None:
        return
    try:
        linked = link_filed(proposal=find_proposal(user, key), ticket=ticket, by=user, at=at)
    except (SupportError, Http404):
        messages.warning(request, _("The proposal could not be linked."))
        return
    if linked.pk != ticket.pk:
        messages.warning(
            request,
            _("Meanwhile #%(number)s was filed for the same proposal; the two refer to each other.")
            % {"number": linked.pk},
        )


USER_ENTRY = Entry(
    ticket_type=TicketType.USER,
    form=TicketForm,
    address="new-ticket",
    saves="save-draft",
    template="tickets/new.html",
    file=several.submit_for_sites,
    prefilled=prefilled,
    filed=link_proposal,
)
