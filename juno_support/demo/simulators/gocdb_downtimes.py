"""The downtimes of the simulated GOCDB: a function of the moment and of the switches.

A downtime is a list of revisions, each with the moment from which it holds; a revision without
facts means that the declaration was deleted. GOCDB's own rules hold: at most 48 h declared
afterwards, SCHEDULED when declared more than 24 h ahead, lengthened only by a second, adjacent
downtime, deleted only before the start, no word about when it was last edited.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from juno_support.demo.simulators import gocdb_topology as topology

OUTAGE = "OUTAGE"
WARNING = "WARNING"

DAYS_BACK = 35
DAYS_AHEAD = 16
FIRST_SCRIPTED_ID = 15_000
FIRST_DAILY_ID = 20_000
FIRST_MANUAL_ID = 900_000

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def key_of(identity: int) -> str:
    """Return the primary key of the downtime with this id."""
    return f"{identity + 17_000}G0"


@dataclass(frozen=True)
class Facts:
    """What a declaration says. ``services`` are ids of services of one site."""

    severity: str
    description: str
    starts_at: datetime
    ends_at: datetime
    services: tuple[int, ...]


@dataclass(frozen=True)
class Declaration:
    """A downtime from its declaration to its end, with every change."""

    id: int
    site: topology.Site
    revisions: tuple[tuple[datetime, Facts | None], ...]

    @property
    def key(self) -> str:
        """Return the primary key; it differs from the id."""
        return key_of(self.id)

    @property
    def declared_at(self) -> datetime:
        """Return GOCDB's INSERT_DATE, which no later change moves."""
        return self.revisions[0][0]

    def at(self, moment: datetime) -> "Shown | None":
        """Return what GOCDB shows at a moment; None before the declaration and after a deletion."""
        held = [revision for revision in self.revisions if revision[0] <= moment]
        if not held:
            return None
        since, facts = held[-1]
        if facts is None:
            return None
        # An edit during the downtime leaves the classification as it was.
        said_at = self.declared_at if since > facts.starts_at else since
        ahead = facts.starts_at - said_at
        return Shown(
            self.id,
            self.key,
            self.site,
            "SCHEDULED" if ahead > timedelta(hours=24) else "UNSCHEDULED",
            self.declared_at,
            facts,
        )


@dataclass(frozen=True)
class Shown:
    """A downtime as GOCDB shows it at a moment."""

    id: int
    key: str
    site: topology.Site
    classification: str
    declared_at: datetime
    facts: Facts


def shown_at(
    moment: datetime, *, base: datetime, manual: Iterable[dict[str, Any]] = ()
) -> list[Shown]:
    """Return every downtime that GOCDB knows at a moment, in the order of ids.

    :param base: the moment at which the script is anchored
    :param manual: downtimes declared by hand, as the switches keep them
    """
    around = (moment - base) // DAY
    declarations: list[Declaration] = list(_scripted(base))
    for day in range(around - DAYS_BACK, around + DAYS_AHEAD):
        declarations.extend(_of_day(base, day))
    declarations.extend(_from_switches(one) for one in manual)
    seen = (declaration.at(moment) for declaration in declarations)
    return sorted((one for one in seen if one is not None), key=lambda one: one.id)


def pick(site_name: str, *types: str) -> tuple[int, ...]:
    """Return the ids of a site's services of these types, or of all its services."""
    services = _known(site_name).services
    return tuple(one.id for one in services if not types or one.type in types)


def _known(site_name: str) -> topology.Site:
    site = topology.site_named(site_name)
    if site is None:
        raise LookupError(f"The simulated GOCDB knows no site {site_name}.")
    return site


@lru_cache(maxsize=4)
def _scripted(base: datetime) -> tuple[Declaration, ...]:
    """Return the downtimes that the story speaks of, and those that change before our eyes."""
    watched = base
    base = base.replace(minute=0, second=0)
    told: list[Declaration] = []

    def tell(
        site: str, first: datetime, facts: Facts, *later: tuple[datetime, Facts | None]
    ) -> None:
        number = FIRST_SCRIPTED_ID + len(told)
        told.append(Declaration(number, _known(site), ((first, facts), *later)))

    def facts(
        site: str, severity: str, text: str, starts: datetime, ends: datetime, *types: str
    ) -> Facts:
        return Facts(severity, text, starts, ends, pick(site, *types))

    compute = (topology.HTCONDOR, topology.ARC)
    storage = (topology.SRM, topology.XROOTD, topology.WEBDAV)
    tape = (topology.TAPE,)

    # --- what the story's tickets happened in -------------------------------------------
    one = facts(
        "BEIJING-LCG2",
        OUTAGE,
        "Power maintenance of the computing hall. 机房电力检修. All services are down.",
        base - 12 * DAY,
        base - 12 * DAY + 9 * HOUR,
    )
    tell("BEIJING-LCG2", base - 20 * DAY, one)
    one = facts(
        "INFN-T1",
        OUTAGE,
        "StoRM and GPFS upgrade: storage not reachable",
        base - 9 * DAY - 6 * HOUR,
        base - 9 * DAY + 4 * HOUR,
        *storage,
        *tape,
    )
    tell("INFN-T1", base - 14 * DAY, one)
    one = facts(
        "IN2P3-CC",
        WARNING,
        "HPSS: un robot est arrêté, staging from tape is slow (à risque)",
        base - 5 * DAY - 3 * HOUR,
        base - 4 * DAY,
        *tape,
    )
    tell("IN2P3-CC", base - 5 * DAY - 4 * HOUR, one)
    one = facts(
        "JINR-T1",
        OUTAGE,
        "Loss of the optical line to Moscow; no external connectivity",
        base - 3 * DAY - 2 * HOUR,
        base - 3 * DAY + 5 * HOUR,
    )
    shorter = replace(one, ends_at=base - 3 * DAY + 2 * HOUR)
    tell("JINR-T1", base - 3 * DAY - HOUR, one, (base - 3 * DAY + 2 * HOUR, shorter))
    one = facts(
        "BEIJING-LCG2",
        WARNING,
        "EOS juno: one of the file servers is being replaced, some files may be slow",
        base - 26 * HOUR,
        base - 14 * HOUR,
        topology.XROOTD,
        topology.WEBDAV,
    )
    tell("BEIJING-LCG2", base - 40 * HOUR, one)

    # --- running at the base, and coming ------------------------------------------------
    one = facts(
        "INFN-T1",
        OUTAGE,
        "Tape library: replacement of the robot's controller. No reading from or writing to tape.",
        base - 2 * HOUR,
        base + 6 * HOUR,
        *tape,
        topology.SRM,
    )
    tell("INFN-T1", base - 3 * DAY, one)
    one = facts(
        "JINR-LCG2",
        WARNING,
        "Кондиционирование: cooling runs on the reserve unit, worker nodes may be drained",
        base - 5 * HOUR,
        base + 20 * HOUR,
        *compute,
    )
    tell("JINR-LCG2", base - 5 * HOUR, one)
    one = facts("PSNC", OUTAGE, "Decommissioning of the site", base - 200 * DAY, base + 165 * DAY)
    tell("PSNC", base - 210 * DAY, one)
    one = facts(
        "IN2P3-CC",
        OUTAGE,
        "Arrêt trimestriel / quarterly maintenance: batch system, storage and tape",
        base + 3 * DAY + 4 * HOUR,
        base + 3 * DAY + 16 * HOUR,
    )
    tell("IN2P3-CC", base - 15 * DAY, one)
    one = facts(
        "BEIJING-LCG2",
        WARNING,
        "Upgrade of the HTCondor-CEs, one after the other",
        base + 30 * HOUR,
        base + 36 * HOUR,
        *compute,
    )
    tell("BEIJING-LCG2", base - 2 * DAY, one)

    # --- what changes while one watches, in the first hour after the base ---------------
    # begins, becomes worse, gets another text, ends earlier than announced
    one = facts(
        "praguelcg2",
        WARNING,
        "One of two storage servers rebooted, transfers may fail",
        watched + 4 * MINUTE,
        watched + 60 * MINUTE,
        *storage,
    )
    worse = replace(one, severity=OUTAGE)
    told_why = replace(worse, description="Storage: a RAID controller failed and is replaced")
    ended = replace(told_why, ends_at=watched + 21 * MINUTE)
    tell(
        "praguelcg2",
        watched + 2 * MINUTE,
        one,
        (watched + 8 * MINUTE, worse),
        (watched + 14 * MINUTE, told_why),
        (watched + 20 * MINUTE, ended),
    )
    # is extended: a second, adjacent downtime with a key of its own
    one = facts(
        "pic",
        OUTAGE,
        "dCache upgrade to the next golden release",
        watched - 3 * HOUR,
        watched + 30 * MINUTE,
        *storage,
    )
    tell("pic", watched - 4 * DAY, one)
    tell(
        "pic",
        watched + 10 * MINUTE,
        replace(
            one,
            description="dCache upgrade takes longer than planned",
            starts_at=one.ends_at,
            ends_at=one.ends_at + 2 * HOUR,
        ),
    )
    # is withdrawn before it begins
    one = facts(
        "RAL-LCG2",
        OUTAGE,
        "Replacement of the site's border router",
        watched + 5 * DAY,
        watched + 5 * DAY + 3 * HOUR,
    )
    tell("RAL-LCG2", watched - DAY, one, (watched + 6 * MINUTE, None))
    # two at the same time at one site; the second with fewer services after a change
    one = facts(
        "FZK-LCG2",
        WARNING,
        "Network: at risk",
        watched - HOUR,
        watched + 3 * HOUR,
        *compute,
        *storage,
    )
    tell("FZK-LCG2", watched - 26 * HOUR, one)
    two = facts(
        "FZK-LCG2", OUTAGE, "Draining for a kernel update", watched, watched + 8 * HOUR, *compute
    )
    fewer = replace(two, services=two.services[:1])
    tell("FZK-LCG2", watched - 10 * HOUR, two, (watched + 12 * MINUTE, fewer))
    # seven more minutes than announced cannot be: it simply ends early
    one = facts(
        "NIKHEF-ELPROD",
        OUTAGE,
        "Kernel updates of the worker nodes <all> & the head node",
        watched - 4 * HOUR,
        watched + 2 * HOUR,
        *compute,
    )
    tell(
        "NIKHEF-ELPROD",
        watched - 2 * DAY,
        one,
        (watched + 16 * MINUTE, replace(one, ends_at=watched + 17 * MINUTE)),
    )
    return tuple(told)


_PLANNED = (
    (OUTAGE, "Scheduled maintenance of the batch system", "compute"),
    (OUTAGE, "Upgrade of the storage system", "storage"),
    (WARNING, "Operating system updates, services at risk", "all"),
    (WARNING, "Network intervention by the provider, short interruptions", "all"),
    (OUTAGE, "Electrical work in the machine room", "all"),
)
_SUDDEN = (
    (OUTAGE, "Cooling failure, worker nodes switched off", "compute"),
    (WARNING, "High load on the storage head node", "storage"),
    (OUTAGE, "Power cut", "all"),
    (WARNING, "One of two uplinks is down", "all"),
)
_KINDS = {
    "compute": (topology.HTCONDOR, topology.ARC),
    "storage": (topology.SRM, topology.XROOTD, topology.WEBDAV, topology.TAPE),
    "all": (),
}


@lru_cache(maxsize=512)
def _of_day(base: datetime, day: int) -> tuple[Declaration, ...]:
    """Return the everyday downtimes that begin on a day (counted from the base)."""
    # The same day always gets the same downtimes.
    chance = random.Random(day)  # noqa: S311
    # JUNO's own centres have their scripted ones.
    sites = [site for site in topology.sites()[6:] if site.status == "Certified"]
    begins = base.replace(minute=0, second=0) + day * DAY
    made = []
    for number in range(3):
        site = chance.choice(sites)
        is_planned = number < 2
        severity, text, kind = chance.choice(_PLANNED if is_planned else _SUDDEN)
        if number == 0:
            severity = WARNING
        starts = begins + chance.randrange(2, 22) * HOUR
        # The first of each day is so long that one always runs somewhere.
        length = 48 * HOUR if number == 0 else chance.choice((2, 3, 4, 6, 8, 24)) * HOUR
        declared = starts - (chance.randrange(3, 9) * DAY if is_planned else 10 * MINUTE)
        facts = Facts(
            severity,
            text,
            starts,
            starts + length,
            pick(site.name, *_KINDS[kind]) or pick(site.name),
        )
        later: list[tuple[datetime, Facts | None]] = []
        fate = chance.random() if number else 1.0
        if is_planned and fate < 0.15:
            later.append((starts - DAY - HOUR, None))
        elif fate < 0.4:
            later.append(
                (starts + length / 2, replace(facts, ends_at=starts + length / 2 + MINUTE))
            )
        identity = FIRST_DAILY_ID + (day + 2000) * 10 + number
        made.append(Declaration(identity, site, ((declared, facts), *later)))
    return tuple(made)


def declare(
    number: int,
    *,
    site_name: str,
    at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    severity: str,
    description: str,
    types: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a downtime declared by hand, as the switches keep it.

    :param number: how many were declared by hand before
    :raises LookupError: when the simulated GOCDB knows no such site or service type there
    """
    site = _known(site_name)
    services = pick(site_name, *types)
    if not services:
        raise LookupError(f"{site_name} has no such services in the simulated GOCDB.")
    facts = Facts(severity, description, starts_at, ends_at, services)
    return {
        "id": FIRST_MANUAL_ID + number,
        "site": site.name,
        "revisions": [[at.timestamp(), _to_json(facts)]],
    }


def revise(
    kept: dict[str, Any],
    *,
    at: datetime,
    severity: str | None = None,
    description: str | None = None,
    ends_at: datetime | None = None,
    withdrawn: bool = False,
) -> None:
    """Add a revision to a downtime that was declared by hand.

    :raises ValueError: when GOCDB would refuse it: lengthened, finished, or deleted once begun
    """
    declaration = _from_switches(kept)
    shown = declaration.at(at)
    if shown is None:
        raise ValueError("This downtime was withdrawn already.")
    facts = shown.facts
    if facts.ends_at <= at:
        raise ValueError("This downtime is over; GOCDB no longer lets it be edited.")
    if withdrawn:
        if facts.starts_at <= at:
            raise ValueError("This downtime has begun; it can be ended, not withdrawn.")
        kept["revisions"].append([at.timestamp(), None])
        return
    if ends_at is not None and ends_at > facts.ends_at:
        raise ValueError("GOCDB refuses to lengthen a downtime; declare an adjacent one.")
    changed = replace(
        facts,
        severity=severity or facts.severity,
        description=description or facts.description,
        ends_at=ends_at or facts.ends_at,
    )
    kept["revisions"].append([at.timestamp(), _to_json(changed)])


def end_of(kept: dict[str, Any]) -> datetime:
    """Return the end of a downtime that was declared by hand, as it was last announced."""
    told = [facts for _since, facts in _from_switches(kept).revisions if facts is not None]
    return told[-1].ends_at


def _to_json(facts: Facts) -> dict[str, Any]:
    return {
        "severity": facts.severity,
        "description": facts.description,
        "starts_at": facts.starts_at.timestamp(),
        "ends_at": facts.ends_at.timestamp(),
        "services": list(facts.services),
    }


def _from_switches(kept: dict[str, Any]) -> Declaration:
    site = _known(kept["site"])
    revisions = []
    for since, told in kept["revisions"]:
        facts = told and Facts(
            told["severity"],
            told["description"],
            datetime.fromtimestamp(told["starts_at"], UTC),
            datetime.fromtimestamp(told["ends_at"], UTC),
            tuple(told["services"]),
        )
        revisions.append((datetime.fromtimestamp(since, UTC), facts))
    return Declaration(kept["id"], site, tuple(revisions))
