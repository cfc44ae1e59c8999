"""The reader's choice of colours: light, dark, or as the system says. A cookie keeps it."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from juno_support.access import open_to_everyone

COOKIE = "juno_theme"
# value, word, icon
THEMES = (
    ("auto", _("System"), "circle-half"),
    ("light", _("Light"), "sun"),
    ("dark", _("Dark"), "moon"),
)


def chosen_theme(request: HttpRequest) -> str:
    """Return ``"auto"``, ``"light"`` or ``"dark"``; anything else in the cookie counts as auto."""
    value = request.COOKIES.get(COOKIE, "auto")
    return value if value in {theme for theme, *_words in THEMES} else "auto"


@open_to_everyone
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice for a year and go back to the page where it was made."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    theme = request.POST.get("theme", "")
    if theme in {value for value, *_words in THEMES}:
        response.set_cookie(
            COOKIE,
            theme,
            max_age=timedelta(days=365),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
