"""``manage.py restore DIR``: bring a backup back."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from juno_support import backups


class Command(BaseCommand):
    """Bring a backup back, migrate it, and redo the redactions made since."""

    help = (
        "Bring back what `backup` kept, migrate it to this version, and redo the redactions that "
        "were made since. Stop web, worker and beat first."
    )
    # The database may be empty: nothing to check yet.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="overwrite a database that holds tickets"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document, nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = backups.restore(options["folder"].resolve(), replace=options["replace"])
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(backups.as_json(report)))
        else:
            self.stdout.write(
                f"Brought back {report.tickets} tickets and {report.files} files from "
                f"{report.folder}; {report.redactions_replayed} redactions done again."
            )
