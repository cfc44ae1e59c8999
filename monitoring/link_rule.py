"""The published rule for the state of a network link, and how judgements become stretches of time.

The rule is that of the LHCOPN monitoring working group (https://indico.cern.ch/event/88698), for
every five minutes: UP where the one-way delay lies within ±15 % of its usual value and less than
0.1 % of the packets are lost; DOWN where all packets are lost; DEGRADED between. The usual value is
the median of the last seven days. What was not measured is unknown, never up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import fmean, median

from monitoring.statuses import Status

BUCKET = timedelta(minutes=5)
# Silence of up to three buckets is bridged; a longer one is unknown.
LONGEST_BRIDGE = 3 * BUCKET
USUAL_OVER = timedelta(days=7)
# Fewer throughput tests than this have no median that a single bad one could be compared with.
FEWEST_FOR_USUAL_THROUGHPUT = 3


@dataclass(frozen=True)
class Thresholds:
    """Where the states end.

    :param loss: share of lost packets (0 to 1) from which on a link is degraded
    :param delay: largest difference from the usual delay, as a share of it
    :param throughput: share of the usual throughput under which a test is called low
    """

    loss: float = 0.001
    delay: float = 0.15
    throughput: float = 0.5


class Verdict(StrEnum):
    """What is said of one bucket, or of one test; the source's own words for our statuses."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "no data"


STATUSES = {
    Verdict.UP: Status.OK,
    Verdict.DEGRADED: Status.WARNING,
    Verdict.DOWN: Status.DOWN,
    Verdict.UNKNOWN: Status.UNKNOWN,
}


@dataclass(frozen=True)
class Bucket:
    """Five minutes of one test: share of packets lost, median of the delay in ms."""

    loss: float | None = None
    delay: float | None = None


@dataclass(frozen=True)
class Stretch:
    """One verdict from a moment to another (None: still so).

    ``last`` is when the newest measurement of it began; None in a stretch of silence.
    """

    verdict: Verdict
    starts_at: datetime
    ends_at: datetime | None
    last: datetime | None


def start_of_bucket(moment: datetime) -> datetime:
    """Return when the five minutes began that a moment lies in."""
    seconds = int(BUCKET.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, tz=UTC)


def fill_buckets(
    losses: Iterable[tuple[datetime, float]],
    delays: Iterable[tuple[datetime, float]],
    *,
    until: datetime,
) -> dict[datetime, Bucket]:
    """Sort measurements into buckets of five minutes: mean of the losses, median of the delays.

    A bucket that is not over at ``until`` is left out: what it will say is not known yet.
    """
    found: dict[datetime, tuple[list[float], list[float]]] = {}
    for place, points in enumerate((losses, delays)):
        for moment, value in points:
            found.setdefault(start_of_bucket(moment), ([], []))[place].append(value)
    return {
        start: Bucket(
            loss=fmean(lost) if lost else None, delay=median(delayed) if delayed else None
        )
        for start, (lost, delayed) in sorted(found.items())
        if start + BUCKET <= until
    }


def usual(values: Iterable[float]) -> float | None:
    """Return the median; None without values."""
    known = list(values)
    return median(known) if known else None


def judge_loss(loss: float | None, limits: Thresholds) -> Verdict:
    """Judge the share of lost packets."""
    if loss is None:
        return Verdict.UNKNOWN
    if loss >= 1:
        return Verdict.DOWN
    return Verdict.UP if loss < limits.loss else Verdict.DEGRADED


def judge_delay(delay: float | None, usual_delay: float | None, limits: Thresholds) -> Verdict:
    """Judge a delay by the usual one; it is never more than degraded.

    Delays are differences of two clocks: a small one may be negative, so the share is that of the
    usual delay's size.
    """
    if delay is None or usual_delay is None:
        return Verdict.UNKNOWN
    # A hair of tolerance, so that exactly 15 % does not depend on how numbers are rounded.
    near = abs(delay - usual_delay) <= limits.delay * abs(usual_delay) + 1e-9
    return Verdict.UP if near else Verdict.DEGRADED


def judge_state(bucket: Bucket, usual_delay: float | None, limits: Thresholds) -> Verdict:
    """Judge five minutes by the published rule.

    UP needs both measurements. One that is missing makes the bucket unknown, unless the other
    alone says that something is wrong.
    """
    loss = judge_loss(bucket.loss, limits)
    if loss in (Verdict.DOWN, Verdict.DEGRADED):
        return loss
    delay = judge_delay(bucket.delay, usual_delay, limits)
    if delay == Verdict.DEGRADED:
        return delay
    return Verdict.UP if loss == delay == Verdict.UP else Verdict.UNKNOWN


def judge_throughput(value: float, usual_value: float | None, limits: Thresholds) -> Verdict:
    """Judge one throughput test by the usual throughput; without one nothing can be said."""
    if usual_value is None:
        return Verdict.UNKNOWN
    return Verdict.UP if value >= limits.throughput * usual_value else Verdict.DEGRADED


def join(verdicts: Iterable[Verdict]) -> Verdict:
    """Join the verdicts of several tests between the same two hosts at one time.

    DOWN only where no test gets through; what differs is DEGRADED; silence of one test is no
    opinion.
    """
    told = {verdict for verdict in verdicts if verdict != Verdict.UNKNOWN}
    if not told:
        return Verdict.UNKNOWN
    return told.pop() if len(told) == 1 else Verdict.DEGRADED


def stretches(
    judged: Mapping[datetime, Verdict],
    *,
    starts_at: datetime,
    at: datetime,
    length: timedelta = BUCKET,
    longest_bridge: timedelta = LONGEST_BRIDGE,
) -> list[Stretch]:
    """Coalesce judgements into stretches that cover everything from ``starts_at`` to ``at``.

    Each judgement holds for ``length``. Where nothing follows for up to ``longest_bridge`` it
    goes on; a longer silence is unknown, from the end of the last judgement on. What lies before
    ``starts_at`` serves to know what goes on then, and is cut off.
    """
    found: list[Stretch] = []
    moments = sorted(judged)
    known_until = starts_at
    for number, moment in enumerate(moments):
        if moment >= at:
            break
        if moment > known_until:
            found.append(Stretch(Verdict.UNKNOWN, known_until, moment, None))
        following = moments[number + 1] if number + 1 < len(moments) else None
        following = following if following is not None and following < at else None
        end: datetime | None = moment + length
        if following is None:
            if at - (moment + length) <= longest_bridge:
                end = None
        elif following - (moment + length) <= longest_bridge:
            end = following
        found.append(Stretch(judged[moment], moment, end, moment))
        known_until = at if end is None else end
    if known_until < at or not found:
        found.append(Stretch(Verdict.UNKNOWN, known_until, None, None))
    return _clip(_coalesce(found), starts_at)


def _coalesce(found: Iterable[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for stretch in found:
        before = joined[-1] if joined else None
        if before and before.verdict == stretch.verdict and before.ends_at == stretch.starts_at:
            joined[-1] = Stretch(
                before.verdict, before.starts_at, stretch.ends_at, stretch.last or before.last
            )
        else:
            joined.append(stretch)
    return joined


def _clip(found: Iterable[Stretch], starts_at: datetime) -> list[Stretch]:
    return [
        Stretch(stretch.verdict, max(stretch.starts_at, starts_at), stretch.ends_at, stretch.last)
        for stretch in found
        if stretch.ends_at is None or stretch.ends_at > starts_at
    ]
