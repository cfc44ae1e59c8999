"""Measure the speed of the portal: `make bench TICKETS=100000 JSON=out.json`.

    python -m bench.run --tickets 100000 --json out.json

Brings up PostgreSQL and Valkey by the launcher (or uses DATABASE_URL and REDIS_URL), loads the
database `juno_bench_<n>` unless it is there, starts web, worker and beat as `make run` does, and
measures over HTTP as one signed-in user after the other. The data stays under JUNO_DATA/bench for
the next time; delete the folder to be rid of it.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from juno_support.errors import SupportError
from juno_support.launcher import paths, ports, secret, services, stack
from juno_support.launcher.process import Program
from juno_support.launcher.speech import complain, say
from juno_support.launcher.supervisor import Stopped, Supervisor

GOALS: Final[dict[str, float]] = {
    "queue": 2.5,
    "tpm_desk": 3.0,
    "ticket": 3.0,
    "search_rare": 4.0,
    "search_common": 4.0,
    "search_pair": 4.0,
    "search_own": 4.0,
    "create_form": 3.0,
    "reply": 3.0,
    "board": 6.0,
}
"""The most that a page may take, in floors, at a million tickets."""

GOALS_MS: Final = {
    "poll_argo": 3000,
    "conditions_at": 10,
    "deadline_sweep": 20,
    "suggest": 30,
    "shift_plan": 5000,
}
"""The most milliseconds of what is no page."""

MOST_QUERIES: Final = {"queue": 12, "ticket": 15, "board": 20}
MOST_MEMORY_MB: Final = 400


def main() -> int:
    """Load, measure, print the table, write the JSON; the exit code says whether all of it ran."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.split("\n")[0])
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--intervals", type=int, default=5_000_000, help="states that are kept")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--only", default="", help="names of figures, parted by commas")
    parser.add_argument("--hold", action="store_true", help="keep it running, to look at plans")
    parser.add_argument("--load-only", action="store_true", help="make the database, no more")
    arguments = parser.parse_args()
    data = paths.data_folder() / "bench"
    os.umask(0o077)
    for folder in (data.parent, data):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    (data / "log").mkdir(exist_ok=True)
    lock = (data / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        complain(f"A bench runs from {data} already.\nWait for it, or set JUNO_DATA.")
        return 1
    try:
        with Supervisor(say) as supervisor:
            return _bench(supervisor, data, arguments)
    except SupportError as error:
        complain(f"{error.message}\n{error.next_step}")
        return 1
    except Stopped as stopped:
        return 128 + stopped.number


def _bench(supervisor: Supervisor, data: Path, arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    servers = services.start(supervisor, data)
    start_s = time.monotonic() - began
    name = f"juno_bench_{arguments.tickets}"
    _make_database(servers.database_url, name)
    port = ports.remembered(data / "web-port")
    wishes = stack.Wishes(data, "127.0.0.1", port, demo=False, web_threads=8, worker_threads=4)
    environment = os.environ | servers.environment() | {
        "DATABASE_URL": _with_name(servers.database_url, name),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "JUNO_BASE_URL": f"http://localhost:{port}",
        "JUNO_DATA": os.fspath(data),
        "JUNO_DEMO": "0",
        "JUNO_GOCDB_URL": f"http://127.0.0.1:{ports.remembered(data / 'gocdb-port')}/gocdbpi",
        "JUNO_ARGO_URL": f"http://127.0.0.1:{ports.remembered(data / 'argo-port')}/argo/api",
        # Polls happen when they are measured.
        "JUNO_GOCDB_TOPOLOGY_INTERVAL": "100000000",
        "JUNO_GOCDB_DOWNTIMES_INTERVAL": "100000000",
        "JUNO_ARGO_INTERVAL": "100000000",
        # What was told at the end of the bench's history counts as fresh.
        "JUNO_DIRAC_HTTPS_INTERVAL": "100000000",
        "JUNO_DIRAC_WEBAPP_INTERVAL": "100000000",
        "JUNO_DIRACX_INTERVAL": "100000000",
        "JUNO_PERFSONAR_INTERVAL": "100000000",
        "JUNO_MADDASH_INTERVAL": "100000000",
        "JUNO_LOG_LEVEL": "WARNING",
        "JUNO_SECRET_KEY": secret.key(data),
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    _run(supervisor, environment, "bench.load", "--tickets", str(arguments.tickets))
    if {"board", "conditions_at"} & set(arguments.only.split(",")) or not arguments.only:
        _run(
            supervisor, environment, "bench.states", "--intervals", str(arguments.intervals)
        )  # fmt: skip
    if arguments.load_only:
        return 0
    began = time.monotonic()
    _run(supervisor, environment, "juno_support.launcher.preparation")
    supervisor.start(*stack.portal(wishes, environment), within=60)
    start_s += time.monotonic() - began
    with tempfile.NamedTemporaryFile("r", suffix=".json", dir=data) as file:
        _run(
            supervisor, environment, "bench.measure", "--tickets", str(arguments.tickets),
            "--address", f"127.0.0.1:{port}", "--to", file.name, "--only", arguments.only,
        )  # fmt: skip
        figures = json.load(file)
    pids = supervisor.pids()
    report = {
        "tickets": arguments.tickets,
        "figures": figures,
        "memory_mb": {each: memory_mb(pids[each]) for each in ("web", "worker", "beat")},
        "start_s": round(start_s, 2),
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))
    if arguments.hold:
        print(f"\n{environment['JUNO_BASE_URL']}/  {environment['DATABASE_URL']}", flush=True)
        supervisor.watch()
    missing = [each for each in figures if figures[each]["n"] == 0]
    return 1 if missing else 0


def _run(supervisor: Supervisor, environment: dict[str, str], module: str, *words: str) -> None:
    program = Program(
        name=module,
        command=[sys.executable, "-m", module, *words],
        environment=environment,
        log=None,
        folder=paths.CHECKOUT,
    )
    if supervisor.run(program, foreground=True) != 0:
        raise SupportError(f"{module} failed; what went wrong is said above.")


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _make_database(url: str, name: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(
                    f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"
                    " LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
                )
    finally:
        connection.close()


def memory_mb(pid: int) -> float:
    """The proportional memory (PSS) of a process and all that it started, in MB.

    What several processes share counts once among them.
    """
    total = 0
    for process in _family(pid):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total / 1024, 1)


def _family(pid: int) -> list[int]:
    family = [pid]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            # pid (name) state ppid pgrp: our children lead groups of their own.
            if int(fields[2]) == pid and int(entry.name) != pid:
                family.append(int(entry.name))
    return family


def table(report: dict[str, Any]) -> str:
    """The figures for people: times, floors, queries, and what was promised."""
    figures = report["figures"]
    base = figures.get("floor", {}).get("median_ms") or 0
    lines = [
        f"{report['tickets']:,} tickets",
        "",
        f"{'':<26}{'median':>10}{'p95':>10}{'floors':>9}{'queries':>9}{'n':>6}  goal",
    ]
    for name, figure in figures.items():
        floors = figure["median_ms"] / base if base else 0
        goal = GOALS.get(name)
        said = ""
        if goal:
            said = f"≤ {goal} {'ok' if floors <= goal else 'MISSED'}"
            if floors > goal and figure.get("says_budget"):
                said = f"≤ {goal}, its budget is said on the page"
        if most_ms := GOALS_MS.get(name):
            said = f"≤ {most_ms} ms {'ok' if figure['median_ms'] <= most_ms else 'MISSED'}"
        most = MOST_QUERIES.get(name)
        if most and (figure["queries"] or 0) > most:
            said += f"  queries ≤ {most} MISSED"
        queries = "" if figure["queries"] is None else str(figure["queries"])
        if figure.get("most_queries") not in (None, figure["queries"]):
            queries += f" ({figure['most_queries']})"
        lines.append(
            f"{name:<26}{figure['median_ms']:>7.1f} ms{figure['p95_ms']:>7.1f} ms{floors:>9.2f}"
            f"{queries:>9}{figure['n']:>6}  {said}"
        )
    memory = report["memory_mb"]
    total = sum(memory.values())
    lines += [
        "",
        "memory (PSS): " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in memory.items())
        + f"; together {total:.0f} MB, goal ≤ {MOST_MEMORY_MB}: "
        + ("ok" if total <= MOST_MEMORY_MB else "MISSED"),
        f"start: {report['start_s']:.1f} s",
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
