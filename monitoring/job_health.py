"""How well a site's jobs and pilots do: DIRAC's own rules, for sources that bring bare counts.

DIRAC computes them in ``JobDB.getSiteSummaryWeb`` and ``PilotAgentsDB.getPilotSummaryWeb``; DiracX
has no such rule, so the portal applies the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.statuses import Status

# DIRAC's words for a job that is over, and for one that is not yet, in the order of its life.
FINISHED = ("Done", "Completed", "Failed", "Killed")
ACTIVE = (
    "Submitting",
    "Received",
    "Checking",
    "Scouting",
    "Staging",
    "Waiting",
    "Matched",
    "Rescheduled",
    "Running",
    "Stalled",
    "Completing",
)
GOOD_JOBS = frozenset({"Done", "Completed"})
BAD_JOBS = frozenset({"Failed", "Killed"})
WORDS = {
    "Good": Status.OK,
    "Fair": Status.WARNING,
    "Poor": Status.CRITICAL,
    "Bad": Status.CRITICAL,
    # Nothing to do is no fault.
    "Idle": Status.OK,
}

# Shares of pilots (%) that were not aborted; of ten pilots or fewer nothing is concluded.
PILOTS_GOOD, PILOTS_FAIR, PILOTS_POOR = 85.0, 60.0, 25.0
MOST_IDLE_PILOTS = 10


@dataclass(frozen=True)
class Thresholds:
    """Shares of good jobs in percent; below ``least_jobs`` finished ones a site counts as idle."""

    good: float = 95.0
    fair: float = 80.0
    poor: float = 60.0
    least_jobs: int = 10


@dataclass(frozen=True)
class Health:
    """The word of the rule, with what it was drawn from; ``percent`` is None where nothing ended.

    :param total: finished jobs, or all pilots
    """

    word: str
    percent: float | None
    total: int

    @property
    def status(self) -> Status:
        """Return the state that the word stands for."""
        return WORDS[self.word]


def judge_jobs(counts: Mapping[str, int], thresholds: Thresholds = Thresholds()) -> Health:
    """Judge a site by its jobs of the last day, counted by DIRAC's status.

    >>> judge_jobs({"Done": 60, "Failed": 8, "Running": 40})
    Health(word='Fair', percent=88.2, total=68)
    """
    good = sum(counts.get(status, 0) for status in GOOD_JOBS)
    finished = good + sum(counts.get(status, 0) for status in BAD_JOBS)
    percent = 100 * good / finished if finished else None
    if percent is None or finished < thresholds.least_jobs:
        word = "Idle"
    elif percent > thresholds.good:
        word = "Good"
    elif percent > thresholds.fair:
        word = "Fair"
    elif percent > thresholds.poor:
        word = "Poor"
    else:
        word = "Bad"
    return Health(word, None if percent is None else round(percent, 1), finished)


def judge_pilots(counts: Mapping[str, int]) -> Health:
    """Judge a site or computing element by its pilots, counted by DIRAC's status.

    >>> judge_pilots({"Done": 30, "Running": 20, "Aborted": 1})
    Health(word='Good', percent=98.0, total=51)
    """
    total = sum(counts.values())
    percent = 100 * (total - counts.get("Aborted", 0)) / total if total else None
    if percent is None or total <= MOST_IDLE_PILOTS:
        word = "Idle"
    elif percent < PILOTS_POOR:
        word = "Bad"
    elif percent < PILOTS_FAIR:
        word = "Poor"
    elif percent < PILOTS_GOOD:
        word = "Fair"
    else:
        word = "Good"
    return Health(word, None if percent is None else round(percent, 1), total)
