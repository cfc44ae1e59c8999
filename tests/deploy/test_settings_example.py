""".env.example names every setting that the code reads, and no other."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_READ = re.compile(
    r"""(?:\benv\.(?:text|switch|number|required|read|words|path)|\bgiven|\b_number"""
    r"""|os\.environ\.get)\(\s*["']([A-Z][A-Z0-9_]+)["']"""
)
# Read, but not ours to set, or set by the launcher for its own children only.
_OTHERS = {"PATH", "DJANGO_SETTINGS_MODULE"}


def _named() -> set[str]:
    text = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def _read() -> set[str]:
    found: set[str] = set()
    for folder in ("juno_support", "topology", "supportunits", "monitoring", "tickets"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            found |= set(_READ.findall(path.read_text(encoding="utf-8")))
    return found - _OTHERS


def _of_the_compose_file() -> set[str]:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{([A-Z][A-Z0-9_]+)", text))


def test_every_setting_is_in_the_example() -> None:
    read = _read()
    assert {"DATABASE_URL", "JUNO_SECRET_KEY", "PORT", "JUNO_MAIL_HOST"} <= read
    assert sorted((read | _of_the_compose_file()) - _named()) == []


def test_the_example_names_no_setting_that_nobody_reads() -> None:
    assert sorted(_named() - _read() - _of_the_compose_file()) == []
