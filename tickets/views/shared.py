"""What several ticket pages need to read a request."""

from typing import cast
from uuid import UUID

from django.http import HttpRequest

from juno_support.accounts.models import User


def key_or_none(value: object) -> UUID | None:
    """Return a random key from a parameter, or None where it is none."""
    try:
        return UUID(str(value or ""))
    except ValueError:
        return None


def person(request: HttpRequest) -> User:
    """Return who is signed in; for views that nobody else reaches."""
    return cast(User, request.user)
