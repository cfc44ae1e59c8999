"""Declare who may call a view. Every view carries exactly one of these declarations.

The default is closed: Django's LoginRequiredMiddleware asks for a sign-in everywhere, and a rule
test walks all addresses and fails on a view that says nothing.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


def open_to_everyone(view: View) -> View:
    """Let anybody call the view, signed in or not."""
    view.access = "everyone"  # type: ignore[attr-defined]
    return login_not_required(view)


def allowed_if(rule: Callable[[Any], bool]) -> Callable[[View], View]:
    """Let those signed-in people call the view for whom the rule holds; others get a 403.

    :param rule: a question about the user, such as ``policies.is_tpm_operator``.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not rule(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.access = f"allowed_if:{rule.__name__}"  # type: ignore[attr-defined]
        return guarded

    return declare


def checked_inside(view: View) -> View:
    """Say that the view itself loads and checks in one call what the signed-in person may see."""
    view.access = "checked_inside"  # type: ignore[attr-defined]
    return view


def is_signed_in(user: Any) -> bool:
    """Return whether this is a person with an account; the weakest rule for ``allowed_if``."""
    return bool(user.is_authenticated)
