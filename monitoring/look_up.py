"""Look jobs up wherever a DIRAC is set up: DiracX first, classic DIRAC for what it did not have."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from juno_support.feeds.configuration import Configuration, configuration_for
from juno_support.feeds.registry import find_kind
from juno_support.lib import http
from juno_support.lib.faults import FetchFault
from monitoring.jobs import MOST_JOBS, JobFacts, JobSource, as_evidence, from_evidence
from monitoring.models import Entity
from monitoring.observations import EntityKind
from monitoring.sources.dirac_jobs import ClassicJobs
from monitoring.sources.diracx_jobs import DiracxJobs

# What was shown is what is kept with a ticket a few clicks later.
SECONDS_SHOWN = 15 * 60
NAMESPACE = "dirac"
# A person waits for it, and a web server's thread.
MOST_SECONDS = 30


@dataclass(frozen=True)
class FoundJob:
    """A job, from where and when it was told; ``vo`` is that of the source if the job has none."""

    source: str
    vo: str
    looked_up_at: datetime
    facts: JobFacts


@dataclass(frozen=True)
class LookUp:
    """What became of a look-up.

    :param asked: titles of the sources that were asked
    :param missing: ids that none of those that answered has
    :param faults: (title, why) of the sources that gave no answer
    """

    found: tuple[FoundJob, ...]
    missing: tuple[int, ...]
    faults: tuple[tuple[str, str], ...]
    asked: tuple[str, ...]


def look_up_jobs(
    job_ids: Sequence[int], *, at: datetime, vos: Collection[str] | None = None
) -> LookUp:
    """Ask for jobs, at most ``MOST_JOBS``; network, up to half a minute where things are slow.

    :param vos: names of the VOs whose jobs may be seen; None for all
    """
    wanted = list(dict.fromkeys(job_ids))[:MOST_JOBS]
    found: dict[int, FoundJob] = {}
    faults: list[tuple[str, str]] = []
    asked: list[str] = []
    all_end = time.monotonic() + MOST_SECONDS
    for configuration, source in _sources(vos):
        rest = [job_id for job_id in wanted if job_id not in found]
        if not rest:
            break
        title = str(configuration.kind.title)
        asked.append(title)
        try:
            with http.all_within(all_end - time.monotonic()):
                answer = source.find_jobs(rest, at=at)
        except FetchFault as fault:
            faults.append((title, fault.reason))
            continue
        for job_id, facts in answer.items():
            vo = facts.vo or str(configuration.option("vo"))
            if vos is None or vo in vos:
                found[job_id] = FoundJob(configuration.kind.name, vo, at, facts)
    for job in found.values():
        _remember(job)
    return LookUp(
        found=tuple(found[job_id] for job_id in wanted if job_id in found),
        missing=tuple(job_id for job_id in wanted if job_id not in found),
        faults=tuple(faults),
        asked=tuple(asked),
    )


def seen_jobs(
    job_ids: Sequence[int], *, at: datetime, vos: Collection[str] | None = None
) -> tuple[FoundJob, ...]:
    """Return jobs as they were last looked up a short while ago; the others are asked for.

    :param vos: see ``look_up_jobs``
    """
    wanted = list(dict.fromkeys(job_ids))[:MOST_JOBS]
    known = {job_id: job for job_id in wanted if (job := _recall(job_id))}
    known = {key: job for key, job in known.items() if vos is None or job.vo in vos}
    rest = [job_id for job_id in wanted if job_id not in known]
    if rest:
        known |= {job.facts.job_id: job for job in look_up_jobs(rest, at=at, vos=vos).found}
    return tuple(known[job_id] for job_id in wanted if job_id in known)


def vos_of_sources() -> frozenset[str]:
    """Return the names of the VOs whose jobs can be looked up; empty without any DIRAC."""
    return frozenset(str(configuration.option("vo")) for configuration, _ in _sources(None))


def our_sites(names: Collection[str]) -> dict[str, str]:
    """Return our name of a site for each of DIRAC's names that is known; one query."""
    wanted = {name for name in names if name}
    if not wanted:
        return {}
    rows = Entity.objects.filter(
        namespace=NAMESPACE, kind=EntityKind.SITE, name__in=wanted, site__isnull=False
    )
    return dict(rows.values_list("name", "site__name"))


def _sources(vos: Collection[str] | None) -> Iterator[tuple[Configuration, JobSource]]:
    for name, make in (("diracx", DiracxJobs), ("dirac-https", ClassicJobs)):
        configuration = configuration_for(find_kind(name))
        if not (configuration.is_enabled and configuration.is_complete):
            continue
        if vos is None or str(configuration.option("vo")) in vos:
            yield configuration, make(configuration)


def _remember(job: FoundJob) -> None:
    kept = (job.source, job.vo, job.looked_up_at, as_evidence(job.facts))
    cache.set(f"job:{job.facts.job_id}", kept, SECONDS_SHOWN)


def _recall(job_id: int) -> FoundJob | None:
    kept = cache.get(f"job:{job_id}")
    if kept is None:
        return None
    try:
        source, vo, looked_up_at, facts = kept
        return FoundJob(source, vo, looked_up_at, from_evidence(facts))
    except (KeyError, TypeError, ValueError):
        # Left by another release.
        return None
