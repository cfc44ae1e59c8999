"""What every test may rely on: no network, folders of its own, a fixed moment, the cast."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.test import Client, override_settings
from hypothesis import HealthCheck, settings

from juno_support.accounts.models import User
from juno_support.celery import app as celery_app
from juno_support.feeds import recent
from juno_support.lib import clock
from juno_support.pages import tpm_banner
from supportunits import announcements
from tests.cast import Cast, Roles, make_cast, make_roles
from tests.make import AT

# Cores may be busy with another run: how quick something is, is measured by the bench. Each run has
# the same examples, so that it depends on the code alone; `make fuzz` looks for new ones.
settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("fuzz", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")

_real_connect = socket.socket.connect
_real_getaddrinfo = socket.getaddrinfo


def _is_here(host: Any) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine, and every look-up of a name."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_here(address[0]):
            raise AssertionError(f"A test wants to reach {address[0]} in the network.")
        _real_connect(self, address)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_here(host):
            raise AssertionError(f"A test looks up {host} in the network.")
        return _real_getaddrinfo(host, *args, **kwargs)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep uploads and other files of tests in a folder that goes away."""
    folder = tmp_path_factory.mktemp("data")
    with override_settings(DATA_DIR=folder, MEDIA_ROOT=folder / "files"):
        yield folder


@pytest.fixture(scope="session", autouse=True)
def offset_asked_once() -> Iterator[None]:
    """Trust the clock's offset for a whole test: a slow machine must not ask one question more."""
    patch = pytest.MonkeyPatch()
    patch.setattr(clock, "_SECONDS_TO_TRUST_AN_OFFSET", 3600.0)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def all_tasks_known() -> None:
    """Load every task: an unknown name would go to the broker instead of running at once."""
    celery_app.loader.import_default_modules()


@pytest.fixture(autouse=True)
def nothing_remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forget the cache and the clock's offset between tests that use the database."""
    yield
    clock.forget()
    recent.forget()
    tpm_banner.forget()
    announcements.forget()
    if "django_db_setup" in request.fixturenames or request.node.get_closest_marker("django_db"):
        _clear_cache()


def _clear_cache() -> None:
    # Not cache.clear(): that would empty the whole Redis database, which may be somebody's.
    client = cache._cache.get_client(None)  # type: ignore[attr-defined]
    keys = list(client.scan_iter(match=f"{cache.key_prefix}:*", count=1000))
    if keys:
        client.delete(*keys)


@pytest.fixture
def at() -> datetime:
    """Return the fixed moment of the tests: Monday 2026-01-12 08:30 UTC."""
    return AT


@pytest.fixture
def clock_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a function that makes the clock stand at a moment."""

    def stand(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    return stand


@pytest.fixture
def cast(db: None) -> Cast:
    """Return the five people with names, and their places."""
    return make_cast()


@pytest.fixture
def roles(db: None) -> Roles:
    """Return one account for each role."""
    return make_roles()


@pytest.fixture
def client_of() -> Callable[[User | AnonymousUser | None], Client]:
    """Return a function that gives a client signed in as somebody (None: as nobody)."""

    def sign_in(person: User | AnonymousUser | None) -> Client:
        client = Client()
        if person is not None and person.is_authenticated:
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
