"""From the measurements of perfSONAR tests to the states of links; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from juno_support.lib.text import shorten
from monitoring import link_rule
from monitoring.link_rule import Bucket, Stretch, Thresholds, Verdict
from monitoring.observations import EntityKind, Name, Period

Series = tuple[tuple[datetime, float], ...]

STATE, LOSS, DELAY, THROUGHPUT = "state", "loss", "delay", "throughput"
METRICS = (STATE, LOSS, DELAY, THROUGHPUT)

_WORDS: Mapping[str, Mapping[Verdict, str]] = {
    STATE: {},
    LOSS: {Verdict.UP: "low", Verdict.DEGRADED: "high", Verdict.DOWN: "complete"},
    DELAY: {Verdict.UP: "usual", Verdict.DEGRADED: "unusual"},
    THROUGHPUT: {Verdict.UP: "usual", Verdict.DEGRADED: "low"},
}
# A throughput test runs every few hours; until two have come, this is taken for its spacing.
_USUAL_SPACING = timedelta(hours=6)
_SHORTEST_SPACING = link_rule.BUCKET


@dataclass(frozen=True)
class LatencyTest:
    """What one test of loss and delay measured, the oldest first.

    :param losses: shares of lost packets, 0 to 1
    :param delays: medians of the one-way delay in ms
    :param week: medians of the delay over the last seven days, for the usual delay
    :param failures: when the test itself failed, and in which words
    :param has_delay: whether the test measures the delay at all
    """

    losses: Series
    delays: Series
    week: Series
    failures: tuple[tuple[datetime, str], ...] = ()
    evidence_url: str = ""
    has_delay: bool = True


@dataclass(frozen=True)
class ThroughputTest:
    """What one test of throughput measured over the last seven days, in bits per second."""

    values: Series
    failures: tuple[tuple[datetime, str], ...] = ()
    evidence_url: str = ""


@dataclass(frozen=True)
class Direction:
    """All tests from one host to another."""

    source: str
    destination: str
    hosts: tuple[str, ...]
    latency: tuple[LatencyTest, ...] = ()
    throughput: tuple[ThroughputTest, ...] = ()

    @property
    def thing(self) -> Name:
        """Return the name under which the direction is kept."""
        return Name(EntityKind.LINK.value, f"{self.source} {self.destination}", hosts=self.hosts)


def periods_of(
    direction: Direction, limits: Thresholds, *, starts_at: datetime, at: datetime
) -> list[Period]:
    """Return what is known of a direction from ``starts_at`` on, gaps included."""
    found: list[Period] = []
    if direction.latency:
        found += _latency_periods(direction, limits, starts_at=starts_at, at=at)
    if direction.throughput:
        found += _throughput_periods(direction, limits, starts_at=starts_at, at=at)
    return found


# Loss, delay, and the state that follows from both


@dataclass(frozen=True)
class _Measured:
    """One test's buckets, and the delay that is usual for it."""

    buckets: Mapping[datetime, Bucket]
    usual_delay: float | None


def _latency_periods(
    direction: Direction, limits: Thresholds, *, starts_at: datetime, at: datetime
) -> list[Period]:
    tests = [_measure(test, at) for test in direction.latency]
    failures = sorted(failure for test in direction.latency for failure in test.failures)
    moments = sorted({moment for test in tests for moment in test.buckets})
    found: list[Period] = []
    metrics: tuple[str, ...] = (STATE, LOSS, DELAY)
    if not any(test.has_delay for test in direction.latency):
        # Nobody measures it; the state says so, and stays unknown.
        metrics = (STATE, LOSS)
    for metric in metrics:
        judged = {
            moment: link_rule.join(_judge(metric, test, moment, limits) for test in tests)
            for moment in moments
        }
        for stretch in link_rule.stretches(judged, starts_at=starts_at, at=at):
            summary, details = _latency_words(metric, stretch, tests, failures)
            found.append(
                _period(
                    direction,
                    metric,
                    stretch,
                    summary=summary,
                    details=details,
                    evidence_url=direction.latency[0].evidence_url,
                )
            )
    return found


def _measure(test: LatencyTest, at: datetime) -> _Measured:
    values = test.week or test.delays
    return _Measured(
        buckets=link_rule.fill_buckets(test.losses, test.delays, until=at),
        usual_delay=link_rule.usual(value for _, value in values),
    )


def _judge(metric: str, test: _Measured, moment: datetime, limits: Thresholds) -> Verdict:
    bucket = test.buckets.get(moment, Bucket())
    if metric == LOSS:
        return link_rule.judge_loss(bucket.loss, limits)
    if metric == DELAY:
        return link_rule.judge_delay(bucket.delay, test.usual_delay, limits)
    return link_rule.judge_state(bucket, test.usual_delay, limits)


def _latency_words(
    metric: str,
    stretch: Stretch,
    tests: Sequence[_Measured],
    failures: Sequence[tuple[datetime, str]],
) -> tuple[str, dict[str, Any]]:
    """Say the numbers of the newest bucket of a stretch, of the test that looks worst in it."""
    if stretch.last is None:
        return _silence(stretch, failures), {}
    moment = stretch.last
    losses = [
        bucket.loss
        for test in tests
        if (bucket := test.buckets.get(moment)) and bucket.loss is not None
    ]
    delays = [
        (abs(bucket.delay - (test.usual_delay or 0.0)), bucket.delay, test.usual_delay)
        for test in tests
        if (bucket := test.buckets.get(moment)) and bucket.delay is not None
    ]
    parts: list[str] = []
    details: dict[str, Any] = {"measured_at": _iso(moment)}
    if metric != DELAY:
        if losses:
            details["loss_percent"] = round(100 * max(losses), 3)
            parts.append(f"loss {_figure(details['loss_percent'])} %")
        else:
            parts.append("loss not measured")
    if metric != LOSS:
        if delays:
            _, delay, usual = max(delays, key=lambda each: each[0])
            details["delay_ms"] = round(delay, 2)
            words = f"delay {_figure(delay)} ms"
            if usual is not None:
                details["usual_delay_ms"] = round(usual, 2)
                words += f" (usual {_figure(usual)} ms)"
            parts.append(words)
        else:
            parts.append("delay not measured")
    return ", ".join(parts), details


# Throughput


def _throughput_periods(
    direction: Direction, limits: Thresholds, *, starts_at: datetime, at: datetime
) -> list[Period]:
    told = [
        outcome
        for test in direction.throughput
        for outcome in _outcomes(test, limits)
        if outcome.at <= at
    ]
    # Where two tests report the same moment, a number says more than a failure.
    outcomes = {
        outcome.at: outcome for outcome in sorted(told, key=lambda each: each.value is not None)
    }
    failures = [(outcome.at, outcome.failure) for outcome in told if outcome.value is None]
    spacing = _spacing(outcomes)
    found: list[Period] = []
    for stretch in link_rule.stretches(
        {moment: outcome.verdict for moment, outcome in outcomes.items()},
        starts_at=starts_at,
        at=at,
        length=spacing,
        longest_bridge=2 * spacing,
    ):
        outcome = outcomes[stretch.last] if stretch.last else None
        found.append(
            _period(
                direction,
                THROUGHPUT,
                stretch,
                raw=outcome.raw if outcome else "",
                summary=outcome.summary if outcome else _silence(stretch, sorted(failures)),
                details=outcome.details if outcome else {},
                evidence_url=direction.throughput[0].evidence_url,
            )
        )
    return found


@dataclass(frozen=True)
class _Outcome:
    """How one throughput test ended: bits per second, or why it failed."""

    at: datetime
    verdict: Verdict
    value: float | None = None
    usual: float | None = None
    failure: str = ""

    @property
    def raw(self) -> str:
        """Return a word where the verdict's own would not say why nothing is known."""
        if self.value is None:
            return "failed"
        return "too few tests" if self.usual is None else ""

    @property
    def summary(self) -> str:
        """Say the numbers."""
        if self.value is None:
            return shorten(f"The test failed: {self.failure}", 200)
        words = f"{_figure(_mbit(self.value))} Mbit/s"
        if self.usual is None:
            return f"{words}, and too few tests in seven days to compare with"
        return f"{words} (usual {_figure(_mbit(self.usual))} Mbit/s)"

    @property
    def details(self) -> dict[str, Any]:
        """Return the numbers."""
        details: dict[str, Any] = {"measured_at": _iso(self.at)}
        if self.value is not None:
            details["mbit_per_s"] = _mbit(self.value)
        if self.usual is not None:
            details["usual_mbit_per_s"] = _mbit(self.usual)
        return details


def _outcomes(test: ThroughputTest, limits: Thresholds) -> list[_Outcome]:
    """Judge each run of a test by the test's own median: TCP and UDP differ by design."""
    usual = (
        median(value for _, value in test.values)
        if len(test.values) >= link_rule.FEWEST_FOR_USUAL_THROUGHPUT
        else None
    )
    # A failed test measured nothing: what the link carries is not known until the next one.
    failed = [_Outcome(at, Verdict.UNKNOWN, failure=words) for at, words in test.failures]
    return failed + [
        _Outcome(at, link_rule.judge_throughput(value, usual, limits), value, usual)
        for at, value in test.values
    ]


def _spacing(moments: Iterable[datetime]) -> timedelta:
    """Return how far apart tests usually are."""
    ordered = sorted(moments)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    if not gaps:
        return _USUAL_SPACING
    return max(timedelta(seconds=median(gaps)), _SHORTEST_SPACING)


# Both


def _period(
    direction: Direction,
    metric: str,
    stretch: Stretch,
    *,
    summary: str,
    details: Mapping[str, Any],
    evidence_url: str,
    raw: str = "",
) -> Period:
    return Period(
        thing=direction.thing,
        metric=metric,
        status=link_rule.STATUSES[stretch.verdict],
        raw_status=raw or _WORDS[metric].get(stretch.verdict, stretch.verdict.value),
        since=stretch.starts_at,
        until=stretch.ends_at,
        summary=summary,
        details=details,
        evidence_url=evidence_url,
    )


def _silence(stretch: Stretch, failures: Sequence[tuple[datetime, str]]) -> str:
    """Say why nothing is known: the newest failure of the test in that time, or plain silence."""
    told = [
        words
        for moment, words in failures
        if stretch.starts_at <= moment and (stretch.ends_at is None or moment < stretch.ends_at)
    ]
    return shorten(f"The test failed: {told[-1]}", 200) if told else "No measurement came."


def _mbit(value: float) -> float:
    return round(value / 1_000_000, 1)


def _figure(value: float) -> str:
    """Return a number in few digits: 0, 0.25, 61.4, 7,010."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return (
        f"{value:.3f}".rstrip("0").rstrip(".")
        if abs(value) < 1
        else f"{value:.1f}".removesuffix(".0")
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
