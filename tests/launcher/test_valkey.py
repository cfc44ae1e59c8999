"""The embedded Valkey: found, started, and what it keeps."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from juno_support.errors import SupportError
from juno_support.launcher import process, valkey
from juno_support.launcher.valkey import Server
from tests.launcher.running import short_folder, until


@pytest.fixture(params=["wheel", "debian"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    try:
        installation = valkey.find(request.param)
    except SupportError:
        pytest.skip(f"no server of {request.param} here")
    with short_folder() as folder:
        yield valkey.prepare(installation, folder)


@contextlib.contextmanager
def _running(server: Server, *, end: signal.Signals = signal.SIGTERM) -> Iterator[redis.Redis]:
    started = process.start(server.program(server.data / "log"))
    client = redis.Redis.from_url(server.url())
    try:
        until(server.ready, 20, "the start")
        yield client
    finally:
        client.close()
        process.kill(started, end)
        os.waitpid(started.pid, 0)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_task_that_waits_survives(server: Server, end: signal.Signals) -> None:
    with _running(server, end=end) as client:
        client.lpush("celery", "a task")
    with _running(server) as client:
        assert client.lrange("celery", 0, -1) == [b"a task"]


def test_it_listens_on_no_port_and_forgets_nothing_when_full(server: Server) -> None:
    with _running(server) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert server.socket.stat().st_mode & 0o077 == 0


def test_it_is_not_ready_before_it_runs(server: Server) -> None:
    assert not server.ready()


def test_none_is_said_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_from_wheel", lambda: None)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(SupportError, match="No Valkey or Redis was found") as caught:
        valkey.find()
    assert "REDIS_URL" in caught.value.next_step


def test_debian_names_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_from_wheel", lambda: None)
    monkeypatch.setattr(
        "shutil.which", lambda name, **_: "/there" if name == "redis-server" else None
    )
    assert valkey.find().server == Path("/there")
    assert valkey.find().family == "redis"
