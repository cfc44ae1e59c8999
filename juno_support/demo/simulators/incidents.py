"""The one story behind all simulators of monitoring: what went wrong, where, from when to when.

Every simulator asks here, so that all sources speak of the same incident: ARGO's probes fail
where DIRAC bans a storage element, jobs fail there, and GOCDB has a downtime or not. What is
scripted is anchored at the switches' base, as the scripted downtimes of the simulated GOCDB are;
the small everyday troubles of sites outside the story depend on the day alone; incidents by hand
are in the switches.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from juno_support.demo.simulators import gocdb_downtimes, incidents_by_hand
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import DAY, HOUR, MINUTE, OUTAGE, pick
from juno_support.demo.simulators.troubles import (
    ALL_STORAGE,
    COMPUTE,
    CRITICAL,
    MISSING,
    STORAGE,
    UNKNOWN,
    WARNING,
    LinkTrouble,
    Trouble,
)


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
        for one in (*scripted(self.base), *incidents_by_hand.at_sites(self._manual)):
            told.setdefault(one.site, []).append(one)
        return told

    @cached_property
    def link_troubles(self) -> list[LinkTrouble]:
        """Return what was and is wrong between sites."""
        return [*scripted_links(self.base), *incidents_by_hand.on_links(self._manual)]

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
