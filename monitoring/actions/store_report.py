"""Fold what a source told into intervals: only what changed is written.

Every report, of a snapshot or of a history source, is first turned into the pieces of time that
it speaks of, one list a series (thing, metric, VO). Those replace what we had of that time; equal
neighbours become one interval; what differs from our rows is written.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.lookups import In

from juno_support.feeds.models import Source
from juno_support.lib.text import blot, storable
from monitoring.actions.store_names import entities_of, hold_names, key_of
from monitoring.fold import NOT_REPORTED, Piece, fitted, lay, replaced, touching
from monitoring.matching import unmapped
from monitoring.models import Entity, StatusInterval
from monitoring.models.interval import eight_bytes
from monitoring.observations import Observation, Period, Report
from monitoring.statuses import SEVERITY, Status

BATCH = 500
SUMMARY_LENGTH = 200

_WRITTEN = (
    "status",
    "severity",
    "raw_status",
    "until",
    "summary",
    "details",
    "evidence_url",
    "external_key",
    "noticed_at",
)

Series = tuple[int, str, str]


@dataclass(frozen=True)
class Done:
    """How many rows were written by sort, and how many names nobody could match."""

    changed: dict[str, int]
    unmapped: int


def store(
    *,
    source: str,
    namespace: str,
    report: Report,
    at: datetime,
    last_success_at: datetime | None,
    longest_gap: timedelta,
) -> Done:
    """Bring the intervals of a source in line with what it told, inside the caller's transaction.

    :param last_success_at: when it was last polled well; a longer gap than ``longest_gap`` since
        then becomes unknown, unless the source tells how things were meanwhile
    """
    owner = Source.objects.get(name=source)
    hold_names(namespace)
    entities, mapped = entities_of(namespace, report, at)
    gap_from = (
        last_success_at
        if last_success_at is not None and at - last_success_at > longest_gap
        else None
    )
    told = _told(report, entities, at)
    new = {entity.pk for entity in entities.values() if entity.first_seen_at == at}
    ours = _ours(owner, told, report, new, gap_from)
    changes = _Changes(owner, at, {entity.pk: entity.site_id for entity in entities.values()})
    general = {series for series in told if not series[2]}
    for series in _silent(told, ours, report, entities):
        entity, metric, vo = series
        if vo and (entity, metric, "") in general:
            # A VO's own word was taken back: the general one holds again.
            changes.close(ours[series][-1])
        else:
            told[series] = [Piece(Status.UNKNOWN.value, NOT_REPORTED, at, None)]
    histories = {_series(period, entities) for period in report.periods}
    for series, pieces in told.items():
        rows = ours.get(series, [])
        had = [_piece_of(row) for row in rows]
        pieces = fitted(pieces, had, is_snapshot=series not in histories, gap_from=gap_from, at=at)
        changes.add(series, rows, replaced(touching(had, pieces), pieces))
    written = changes.write()
    names = Entity.objects.filter(unmapped(), namespace=namespace).count()
    return Done(changed={"statuses": written, "names": mapped}, unmapped=names)


# What was told, as pieces of time


def _told(
    report: Report, entities: Mapping[tuple[str, str], Entity], at: datetime
) -> dict[Series, list[Piece]]:
    told: dict[Series, list[Piece]] = defaultdict(list)
    for observation in report.observations:
        told[_series(observation, entities)] = [
            _piece(observation, since=min(observation.since or at, at), until=None)
        ]
    for period in sorted(report.periods, key=lambda period: period.since):
        if period.until is None or period.until > period.since:
            piece = _piece(period, since=period.since, until=period.until)
            lay(told[_series(period, entities)], piece)
    return {series: pieces for series, pieces in told.items() if pieces}


def _series(told: Observation | Period, entities: Mapping[tuple[str, str], Entity]) -> Series:
    return entities[key_of(told.thing)].pk, blot(told.metric)[:40], blot(told.vo)[:100]


def _piece(told: Observation | Period, *, since: datetime, until: datetime | None) -> Piece:
    return Piece(
        status=told.status.value,
        raw_status=blot(told.raw_status)[:100],
        since=since,
        until=until,
        summary=blot(told.summary)[:SUMMARY_LENGTH],
        details=storable(told.details),
        evidence_url=_page(told.evidence_url),
        external_key=blot(told.external_key)[:200] if isinstance(told, Period) else "",
    )


def _page(url: str) -> str:
    """Return the address of a page for people; empty for what a browser would run, or cannot open.

    Some sources put addresses into their answers, and pages make links of them.
    """
    is_page = url.startswith(("https://", "http://")) and len(url) <= 1000
    return blot(url) if is_page else ""


def _ours(
    source: Source,
    told: Mapping[Series, list[Piece]],
    report: Report,
    new: set[int],
    gap_from: datetime | None,
) -> dict[Series, list[StatusInterval]]:
    """Return our rows that touch what was told, by series, in the order of time.

    Of a series without an open interval also what ended since, so that nothing begins before its
    end.
    ``new`` are the entities that have no row yet.
    """
    wanted = Q(until=None)
    if report.periods:
        wanted |= Q(until__gte=min(period.since for period in report.periods))
    ours: dict[Series, list[StatusInterval]] = defaultdict(list)
    rows = StatusInterval.objects.filter(wanted, source=source).order_by("since")
    for row in rows:
        ours[row.entity_id, row.metric, row.vo].append(row)
    closed = {series for series in told if series not in ours and series[0] not in new}
    if closed:
        begins = min(told[series][0].since for series in closed)
        rows = StatusInterval.objects.filter(
            In(F("entity"), eight_bytes({series[0] for series in closed})),
            source=source,
            until__gte=begins if gap_from is None else min(begins, gap_from),
        ).order_by("since")
        for row in rows:
            series = row.entity_id, row.metric, row.vo
            if series in closed:
                ours[series].append(row)
    return ours


def _piece_of(row: StatusInterval) -> Piece:
    return Piece(
        status=row.status,
        raw_status=row.raw_status,
        since=row.since,
        until=row.until,
        summary=row.summary,
        details=row.details,
        evidence_url=row.evidence_url,
        external_key=row.external_key,
    )


def _silent(
    told: Mapping[Series, list[Piece]],
    ours: Mapping[Series, list[StatusInterval]],
    report: Report,
    entities: Mapping[tuple[str, str], Entity],
) -> list[Series]:
    """Return the series with an open interval that a complete report does not mention any more."""
    alone = {entity.pk for name in report.left_alone if (entity := entities.get(key_of(name)))}
    return [
        (entity, metric, vo)
        for (entity, metric, vo), rows in ours.items()
        if (metric, vo) in report.complete
        and (entity, metric, vo) not in told
        and entity not in alone
        and rows[-1].until is None
    ]


# Writing the difference


class _Changes:
    """Collects what is to be written for all series, and writes it in a few statements."""

    def __init__(self, source: Source, at: datetime, sites: Mapping[int, int | None]) -> None:
        self._source, self._at, self._sites = source, at, sites
        self._deleted: list[int] = []
        self._shortened: list[StatusInterval] = []
        self._changed: list[StatusInterval] = []
        self._made: list[StatusInterval] = []

    def add(self, series: Series, rows: list[StatusInterval], wanted: list[Piece]) -> None:
        """Compare our rows of a series with what is to be there in their place.

        Rows that lie wholly before or after it stay.
        """
        begins, ends = wanted[0].since, wanted[-1].until
        by_start = {
            row.since: row
            for row in rows
            if row.since >= begins and (ends is None or row.since < ends)
        }
        for piece in wanted:
            row = by_start.pop(piece.since, None)
            if row is None:
                self._made.append(self._row(series, piece))
            else:
                self._take_over(row, piece)
        self._deleted.extend(row.pk for row in by_start.values())

    def close(self, row: StatusInterval) -> None:
        """End an open interval without saying what came after it."""
        if row.since >= self._at:
            self._deleted.append(row.pk)
        else:
            row.until = row.noticed_at = self._at
            self._shortened.append(row)

    def write(self) -> int:
        """Write; returns how many rows were touched."""
        if self._deleted:
            StatusInterval.objects.filter(pk__in=self._deleted).delete()
        # What becomes shorter first: the database never sees two states at once.
        for rows in (self._shortened, self._changed):
            StatusInterval.objects.bulk_create(
                rows,
                batch_size=BATCH,
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=_WRITTEN,
            )
        StatusInterval.objects.bulk_create(self._made, batch_size=BATCH)
        written = (*self._deleted, *self._shortened, *self._changed, *self._made)
        return len(written)

    def _row(self, series: Series, piece: Piece) -> StatusInterval:
        entity, metric, vo = series
        return StatusInterval(
            entity_id=entity,
            site_id=self._sites.get(entity),
            source=self._source,
            metric=metric,
            vo=vo,
            status=piece.status,
            severity=SEVERITY[piece.status],
            raw_status=piece.raw_status,
            since=piece.since,
            until=piece.until,
            summary=piece.summary,
            details=dict(piece.details),
            evidence_url=piece.evidence_url,
            external_key=piece.external_key,
            noticed_at=self._at,
        )

    def _take_over(self, row: StatusInterval, piece: Piece) -> None:
        is_shorter = piece.until is not None and (row.until is None or piece.until < row.until)
        is_news = (row.status, row.raw_status, row.until) != (
            piece.status,
            piece.raw_status,
            piece.until,
        )
        values = {
            "status": piece.status,
            "severity": SEVERITY[piece.status],
            "raw_status": piece.raw_status,
            "until": piece.until,
            "summary": piece.summary,
            "details": dict(piece.details),
            "evidence_url": piece.evidence_url,
            "external_key": piece.external_key,
        }
        if all(getattr(row, name) == value for name, value in values.items()):
            return
        for name, value in values.items():
            setattr(row, name, value)
        if is_news:
            row.noticed_at = self._at
        (self._shortened if is_shorter else self._changed).append(row)
