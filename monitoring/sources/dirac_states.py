"""What classic DIRAC says, as observations: shared by its services and its web portal. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from juno_support.lib.text import shorten
from monitoring.job_health import GOOD_JOBS, Health, Thresholds, judge_jobs
from monitoring.observations import EntityKind, Name, Observation, Period
from monitoring.parsers.dirac_counts import RequestCounts
from monitoring.parsers.dirac_rss import EVERY_VO, ResourceChange, ResourceStatus
from monitoring.parsers.dirac_space import Space
from monitoring.statuses import Status

# DIRAC: DIRAC.ResourceStatusSystem.PolicySystem.StateMachine; it uses what is Active or Degraded.
RSS_WORDS = {
    "Active": Status.OK,
    "Degraded": Status.WARNING,
    "Probing": Status.WARNING,
    "Banned": Status.DOWN,
    "Error": Status.CRITICAL,
    "Unknown": Status.UNKNOWN,
}
# The mask knows Active and Banned; a Degraded site is in neither list and counts as NoMask, which
# does not mean that it is banned.
NO_MASK = "NoMask"
MASK_WORDS = {"Active": Status.OK, "Banned": Status.DOWN, NO_MASK: Status.UNKNOWN}
RSS = "rss"
MASK = "mask"
JOBS = "jobs"
REQUESTS = "requests"
SPACE = "space"
ACCESS_METRICS = {
    "ReadAccess": "read",
    "WriteAccess": "write",
    "CheckAccess": "check",
    "RemoveAccess": "remove",
}
REQUEST_SYSTEM = Name(EntityKind.SYSTEM, "Requests")
TRANSFERS = frozenset(
    {"ReplicateAndRegister", "PutAndRegister", "MoveReplica", "MoveFile", "ReTransfer"}
)
JOBS_WINDOW = timedelta(hours=24)
MOST_ERRORS = 5
# DIRAC's FreeDiskSpacePolicy, in bytes: it degrades an element below 5 TB, and bans it below 0.1.
TB = 1024**4
LITTLE_SPACE, TOO_LITTLE_SPACE = 5 * TB, TB // 10
# An element that DIRAC did not measure for a day may be full by now.
MEASURED_WITHIN = timedelta(hours=24)
# Clocks differ a little; what begins later than this is no beginning.
AHEAD = timedelta(minutes=5)


class Evidence:
    """Pages of DIRAC's web portal for people; empty addresses where no portal is known."""

    def __init__(self, web_url: str) -> None:
        self._base = web_url.rstrip("/")

    def page(self, application: str) -> str:
        """Return the address that opens one application of the portal."""
        if not self._base:
            return ""
        state = quote(f"1|*DIRAC.{application}.classes.{application}:,", safe="*:,.")
        return f"{self._base}/?view=tabs&theme=Crisp&url_state={state}"


def metric_of(status: ResourceStatus | ResourceChange) -> str | None:
    """Return the metric of a row; None for kinds of status that we do not know."""
    return RSS if status.kind == "all" else ACCESS_METRICS.get(status.kind)


def rss_observation(
    thing: Name, metric: str, status: ResourceStatus, *, at: datetime, evidence_url: str
) -> Observation:
    """Say how a site or resource is in the eyes of the Resource Status System."""
    details: dict[str, Any] = {"reason": status.reason}
    if status.is_by_hand:
        details["set_by_hand"] = True
    if status.held_until:
        details["held_until"] = status.held_until.isoformat()
    return Observation(
        thing=thing,
        metric=metric,
        status=RSS_WORDS.get(status.status, Status.UNKNOWN),
        raw_status=status.status,
        vo=vo_of(status.vo),
        since=status.since if status.since and status.since <= at + AHEAD else None,
        summary=shorten(status.reason, 200),
        details=details,
        evidence_url=evidence_url,
    )


def vo_of(vo: str) -> str:
    """Return our word for the VO of a row: empty for all."""
    return "" if vo == EVERY_VO else vo


def rss_periods(
    changes: Iterable[ResourceChange], now: Observation, *, starts_at: datetime
) -> list[Period]:
    """Return how one thing was from ``starts_at`` on, the present included as an open period.

    DIRAC writes its history with a delay and merges what is alike, so that the table of the
    present is the truth from its own ``since`` on.

    :param changes: of this thing and metric, for all VOs, oldest first
    :param now: its present state, with a ``since`` behind ``starts_at``
    """
    if now.since is None:
        raise ValueError("the present needs a beginning")
    past = [change for change in changes if change.at < now.since]
    before = [change for change in past if change.at <= starts_at]
    steps = [*before[-1:], *(change for change in past if change.at > starts_at)]
    periods = [
        Period(
            thing=now.thing,
            metric=now.metric,
            status=RSS_WORDS.get(change.status, Status.UNKNOWN),
            raw_status=change.status,
            since=max(change.at, starts_at),
            until=until,
            summary=shorten(change.reason, 200),
            details={"reason": change.reason},
            evidence_url=now.evidence_url,
        )
        for change, until in zip(
            steps, [*(change.at for change in steps[1:]), now.since], strict=False
        )
        if until > max(change.at, starts_at)
    ]
    return [
        *periods,
        Period(
            thing=now.thing,
            metric=now.metric,
            status=now.status,
            raw_status=now.raw_status,
            since=now.since,
            summary=now.summary,
            details=now.details,
            evidence_url=now.evidence_url,
        ),
    ]


def mask_observation(site: str, word: str, *, evidence_url: str) -> Observation:
    """Say whether jobs are sent to a site."""
    return Observation(
        thing=Name(EntityKind.SITE, site),
        metric=MASK,
        status=MASK_WORDS.get(word) or RSS_WORDS.get(word, Status.UNKNOWN),
        raw_status=word,
        summary="Neither allowed nor banned in the mask." if word == NO_MASK else "",
        evidence_url=evidence_url,
    )


def jobs_observation(
    site: str,
    counts: Mapping[str, int],
    *,
    errors: Mapping[str, int],
    vo: str,
    thresholds: Thresholds,
    request: str,
    evidence_url: str,
) -> Observation:
    """Judge a site by its jobs, counted by status: the finished ones of the last day.

    :param errors: its failed jobs by minor status
    """
    health = judge_jobs(counts, thresholds)
    most = sorted(errors.items(), key=lambda error: (-error[1], error[0]))[:MOST_ERRORS]
    words = job_words(counts, health, thresholds.least_jobs)
    if most and health.status != Status.OK:
        words += f"; most failed with: {most[0][0]} ({most[0][1]:,})"
    return Observation(
        thing=Name(EntityKind.SITE, site),
        metric=JOBS,
        status=health.status,
        raw_status=health.word,
        vo=vo,
        summary=shorten(words, 200),
        details={
            "counts": dict(sorted(counts.items())),
            "errors": dict(most),
            "finished": health.total,
            "percent": health.percent,
            "hours": JOBS_WINDOW.total_seconds() / 3600,
            "request": request,
        },
        evidence_url=evidence_url,
    )


def job_words(counts: Mapping[str, int], health: Health, least_jobs: int = 0) -> str:
    """Return a line about a site's jobs."""
    good = sum(counts.get(status, 0) for status in GOOD_JOBS)
    if health.percent is None:
        parts = ["no finished jobs"]
    elif health.total < least_jobs:
        parts = [f"only {health.total} finished jobs, {good} of them good"]
    else:
        parts = [f"{health.percent:g} % of {health.total:,} finished jobs good"]
    for status in ("Running", "Waiting", "Stalled"):
        if counts.get(status):
            parts.append(f"{counts[status]:,} {status.lower()}")
    return shorten(", ".join(parts) + " (24 h)", 200)


def requests_observation(
    counts: RequestCounts, *, worth_a_warning: int, request: str, evidence_url: str
) -> Observation:
    """Say how many requests of data management have failed."""
    failed = counts.requests.get("Failed", 0)
    transfers = sum(
        statuses.get("Failed", 0)
        for kind, statuses in counts.operations.items()
        if kind in TRANSFERS
    )
    files = counts.files.get("Failed", 0)
    waiting = sum(counts.requests.get(word, 0) for word in ("Waiting", "Assigned", "Scheduled"))
    words = (
        f"{failed:,} failed requests, {transfers:,} failed transfers, {files:,} failed files; "
        f"{waiting:,} requests waiting"
    )
    is_bad = worth_a_warning > 0 and failed >= worth_a_warning
    return Observation(
        thing=REQUEST_SYSTEM,
        metric=REQUESTS,
        status=Status.WARNING if is_bad else Status.OK,
        raw_status="many failed" if is_bad else "in order",
        summary=shorten(words, 200),
        details={
            "requests": dict(sorted(counts.requests.items())),
            "operations": {
                kind: dict(sorted(statuses.items()))
                for kind, statuses in sorted(counts.operations.items())
            },
            "files": dict(sorted(counts.files.items())),
            "failed_requests": failed,
            "failed_transfers": transfers,
            "failed_files": files,
            "request": request,
        },
        evidence_url=evidence_url,
    )


def space_observation(thing: Name, space: Space, *, at: datetime, evidence_url: str) -> Observation:
    """Say how full a storage element is."""
    free, total = space.free / TB, space.total / TB
    summary = f"{free:,.3g} TB free of {total:,.4g} TB"
    if not space.total:
        # Zero of zero says nothing of how full it is.
        status, word, summary = Status.UNKNOWN, "no size", "DIRAC knows no size of it"
    elif at - space.checked_at > MEASURED_WITHIN:
        status, word = Status.UNKNOWN, "not measured"
        summary += f", last measured {space.checked_at:%Y-%m-%d %H:%M} UTC"
    elif space.free < TOO_LITTLE_SPACE:
        status, word = Status.CRITICAL, "full"
    elif space.free < LITTLE_SPACE:
        status, word = Status.WARNING, "little space"
    else:
        status, word = Status.OK, "enough space"
    return Observation(
        thing=thing,
        metric=SPACE,
        status=status,
        raw_status=word,
        summary=summary,
        details={"free_tb": round(free, 2), "total_tb": round(total, 2)},
        evidence_url=evidence_url,
    )
