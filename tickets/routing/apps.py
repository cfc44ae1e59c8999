"""How TPM routes tickets to support units."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """How TPM routes tickets to support units."""

    name = "tickets.routing"
    label = "routing"
