"""Pages speak the reader's language and show the reader's local times."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from juno_support.accounts.zones import zone_of


class ReaderMiddleware:
    """Activate the time zone and the language of whoever is signed in; UTC for everybody else.

    Stands after AuthenticationMiddleware. Anonymous readers keep the language that LocaleMiddleware
    found in their browser's request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._languages = {code for code, _name in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request in the reader's zone and language."""
        if not request.user.is_authenticated:
            with timezone.override(None):
                return self._get_response(request)
        with timezone.override(zone_of(request.user.time_zone)):
            if request.user.language not in self._languages:
                return self._get_response(request)
            with translation.override(request.user.language):
                return self._get_response(request)
