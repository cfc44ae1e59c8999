"""Sources that we poll, and how each poll went."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """Sources that we poll, and how each poll went."""

    name = "juno_support.feeds"
