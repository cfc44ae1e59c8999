"""A command beside throw-away servers, as `make test` runs pytest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launcher.running import CHECKOUT, alive, descendants, environment, until

_COMMAND = [sys.executable, "-m", "juno_support.launcher.with_services"]


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_COMMAND, *words],
        cwd=CHECKOUT,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_command_finds_both_and_its_exit_code_is_ours(tmp_path: Path) -> None:
    code = (
        "import os, psycopg2, redis;"
        "psycopg2.connect(os.environ['DATABASE_URL']).close();"
        "redis.Redis.from_url(os.environ['REDIS_URL']).ping();"
        "print('settings', os.environ.get('DJANGO_SETTINGS_MODULE'));"
        "print('data in', os.environ['JUNO_DATA']);"
        "raise SystemExit(7)"
    )
    run = _start(tmp_path, "--", sys.executable, "-c", code)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 7, output
    # pytest takes its settings from pyproject.toml only where the environment names none.
    assert "settings None" in output
    data = Path(output.partition("data in ")[2].splitlines()[0])
    assert data.name == "juno-data"
    assert not data.parent.exists(), "the folder of the servers is gone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_the_servers(tmp_path: Path, number: signal.Signals) -> None:
    started = tmp_path / "started"
    code = (
        "import os, pathlib, time;"
        f"pathlib.Path({os.fspath(started)!r}).write_text(os.environ['JUNO_DATA']);"
        "time.sleep(600)"
    )
    run = _start(tmp_path, "--", sys.executable, "-c", code)
    try:
        until(lambda: started.exists() and started.read_text(), 120, "the start")
        processes = descendants(run.pid)
        assert len(processes) > 5
        run.send_signal(number)
        run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 128 + number
    assert [pid for pid in processes if alive(pid)] == []
    assert not Path(started.read_text()).parent.exists(), "the folder of the servers is gone"
