"""What the simulated ARGO computes: timelines of metrics, endpoints, services and groups.

A timeline is as ARGO gives it: one point at the beginning of each day and one at each change, and
at the end a point that nobody measured (see ``points``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import (
    CRITICAL,
    MISSING,
    UNKNOWN,
    WARNING,
    Effect,
    Phase,
    phases,
)

OK = "OK"
DOWNTIME = "DOWNTIME"
# After midnight nothing is known of the new day until the first checks have come in.
FIRST_CHECKS = timedelta(minutes=12)
# So many days before the base one day's computation was lost, and never made up for.
LOST_DAY = 6

_PROBES = {WARNING: 1, MISSING: 2, UNKNOWN: 3, CRITICAL: 4}
_EXCUSED = 9
# Among endpoints of one type the best counts, among types the worst: EGI's operations profile.
_BEST = (OK, WARNING, UNKNOWN, MISSING, CRITICAL, DOWNTIME)
_WORST = (CRITICAL, DOWNTIME, UNKNOWN, MISSING, WARNING, OK)

_METRICS = {
    topology.HTCONDOR: ("ch.cern.HTCondorCE-JobSubmit", "ch.cern.HTCondorCE-JobState"),
    topology.ARC: ("org.nordugrid.ARC-CE-submit", "org.nordugrid.ARC-CE-result"),
    topology.SRM: ("eu.egi.SRM-VOPut", "eu.egi.SRM-VOGet", "eu.egi.SRM-VOLs"),
    topology.XROOTD: ("egi.xrootd.readwrite-Put", "egi.xrootd.readwrite-Get"),
    topology.WEBDAV: ("ch.cern.WebDAV-PUT", "ch.cern.WebDAV-GET", "ch.cern.WebDAV-LS"),
    topology.TAPE: ("eu.egi.WebDAV-Tape-Stage",),
    topology.BDII: ("org.bdii.Entries", "org.bdii.Freshness"),
    topology.TOP_BDII: ("org.bdii.Entries",),
    topology.ARGUS: ("emi.argus-ees-process",),
    topology.VOMS: ("eu.egi.VOMS-Alive",),
}
_CERTIFICATE = "eu.egi.CertValidity"
# ARGO has its own name for one of GOCDB's types.
_RENAMED = {topology.SRM: "SRMv2"}
# The connector of this site hands over hosts with GOCDB's primary key behind them.
_WITH_KEYS = "pic"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as ARGO names it."""

    service: topology.Service
    site: topology.Site
    hostname: str
    type: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics that are run against it."""
        known = _METRICS[self.service.type]
        return known if self.service.type == topology.BDII else (*known, _CERTIFICATE)


def monitored_sites() -> list[topology.Site]:
    """Return the sites in the reports: EGI's certified ones."""
    return [
        site for site in topology.sites() if site.status == "Certified" and "EGI" in site.scopes
    ]


def endpoints_of(site: topology.Site) -> list[Endpoint]:
    """Return a site's endpoints in the reports."""
    return [
        Endpoint(
            service,
            site,
            f"{service.hostname}_{service.key}" if site.name == _WITH_KEYS else service.hostname,
            _RENAMED.get(service.type, service.type),
        )
        for service in site.services
        if service.monitored and service.in_production and service.type in _METRICS
        if "EGI" in service.scopes
    ]


def has_data(story: Story, day: datetime) -> bool:
    """Return whether there are results of a day."""
    if day > story.moment - FIRST_CHECKS:
        return False
    lost = midnight(story.base) - LOST_DAY * DAY
    return day != lost


def midnight(moment: datetime) -> datetime:
    """Return the beginning of a moment's day, in UTC."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def endpoint_phases(
    story: Story, endpoint: Endpoint, begins: datetime, ends: datetime
) -> list[Phase]:
    """Return an endpoint's states within a period that has results."""
    effects = _failures(story, endpoint, begins, ends)
    effects.extend(
        Effect(one.facts.starts_at, one.facts.ends_at, DOWNTIME, _EXCUSED)
        for one in story.outages.get(endpoint.site.name, ())
        if endpoint.service.id in one.facts.services
    )
    return phases(effects, begins=begins, ends=ends, usual=OK)


def metric_phases(
    story: Story, endpoint: Endpoint, metric: str, begins: datetime, ends: datetime
) -> list[Phase]:
    """Return a metric's states: the first one fails, the others go on unless nothing is heard.

    A downtime does not stop the probes.
    """
    felt = _failures(story, endpoint, begins, ends)
    if metric != endpoint.metrics[0]:
        felt = [one for one in felt if one.state == MISSING]
    return phases(felt, begins=begins, ends=ends, usual=OK)


def _failures(story: Story, endpoint: Endpoint, begins: datetime, ends: datetime) -> list[Effect]:
    return [
        Effect(one.starts_at, one.ends_at, one.probe, _PROBES[one.probe], one.words)
        for one in story.troubles(endpoint.site.name, begins, ends)
        if endpoint.service.id in one.services
    ]


def joined(timelines: Iterable[Sequence[Phase]], order: Sequence[str]) -> list[Phase]:
    """Return the timeline that counts when one state of ``order`` wins over those after it."""
    known = [line for line in timelines if line]
    found: list[Phase] = []
    for since in sorted({phase.since for line in known for phase in line}):
        states = [
            next(phase.state for phase in reversed(line) if phase.since <= since)
            for line in known
            if line[0].since <= since
        ]
        state = min(states, key=order.index)
        if not found or found[-1].state != state:
            found.append(Phase(since, state))
    return found


def by_type(lines: Iterable[tuple[Endpoint, list[Phase]]]) -> dict[str, list[Phase]]:
    """Return the timeline of each service type: the best of its endpoints."""
    grouped: dict[str, list[list[Phase]]] = {}
    for endpoint, line in lines:
        grouped.setdefault(endpoint.type, []).append(line)
    return {kind: joined(several, _BEST) for kind, several in grouped.items()}


def of_group(lines: Iterable[tuple[Endpoint, list[Phase]]]) -> list[Phase]:
    """Return a site's timeline: the worst of its service types."""
    return joined(by_type(lines).values(), _WORST)


def days(begins: datetime, ends: datetime) -> list[datetime]:
    """Return the beginnings of the days that a period touches."""
    found = []
    day = midnight(begins)
    while day <= ends:
        found.append(day)
        day += DAY
    return found
