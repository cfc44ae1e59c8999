"""Run one command beside a throw-away PostgreSQL and Valkey.

    python -m juno_support.launcher.with_services -- pytest tests

The command finds them by ``DATABASE_URL`` and ``REDIS_URL``. Servers that the environment already
names are used as they are. Its exit code is ours.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from juno_support.errors import SupportError
from juno_support.launcher import paths, services
from juno_support.launcher.process import Program
from juno_support.launcher.speech import complain, say
from juno_support.launcher.supervisor import Stopped, Supervisor


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m juno_support.launcher.with_services", description=__doc__.split("\n")[0]
    )
    parser.add_argument(
        "--prefer", choices=["wheel", "debian"], default="", help="take the servers from there only"
    )
    parser.add_argument("command", nargs="+", help="what to run, after --")
    arguments = parser.parse_args()
    # Short, and open to the account of PostgreSQL when we are root.
    folder = Path(tempfile.mkdtemp(prefix="juno-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with Supervisor(say) as supervisor:
            servers = services.start(supervisor, folder, prefer=arguments.prefer, throwaway=True)
            environment = os.environ | servers.environment()
            # The package sets this default for itself; the command may have another (pytest has).
            if environment.get("DJANGO_SETTINGS_MODULE") == "juno_support.settings":
                del environment["DJANGO_SETTINGS_MODULE"]
            environment.setdefault(
                "JUNO_SECRET_KEY", "only for what runs beside throw-away servers"
            )
            environment["JUNO_DATA"] = os.fspath(paths.make_private(folder / "juno-data"))
            return supervisor.run(
                Program(
                    name=arguments.command[0],
                    command=arguments.command,
                    environment=environment,
                    log=None,
                    folder=Path.cwd(),
                ),
                foreground=True,
            )
    except SupportError as error:
        complain(f"{error.message}\n{error.next_step}")
        return 1
    except Stopped as stopped:
        return 128 + stopped.number
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
