"""What only the bench's web process has: the floor, and a header that counts queries."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock
from tickets import queries
from tickets.models import Ticket
from tickets.search import run
from tickets.views import rows


def count_queries(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Say in a header how many statements a request sent to the database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        number = 0

        def count(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
            nonlocal number
            number += 1
            return execute(sql, params, many, context)

        with connection.execute_wrapper(count):
            response = get_response(request)
        response["X-Queries"] = str(number)
        return response

    return middleware


@allowed_if(is_signed_in)
def floor(request: HttpRequest) -> HttpResponse:
    """The queue's fifty newest open tickets by the queue's own SQL, written without a template.

    What the machine, PostgreSQL and Django allow for a signed-in page of this size.
    """
    page = run.find("status:open", user=request.user, at=clock.now())
    found = {
        ticket["id"]: ticket
        for ticket in rows.for_list(Ticket.objects.filter(pk__in=page.ids), request.user)
    }
    lines = "".join(
        f"<tr><td>{number}<td>{escape(ticket['subject'])}<td>{escape(ticket['last_line'])}"
        f"<td>{ticket['status']}<td>{ticket['priority']}<td>{escape(ticket['unit__name'])}"
        f"<td>{escape(ticket['vo__name'])}<td>{ticket['updated_at'].isoformat()}"
        for number in page.ids
        for ticket in (found[number],)
    )
    return HttpResponse(f"<!doctype html><title>floor</title><table>{lines}</table>")


@allowed_if(is_signed_in)
def counts(request: HttpRequest) -> HttpResponse:
    """The live counts beside the queue, alone."""
    found = queries.rail(request.user, at=clock.now())
    return HttpResponse("\n".join(f"{escape(count.label)} {count.text}" for count in found))
