"""The note by which manage.py finds a running stack."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from juno_support.launcher import state


def test_no_note_no_stack(tmp_path: Path) -> None:
    assert state.load(tmp_path) == {}
    assert state.running_pid(tmp_path) is None
    assert not state.left_behind(tmp_path)


def test_the_note_of_a_living_process_counts(tmp_path: Path) -> None:
    state.save(tmp_path, {"DATABASE_URL": "postgresql://here"})

    assert state.load(tmp_path) == {"DATABASE_URL": "postgresql://here"}
    assert state.running_pid(tmp_path) == os.getpid()
    assert stat.S_IMODE((tmp_path / state.NAME).stat().st_mode) == 0o600

    state.remove(tmp_path)
    assert state.load(tmp_path) == {}


def test_the_note_of_a_dead_process_does_not(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from juno_support.launcher import state;"
        "state.save(pathlib.Path(sys.argv[1]), {'A': 'b'})"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)

    assert state.load(tmp_path) == {}
    assert state.left_behind(tmp_path)


def test_another_process_of_the_same_number_is_not_the_launcher(tmp_path: Path) -> None:
    state.save(tmp_path, {"A": "b"})
    note = json.loads((tmp_path / state.NAME).read_text())
    note["started"] = "another boot:1"
    (tmp_path / state.NAME).write_text(json.dumps(note))

    assert state.load(tmp_path) == {}


def test_a_broken_note_is_no_note(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"pid": "x"}', '{"pid": 1, "environment": 3}'):
        (tmp_path / state.NAME).write_text(content)
        assert state.load(tmp_path) == {}


def test_it_needs_no_django(tmp_path: Path) -> None:
    """manage.py reads the note while it reads the settings."""
    code = (
        "import sys; import juno_support.launcher.state; "
        "sys.exit('django.apps' in sys.modules and 'juno_support.settings' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False).returncode == 0
