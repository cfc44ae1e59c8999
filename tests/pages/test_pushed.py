"""The pages of sources that tell by themselves."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from juno_support.feeds import pushed
from juno_support.feeds.models import FeedRun, Source
from monitoring.models import StatusInterval
from tests.cast import Cast
from tests.make import AT

pytestmark = pytest.mark.django_db
CSV = (
    "link,start,end,state,reference\n"
    "CERN-CNAF-LHCOPN-001,2026-01-05 10:00,2026-01-05 11:30,down,NOC-17\n"
    "CERN-CNAF-LHCOPN-001,2026-01-06 10:00,,degraded,\n"
    "CERN-CNAF-LHCOPN-001,yesterday,,down,<b>\n"
)


@pytest.fixture
def admin(
    cast: Cast, client_of: Callable[..., Client], clock_at: Callable[[datetime], None]
) -> Client:
    clock_at(AT)
    return client_of(cast.dmitri)


@pytest.fixture
def source(cast: Cast) -> Source:
    source, _ = pushed.make_source(
        word="noc", interval=timedelta(minutes=15), namespace="", by=cast.dmitri, at=AT
    )
    return source


def test_an_admin_makes_a_source_and_sees_its_token_once(admin: Client) -> None:
    assert admin.get("/sources/push/new/").status_code == 200
    answer = admin.post("/sources/push/new/", {"word": "cern-noc", "minutes": "15"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    found = re.search(r'id="token">(push_[\w-]+)<', answer.content.decode())
    assert found
    source = pushed.find_by_token("push-cern-noc", found[1])
    assert source is not None
    page = admin.get("/sources/push/push-cern-noc/").content.decode()
    assert found[1] not in page
    assert "/api/v1/sources/push-cern-noc/events/" in page
    assert "/sources/push/push-cern-noc/" in admin.get("/sources/").content.decode()


def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(admin: Client) -> None:
    answer = admin.post("/sources/push/new/", {"word": "CERN NOC", "minutes": "15"})
    assert answer.status_code == 422
    assert "This is no name for a source." in answer.content.decode()
    assert 'value="CERN NOC"' in answer.content.decode()
    assert not Source.objects.filter(name__startswith="push-").exists()


def test_a_token_is_made_anew_and_revoked(admin: Client, source: Source) -> None:
    page = admin.post("/sources/push/push-noc/token/").content.decode()
    token = re.search(r'id="token">(push_[\w-]+)<', page)
    assert token
    assert pushed.find_by_token("push-noc", token[1]) == source
    answer = admin.post("/sources/push/push-noc/revoke/", follow=True)
    assert "nobody can push" in answer.content.decode()
    assert pushed.find_by_token("push-noc", token[1]) is None


def test_a_list_is_shown_before_anything_is_kept(admin: Client, source: Source) -> None:
    file = SimpleUploadedFile("events.csv", CSV.encode())
    answer = admin.post("/sources/push/push-noc/upload/", {"file": file})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Take these 2 events" in page
    assert "Line 4: Its start must be a time" in page
    assert "Nobody knows these links yet" in page
    assert not StatusInterval.objects.exists()
    assert not FeedRun.objects.exists()
    answer = admin.post(
        "/sources/push/push-noc/upload/", {"text": CSV.replace("\n", "\r\n"), "confirm": "1"}
    )
    assert answer["Location"] == "/sources/#push-noc"
    assert [
        (row.status, row.since.day, row.until is None, row.details)
        for row in StatusInterval.objects.order_by("since")
    ] == [("down", 5, False, {"reference": "NOC-17"}), ("warning", 6, True, {})]
    assert FeedRun.objects.get().refused[0]["row"] == "4"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Choose a file, or paste the list."),
        ({"text": "a,b\n"}, "The first line must name the columns"),
        ({"file": SimpleUploadedFile("a.csv", b"\xff\xfe")}, "The file is no UTF-8 text."),
        ({"file": SimpleUploadedFile("a.csv", b"x" * 600_000)}, "The file is larger than 512 kB."),
    ],
)
def test_a_list_that_cannot_be_read_is_said_at_the_form(
    admin: Client, source: Source, data: dict[str, object], words: str
) -> None:
    answer = admin.post("/sources/push/push-noc/upload/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_list_without_a_single_event_offers_nothing_to_take(
    admin: Client, source: Source
) -> None:
    text = "link,start,end,state\nL,never,,down\n"
    answer = admin.post("/sources/push/push-noc/upload/", {"text": text, "confirm": "1"})
    assert answer.status_code == 422
    assert "There is nothing in it that could be taken." in answer.content.decode()


def test_nobody_asks_a_source_that_tells_by_itself(admin: Client, source: Source) -> None:
    assert admin.post("/sources/push-noc/poll/").status_code == 404
    assert admin.post("/sources/push-none/poll/").status_code == 404
    assert admin.get("/sources/push/gocdb-topology/").status_code == 404
    assert admin.get("/sources/push/push-none/").status_code == 404


def test_others_than_admins_see_none_of_it(
    cast: Cast, client_of: Callable[..., Client], source: Source
) -> None:
    client = client_of(cast.boris)
    for path in ("push/new/", "push/push-noc/"):
        assert client.get(f"/sources/{path}").status_code == 403
    for path in ("push/new/", "push/push-noc/token/", "push/push-noc/upload/"):
        assert client.post(f"/sources/{path}").status_code == 403
    assert "push-noc/" not in client.get("/sources/").content.decode()
