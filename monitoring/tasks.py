"""The one door for background work on what is going on."""

import logging
from typing import Any

from celery import shared_task

from juno_support.feeds.configuration import configuration_for
from juno_support.feeds.registry import find_kind
from juno_support.lib import clock
from juno_support.lib.faults import FetchFault
from monitoring.actions import diracx_login
from monitoring.actions import watch_sources as watching

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def watch_sources(**_: Any) -> None:
    """Tell the admins of sources that have been silent for too long."""
    watching.watch_sources(at=clock.now())


@shared_task(ignore_result=True)
def keep_logins_alive(**_: Any) -> None:
    """Change DiracX's refresh token in time, whether the source is polled or not."""
    try:
        diracx_login.keep_alive(configuration_for(find_kind("diracx")), at=clock.now())
    except FetchFault as fault:
        # A lost login shows on the page of sources; anything else is tried again in minutes.
        logger.warning("the login to DiracX could not be renewed: %s", fault.reason)
