"""What people read when something went wrong: what happened, and what to do next.

A ticket, site or unit that one may not see answers 404, as one that does not exist: an error page
tells nobody what there is.
"""

import sys
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: the browser sent something that cannot be read."""
    return render(request, "errors/400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403: a page for other roles. Names no ticket, site or person."""
    return render(request, "errors/403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404: nothing here that the reader may see."""
    return render(request, "errors/404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403: the form was older than the session, or cookies are off. Nothing was saved."""
    return render(request, "errors/403_csrf.html", status=403)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 429: a rate limit was met."""
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without the database, the session or the reader: any of them may be what broke.

    While the database restarts it is 503, with when to try again: nothing is broken then.
    """
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    page = render_to_string(
        "errors/500.html",
        {
            "instance_name": settings.JUNO_INSTANCE_NAME,
            "request_id": request_id,
            "is_away": is_away,
        },
    )
    if is_away:
        return HttpResponse(page, status=503, headers={"Retry-After": "5"})
    return HttpResponse(page, status=500)


class RefuseNul:
    """Middleware: text with a NUL character, which PostgreSQL cannot hold, is a bad request.

    Form fields say so at the field; this catches parameters that no form reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 400 instead of 500 where the database refused the character."""
        is_nul = isinstance(exception, ValueError) and "NUL (0x00)" in str(exception)
        return bad_request(request, exception) if is_nul else None
