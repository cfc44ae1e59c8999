"""Take the times: whole pages over HTTP as a browser gets them, signed in, one user.

    python -m bench.measure --tickets 100000 --address 127.0.0.1:8001 --to figures.json

Each figure is the median of many requests after some that do not count, taken in rounds: what else
the machine does then falls on all of them. What has no page of its
own (a poll, conditions at a site) runs in this process.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import django

from bench.forms import fields_of
from juno_support.launcher import ports

WARM_UP: Final = 5
ROUNDS: Final = 6
MANY: Final = 60
FEW: Final = 30


@dataclass
class Figure:
    """Times of one thing, in milliseconds, and how many statements each of them needed."""

    times: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    says_budget: bool = False

    def add(self, answer: Answer) -> None:
        """Count a page in."""
        self.times.append(answer.milliseconds)
        self.queries.append(answer.queries)

    def report(self) -> dict[str, Any]:
        """The figure as the JSON document has it."""
        times = sorted(self.times)
        report: dict[str, Any] = {
            "median_ms": round(statistics.median(times), 2) if times else 0.0,
            "p95_ms": round(times[min(int(len(times) * 0.95), len(times) - 1)], 2)
            if times
            else 0.0,
            "queries": statistics.median_high(self.queries) if self.queries else None,
            # What a process remembers for seconds is asked again by one page now and then.
            "most_queries": max(self.queries, default=None),
            "n": len(times),
        }
        if self.says_budget:
            report["says_budget"] = True
        return report


@dataclass(frozen=True)
class Answer:
    """What the web process said."""

    status: int
    location: str
    body: bytes
    milliseconds: float
    queries: int


class Failed(Exception):
    """A page did not answer as it should; the figure is left out and said aloud."""


class Browser:
    """One person's connection: keeps it open, sends the session's cookie, posts with a token."""

    def __init__(self, address: str, session: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=120)
        self._used = 0.0
        self._token = "b" * 32
        self._headers = {
            "Host": f"localhost:{address.rpartition(':')[2]}",
            "Cookie": f"sessionid={session}; csrftoken={self._token}",
            "Accept": "text/html",
        }

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._send("GET", path)

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form."""
        body = urlencode(fields | {"csrfmiddlewaretoken": self._token})
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.perf_counter() - self._used > 1:
            self._connection.close()  # the server does not keep an idle one; it opens again
        began = time.perf_counter()
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used = time.perf_counter()
        took = (self._used - began) * 1000
        return Answer(
            response.status,
            response.headers.get("Location", ""),
            content,
            took,
            int(response.headers.get("X-Queries", 0)),
        )


def main() -> None:
    """Measure everything that is asked for, and write it to a file."""
    parser = argparse.ArgumentParser(prog="python -m bench.measure")
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    _poll_nothing_by_the_clock()
    only = set(filter(None, arguments.only.split(",")))
    chosen = {
        name: steps
        for name, steps in measurements(arguments.address, arguments.tickets).items()
        if not only or name in only | {"floor"}
    }
    polls = {name: steps for name, steps in chosen.items() if name.startswith("poll_")}
    pages = {name: steps for name, steps in chosen.items() if name not in polls}
    if "board" in pages:
        _forget_topology()  # what an earlier poll brought: the pages show the bench's own sites
        _tidy_states()
    taken = _in_rounds(pages) | _in_rounds(polls)
    figures = {name: taken[name].report() for name in chosen}
    arguments.to.write_text(json.dumps(figures), encoding="utf-8")


def _poll_nothing_by_the_clock() -> None:
    """Leave polls to the figures: the worker would do one first that forgot what it knew."""
    from juno_support.feeds.configuration import all_sources
    from juno_support.feeds.models import Source

    all_sources()
    Source.objects.update(is_enabled=False)


def _in_rounds(chosen: dict[str, Steps]) -> dict[str, Figure]:
    """Take every figure a little, in turns: what else the machine does falls on all of them."""
    figures = {name: Figure() for name in chosen}
    for number in range(ROUNDS):
        for name, steps in chosen.items():
            try:
                for _ in range(math.ceil(steps.many / ROUNDS)):
                    if len(figures[name].times) < steps.many:
                        steps.take(figures[name])
            except (Failed, LookupError, http.client.HTTPException) as failure:
                print(f"{name}: {failure!r}", file=sys.stderr)
                steps.many = 0
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr, flush=True)
    return figures


@dataclass
class Steps:
    """How one figure is taken: a function that takes it once, and how often it counts."""

    take: Callable[[Figure], None]
    many: int


def measurements(address: str, total: int) -> dict[str, Steps]:
    """How each figure is taken, by its name."""
    from bench import routing, shifts, world

    supporter = Browser(address, _session("bench-supporter"))
    submitter = Browser(address, _session("bench-submitter"))
    open_tickets = itertools.cycle(_open_tickets(total))
    people = itertools.count(250)

    def page(path: str, browser: Browser = supporter, many: int = MANY) -> Steps:
        return Steps(lambda figure: _page(figure, browser, path), many)

    def search(line: str, browser: Browser = supporter) -> Steps:
        return page(f"/tickets/?q={quote(line)}", browser)

    def somebody() -> Browser:
        # Another person each time: there is a limit on what one may file within an hour.
        return Browser(address, _session(f"bench-person{next(people)}"))

    return {
        "floor": page("/bench/floor/", many=2 * MANY),
        "queue": page("/tickets/", many=2 * MANY),
        "queue_counts": page("/bench/counts/"),
        "tpm_desk": page("/tpm/"),
        "ticket": Steps(
            lambda figure: _page(figure, supporter, f"/tickets/{next(open_tickets)}/"), 2 * MANY
        ),
        "search_rare": search(world.RARE),
        "search_common": search(world.COMMON),
        "search_pair": search(" ".join(world.PAIR)),
        "search_own": search(world.COMMON, submitter),
        "create_form": Steps(lambda figure: _create(figure, somebody()), FEW),
        "reply": Steps(lambda figure: _reply(figure, supporter, next(open_tickets)), FEW),
        "board": page("/sites/", many=FEW),
        "poll_topology_full": Steps(lambda figure: _poll_topology(figure, afresh=True), 1),
        "poll_topology_unchanged": Steps(
            lambda figure: _poll_topology(figure, afresh=False), ROUNDS
        ),
        "poll_argo": Steps(lambda figure: _poll_argo(figure, afresh=True), ROUNDS),
        "poll_argo_unchanged": Steps(lambda figure: _poll_argo(figure, afresh=False), ROUNDS),
        "context_attach": Steps(lambda figure: _context(figure, somebody()), 2 * ROUNDS),
        "conditions_at": Steps(_conditions, 10 * ROUNDS),
        "deadline_sweep": Steps(_deadline_sweep, 10 * ROUNDS),
        "suggest": Steps(lambda figure: routing.suggest(figure, Counter), 2 * MANY),
        "preview_rule": Steps(lambda figure: routing.preview_rule(figure, Counter), ROUNDS),
        "shift_plan": Steps(shifts.take_plan, ROUNDS),
    }


def _session(username: str) -> str:
    """Sign somebody in without the form; returns the key of the session."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from juno_support.accounts.models import User

    user = User.objects.get(username=username)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _open_tickets(total: int) -> list[int]:
    """Numbers of open tickets, half of them new, half from everywhere."""
    from tickets.models import Ticket

    tickets = Ticket.objects.filter(is_open=True, is_restricted=False, pk__lte=total)
    newest = list(tickets.order_by("-pk").values_list("pk", flat=True)[:200])
    middle = tickets.filter(pk__gte=total // 3).order_by("pk")
    return newest + list(middle.values_list("pk", flat=True)[:200])


def _page(figure: Figure, browser: Browser, path: str) -> None:
    if not figure.times:
        for _ in range(WARM_UP):
            browser.get(path)
    answer = browser.get(path)
    if answer.status != 200:
        raise Failed(f"{path} answered {answer.status} {answer.location}")
    figure.add(answer)
    figure.says_budget |= b"had time to look" in answer.body


def _create(figure: Figure, browser: Browser) -> None:
    """File a ticket, from sending the form to its redirect."""
    fields = _ticket(browser)
    if not figure.times:
        browser.post("/tickets/new/", fields)
        fields = _ticket(browser)
    _let_the_worker_finish()
    answer = browser.post("/tickets/new/", fields)
    _expect_redirect(answer, "/tickets/new/")
    figure.add(answer)


def _ticket(browser: Browser) -> dict[str, str]:
    """The form of a new ticket, filled in."""
    page = browser.get("/tickets/new/")
    if page.status != 200:
        raise Failed(f"/tickets/new/ answered {page.status}")
    return fields_of(page.body, "subject") | {
        "subject": "Transfers fail since noon",
        "description": "All transfers to the storage fail with a timeout.\n\n```\nerror 110\n```",
        "sites": "SITE3-T3",
        "priority": "2",
    }


def _reply(figure: Figure, browser: Browser, number: int) -> None:
    """Answer an open ticket in public, from sending the form to its redirect."""
    page = browser.get(f"/tickets/{number}/")
    if page.status != 200:
        raise Failed(f"/tickets/{number}/ answered {page.status}")
    fields = fields_of(page.body, "words") | {
        "words": "We look into it; the **storage** was restarted.",
        "side": "public",
    }
    path = f"/tickets/{number}/reply/"
    _let_the_worker_finish()
    answer = browser.post(path, fields)
    _expect_redirect(answer, path)
    figure.add(answer)


def _let_the_worker_finish() -> None:
    """Wait until what was sent before is mailed and has its context.

    One person is measured, and nobody fills in a form as fast as that:
    without the pause a page would share two cores with the work for the page before.
    """
    from juno_support.lib import clock
    from tickets.models import Dispatch

    waiting = Dispatch.objects.filter(
        done_at=None, cancelled_at=None, not_before__lte=clock.now()
    ).order_by()
    until = time.monotonic() + 5
    while waiting.exists() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)  # the mails themselves


def _context(figure: Figure, browser: Browser) -> None:
    """From sending the form until the worker has attached the conditions at the site."""
    from tickets.models import ContextSnapshot

    fields = _ticket(browser)
    began = time.perf_counter()
    answer = browser.post("/tickets/new/", fields)
    _expect_redirect(answer, "/tickets/new/")
    ticket = int(re.findall(r"\d+", answer.location)[-1])
    while not ContextSnapshot.objects.filter(ticket=ticket).exists():
        if time.perf_counter() - began > 20:
            raise Failed("no context within 20 s: does the worker run?")
        time.sleep(0.005)
    figure.times.append((time.perf_counter() - began) * 1000)


def _expect_redirect(answer: Answer, path: str) -> None:
    if answer.status not in (302, 303):
        words = re.sub(rb"\s+", b" ", re.sub(rb"<[^>]*>", b" ", answer.body)).decode()
        error = re.search(r".{0,80}(?:error|wrong|must|needs|cannot).{0,200}", words)
        raise Failed(f"{path} answered {answer.status}: {error[0] if error else words[:300]}")


def _poll_topology(figure: Figure, *, afresh: bool) -> None:
    """Poll a GOCDB with 423 sites and 4,186 services: all of it new, or all of it as it was."""
    if afresh:
        _forget_topology()
    _poll(figure, "gocdb-topology", "bench.gocdb", afresh=afresh)


def _poll_argo(figure: Figure, *, afresh: bool) -> None:
    """Poll an ARGO with the states of the same sites and services."""
    from topology.models import Site

    if not Site.objects.filter(source="gocdb").exists():
        _poll_topology(Figure(), afresh=True)
    if afresh:
        _forget_states()
    _poll(figure, "argo", "bench.argo", afresh=afresh)


def _forget_topology() -> None:
    from juno_support.feeds.models import FeedRun
    from monitoring.models import Downtime
    from topology.models import Service, Site, SiteContact

    _forget_states()
    gocdb = Site.objects.filter(source="gocdb")
    Downtime.objects.filter(source="gocdb").delete()
    Service.objects.filter(source="gocdb").delete()
    SiteContact.objects.filter(site__in=gocdb).delete()
    gocdb.delete()
    FeedRun.objects.filter(source__name="gocdb-topology").delete()


def _forget_states() -> None:
    """Forget what ARGO told of GOCDB's sites; the bench's own sites keep their history."""
    from juno_support.feeds.models import FeedRun
    from monitoring.models import Entity, StatusInterval

    theirs = Entity.objects.filter(namespace="argo", site__source="gocdb")
    StatusInterval.objects.filter(entity__in=theirs).delete()
    theirs.delete()
    FeedRun.objects.filter(source__name="argo").delete()


def _tidy_states() -> None:
    """Do what autovacuum does in life, where polls do not begin anew all the time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM (ANALYZE, INDEX_CLEANUP ON) monitoring_statusinterval, monitoring_entity"
        )


def _poll(figure: Figure, source: str, upstream: str, *, afresh: bool) -> None:
    """Start the upstream, and poll it once for the figure."""
    from django.conf import settings
    from django.db import connection

    from juno_support.feeds import polling
    from juno_support.feeds.registry import find_kind
    from juno_support.lib import clock

    url = getattr(settings, f"{find_kind(source).settings}_URL")
    port = urlsplit(url).port
    server = subprocess.Popen([sys.executable, "-m", upstream, "--port", str(port)])
    try:
        while not ports.answers("127.0.0.1", port):
            time.sleep(0.1)
        if not afresh and not figure.times:
            polling.poll(source, now=clock.now, wait_seconds=60)
        queries = Counter()
        began = time.perf_counter()
        with connection.execute_wrapper(queries):
            run = polling.poll(source, now=clock.now, wait_seconds=60)
        took = (time.perf_counter() - began) * 1000
        expected = "ok" if afresh else "unchanged"
        if run.outcome != expected:
            raise Failed(f"the poll ended {run.outcome}: {run.reason}")
        figure.times.append(took)
        figure.queries.append(queries.number)
    finally:
        server.terminate()
        server.wait()


class Counter:
    """Counts the statements that pass."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        """Count one and let it through."""
        self.number += 1
        return execute(sql, params, many, context)


def _deadline_sweep(figure: Figure) -> None:
    """Look which of all open tickets are due, where none is."""
    from django.db import connection

    from bench import world
    from tickets.actions import clock_round

    queries = Counter()
    began = time.perf_counter()
    with connection.execute_wrapper(queries):
        if clock_round.look_at_due(at=world.END):
            raise Failed("something was due")
    figure.times.append((time.perf_counter() - began) * 1000)
    figure.queries.append(queries.number)


def _conditions(figure: Figure) -> None:
    """Ask what went on at a site with 200 services, an hour before the history's end."""
    from django.db import connection

    from bench import states, world
    from monitoring.queries import conditions_at
    from topology.models import Site

    sites = list(Site.objects.filter(source="bench").order_by("pk")[: states.LARGE_SITES])
    moment = world.END - timedelta(hours=1)
    if not figure.times:
        for site in sites:
            conditions_at(sites=[site], moment=moment)
    site = sites[len(figure.times) % len(sites)]
    queries = Counter()
    began = time.perf_counter()
    with connection.execute_wrapper(queries):
        conditions_at(sites=[site], moment=moment)
    figure.times.append((time.perf_counter() - began) * 1000)
    figure.queries.append(queries.number)


if __name__ == "__main__":
    main()
