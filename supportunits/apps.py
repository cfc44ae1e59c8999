"""Who helps: virtual organisations, their ID cards, and support units."""

from django.apps import AppConfig


class SupportUnitsConfig(AppConfig):
    """Who helps: virtual organisations, their ID cards, and support units."""

    name = "supportunits"
