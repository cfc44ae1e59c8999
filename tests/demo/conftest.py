"""The simulated GOCDB with a clock in the test's hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from juno_support.demo.simulators import switches
from juno_support.demo.simulators.gocdb import Gocdb

BASE = datetime(2026, 1, 12, 8, 30, tzinfo=UTC)


@dataclass
class Simulator:
    """The app, its clock and its switches."""

    switch_file: Path
    moment: datetime = BASE
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        with switches.changing(self.switch_file) as switched:
            switched.base = BASE.timestamp()
        self.app = Gocdb(lambda: self.moment, self.switch_file, wait=self.waited.append)

    def fail(self, kind: str, source: str = "gocdb") -> None:
        with switches.changing(self.switch_file) as switched:
            switched.failures = {source: kind}


@pytest.fixture
def gocdb(tmp_path: Path) -> Simulator:
    """Return the simulated GOCDB, which stands at BASE."""
    return Simulator(tmp_path / "switches.json")


@pytest.fixture
def fresh_switches(tmp_path: Path, settings: object) -> Callable[[], switches.Switches]:
    """Give the portal a data folder of its own; return a function that reads its switches."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    settings.JUNO_DEMO = True  # type: ignore[attr-defined]
    return lambda: switches.read(tmp_path / "demo" / "switches.json")
