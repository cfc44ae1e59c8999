"""The page behind `manage.py admin_link`: it makes an admin, or signs one in, once."""

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from juno_support.access import open_to_everyone
from juno_support.accounts.actions import find_admin_link, use_admin_link
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.signin.forms import NewAdminForm

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@open_to_everyone
@never_cache
@sensitive_post_parameters("password")
def admin_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show a form (GET changes nothing); use the link up on POST and sign the admin in."""
    now = clock.now()
    link = find_admin_link(token, at=now)
    if link is None:
        return render(request, "accounts/admin_link_gone.html", status=404)
    form = NewAdminForm(request.POST or None) if link.user is None else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            user = use_admin_link(token, at=now, **(form.cleaned_data if form else {}))
        except SupportError:
            return render(request, "accounts/admin_link_gone.html", status=404)
        except ValidationError as error:
            if form is None:
                raise
            form.add_error("password", error)
        else:
            login(request, user, backend=_BACKEND)
            messages.success(request, _("You are signed in as an admin."))
            return redirect("/")
    return render(
        request,
        "accounts/admin_link.html",
        {"form": form, "link": link},
        status=422 if form is not None and form.errors else 200,
    )
