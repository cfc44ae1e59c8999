"""What the story is made of: troubles of sites and links, and their effects on states."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from juno_support.demo.simulators import gocdb_topology as topology

CRITICAL = "CRITICAL"
WARNING = "WARNING"
UNKNOWN = "UNKNOWN"
MISSING = "MISSING"

COMPUTE = (topology.HTCONDOR, topology.ARC)
STORAGE = (topology.SRM, topology.XROOTD, topology.WEBDAV)
ALL_STORAGE = (*STORAGE, topology.TAPE)
PARTS = {"storage": ALL_STORAGE, "compute": COMPUTE, "all": ()}
"""Parts of a site that an incident by hand can hit; no types mean all services."""


@dataclass(frozen=True)
class Trouble:
    """Something is wrong at a site for a while.

    :param services: ids of the services that it hits
    :param probe: what a probe of ARGO says: CRITICAL, WARNING, UNKNOWN or MISSING
    :param words: what the probe says in words
    :param ban: DIRAC's status for the site itself, empty where only its elements are hit
    :param vo: the VO for which the ban holds; ``all`` for everybody
    :param job_failures: the share of jobs that end there and fail, 0 to 1
    :param minor_status: with which minor status they fail
    :param pilot_aborts: the share of pilots that are aborted at the compute elements hit
    :param requests: failed requests of data management in each hour
    """

    site: str
    starts_at: datetime
    ends_at: datetime
    services: tuple[int, ...] = ()
    probe: str = CRITICAL
    words: str = ""
    ban: str = ""
    vo: str = "all"
    job_failures: float = 0.0
    minor_status: str = ""
    pilot_aborts: float = 0.0
    requests: int = 0

    def covers(self, moment: datetime) -> bool:
        """Return whether it goes on at a moment."""
        return self.starts_at <= moment < self.ends_at


@dataclass(frozen=True)
class LinkTrouble:
    """Something is wrong between two sites for a while.

    :param ends: the two sites; measured from the first to the second, and back if ``both_ways``
    :param loss: share of packets lost, 0 to 1
    :param delay: factor on the one-way delay
    :param throughput: factor on the throughput
    :param silent: nothing is measured at all
    """

    ends: tuple[str, str]
    starts_at: datetime
    ends_at: datetime
    loss: float = 0.0
    delay: float = 1.0
    throughput: float = 1.0
    silent: bool = False
    both_ways: bool = True

    def is_felt(self, source: str, destination: str) -> bool:
        """Return whether it is felt in this direction, while it goes on."""
        return self.ends == (source, destination) or (
            self.both_ways and self.ends == (destination, source)
        )


@dataclass(frozen=True)
class Effect:
    """A state that something has for a while; of several at once the gravest counts."""

    starts_at: datetime
    ends_at: datetime
    state: str
    gravity: int
    words: str = ""


@dataclass(frozen=True)
class Phase:
    """A state since a moment."""

    since: datetime
    state: str
    words: str = ""


def phases(
    effects: Iterable[Effect], *, begins: datetime, ends: datetime, usual: str
) -> list[Phase]:
    """Return the states from ``begins`` to before ``ends``, each once at its beginning."""
    felt = [one for one in effects if one.starts_at < ends and one.ends_at > begins]
    changes = {begins}
    for one in felt:
        changes.update(at for at in (one.starts_at, one.ends_at) if begins < at < ends)
    found: list[Phase] = []
    for since in sorted(changes):
        now = [one for one in felt if one.starts_at <= since < one.ends_at]
        gravest = max(now, key=lambda one: one.gravity, default=None)
        phase = (
            Phase(since, usual) if gravest is None else Phase(since, gravest.state, gravest.words)
        )
        if not found or (found[-1].state, found[-1].words) != (phase.state, phase.words):
            found.append(phase)
    return found
