"""The published rule, five minutes at a time; and how judgements become stretches of time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.link_rule import (
    BUCKET,
    Bucket,
    Stretch,
    Thresholds,
    Verdict,
    fill_buckets,
    join,
    judge_state,
    judge_throughput,
    start_of_bucket,
    stretches,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = Thresholds()
UP, DEGRADED, DOWN, UNKNOWN = Verdict.UP, Verdict.DEGRADED, Verdict.DOWN, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("loss", "delay", "verdict"),
    [
        (0.0, 61.4, UP),
        (0.0009, 61.4, UP),
        (0.001, 61.4, DEGRADED),
        (0.999, 61.4, DEGRADED),
        (1.0, None, DOWN),
        (1.0, 61.4, DOWN),
        # ±15 % of 60 ms are 51 to 69 ms.
        (0.0, 69.0, UP),
        (0.0, 51.0, UP),
        (0.0, 69.1, DEGRADED),
        (0.0, 50.9, DEGRADED),
        (0.0, None, UNKNOWN),
        (0.01, None, DEGRADED),
        (None, 61.4, UNKNOWN),
        (None, 90.0, DEGRADED),
        (None, None, UNKNOWN),
    ],
)
def test_five_minutes_are_judged_by_loss_and_delay(
    loss: float | None, delay: float | None, verdict: Verdict
) -> None:
    assert judge_state(Bucket(loss, delay), 60.0, LIMITS) == verdict


def test_a_link_without_a_usual_delay_is_not_up() -> None:
    assert judge_state(Bucket(0.0, 61.4), None, LIMITS) == UNKNOWN


def test_a_delay_may_be_negative_where_clocks_differ() -> None:
    assert judge_state(Bucket(0.0, -1.1), -1.0, LIMITS) == UP
    assert judge_state(Bucket(0.0, 1.0), -1.0, LIMITS) == DEGRADED


def test_thresholds_can_be_others() -> None:
    lenient = Thresholds(loss=0.05, delay=0.5)
    assert judge_state(Bucket(0.04, 88.0), 60.0, lenient) == UP


def test_throughput_is_judged_by_its_median() -> None:
    assert judge_throughput(3.5e9, 7.0e9, LIMITS) == UP
    assert judge_throughput(3.4e9, 7.0e9, LIMITS) == DEGRADED
    assert judge_throughput(7e9, None, LIMITS) == UNKNOWN


@pytest.mark.parametrize(
    ("verdicts", "joined"),
    [
        ([], UNKNOWN),
        ([UNKNOWN, UP], UP),
        ([DOWN, DOWN], DOWN),
        ([DOWN, UP], DEGRADED),
        ([UP, DEGRADED], DEGRADED),
    ],
)
def test_several_tests_between_the_same_hosts(verdicts: list[Verdict], joined: Verdict) -> None:
    assert join(verdicts) == joined


def test_buckets_hold_the_mean_of_losses_and_the_median_of_delays() -> None:
    losses = [(NOON + n * MINUTE, value) for n, value in enumerate((0, 0, 1, 1, 0.005))]
    delays = [(NOON, 61.0), (NOON + MINUTE, 62.0), (NOON + 2 * MINUTE, 900.0)]
    filled = fill_buckets(losses, delays, until=NOON + BUCKET)
    assert filled == {NOON: Bucket(pytest.approx(0.401), 62.0)}


def test_five_minutes_that_are_not_over_are_not_judged() -> None:
    losses = [(NOON, 1.0), (NOON + BUCKET, 1.0)]
    assert set(fill_buckets(losses, [], until=NOON + 2 * BUCKET - MINUTE)) == {NOON}


def test_buckets_begin_at_full_five_minutes() -> None:
    assert start_of_bucket(NOON + 4 * MINUTE + timedelta(seconds=59)) == NOON
    assert start_of_bucket(NOON + 5 * MINUTE) == NOON + 5 * MINUTE


def judged(*buckets: tuple[int, Verdict]) -> dict[datetime, Verdict]:
    return {NOON + number * BUCKET: verdict for number, verdict in buckets}


def told(found: list[Stretch]) -> list[tuple[str, str, str]]:
    return [
        (
            stretch.verdict.value,
            f"{stretch.starts_at:%H:%M}",
            f"{stretch.ends_at:%H:%M}" if stretch.ends_at else "now",
        )
        for stretch in found
    ]


def test_equal_buckets_are_one_stretch() -> None:
    found = stretches(
        judged((0, UP), (1, UP), (2, DOWN), (3, UP)), starts_at=NOON, at=NOON + 4 * BUCKET
    )
    assert told(found) == [
        ("up", "12:00", "12:10"),
        ("down", "12:10", "12:15"),
        ("up", "12:15", "now"),
    ]
    assert [stretch.last for stretch in found] == [NOON + n * BUCKET for n in (1, 2, 3)]


def test_three_missing_buckets_are_bridged_and_four_are_unknown() -> None:
    bridged = stretches(judged((0, UP), (4, UP)), starts_at=NOON, at=NOON + 5 * BUCKET)
    assert told(bridged) == [("up", "12:00", "now")]
    silent = stretches(judged((0, UP), (5, UP)), starts_at=NOON, at=NOON + 6 * BUCKET)
    assert told(silent) == [
        ("up", "12:00", "12:05"),
        ("no data", "12:05", "12:25"),
        ("up", "12:25", "now"),
    ]


def test_a_test_that_stopped_becomes_unknown_at_the_end_of_its_last_bucket() -> None:
    still = stretches(judged((0, UP)), starts_at=NOON, at=NOON + 4 * BUCKET)
    assert told(still) == [("up", "12:00", "now")]
    gone = stretches(judged((0, UP)), starts_at=NOON, at=NOON + 4 * BUCKET + MINUTE)
    assert told(gone) == [("up", "12:00", "12:05"), ("no data", "12:05", "now")]


def test_silence_throughout_is_unknown_never_up() -> None:
    assert told(stretches({}, starts_at=NOON, at=NOON + BUCKET)) == [("no data", "12:00", "now")]


def test_what_was_before_the_window_bridges_into_it() -> None:
    before = {NOON - 2 * BUCKET: UP, NOON + BUCKET: UP}
    assert told(stretches(before, starts_at=NOON, at=NOON + 2 * BUCKET)) == [("up", "12:00", "now")]
    alone = {NOON + 2 * BUCKET: UP}
    assert told(stretches(alone, starts_at=NOON, at=NOON + 3 * BUCKET)) == [
        ("no data", "12:00", "12:10"),
        ("up", "12:10", "now"),
    ]


@given(
    st.dictionaries(st.integers(-20, 60), st.sampled_from(list(Verdict)), max_size=40),
    st.integers(1, 60),
)
def test_stretches_cover_the_window_without_gap_or_overlap(
    buckets: dict[int, Verdict], length: int
) -> None:
    at = NOON + length * BUCKET
    found = stretches(judged(*buckets.items()), starts_at=NOON, at=at)
    assert found[0].starts_at == NOON
    assert found[-1].ends_at is None
    for earlier, later in pairwise(found):
        assert earlier.ends_at == later.starts_at
        assert earlier.verdict != later.verdict
    for number, verdict in buckets.items():
        moment = NOON + number * BUCKET
        if NOON <= moment < at:
            holding = [
                one
                for one in found
                if one.starts_at <= moment and (one.ends_at is None or moment < one.ends_at)
            ]
            assert [one.verdict for one in holding] == [verdict]
