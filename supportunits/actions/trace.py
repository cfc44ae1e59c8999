"""Who did it, and when, beside each old and new value that pghistory keeps."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pghistory
from django.db import transaction

from juno_support.accounts.models import User

P = ParamSpec("P")
R = TypeVar("R")


def traced(action: Callable[P, R]) -> Callable[P, R]:
    """Run an action in one transaction whose trace names its ``by`` and its ``at``.

    The request's own context (the address) stays beside them. The moment is kept because the
    database's own time of the trace does not follow the portal's clock.
    """

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        by: User | None = kwargs.get("by")  # type: ignore[assignment]
        at: datetime = kwargs["at"]  # type: ignore[assignment]
        facts: dict[str, Any] = {
            "user": by.pk if by else None,
            "at": at.isoformat(),
        }
        with transaction.atomic(), pghistory.context(**facts):
            return action(*args, **kwargs)

    return run
