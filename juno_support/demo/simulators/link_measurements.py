"""What the demo's perfSONAR hosts measure between one another, at any moment.

perfSONAR's archives and MaDDash both look here. Hosts are those that the simulated GOCDB lists,
and one that it does not.
"""

from dataclasses import dataclass
from functools import cache

from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import LinkTrouble


@dataclass(frozen=True)
class Host:
    """A host that measures. ``site`` is empty where GOCDB does not know the host."""

    name: str
    address: str
    site: str


@dataclass(frozen=True)
class Pair:
    """A test from one host to another, of one kind: ``latency`` or ``throughput``."""

    source: Host
    destination: Host
    kind: str
    delay_ms: float
    bits_per_second: float

    @property
    def number(self) -> int:
        """Return a number of the pair, for what must differ between pairs and stay."""
        return sum(ord(sign) * i for i, sign in enumerate(self.source.name + self.destination.name))


@dataclass(frozen=True)
class Measured:
    """What is measured at a moment; None where nothing was."""

    loss: float
    delay_ms: float
    bits_per_second: float


_SITES = ("BEIJING-LCG2", "INFN-T1", "IN2P3-CC", "JINR-T1")
_STRANGER = {
    "latency": Host("psmp-lat.geant.example.net", "192.0.2.200", ""),
    "throughput": Host("psmp-bw.geant.example.net", "192.0.2.201", ""),
}
# One-way delay in ms, throughput in Gbit/s, between any two.
_PATHS = {
    ("BEIJING-LCG2", "INFN-T1"): (88.4, 7.1),
    ("BEIJING-LCG2", "IN2P3-CC"): (82.6, 8.3),
    ("BEIJING-LCG2", "JINR-T1"): (61.2, 4.2),
    ("INFN-T1", "IN2P3-CC"): (8.7, 38.0),
    ("INFN-T1", ""): (6.1, 9.1),
}
_TYPES = {"latency": topology.LATENCY, "throughput": topology.BANDWIDTH}
# Addresses of documentation networks: these hosts are nobody's.
_FIRST_ADDRESS = 10


@cache
def hosts(kind: str) -> dict[str, Host]:
    """Return the hosts that measure latency or throughput, by site."""
    found = {"": _STRANGER[kind]}
    for number, name in enumerate(_SITES):
        site = topology.site_named(name)
        for service in site.services if site else ():
            if service.type == _TYPES[kind]:
                last = _FIRST_ADDRESS + 2 * number + (kind == "throughput")
                found[name] = Host(service.hostname, f"192.0.2.{last}", name)
    return found


@cache
def pairs() -> tuple[Pair, ...]:
    """Return every test, each direction on its own."""
    found = []
    for (one, other), (delay, rate) in _PATHS.items():
        for kind in ("latency", "throughput"):
            here, there = hosts(kind)[one], hosts(kind)[other]
            found.append(Pair(here, there, kind, delay, rate * 1e9))
            found.append(Pair(there, here, kind, delay * 1.004, rate * 0.96e9))
    return tuple(found)


@dataclass(frozen=True)
class _Felt:
    """A trouble as a pair feels it; times in Unix seconds, so that many points are soon made."""

    begins: float
    ends: float
    trouble: LinkTrouble


def felt_by(story: Story, pair: Pair) -> list[_Felt]:
    """Return what a pair feels at some time."""
    return [
        _Felt(one.starts_at.timestamp(), one.ends_at.timestamp(), one)
        for one in story.link_troubles
        if one.is_felt(pair.source.site, pair.destination.site)
    ]


def measure(felt: list[_Felt], pair: Pair, seconds: int) -> Measured | None:
    """Return what a pair measured at a moment, None where it was silent.

    :param felt: what ``felt_by`` says of the pair
    :param seconds: the moment in Unix seconds
    """
    loss, delay, rate = 0.0, 1.0, 1.0
    for one in felt:
        if one.begins <= seconds < one.ends:
            trouble = one.trouble
            if trouble.silent:
                return None
            loss = max(loss, trouble.loss)
            delay = max(delay, trouble.delay)
            rate = min(rate, trouble.throughput)
    # Never quite the same, and always the same for a moment.
    wobble = ((seconds // 60 * 7919 + pair.number * 104_729) % 1000) / 1000
    if loss == 0 and wobble > 0.985:
        loss = 0.0003
    elif 0 < loss < 1:
        loss *= 0.8 + 0.4 * wobble
    return Measured(
        round(loss, 6),
        round(pair.delay_ms * delay * (1 + 0.01 * wobble), 2),
        round(pair.bits_per_second * rate * (0.93 + 0.07 * wobble)),
    )
