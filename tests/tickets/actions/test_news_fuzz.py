"""Whatever a site does, its open tickets are told the truth in the end, and never too often."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.conditions import Conditions, EntityStatus, SiteConditions, SourceAge
from monitoring.queries import DOWNTIMES
from monitoring.statuses import BAD, Status
from tests.make import AT
from tickets.actions import news
from tickets.models import TicketWatch

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SERIES = "site\tLAB\targo\tstatus\t"
# How long something lasts, how it is then, whether the source can be trusted meanwhile.
spells = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=90),
        st.sampled_from([Status.OK, Status.WARNING, Status.CRITICAL, Status.DOWN, Status.UNKNOWN]),
        st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=25,
)


def state(status: str, since: datetime, until: datetime | None, *, doubt: str) -> EntityStatus:
    return EntityStatus(
        source="argo",
        metric="status",
        entity="LAB",
        status=status,
        since=since,
        until=until,
        stale=False,
        kind="site",
        raw_status="",
        vo="",
        summary="",
        details={},
        evidence_url="",
        doubt=doubt,
    )


def conditions(past: list[tuple[datetime, str]], at: datetime, *, trusted: bool) -> Conditions:
    doubt = "" if trusted else "in doubt"
    ends = [since for since, _ in past[1:]]
    site = SiteConditions(
        site="LAB",
        at=at,
        until=None,
        state="none",
        downtimes=(),
        coming=(),
        recent=(),
        statuses=(state(past[-1][1], past[-1][0], None, doubt=doubt),),
        sources={DOWNTIMES: SourceAge(last_success=at, stale=False)},
        earlier=tuple(
            state(status, since, until, doubt=doubt)
            for (since, status), until in zip(past[:-1], ends, strict=True)
            if until > at - 24 * HOUR
        ),
    )
    return Conditions(at=at, until=None, sites=(site,))


@settings(max_examples=200, deadline=None)
@given(spells)
def test_the_truth_in_the_end_and_never_too_often(story: list[tuple[int, Status, bool]]) -> None:
    watch = TicketWatch(ticket_id=1)
    past = [(AT - HOUR, Status.OK.value)]
    at = AT
    first = conditions(past, at, trusted=True)
    news.begin(watch, news.picture(first, ()), first)
    told: list[tuple[datetime, str]] = []
    recovered: list[datetime] = []

    def look(trusted: bool) -> None:
        answer = conditions(past, at, trusted=trusted)
        found = news.look(watch, news.picture(answer, ()), answer, at=at)
        told.extend((at, change["to"]) for change in found.changes)
        if found.recovered is not None:
            assert past[-1][1] == Status.OK
            assert trusted
            recovered.append(at)

    def until(end: datetime, trusted: bool) -> None:
        """Let time pass: without news only what was asked for is looked at."""
        nonlocal at
        while at < end:
            at += MINUTE
            if watch.look_again_at is not None and watch.look_again_at <= at:
                look(trusted)

    for minutes, status, trusted in story:
        if past[-1][1] != status:
            past.append((at, status.value))
        look(trusted)
        until(at + minutes * MINUTE, trusted)
    until(at + 3 * HOUR, trusted=True)

    moments = [moment for moment, _ in told]
    for early, late in zip(moments, moments[news.MOST_TOLD :], strict=False):
        assert late - early >= HOUR, "told too often"
    for early, late in pairwise(recovered):
        assert late - early >= HOUR, "recovered too often"
    last = past[-1][1]
    if last != Status.UNKNOWN:
        assert watch.told.get(SERIES, Status.OK) == last, "the last word is the truth"
        assert not watch.held
    if last == Status.OK:
        assert watch.trouble == []
        was_bad = any(status in BAD for _, status in told)
        assert not was_bad or recovered
