"""docker-compose.yml: valid, and the same processes as everywhere."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CHECKOUT = Path(__file__).resolve().parent.parent.parent
COMPOSE = CHECKOUT / "docker-compose.yml"


def _valid(path: Path) -> bool:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, path], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return document


def test_it_keeps_to_the_specification() -> None:
    assert _valid(COMPOSE)


def test_the_check_notices_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("  web:\n", "  web:\n    replicas_of: two\n", 1))
    assert not _valid(broken)


def test_all_processes_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {
        "prepare",
        "web",
        "worker",
        "beat",
        "postgres",
        "redis",
        "nginx",
        "mail",
    }


def test_nothing_starts_before_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, f"{name} waits for {needed}, which is not there"
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], f"{name} waits for {needed}'s health"


def test_named_volumes_exist_and_files_that_are_mounted_too(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (CHECKOUT / source).is_file(), source
            else:
                assert source in compose["volumes"], source


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or "SECRET" in variable:
                assert value.startswith("${"), f"{name}: {variable}"


def test_only_nginx_is_reachable_from_outside(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert name == "nginx" or port.startswith("127.0.0.1:"), f"{name}: {port}"
