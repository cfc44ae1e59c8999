"""Where sockets can be bound."""

import os
import socket
import stat
from pathlib import Path

import pytest

from juno_support.launcher import paths


def _folder(preferred: Path, name: str = "a.sock") -> Path:
    return paths.socket_folder(preferred, name, uid=os.geteuid(), gid=os.getegid())


def test_the_preferred_folder_is_taken_and_closed(tmp_path: Path) -> None:
    folder = _folder(Path("/tmp") / f"juno-test-{os.getpid()}")
    try:
        assert folder.name == f"juno-test-{os.getpid()}"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()


@pytest.mark.parametrize("part", ["x" * 120, "with space", "ünïcode"])
def test_what_no_socket_can_have_gets_a_short_place(tmp_path: Path, part: str) -> None:
    preferred = tmp_path / part
    folder = _folder(preferred, ".s.PGSQL.5432")
    try:
        assert folder == _folder(preferred, ".s.PGSQL.5432")
        assert folder != preferred
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.fspath(folder / ".s.PGSQL.5432"))
        (folder / ".s.PGSQL.5432").unlink()
    finally:
        folder.rmdir()


def test_a_link_that_somebody_laid_in_tmp_is_not_followed(tmp_path: Path) -> None:
    preferred = tmp_path / ("x" * 120)
    trap = Path("/tmp") / f"juno-support-{os.geteuid()}-{paths.short_name(preferred)}"
    aim = tmp_path / "aim"
    aim.mkdir(mode=0o755)
    trap.symlink_to(aim)
    try:
        folder = _folder(preferred)
        assert folder.resolve() != aim
        assert stat.S_IMODE(aim.stat().st_mode) == 0o755
        folder.rmdir()
    finally:
        trap.unlink()


def test_data_folder_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUNO_DATA", "data")
    assert paths.data_folder() == tmp_path / "data"
    monkeypatch.setenv("JUNO_DATA", "")
    assert paths.data_folder() == paths.CHECKOUT / "var"
