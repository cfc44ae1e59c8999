"""What another worker does at the same time, on a thread and a connection of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from juno_support.feeds import lock


def beside(work: Callable[[], object]) -> threading.Thread:
    """Begin something on a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    # Long enough to come to the lock; it must wait there until we commit.
    thread.join(0.5)
    return thread


@contextmanager
def held(name: str) -> Iterator[threading.Event]:
    """Hold a lock as another worker would; it is let go at the end, or when the event is set."""
    holds, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.only_one(name):
            holds.set()
            let_go.wait(60)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    holds.wait(60)
    try:
        yield let_go
    finally:
        let_go.set()
        other.join()
