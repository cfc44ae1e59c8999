"""Pages speak the reader's language and show the reader's local times."""

from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.utils import timezone, translation

from juno_support.accounts.middleware import ReaderMiddleware
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_choices, zone_names, zone_of


def _seen(rf: RequestFactory, user: User | AnonymousUser) -> tuple[str, str | None]:
    seen: list[tuple[str, str | None]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((timezone.get_current_timezone_name(), translation.get_language()))
        return HttpResponse()

    request = rf.get("/")
    request.user = user
    ReaderMiddleware(view)(request)
    return seen[0]


def test_the_zone_of_whoever_is_signed_in_holds_for_one_request(rf: RequestFactory) -> None:
    assert _seen(rf, User(time_zone="Asia/Shanghai"))[0] == "Asia/Shanghai"
    assert timezone.get_current_timezone_name() == "UTC"


def test_visitors_read_utc(rf: RequestFactory) -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert _seen(rf, AnonymousUser())[0] == "UTC"


def test_a_zone_that_is_not_known_is_utc(rf: RequestFactory) -> None:
    assert _seen(rf, User(time_zone="Moon/Tycho"))[0] == "UTC"
    assert str(zone_of("../../etc/passwd")) == "UTC"


def test_the_language_is_the_readers(rf: RequestFactory) -> None:
    with override_settings(LANGUAGES=[("en", "English"), ("fr", "French")]):
        assert _seen(rf, User(language="fr"))[1] == "fr"
        assert _seen(rf, User(language="xx"))[1] == translation.get_language()


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires"])
def test_zones_of_people_can_be_chosen(name: str) -> None:
    assert name in zone_names()
    flat = [
        value
        for first, second in zone_choices()
        for value in ([first] if first == "UTC" else [key for key, _place in second])  # type: ignore[attr-defined]
    ]
    assert name in flat
    assert len(flat) == len(set(flat)) == len(zone_names())
