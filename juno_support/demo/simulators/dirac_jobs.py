"""The jobs and pilots of the simulated DIRAC: one job every two minutes since a fixed day.

What becomes of a job depends on its number and on the story alone: at a site in trouble jobs fail
with the trouble's minor status, at a banned one they wait. Both DIRACs speak of the same jobs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from juno_support.demo.simulators import dirac_elements as elements
from juno_support.demo.simulators.dirac_elements import BANNED, SITES, DiracSite
from juno_support.demo.simulators.gocdb_downtimes import DAY, HOUR, MINUTE
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import Trouble

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
FIRST_ID = 20_000_000
EVERY = timedelta(minutes=2)
REMEMBERS = 8 * DAY
# The share of another VO, and of jobs that fail where nothing is wrong.
BES = 0.12
ALWAYS_FAIL = 0.02
# A tenth of the jobs wait for somewhere to go, and belong to no site yet.
ANY = "ANY"

Json = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One entry of a job's logging information."""

    at: datetime
    status: str
    minor_status: str
    application_status: str
    source: str


@dataclass(frozen=True)
class Job:
    """A job as it stands at a moment; ``steps`` are those that have happened."""

    id: int
    site: str
    ce: str
    name: str
    type: str
    owner: str
    group: str
    vo: str
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    steps: tuple[Step, ...]
    worker_node: str
    pilot: str
    pilot_status: str

    @property
    def last(self) -> Step:
        """Return the newest entry."""
        return self.steps[-1]


def _chance(number: int, what: int) -> float:
    """Return a number from 0 to 1 that is always the same for a job and a question."""
    mixed = (number * 2_654_435_761 + what * 40_503 * 65_537) & 0xFFFFFFFF
    mixed ^= mixed >> 16
    mixed = (mixed * 0x45D9F3B) & 0xFFFFFFFF
    mixed ^= mixed >> 16
    return mixed / 2**32


def jobs(story: Story) -> tuple[Job, ...]:
    """Return the jobs of the last days as they stand now, in the order of their ids."""
    # Within a minute nobody sees a difference.
    minute = story.moment.replace(second=0, microsecond=0)
    return _jobs(_Snapshot(story, minute))


def failed_job(gocdb: str, before: datetime) -> int:
    """Return the id of a job of juno that failed at a site a while before a moment.

    :param gocdb: the site in GOCDB's words; of any site where it is empty or no job goes there
    """
    goes_there = any(site.gocdb == gocdb for site in SITES)
    newest = int((before - FIRST_DAY) / EVERY)
    for number in range(newest, newest - int(REMEMBERS / EVERY), -1):
        is_there = not goes_there or _site_of(number).gocdb == gocdb
        # One that ends so whatever goes on there.
        if is_there and _chance(number, 1) >= BES and _chance(number, 7) < ALWAYS_FAIL:
            return FIRST_ID + number
    return FIRST_ID + newest


class _Snapshot:
    """A story at a minute, to be remembered by what it depends on."""

    def __init__(self, story: Story, minute: datetime) -> None:
        self.story = story
        self.minute = minute
        self._key = (minute, story.base, story.by_hand_key)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Snapshot) and self._key == other._key


@lru_cache(maxsize=4)
def _jobs(snapshot: _Snapshot) -> tuple[Job, ...]:
    return tuple(_made(snapshot))


def _made(snapshot: _Snapshot) -> Iterator[Job]:
    story, now = snapshot.story, snapshot.minute
    begins = now - REMEMBERS
    troubles = {
        site.name: story.troubles(site.gocdb, begins, now) if site.gocdb else [] for site in SITES
    }
    bans = {(site.name, vo): _bans(story, site, vo) for site in SITES for vo in ("juno", "bes")}
    first = int((begins - FIRST_DAY) / EVERY)
    last = int((now - FIRST_DAY) / EVERY)
    for number in range(max(0, first), last + 1):
        site = _site_of(number)
        vo = "bes" if _chance(number, 1) < BES else "juno"
        yield _job(number, site, vo, now, troubles[site.name], bans[site.name, vo])


@lru_cache(maxsize=1)
def _by_share() -> tuple[DiracSite, ...]:
    return tuple(site for site in SITES for _ in range(site.share))


def _site_of(number: int) -> DiracSite:
    wheel = _by_share()
    return wheel[int(_chance(number, 2) * len(wheel))]


def _bans(story: Story, site: DiracSite, vo: str) -> list[tuple[datetime, datetime]]:
    element = elements.of_kind("Site", site.name)[0]
    line = elements.rss_phases(story, element, "all", vo) or elements.rss_phases(
        story, element, "all", "all"
    )
    ends = [*(phase.since for phase in line[1:]), story.moment + 365 * DAY]
    return [
        (phase.since, until)
        for phase, until in zip(line, ends, strict=True)
        if phase.state == BANNED
    ]


_KINDS = (
    ("juno", "Simulation", "detsim", "junoprod", "juno_production"),
    ("juno", "Reconstruction", "rec", "junoprod", "juno_production"),
    ("juno", "User", "muon_ana", "zhangw", "juno_user"),
    ("juno", "User", "fit_osc", "moreau", "juno_user"),
    ("bes", "User", "bes3_mc", "liub", "bes_user"),
)


def _job(
    number: int,
    site: DiracSite,
    vo: str,
    now: datetime,
    troubles: list[Trouble],
    bans: list[tuple[datetime, datetime]],
) -> Job:
    submitted = FIRST_DAY + number * EVERY
    # Seconds, so that times differ.
    submitted += timedelta(seconds=int(_chance(number, 3) * 100))
    fitting = [kind for kind in _KINDS if kind[0] == vo]
    _vo, kind, stem, owner, group = fitting[int(_chance(number, 4) * len(fitting))]
    matched = submitted + timedelta(minutes=5 + int(_chance(number, 5) * 85))
    for begins, ends in bans:
        if begins <= matched < ends:
            # It waits until the site may be used again.
            matched = ends + timedelta(minutes=int(_chance(number, 5) * 30))
    ended = matched + timedelta(minutes=20 + int(_chance(number, 6) ** 2 * 500))
    at_end = [one for one in troubles if one.covers(ended) and one.job_failures]
    computes = elements.of_kind("ComputingElement", site.name)
    ce = computes[number % len(computes)]
    hit = [one for one in at_end if not one.pilot_aborts or set(one.services) & set(ce.services)]
    worst = max(hit, key=lambda one: one.job_failures, default=None)
    share = ALWAYS_FAIL if worst is None else worst.job_failures
    if worst is not None and worst.pilot_aborts:
        share = worst.pilot_aborts
    failed = _chance(number, 7) < share
    minor = worst.minor_status if worst is not None else _SMALL[number % len(_SMALL)]
    aborted = failed and worst is not None and worst.pilot_aborts > 0
    steps = [
        Step(submitted, "Received", "Job accepted", "Unknown", "JobManager"),
        Step(submitted + MINUTE, "Checking", "JobSanity", "Unknown", "JobSanity"),
        Step(submitted + 2 * MINUTE, "Waiting", "Pilot Agent Submission", "Unknown", "TaskQueue"),
        Step(matched, "Matched", "Assigned", "Unknown", "Matcher"),
        Step(matched + MINUTE, "Running", "Job Initialization", "Unknown", "JobAgent"),
        Step(matched + 3 * MINUTE, "Running", "Application", f"{stem} running", "JobWrapper"),
    ]
    if failed and minor == "Watchdog identified this job as stalled":
        steps.append(Step(ended, "Stalled", minor, "Unknown", "StalledJobAgent"))
        steps.append(Step(ended + 4 * HOUR, "Failed", minor, "Unknown", "StalledJobAgent"))
    elif failed:
        words = f"{stem} Exited With Status 134" if minor == _SMALL[0] else "Unknown"
        steps.append(Step(ended, "Failed", minor, words, "JobWrapper"))
    else:
        steps.append(Step(ended - MINUTE, "Completing", "Uploading Output Data", "", "JobWrapper"))
        steps.append(Step(ended, "Done", "Execution Complete", "Success", "JobWrapper"))
    held = tuple(step for step in steps if step.at <= now) or (steps[0],)
    has_run = matched <= now
    # What waits has no site yet, unless it was submitted for one.
    to_any = not has_run and _chance(number, 8) < 0.1
    pilot_status = "Aborted" if aborted else "Done"
    return Job(
        FIRST_ID + number,
        ANY if to_any else site.name,
        ce.name,
        f"{stem}_{number % 1000:03}",
        kind,
        owner,
        group,
        vo,
        submitted,
        matched + MINUTE if matched + MINUTE <= now else None,
        held[-1].at if held[-1].status in ("Done", "Failed") else None,
        held,
        f"wn{number % 180:03}.{ce.name.partition('.')[2]}" if has_run else "",
        f"https://{ce.name}:9619/{number:08d}.0" if has_run else "",
        "" if not has_run else pilot_status if ended <= now else "Running",
    )


_SMALL = (
    "Application Finished With Errors",
    "Application Finished With Errors",
    "Job has reached the CPU limit of the queue",
    "Failed Downloading InputSandbox",
)


def naive(moment: datetime | None) -> str | None:
    """Return a moment as DIRAC writes it: without a zone, and meaning UTC."""
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def requests(story: Story) -> dict[str, int]:
    """Return how many data management requests are in each status."""
    failed = 3
    waiting = 12 + story.moment.minute // 7
    for site in SITES:
        if not site.gocdb:
            continue
        for one in story.troubles(site.gocdb, story.moment - REMEMBERS, story.moment):
            hours = (min(one.ends_at, story.moment) - one.starts_at) / HOUR
            # Failed ones are cleaned up when the trouble is over.
            if one.covers(story.moment):
                failed += round(one.requests * hours)
                waiting += one.requests
    done = 400 + int((story.moment - FIRST_DAY) / HOUR) % 168 * 9
    return {"Done": done, "Failed": failed, "Waiting": waiting, "Scheduled": 5}
