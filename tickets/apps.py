"""Tickets and their life."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as present_apps

# The end of a migration, where there is no action to call; not a signal of the domain.
from django.db.models.signals import post_migrate  # noqa: TID251


class TicketsConfig(AppConfig):
    """Tickets and their life."""

    name = "tickets"

    def ready(self) -> None:
        """Make ``migrate`` (and a test's flush) end with the rows that every portal needs."""
        post_migrate.connect(lay_basics, sender=self)


def lay_basics(sender: AppConfig, *, apps: Any = present_apps, **_: Any) -> None:
    """Make the first check-list where there is none.

    :param apps: the models as they are at this migration, which may be an old one; a test's flush
        names none and means the present ones
    """
    from tickets.actions import basics

    try:
        model = apps.get_model("tickets", "CheckItem")
    except LookupError:
        return
    basics.lay_check_list(model=model)
