"""One line per event on standard output."""

import contextlib
import os
import sys
import time
from typing import TextIO


def say(message: str) -> None:
    """Print a line with the time."""
    line(f"{time.strftime('%H:%M:%S')} {message}")


def line(message: str) -> None:
    """Print a line as it is."""
    _print(message, sys.stdout)


def complain(message: str) -> None:
    """Print to standard error what went wrong."""
    _print(message, sys.stderr)


def _print(message: str, stream: TextIO) -> None:
    """Print; a reader that went away must neither stop the stack nor spoil its exit code."""
    try:
        print(message, file=stream, flush=True)
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
