"""Look single jobs up in DiracX: what happened to them, and to how many others alike."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from juno_support.feeds.configuration import Configuration
from juno_support.lib import http
from juno_support.lib.faults import CredentialRefused, FetchFault
from monitoring.clients.diracx import DiracxClient
from monitoring.jobs import MOST_JOBS, SAME_ERROR_WINDOW, JobFacts, JobStep, SameError
from monitoring.parsers import diracx_jobs as parser
from monitoring.sources.diracx import NO_SITE, client_for

# Somebody waits for the page.
LIMITS = http.Limits(connect=3, read=8, total=10, tries=1)
SECONDS_FOR_ALL = 20.0
MOST_PILOTS = 20

Found = TypeVar("Found")


class DiracxJobs:
    """The ``JobSource`` of the source named ``diracx``."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._vo = str(configuration.option("vo"))

    def find_jobs(self, job_ids: Sequence[int], *, at: datetime) -> dict[int, JobFacts]:
        """Look jobs up; see ``JobSource.find_jobs``."""
        wanted = list(dict.fromkeys(job_ids))[:MOST_JOBS]
        if not wanted:
            return {}
        looking = _Looking(
            client_for(self._configuration, at=at, limits=LIMITS),
            self._vo,
            at,
            time.monotonic() + SECONDS_FOR_ALL,
        )
        found = looking.jobs(wanted)
        if not found:
            return {}
        logs, log_note = looking.ask("The log", lambda: looking.logs(list(found)))
        return {
            job_id: self._completed(found[job_id], logs or {}, log_note, looking)
            for job_id in wanted
            if job_id in found
        }

    def _completed(
        self,
        facts: JobFacts,
        logs: Mapping[int, tuple[JobStep, ...]],
        log_note: str,
        looking: "_Looking",
    ) -> JobFacts:
        notes = [log_note]
        pilots, note = looking.ask("Its pilot", lambda: looking.pilots(facts.job_id))
        notes.append(note)
        pilot = pilots[0] if pilots else None
        if pilots is not None and pilot is None:
            notes.append("DiracX knows of no pilot that ran it.")
        same = None
        if facts.has_failed and facts.minor_status:
            same, note = looking.same_error(facts)
            notes.append(note)
        left = {"Queue": pilot.queue, "Pilot's reason": pilot.reason} if pilot else {}
        return replace(
            facts,
            log=logs.get(facts.job_id, ()),
            ce=pilot.ce if pilot else "",
            pilot_reference=pilot.reference if pilot else "",
            pilot_status=pilot.status if pilot else "",
            parameters={name: value for name, value in left.items() if value},
            same_error=same,
            notes=tuple(filter(None, notes)),
            evidence_url=self._configuration.url,
        )


@dataclass
class _Looking:
    """Asks within the time that there is; each error is counted once."""

    client: DiracxClient
    vo: str
    at: datetime
    ends: float
    _same: dict[tuple[str, str], tuple[SameError | None, str]] = field(default_factory=dict)

    def ask(self, what: str, question: Callable[[], Found]) -> tuple[Found | None, str]:
        """Return the answer, and why there is none where there is none.

        :raises CredentialRefused: nothing else would be answered either
        """
        if time.monotonic() >= self.ends:
            return None, f"{what}: not asked, DiracX takes too long."
        try:
            return question(), ""
        except CredentialRefused as refusal:
            if refusal.status == 403:
                return None, f"{what}: {refusal.reason}"
            raise
        except FetchFault as fault:
            return None, f"{what}: {fault.reason}"

    def jobs(self, wanted: list[int]) -> dict[int, JobFacts]:
        """Return the jobs of our VO; DiracX shows those of every VO to everybody."""
        page = self.client.search_jobs(search=self._these(wanted), per_page=len(wanted))
        found = parser.parse_jobs(page.body)
        return {
            job_id: facts
            for job_id, facts in found.items()
            if job_id in wanted and facts.vo in ("", self.vo)
        }

    def logs(self, wanted: list[int]) -> dict[int, tuple[JobStep, ...]]:
        """Return the log of each job."""
        page = self.client.search_jobs(
            parameters=("JobID", "LoggingInfo"), search=self._these(wanted), per_page=len(wanted)
        )
        return parser.parse_logs(page.body)

    def pilots(self, job_id: int) -> tuple[parser.Pilot, ...]:
        """Return the pilots that ran a job, the newest first."""
        search: list[dict[str, Any]] = [
            {"parameter": "JobID", "operator": "eq", "value": job_id},
            {"parameter": "VO", "operator": "eq", "value": self.vo},
        ]
        return parser.parse_pilots(
            self.client.search_pilots(search=search, per_page=MOST_PILOTS).body
        )

    def same_error(self, facts: JobFacts) -> tuple[SameError | None, str]:
        """Count the jobs that ended alike in the last day."""
        key = facts.status, facts.minor_status
        if key not in self._same:
            sites, note = self.ask("The same error elsewhere", lambda: self._sites(*key))
            self._same[key] = None if sites is None else _same_error(key, sites, self.at), note
        return self._same[key]

    def _sites(self, status: str, minor_status: str) -> Counter[str]:
        since = (self.at - SAME_ERROR_WINDOW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        search = [
            {"parameter": "VO", "operator": "eq", "value": self.vo},
            {"parameter": "Status", "operator": "eq", "value": status},
            {"parameter": "MinorStatus", "operator": "eq", "value": minor_status},
            {"parameter": "LastUpdateTime", "operator": "gt", "value": since},
        ]
        return parser.parse_sites(self.client.summarise_jobs(grouping=("Site",), search=search))

    def _these(self, wanted: list[int]) -> list[dict[str, Any]]:
        return [
            {"parameter": "JobID", "operator": "in", "values": wanted},
            {"parameter": "VO", "operator": "eq", "value": self.vo},
        ]


def _same_error(key: tuple[str, str], sites: Counter[str], at: datetime) -> SameError:
    return SameError(
        status=key[0],
        minor_status=key[1],
        since=at - SAME_ERROR_WINDOW,
        until=at,
        count=sum(sites.values()),
        by_site=tuple(
            (site, count)
            for site, count in sites.most_common()
            if count and site.lower() not in NO_SITE
        ),
    )
