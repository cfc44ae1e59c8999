"""How django-allauth makes an account of ours."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.actions import free_username
from juno_support.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Keep name and time zone on registration; make the user name from the e-mail address."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed. Ask the portal's admins."),
        "username_password_mismatch": _("User name and password do not match an account."),
        "email_password_mismatch": _("E-mail address and password do not match an account."),
        "incorrect_password": _("That is not your password."),
        "enter_current_password": _("That is not your password."),
        "duplicate_email": _("That is an address of yours already."),
        "cannot_remove_primary_email": _(
            "Mail goes to this address: make another the main one first."
        ),
        "too_many_login_attempts": _(
            "Too many wrong passwords. Wait five minutes, then try again."
        ),
        "rate_limited": _("Too many tries in a short time. Wait a minute, then try again."),
    }

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


def shown_name(user: User) -> str:
    """Return how mails and pages of django-allauth call a person."""
    return user.get_full_name()
