"""The sign of life of the background: the schedule ticks, and a worker takes what it sends."""

from celery import shared_task

from juno_support.lib import heartbeat


@shared_task(ignore_result=True)
def beat_heart(**_: object) -> None:
    """Note that a worker has just done scheduled work."""
    heartbeat.note()
