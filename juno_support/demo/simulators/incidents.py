"""The one story behind all simulators of monitoring: what went wrong, where, from when to when.

Every simulator asks here, so that all sources speak of the same incident: ARGO's probes fail
where DIRAC bans a storage element, jobs fail there, and GOCDB has a downtime or not. What is
scripted is anchored at the switches' base, as the scripted downtimes of the simulated GOCDB are;
the small everyday troubles of sites outside the story depend on the day alone; incidents by hand
are in the switches.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from juno_support.demo.simulators import gocdb_downtimes
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import DAY, HOUR, MINUTE, OUTAGE, pick

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


class Story:
    """What is and was going on, as seen at a moment."""

    def __init__(
        self,
        moment: datetime,
        base: datetime,
        *,
        downtimes: Sequence[dict[str, Any]] = (),
        incidents: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Make the story as of a moment; the lists are those of the switches."""
        self.moment = moment
        self.base = base
        self._manual_downtimes = downtimes
        self._manual = incidents

    @property
    def by_hand_key(self) -> str:
        """Return a text that differs when what people did by hand differs."""
        return repr((self._manual_downtimes, self._manual))

    @cached_property
    def downtimes(self) -> list[gocdb_downtimes.Shown]:
        """Return the downtimes that GOCDB knows now."""
        return gocdb_downtimes.shown_at(self.moment, base=self.base, manual=self._manual_downtimes)

    @cached_property
    def outages(self) -> dict[str, list[gocdb_downtimes.Shown]]:
        """Return the downtimes of severity OUTAGE by site."""
        found: dict[str, list[gocdb_downtimes.Shown]] = {}
        for one in self.downtimes:
            if one.facts.severity == OUTAGE:
                found.setdefault(one.site.name, []).append(one)
        return found

    @cached_property
    def _told(self) -> dict[str, list[Trouble]]:
        told: dict[str, list[Trouble]] = {}
        for one in (*scripted(self.base), *by_hand(self._manual)):
            told.setdefault(one.site, []).append(one)
        return told

    @cached_property
    def link_troubles(self) -> list[LinkTrouble]:
        """Return what was and is wrong between sites."""
        return [*scripted_links(self.base), *links_by_hand(self._manual)]

    def troubles(self, site: str, begins: datetime, ends: datetime) -> list[Trouble]:
        """Return what goes wrong at a site within a period."""
        everyday: list[Trouble] = []
        day = begins.date() - timedelta(days=1)
        while day <= ends.date():
            everyday.extend(_everyday(site, day))
            day += timedelta(days=1)
        return [
            one
            for one in (*self._told.get(site, ()), *everyday)
            if one.starts_at < ends and one.ends_at > begins
        ]


# --- the script ---------------------------------------------------------------------------


@lru_cache(maxsize=4)
def scripted(base: datetime) -> tuple[Trouble, ...]:
    """Return the troubles that the story speaks of, and some that begin before our eyes."""
    watched = base
    base = base.replace(minute=0, second=0, microsecond=0)
    return (
        # The storage of INFN-T1 breaks before its downtime, and is ill beyond it.
        Trouble(
            "INFN-T1",
            base - 4 * HOUR - 30 * MINUTE,
            base + 9 * HOUR,
            pick("INFN-T1", topology.SRM, topology.WEBDAV, topology.TAPE),
            words="SRM put failed: [SE][PrepareToPut][SRM_INTERNAL_ERROR] no space manager",
            job_failures=0.85,
            minor_status="Uploading Output Data",
            requests=14,
        ),
        # The upgrade of nine days ago was declared in time.
        Trouble(
            "INFN-T1",
            base - 9 * DAY - 6 * HOUR,
            base - 9 * DAY + 5 * HOUR,
            pick("INFN-T1", *ALL_STORAGE),
            words="Connection refused",
            job_failures=0.5,
            minor_status="Uploading Output Data",
            requests=5,
        ),
        # A compute element of JINR that its downtime (at risk) does not excuse.
        Trouble(
            "JINR-LCG2",
            base - 31 * HOUR,
            base + 30 * HOUR,
            tuple(one.id for one in _services("JINR-LCG2") if one.hostname == "lcgarc02.jinr.ru"),
            words="ARC-CE submission failed: LRMS error (271): job killed, node drained",
            job_failures=0.55,
            minor_status="Job stalled: pilot not running",
            pilot_aborts=0.9,
        ),
        # Moscow is closed to JUNO alone; other VOs go on there.
        Trouble(
            "ru-Moscow-SINP-T3",
            base - 30 * HOUR,
            base + 60 * DAY,
            ban="Banned",
            vo="juno",
            words="testing after intervention",
        ),
        # The line to Dubna was lost for four hours.
        Trouble(
            "JINR-T1",
            base - 3 * DAY - 2 * HOUR,
            base - 3 * DAY + 2 * HOUR + 20 * MINUTE,
            pick("JINR-T1"),
            words="No route to host",
            ban="Banned",
            job_failures=0.9,
            minor_status="Watchdog identified this job as stalled",
            requests=9,
        ),
        # Short, and over before anybody wrote a ticket.
        Trouble(
            "JINR-T1",
            watched + 7 * MINUTE,
            watched + 33 * MINUTE,
            pick("JINR-T1", topology.XROOTD, topology.WEBDAV),
            words="[ERROR] Server responded with an error: [3012] Too many open requests",
            job_failures=0.3,
            minor_status="Uploading Output Data",
            requests=4,
        ),
        # The power maintenance of Beijing, twelve days ago.
        Trouble(
            "BEIJING-LCG2",
            base - 12 * DAY,
            base - 12 * DAY + 9 * HOUR,
            pick("BEIJING-LCG2"),
            words="Connection timed out",
            ban="Banned",
        ),
        # One file server of EOS is slow.
        Trouble(
            "BEIJING-LCG2",
            base - 22 * HOUR,
            base - 18 * HOUR,
            pick("BEIJING-LCG2", topology.XROOTD, topology.WEBDAV),
            probe=WARNING,
            words="Read of 1 MB took 41 s",
            job_failures=0.04,
            minor_status="Application Finished With Errors",
            requests=1,
        ),
        # IN2P3-CC: nothing but a robot that stood still five days ago.
        Trouble(
            "IN2P3-CC",
            base - 5 * DAY - 2 * HOUR,
            base - 4 * DAY - 6 * HOUR,
            pick("IN2P3-CC", topology.TAPE),
            probe=WARNING,
            words="Staging took 3 h 12 min",
        ),
        # Nobody hears from the probes of Aachen for a day: missing, not down.
        Trouble(
            "RWTH-Aachen",
            base - 30 * HOUR,
            base - 8 * HOUR,
            pick("RWTH-Aachen"),
            probe=MISSING,
        ),
        Trouble(
            "CIEMAT-LCG2",
            base - 6 * HOUR,
            base + 5 * HOUR,
            pick("CIEMAT-LCG2", *STORAGE),
            probe=UNKNOWN,
            words="Timeout while waiting for a response from the probe",
        ),
        # Begins and ends while one watches.
        Trouble(
            "UKI-LT2-IC-HEP",
            watched + 5 * MINUTE,
            watched + 25 * MINUTE,
            pick("UKI-LT2-IC-HEP", *COMPUTE),
            words="Job was aborted: SYSTEM_PERIODIC_REMOVE",
        ),
    )


@lru_cache(maxsize=4)
def scripted_links(base: datetime) -> tuple[LinkTrouble, ...]:
    """Return the troubles between sites that the story speaks of."""
    base = base.replace(minute=0, second=0, microsecond=0)
    cnaf, ihep, lyon, dubna = "INFN-T1", "BEIJING-LCG2", "IN2P3-CC", "JINR-T1"

    def hours(at: float) -> datetime:
        return base + at * HOUR

    return (
        # IHEP - CNAF: an hour of nothing, and since this morning it is not well.
        LinkTrouble((ihep, cnaf), hours(-20), hours(-19), loss=1.0, throughput=0.0),
        LinkTrouble(
            (ihep, cnaf), hours(-1.5), hours(4), loss=0.018, delay=1.3, throughput=0.35,
            both_ways=False,
        ),
        LinkTrouble((ihep, cnaf), hours(-96), hours(-93), loss=0.004, delay=1.05, throughput=0.8),
        # IHEP - IN2P3: slow for a day, and for two hours nobody measured.
        LinkTrouble((ihep, lyon), hours(-48), hours(-24), throughput=0.4),
        LinkTrouble((ihep, lyon), hours(-52), hours(-50), silent=True),
        # CNAF - IN2P3: twenty minutes.
        LinkTrouble((cnaf, lyon), hours(-60), hours(-60) + 20 * MINUTE, loss=1.0, throughput=0.0),
        # The line to Dubna.
        LinkTrouble((ihep, dubna), hours(-74), hours(-70), loss=1.0, throughput=0.0),
        # Beijing without power does not measure.
        LinkTrouble((ihep, cnaf), hours(-288), hours(-279), silent=True),
        LinkTrouble((ihep, lyon), hours(-288), hours(-279), silent=True),
        LinkTrouble((ihep, dubna), hours(-288), hours(-279), silent=True),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _everyday(site_name: str, day: date) -> tuple[Trouble, ...]:
    """Return the small troubles of a site that begin on a day: none on most days."""
    site = topology.site_named(site_name)
    # JUNO's own centres have their scripted ones.
    if site is None or site in topology.sites()[:6] or site.status != "Certified":
        return ()
    # The same day always brings the same troubles.
    chance = random.Random(f"{site_name} {day.isoformat()}")  # noqa: S311
    if chance.random() > 0.16:
        return ()
    services = [one for one in site.services if one.monitored and one.type in _OFTEN_ILL]
    if not services:
        return ()
    service = chance.choice(services)
    probe, words = chance.choice(_EVERYDAY)
    starts_at = datetime(day.year, day.month, day.day, tzinfo=UTC) + chance.randrange(1440) * MINUTE
    ends_at = starts_at + chance.randrange(20, 300) * MINUTE
    return (Trouble(site_name, starts_at, ends_at, (service.id,), probe, words),)


_OFTEN_ILL = (*COMPUTE, *ALL_STORAGE, topology.BDII)
_EVERYDAY = (
    (CRITICAL, "Connection refused"),
    (CRITICAL, "Timed out after 300 s"),
    (WARNING, "Certificate expires in 6 days"),
    (WARNING, "Answer took 34 s"),
    (UNKNOWN, "Could not retrieve the proxy credential"),
    (MISSING, ""),
)


def _services(site_name: str) -> tuple[topology.Service, ...]:
    site = topology.site_named(site_name)
    return () if site is None else site.services


# --- by hand ------------------------------------------------------------------------------


def start_at_site(
    number: int, *, site_name: str, part: str, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """Return an incident at a site, as the switches keep it.

    :raises LookupError: when the simulated GOCDB knows no such site, or no such part there
    """
    site = topology.site_named(site_name)
    if site is None:
        raise LookupError(f"The simulated GOCDB knows no site {site_name}.")
    if not pick(site.name, *PARTS[part]):
        raise LookupError(f"{site.name} has no {part} in the simulated GOCDB.")
    return _kept(number, starts_at, ends_at, site=site.name, part=part)


def start_on_link(
    number: int,
    *,
    sites: tuple[str, str],
    loss: float,
    starts_at: datetime,
    ends_at: datetime,
) -> dict[str, Any]:
    """Return an incident between two sites, as the switches keep it. ``loss`` is from 0 to 1."""
    return _kept(number, starts_at, ends_at, ends=list(sites), loss=loss)


def _kept(number: int, starts_at: datetime, ends_at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "key": f"I{number + 1}",
        "starts_at": starts_at.timestamp(),
        "ends_at": ends_at.timestamp(),
        **more,
    }


def _period(kept: dict[str, Any]) -> tuple[datetime, datetime]:
    return (
        datetime.fromtimestamp(kept["starts_at"], UTC),
        datetime.fromtimestamp(kept["ends_at"], UTC),
    )


def by_hand(incidents: Iterable[dict[str, Any]]) -> list[Trouble]:
    """Return the troubles of the incidents at sites that were started by hand."""
    found = []
    for kept in incidents:
        if "site" not in kept:
            continue
        part = kept["part"]
        found.append(
            Trouble(
                kept["site"],
                *_period(kept),
                pick(kept["site"], *PARTS[part]),
                words="Connection refused (started in the demo)",
                ban="Banned" if part == "all" else "",
                job_failures=0.9,
                minor_status="Job stalled: pilot not running"
                if part == "compute"
                else "Uploading Output Data",
                pilot_aborts=0.0 if part == "storage" else 0.9,
                requests=0 if part == "compute" else 20,
            )
        )
    return found


def links_by_hand(incidents: Iterable[dict[str, Any]]) -> list[LinkTrouble]:
    """Return the troubles of the incidents between sites that were started by hand."""
    return [
        LinkTrouble(
            (kept["ends"][0], kept["ends"][1]),
            *_period(kept),
            loss=kept["loss"],
            throughput=max(0.0, 1 - 2 * kept["loss"]),
        )
        for kept in incidents
        if "ends" in kept
    ]
