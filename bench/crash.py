"""Submit tickets while processes are killed, and count what was lost: `make crash N=100 JSON=file`.

    python -m bench.crash --tickets 100 --json out.json

Starts the whole portal as `make run` does, with the demo world, from JUNO_DATA/crash (kept for the
next time; delete the folder to be rid of it). Several people file tickets and write into them over
HTTP while web, worker, beat, Valkey and PostgreSQL and their children are killed by signal 9, one
after the other at random, and twice the launcher with everything. Then everything settles, every
task is delivered once more as a broker may do, and what was accepted is compared with what is in
the database and in the mail catcher.

`tickets`: how many people wanted to file. `accepted`: forms (tickets and answers) whose sender got
the redirect. `lost`: accepted, and not there whole: text, files, history, dispatch rows, intervals,
words for the search. `doubled`: there twice, or acted on or told twice. `unsent`: not acted on, not
sent, not told to somebody who has to hear, without the context of its submission.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from bench import crash_kills
from bench.crash_clients import Browser, GaveUp, NotAnswered, Person, Story, Traffic, make_story
from juno_support.errors import SupportError
from juno_support.launcher import paths, ports, state
from juno_support.launcher.speech import complain, say

if TYPE_CHECKING:
    from bench.crash_count import Before, Findings

CLIENTS: Final = 5
SUBMITTERS: Final = ("ada", "wei", "uma", "chloe", "marta")
SUPPORTERS: Final = ("carla", "feng", "klara", "rosa")
SITES: Final = ("IN2P3-CC", "INFN-T1", "BEIJING-LCG2", "JINR-T1")
PAUSES_S: Final = (0.3, 2.5)
"""Between two deaths."""

LAUNCHER_DIES: Final = 2
START_S: Final = 600.0
SETTLE_S: Final = 300.0
MOST_SENTENCES: Final = 20

# What belongs to a stack that runs elsewhere must not reach ours.
_FOREIGN: Final = (
    "DATABASE_URL",
    "REDIS_URL",
    "JUNO_",
    "DJANGO_",
    "PORT",
    "DEMO",
    "MAKE",
    "MFLAGS",
)


@dataclass
class Stack:
    """The portal under test: a launcher that runs as a process of its own."""

    data: Path
    port: int
    _process: subprocess.Popen[str] = field(init=False)
    _said: list[str] = field(default_factory=list)
    _is_up: threading.Event = field(init=False)

    def start(self) -> None:
        """Start everything and wait until it answers.

        :raises SupportError: it ended, or did not answer in time
        """
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)
        } | {
            "DEMO": "1",
            "JUNO_DATA": os.fspath(self.data),
            "JUNO_SUBMISSIONS_PER_HOUR": "0",
            "JUNO_ENTRIES_PER_HOUR": "0",
            # Two take tasks at once, as in production.
            "JUNO_WORKER_THREADS": "2",
            "PORT": str(self.port),
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "juno_support.launcher.stack", "--with-parent"],
            cwd=paths.CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A Ctrl-C reaches us alone: we stop it when it is time.
            process_group=0,
        )
        self._is_up = threading.Event()
        threading.Thread(target=self._listen, args=(self._process, self._is_up)).start()
        until = time.monotonic() + START_S
        while not self._is_up.wait(0.2):
            if self._process.poll() is not None or time.monotonic() > until:
                raise SupportError("The portal did not start.", "\n".join(self._said[-12:]))

    @property
    def pid(self) -> int:
        """The process id of the launcher."""
        return self._process.pid

    @property
    def restarts(self) -> int:
        """How often the launcher started something again."""
        return sum("starting it again" in line for line in self._said)

    def is_whole(self) -> bool:
        """Tell whether all processes are there and the web answers."""
        try:
            answer = Browser(self.port).get("/readyz")
        except NotAnswered:
            return False
        kinds = (crash_kills.of_kind(kind, self.pid) for kind in crash_kills.KINDS)
        return answer.status == 200 and all(kinds)

    def kill_and_start(self) -> None:
        """Kill the launcher, with which all the others end, and start it again as a person would.

        :raises SupportError: it does not start from what was left behind
        """
        self._process.kill()
        self._process.wait()
        self.start()

    def stop(self) -> None:
        """Stop everything."""
        if hasattr(self, "_process") and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(120)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _listen(self, process: subprocess.Popen[str], is_up: threading.Event) -> None:
        assert process.stdout
        with (
            process.stdout as output,
            (self.data / "log" / "launcher.log").open("a", encoding="utf-8") as log,
        ):
            for line in output:
                self._said.append(line.rstrip())
                log.write(line)
                log.flush()
                if not is_up.is_set() and line[:1].isdigit():
                    print(f"  {line.rstrip()}", flush=True)
                if "JUNO Support runs at" in line:
                    is_up.set()


def main() -> int:
    """Start, submit, kill, settle, count; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.crash", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--tickets", type=int, default=100)
    parser.add_argument("--json", type=Path, help="where to write the counts")
    parser.add_argument("--seed", type=int, help="makes the same people, texts and order of deaths")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    signal.signal(signal.SIGTERM, _interrupt)
    data = _folder()
    stack = Stack(data, ports.remembered(data / "web-port"))
    try:
        say(f"starting the portal from {data}")
        stack.start()
        os.environ |= state.load(data)
        return _crash(stack, arguments.tickets, random.Random(seed), seed, arguments.json)
    except (SupportError, GaveUp) as error:
        complain(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        say("stopping the portal")
        stack.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _folder() -> Path:
    data = paths.data_folder() / "crash"
    os.umask(0o077)
    for folder in (data.parent, data):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    (data / "log").mkdir(exist_ok=True)
    return data


def _crash(stack: Stack, tickets: int, dice: random.Random, seed: int, to: Path | None) -> int:
    # Only now there is a database that Django can be told of.
    os.environ["DJANGO_SETTINGS_MODULE"] = "juno_support.settings"
    os.environ["JUNO_LOG_LEVEL"] = "ERROR"
    import django

    django.setup()
    from bench import crash_count

    _wait_until_settled(stack, None, ())
    since = crash_count.before()
    stories = [
        make_story(
            number,
            SUBMITTERS[number % CLIENTS],
            SUPPORTERS[number % len(SUPPORTERS)],
            dice.choice(SITES),
            dice,
        )
        for number in range(tickets)
    ]
    people, traffic = _people(stack, stories, dice)
    say(f"{tickets} tickets, {CLIENTS} people at once; seed {seed}")
    began = time.monotonic()
    killer = crash_kills.Killer(lambda: stack.pid, traffic, dice, PAUSES_S)
    for each in (*people, killer):
        each.start()
    shown = began
    launcher_dies_at = [
        tickets * part // (LAUNCHER_DIES + 1) for part in range(1, LAUNCHER_DIES + 1)
    ]
    while any(each.is_alive() for each in people):
        time.sleep(0.2)
        if launcher_dies_at and _filed(stories) >= launcher_dies_at[0]:
            launcher_dies_at.pop(0)
            say("killing the launcher, and starting the portal again")
            with killer.no_other_death():
                traffic.wait_for_form(2)
                stack.kill_and_start()
            killer.kills[crash_kills.LAUNCHER] += 1
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            say(_progress(stories, people, killer.kills))
    killer.stop()
    say(_progress(stories, people, killer.kills))
    if _wait_until_settled(stack, since, stories):
        _deliver_again(since)
        _wait_until_settled(stack, since, stories)
    found = crash_count.count(since, stories)
    report = {
        "tickets": tickets,
        "accepted": sum(form.accepted for story in stories for form in story.forms),
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "unsent": len(found.unsent),
        "kills": killer.kills,
        "seconds": round(time.monotonic() - began, 1),
    }
    if to:
        to.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report, stories, people, stack.restarts))
    for sentence in crash_count.sentences(found, MOST_SENTENCES):
        print(sentence)
    return exit_code(found, stories)


def _people(
    stack: Stack, stories: Sequence[Story], dice: random.Random
) -> tuple[list[Person], Traffic]:
    """Sign everybody in, each client with sessions of its own."""
    from juno_support.demo.people import PASSWORD

    traffic, people = Traffic(), []
    queue = _shared(stories)
    for _client in range(CLIENTS):
        browsers = {}
        for username in (*SUBMITTERS, *SUPPORTERS):
            browsers[username] = Browser(stack.port)
        people.append(Person(queue, browsers, traffic, random.Random(dice.random())))
    for number, username in enumerate((*SUBMITTERS, *SUPPORTERS)):
        first = Browser(stack.port)
        first.sign_in(username, PASSWORD)
        for each in people:
            each.lend(username, first)
        if number == 0:
            say("people sign in")
    return people, traffic


def _shared(stories: Sequence[Story]) -> Iterator[Story]:
    """Hand out each story once, to whichever thread asks."""
    lock = threading.Lock()
    left = iter(stories)

    def take() -> Story | None:
        with lock:
            return next(left, None)

    return iter(take, None)


def _wait_until_settled(stack: Stack, since: Before | None, stories: Sequence[Story]) -> bool:
    """Wait until all processes are back and nothing waits; return False where it takes too long."""
    from django.db import Error, connection

    from bench import crash_count

    until, shown = time.monotonic() + SETTLE_S, time.monotonic()
    quiet = 0
    while time.monotonic() < until:
        try:
            left = crash_count.waiting(since, stories) if since else 0
            left += _queued()
        except (Error, OSError):
            connection.close()
            left = -1
        # The schedule ticks every five seconds: nothing must come up any more.
        quiet = quiet + 1 if left == 0 and stack.is_whole() else 0
        if quiet >= (12 if since else 1):
            return True
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            say(f"settling: {left if left >= 0 else '?'} still to be done")
        time.sleep(0.5)
    say("it did not settle")
    return False


def _queued() -> int:
    """Return how many tasks wait in the broker."""
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(os.environ["REDIS_URL"], socket_timeout=2) as broker:
            return int(broker.llen("celery"))
    except RedisError as error:
        raise OSError(str(error)) from error


def _deliver_again(since: Before) -> None:
    """Publish every task of the run once more: a broker delivers at least once, not once."""
    from juno_support.celery import app
    from juno_support.outbox.models import Delivery
    from tickets.models import Dispatch

    entries = Dispatch.objects.filter(pk__gt=since.dispatch).values_list("entry", flat=True)
    for entry in entries.distinct():
        app.send_task("tickets.tasks.handle_entry", kwargs={"entry_id": entry})
    mails = Delivery.objects.filter(pk__gt=since.delivery).values_list("pk", flat=True)
    app.send_task("juno_support.outbox.tasks.send_these", args=(list(mails),))


def exit_code(found: Findings, stories: Sequence[Story]) -> int:
    """Return 0 if nothing went wrong and every form was accepted in the end."""
    return 0 if found.all_well and all(story.is_complete for story in stories) else 1


def _filed(stories: Sequence[Story]) -> int:
    return sum(story.ticket.accepted for story in stories)


def _progress(stories: Sequence[Story], people: Sequence[Person], kills: dict[str, int]) -> str:
    filed = _filed(stories)
    forms = sum(form.accepted for story in stories for form in story.forms)
    silent = sum(sum(each.no_answer.values()) for each in people)
    return (
        f"{filed} of {len(stories)} tickets filed, {forms} forms accepted, "
        f"{sum(kills.values())} kills, {silent} times no answer"
    )


def table(
    report: dict[str, Any], stories: Sequence[Story], people: Sequence[Person], restarts: int
) -> str:
    """The counts for people."""
    forms = [form for story in stories for form in story.forms]
    lines = ["", f"{'killed':<16}{'times':>6}"]
    lines += [f"{kind:<16}{times:>6}" for kind, times in report["kills"].items()]
    lines += [f"{'together':<16}{sum(report['kills'].values()):>6}   ({restarts} restarts)", ""]
    silent: dict[str, int] = {}
    for each in people:
        for words, times in each.no_answer.items():
            silent[words] = silent.get(words, 0) + times
    lines += [
        f"{times:>6} times: {words}" for words, times in sorted(silent.items(), key=lambda x: -x[1])
    ]
    sent = sum(form.sent for form in forms)
    lines += [
        "",
        f"{report['tickets']} tickets and {len(forms) - report['tickets']} answers, "
        f"sent {sent} times in {report['seconds']:.0f} s",
    ]
    lines += [f"{name:<16}{report[name]:>6}" for name in ("accepted", "lost", "doubled", "unsent")]
    lines += [f"not accepted: {form.kind} {form.refused}" for form in forms if form.refused]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
