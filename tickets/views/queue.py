"""The queue: a search line with chips, live counts, saved views; the address is the view."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, whole_number
from tickets import policies, queries
from tickets.models import SavedView
from tickets.search import complete, highlight, run
from tickets.search.grammar import Search, parse
from tickets.views import rows
from tickets.views.shared import person

LONGEST_NAME = 60


@require_safe
@checked_inside
def queue(request: HttpRequest) -> HttpResponse:
    """Show the tickets that fit the search line, newest first, fifty a page.

    Without a line: what is open for those who help, one's own tickets for all others.
    """
    at = clock.now()
    helps = policies.sees_queue(request.user)
    line = request.GET.get("q")
    if line is None:
        line = "status:open" if helps else "submitter:me"
    page = run.find(
        line,
        user=request.user,
        at=at,
        zone=timezone.get_current_timezone(),
        cursor=request.GET.get("after", ""),
    )
    only = _only_number(page)
    if only is not None:
        return redirect("ticket", only)
    shown = _rows(page, request.user, at)
    picks = helps and "pick" in request.GET
    if picks:
        shown = [rows.with_box(row) for row in shown]
    here = {"q": line, "after": request.GET.get("after", "")}
    goes_on = {"pick": "1"} if picks else {}
    context = {
        "line": line,
        "chips": [
            {
                "text": term.text,
                "error": term.error,
                "url": f"?{urlencode({'q': page.search.without(term)})}",
            }
            for term in page.search.terms
        ],
        "underlined": _underlined(page.search) if page.search.errors else "",
        "errors": page.search.errors,
        "rows": shown,
        "helps": helps,
        "picks": picks,
        "after": here["after"],
        "picks_url": f"?{urlencode(here | {'pick': 1})}",
        "here_url": f"?{urlencode(here)}",
        "rail": [
            {
                "count": count,
                "url": f"?{urlencode({'q': count.query})}",
                "current": count.query == line,
            }
            for count in (
                queries.rail(request.user, at=at) if helps else queries.own_rail(request.user)
            )
        ],
        "views": [
            {
                "view": view,
                "url": f"?{urlencode({'q': view.query})}",
                "current": view.query == line,
                "is_own": view.owner_id == request.user.pk,
            }
            for view in queries.saved_views(request.user)
        ],
        "looked_back_to": display.when(page.looked_back_to, at) if page.looked_back_to else "",
        **_answers(page.search),
        "sorted_otherwise": page.sort != page.search.sort,
        "is_first": not request.GET.get("after"),
        "first_url": f"?{urlencode({'q': line} | goes_on)}",
        "next_url": f"?{urlencode({'q': line, 'after': page.next} | goes_on)}" if page.next else "",
    }
    return render(request, "tickets/queue.html", context)


@require_safe
@allowed_if(is_signed_in)
def completions(request: HttpRequest) -> HttpResponse:
    """Offer how the search line could go on at the cursor."""
    line = request.GET.get("q", "")
    offers = complete.complete(line, whole_number(request.GET.get("place")), user=request.user)
    return render(
        request,
        "tickets/_completions.html",
        {"offers": [{"line": offer.applied(line), "offer": offer} for offer in offers]},
    )


@require_POST
@allowed_if(is_signed_in)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the search line under a name; the same name again replaces it."""
    name = clean_line(request.POST.get("name", ""))[:LONGEST_NAME]
    line = parse(request.POST.get("q", "")).text
    if name:
        SavedView.objects.update_or_create(
            owner=person(request),
            name=name,
            defaults={
                "query": line,
                "is_shared": "is_shared" in request.POST and policies.sees_queue(request.user),
            },
        )
    return redirect(f"{reverse('queue')}?{urlencode({'q': line})}")


@require_POST
@checked_inside
def delete_view(request: HttpRequest, key: int) -> HttpResponse:
    """Throw a saved view of one's own away."""
    view = get_object_or_404(SavedView, pk=key, owner=person(request))
    view.delete()
    return redirect("queue")


def _rows(page: run.Page, user: Any, at: datetime) -> list[rows.Row]:
    by_number = {
        ticket["id"]: ticket
        for ticket in rows.for_list(policies.visible_tickets(user).filter(pk__in=page.ids), user)
    }
    tickets = [by_number[number] for number in page.ids if number in by_number]
    found = highlight.excerpts(page.ids, page.search, user) if page.search.has_words else {}
    return rows.rows(
        tickets,
        at=at,
        highlighted={number: (each.subject, each.text) for number, each in found.items()},
    )


def _answers(search: Search) -> dict[str, str]:
    """Return where the known answers with the line's words are; asked for after the page."""
    words = " ".join(
        value
        for term in search.terms
        if term.kind in ("words", "phrase") and not term.is_negative and not term.error
        for value in term.values
    )
    if not words:
        return {}
    question = urlencode({"q": words})
    return {
        "answers_url": f"{reverse('fitting-answers')}?{question}",
        "answers_page": f"{reverse('answers')}?{question}",
    }


def _only_number(page: run.Page) -> int | None:
    """Return the ticket's number where the line asks for just one that may be read."""
    terms = page.search.terms
    if len(terms) == 1 and terms[0].kind == "id" and not terms[0].is_negative and page.ids:
        return page.ids[0]
    return None


def _underlined(search: Search) -> SafeString:
    """Return the line with the terms that were not understood underlined."""
    pieces, place = [], 0
    for term in search.errors:
        pieces += [escape(search.text[place : term.start])]
        pieces += [
            format_html(
                '<span class="wrong" title="{}">{}</span>',
                term.error,
                search.text[term.start : term.end],
            )
        ]
        place = term.end
    pieces.append(escape(search.text[place:]))
    return format_html_join("", "{}", ((piece,) for piece in pieces))
