"""PostgreSQL and Valkey, started unless the environment names servers of its own."""

import os
from dataclasses import dataclass
from pathlib import Path

from juno_support.errors import SupportError
from juno_support.launcher import logs, postgres, valkey
from juno_support.launcher.speech import say
from juno_support.launcher.supervisor import Supervisor

# A server that finds the locks of its killed predecessor gets another try for so long: that one
# may still be writing what it held.
_INSIST = 15.0


@dataclass(frozen=True)
class Services:
    """The addresses, ready for the environment."""

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables that every process of ours reads."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def given(name: str) -> str:
    """Return the value of a variable or of the file that NAME_FILE names, or an empty text.

    :raises SupportError: the file cannot be read.
    """
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SupportError(
                f"{name}_FILE names {path}: {error.strerror}.", "Correct it, or unset it."
            ) from error
    return ""


def start(
    supervisor: Supervisor, data_dir: Path, *, prefer: str = "", throwaway: bool = False
) -> Services:
    """Start what is needed in this folder and return where it answers.

    :param prefer: ``wheel`` or ``debian`` to take the servers from there only.
    :param throwaway: fast settings for data that nobody keeps.
    """
    database_url, redis_url = given("DATABASE_URL"), given("REDIS_URL")
    log = data_dir / "log"
    server = None
    programs = []
    if not redis_url:
        broker = valkey.prepare(valkey.find(prefer), data_dir)
        programs.append(broker.program(logs.fresh(log, "valkey"), throwaway=throwaway))
        redis_url = broker.url()
        say(f"valkey: {broker.installation.origin}")
    if not database_url:
        server = postgres.prepare(postgres.find(prefer), data_dir, say, throwaway=throwaway)
        programs.append(server.program(logs.fresh(log, "postgres"), throwaway=throwaway))
        database_url = server.url()
        say(f"postgres: {server.installation.origin}")
    supervisor.start(*programs, within=120, insist=_INSIST)
    if server:
        server.make_database()
    return Services(database_url, redis_url)
