"""A whole stack in a folder of its own, for the tests of this folder."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from juno_support.launcher import ports

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LAUNCHER = [sys.executable, "-m", "juno_support.launcher.stack"]
# What the test run itself was given, and a stack of its own must not take over.
_FOREIGN = ("DATABASE_URL", "REDIS_URL", "JUNO_", "DJANGO_SETTINGS_MODULE", "PORT", "DEMO", "MAKE")


def free_port() -> int:
    """Return a port that nobody has, and that no connection takes before the stack does."""
    return ports.choose()


def until(condition: Callable[[], object], seconds: float = 30, what: str = "it") -> None:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def descendants(pid: int) -> set[int]:
    """Return all processes below one."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                status = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                parents.setdefault(int(status[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


@dataclass
class Stack:
    """A launcher with what it said so far."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what it says without ever making it wait."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip("\n"))

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return "\n".join(self.lines)

    def wait_up(self, seconds: float = 180) -> "Stack":
        """Wait until it says where it runs."""
        until(
            lambda: "JUNO Support runs at" in self.said or self.process.poll() is not None,
            seconds,
            "the start",
        )
        assert self.process.poll() is None, self.said
        return self

    def status(self, path: str) -> int:
        """Return the HTTP status of a page, 0 when nobody answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=10
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def child(self, words: str) -> int:
        """Return the process id of the launcher's child whose command line holds these words."""
        launcher = self.launcher()
        for pid in descendants(launcher):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                parent = int(
                    Path(f"/proc/{pid}/stat")
                    .read_text(errors="replace")
                    .rpartition(")")[2]
                    .split()[1]
                )
                if words in line and parent == launcher:
                    return pid
        raise AssertionError(f"there is no child {words!r}:\n{self.said}")

    def launcher(self) -> int:
        """Return the launcher's own process id: ours, or the one that make started."""
        line = Path(f"/proc/{self.process.pid}/cmdline").read_bytes()
        if b"launcher" in line:
            return self.process.pid
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                if b"launcher.stack" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise AssertionError("there is no launcher")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a newcomer's shell, with this ``JUNO_DATA``."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return own | {"JUNO_DATA": os.fspath(data), "DEMO": "0"} | more


def start(
    data: Path,
    *,
    port: int | None = None,
    command: list[str] | None = None,
    before: Callable[[], object] | None = None,
    **more: str,
) -> Stack:
    """Start a stack; the caller stops it."""
    port = port or free_port()
    process = subprocess.Popen(
        command or LAUNCHER,
        cwd=CHECKOUT,
        env=environment(data, PORT=str(port), **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=before,
    )
    return Stack(data, port, process)


@contextlib.contextmanager
def started(data: Path, **options: object) -> Iterator[Stack]:
    """Run a stack for as long as the block lasts."""
    stack = start(data, **options)  # type: ignore[arg-type]
    try:
        yield stack.wait_up()
    finally:
        if stack.process.poll() is None:
            stack.stop()


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder with a short path that PostgreSQL's account can pass, for a socket."""
    with tempfile.TemporaryDirectory(prefix="juno-t-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)
