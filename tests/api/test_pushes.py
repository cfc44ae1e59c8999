"""POST /api/v1/sources/<name>/events/: who may, what is taken, and how errors are told."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from juno_support.api.bodies import MOST_BYTES
from juno_support.feeds import pushed
from juno_support.feeds.models import FeedRun, Source
from monitoring.models import StatusInterval
from tests.cast import Cast
from tests.make import AT

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/sources/push-noc/events/"
EVENT = {"entity": {"kind": "link", "name": "CERN-CNAF"}, "status": "down"}
Answer = Any


@pytest.fixture
def token(cast: Cast, clock_at: Callable[[datetime], None]) -> str:
    clock_at(AT)
    _, token = pushed.make_source(
        word="noc", interval=timedelta(minutes=15), namespace="", by=cast.dmitri, at=AT
    )
    return token


def post(token: str, body: Any, *, address: str = ADDRESS, **extra: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = Client(enforce_csrf_checks=True)
    return client.post(
        address, data, content_type=extra.pop("content_type", "application/json"), headers=headers
    )


def problem(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.content)
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    return document


def test_events_are_taken(token: str) -> None:
    answer = post(token, [EVENT, {**EVENT, "status": "fine"}])
    assert answer.status_code == 200
    assert answer.json() == {
        "source": "push-noc",
        "outcome": "ok",
        "accepted": 1,
        "changed": 1,
        "refused": [
            {
                "row": 2,
                "reason": "Its state must be one of ok, warning, critical, down, maintenance, "
                "unknown, up, degraded.",
            }
        ],
    }
    row = StatusInterval.objects.get()
    assert (row.source.name, row.status, row.since) == ("push-noc", "down", AT)
    assert post(token, [EVENT]).json()["outcome"] == "unchanged"
    assert FeedRun.objects.count() == 2


def test_an_empty_list_says_that_nothing_changed(token: str) -> None:
    assert post(token, []).json()["outcome"] == "unchanged"
    assert FeedRun.objects.get().outcome == "unchanged"


@pytest.mark.parametrize("wrong", ["", "push_wrong", "ä"])
def test_without_the_right_token_nothing_is_told(token: str, wrong: str) -> None:
    document = problem(post(wrong, [EVENT]), 401)
    there = problem(post(wrong, [EVENT], address="/api/v1/sources/push-other/events/"), 401)
    assert document == there
    assert post(wrong, [EVENT])["WWW-Authenticate"] == 'Bearer realm="sources"'
    assert not FeedRun.objects.exists()


def test_a_session_is_no_token(token: str, cast: Cast, client_of: Callable[..., Client]) -> None:
    answer = client_of(cast.dmitri).post(ADDRESS, "[]", content_type="application/json")
    problem(answer, 401)


def test_a_source_that_is_switched_off_takes_nothing(token: str) -> None:
    Source.objects.update(is_enabled=False)
    problem(post(token, [EVENT]), 403)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body must be a JSON list of events."),
        (b" ", "The body is empty."),
        (b"{", "The body is no JSON"),
        (b"\xff", "The body is not UTF-8 text."),
        (b"[NaN]", "The body is no JSON"),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b"{}", "The body must be a JSON list of events."),
    ],
)
def test_a_body_that_is_no_list_is_a_problem(token: str, body: bytes, detail: str) -> None:
    assert problem(post(token, body), 400)["detail"].startswith(detail)


def test_too_much_at_a_time_is_a_problem(token: str) -> None:
    problem(post(token, b" " * (MOST_BYTES + 1)), 413)
    problem(post(token, [EVENT] * 1001), 413)
    assert not FeedRun.objects.exists()


def test_events_that_all_are_refused_are_a_problem_and_leave_a_record(token: str) -> None:
    document = problem(post(token, [{**EVENT, "status": "fine"}, 7]), 422)
    assert [refusal["row"] for refusal in document["refused"]] == [1, 2]
    assert FeedRun.objects.get().outcome == "failed"


def test_other_methods_and_other_kinds_of_bodies_are_problems(token: str) -> None:
    problem(Client().get(ADDRESS), 405)
    problem(post(token, b"a=b", content_type="application/x-www-form-urlencoded"), 415)


def test_who_asks_too_often_is_told_when_to_come_again(token: str) -> None:
    for _ in range(120):
        assert post("push_wrong", []).status_code == 401
    answer = post("push_wrong", [])
    problem(answer, 429)
    assert int(answer["Retry-After"]) > 0
    # Another address is anybody's word where no proxy of ours says it.
    elsewhere = Client(headers={"X-Forwarded-For": "192.0.2.7"})
    answer = elsewhere.post(
        ADDRESS, "[]", content_type="application/json", headers={"Authorization": "Bearer wrong"}
    )
    problem(answer, 429)


def test_what_no_database_holds_is_refused_or_left_out_and_costs_nothing_else(token: str) -> None:
    """NUL, lone surrogates and endless numbers are legal JSON; the answer and the record quote."""
    rows = [
        {**EVENT, "\x00\ud800": 1},
        {**EVENT, "entity": {"kind": "link", "name": "\x00\ud800"}},
        {**EVENT, "details": {"rate": float("1e999")}},
        {**EVENT, "summary": "a\x00b\udfff", "key": "\ud800", "details": {"\x00k": "\ud800v"}},
    ]
    answer = post(token, json.dumps(rows).replace("Infinity", "1e999").encode())

    assert answer.status_code == 200
    assert [refusal["row"] for refusal in answer.json()["refused"]] == [1, 2, 3]
    row = StatusInterval.objects.get()
    assert (row.summary, row.external_key, row.details) == ("ab", "", {"k": "v"})
