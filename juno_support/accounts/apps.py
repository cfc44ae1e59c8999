"""People, how they sign in and what they prefer."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, how they sign in and what they prefer."""

    name = "juno_support.accounts"
