"""Which ports we take, and what is said about a taken one."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from juno_support.errors import SupportError
from juno_support.launcher import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_said_with_a_way_out(taken: int) -> None:
    with pytest.raises(SupportError) as caught:
        ports.demand("127.0.0.1", taken)

    assert f"Port {taken} is taken" in caught.value.message
    suggested = int(caught.value.next_step.rpartition("PORT=")[2])
    assert ports.is_free("127.0.0.1", suggested)


def test_patience_waits_for_a_leaving_predecessor(taken: int) -> None:
    began = time.monotonic()
    with pytest.raises(SupportError):
        ports.demand("127.0.0.1", taken, patience=0.5)
    assert 0.5 <= time.monotonic() - began < 30


def test_no_such_port() -> None:
    with pytest.raises(SupportError, match="no port 70000"):
        ports.demand("127.0.0.1", 70_000)


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(SupportError, match="cannot be used"):
        ports.demand("192.0.2.1", 8000)


def test_the_simulators_keep_their_port(tmp_path: Path) -> None:
    note = tmp_path / "port"
    first = ports.remembered(note)
    assert ports.remembered(note) == first
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        assert ports.answers("127.0.0.1", first)
        assert ports.remembered(note) != first
    assert not ports.answers("127.0.0.1", first)


@pytest.mark.parametrize("content", ["", "x", "99999999"])
def test_a_broken_note_gives_a_new_port(tmp_path: Path, content: str) -> None:
    note = tmp_path / "port"
    note.write_text(content)
    assert 1024 < ports.remembered(note) < 65536
