"""The whole portal from one command: `make run`.

    python -m juno_support.launcher.stack

Variables: ``PORT`` (8000), ``JUNO_HOST`` (127.0.0.1), ``JUNO_DATA`` (var/ in the checkout),
``DEMO`` (1), ``JUNO_WEB_THREADS`` (8), ``JUNO_WORKER_THREADS`` (12), and everything that the
settings read.
"""

import argparse
import fcntl
import http.client
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from juno_support.demo.simulators import addresses
from juno_support.errors import SupportError
from juno_support.launcher import logs, paths, ports, secret, services, state
from juno_support.launcher.parent import Parent
from juno_support.launcher.process import Program
from juno_support.launcher.speech import complain, line, say
from juno_support.launcher.state import WELCOME
from juno_support.launcher.supervisor import Stopped, Supervisor

_KILLED_PREDECESSOR_SECONDS = 10.0


@dataclass(frozen=True)
class Wishes:
    """What the person who starts us wants."""

    data: Path
    host: str
    port: int
    demo: bool
    web_threads: int
    worker_threads: int


def main() -> int:
    """Run everything until INT or TERM; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m juno_support.launcher.stack", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this does"
    )
    arguments = parser.parse_args()
    parent = Parent() if arguments.with_parent else None
    began = time.monotonic()
    try:
        wishes = _wishes()
        with (
            _only_one(_data_folder(wishes.data)),
            Supervisor(say, parent.wants_us_to_stop if parent else None) as supervisor,
        ):
            try:
                _bring_up(supervisor, wishes, began)
                supervisor.watch()
            except Stopped as stopped:
                say(f"{stopped.number.name}: stopping")
            finally:
                supervisor.stop()
                state.remove(wishes.data)
        say("stopped")
    except SupportError as error:
        complain(f"\n{error.message}\n{error.next_step}")
        return 1
    except PermissionError as error:
        # Most likely root made the folder before.
        complain(
            f"\n{error.filename} belongs to somebody else.\n"
            "Take another folder: make run JUNO_DATA=/path/to/folder"
        )
        return 1
    return 0


def _wishes() -> Wishes:
    demo = (os.environ.get("DEMO") or os.environ.get("JUNO_DEMO") or "1").strip().lower()
    return Wishes(
        data=paths.data_folder(),
        host=os.environ.get("JUNO_HOST") or "127.0.0.1",
        port=_number("PORT", 8000),
        demo=demo not in {"0", "no", "off", "false"},
        web_threads=_number("JUNO_WEB_THREADS", 8),
        worker_threads=_number("JUNO_WORKER_THREADS", 12),
    )


def _number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    try:
        return int(value)
    except ValueError as error:
        raise SupportError(f"{name} is “{value}”.", "Give a whole number.") from error


def _data_folder(data: Path) -> Path:
    """Make ``JUNO_DATA``: closed to others, but for root passable by PostgreSQL's account."""
    os.umask(0o077)
    try:
        if not data.exists():
            data.mkdir(parents=True)
            data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (data / "log").mkdir(exist_ok=True)
    except OSError as error:
        raise SupportError(
            f"{data} cannot be used: {error.strerror}.",
            "Name another folder: make run JUNO_DATA=/path/to/folder",
        ) from error
    return data


def _only_one(data: Path) -> IO[str]:
    """Return the lock of this folder; two stacks on one database folder would destroy it."""
    stream = (data / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        address = state.load(data).get("JUNO_BASE_URL")
        where = f" (process {state.running_pid(data)}, {address}/)" if address else ""
        raise SupportError(
            f"JUNO Support already runs from {data}{where}.",
            "Stop that one, or give this one its own folder and port: "
            "make run JUNO_DATA=/path/to/folder PORT=8001",
        ) from error
    return stream


def _bring_up(supervisor: Supervisor, wishes: Wishes, began: float) -> None:
    patience = _KILLED_PREDECESSOR_SECONDS if state.left_behind(wishes.data) else 0
    ports.demand(wishes.host, wishes.port, patience=patience)
    state.remove(wishes.data)
    servers = services.start(supervisor, wishes.data)
    upstreams_port = ports.remembered(wishes.data / "upstreams-port")
    settings = _settings(wishes, servers, upstreams_port)
    # Two memory arenas instead of one for each thread: less memory, no slower.
    environment = {"MALLOC_ARENA_MAX": "2"} | os.environ | settings | {"PYTHONUNBUFFERED": "1"}
    # Ours is not the make that a child may start.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    state.save(wishes.data, settings)

    # What it has to say, it says itself.
    quiet = {"JUNO_LOG_LEVEL": environment.get("JUNO_LOG_LEVEL") or "WARNING"}
    prepare = Program(
        name="preparation",
        command=[sys.executable, "-m", "juno_support.launcher.preparation"],
        environment=environment | quiet,
        log=None,
        folder=paths.CHECKOUT,
    )
    if supervisor.run(prepare) != 0:
        raise SupportError("Nothing was started; the reason is said above.")
    if wishes.demo:
        supervisor.start(_upstreams(wishes, environment, upstreams_port), within=60)
    supervisor.start(*portal(wishes, environment), within=60)
    _welcome(wishes, settings, time.monotonic() - began)


def _settings(wishes: Wishes, servers: services.Services, upstreams_port: int) -> dict[str, str]:
    """Return the variables that make a process part of this stack."""
    settings = servers.environment()
    settings["JUNO_DATA"] = os.fspath(wishes.data)
    settings["JUNO_DEMO"] = "1" if wishes.demo else "0"
    settings["JUNO_SECRET_KEY"] = services.given("JUNO_SECRET_KEY") or secret.key(wishes.data)
    settings["JUNO_BASE_URL"] = services.given("JUNO_BASE_URL") or f"http://localhost:{wishes.port}"
    if wishes.demo and not services.given("JUNO_GOCDB_URL"):
        settings["JUNO_GOCDB_URL"] = f"http://127.0.0.1:{upstreams_port}/gocdbpi"
        # The simulated GOCDB tells its private part to whoever has any certificate.
        settings["JUNO_GOCDB_CERT"] = os.fspath(wishes.data / "demo" / "certificate.pem")
    if wishes.demo:
        settings |= _simulated(upstreams_port)
    return settings


def _simulated(port: int) -> dict[str, str]:
    """Return where the simulated sources of states are, but of those that are given for real."""
    found: dict[str, str] = {}
    for family, values in addresses.settings_for(f"http://127.0.0.1:{port}").items():
        if not services.given(f"{family}_URL"):
            found |= {f"{family}_{name}": value for name, value in values.items()}
    return found


def _upstreams(wishes: Wishes, environment: dict[str, str], port: int) -> Program:
    return Program(
        name="upstreams",
        command=[sys.executable, "manage.py", "demo", "serve_upstreams", "--port", str(port)],
        environment=environment,
        log=logs.fresh(wishes.data / "log", "upstreams"),
        folder=paths.CHECKOUT,
        stops_in=3,
        ready=lambda: ports.answers("127.0.0.1", port),
    )


def portal(wishes: Wishes, environment: dict[str, str]) -> list[Program]:
    """Return web, worker and beat."""
    celery = [sys.executable, "-m", "celery", "-A", "juno_support"]
    log = wishes.data / "log"
    bind = f"[{wishes.host}]" if ":" in wishes.host else wishes.host

    def program(name: str, command: list[str], stops_in: int, *, seconds: float = 15) -> Program:
        return Program(
            name=name,
            command=command,
            environment=environment,
            log=logs.fresh(log, name),
            folder=paths.CHECKOUT,
            stops_in=stops_in,
            stop_seconds=seconds,
            ready=(lambda: _web_answers(wishes)) if name == "web" else None,
        )

    web = [sys.executable, "-m", "gunicorn", "juno_support.wsgi", "--bind", f"{bind}:{wishes.port}"]
    web += ["--worker-class", "gthread", "--workers", "1", "--threads", str(wishes.web_threads)]
    # Loaded before the fork, the code is in memory once.
    web += ["--preload", "--no-control-socket", "--timeout", "60", "--graceful-timeout", "10"]
    # Threads, so that an upstream that does not answer holds up neither mail nor tickets.
    worker = [*celery, "worker", "--pool", "threads", "--concurrency", str(wishes.worker_threads)]
    worker += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    # No pid file: it would keep beat from starting again after a kill -9.
    beat = [*celery, "beat", "--pidfile=", "--loglevel", "INFO"]
    return [
        program("web", web, 1),
        program("beat", beat, 1),
        program("worker", worker, 2, seconds=20),
    ]


def _web_answers(wishes: Wishes) -> bool:
    # Who listens on all addresses answers on loopback.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(wishes.host, wishes.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, wishes.port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(wishes: Wishes, settings: dict[str, str], seconds: float) -> None:
    path = wishes.data / WELCOME
    words = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    path.unlink(missing_ok=True)
    line("")
    line(f"JUNO Support runs at {settings['JUNO_BASE_URL']}/ (started in {seconds:.1f} s)")
    if words:
        line("")
        line(words)
    line("")
    line(f"Logs are in {wishes.data / 'log'}. Ctrl-C stops everything.")


if __name__ == "__main__":
    sys.exit(main())
