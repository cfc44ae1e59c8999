"""How django-allauth makes an account of ours."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.forms import BaseForm
from django.http import HttpRequest

from juno_support.accounts.actions import free_username
from juno_support.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Keep name and time zone on registration; make the user name from the e-mail address."""

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Give the new account a user name that nobody has."""
        if not user.username:
            user.username = free_username(user.email)

    def save_user(
        self, request: HttpRequest, user: Any, form: BaseForm, commit: bool = True
    ) -> User:
        """Make the account of a registration form."""
        user.name = form.cleaned_data.get("name", "")
        user.time_zone = form.cleaned_data.get("time_zone", "UTC")
        return super().save_user(request, user, form, commit)
