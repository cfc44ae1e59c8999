"""Look single jobs up in classic DIRAC: what happened to them, and to how many others alike."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from juno_support.feeds.configuration import Configuration
from juno_support.lib import http
from juno_support.lib.faults import FetchFault
from monitoring.clients.dirac_https import DiracHttpsClient, NotOffered
from monitoring.jobs import MOST_JOBS, SAME_ERROR_WINDOW, JobFacts, SameError
from monitoring.parsers import dirac_job as parser
from monitoring.parsers.dirac_counts import parse_counters
from monitoring.sources.dirac_https import client_for, owner_groups
from monitoring.sources.dirac_states import Evidence

# Somebody waits for the page.
LIMITS = http.Limits(connect=5, read=10, total=12, tries=1)
SECONDS_FOR_ALL = 25.0
# DIRAC 9 gives ids instead of counts; the sites of the newest ones are asked for.
MOST_SITES_ASKED = 2000

Answer = TypeVar("Answer")


class ClassicJobs:
    """The ``JobSource`` of the source named ``dirac-https``."""

    def __init__(self, configuration: Configuration) -> None:
        self._client = client_for(configuration, limits=LIMITS)
        self._vo = str(configuration.option("vo"))
        self._groups = owner_groups(configuration)
        self._evidence = Evidence(str(configuration.option("web_url")))

    def find_jobs(self, job_ids: Sequence[int], *, at: datetime) -> dict[int, JobFacts]:
        """Look jobs up; see ``JobSource.find_jobs``."""
        wanted = list(dict.fromkeys(job_ids))[:MOST_JOBS]
        if not wanted:
            return {}
        ends = time.monotonic() + SECONDS_FOR_ALL
        found = {
            job_id: facts
            for job_id, facts in parser.parse_jobs(self._client.get_jobs_summary(wanted)).items()
            if job_id in wanted and self._is_ours(facts)
        }
        if not found:
            return {}
        looking = _Looking(self._client, ends)
        parameters, note = looking.ask(
            "What the jobs left behind",
            lambda: parser.parse_parameters(self._client.get_job_parameters(list(found))),
        )
        return {
            job_id: self._completed(
                found[job_id], (parameters or {}).get(job_id, {}), note, looking, at
            )
            for job_id in wanted
            if job_id in found
        }

    def _is_ours(self, facts: JobFacts) -> bool:
        """Say whether it is a job of our VO; DIRAC shows those of every VO to everybody."""
        if facts.vo:
            return not self._vo or facts.vo == self._vo
        return not self._groups or facts.owner_group in self._groups

    def _completed(
        self,
        facts: JobFacts,
        left: Mapping[str, str],
        note: str,
        looking: "_Looking",
        at: datetime,
    ) -> JobFacts:
        notes = [note]
        log, note = looking.ask(
            "The log", lambda: parser.parse_log(self._client.get_job_log(facts.job_id))
        )
        notes.append(note)
        same = None
        if facts.has_failed and facts.minor_status:
            same, note = looking.same_error(facts, self._condition(facts), at)
            notes.append(note)
        if left.get("Pilot_Reference"):
            notes.append("DIRAC tells the state of a pilot in its web portal only.")
        return replace(
            facts,
            log=log or (),
            ce=left.get("GridCE", "").lower(),
            worker_node=left.get("HostName", ""),
            pilot_reference=left.get("Pilot_Reference", ""),
            parameters=parser.kept_parameters(left),
            same_error=same,
            notes=tuple(filter(None, notes)),
            evidence_url=self._evidence.page("JobMonitor"),
        )

    def _condition(self, facts: JobFacts) -> dict[str, Any]:
        if facts.vo:
            return {"VO": facts.vo}
        groups = self._groups or ((facts.owner_group,) if facts.owner_group else ())
        return {"OwnerGroup": list(groups)} if groups else {}


class _Looking:
    """Asks what only adds to a job, within the time that there is."""

    def __init__(self, client: DiracHttpsClient, ends: float) -> None:
        self._client = client
        self._ends = ends
        self._same: dict[str, tuple[SameError | None, str]] = {}

    def ask(self, what: str, question: Callable[[], Answer]) -> tuple[Answer | None, str]:
        """Return the answer, and why there is none where there is none."""
        if time.monotonic() >= self._ends:
            return None, f"{what}: not asked, DIRAC takes too long."
        try:
            return question(), ""
        except FetchFault as fault:
            return None, f"{what}: {fault.reason}"

    def same_error(
        self, facts: JobFacts, condition: dict[str, Any], at: datetime
    ) -> tuple[SameError | None, str]:
        """Count the jobs that ended alike in the last day; each error is counted once."""
        alike = {**condition, "Status": facts.status, "MinorStatus": facts.minor_status}
        key = repr(alike)
        if key not in self._same:
            sites, note = self.ask(
                "The same error elsewhere", lambda: self._sites(alike, at - SAME_ERROR_WINDOW)
            )
            self._same[key] = None if sites is None else _same_error(facts, sites, at), note
        return self._same[key]

    def _sites(self, alike: dict[str, Any], since: datetime) -> Counter[str]:
        """Return jobs by site; an empty name where it is not known."""
        try:
            counts = parse_counters(self._client.get_counters(("Site", "Status"), alike, since))
        except NotOffered:
            ids = parser.parse_ids(self._client.get_jobs(alike, since))
            newest = sorted(ids, reverse=True)[:MOST_SITES_ASKED]
            sites = parser.parse_sites(self._client.get_jobs_sites(newest)) if newest else {}
            found = Counter(sites.get(job_id, "") for job_id in newest)
            found[""] += len(ids) - len(newest)
            return found
        status = str(alike["Status"])
        found = Counter({site: by.get(status, 0) for site, by in counts.by_site.items()})
        found[""] += counts.elsewhere.get(status, 0)
        return found


def _same_error(facts: JobFacts, sites: Counter[str], at: datetime) -> SameError:
    return SameError(
        status=facts.status,
        minor_status=facts.minor_status,
        since=at - SAME_ERROR_WINDOW,
        until=at,
        count=sum(sites.values()),
        by_site=tuple((site, count) for site, count in sites.most_common() if site and count),
    )
