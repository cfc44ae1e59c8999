"""The profile page: name, times, language, notifications."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.models import User
from juno_support.signin.forms import ProfileForm


@allowed_if(is_signed_in)
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change what the reader says about themselves."""
    user = User.objects.get(pk=cast(User, request.user).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(
        request,
        "accounts/profile.html",
        {"form": form},
        status=422 if form.errors else 200,
    )
