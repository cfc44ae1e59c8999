"""The Celery application."""

import os
from typing import Any

from celery import Celery, signals
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "juno_support.settings")

app = Celery("juno_support")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Every line that a task logs carries its id, and that of the request that published it.
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect
def _leave_logging_to_django(**_: Any) -> None:
    """Keep Celery from replacing the structured logging that Django's settings describe."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)
