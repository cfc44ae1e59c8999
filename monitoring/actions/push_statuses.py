"""Take what a source told us by itself, and keep a record of it as of a poll."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import Q

from juno_support.feeds.configuration import configuration_of
from juno_support.feeds.models import FeedRun, Outcome, Source
from monitoring.actions import store_report
from monitoring.models import StatusInterval
from monitoring.observations import Name, Period, Report
from monitoring.parsers.pushed import PushedEvent, PushedEvents
from monitoring.statuses import Status

KEPT_REFUSALS = 200

_Series = tuple[str, str, str, str]


@dataclass(frozen=True)
class Pushed:
    """What became of a push: its record, how many rows were taken, how many states changed."""

    run: FeedRun
    accepted: int
    changed: int


@transaction.atomic
def push(*, source: Source, told: PushedEvents, body: bytes, at: datetime) -> Pushed:
    """Bring the states of a source in line with what it told.

    The same rows again change nothing. A row replaces what we had of that thing, metric and VO in
    its period; a row with a key replaces what that key said before, wherever that was. Rows that
    were refused cost the others nothing; when all were, nothing of it makes the data fresh.

    :param told: what was sent, understood; an empty list says that nothing has changed
    :param body: the bytes that were sent, for the record
    """
    # One push of a source at a time: the second compares with what the first has written.
    source = Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    namespace = str(configuration_of(source).option("namespace")) or source.name
    changed = 0
    unmapped = 0
    if told.events:
        periods = [_period(event, at) for event in told.events]
        changed += _end_other_names(source, namespace, at)
        changed += _correct(source, namespace, periods, at)
        done = store_report.store(
            source=source.name,
            namespace=namespace,
            report=Report(
                periods=(*periods, *_between(source, namespace, periods)),
            ),
            at=at,
            last_success_at=None,
            longest_gap=timedelta.max,
        )
        changed += done.changed["statuses"]
        unmapped = done.unmapped
    is_refused = bool(told.refused) and not told.events
    run = FeedRun.objects.create(
        source=source,
        started_at=at,
        finished_at=at,
        outcome=_outcome(is_refused=is_refused, changed=changed),
        reason=f"None of {len(told.refused)} rows could be taken." if is_refused else "",
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        seen={"events": len(told.events), "unmapped": unmapped},
        changed={"statuses": changed},
        refused=[
            {"row": str(refusal.row), "reason": refusal.reason}
            for refusal in told.refused[:KEPT_REFUSALS]
        ],
    )
    return Pushed(run=run, accepted=len(told.events), changed=changed)


def _outcome(*, is_refused: bool, changed: int) -> Outcome:
    if is_refused:
        return Outcome.FAILED
    return Outcome.OK if changed else Outcome.UNCHANGED


def _period(event: PushedEvent, at: datetime) -> Period:
    return Period(
        thing=Name(event.kind, event.name, site=event.site, hosts=_hosts(event)),
        metric=event.metric,
        status=event.status,
        raw_status=event.raw_status,
        since=event.since or at,
        until=event.until,
        vo=event.vo,
        summary=event.summary,
        details=event.details,
        evidence_url=event.evidence_url,
        external_key=event.key,
    )


def _hosts(event: PushedEvent) -> tuple[str, ...]:
    """Return the words of the name that may be hosts: what it may be matched by."""
    return tuple(word.lower() for word in event.name.split() if "." in word)


def _series(period: Period) -> _Series:
    return period.thing.kind, period.thing.name, period.metric, period.vo


def _end_other_names(source: Source, namespace: str, at: datetime) -> int:
    """End what goes on under names of another family, after an admin chose this one."""
    rows = StatusInterval.objects.filter(source=source, until=None, since__lt=at)
    return rows.exclude(entity__namespace=namespace).update(until=at, noticed_at=at)


def _correct(source: Source, namespace: str, periods: Iterable[Period], at: datetime) -> int:
    """Take back what keys said before and do not say any more; return how many rows that were."""
    keyed = {period.external_key: period for period in periods if period.external_key}
    rows = StatusInterval.objects.filter(source=source, external_key__in=keyed).select_related(
        "entity"
    )
    withdrawn: list[int] = []
    shortened: list[StatusInterval] = []
    for row in rows:
        period = keyed[row.external_key]
        is_same = row.since == period.since and (
            (row.entity.namespace, *_row_series(row)) == (namespace, *_series(period))
        )
        if not is_same:
            withdrawn.append(row.pk)
        elif period.until is not None and (row.until is None or row.until > period.until):
            row.until, row.noticed_at = period.until, at
            shortened.append(row)
    StatusInterval.objects.filter(pk__in=withdrawn).delete()
    StatusInterval.objects.bulk_update(shortened, ["until", "noticed_at"])
    return len(withdrawn) + len(shortened)


def _between(source: Source, namespace: str, periods: Sequence[Period]) -> list[Period]:
    """Return what we have in the gaps between the periods of one thing.

    A report speaks for the whole time from its first period of a series to the last; who pushes
    events says nothing of the time between them.
    """
    gaps: dict[_Series, list[tuple[datetime, datetime]]] = defaultdict(list)
    by_series: dict[_Series, list[Period]] = defaultdict(list)
    for period in sorted(periods, key=lambda period: period.since):
        by_series[_series(period)].append(period)
    for series, ordered in by_series.items():
        for earlier, later in pairwise(ordered):
            if earlier.until is not None and earlier.until < later.since:
                gaps[series].append((earlier.until, later.since))
    if not gaps:
        return []
    begins = min(begin for pairs in gaps.values() for begin, _ in pairs)
    ends = max(end for pairs in gaps.values() for _, end in pairs)
    rows = (
        StatusInterval.objects.filter(
            Q(until=None) | Q(until__gt=begins),
            source=source,
            since__lt=ends,
            entity__namespace=namespace,
            entity__name__in={series[1] for series in gaps},
        )
        .select_related("entity")
        .order_by("since")
    )
    return [
        _part(row, max(row.since, begin), min(row.until or end, end))
        for row in rows
        for begin, end in gaps.get(_row_series(row), ())
        if row.since < end and (row.until is None or row.until > begin)
    ]


def _row_series(row: StatusInterval) -> _Series:
    return row.entity.kind, row.entity.name, row.metric, row.vo


def _part(row: StatusInterval, since: datetime, until: datetime) -> Period:
    return Period(
        thing=Name(row.entity.kind, row.entity.name),
        metric=row.metric,
        status=Status(row.status),
        raw_status=row.raw_status,
        since=since,
        until=until,
        vo=row.vo,
        summary=row.summary,
        details=row.details,
        evidence_url=row.evidence_url,
        external_key=row.external_key,
    )
