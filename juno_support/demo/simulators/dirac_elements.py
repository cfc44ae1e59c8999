"""What the simulated DIRAC knows of sites and their elements, and their states in its RSS.

Both DIRACs, the classic one and DiracX, look here. DIRAC's names are not GOCDB's: ``GRID.IHEP.cn``
is BEIJING-LCG2. Two names have no counterpart that anybody could guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import DAY, pick
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import (
    COMPUTE,
    CRITICAL,
    STORAGE,
    WARNING,
    Effect,
    Phase,
    Trouble,
    phases,
)

ACTIVE = "Active"
DEGRADED = "Degraded"
BANNED = "Banned"
PROBING = "Probing"
ACCESSES = ("CheckAccess", "ReadAccess", "RemoveAccess", "WriteAccess")
VOS = ("all", "juno", "bes")
# So far back the RSS's history goes.
REMEMBERS = 30 * DAY
_GRAVITY = {DEGRADED: 1, PROBING: 2, BANNED: 3}


@dataclass(frozen=True)
class DiracSite:
    """A site as DIRAC names it; ``gocdb`` is empty where GOCDB has no such site."""

    name: str
    gocdb: str
    country: str
    tier: int
    share: int
    """How many of a hundred jobs go there."""


SITES = (
    DiracSite("GRID.IHEP.cn", "BEIJING-LCG2", "cn", 0, 40),
    DiracSite("GRID.IN2P3.fr", "IN2P3-CC", "fr", 1, 20),
    DiracSite("GRID.INFN-CNAF.it", "INFN-T1", "it", 1, 17),
    DiracSite("GRID.JINR-CONDOR.ru", "JINR-T1", "ru", 1, 8),
    DiracSite("GRID.JINR.ru", "JINR-LCG2", "ru", 2, 9),
    DiracSite("GRID.MSU.ru", "ru-Moscow-SINP-T3", "ru", 3, 2),
    DiracSite("GRID.INFN-PADOVA.it", "INFN-PADOVA", "it", 2, 2),
    DiracSite("CLUSTER.IHEP-HPC.cn", "", "cn", 3, 2),
)


@dataclass(frozen=True)
class Element:
    """A site, compute element, storage element or FTS server; ``services`` are GOCDB's ids."""

    name: str
    kind: str
    site: DiracSite
    services: tuple[int, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """Return its StatusTypes."""
        return ACCESSES if self.kind == "StorageElement" else ("all",)


_STORAGE = (
    ("IHEP-JUNOEOS", "GRID.IHEP.cn", (topology.XROOTD, topology.WEBDAV)),
    ("IHEP-TAPE", "GRID.IHEP.cn", (topology.TAPE,)),
    ("IN2P3-DCACHE", "GRID.IN2P3.fr", STORAGE),
    ("IN2P3-TAPE", "GRID.IN2P3.fr", (topology.TAPE,)),
    ("CNAF-STORM", "GRID.INFN-CNAF.it", STORAGE),
    ("CNAF-TAPE", "GRID.INFN-CNAF.it", (topology.TAPE,)),
    ("JINR-XROOTD", "GRID.JINR-CONDOR.ru", STORAGE),
    ("JINR-TAPE", "GRID.JINR-CONDOR.ru", (topology.TAPE,)),
    ("JINR-JUNOEOS", "GRID.JINR.ru", STORAGE),
    ("MSU-XROOTD", "GRID.MSU.ru", STORAGE),
    ("PADOVA-STORM", "GRID.INFN-PADOVA.it", STORAGE),
)
_FTS = (("fts-juno.ihep.ac.cn", "GRID.IHEP.cn"),)


@cache
def site_named(name: str) -> DiracSite | None:
    """Return DIRAC's site with this name."""
    return next((site for site in SITES if site.name == name), None)


@cache
def elements() -> tuple[Element, ...]:
    """Return every site, compute element, storage element and FTS server."""
    found = [Element(site.name, "Site", site, _of(site)) for site in SITES]
    for site in SITES:
        known = topology.site_named(site.gocdb) if site.gocdb else None
        if known is None:
            found.append(Element("hpc-login01.ihep.ac.cn", "ComputingElement", site, ()))
            continue
        found.extend(
            Element(one.hostname, "ComputingElement", site, (one.id,))
            for one in known.services
            if one.type in COMPUTE
        )
    by_name = {site.name: site for site in SITES}
    for name, where, types in _STORAGE:
        found.append(Element(name, "StorageElement", by_name[where], _of(by_name[where], *types)))
    for name, where in _FTS:
        found.append(Element(name, "FTS", by_name[where], _of(by_name[where], topology.FTS)))
    return tuple(found)


def of_kind(kind: str, site: str = "") -> list[Element]:
    """Return the elements of a kind, of one site or of all."""
    return [one for one in elements() if one.kind == kind and site in ("", one.site.name)]


def _of(site: DiracSite, *types: str) -> tuple[int, ...]:
    return pick(site.gocdb, *types) if site.gocdb else ()


def rss_phases(story: Story, element: Element, status_type: str, vo: str) -> list[Phase]:
    """Return the states of an element since the history begins, the last one being in force.

    A row for one VO exists only where that VO is treated in its own way: no rows otherwise.
    """
    begins = (story.base - REMEMBERS).replace(minute=0, second=0, microsecond=0)
    ends = story.moment + timedelta(seconds=1)
    troubles = story.troubles(element.site.gocdb, begins, ends) if element.site.gocdb else []
    if vo != "all" and not any(one.vo == vo and one.ban for one in troubles):
        return []
    if vo != "all" and element.kind != "Site":
        return []
    felt = [
        effect
        for one in troubles
        for effect in _effects(element, status_type, one, vo)
        if effect.starts_at <= story.moment
    ]
    felt.extend(_of_downtimes(story, element))
    return phases(felt, begins=begins, ends=ends, usual=ACTIVE)


def _effects(element: Element, status_type: str, trouble: Trouble, vo: str) -> Iterator[Effect]:
    if trouble.vo not in ("all", vo):
        return
    status = ""
    if element.kind == "Site":
        if trouble.ban:
            status = trouble.ban
        elif trouble.probe == CRITICAL and trouble.job_failures > 0:
            status = DEGRADED
    elif set(element.services) & set(trouble.services):
        status = _status_of(element, status_type, trouble)
    if status:
        yield Effect(
            trouble.starts_at, trouble.ends_at, status, _GRAVITY[status], trouble.words[:120]
        )


def _status_of(element: Element, status_type: str, trouble: Trouble) -> str:
    if trouble.probe == WARNING:
        return DEGRADED if status_type in ("WriteAccess", "all") else ""
    if trouble.probe != CRITICAL:
        return ""
    if element.kind == "ComputingElement":
        return PROBING
    # While writing and reading fail, what can be looked at may still be.
    return BANNED if status_type != "CheckAccess" else PROBING


def _of_downtimes(story: Story, element: Element) -> Iterator[Effect]:
    """Return what GOCDB's downtimes do: DIRAC bans what an OUTAGE covers whole."""
    for one in story.downtimes:
        facts = one.facts
        if one.site.name != element.site.gocdb or facts.starts_at > story.moment:
            continue
        hit = set(element.services) & set(facts.services)
        if not hit or (element.kind == "Site" and hit != set(element.services)):
            continue
        outage = facts.severity == "OUTAGE"
        state = BANNED if outage else DEGRADED
        words = f"DT {facts.severity} {one.key}: {facts.description}"[:120]
        yield Effect(facts.starts_at, facts.ends_at, state, _GRAVITY[state], words)


def status_at(story: Story, element: Element, status_type: str, vo: str = "all") -> Phase | None:
    """Return the state in force, None where this VO has no row of its own."""
    held = rss_phases(story, element, status_type, vo)
    return held[-1] if held else None
