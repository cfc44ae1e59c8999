"""One line per event on standard output."""

import contextlib
import sys
import time


def say(message: str) -> None:
    """Print a line with the time; a reader that went away must not stop the stack."""
    line(f"{time.strftime('%H:%M:%S')} {message}")


def line(message: str) -> None:
    """Print a line as it is."""
    with contextlib.suppress(OSError, ValueError):
        print(message, flush=True)


def complain(message: str) -> None:
    """Print to standard error what went wrong."""
    with contextlib.suppress(OSError, ValueError):
        print(message, file=sys.stderr, flush=True)
