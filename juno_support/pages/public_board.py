"""What is open to everyone where the instance shows its board to the public."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from juno_support.access import View


def public_with_board(view: View) -> View:
    """Ask for a sign-in first, unless the board is public (``JUNO_PUBLIC_BOARD``)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (settings.JUNO_PUBLIC_BOARD or request.user.is_authenticated):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return guarded
