"""Run the simulated upstreams: beside the portal, or for a moment inside a process of ours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from juno_support.demo.simulators.server import Upstreams, make_upstreams_server
from juno_support.lib import clock

CERTIFICATE = "certificate.pem"


def switch_file() -> Path:
    """Return where the switches of the upstreams are kept."""
    return Path(settings.DATA_DIR) / "demo" / "switches.json"


def certificate_file() -> Path:
    """Return a file that stands for the client certificate; made where it is not there.

    The simulated GOCDB takes whoever asks in private. What counts is that the portal has been told
    of a certificate: then it asks there.
    """
    path = switch_file().with_name(CERTIFICATE)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "This stands for a client certificate; the simulated GOCDB does not look at it.\n",
            encoding="utf-8",
        )
    return path


class DemoMoment:
    """The portal's moved clock, for the threads of a server: no connection is left behind.

    While the database is away the last known offset goes on being used: GOCDB does not stop because
    our database does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)

    def __call__(self) -> datetime:
        """Return the present moment of the demo."""
        with self._lock:
            try:
                # Both are read within microseconds of one another.
                moment = clock.now()
                self._offset = moment - datetime.now(UTC)
            except DatabaseError:
                moment = datetime.now(UTC) + self._offset
            finally:
                connection.close()
        return moment


@contextmanager
def serving(moment: Callable[[], datetime]) -> Iterator[str]:
    """Serve the upstreams on a loopback port until the block ends; gives their address."""
    server = make_upstreams_server(Upstreams(moment, switch_file()), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
