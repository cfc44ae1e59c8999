"""TCP ports on this machine: who may have which."""

import errno
import random
import socket
import time
from pathlib import Path

from juno_support.errors import SupportError

_RANGE_OF_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now.

    :raises OSError: it could not for another reason (a privileged port, a wrong address).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do it: connections that linger after a stop do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def demand(host: str, port: int, *, patience: float = 0) -> None:
    """Make sure that we can have the port of the web pages.

    :param patience: seconds to wait for a predecessor that was killed and is still leaving.
    :raises SupportError: it is taken, or not ours to take.
    """
    until = time.monotonic() + patience
    try:
        while not is_free(host, port):
            if time.monotonic() >= until:
                free = next(
                    (other for other in range(port + 1, port + 100) if is_free(host, other)), 8001
                )
                raise SupportError(
                    f"Port {port} is taken by another program.",
                    f"Stop that one, or choose another port: make run PORT={free}",
                )
            time.sleep(0.2)
    except OSError as error:
        raise SupportError(
            f"Port {port} of {host} cannot be used: {error.strerror}.",
            "Choose another port: make run PORT=8000",
        ) from error
    except OverflowError as error:
        raise SupportError(f"There is no port {port}.", "Choose one up to 65535.") from error


def remembered(note: Path) -> int:
    """Return a free loopback port, the one of last time where it still is free."""
    try:
        port = int(note.read_text(encoding="utf-8"))
        if is_free("127.0.0.1", port):
            return port
    except (OSError, ValueError, OverflowError):
        pass
    port = choose()
    note.write_text(f"{port}\n", encoding="utf-8")
    return port


def choose() -> int:
    """Return a free loopback port for a server that starts later.

    Not one of those that the system gives to connections: any could have it by then.
    """
    try:
        first = int(_RANGE_OF_CONNECTIONS.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        first = 0
    below = range(max(10_000, first - 20_000), first)
    for port in random.sample(below, min(100, len(below))):
        if is_free("127.0.0.1", port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(host: str, port: int) -> bool:
    """Tell whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
