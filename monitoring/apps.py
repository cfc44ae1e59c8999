"""What is going on at sites and links."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """What is going on at sites and links."""

    name = "monitoring"
