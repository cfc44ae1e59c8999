"""Fold what a source told into intervals: only what changed is written.

Every report, of a snapshot or of a history source, is first turned into the pieces of time that
it speaks of, one list a series (thing, metric, VO). Those replace what we had of that time; equal
neighbours become one interval; what differs from our rows is written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.db.models.lookups import In

from juno_support.feeds.models import Source
from juno_support.lib.text import blot, storable
from monitoring.matching import Atlas, Target, unmapped
from monitoring.models import Entity, StatusInterval
from monitoring.models.interval import eight_bytes
from monitoring.observations import Name, Observation, Period, Report
from monitoring.statuses import SEVERITY, Status

BATCH = 500
SUMMARY_LENGTH = 200
NOT_REPORTED = "not reported"
GAP = "not asked"
# The first half of the names of our advisory locks: "name" in ASCII.
_NAMES = 0x6E616D65

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


@dataclass(frozen=True)
class Piece:
    """A thing is in one state from ``since`` to ``until`` (None: still)."""

    status: str
    raw_status: str
    since: datetime
    until: datetime | None
    summary: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence_url: str = ""
    external_key: str = ""

    def goes_on_as(self, later: "Piece") -> bool:
        """Say whether the later one is the same state without a break."""
        return (
            self.until == later.since
            and self.status == later.status
            and self.raw_status == later.raw_status
            and self.external_key == later.external_key
        )


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
    entities, mapped = _entities(namespace, report, at)
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
        fitted = _fitted(
            pieces, rows, is_snapshot=series not in histories, gap_from=gap_from, at=at
        )
        changes.add(series, rows, fitted)
    written = changes.write()
    names = Entity.objects.filter(unmapped(), namespace=namespace).count()
    return Done(changed={"statuses": written, "names": mapped}, unmapped=names)


# Names


def hold_names(namespace: str) -> None:
    """Wait until nobody else learns names of a family or says what they are; until the commit.

    Several sources share a family, and each state carries what its name meant when it was kept.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_NAMES, namespace])


def _key(thing: Name) -> tuple[str, str]:
    return thing.kind, blot(thing.name)[:300]


def _entities(
    namespace: str, report: Report, at: datetime
) -> tuple[dict[tuple[str, str], Entity], int]:
    """Return the entities of the report by (kind, name); the new ones are made, and those that
    nobody could match so far are tried again. Also returns how many were matched or made.
    """
    told: tuple[Observation | Period, ...] = (*report.observations, *report.periods)
    # The first time that a thing is named stands; a later one may say less of it.
    things = {_key(one.thing): one.thing for one in reversed(told)}
    ours = {
        (entity.kind, entity.name): entity for entity in Entity.objects.filter(namespace=namespace)
    }
    new = [key for key in things if key not in ours]
    open_questions = [
        entity
        for key, entity in ours.items()
        if not (entity.is_mapped or entity.is_ignored or entity.is_by_hand) and key in things
    ]
    if not new and not open_questions:
        return ours, 0
    atlas = Atlas(namespace, report.members)
    made = []
    for key in new:
        thing = things[key]
        target = atlas.match(thing)
        made.append(
            Entity(
                namespace=namespace,
                kind=key[0],
                name=key[1],
                said_site=blot(thing.site)[:200],
                hosts=[blot(host)[:255] for host in thing.hosts[:20]],
                first_seen_at=at,
                site_id=target.site_id,
                service_id=target.service_id,
                link_id=target.link_id,
            )
        )
    for entity in Entity.objects.bulk_create(made, batch_size=BATCH):
        ours[entity.kind, entity.name] = entity
    matched = 0
    for entity in open_questions:
        target = atlas.match(things[entity.kind, entity.name])
        if target.is_known:
            apply_target(entity, target)
            matched += 1
    return ours, len(made) + matched


def apply_target(entity: Entity, target: Target) -> None:
    """Say what a name is for us, also for everything that was kept of it."""
    entity.site_id, entity.service_id = target.site_id, target.service_id
    entity.link_id = target.link_id
    entity.save(update_fields=["site", "service", "link"])
    rows = StatusInterval.objects.filter(In(F("entity"), eight_bytes([entity.pk])))
    rows.update(site_id=target.site_id)


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
            _lay(told[_series(period, entities)], piece)
    return {series: pieces for series, pieces in told.items() if pieces}


def _lay(pieces: list[Piece], new: Piece) -> None:
    """Lay a piece over those that began before: where a source overlaps itself, what began later
    holds, and after it what goes on beneath it.
    """
    beneath: list[Piece] = []
    while pieces and (pieces[-1].until is None or pieces[-1].until > new.since):
        piece = pieces.pop()
        if new.until is not None and (piece.until is None or piece.until > new.until):
            beneath.append(replace(piece, since=max(piece.since, new.until)))
        if piece.since < new.since:
            pieces.append(replace(piece, until=new.since))
    pieces += [new, *reversed(beneath)]


def _series(told: Observation | Period, entities: Mapping[tuple[str, str], Entity]) -> Series:
    return entities[_key(told.thing)].pk, blot(told.metric)[:40], blot(told.vo)[:100]


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


def _silent(
    told: Mapping[Series, list[Piece]],
    ours: Mapping[Series, list[StatusInterval]],
    report: Report,
    entities: Mapping[tuple[str, str], Entity],
) -> list[Series]:
    """Return the series with an open interval that a complete report does not mention any more."""
    alone = {entity.pk for name in report.left_alone if (entity := entities.get(_key(name)))}
    return [
        (entity, metric, vo)
        for (entity, metric, vo), rows in ours.items()
        if (metric, vo) in report.complete
        and (entity, metric, vo) not in told
        and entity not in alone
        and rows[-1].until is None
    ]


def _fitted(
    pieces: list[Piece],
    rows: list[StatusInterval],
    *,
    is_snapshot: bool,
    gap_from: datetime | None,
    at: datetime,
) -> list[Piece]:
    """Return the pieces as they fit behind what we had.

    A snapshot does not rewrite a state that was seen since: where it says that it began before,
    it begins now. Where nobody asked for long and the source does not tell either, it was unknown.
    """
    first, last = pieces[0], rows[-1] if rows else None
    if last is None:
        return pieces
    if is_snapshot:
        earliest = last.until or last.since
        if first.since <= earliest:
            if last.until is not None:
                first = replace(first, since=earliest)
            elif (last.status, last.raw_status) == (first.status, first.raw_status):
                # It says since when it is so; we knew.
                return [replace(first, since=last.since)]
            else:
                first = replace(first, since=max(at, earliest))
            pieces = [first]
    is_open_then = last.until is None or (gap_from is not None and last.until > gap_from)
    if gap_from is not None and is_open_then and first.since > max(gap_from, last.since):
        gap = Piece(Status.UNKNOWN.value, GAP, max(gap_from, last.since), first.since)
        return [gap, *pieces]
    return pieces


# Writing the difference


class _Changes:
    """Collects what is to be written for all series, and writes it in a few statements."""

    def __init__(self, source: Source, at: datetime, sites: Mapping[int, int | None]) -> None:
        self._source, self._at, self._sites = source, at, sites
        self._deleted: list[int] = []
        self._shortened: list[StatusInterval] = []
        self._changed: list[StatusInterval] = []
        self._made: list[StatusInterval] = []

    def add(self, series: Series, rows: list[StatusInterval], pieces: list[Piece]) -> None:
        """Compare our rows of a series with the pieces that replace them."""
        begins, ends = pieces[0].since, pieces[-1].until
        touching = [
            row
            for row in rows
            if (row.until is None or row.until >= begins) and (ends is None or row.since <= ends)
        ]
        wanted = _merged(_around(touching, pieces, begins, ends))
        by_start = {row.since: row for row in touching}
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


def _around(
    rows: list[StatusInterval], pieces: list[Piece], begins: datetime, ends: datetime | None
) -> Iterable[Piece]:
    """Yield what remains of our rows before the pieces, the pieces, and what remains after."""
    for row in rows:
        if row.since < begins:
            yield _remainder(row, row.since, min(row.until or begins, begins))
    yield from pieces
    for row in rows:
        if ends is not None and (row.until is None or row.until > ends):
            yield _remainder(row, max(row.since, ends), row.until)


def _remainder(row: StatusInterval, since: datetime, until: datetime | None) -> Piece:
    return Piece(
        status=row.status,
        raw_status=row.raw_status,
        since=since,
        until=until,
        summary=row.summary,
        details=row.details,
        evidence_url=row.evidence_url,
        external_key=row.external_key,
    )


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces with equal neighbours made one; the later one's words are the newer."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and merged[-1].goes_on_as(piece):
            merged[-1] = replace(piece, since=merged[-1].since)
        else:
            merged.append(piece)
    return merged
