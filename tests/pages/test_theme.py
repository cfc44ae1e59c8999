"""The reader's choice of colours."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def _styles(client: Client) -> str:
    return client.get("/accounts/login/").content.decode().partition("</head>")[0]


def test_without_a_choice_the_system_decides(client: Client) -> None:
    assert 'css/dark.css" media="(prefers-color-scheme: dark)"' in _styles(client)


@pytest.mark.parametrize(("choice", "mark"), [("dark", 'media="all"'), ("light", None)])
def test_the_choice_is_kept_and_rendered_by_the_server(
    client: Client, choice: str, mark: str | None
) -> None:
    answer = client.post("/theme/", {"theme": choice, "next": "/accounts/login/"})
    assert answer["Location"] == "/accounts/login/"
    assert answer.cookies["juno_theme"]["httponly"]
    styles = _styles(client)
    assert f'data-bs-theme="{choice}"' in styles
    assert ("dark.css" in styles) == (mark is not None)
    if mark:
        assert f'css/dark.css" {mark}' in styles


def test_another_host_is_no_way_back(client: Client) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": "https://elsewhere.example.org/"})
    assert answer["Location"] == "/"


def test_nonsense_is_not_kept(client: Client) -> None:
    assert "juno_theme" not in client.post("/theme/", {"theme": '"><script>'}).cookies
    client.cookies["juno_theme"] = '"><script>'
    assert 'data-bs-theme="auto"' in _styles(client)


def test_choosing_is_a_post(client: Client) -> None:
    assert client.get("/theme/").status_code == 405
