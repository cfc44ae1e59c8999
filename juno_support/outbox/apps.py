"""What is to leave by mail, and the only sender."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """What is to leave by mail, and the only sender."""

    name = "juno_support.outbox"
