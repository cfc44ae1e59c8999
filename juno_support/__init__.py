"""JUNO Support: name the package and load the Celery application."""

from juno_support.celery import app as celery_app

__all__ = ["celery_app"]
