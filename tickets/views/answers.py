"""Known answers: the list, one answer, making and changing it, and offers where people write."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.accounts.audit import Part
from juno_support.accounts.audit_lines import trace
from juno_support.errors import NotAcceptable
from juno_support.lib import clock, cursor, display, markdown
from juno_support.lib.text import clean_line, shorten, whole_number
from tickets import policies
from tickets.answers import change, find, forms, rights
from tickets.answers.models import Audience, KnownAnswer
from tickets.models import Ticket
from tickets.views.shared import person

PAGE = 30
EXCERPT = 180
STEPS = {
    "withdraw": (change.withdraw_answer, gettext_lazy("The answer is offered no more.")),
    "restore": (change.restore_answer, gettext_lazy("The answer is offered again.")),
    "confirm": (
        change.confirm_answer,
        gettext_lazy("It is still true; the next look is in a year."),
    ),
}


def parts_of_answer(row: KnownAnswer) -> tuple[Part, ...]:
    """Describe the trace of a known answer."""
    return (
        Part(
            KnownAnswer,
            {"pgh_obj_id": row.pk},
            noun=_("answer"),
            is_whole=True,
            words={
                "title": _("title"),
                "audience": _("who reads it"),
                "owner": _("owner"),
                "review_on": _("review"),
                "vo": _("VO"),
                "issue_type": _("type of issue"),
                "withdrawn_at": _("withdrawn"),
            },
            quiet={"submission_key", "made_from", "created_at", "updated_at"},
        ),
    )


@require_safe
@allowed_if(is_signed_in)
def answer_list(request: HttpRequest) -> HttpResponse:
    """Show the known answers that hold the words, newest first."""
    user, at = person(request), clock.now()
    line = clean_line(request.GET.get("q", ""))[:200]
    writes = rights.may_write(user)
    withdrawn = writes and request.GET.get("show") == "withdrawn"
    found = find.search_answers(user, line, withdrawn=withdrawn)
    rows = list(
        _after(found, request.GET.get("after", "")).select_related("owner", "vo")[: PAGE + 1]
    )
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        question = {"q": line, "after": cursor.written(last.updated_at, last.pk)}
        more = f"?{urlencode(question | ({'show': 'withdrawn'} if withdrawn else {}))}"
    context = {
        "line": line,
        "lines": [_line(row, at) for row in rows[:PAGE]],
        "more": more,
        "writes": writes,
        "withdrawn": withdrawn,
        "due": list(find.to_review(user, at.date())[:PAGE]) if writes else [],
    }
    return render(request, "answers/list.html", context)


@require_safe
@checked_inside
def answer(request: HttpRequest, key: int) -> HttpResponse:
    """Show one known answer."""
    user, at = person(request), clock.now()
    found = rights.find_answer(user, key)
    writes = rights.may_write(user)
    source = found.made_from if writes else None
    context = {
        "answer": found,
        "sites": sorted(site.name for site in found.sites.all()),
        "may_change": rights.may_change(user, found),
        "writes": writes,
        "source": source if source and policies.may_read_internal(source, user) else None,
        "is_due": found.review_on <= at.date(),
        "trace": trace(request, parts_of_answer(found), sees_addresses=True) if writes else None,
    }
    return render(request, "answers/answer.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(rights.may_write)
def new_answer(request: HttpRequest) -> HttpResponse:
    """Make a known answer, from nothing or from a solved ticket."""
    user, at = person(request), clock.now()
    source = _source(request)
    if request.method != "POST":
        form = forms.AnswerForm(initial=forms.from_ticket(source, at), is_new=True)
        return _form_page(request, form, source=source)
    form = forms.AnswerForm(request.POST, is_new=True)
    if form.is_valid():
        try:
            made = change.write_answer(
                by=user,
                at=at,
                submission_key=form.cleaned_data["key"],
                made_from=source,
                **form.arguments(),
            )
        except NotAcceptable as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, _("The answer is there. It is offered from now on."))
            return redirect("answer", made.pk)
    return _form_page(request, form, source=source, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def change_answer(request: HttpRequest, key: int) -> HttpResponse:
    """Change a known answer; what cannot be taken comes back with everything that was typed."""
    user, at = person(request), clock.now()
    found = _find_to_change(request, key)
    if request.method != "POST":
        return _form_page(request, forms.AnswerForm(initial=forms.as_it_is(found)), answer=found)
    form = forms.AnswerForm(request.POST)
    if form.is_valid():
        try:
            change.change_answer(
                answer=found,
                by=user,
                at=at,
                seen_at=form.cleaned_data["seen_at"],
                **form.arguments(),
            )
        except NotAcceptable as error:
            form.add_error(error.field or None, str(error))
            form.data = {**form.data, "seen_at": found.updated_at.isoformat()}
        else:
            messages.success(request, _("The answer is changed."))
            return redirect("answer", key)
    return _form_page(request, form, answer=found, status=422)


@require_POST
@checked_inside
def answer_step(request: HttpRequest, key: int, step: str) -> HttpResponse:
    """Withdraw an answer, bring it back, or say that it is still true."""
    user, at = person(request), clock.now()
    found = _find_to_change(request, key)
    if step not in STEPS:
        raise Http404
    act, said = STEPS[step]
    act(answer=found, by=user, at=at)
    messages.success(request, said)
    return redirect("answer", key)


@require_POST
@checked_inside
def answer_helped(request: HttpRequest, key: int) -> HttpResponse:
    """Count that the answer spared its reader a ticket."""
    user = person(request)
    change.count_helped(answer=rights.find_answer(user, key), by=user, at=clock.now())
    messages.success(request, _("Good to know. The answer counts it."))
    return redirect("answer", key)


@require_safe
@allowed_if(is_signed_in)
def fitting_answers(request: HttpRequest) -> HttpResponse:
    """Offer the answers that fit the words of a search; htmx puts them above the tickets."""
    user = person(request)
    line = clean_line(request.GET.get("q", ""))[:200]
    offered = find.offer_answers(user, line)
    return render(request, "answers/_fitting.html", {"offers": offer_lines(offered)})


@require_safe
@checked_inside
def answers_for_ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Offer the answers that fit a ticket, as words for the composer."""
    user = person(request)
    ticket: Ticket = policies.find_ticket(user, number)
    if not policies.may_change(ticket, user):
        raise Http404
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{reverse('answers')}?{urlencode({'q': ticket.subject[:200]})}")
    context = {"ticket": ticket, "offers": offer_lines(find.offers_for(user, ticket))}
    return render(request, "answers/_for_ticket.html", context)


def offer_lines(answers: list[KnownAnswer]) -> list[dict[str, Any]]:
    """Return offered answers ready to be written."""
    return [
        {
            "key": each.pk,
            "title": each.title,
            "url": reverse("answer", args=[each.pk]),
            "excerpt": shorten(markdown.plain(each.html), EXCERPT),
            "solved": each.solved,
            "is_internal": each.audience == Audience.SUPPORTERS,
        }
        for each in answers
    ]


def _line(row: KnownAnswer, at: datetime) -> dict[str, Any]:
    (line,) = offer_lines([row])
    return line | {
        "vo": row.vo.name if row.vo else "",
        "owner": str(row.owner),
        "age": display.age(row.updated_at, at),
        "is_due": row.review_on <= at.date(),
    }


def _after(found: Any, text: str) -> Any:
    place = cursor.read(text)
    if place is None:
        return found
    at, number = place
    return found.filter(updated_at__lte=at).exclude(updated_at=at, pk__gte=number)


def _source(request: HttpRequest) -> Ticket | None:
    """Return the solved ticket that the address or the form names, if an answer can come of it."""
    number = whole_number(request.POST.get("ticket") or request.GET.get("ticket"))
    if number is None:
        return None
    ticket: Ticket = policies.find_ticket(request.user, number)
    if not change.may_be_made_from(ticket, person(request)):
        raise Http404
    return ticket


def _find_to_change(request: HttpRequest, key: int) -> KnownAnswer:
    found = rights.find_answer(request.user, key)
    if not rights.may_change(request.user, found):
        raise Http404
    return found


def _form_page(
    request: HttpRequest,
    form: forms.AnswerForm,
    *,
    answer: KnownAnswer | None = None,
    source: Ticket | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "answer": answer, "source": source}
    return render(request, "answers/form.html", context, status=status)
