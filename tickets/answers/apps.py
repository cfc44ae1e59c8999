"""Known answers, with tables of their own."""

from django.apps import AppConfig


class AnswersConfig(AppConfig):
    """Known answers."""

    name = "tickets.answers"
    label = "answers"
