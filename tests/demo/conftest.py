"""The simulated upstreams with a clock in the test's hand."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from juno_support.demo.simulators import addresses, diracx_logins, switches
from juno_support.demo.simulators.gocdb import Gocdb
from juno_support.demo.simulators.server import JSON_UPSTREAMS
from tests.demo.asking import Answered, ask_path

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


@dataclass
class JsonUpstreams:
    """The simulators of the JSON interfaces, by path, with their clock and switches."""

    switch_file: Path
    moment: datetime = BASE
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        with switches.changing(self.switch_file) as switched:
            switched.base = BASE.timestamp()
        self._apps = {
            kind.mount.split("/")[0]: kind(
                lambda: self.moment, self.switch_file, wait=self.waited.append
            )
            for kind in JSON_UPSTREAMS
        }

    def ask(self, path: str, query: str = "", **more: Any) -> Answered:
        return ask_path(self._apps[path.split("/")[1]], path, query, **more)

    def fail(self, source: str, kind: str) -> None:
        with switches.changing(self.switch_file) as switched:
            switched.failures = {source: kind}

    def argo(self, path: str, query: str = "") -> Answered:
        return self.ask(
            f"/argo/api/{path}", query, accept="application/json", x_api_key=addresses.ARGO_KEY
        )

    def dirac(self, service: str, method: str, *args: object) -> Answered:
        form = {"method": method, "args": json.dumps(args)}
        return self.ask(f"/dirac/{service}", form=form)

    def sign_in(self, vo: str = "juno", group: str = "juno_user") -> dict[str, Any]:
        return diracx_logins.sign_in(self.switch_file, vo=vo, group=group, at=self.moment)

    def diracx(self, path: str, query: str = "", **more: Any) -> Answered:
        token = self.sign_in()["access_token"]
        return self.ask(f"/diracx/api/{path}", query, authorization=f"Bearer {token}", **more)


@pytest.fixture
def world(tmp_path: Path) -> JsonUpstreams:
    """Return the simulated JSON interfaces, which stand at BASE."""
    return JsonUpstreams(tmp_path / "switches.json")


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
