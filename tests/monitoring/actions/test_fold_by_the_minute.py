"""The fold against a slow model of it: what was told of each single minute.

The model keeps one state a minute and paints what is told over it. Whatever stories hypothesis
invents, expanding the intervals in the database must give the same minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.registry import find_kind
from monitoring.actions import store_report
from monitoring.models import StatusInterval
from monitoring.observations import Name, Observation, Period, Report
from monitoring.statuses import Status
from topology.models import Site

START = datetime(2026, 3, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GAP = 45
HORIZON = 800
THING = Name("site", "INFN-T1")

States = st.sampled_from([Status.OK, Status.CRITICAL, Status.UNKNOWN])
Told = st.one_of(
    # a snapshot: how long ago it says that it began (None: it does not say)
    st.tuples(st.just("seen"), States, st.none() | st.integers(-20, 150)),
    # a complete snapshot without the thing
    st.tuples(st.just("silent"), st.none(), st.none()),
    # a history: (minutes ago, length or None, state), in any order, also over one another
    st.tuples(
        st.just("was"),
        st.lists(
            st.tuples(st.integers(0, 200), st.none() | st.integers(0, 120), States),
            min_size=1,
            max_size=5,
        ),
        st.none(),
    ),
)
Stories = st.lists(st.tuples(st.integers(1, 100), Told), max_size=7)


@dataclass
class Model:
    """One state a minute, as ``status/the source's word``; None where nothing is known."""

    minutes: list[str | None] = field(default_factory=lambda: [None] * HORIZON)

    def paint(self, since: int, until: int | None, status: str | None) -> None:
        for minute in range(since, HORIZON if until is None else until):
            self.minutes[minute] = status

    @property
    def is_open(self) -> bool:
        return self.minutes[-1] is not None

    def begin_of_last(self) -> int | None:
        """Return when the last state began; None where there is none."""
        ends = self.end_of_last()
        if ends is None:
            return None
        begin = ends - 1
        while begin and self.minutes[begin - 1] == self.minutes[ends - 1]:
            begin -= 1
        return begin

    def end_of_last(self) -> int | None:
        known = [n for n, status in enumerate(self.minutes) if status is not None]
        return known[-1] + 1 if known else None

    def gap(self, last: int | None, at: int, since: int) -> None:
        """What nobody asked for is unknown, from the last good poll to what was told now."""
        begin, ends = self.begin_of_last(), self.end_of_last()
        if last is None or at - last <= GAP or begin is None or ends is None:
            return
        if (self.is_open or ends > last) and since > max(last, begin):
            self.paint(max(last, begin), since, "unknown/not asked")

    def see(self, status: str, since: int, at: int, last: int | None) -> None:
        since = min(since, at)
        begin, ends = self.begin_of_last(), self.end_of_last()
        if begin is not None and ends is not None:
            if not self.is_open:
                since = max(since, ends)
            elif since <= begin:
                if self.minutes[-1] == status:
                    return
                since = max(at, begin)
        self.gap(last, at, since)
        self.paint(since, None, status)

    def tell(
        self, periods: Iterable[tuple[int, int | None, str]], at: int, last: int | None
    ) -> None:
        real = sorted(
            (one for one in periods if one[1] is None or one[1] > one[0]), key=lambda one: one[0]
        )
        if not real:
            return
        first = real[0][0]
        ends: int | None = 0
        for _, until, _ in real:
            ends = None if until is None or ends is None else max(ends, until)
        self.gap(last, at, first)
        # The report speaks for all the time from its first period to the end of its last.
        self.paint(first, ends, None)
        for since, until, status in real:
            self.paint(since, until, status)


def expanded() -> list[str | None]:
    """Return the database's intervals as one state a minute; fails where two overlap."""
    minutes: list[str | None] = [None] * HORIZON
    for row in StatusInterval.objects.order_by("since"):
        since = int((row.since - START) / MINUTE)
        until = HORIZON if row.until is None else int((row.until - START) / MINUTE)
        assert since < until
        for minute in range(since, until):
            assert minutes[minute] is None
            minutes[minute] = f"{row.status}/{row.raw_status}"
    return minutes


def store(report: Report, *, at: int, last: int | None) -> store_report.Done:
    with transaction.atomic():
        return store_report.store(
            source="argo",
            namespace="argo",
            report=report,
            at=START + at * MINUTE,
            last_success_at=None if last is None else START + last * MINUTE,
            longest_gap=GAP * MINUTE,
        )


def word(status: Status) -> str:
    return f"{status.value}/{status.value}"


class AnyStory(TestCase):
    """Snapshots, silence and histories in any order."""

    def setUp(self) -> None:
        Site.objects.get_or_create(source="gocdb", key="1G0", name="INFN-T1")
        ensure_source(find_kind("argo"))

    @settings(max_examples=150, deadline=None)
    @given(Stories)
    def test_every_minute_is_as_it_was_told(self, story: list[Any]) -> None:
        model = Model()
        at, last = 210, None
        for minutes, (how, what, more) in story:
            at += minutes
            if at >= HORIZON - 1:
                break
            report = self._tell(model, how, what, more, at, last)
            store(report, at=at, last=last)
            assert expanded() == model.minutes
            # The same once more, at once: nothing to write.
            assert store(report, at=at, last=at).changed["statuses"] == 0
            assert expanded() == model.minutes
            last = at

    def _tell(
        self, model: Model, how: str, what: Any, more: int | None, at: int, last: int | None
    ) -> Report:
        if how == "seen":
            since = at if more is None else at - more
            model.see(word(what), since, at, last)
            return Report(
                observations=(
                    Observation(
                        THING,
                        "status",
                        what,
                        what.value,
                        since=None if more is None else START + since * MINUTE,
                    ),
                )
            )
        if how == "silent":
            if model.is_open:
                model.see("unknown/not reported", at, at, last)
            return Report(complete=frozenset({("status", "")}))
        # No source tells of the future.
        periods = [
            (at - ago, None if length is None else min(at - ago + length, at), state)
            for ago, length, state in what
        ]
        model.tell([(since, until, word(state)) for since, until, state in periods], at, last)
        return Report(
            periods=tuple(
                Period(
                    THING,
                    "status",
                    state,
                    state.value,
                    START + since * MINUTE,
                    None if until is None else START + until * MINUTE,
                )
                for since, until, state in periods
            )
        )
