"""monitoring/job_health: DIRAC's rules, at their edges."""

import pytest

from monitoring.job_health import Thresholds, judge_jobs, judge_pilots
from monitoring.statuses import Status


@pytest.mark.parametrize(
    ("done", "failed", "word", "status"),
    [
        (96, 4, "Good", Status.OK),
        (95, 5, "Fair", Status.WARNING),
        (81, 19, "Fair", Status.WARNING),
        (80, 20, "Poor", Status.CRITICAL),
        (61, 39, "Poor", Status.CRITICAL),
        (60, 40, "Bad", Status.CRITICAL),
        (0, 9, "Idle", Status.OK),
        (0, 10, "Bad", Status.CRITICAL),
        (0, 0, "Idle", Status.OK),
    ],
)
def test_jobs(done: int, failed: int, word: str, status: Status) -> None:
    health = judge_jobs({"Done": done, "Failed": failed, "Running": 1000})

    assert (health.word, health.status, health.total) == (word, status, done + failed)


def test_completed_counts_as_good_and_killed_as_bad() -> None:
    assert judge_jobs({"Completed": 50, "Killed": 50}).percent == 50.0


def test_thresholds_are_the_admins() -> None:
    lenient = Thresholds(good=50, fair=40, poor=30, least_jobs=2)

    assert judge_jobs({"Done": 2, "Failed": 1}, lenient).word == "Good"


@pytest.mark.parametrize(
    ("aborted", "done", "word"),
    [(0, 20, "Good"), (3, 17, "Good"), (4, 16, "Fair"), (9, 11, "Poor"), (16, 4, "Bad")],
)
def test_pilots(aborted: int, done: int, word: str) -> None:
    assert judge_pilots({"Aborted": aborted, "Done": done}).word == word


def test_few_pilots_tell_nothing() -> None:
    assert judge_pilots({"Aborted": 10}).word == "Idle"
    assert judge_pilots({}).percent is None
