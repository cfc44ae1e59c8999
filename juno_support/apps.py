"""The project as a Django app, so that its commands, tags and clock are found."""

from django.apps import AppConfig


class JunoSupportConfig(AppConfig):
    """The project itself."""

    name = "juno_support"
    default_auto_field = "django.db.models.BigAutoField"
