"""manage.py conditions: what is known to have been going on at a site at a moment."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from juno_support.lib import clock
from monitoring.queries import SiteConditions, SiteState, conditions_at
from topology.queries import SiteNotFound, find_site


class Command(BaseCommand):
    """Tell a site's conditions at a moment."""

    help = (
        "Tell what is known to have been going on at a site at a moment (default now), and how "
        "old the sources are that say so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a site and a moment."""
        parser.add_argument("site", help="the site's name in GOCDB, or another name we know it by")
        parser.add_argument("--at", help="a moment as ISO 8601; without a zone it is UTC")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        now = clock.now()
        moment = _moment(options["at"]) if options["at"] else now
        try:
            site = find_site(options["site"])
        except SiteNotFound as error:
            raise CommandError(str(error)) from None
        found = conditions_at(sites=[site], moment=moment, asked_at=now, everything=True).sites[0]
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            self._tell(found)

    def _tell(self, found: SiteConditions) -> None:
        self.stdout.write(
            f"{found.site} at {found.at:%Y-%m-%d %H:%M} UTC: {SiteState(found.state).label}"
        )
        for words, downtimes in (("", found.downtimes), ("next: ", found.coming)):
            for downtime in downtimes:
                self.stdout.write(
                    f"  {words}{downtime.severity} {downtime.classification} "
                    f"{downtime.starts_at:%Y-%m-%d %H:%M} to {downtime.ends_at:%Y-%m-%d %H:%M} "
                    f"UTC ({downtime.key}): {downtime.description}"
                )
        for status in (*found.statuses, *found.links, *found.systems):
            words = f" ({status.raw_status})" if status.raw_status else ""
            self.stdout.write(
                f"  {status.source} {status.metric} {status.entity}: {status.status}{words} since "
                f"{status.since:%Y-%m-%d %H:%M} UTC{', old data' if status.stale else ''}"
            )
        for name, age in found.sources.items():
            when = f"{age.last_success:%Y-%m-%d %H:%M} UTC" if age.last_success else "never"
            self.stdout.write(
                f"  {name}: last success {when}{', too old to trust' if age.stale else ''}"
            )


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text) or datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{text!r} is no moment. Write it as 2026-11-21T19:30 or 2026-11-21T19:30:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
