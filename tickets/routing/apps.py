"""Routing: rules of admins, what is recognised in a text, what was learnt from routed tickets."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Routing, with tables of its own."""

    name = "tickets.routing"
    label = "routing"
