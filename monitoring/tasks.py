"""The one door for background work on what is going on."""

from typing import Any

from celery import shared_task

from juno_support.lib import clock
from monitoring.actions import watch_sources as watching


@shared_task(ignore_result=True)
def watch_sources(**_: Any) -> None:
    """Tell the admins of sources that have been silent for too long."""
    watching.watch_sources(at=clock.now())
