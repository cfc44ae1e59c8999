"""Structured logs: one JSON object a line, with the request's and the task's id."""

import json
import logging

import pytest
from django.test import Client

from juno_support.celery import app
from juno_support.lib.logs import json_formatter


def _formatted(caplog, name):
    formatter = json_formatter()
    return [
        json.loads(formatter.format(record)) for record in caplog.records if record.name == name
    ]


@pytest.mark.django_db
def test_a_request_logs_with_its_id(caplog):
    with caplog.at_level(logging.INFO):
        Client().get("/healthz")

    lines = _formatted(caplog, "django_structlog.middlewares.request")
    assert [line["event"] for line in lines] == ["request_started", "request_finished"]
    first, last = (line["request_id"] for line in lines)
    assert first == last != ""
    assert lines[-1]["code"] == 200


def test_the_worker_logs_with_the_tasks_id():
    names = [step.__name__ for step in app.steps["worker"]]

    assert "DjangoStructLogInitStep" in names


@pytest.mark.django_db
def test_other_libraries_log_in_the_same_form(caplog):
    logging.getLogger("somebody.else").warning("a %s", "word")

    line = _formatted(caplog, "somebody.else")[0]
    assert (line["event"], line["level"], line["logger"]) == ("a word", "warning", "somebody.else")


@pytest.mark.django_db
def test_passwords_and_cookies_are_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        Client().post("/accounts/login/", {"login": "ada", "password": "swordfish-in-the-log"})

    assert "swordfish" not in caplog.text
    assert "sessionid" not in caplog.text
