"""Tickets and their life."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets and their life."""

    name = "tickets"
