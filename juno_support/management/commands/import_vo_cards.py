"""manage.py import_vo_cards: VO ID cards from the Operations Portal's XML."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from juno_support.lib import clock
from juno_support.lib.faults import AnswerNotUnderstood
from supportunits.actions.import_cards import Plan, import_cards, plan_import


class Command(BaseCommand):
    """Import a document of cards, or say what importing it would do."""

    help = (
        "Import VO ID cards from a file with the Operations Portal's XML, old (VoDump) or new "
        "(data). Cards of VOs that are supported here are not overwritten: what differs is shown "
        "on their pages."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a file."""
        parser.add_argument("file", help="the document; - reads it from the standard input")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and do nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        body = _read(options["file"])
        try:
            if options["dry_run"]:
                plan = plan_import(body)
            else:
                plan = import_cards(body=body, by=None, at=clock.now())
        except AnswerNotUnderstood as error:
            raise CommandError(error.reason) from None
        if options["json"]:
            self.stdout.write(json.dumps(plan.as_json(), ensure_ascii=False))
        else:
            self._tell(plan, is_dry=options["dry_run"])

    def _tell(self, plan: Plan, *, is_dry: bool) -> None:
        figures = plan.as_json()
        words = "would be new" if is_dry else "new"
        self.stdout.write(
            f"{figures['seen']} cards: {figures['new']} {words}, {figures['changed']} changed, "
            f"{figures['unchanged']} unchanged, {len(plan.dump.refused)} refused."
        )
        for refused in plan.dump.refused:
            self.stdout.write(f"  refused {refused.row}: {refused.reason}")
        for remark in plan.dump.remarks:
            self.stdout.write(f"  {remark}")
        for planned in plan.changed:
            kept = " (supported here: kept, look at the differences)" if planned.is_served else ""
            self.stdout.write(f"  {planned.record.name}: {', '.join(planned.changed)}{kept}")
        for vo in plan.gone:
            self.stdout.write(f"  {vo.name} is gone from the Portal")
        if not plan.is_full:
            self.stdout.write("  This is no full list: what it lacks is not marked as gone.")


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
