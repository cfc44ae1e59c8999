"""Promises about the repository itself."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("juno_support", "topology", "supportunits", "monitoring", "tickets")


def _sources() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    ]


def _templates() -> list[Path]:
    return list((ROOT / "templates").rglob("*.html"))


def test_every_module_says_what_is_in_it():
    silent = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_scheduled_name_is_a_task():
    from juno_support.celery import app
    from juno_support.schedule import SCHEDULE

    app.loader.import_default_modules()
    assert {line.task for line in SCHEDULE} <= set(app.tasks)


INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE
)


@pytest.mark.parametrize("path", _templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_no_inline_script_or_style(path):
    assert INLINE.search(path.read_text()) is None


def test_what_is_sent_with_safe_was_rendered_by_us():
    """``|safe`` is for HTML that our Markdown renderer has sanitised, and for nothing else."""
    # Django's own help of password fields is a list in HTML; form fields are not typed by users.
    allowed = re.compile(r"\{\{ ?(?:[a-z_.]*(?:html|svg)|field\.help_text)\|safe ?\}\}")
    wrong = []
    for path in _templates():
        for use in re.findall(r"\{\{[^}]*\|safe[^}]*\}\}", path.read_text()):
            if not allowed.fullmatch(use):
                wrong.append(f"{path.relative_to(ROOT)}: {use}")
    assert wrong == []


WORDS = re.compile(r"\b(?:successfully|agents?|customers?|helpdesk agent)\b", re.IGNORECASE)


def test_words_that_are_not_ours_stay_out_of_pages_and_mails():
    found = []
    for path in [*_templates(), *(ROOT / "templates").rglob("*.txt")]:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if WORDS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_the_repository_holds_no_machine_path_and_no_registry():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not a checkout")
    wrong = re.compile(r"/wo" + r"rk/|/ro" + r"ot/|pypi\.org|registry\.npmjs|files\.pythonhosted")
    found = []
    for name in tracked:
        path = ROOT / name
        if (
            "vendor" in path.parts
            or path.suffix in {".png", ".woff2", ".ico"}
            or not path.is_file()
        ):
            continue
        text = path.read_text(errors="replace")
        found += [name] if wrong.search(text) else []
    assert found == []


def test_tickets_are_changed_by_actions_only():
    """``.save(`` and ``objects.create`` of a ticket stand in actions, history and the bench.

    The demo's archive is brought in as an import, in bulk: nobody acts on tickets of the past.
    """
    pattern = re.compile(r"\b(?:ticket|Ticket\.objects)\.(?:save|create|bulk_create)\(")
    found = {
        str(path.relative_to(ROOT))
        for path in _sources()
        if pattern.search(path.read_text()) and "actions" not in path.parts
    }

    assert found == {"juno_support/demo/archive.py"}


def test_functions_for_now_are_not_called_elsewhere():
    pattern = re.compile(
        r"timezone\.now\(|datetime\.(?:now|utcnow)\(|date\.today\(|functions import .*\bNow\b"
    )
    # The simulators run beside the portal and may ask the moved clock only now and then.
    allowed = {"juno_support/lib/clock.py", "juno_support/demo/upstreams.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in _sources()
        if pattern.search(path.read_text()) and "launcher" not in path.parts
    }

    assert found <= allowed
