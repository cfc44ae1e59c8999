"""Errors for programs: problem details as of RFC 9457."""

from http import HTTPStatus
from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """Something that cannot be done, in words for whoever wrote the calling program.

    ``more`` are further members of the problem document.
    """

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status_code = status
        self.more = more


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document for an error; None for one that is a defect of ours."""
    if not isinstance(error, exceptions.APIException):
        return None
    title = HTTPStatus(error.status_code).phrase
    response = Response(
        {
            "type": "about:blank",
            "title": title,
            "status": error.status_code,
            "detail": str(error.detail),
            **getattr(error, "more", {}),
        },
        status=error.status_code,
        content_type=CONTENT_TYPE,
    )
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="sources"'
    wait = getattr(error, "wait", None)
    if wait:
        response["Retry-After"] = str(int(wait) + 1)
    return response
