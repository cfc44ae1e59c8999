"""What Django does before the first page, in one process: tables, static files, demo world.

    python -m juno_support.launcher.preparation [--print]

Each step does nothing when there is nothing to do, so that a second start is quick. What a person
should read at the end of the start goes to ``JUNO_DATA/welcome.txt``, or to standard output
where nobody waits for that file.
"""

import hashlib
import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command

from juno_support.errors import SupportError
from juno_support.launcher.speech import complain, line, say
from juno_support.launcher.state import WELCOME


def main() -> int:
    """Run all steps; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "juno_support.settings")
    django.setup()
    try:
        _bring_tables_up_to_date()
        _collect_static_files()
        welcome = _demo_world() if settings.JUNO_DEMO else _first_admin()
    except (SupportError, CommandError) as error:
        complain(f"\n{error}")
        return 1
    if "--print" in sys.argv[1:]:
        line(welcome)
    else:
        path = settings.DATA_DIR / WELCOME
        path.touch(mode=0o600)
        path.write_text(welcome, encoding="utf-8")
    _ask_for_a_poll()
    return 0


def _bring_tables_up_to_date() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        say(f"database: {len(plan)} migrations")
        call_command("migrate", interactive=False, verbosity=1 if len(plan) < 10 else 0)


def _collect_static_files() -> None:
    """Copy, compress and name the static files when one has changed since the last time."""
    from django.contrib.staticfiles.finders import get_finders

    mark = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for path, storage in finder.list(None):
            status = Path(storage.path(path)).stat()
            mark.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    note = settings.DATA_DIR / "static-files"
    if (
        note.exists()
        and note.read_text(encoding="utf-8") == mark.hexdigest()
        and Path(settings.STATIC_ROOT).exists()
    ):
        return
    say("static files: collecting")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    note.write_text(mark.hexdigest(), encoding="utf-8")


def _demo_world() -> str:
    from juno_support.demo import world

    if not world.is_built():
        say("demo world: building it, with two weeks of tickets")
    call_command("demo", "build")
    accounts = io.StringIO()
    call_command("demo", "accounts", stdout=accounts)
    return accounts.getvalue()


def _first_admin() -> str:
    """Return the one-time link for the first admin, as long as there is none.

    :raises SupportError: the database holds the demo world, whose passwords everybody knows.
    """
    from django.contrib.auth import get_user_model

    from juno_support.demo import world

    if world.is_built():
        raise SupportError(
            "This database holds the demo world, whose passwords everybody knows.",
            "Give the portal a folder of its own: make run DEMO=0 JUNO_DATA=/path/to/folder",
        )
    if get_user_model().objects.filter(is_staff=True, is_active=True).exists():
        return ""
    link = io.StringIO()
    call_command("admin_link", stdout=link)
    return f"There is no admin yet. This link makes the first one, once:\n{link.getvalue()}"


def _ask_for_a_poll() -> None:
    """Put one poll of every enabled source before the worker, which starts after us.

    Who starts the portal wants to see the present, also where a source is not due yet. A source
    that waits for another is polled after that one.
    """
    from juno_support.feeds import queries
    from juno_support.feeds.tasks import poll_source
    from juno_support.lib import clock

    for standing in queries.standings(clock.now()):
        if standing.next_poll_at is not None:
            poll_source.apply_async(kwargs={"name": standing.kind.name, "force": True}, retry=False)


if __name__ == "__main__":
    sys.exit(main())
