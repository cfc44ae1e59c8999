"""Who helps: virtual organisations, their ID cards, and support units."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as present_apps

# The end of a migration, where there is no action to call; not a signal of the domain.
from django.db.models.signals import post_migrate  # noqa: TID251


class SupportUnitsConfig(AppConfig):
    """Who helps: virtual organisations, their ID cards, and support units."""

    name = "supportunits"

    def ready(self) -> None:
        """Make ``migrate`` (and a test's flush) end with the rows that every portal needs."""
        post_migrate.connect(lay_basics, sender=self)


def lay_basics(sender: AppConfig, *, apps: Any = present_apps, **_: Any) -> None:
    """Make the TPM unit, the security unit and the default types of issue where they lack.

    :param apps: the models as they are at this migration, which may be an old one; a test's flush
        names none and means the present ones
    """
    from supportunits.actions import basics

    try:
        unit_model = apps.get_model("supportunits", "SupportUnit")
        type_model = apps.get_model("supportunits", "IssueType")
    except LookupError:
        return
    basics.lay(unit_model=unit_model, type_model=type_model)
