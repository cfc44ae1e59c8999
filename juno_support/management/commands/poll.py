"""manage.py poll: list the sources, or poll one of them now, in this process."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from juno_support.feeds import polling, queries
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import SOURCES, UnknownSource
from juno_support.lib import clock
from juno_support.lib.http import without_password

WAIT_SECONDS = 60
EXIT_CODES = {
    Outcome.OK: 0,
    Outcome.UNCHANGED: 0,
    Outcome.SUSPICIOUS: 3,
    Outcome.FAILED: 1,
}


class Command(BaseCommand):
    """Poll a source once, whether it is due or not."""

    help = (
        "Poll one source now, in this process, and say how it went. Waits up to 60 s for a poll "
        "of the same source that runs already. Exit status: 0 ok or unchanged, 3 suspicious, "
        "1 failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a source or --list."""
        parser.add_argument("source", nargs="?", help="one of the names that --list shows")
        parser.add_argument("--list", action="store_true", help="show the sources and stop")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--trust",
            action="store_true",
            help="take over an answer that would be suspicious (you have looked at it)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        if options["list"]:
            self._list(as_json=options["json"])
            return
        name = options["source"]
        if not name:
            raise CommandError("Name a source, or use --list to see them.")
        try:
            run = polling.poll(
                name, now=clock.now, wait_seconds=WAIT_SECONDS, trust=options["trust"]
            )
        except UnknownSource:
            known = ", ".join(kind.name for kind in SOURCES)
            raise CommandError(f"There is no source {name!r}. There are: {known}.") from None
        except polling.PollIsRunning:
            result = self._result(name, Outcome.FAILED)
            result["error"] = f"Another poll of {name} has been running for over {WAIT_SECONDS} s."
        else:
            result = self._result(name, Outcome(run.outcome), run)
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._tell(result)
        code = EXIT_CODES[Outcome(result["outcome"])]
        if code:
            sys.exit(code)

    def _result(self, name: str, outcome: Outcome, run: FeedRun | None = None) -> dict[str, Any]:
        return {
            "source": name,
            "outcome": str(outcome.value),
            "seen": run.seen if run else {},
            "changed": run.changed if run else {},
            "refused": run.refused if run else [],
            "error": (run.reason if run else "") or None,
        }

    def _tell(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"{result['source']}: {result['outcome']}")
        for kind, count in result["seen"].items():
            self.stdout.write(f"  {kind}: {count} seen, {result['changed'].get(kind, 0)} changed")
        for refusal in result["refused"]:
            self.stdout.write(f"  refused {refusal['row']}: {refusal['reason']}")
        if result["error"]:
            self.stdout.write(f"  {result['error']}")

    def _list(self, *, as_json: bool) -> None:
        rows = [
            {
                "source": standing.kind.name,
                "title": str(standing.kind.title),
                "url": without_password(standing.configuration.url),
                "enabled": standing.configuration.is_enabled,
                "interval_seconds": int(standing.configuration.interval.total_seconds()),
                "last_success": standing.last_success_at.isoformat()
                if standing.last_success_at
                else None,
                "stale": standing.is_stale,
            }
            for standing in queries.standings(clock.now())
        ]
        if as_json:
            self.stdout.write(json.dumps({"sources": rows}, ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write(f"{row['source']:<20} {row['title']} ({row['url'] or 'no address'})")
