"""``manage.py backup DIR``: keep database and files together in a folder."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from juno_support import backups


class Command(BaseCommand):
    """Keep database and files together in a new folder."""

    help = "Keep database and files together in a new folder; `restore` brings them back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON document, nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = backups.make(options["folder"].resolve())
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(backups.as_json(report)))
        else:
            self.stdout.write(
                f"Kept {report.tickets} tickets and {report.files} files in {report.folder}."
            )
