"""What exists: sites, services, operations centres and network links."""

from django.apps import AppConfig


class TopologyConfig(AppConfig):
    """What exists: sites, services, operations centres and network links."""

    name = "topology"
