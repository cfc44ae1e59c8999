"""manage.py demo: the demo world, its accounts, its clock, and what its upstreams do."""

import argparse
import json
import re
import signal
import sys
import textwrap
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from juno_support.demo import build, switchboard, upstreams, world
from juno_support.demo.people import CHARACTERS, PASSWORD
from juno_support.demo.simulators import gocdb_topology
from juno_support.demo.simulators.server import Upstreams, make_upstreams_server
from juno_support.demo.simulators.troubles import PARTS
from juno_support.errors import SupportError
from juno_support.lib import clock

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_LONGEST_ADVANCE = timedelta(days=366)


class Command(BaseCommand):
    """Everything about the demo world."""

    help = (
        "The demo world: build it, show its accounts, move its clock, declare downtimes in the "
        "simulated GOCDB, start incidents that all sources see, make simulated upstreams fail. "
        "Works only where JUNO_DEMO is on."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, words: str, **more: Any) -> argparse.ArgumentParser:
            return verbs.add_parser(
                name,
                help=words,
                description=words,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                **more,
            )

        verb(
            "build",
            "Build the demo world with two weeks of tickets. Does nothing where it is built "
            "already; refuses a database that holds other data.",
        )
        accounts = verb("accounts", "Show the demo's accounts with password and roles.")
        accounts.add_argument("--json", action="store_true", help="print one JSON document")
        verb("sites", "Show the sites that the simulated GOCDB knows.")

        downtime = verb(
            "downtime",
            "Declare a downtime of a site in the simulated GOCDB. The portal shows it after its "
            "next poll (`manage.py poll gocdb-downtimes` polls at once).",
        )
        downtime.add_argument("site", metavar="SITE", help="short name, such as INFN-T1")
        downtime.add_argument("--minutes", type=float, required=True, help="how long it lasts")
        downtime.add_argument("--severity", choices=("OUTAGE", "WARNING"), default="OUTAGE")
        downtime.add_argument(
            "--in", dest="begins_in", type=float, default=0, metavar="MINUTES",
            help="begins in so many minutes (default: now)",
        )  # fmt: skip
        downtime.add_argument("--description", default="Declared in the demo")
        downtime.add_argument("--json", action="store_true", help="print one JSON document")

        change = verb(
            "change",
            "Change a downtime that `demo downtime` declared, as GOCDB lets it be changed.",
        )
        change.add_argument("key", metavar="KEY", help="as `demo downtime` printed it")
        change.add_argument("--severity", choices=("OUTAGE", "WARNING"))
        change.add_argument("--description")
        change.add_argument("--shorten", type=float, metavar="MINUTES", help="ends that earlier")
        change.add_argument("--end", action="store_true", help="end it (in one minute)")
        change.add_argument("--withdraw", action="store_true", help="delete it before it begins")

        fail = verb(
            "fail", "Make a simulated upstream fail, or work again (none).", epilog=_kinds()
        )
        fail.add_argument("source", metavar="SOURCE", help=" | ".join(switchboard.SOURCES))
        fail.add_argument("kind", metavar="KIND", help="one of the kinds below")

        incident = verb(
            "incident",
            "Start, list or stop incidents that all simulated sources see, each in its own way.",
        )
        self._add_incidents(incident.add_subparsers(dest="what", required=True, metavar="WHAT"))
        approve = verb(
            "approve",
            "Approve a login that waits in the simulated DiracX, as a person does on its page.",
        )
        approve.add_argument(
            "code", metavar="CODE",
            help="as the portal shows it; or: auto (approve each by itself), ask (as before)",
        )  # fmt: skip

        move = verb("clock", "Show the demo's clock, or move it forward for every process.")
        move.add_argument("--advance", metavar="DURATION", help="such as 90s, 45m, 3h, 2d or 1d12h")

        serve = verb(
            "serve_upstreams",
            "Serve the simulated upstreams over HTTP until INT or TERM: GOCDB below /gocdbpi/, "
            "ARGO /argo/, DIRAC /dirac/, DiracX /diracx/, perfSONAR /perfsonar/ and "
            "/perfsonar-legacy/, MaDDash /maddash/.",
        )
        serve.add_argument("--port", type=int, default=0, help="0 (default) chooses a free one")
        serve.add_argument("--bind", default="127.0.0.1", help="address (default 127.0.0.1)")

    def _add_incidents(self, kinds: Any) -> None:
        words = "Something breaks at a site: ARGO's probes fail, DIRAC bans, jobs fail."
        site = kinds.add_parser("site", help=words, description=words)
        site.add_argument("site", metavar="SITE", help="short name, such as INFN-T1")
        site.add_argument("--part", choices=tuple(PARTS), default="all")
        words = "Packets are lost between two sites: perfSONAR and MaDDash see it."
        link = kinds.add_parser("link", help=words, description=words)
        link.add_argument("link", metavar="LINK", help="name, such as IHEP-CNAF-LHCONE-001")
        link.add_argument("--loss", type=float, default=100, metavar="PERCENT")
        for one in (site, link):
            one.add_argument("--minutes", type=float, required=True, help="how long it lasts")
            one.add_argument("--in", dest="begins_in", type=float, default=0, metavar="MINUTES",
                             help="begins in so many minutes; less than 0: has begun")  # fmt: skip
            one.add_argument("--json", action="store_true", help="print one JSON document")
        words = "Show the incidents that were started by hand."
        listing = kinds.add_parser("list", help=words, description=words)
        listing.add_argument("--json", action="store_true", help="print one JSON document")
        words = "End an incident now. Its traces stay in the histories."
        stop = kinds.add_parser("stop", help=words, description=words)
        stop.add_argument("key", metavar="KEY", help="as the incident was printed, or: all")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.JUNO_DEMO:
            raise CommandError(
                "The demo is off. Set JUNO_DEMO=1 (`make run` does unless DEMO=0 is given)."
            )
        try:
            getattr(self, f"_{options['verb']}")(options)
        except SupportError as error:
            raise CommandError(str(error)) from error

    def _build(self, options: dict[str, Any]) -> None:
        built = build.build(at=clock.now())
        if built.is_new:
            self.stdout.write(f"The demo world is built, with {built.tickets} tickets.")
        elif options["verbosity"] > 1:
            self.stdout.write("The demo world is there already.")

    def _accounts(self, options: dict[str, Any]) -> None:
        if options["json"]:
            accounts = [
                {
                    "username": one.username,
                    "password": PASSWORD,
                    "name": one.name,
                    "email": one.email,
                    "time_zone": one.time_zone,
                    "roles": one.roles,
                }
                for one in CHARACTERS
            ]
            self.stdout.write(json.dumps({"accounts": accounts}, ensure_ascii=False))
            return
        self.stdout.write(f"Demo accounts, all with the password {PASSWORD}:")
        for one in CHARACTERS:
            self.stdout.write(f"  {one.username:<8} {one.name:<18} {', '.join(one.roles)}")

    def _sites(self, options: dict[str, Any]) -> None:
        for site in gocdb_topology.sites():
            self.stdout.write(f"{site.name:<24} {site.centre:<14} {site.status}")

    def _downtime(self, options: dict[str, Any]) -> None:
        if options["minutes"] <= 0:
            raise CommandError("A downtime lasts longer than nothing: --minutes 90.")
        now = clock.now()
        starts_at = (now + timedelta(minutes=options["begins_in"])).replace(microsecond=0)
        ends_at = starts_at + timedelta(minutes=options["minutes"])
        key = switchboard.declare_downtime(
            site=options["site"],
            starts_at=starts_at,
            ends_at=ends_at,
            severity=options["severity"],
            description=options["description"],
            at=now,
        )
        if options["json"]:
            told = {
                "key": key,
                "site": options["site"],
                "severity": options["severity"],
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
            }
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(
                f"{key}: {options['severity']} of {options['site']},"
                f" {starts_at:%Y-%m-%d %H:%M} – {ends_at:%Y-%m-%d %H:%M} UTC"
            )

    def _change(self, options: dict[str, Any]) -> None:
        shorten = options["shorten"]
        switchboard.change_downtime(
            key=options["key"],
            severity=options["severity"],
            description=options["description"],
            shorten_by=None if shorten is None else timedelta(minutes=shorten),
            end_now=options["end"],
            withdraw=options["withdraw"],
            at=clock.now(),
        )

    def _fail(self, options: dict[str, Any]) -> None:
        switchboard.fail(source=options["source"], kind=options["kind"])

    def _incident(self, options: dict[str, Any]) -> None:
        getattr(self, f"_incident_{options['what']}")(options)

    def _incident_site(self, options: dict[str, Any]) -> None:
        starts_at, ends_at = _period(options)
        key = switchboard.start_site_incident(
            site=options["site"], part=options["part"], starts_at=starts_at, ends_at=ends_at
        )
        self._tell_incident(options, key, f"{options['part']} of {options['site']}")

    def _incident_link(self, options: dict[str, Any]) -> None:
        if not 0 < options["loss"] <= 100:
            raise CommandError("The loss is in percent: --loss 100.")
        starts_at, ends_at = _period(options)
        key = switchboard.start_link_incident(
            sites=world.link_ends(options["link"]),
            loss=options["loss"] / 100,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        self._tell_incident(options, key, f"{options['loss']:g} % loss on {options['link']}")

    def _tell_incident(self, options: dict[str, Any], key: str, words: str) -> None:
        (kept,) = (one for one in switchboard.started_incidents() if one["key"] == key)
        if options["json"]:
            self.stdout.write(json.dumps(_told(kept)))
        else:
            self.stdout.write(f"{key}: {words}, {_from_to(kept)}")

    def _incident_list(self, options: dict[str, Any]) -> None:
        found = switchboard.started_incidents()
        if options["json"]:
            self.stdout.write(json.dumps({"incidents": [_told(kept) for kept in found]}))
            return
        for kept in found:
            where = f"{kept['part']} of {kept['site']}" if "site" in kept else (
                f"{100 * kept['loss']:g} % loss between {' and '.join(kept['ends'])}"
            )  # fmt: skip
            self.stdout.write(f"{kept['key']}: {where}, {_from_to(kept)}")

    def _incident_stop(self, options: dict[str, Any]) -> None:
        ended = switchboard.stop_incident(key=options["key"], at=clock.now())
        self.stdout.write(f"Ended: {ended}.")

    def _approve(self, options: dict[str, Any]) -> None:
        switchboard.approve_login(code=options["code"], at=clock.now())

    def _clock(self, options: dict[str, Any]) -> None:
        if options["advance"]:
            clock.advance(_duration(options["advance"]))
            clock.wait_for_others()
        self.stdout.write(f"{clock.now():%Y-%m-%d %H:%M:%S} UTC")

    def _serve_upstreams(self, options: dict[str, Any]) -> None:
        upstreams.certificate_file()
        app = Upstreams(upstreams.DemoMoment(), upstreams.switch_file())
        try:
            server = make_upstreams_server(app, host=options["bind"], port=options["port"])
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used: {error.strerror}. Choose another --port."
            ) from error
        for number in (signal.SIGINT, signal.SIGTERM):
            # shutdown() waits for the loop that the signal interrupts, so it needs a thread.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        self.stdout.write(f"http://{options['bind']}:{server.server_port}")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.2)
        server.server_close()


def _period(options: dict[str, Any]) -> tuple[datetime, datetime]:
    if options["minutes"] <= 0:
        raise CommandError("An incident lasts longer than nothing: --minutes 90.")
    starts_at = clock.now().replace(microsecond=0) + timedelta(minutes=options["begins_in"])
    return starts_at, starts_at + timedelta(minutes=options["minutes"])


def _told(kept: dict[str, Any]) -> dict[str, Any]:
    return kept | {
        name: datetime.fromtimestamp(kept[name], UTC).isoformat()
        for name in ("starts_at", "ends_at")
    }


def _from_to(kept: dict[str, Any]) -> str:
    starts_at, ends_at = (
        datetime.fromtimestamp(kept[name], UTC) for name in ("starts_at", "ends_at")
    )
    return f"{starts_at:%Y-%m-%d %H:%M} – {ends_at:%Y-%m-%d %H:%M} UTC"


def _kinds() -> str:
    """Return the kinds of failure of all sources, for the help."""
    general = {"none": "It works again."}
    for source in ("gocdb", "argo"):
        own = switchboard.SPECIAL.get(source, {})
        general |= {
            kind: words
            for kind, words in switchboard.kinds_of(source).items()
            if kind not in own and kind not in general
        }
    parts = [_table("kinds of failure (each source has those that its format can have):", general)]
    parts += [_table(f"of {source} alone:", words) for source, words in switchboard.SPECIAL.items()]
    return "\n\n".join(parts)


def _table(title: str, words: Mapping[str, str]) -> str:
    width = max(map(len, words))
    rows = [
        textwrap.fill(
            f"{kind:<{width}}  {what}", 96, initial_indent="  ",
            subsequent_indent=" " * (width + 4),
        )
        for kind, what in words.items()
    ]  # fmt: skip
    return "\n".join((title, *rows))


def _duration(text: str) -> timedelta:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CommandError(f"{text} is no duration. Write 90s, 45m, 3h, 2d or 1d12h.")
    total = timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    if total > _LONGEST_ADVANCE:
        raise CommandError("The clock moves by a year at most.")
    return total
