"""The locked requirements: complete, hashed, and without the address of any registry."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==\S+", re.MULTILINE)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(name: str) -> set[str]:
    return {_plain(found) for found in _PIN.findall((CHECKOUT / name).read_text(encoding="utf-8"))}


def _asked() -> tuple[set[str], set[str]]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

    def names(lines: list[str]) -> set[str]:
        return {_plain(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}

    return names(project["project"]["dependencies"]), names(project["dependency-groups"]["dev"])


def test_what_the_project_asks_for_is_locked() -> None:
    run, dev = _asked()
    assert sorted(run - _locked("requirements.txt")) == [], "run `make lock`"
    assert sorted((run | dev) - _locked("requirements-dev.txt")) == [], "run `make lock`"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_has_hashes_and_no_address(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    for block in filter(None, blocks):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_both_files_agree() -> None:
    def pins(name: str) -> set[str]:
        text = (CHECKOUT / name).read_text(encoding="utf-8")
        return {line.split(" ")[0] for line in text.splitlines() if _PIN.match(line)}

    assert sorted(pins("requirements.txt") - pins("requirements-dev.txt")) == []
