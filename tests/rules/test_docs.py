"""What the documents promise, compared with the code."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from django.urls.exceptions import Resolver404

from juno_support.feeds.registry import SOURCES
from juno_support.pages import doc_tables, health
from juno_support.pages.help import GUIDES, anchor_of
from juno_support.schedule import SCHEDULE
from tickets.search.grammar import FIELDS
from tickets.workflow import STEPS, Status

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
OUR_PACKAGES = ("juno_support", "topology", "supportunits", "monitoring", "tickets")

# What the code reads and no person sets: the system's own, and marks that Django wants.
NOT_SETTINGS = {"PATH", "DJANGO_SETTINGS_MODULE", "MALLOC_ARENA_MAX"}
READERS = {"text", "switch", "number", "words", "path", "required", "read", "given", "_number"}


def _documents() -> list[Path]:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    found = [ROOT / name for name in tracked if "vendor" not in name]
    return found or [*ROOT.glob("*.md"), *DOCS.glob("*.md")]


def _variables() -> set[str]:
    """Every variable that the portal and its launcher read from the environment."""
    found = set()
    for path in (ROOT / "juno_support").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = None
            if isinstance(node, ast.Call) and node.args and _reads(node.func):
                name = node.args[0]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
                name = node.slice
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.add(name.value)
    return {name for name in found if re.fullmatch(r"[A-Z][A-Z_]+", name)} - NOT_SETTINGS


def _reads(function: ast.expr) -> bool:
    """Whether a call may read a variable: ``env.text``, ``given``, ``os.environ.get``."""
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value)
        return owner == "os.environ" or (owner in {"env", "services"} and function.attr in READERS)
    return isinstance(function, ast.Name) and function.id in READERS


def test_the_search_for_variables_finds_those_of_each_kind():
    assert {
        "JUNO_BASE_URL",  # env.text
        "JUNO_DEBUG",  # env.switch
        "JUNO_MAIL_PORT",  # env.number
        "JUNO_ALLOWED_HOSTS",  # env.words
        "JUNO_GOCDB_CERT",  # env.path
        "DATABASE_URL",  # env.required
        "JUNO_DATA",  # os.environ.get
        "PORT",  # _number of the launcher
    } <= _variables()


def test_every_variable_is_explained_and_in_the_example():
    explained = set(re.findall(r"`([A-Z][A-Z_]+)`", (DOCS / "settings.md").read_text()))
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))

    assert _variables() - explained == set()
    assert _variables() - example == set()


def test_the_example_and_the_compose_file_name_nothing_else():
    known = set(re.findall(r"`([A-Z][A-Z_]+)`", (DOCS / "settings.md").read_text()))
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert (example | compose) - known == set()
    # What the page names beside variables: levels of logs, the tag of subjects.
    words = {"NAME_FILE", "DEBUG", "INFO", "WARNING", "ERROR", "JUNO", "SITES"}
    assert known - _variables() - compose == words


def test_every_command_and_its_options_are_named():
    words = "\n".join(path.read_text() for path in DOCS.glob("*.md"))
    page = (DOCS / "commands.md").read_text()
    ours = {name: app for name, app in get_commands().items() if app in OUR_PACKAGES}
    assert "poll" in ours

    missing = []
    for name, app in ours.items():
        if f"manage.py {name}" not in page:
            missing.append(name)
        parser = load_command_class(app, name).create_parser("manage.py", name)
        missing += [f"{name} {option}" for option in _options(parser) if option not in words]
    assert missing == []


def _options(parser) -> list[str]:  # type: ignore[no-untyped-def]
    """The options of a command and of its verbs, without those that all commands have."""
    found = []
    for action in parser._actions:
        if action.choices and hasattr(action, "_name_parser_map"):
            for verb, inner in action.choices.items():
                found += [verb, *_options(inner)]
        found += [name for name in action.option_strings if name.startswith("--")]
    common = set(_common())
    return [name for name in found if name not in common]


def _common() -> list[str]:
    from django.core.management.base import BaseCommand

    plain = BaseCommand().create_parser("manage.py", "plain")
    return [name for action in plain._actions for name in action.option_strings] + [
        "--bind",
        "--port",
    ]


def test_every_make_target_is_named():
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    page = (DOCS / "commands.md").read_text()

    assert targets and [name for name in targets if f"make {name}" not in page] == []


def test_the_tables_from_the_code_are_up_to_date():
    """After a change of the code: .venv/bin/python -m juno_support.pages.doc_tables"""
    old = [
        path.name
        for path in DOCS.glob("*.md")
        if doc_tables.filled(path.read_text()) != path.read_text()
    ]

    assert old == []
    assert all(f"| {step.label} |" in (DOCS / "workflow.md").read_text() for step in STEPS)
    assert all(f"| {status.label} |" in (DOCS / "workflow.md").read_text() for status in Status)


def test_every_field_of_the_search_and_its_values_are_named():
    page = (DOCS / "search.md").read_text()

    for known in FIELDS.values():
        assert f"| `{known.name}` |" in page
        assert all(f"| `{known.name}` | `{value}` |" in page for value in known.choices)


def test_every_source_and_figure_is_named():
    sources = (DOCS / "sources.md").read_text()
    figures = set(re.findall(r'"(juno_\w+)"', Path(health.__file__).read_text()))
    named = set(re.findall(r"`(juno_\w+)", (DOCS / "operating.md").read_text()))

    assert all(f"`{kind.name}`" in sources for kind in SOURCES)
    assert figures - {"juno_support"} == named


def test_what_runs_by_the_clock_is_told_with_its_times():
    page = (DOCS / "operating.md").read_text()
    words = {
        5: "5 s",
        10: "10 s",
        15: "15 s",
        30: "30 s",
        60: "1 min",
        300: "5 min",
        600: "10 min",
        3600: "1 h",
        21600: "6 h",
        86400: "24 h",
    }

    for line in SCHEDULE:
        assert f"| {words[int(line.every.total_seconds())]} |" in page


LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?\)")


@pytest.mark.parametrize("path", _documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    dead = []
    for target, anchor in LINK.findall(text):
        file = (path.parent / target) if target else path
        if not file.exists():
            dead.append(target)
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            dead.append(f"{target}#{anchor}")
    assert dead == []


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {anchor_of(heading.replace("`", "").replace("*", "")) for heading in headings}


# They name tests, which only the repository has.
FOR_DEVELOPERS = {"trust.md"}


def test_every_guide_is_in_the_portal_and_in_the_readme():
    files = {path.name for path in DOCS.glob("*.md")}
    assert {guide.file for guide in GUIDES.values()} == files - FOR_DEVELOPERS
    readme = (ROOT / "README.md").read_text()
    assert [name for name in files if f"docs/{name}" not in readme] == []


def test_pages_that_documents_name_are_there():
    wrong = []
    for path in _documents():
        for address in re.findall(r"`(/[a-z]+(?:/[a-z-]+)*/?)`", path.read_text()):
            try:
                resolve(address)
            except Resolver404:
                wrong.append(f"{path.name}: {address}")
    folders = {"/data", "/tmp", "/gocdbpi", "/var/lib/juno-support", "/usr/lib/postgresql"}
    assert [each for each in wrong if each.split(": ")[1] not in folders] == []


WORDS = re.compile(r"\b(?:successfully|agents?|customers?|queues? for)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name
)
def test_documents_use_our_words(path: Path):
    assert WORDS.findall(path.read_text()) == []
