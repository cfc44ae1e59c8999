"""What `make` does with signals, and how we follow it.

A terminal's Ctrl-C reaches make and us alike. But INT sent to make alone reaches only make, which
then waits for us in silence; and make that is killed leaves us behind. Under ``--with-parent`` we
end in both cases.
"""

import os
import signal
import time
from pathlib import Path

from juno_support.launcher import process


class Parent:
    """The process that started us."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        self._catches_int = self._handles_int()
        self._next_look = 0.0
        process.die_with_parent()

    def wants_us_to_stop(self) -> bool:
        """Tell whether it is gone, or has taken an INT and now waits for us."""
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + 0.5
        if os.getppid() != self._pid:
            return True
        # make restores the default action in its handler, before it waits for its children.
        return self._catches_int and not self._handles_int()

    def _handles_int(self) -> bool:
        try:
            status = Path(f"/proc/{self._pid}/status").read_text(errors="replace")
        except OSError:
            return False
        for line in status.splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
        return False
